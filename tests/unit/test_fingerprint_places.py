"""Where a project's code is found: on the disk, and among the modules that are loaded."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from milepost.fingerprint.project import Project
from milepost.fingerprint.runtime import Namespaces


def test_a_file_has_one_label_however_it_is_reached(tmp_path: Path) -> None:
    """A link to a file or to its folder leads to the file's own place in the project."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / "app").mkdir(parents=True)
    outside.mkdir()
    real, foreign = root / "app" / "real.py", outside / "foreign.py"
    real.write_text("")
    foreign.write_text("")
    (root / "linked.py").symlink_to(real)
    (root / "taken_in.py").symlink_to(foreign)
    (outside / "folder").symlink_to(root / "app")
    project = Project(root)

    for path in (real, root / "linked.py", outside / "folder" / "real.py"):
        assert project.own(path) == (real.resolve(), "app/real.py")
    assert project.own(root / "taken_in.py") == (foreign.resolve(), "taken_in.py")
    assert project.own(foreign) is None


def test_modules_loaded_meanwhile_are_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module that is imported, replaced or removed between two looks is seen as it is."""
    file = tmp_path / "seen_later.py"
    file.write_text("LIMIT = 1\n")
    project = Project(tmp_path)

    def load(limit: int) -> None:
        module = ModuleType(file.stem)
        vars(module).update(__file__=str(file), LIMIT=limit)
        monkeypatch.setitem(sys.modules, file.stem, module)

    def limits() -> list[object]:
        return list(Namespaces(project).values(file.resolve(), "LIMIT"))

    assert limits() == []
    load(1)
    assert limits() == [1]
    load(2)
    assert limits() == [2]
    vars(sys.modules[file.stem]).update(LIMIT=3)
    assert limits() == [3]
    monkeypatch.delitem(sys.modules, file.stem)
    assert limits() == []
