"""The doctor's blocks as text."""

from collections.abc import Iterator, Sequence
from typing import Final

from milepost.doctor.findings import NOTE, PROBLEM, Block, Finding
from milepost.report import count

_MARKS: Final = {NOTE: "! note", PROBLEM: "✗ problem"}


def block_text(block: Block) -> str:
    """Give the lines of one block."""
    lines = [block.title, *(f"  ✓ ok  {fact}" for fact in block.facts)]
    for finding in block.findings:
        lines += _finding_lines(finding)
    return "\n".join(lines)


def _finding_lines(finding: Finding) -> Iterator[str]:
    place = f"  ({finding.place})" if finding.place else ""
    yield f"  {_MARKS[finding.level]}  {finding.what}{place}"
    for line in [*finding.why.splitlines(), *finding.cure.splitlines()]:
        yield f"      {line}"


def summary(tests: int, silent: int, blocks: Sequence[Block]) -> str:
    """Give the last line.

    Args:
        tests: How many tests were looked at.
        silent: How many of the collected tests do not ask for milepost.
        blocks: All blocks.
    """
    levels = [finding.level for block in blocks for finding in block.findings]
    text = f"{count(tests, 'test')} looked at, nothing was run: "
    text += (
        f"{count(levels.count(PROBLEM), 'problem')}, {count(levels.count(NOTE), 'note')}"
    )
    if silent:
        verb = "does" if silent == 1 else "do"
        text += f"; {count(silent, 'test')} more {verb} not ask for milepost"
    return text
