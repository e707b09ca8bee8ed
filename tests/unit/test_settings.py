"""Where checkpoints lie and what the configuration says, with pytest and without."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from milepost import configuration
from milepost.configuration import UnreadableConfigurationError, configuration_of
from milepost.errors import InvalidSettingError
from milepost.ini import INI
from milepost.settings import find_root, find_settings, make_settings


@pytest.fixture(autouse=True)
def _without_environment(monkeypatch):
    monkeypatch.delenv("MILEPOST_DIR", raising=False)


@pytest.fixture
def new_pytest(monkeypatch):
    """Let native TOML count, whatever pytest runs these tests."""
    monkeypatch.setattr(configuration, "_reads_native_toml", lambda: True)


@pytest.fixture
def old_pytest(monkeypatch):
    """Let it count for nothing, as under pytest 8."""
    monkeypatch.setattr(configuration, "_reads_native_toml", lambda: False)


FILES = {
    "pytest.toml": '[pytest]\nmilepost_dir = "kept"\nmilepost_wait = 2.5\n',
    ".pytest.toml": '[pytest]\nmilepost_dir = "kept"\nmilepost_wait = 2.5\n',
    "pytest.ini": "[pytest]\nmilepost_dir = kept\nmilepost_wait = 2.5\n",
    ".pytest.ini": "[pytest]\nmilepost_dir = kept\nmilepost_wait = 2.5\n",
    "pyproject.toml": '[tool.pytest]\nmilepost_dir = "kept"\nmilepost_wait = 2.5\n',
    "tox.ini": "[tox]\n[pytest]\nmilepost_dir = kept\nmilepost_wait = 2.5\n",
    "setup.cfg": "[metadata]\n[tool:pytest]\nmilepost_dir = kept\nmilepost_wait = 2.5\n",
}
OPTIONS = '[tool.pytest.ini_options]\nmilepost_dir = "kept"\nmilepost_wait = "2.5"\n'
CASES = [*FILES.items(), ("pyproject.toml", OPTIONS)]


@pytest.mark.parametrize(("name", "text"), CASES, ids=[*FILES, "ini_options"])
def test_every_file_that_pytest_reads_is_read(tmp_path, new_pytest, name, text):
    """The manager and the command line know what pytest knows, from any subfolder."""
    (tmp_path / name).write_text(text)
    inner = tmp_path / "tests" / "e2e"
    inner.mkdir(parents=True)
    found = find_settings(inner)

    assert found.root == tmp_path
    assert found.directory == tmp_path / "kept"
    assert found.wait == 2.5


@pytest.mark.parametrize(("name", "text"), CASES, ids=[*FILES, "ini_options"])
def test_pytest_itself_says_the_same(tmp_path, name, text):
    """Whatever this pytest makes of a file, we make of it without pytest."""
    (tmp_path / name).write_text(text)
    (tmp_path / "test_x.py").write_text(
        "def test_x(pytestconfig):\n"
        "    print('DIR', repr(pytestconfig.getini('milepost_dir')))\n"
        "    print('WAIT', pytestconfig.getini('milepost_wait'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "milepost.plugin", "-s", "-q"],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    found = find_settings(tmp_path)
    kept = "kept" if found.directory.name == "kept" else ""
    assert f"DIR {kept!r}" in done.stdout, done.stdout
    assert f"WAIT {found.wait}" in done.stdout, done.stdout


def test_native_toml_counts_for_nothing_under_pytest_8(tmp_path, old_pytest):
    """What the installed pytest ignores we ignore; a table for it is read."""
    (tmp_path / "pytest.toml").write_text(FILES["pytest.toml"])
    (tmp_path / "pyproject.toml").write_text(FILES["pyproject.toml"])
    assert configuration_of(tmp_path) is None
    (tmp_path / "pyproject.toml").write_text(OPTIONS)
    assert find_settings(tmp_path).directory == tmp_path / "kept"


def test_files_have_pytests_own_precedence(tmp_path, new_pytest):
    """The first that counts, counts alone; an empty pytest.ini counts too."""
    for name in reversed(FILES):
        (tmp_path / name).write_text(FILES[name].replace("kept", f"from {name}"))
        found = find_settings(tmp_path).directory.name
        assert found == f"from {name}"
    for name in ("pytest.toml", ".pytest.toml"):
        (tmp_path / name).unlink()
    (tmp_path / "pytest.ini").write_text("")
    assert find_settings(tmp_path).directory.name == ".milepost"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project]\nname = 'x'\n"),
        ("pyproject.toml", "[tool.pytest]\n"),
        ("tox.ini", "[tox]\n"),
        ("setup.cfg", "[metadata]\n"),
        ("setup.cfg", "[pytest]\nmilepost_dir = kept\n"),
    ],
    ids=["project", "empty", "tox", "setup", "old"],
)
def test_a_file_without_a_table_for_pytest_is_no_configuration(tmp_path, name, text):
    """It does not hide the configuration of a folder above."""
    (tmp_path / "pytest.ini").write_text(FILES["pytest.ini"])
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / name).write_text(text)
    assert find_settings(inner).root == tmp_path


@pytest.mark.parametrize("mark", ["pyproject.toml", ".git", "setup.py"])
def test_without_configuration_the_nearest_mark_is_the_root(tmp_path, mark):
    """A project without pytest settings has a root all the same, and the usual folder."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    if mark != ".git":
        (tmp_path / "a" / mark).write_text("")
    found = find_settings(inner)
    assert found.root == (tmp_path if mark == ".git" else tmp_path / "a")
    assert found.directory == found.root / ".milepost"


