"""Writes docs/reference.md from the code: ``make docs``.

Options come from the plugin's own registration, settings from ``milepost.ini``, verbs
from click, and classes from the source as it is written, so that every Python gives the
same page.
"""

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import click

import milepost
from milepost import cli, plugin
from milepost.errors import MilepostError
from milepost.ini import INI

PAGE: Final = Path(__file__).with_name("reference.md")
SOURCES: Final = Path(milepost.__file__).parent
HEAD: Final = """# Reference

Made from the code by `make docs`; a test fails when it is out of date.
"""
ENVIRONMENT: Final = """## Environment variables

| variable | meaning |
| --- | --- |
| `MILEPOST_DIR` | folder of the checkpoints; `--milepost-dir` comes before it |
| `MILEPOST_KEY` | the key that signs [clean-ups](guide-scopes.md#who-may-run-what) |
| `CI` | set by CI systems: a run that fails then says how to keep the checkpoints |
"""
MARKER: Final = {
    "id": "takes the place of the test's path and name in its identity",
    "test_name": "the title for people",
    "user_request": "what the test asks of the system, for people",
    "retry": "a `RetryConfig`, or the number of retries; 0 for none",
    "keep": "`failed` or `all`, as `milepost_keep`",
    "remember": "fixtures whose values are kept, a list of names; see `milepost_remember`",
    "record": "`True` or `False`, as `milepost_record`",
    "record_ignore": "regular expressions, beside those of `milepost_record_ignore`",
    "max_cost_usd": "dollars that the test may cost over all its runs until it passes",
}
_WIDE: Final[dict[str, Any]] = {"terminal_width": 96, "max_content_width": 96}
_HIDDEN: Final = re.compile(r"repr=False|ClassVar\[")
SECTION: Final = re.compile(r"^(Args|Attributes|Returns|Raises):$")


class Options:
    """Stands where pytest's parser stands, and remembers what it is told."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def getgroup(self, *_: str) -> "Options":
        """Give the group of options: itself."""
        return self

    def addoption(self, name: str, **more: Any) -> None:
        """Remember an option."""
        value = more.get("metavar") or "|".join(more.get("choices", ()))
        joined = f"{name}={value}" if "choices" in more else f"{name} {value}"
        self.rows.append((joined, more["help"]))

    def addini(self, *_: str, **__: Any) -> None:
        """Leave settings to ``milepost.ini``."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(text(), encoding="utf-8")


def text() -> str:
    """Give the page as it should be."""
    parts = [HEAD, _options(), _settings(), ENVIRONMENT, _marker(), _fixtures(), _verbs()]
    return "\n".join([*parts, *_classes(), _errors()])


def _table(head: str, rows: list[tuple[str, ...]]) -> str:
    names = [name.strip() for name in head.split("|")]
    lines = [names, ["---"] * len(names), *rows]
    cells = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _options() -> str:
    parser: Any = Options()
    plugin.pytest_addoption(parser)
    rows: list[tuple[str, ...]] = [(f"`{name}`", told) for name, told in parser.rows]
    return f"## Options of pytest\n\n{_table('option | meaning', rows)}"


def _settings() -> str:
    rows: list[tuple[str, ...]] = [
        (f"`{name}`", kind, f"`{default!r}`", told)
        for name, (kind, default, told) in INI.items()
    ]
    where = "Where they stand: [Guide: CI](guide-ci.md#where-settings-stand)."
    table = _table("name | type | default | meaning", rows)
    return f"## Settings\n\n{where}\n\n{table}"


def _marker() -> str:
    rows: list[tuple[str, ...]] = [(f"`{name}=`", told) for name, told in MARKER.items()]
    return f"## `@pytest.mark.milepost(...)`\n\n{_table('argument | meaning', rows)}"


def _fixtures() -> str:
    rows: list[tuple[str, ...]] = [
        (f"`{node.name}`", _inline(ast.get_docstring(node) or ""))
        for node in _tree("plugin/fixtures").body
        if isinstance(node, ast.FunctionDef)
        and any("fixture" in ast.unparse(each) for each in node.decorator_list)
    ]
    return f"## Fixtures\n\n{_table('fixture | meaning', rows)}"


def _verbs() -> str:
    above = click.Context(
        cli.main, info_name="milepost", **_WIDE, **cli.main.context_settings
    )
    contexts = [above]
    for name, verb in cli.main.commands.items():
        contexts.append(click.Context(verb, info_name=name, parent=above, **_WIDE))
    texts = [f"```text\n{each.command.get_help(each)}\n```\n" for each in contexts]
    return "\n".join(["## The command `milepost`\n", *texts])


