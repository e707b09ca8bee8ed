"""What the doctor says of plugins, of the folder and of its file system."""

import os
from pathlib import Path

import pytest

from milepost.doctor.environment import file_system_of, look_around
from milepost.doctor.findings import Block
from milepost.settings import Settings
from milepost.stores import probes


def _look(folder: Path, plugins: set[str], kinds: set[str], **uses: str) -> Block:
    settings = Settings(root=folder, directory=folder / ".milepost")
    return look_around(settings, None, plugins, kinds, uses)


def _texts(block: Block) -> str:
    return "\n".join(f"{each.what} {each.cure}" for each in block.findings)


@pytest.mark.parametrize(
    ("kind", "dist", "cure"),
    [
        ("class", "load", "loadscope"),
        ("class", "worksteal", "loadscope"),
        ("module", "loadscope", "loadfile"),
        ("session", "loadfile", "loadgroup"),
    ],
)
def test_an_unfit_distribution_is_told(
    tmp_path: Path, kind: str, dist: str, cure: str
) -> None:
    """Where xdist may hand a scope to two workers, the distribution that fits is named."""
    assert f"--dist {cure}" in _texts(_look(tmp_path, {"xdist"}, {kind}, dist=dist))


@pytest.mark.parametrize(
    ("kind", "dist"),
    [("class", "loadscope"), ("module", "loadfile"), ("session", "no")],
)
def test_a_fit_distribution_is_not_told(tmp_path: Path, kind: str, dist: str) -> None:
    """A distribution that keeps a scope in one worker is no finding."""
    assert "xdist" not in _texts(_look(tmp_path, {"xdist"}, {kind}, dist=dist))


def test_plugins_count_only_where_they_interfere(tmp_path: Path) -> None:
    """Plugins that are merely installed are no finding."""
    installed = {"xdist", "rerunfailures", "forked", "timeout", "randomly", "_cov"}
    assert "pytest-" not in _texts(_look(tmp_path, installed, set()))


def test_plugins_that_interfere_are_told(tmp_path: Path) -> None:
    """Reruns, forks, a thread that ends the process and shuffling are told."""
    uses = {"rerunfailures": "2", "forked": "yes", "timeout_method": "thread"}
    text = _texts(_look(tmp_path, {"randomly"}, {"class"}, **uses))
    for word in ("rerunfailures", "forked", "method thread", "shuffles"):
        assert word in text


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path: Path) -> None:
    """A disk that refuses is told before anything is spent."""
    tmp_path.chmod(0o500)
    try:
        found = _look(tmp_path, set(), set()).findings
    finally:
        tmp_path.chmod(0o700)
    assert [each.kind for each in found if each.level == "problem"] == ["disk"]


def test_a_disk_that_refuses_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file system without a working rename is told, and nothing is left on it."""

    def refuse(*_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(os, "replace", refuse)
    found = _look(tmp_path, set(), set()).findings
    assert [each.kind for each in found if each.level == "problem"] == ["disk"]
    assert list(tmp_path.iterdir()) == []


def test_the_probes_leave_nothing(tmp_path: Path) -> None:
    """What the probes write is gone when they are over."""
    probes.probe_disk(tmp_path)
    probes.probe_lease(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_nearest_folder_that_exists_is_tried(tmp_path: Path) -> None:
    """A folder that does not exist yet is tried out where it would be made."""
    assert probes.nearest_folder(tmp_path / "a" / "b") == tmp_path


@pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="Linux tells it")
def test_the_kind_of_file_system_is_known() -> None:
    """The file system of a folder is named by its nearest mount."""
    assert file_system_of(Path("/proc/self")) == "proc"
