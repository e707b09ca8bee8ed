"""The house rules that no linter knows, read from the source itself."""

import ast
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "milepost"
LONGEST_MODULE = 400

# From the top: a layer knows those below it. Every module named nowhere here is a part.
EDGE = frozenset({"milepost", "__main__", "plugin", "cli", "dashboard", "doctor"})
HEART = frozenset({"accepting", "anew", "manager", "phases", "removal", "session"})
# What the two edges are made with.
THEIR_OWN = frozenset({("plugin", "pytest"), ("cli", "click"), ("doctor", "click")})
GROUND = frozenset({"clock", "errors", "canonical"})

BANNED_EVERYWHERE = frozenset({"_pytest", "pickle", "marshal", "shelve", "dill"})
CHANCE_AND_TIME = frozenset({"time", "random", "secrets"})
MOMENTS = frozenset({"now", "utcnow", "today", "uuid1", "uuid4"})
VAGUE_NAMES = frozenset({"utils", "util", "helpers", "common", "base", "misc", "tools"})

# What changes a file, by its full name, and methods that only a Path has.
WRITES = re.compile(
    r"(os|shutil)\.(chmod|copy\w*|fdatasync|fsync|ftruncate|link|makedirs|mkdir|move|"
    r"pwrite|remove\w*|rename\w*|replace|rm\w+|symlink|truncate|unlink|writev?)"
    r"|.+\.(chmod|hardlink_to|mkdir|rmdir|symlink_to|touch|unlink|write_bytes|write_text)",
    re.DOTALL,
)


@dataclass(frozen=True)
class Import:
    """One import statement's module, with the place where it stands."""

    name: str
    line: int
    at_load: bool


def _sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


MODULES = _sources("src/milepost")
REQUIREMENTS = sorted((ROOT / "requirements").iterdir())
OURS = [*_sources("src", "tests", "examples", "benchmarks", "docs"), ROOT / "noxfile.py"]


def _name(path: Path) -> str:
    """Give a module's dotted name below src."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _part(module: str) -> str:
    """Give the part of the house that a module of ours belongs to."""
    return module.split(".")[1] if "." in module else module


def _layer(module: str) -> int:
    part = _part(module)
    return 3 if part in EDGE else 2 if part in HEART else 0 if part in GROUND else 1


def _statements(tree: ast.AST, at_load: bool = True) -> Iterator[tuple[ast.stmt, bool]]:
    """Walk all statements, telling which of them run when the module is loaded."""
    for node in ast.iter_child_nodes(tree):
        lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        lazy |= isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        if isinstance(node, ast.stmt):
            yield node, at_load
        yield from _statements(node, at_load and not lazy)


def _imports(path: Path) -> Iterator[Import]:
    """Find what a module imports; `from milepost import clock` is milepost.clock."""
    for node, at_load in _statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, at_load) for alias in node.names)
        if isinstance(node, ast.ImportFrom):
            assert not node.level or path.parent.name == "e2e", _where(
                path, node.lineno, "imports relatively, which only the seed's paths do"
            )
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                name = inner if inner in KNOWN else str(node.module)
                yield Import(name, node.lineno, at_load)


KNOWN = frozenset(_name(path) for path in MODULES)


def _where(path: Path, line: int, what: str) -> str:
    return f"{path.relative_to(ROOT)}:{line} {what}"


def _offending(paths: list[Path], banned: Callable[[Path, Import], bool]) -> list[str]:
    return [
        _where(path, found.line, found.name)
        for path in paths
        for found in _imports(path)
        if banned(path, found)
    ]


def _top(found: Import) -> str:
    return found.name.partition(".")[0]


def test_imports_point_one_way() -> None:
    """A module never knows one of a layer above its own, not even lazily."""
    upward = _offending(
        MODULES,
        lambda path, found: (
            _top(found) == "milepost" and _layer(found.name) > _layer(_name(path))
        ),
    )
    assert upward == []


def test_no_two_modules_need_each_other_at_load() -> None:
    """Modules can be read in an order in which each knows only those before it."""
    graph = {
        _name(path): {
            found.name
            for found in _imports(path)
            if found.at_load and found.name in KNOWN - {_name(path)}
        }
        for path in MODULES
    }
    assert set(TopologicalSorter(graph).static_order()) >= KNOWN


def test_only_the_plugin_knows_pytest() -> None:
    """The engine and the command line work where no test runs."""
    found = _offending(
        MODULES,
        lambda path, found: _top(found) == "pytest" and _part(_name(path)) != "plugin",
    )
    assert found == []


def test_nothing_private_and_nothing_that_runs_data() -> None:
    """No file of the project uses pytest's private parts or a pickle."""
    assert _offending(OURS, lambda _, found: _top(found) in BANNED_EVERYWHERE) == []


