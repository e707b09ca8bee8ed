"""The shape of a suite: its files, where it breaks, and the story it is put through.

A suite is a module of this folder that declares

- ``SUITE``: its number among the thirty that were read;
- ``FILES``: the project's files; their code notes what costs (``calling.note``), says where
  trouble may come (``trouble.trouble``), gives what it made (``trouble.product``), and
  whatever stands outside of it stands in the folder ``world``;
- ``PLACES``: where trouble comes in the middle;

and, where it needs them, ``PLUGINS`` of its pytest; ``RESUME``, by place the arguments that
choose some of its tests; ``REPEATS``, the calls that may be made again beside the one that
was in flight; ``AGAIN``, by place the calls of tests that had passed by themselves, which a
whole run makes again; and ``LEAVES``, what stands in the world in the end.
"""

import importlib
import json
import signal
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.crash.nursery import Nursery
from tests.project import Project, Result

TROUBLE = '''
    """Trouble where the story wants it, and what the tests made."""

    import json
    import os
    import signal
    from pathlib import Path

    HERE = Path(__file__).parent


    def trouble(place):
        """Raise, or kill the process of the tests."""
        how = {os.environ.get("BROKEN_AT"): fail, os.environ.get("KILLED_AT"): kill}
        if place in how:
            tell(place)
            how[place](place)


    def tell(place):
        paths = (HERE / "world").rglob("*")
        calls = (HERE / "calls.log").read_text().splitlines()
        told = {"call": calls[-1], "standing": [str(path) for path in paths]}
        if not (HERE / "trouble.json").exists():
            (HERE / "trouble.json").write_text(json.dumps(told))


    def fail(place):
        raise RuntimeError(f"trouble at {place}")


    def kill(_):
        os.kill(int(os.environ.get("PYTEST_PID", os.getpid())), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


    def product(**made):
        """Put something to what the tests made."""
        path = HERE / "product.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps(before | made, sort_keys=True))
'''
_PASSING = ("-journal", "-wal", "-shm")  # files of SQLite that come and go


@dataclass(frozen=True)
class Shape:
    """A suite, as its module declares it.

    Attributes:
        name: The module's name, without ``test_``.
        suite: Its number.
        files: Text by name.
        places: Where trouble comes.
        plugins: What its pytest loads.
        resume: By place, arguments that choose tests.
        repeats: Calls that may be made again.
        again: By place, calls of tests that had passed, with a checkpoint of their own.
        leaves: What stands in the world in the end, by name.
    """

    name: str
    suite: int
    files: dict[str, str]
    places: list[str]
    plugins: list[str] = field(default_factory=list)
    resume: dict[str, list[str]] = field(default_factory=dict)
    repeats: list[str] = field(default_factory=list)
    again: dict[str, list[str]] = field(default_factory=dict)
    leaves: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, module: ModuleType) -> "Shape":
        """Read it from its module."""
        return cls(
            name=module.__name__.rpartition(".")[2].removeprefix("test_"),
            suite=module.SUITE,
            files=module.FILES,
            places=module.PLACES,
            **{
                name: getattr(module, name.upper())
                for name in ("plugins", "resume", "repeats", "again", "leaves")
                if hasattr(module, name.upper())
            },
        )

    @property
    def has_several_tests(self) -> bool:
        """Tell whether some of its tests can be chosen."""
        sources = [t for n, t in self.files.items() if Path(n).name.startswith("test_")]
        text = "\n".join(sources)
        return text.count("def test_") > 1 or "parametrize" in text


def shapes() -> list[Shape]:
    """Give the shapes of all suites, in the order of their numbers."""
    sources = Path(__file__).parent.glob("test_*.py")
    names = [path.stem for path in sources if "\nSUITE = " in path.read_text()]
    modules = [importlib.import_module(f"tests.shapes.{name}") for name in sorted(names)]
    found = [Shape.of(module) for module in modules if hasattr(module, "SUITE")]
    return sorted(found, key=lambda shape: shape.suite)


@dataclass(frozen=True)
class Made:
    """What a whole run of a suite makes.

    Attributes:
        product: What its tests wrote.
        calls: How often each call was made.
    """

    product: Any
    calls: Counter[str]


class Suite:
    """A shape as a project that can be run.

    Args:
        shape: The shape.
        folder: Where the project lies.
        nursery: Where its processes come from.
    """

    def __init__(self, shape: Shape, folder: Path, nursery: Nursery) -> None:
        self.shape = shape
        self.project = Project(folder)
        self.project.plugins.remove("no:cacheprovider")
        self.project.plugins += shape.plugins
        self._nursery = nursery
        self.project.write("trouble.py", TROUBLE)
        for name, text in shape.files.items():
            self.project.write(name, text)

    def run(self, *arguments: str, broken_at: str = "", killed_at: str = "") -> Result:
        """Run its tests.

        Args:
            arguments: For pytest.
            broken_at: A place where something raises.
            killed_at: A place where the process is killed.
        """
        given = {"BROKEN_AT": broken_at, "KILLED_AT": killed_at}
        env = {name: value for name, value in given.items() if value}
        return self._nursery.run(self.project, *arguments, env=env)

    def milepost(self, *arguments: str) -> Result:
        """Run the command line in its folder."""
        return self._nursery.milepost(self.project, *arguments)

    def begin(self, *, broken_at: str = "", killed_at: str = "") -> None:
        """Run its tests into trouble; what stood then still stands."""
        result = self.run(broken_at=broken_at, killed_at=killed_at)
        expected = -signal.SIGKILL if killed_at else 1
        assert result.code == expected, result.text
        self.check_standing(result)

    def check_standing(self, result: Result) -> None:
        """Check that what stood when trouble came still stands.

        Args:
            result: What the last run gave.
        """
        gone = [path for path in self._told["standing"] if not Path(path).exists()]
        early = [path for path in gone if not path.endswith(_PASSING)]
        assert not early, f"destroyed early\n{result.text}"

    @property
    def _told(self) -> dict[str, Any]:
        path = self.project.folder / "trouble.json"
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    @property
    def made(self) -> Made:
        """Give what all its runs made."""
        path = self.project.folder / "product.json"
        return Made(json.loads(path.read_text()), Counter(self.project.all_calls()))

    @property
    def left(self) -> list[str]:
        """Name what is left: checkpoints, clean-ups that stand, things in the world."""
        kept = [p.name for p in self.project.checkpoints.glob("*") if _belongs(p)]
        world = self.project.folder / "world"
        standing = [p.name for p in world.iterdir()] if world.exists() else []
        return sorted({*kept, *standing} - {*self.shape.leaves})

    def check_end(
        self, undisturbed: Made, texts: Sequence[str], again: Sequence[str] = ()
    ) -> None:
        """Check that all was made, nothing that had finished twice, and nothing is left.

        Args:
            undisturbed: What a run without trouble makes.
            texts: What the runs printed.
            again: Calls of tests that had passed before they ran again.
        """
        printed = "\n".join(texts)
        assert self.left == [], f"left: {self.left}\n{printed}"
        assert self.made.product == undisturbed.product, printed
        repeated = self.made.calls - undisturbed.calls
        may_repeat = {self._told["call"], *self.shape.repeats, *again}
        assert set(repeated) <= may_repeat, f"{repeated}\n{printed}"
        assert not undisturbed.calls - self.made.calls, printed


def _belongs(path: Path) -> bool:
    """Tell whether a path belongs to the checkpoint of a test."""
    return path.name.startswith("checkpoint_") or ".d" in path.suffixes
