"""What the plugin costs a run that does not use it: what it makes Python load."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

OURS = {
    "milepost",
    "milepost.ini",
    "milepost.plugin",
    "milepost.plugin.asking",
    "milepost.plugin.collection",
    "milepost.plugin.fixtures",
    "milepost.plugin.options",
    "milepost.plugin.running",
    "milepost.plugin.seen",
    "milepost.plugin.spending",
    "milepost.plugin.state",
    "milepost.words",
}
PLAIN = "def test_plain():\n    assert True\n"
PHASES = """
def double(number):
    return {"number": 2 * number}

def test_phases(phase):
    doubled = phase("double", double, 4)
    assert phase("again", double, doubled["number"]) == {"number": 16}
"""
PROGRAM = """
import sys, pytest
code = pytest.main(sys.argv[1:])
print("loaded:", *sys.modules)
sys.exit(code)
"""


def loaded(folder: Path, test: str, *options: str) -> set[str]:
    """Run a test in a pytest of its own; give all modules that were loaded then."""
    (folder / "test_it.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-c", PROGRAM, "-q", "-p", "no:cacheprovider", *options]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(done.stdout.rpartition("loaded:")[2].split())


@pytest.mark.parametrize("options", [(), ("--collect-only",)], ids=["run", "collect"])
def test_a_run_that_does_not_ask_loads_only_these_modules(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    """Where no test asks for milepost, all that is loaded more is named here."""
    bare = loaded(tmp_path, PLAIN, *options)
    ours = loaded(tmp_path, PLAIN, *options, "-p", "milepost.plugin")

    assert ours - bare == OURS


def test_a_plain_phase_loads_no_library_and_no_event_loop(tmp_path: Path) -> None:
    """A phase without retries, types and coroutines needs the standard library alone."""
    bare = loaded(tmp_path, PLAIN)
    more = loaded(tmp_path, PHASES, "-p", "milepost.plugin") - bare
    tops = {name.partition(".")[0] for name in more}

    outside = {name for name in tops - sys.stdlib_module_names if name[0] != "_"}
    assert outside == {"milepost"}
    assert not tops & {"asyncio", "concurrent", "sqlite3", "multiprocessing"}