def test_only_the_clock_touches_time_and_chance() -> None:
    """Time and chance can be replaced in one place."""
    others = [path for path in MODULES if _name(path) != "milepost.clock"]
    assert _offending(others, lambda _, found: _top(found) in CHANCE_AND_TIME) == []
    moments = [
        _where(path, call.lineno, ast.unparse(call))
        for path in others
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in MOMENTS
    ]
    assert moments == []


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _writes(call: ast.Call) -> bool:
    """Tell whether a call changes a file, as far as its name says it."""
    name = ast.unparse(call.func)
    if name == "os.open":
        return "O_RDONLY" not in ast.unparse(call)
    if name == "open" or name.endswith(".open"):
        return _mode(call, 1 if name == "open" else 0) != "r"
    return WRITES.fullmatch(name) is not None


def _mode(call: ast.Call, position: int) -> str:
    """Give the mode of a call of open: what it may do to the file."""
    given = [word.value for word in call.keywords if word.arg == "mode"]
    given += call.args[position : position + 1]
    mode = given[0].value if given and isinstance(given[0], ast.Constant) else "r"
    return "r" if not isinstance(mode, str) or set(mode) <= set("rbt") else mode


def test_only_the_stores_and_the_journal_write_files() -> None:
    """Every write of a checkpoint goes through the code whose crashes were walked."""
    found = [
        _where(path, call.lineno, ast.unparse(call))
        for path in MODULES
        if _part(_name(path)) not in {"stores", "journal"}
        for call in _calls(path)
        if _writes(call)
    ]
    assert found == []
    assert (
        _offending(
            [path for path in MODULES if _part(_name(path)) != "stores"],
            lambda _, found: _top(found) in {"tempfile", "shutil"},
        )
        == []
    )


def test_nothing_third_party_is_imported_at_load() -> None:
    """Every module but the two edges loads with the standard library alone."""
    allowed = {*sys.stdlib_module_names, "milepost"}
    found = _offending(
        MODULES,
        lambda path, found: (
            found.at_load
            and _top(found) not in allowed
            and (_part(_name(path)), _top(found)) not in THEIR_OWN
        ),
    )
    assert found == []


def test_loading_the_plugin_loads_nothing_heavy() -> None:
    """A pytest run that does not use milepost pays for nothing but milepost's own code."""
    program = (
        "import pytest, sys; before = set(sys.modules); import milepost.plugin; "
        "print(*{name.partition('.')[0] for name in set(sys.modules) - before})"
    )
    command = [sys.executable, "-c", program]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(answer.stdout.split()) - sys.stdlib_module_names == {"milepost"}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_a_module_is_one_noun_and_can_be_read_at_once(path: Path) -> None:
    """A module's name says its one job, and its length lets it be read."""
    assert path.stem not in VAGUE_NAMES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE


def test_every_test_names_its_promise() -> None:
    """Every test function has one sentence that says what it keeps."""
    nameless = [
        _where(path, node.lineno, node.name)
        for path in _sources("tests")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and "\n\n" in (ast.get_docstring(node) or "\n\n")
    ]
    assert nameless == []


@pytest.mark.parametrize("path", REQUIREMENTS, ids=lambda path: path.name)
def test_requirements_name_no_address(path: Path) -> None:
    """The requirements work with whatever package index a machine uses."""
    text = path.read_text(encoding="utf-8")
    assert "://" not in text
    assert set(re.findall("--[a-z-]+", text)) <= {"--hash"}


def test_the_locks_hold_the_projects_own_requirements() -> None:
    """What the project needs, and builds with, is pinned for its own tests."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    lock = (ROOT / "requirements" / "test.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0] for line in lock if "==" in line}
    assert {name.partition(">=")[0] for name in wanted} <= pinned


def test_both_pytest_configurations_say_the_same() -> None:
    """The suite is the same suite under pytest 8.4 and under pytest 9."""
    new = tomllib.loads((ROOT / "pytest.toml").read_text(encoding="utf-8"))["pytest"]
    parser = ConfigParser()
    parser.read(ROOT / "pytest-8.4.ini", encoding="utf-8")
    old = parser["pytest"]
    for key in ("testpaths", "pythonpath", "filterwarnings", "markers"):
        assert old[key].split("\n")[-len(new[key]) :] == new[key]
    assert set(new["addopts"]) <= set(shlex.split(old["addopts"]))