def test_the_root_is_not_what_the_arguments_say(tmp_path):
    """A bare pyproject.toml that pytest picks by its arguments decides nothing."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'all'\n")
    inner = tmp_path / "part"
    inner.mkdir()
    (inner / "pyproject.toml").write_text("[project]\nname = 'part'\n")
    chosen = (tmp_path / "pyproject.toml", inner / "pyproject.toml", None)
    assert {find_root(inner / "tests", file) for file in chosen} == {inner}


def test_the_configuration_in_use_is_the_root_if_the_test_lies_below(tmp_path):
    """One given with -c counts by its place; one that lies elsewhere does not."""
    file = tmp_path / "settings" / "ci.ini"
    file.parent.mkdir()
    file.write_text("[pytest]\n")
    (tmp_path / "setup.py").write_text("")
    assert find_root(file.parent / "tests", file) == file.parent
    assert find_root(tmp_path / "tests", file) == tmp_path


def test_option_environment_configuration_default(tmp_path, monkeypatch):
    """The nearest to the user's fingers comes first; what is typed counts from there."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "root"
    configured = {"milepost_dir": "from_ini"}
    assert make_settings(root, {}).directory == root / ".milepost"
    assert make_settings(root, configured).directory == root / "from_ini"
    monkeypatch.setenv("MILEPOST_DIR", "from_env")
    assert make_settings(root, configured).directory == tmp_path / "from_env"
    assert make_settings(root, configured, "opt").directory == tmp_path / "opt"
    assert make_settings(root, configured, "/abs").directory == Path("/abs")


def test_a_manager_given_a_folder_reads_the_rest_from_above_it(tmp_path):
    """The seed's manager, with its folder beside itself, knows the project's settings."""
    from milepost import CheckpointManager

    (tmp_path / "pytest.ini").write_text(FILES["pytest.ini"])
    folder = tmp_path / "tests" / "e2e" / "checkpoints"
    manager = CheckpointManager(folder)
    assert (manager.checkpoint_dir, manager.settings.root) == (folder, tmp_path)
    assert manager.writer.wait == 2.5


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("milepost_wait", "soon", "a number"),
        ("milepost_wait", "-1", "0 or more"),
        ("milepost_wait", "nan", "0 or more"),
        ("milepost_wait", "inf", "0 or more"),
        ("milepost_wait", [], "a number"),
        ("milepost_retry", "2.5", "a whole number"),
        ("milepost_retry", True, "a whole number"),
        ("milepost_keep", "none", "'failed' or 'all'"),
        ("milepost_unkept", "x", "'report' or 'fail'"),
        ("milepost_live", "x", "'type' or 'stale'"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(tmp_path, name, value, allowed):
    """A misspelt setting never silently is the default."""
    with pytest.raises(InvalidSettingError, match=allowed) as caught:
        make_settings(tmp_path, {name: value})
    assert name in str(caught.value)


def test_each_format_gives_each_setting_its_type(tmp_path):
    """Text, number and list mean the same, wherever they are written."""
    text = {
        "milepost_retry": "5",
        "milepost_drain": "1",
        "milepost_secret_ok": "$.a\n $.b\n",
    }
    native = {
        "milepost_retry": 5,
        "milepost_drain": 1,
        "milepost_secret_ok": ["$.a", "$.b"],
    }
    assert make_settings(tmp_path, text) == make_settings(tmp_path, native)
    assert make_settings(tmp_path, text).secret_ok == ("$.a", "$.b")
    empty = dict.fromkeys(INI, "")
    assert make_settings(tmp_path, empty) == make_settings(tmp_path, {})


@pytest.mark.parametrize("name", ["pytest.toml", "pytest.ini", "pyproject.toml"])
def test_a_configuration_that_cannot_be_read_is_said(tmp_path, new_pytest, name):
    """It is never read as if it said nothing: the checkpoints may lie elsewhere."""
    (tmp_path / name).write_text("[pytest\nmilepost_dir = kept")
    with pytest.raises(UnreadableConfigurationError, match=name):
        find_settings(tmp_path)
