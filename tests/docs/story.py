"""A page told as a story: its files are written and its commands run, in order."""

import ast
import os
import re
import signal
from contextlib import ExitStack, suppress
from pathlib import Path

from tests.docs.page import Block, Page
from tests.docs.stand_in import answering
from tests.docs.terminal import Terminal, difference

# With MILEPOST_DOCS=write the pages receive what the commands print today.
WRITING = os.environ.get("MILEPOST_DOCS") == "write"
_TEST_ID = re.compile(r"\b(test_\w+)_[0-9a-f]{8}\b")


class Story:
    """One page in one folder.

    Args:
        page: The page.
        folder: A new folder, the project of whoever follows the page.
    """

    def __init__(self, page: Page, folder: Path) -> None:
        folder.mkdir()
        self.page = page
        self.folder = folder
        self.terminal = Terminal(folder)

    def tell(self) -> None:
        """Follow the page; raises AssertionError where it is not true."""
        with answering() as variables, ExitStack() as left:
            left.callback(self._stop)
            self.terminal.environment |= variables
            self._tell()

    def _stop(self) -> None:
        """End the server that a page started, and whose number it wrote into ``pid``."""
        with suppress(OSError, ValueError):
            os.kill(int((self.folder / "pid").read_text()), signal.SIGTERM)

    def _tell(self) -> None:
        for number in range(len(self.page.blocks)):
            block = self.page.blocks[number]
            if not (block.reason or block.origin):
                self._follow(block)

    def _follow(self, block: Block) -> None:
        if block.is_change:
            path = self.folder / block.file
            path.write_text(change(path.read_text("utf-8"), block.text), "utf-8")
        elif block.language == "diff":
            self._follow_diff(block)
        elif block.file:
            path = self.folder / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text + "\n", "utf-8")
        elif block.language == "python":
            code, printed = self.terminal.run_code(block.text)
            assert code == 0, f"{self._where(block)}:\n{printed}"
        elif block.language == "console":
            self.terminal.load(self.page.plugins(block))
            self._follow_session(block)

    def _follow_diff(self, block: Block) -> None:
        """The test passes as it was before the change, and as it is after it."""
        for text in (block.before, block.after):
            (self.folder / block.file).write_text(text + "\n", "utf-8")
            failed = self.terminal.run(f"pytest -q {block.file} >log 2>&1 || cat log")
            assert not failed, f"{self._where(block)}:\n{failed}"

    def _follow_session(self, block: Block) -> None:
        sessions = [self._answer(command) for command in commands(block.text)]
        text = "\n".join(sessions)
        if WRITING:
            self.page.replace(block, text)
            return
        found = difference(block.text, text, ordered=not block.is_unordered)
        assert not found, f"{self._where(block)}\n{found}"

    def _answer(self, command: str) -> str:
        command = _TEST_ID.sub(self._real_id, command)
        printed = self.terminal.run(command)
        return f"$ {command}\n{printed}" if printed else f"$ {command}"

    def _real_id(self, shown: re.Match[str]) -> str:
        """Give the id that a test has here: its digits differ between Pythons."""
        found = self.folder.glob(f".milepost/checkpoint_{shown[1]}_*.json")
        return next((path.stem.partition("_")[2] for path in found), shown[0])

    def _where(self, block: Block) -> str:
        return f"{self.page.name}:{block.start}"


def commands(text: str) -> list[str]:
    """Give the commands of a console block, without what they print."""
    return [line[2:] for line in text.splitlines() if line.startswith("$ ")]


def change(source: str, new: str) -> str:
    """Replace definitions at the top level of a source by those of the same names."""
    lines = source.splitlines()
    found = {name: node for node in ast.parse(source).body for name in _names(node)}
    fresh = new.splitlines()
    for node in reversed(ast.parse(new).body):
        (name,) = _names(node)
        assert name in found, f"there is no {name} to change"
        old = found[name]
        lines[_first(old) - 1 : old.end_lineno] = fresh[_first(node) - 1 : node.end_lineno]
        found = {n: o for o in ast.parse("\n".join(lines)).body for n in _names(o)}
    return "\n".join(lines) + "\n"


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []


def _first(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])