def _tree(module: str) -> ast.Module:
    path = SOURCES / f"{module.replace('.', '/')}.py"
    return ast.parse(path.read_text(encoding="utf-8"))


def _classes() -> Iterator[str]:
    yield "## Python\n"
    for name in sorted(milepost.__all__):
        found = getattr(milepost, name)
        module = found.__module__.removeprefix("milepost.")
        for node in _tree(module).body:
            if isinstance(node, ast.ClassDef) and node.name == name:
                yield _class(node)
            if isinstance(node, ast.FunctionDef) and node.name == name:
                yield _method(node).replace(f"#### `{name}", f"### `milepost.{name}", 1)


def _class(node: ast.ClassDef) -> str:
    parts = [f"### `milepost.{node.name}`\n\n{_prose(ast.get_docstring(node) or '')}"]
    fields = list(_fields(node))
    if fields:
        parts.append("```text\n" + "\n".join(fields) + "\n```\n")
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    return "\n".join([*parts, *(_method(each) for each in methods if _is_public(each))])


def _fields(node: ast.ClassDef) -> Iterator[str]:
    """Give the fields of a dataclass and the members of an enumeration."""
    for each in node.body:
        if isinstance(each, ast.AnnAssign | ast.Assign):
            line = ast.unparse(each)
            if not line.startswith(("_", "milepost_")) and not _HIDDEN.search(line):
                yield line


def _is_public(method: ast.FunctionDef) -> bool:
    if any("overload" in ast.unparse(each) for each in method.decorator_list):
        return False
    return method.name == "__call__" or not method.name.startswith("_")


def _method(node: ast.FunctionDef) -> str:
    decorators = {ast.unparse(each) for each in node.decorator_list}
    if "property" in decorators:
        head = f"{node.name}: {ast.unparse(node.returns) if node.returns else ''}"
    else:
        head = f"{'' if node.name == '__call__' else node.name}({_arguments(node)})"
        head += f" -> {ast.unparse(node.returns)}" if node.returns else ""
    head = re.sub(r"'(\w+)'", r"\1", head)
    return f"#### `{head}`\n\n{_prose(ast.get_docstring(node) or '')}"


def _arguments(node: ast.FunctionDef) -> str:
    given = ast.unparse(node.args)
    return re.sub(r"^(self|cls)(, )?", "", given)


def _prose(docstring: str) -> str:
    """Turn a docstring with Google's sections into Markdown."""
    lines: list[str] = []
    section = ""
    for line in docstring.splitlines():
        found = SECTION.match(line)
        if found:
            section = found[1]
            lines += [] if section == "Attributes" else [f"{section}:", ""]
        elif section in ("Args", "Attributes", "Raises") and re.match(r" {4}\S", line):
            name, _, rest = line.strip().partition(": ")
            lines.append(f"- `{name}`: {rest}" if rest else f"  {name}")
        elif section and line.strip():
            lines.append(f"  {line.strip()}" if section != "Returns" else line.strip())
        else:
            lines.append(line)
    return _quoted("\n".join(lines)) + "\n"


def _quoted(prose: str) -> str:
    return re.sub(r"``([^`]+)``", r"`\1`", prose)


def _inline(docstring: str) -> str:
    return _quoted(docstring.partition("\n\n")[0].replace("\n", " "))


def _errors() -> str:
    for path in sorted(SOURCES.rglob("[a-z]*.py")):
        name = ".".join(path.relative_to(SOURCES.parent).with_suffix("").parts)
        importlib.import_module(name)
    rows: list[tuple[str, ...]] = [
        (f"`{kind.__module__}.{kind.__name__}`", _inline(inspect.getdoc(kind) or ""))
        for kind in sorted(_below(MilepostError), key=lambda kind: kind.__name__)
    ]
    told = "All are `milepost.MilepostError`s: their text says what happened, why, and what"
    return f"## Errors\n\n{told} to do.\n\n{_table('class | raised when', rows)}"


def _below(kind: type[MilepostError]) -> set[type[MilepostError]]:
    found = set()
    for each in kind.__subclasses__():
        found |= {each} | _below(each)
    return {each for each in found if not each.__name__.startswith("_")}


if __name__ == "__main__":
    main()
