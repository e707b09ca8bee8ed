"""A page of the documentation, cut into its blocks of code.

What a block is shows in the page itself: code that begins with ``# name.py`` is a file,
``# name.py, changed`` new definitions in it, ``diff`` a file before and after a change, a
block of ``console`` commands with what they print. A comment above a block says why it
is not run, or where it comes from.
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", ROOT / "README.es.md", *(ROOT / "docs").glob("*.md")])
CODE = ("python", "toml", "ini", "yaml", "gherkin", "diff")

_FENCE = re.compile(r"^```(\w*)\s*$")
_NOTE = re.compile(r"^<!-- (.*) -->$")
_FILE = re.compile(r"^# ([\w./-]+\.(?:py|toml|ini|yml|feature))(, changed)?$")


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: The word behind the fence.
        note: What the comment above it says.
        text: Its lines, without the fences.
        start: The number of its first line in the page, from 0.
    """

    language: str
    note: str
    text: str
    start: int

    @property
    def reason(self) -> str:
        """Tell why the block is not run; empty for one that is."""
        return self.note.removeprefix("not run: ") if self.note[:8] == "not run:" else ""

    @property
    def origin(self) -> str:
        """Name the recording that the block shows; empty for all others."""
        return self.note.removeprefix("recorded: ") if self.note[:9] == "recorded:" else ""

    @property
    def is_unordered(self) -> bool:
        """Tell whether the lines may come in any order."""
        return self.note == "in any order"

    @property
    def file(self) -> str:
        """Name the file that the block is, or changes; empty if it is none."""
        found = _FILE.match(self.text.partition("\n")[0])
        return found[1] if found and self.language in CODE else ""

    @property
    def before(self) -> str:
        """Give the file before the change that a block of ``diff`` shows."""
        return self._version("+")

    @property
    def after(self) -> str:
        """Give the file after the change that a block of ``diff`` shows."""
        return self._version("-")

    def _version(self, without: str) -> str:
        lines = self.text.splitlines()[1:]
        return "\n".join(line[1:] for line in lines if not line.startswith(without))

    @property
    def is_change(self) -> bool:
        """Tell whether the block changes a file that is there."""
        return bool(self.file) and self.text.partition("\n")[0].endswith(", changed")


class Page:
    """A Markdown file.

    Args:
        path: Where it lies.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = path.read_text(encoding="utf-8").splitlines()
        self.blocks = self._find_blocks()

    @property
    def name(self) -> str:
        """Name the page relative to the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @property
    def prose(self) -> str:
        """Give the page without its blocks."""
        inside = {
            number
            for block in self.blocks
            for number in range(block.start - 1, block.start + _height(block) + 1)
        }
        return "\n".join(line for n, line in enumerate(self.lines) if n not in inside)

    @property
    def headings(self) -> list[str]:
        """Give the headings as they are written."""
        lines = self.prose.splitlines()
        return [line.lstrip("#").strip() for line in lines if re.match("#+ ", line)]

    def plugins(self, block: Block) -> list[str]:
        """List the pytest plugins that the page asks for above a block."""
        lines = [_NOTE.match(line) for line in self.lines[: block.start]]
        notes = [note[1] for note in lines if note]
        named = [note for note in notes if note.startswith("plugins: ")]
        return [name for note in named for name in note.split()[1:]]

    def _find_blocks(self) -> list[Block]:
        found, opened = [], None
        for number, line in enumerate(self.lines):
            fence = _FENCE.match(line)
            if opened is None and fence:
                opened = (fence[1], number)
            elif opened is not None and line == "```":
                language, above = opened
                text = "\n".join(self.lines[above + 1 : number])
                found.append(Block(language, self._note(above), text, above + 1))
                opened = None
        assert opened is None, f"{self.path} has a block without an end"
        return found

    def _note(self, fence: int) -> str:
        note = _NOTE.match(self.lines[fence - 1]) if fence else None
        return note[1] if note else ""

    def replace(self, block: Block, text: str) -> None:
        """Write another text into a block; blocks further down move along."""
        self.lines[block.start : block.start + _height(block)] = text.splitlines()
        self.path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
        self.blocks = self._find_blocks()


def _height(block: Block) -> int:
    return len(block.text.splitlines()) if block.text else 0
