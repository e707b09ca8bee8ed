"""The project that the machine plays with: three tests that share a cluster."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

Kind = Literal["class", "module", "session"]
KINDS: Final[tuple[Kind, ...]] = ("class", "module", "session")
CLUSTER: Final = "cluster"
TESTS: Final = ("one", "two", "three")
PHASES: Final = (CLUSTER, *TESTS)
# Whatever a phase makes is a file, made once and destroyed once.
_WORK = """
import sys
from pathlib import Path

WORLD = Path(__file__).with_name("world")


def make(name):
    WORLD.mkdir(exist_ok=True)
    with open(WORLD / name, "x"):
        return name


def destroy(name):
    (WORLD / name).unlink()
    sys.audit("machine.destroyed", name)


def cluster():
    sys.audit("machine.reached", "cluster")
    return make("cluster{versions[cluster]}")
"""
_PHASE = """

def {name}(cluster):
    sys.audit("machine.reached", "{name}")
    return make(f"{name}{version}-{{cluster}}")
"""
_CONFTEST = """
import pytest
import work


@pytest.fixture(scope="{kind}")
def cluster({kind}_phase):
    name = {kind}_phase("cluster", work.cluster)
    {kind}_phase.cleanup(work.destroy, name)
    return name
"""
_TEST = """
{indent}def test_{name}({own}{kind}_phase, cluster):
{indent}    made = {kind}_phase("{name}", work.{name}, cluster)
{indent}    {kind}_phase.cleanup(work.destroy, made)
{indent}    assert (work.WORLD / made).exists()
{indent}    sys.audit("machine.reached", "end of {name}")
"""
_PLAIN = """
{indent}def test_{name}({own}):
{indent}    sys.audit("machine.reached", "end of {name}")
"""


@dataclass
class Program:
    """The project as it is now.

    Attributes:
        kind: The scope that its tests share.
        is_last_plain: Whether its last test asks for nothing.
        versions: How often the code of each phase was edited.
    """

    kind: Kind = "class"
    is_last_plain: bool = False
    versions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PHASES, 0))

    def key(self, phase: str) -> tuple[int, ...]:
        """Give all that a phase's value depends on."""
        own, cluster = self.versions[phase], self.versions[CLUSTER]
        return (own,) if phase == CLUSTER else (own, cluster)

    def made(self, phase: str) -> str:
        """Name what a phase makes."""
        cluster = f"cluster{self.versions[CLUSTER]}"
        return cluster if phase == CLUSTER else f"{phase}{self.versions[phase]}-{cluster}"

    def asks(self, test: str) -> bool:
        """Tell whether a test asks for the scope's checkpoint."""
        return not (self.is_last_plain and test == TESTS[-1])

    @property
    def members(self) -> set[str]:
        """Name the tests that the checkpoint waits for."""
        return {test for test in TESTS if self.kind != "session" or self.asks(test)}

    def file(self, test: str) -> str:
        """Name the file of a test."""
        second = self.kind == "session" and test == TESTS[-1]
        return "test_b.py" if second else "test_a.py"

    def node_id(self, test: str) -> str:
        """Give a test's node id."""
        inner = "TestIt::" if self.kind == "class" else ""
        return f"{self.file(test)}::{inner}test_{test}"

    def write(self, folder: Path) -> None:
        """Write its files as they are now."""
        work = _WORK.format(versions=self.versions)
        work += "".join(_PHASE.format(name=t, version=self.versions[t]) for t in TESTS)
        files = {
            "pytest.toml": '[pytest]\npythonpath = ["."]\nmilepost_retry = 0\n',
            "work.py": work,
            "conftest.py": _CONFTEST.format(kind=self.kind),
        }
        head = "import sys\nimport work\n" + "class TestIt:\n" * (self.kind == "class")
        files |= dict.fromkeys(map(self.file, TESTS), head)
        own, indent = ("self, ", "    ") if self.kind == "class" else ("", "")
        for name in TESTS:
            source = _TEST if self.asks(name) else _PLAIN
            part = source.format(name=name, kind=self.kind, own=own, indent=indent)
            files[self.file(name)] += part
        for name, text in files.items():
            (folder / name).write_text(text)
