"""What milepost costs a pytest run that does not use it.

Each round runs ``pytest --collect-only`` on a suite of one empty test in child
processes: bare, bare again (what two equal runs differ by is the noise), with
``-p milepost.plugin``, and with milepost installed from its wheel and found through its
entry point. The processes see a folder that holds pytest, what pytest requires and, where
it is to be there, milepost, and nothing else. The last pair writes no bytecode, as in a
site-packages that the user cannot write: there pytest rewrites a plugin's modules anew in
every run.

A second table is about a suite of 500 empty tests that really runs: what the hooks cost
tests that do not ask for milepost.
"""

import re
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from _measure import (
    ROOT,
    Cost,
    child,
    clean_environment,
    interleave,
    machine,
    milliseconds,
    ratio,
    rounds_wanted,
    show,
    spread,
)

EMPTY = "def test_nothing():\n    pass\n"
MANY = 500


def main() -> None:
    """Measure both and print the tables."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        bare = _bare_site(place / "bare")
        ours = _site_with_milepost(place / "with-milepost", bare)
        print(machine())
        _collect_only(_suite(place / "one", 1), bare, ours)
        _empty_tests(_suite(place / "many", MANY), ours)


def _bare_site(folder: Path) -> Path:
    """Make a folder that holds pytest and what it requires."""
    folder.mkdir()
    for name in _required("pytest"):
        files = metadata.distribution(name).files or []
        for top in {path.parts[0] for path in files if ".." not in path.parts}:
            found = Path(str(metadata.distribution(name).locate_file(top)))
            if found.exists() and top != "__pycache__":
                (folder / top).symlink_to(found)
    return folder


def _required(name: str) -> set[str]:
    """Give a distribution and what it requires here, without its extras."""
    found = {name}
    for line in metadata.requires(name) or []:
        wanted = re.split(r"[^\w.-]", line)[0]
        if "extra ==" not in line and _is_installed(wanted):
            found |= _required(wanted)
    return found


def _is_installed(name: str) -> bool:
    try:
        return bool(metadata.version(name))
    except metadata.PackageNotFoundError:
        return False


def _site_with_milepost(folder: Path, bare: Path) -> Path:
    """Install milepost from its wheel beside pytest; its requirements are not needed."""
    folder.mkdir()
    for entry in bare.iterdir():
        (folder / entry.name).symlink_to(entry.resolve())
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    quiet = ["--disable-pip-version-check", "--compile", "--target", str(folder)]
    command = [sys.executable, "-m", "pip", "install", *options, *quiet, str(ROOT)]
    subprocess.run(command, check=True)
    return folder


def _suite(folder: Path, tests: int) -> Path:
    folder.mkdir()
    (folder / "pytest.ini").write_text("[pytest]\n")
    text = "".join(EMPTY.replace("nothing", str(number)) for number in range(tests))
    (folder / "test_empty.py").write_text(text)
    return folder


def _run(suite: Path, site: Path, *options: str, **environment: str) -> Cost:
    # -S: nothing but the given folder and the standard library is seen.
    command = [sys.executable, "-S", "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    seen = clean_environment(PYTHONPATH=str(site), **environment)
    return child([*command, *options], suite, seen)


def _collect_only(suite: Path, bare: Path, ours: Path) -> None:
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    unwritten = {"PYTHONDONTWRITEBYTECODE": "1"}
    one = ("--collect-only",)
    _run(suite, ours, *one)  # leaves pytest's own bytecode behind, as any first run does
    cases = {
        "bare": lambda: _run(suite, ours, *one, **alone),
        "bare, again": lambda: _run(suite, ours, *one, **alone),
        "-p milepost.plugin": lambda: _run(
            suite, ours, *one, "-p", "milepost.plugin", **alone
        ),
        "bare, looking for plugins": lambda: _run(suite, bare, *one),
        "milepost installed": lambda: _run(suite, ours, *one),
    }
    pairs = {
        "bare, again": "bare",
        "-p milepost.plugin": "bare",
        "milepost installed": "bare, looking for plugins",
    }
    found = interleave(cases, rounds_wanted(20))
    _print("pytest --collect-only, one empty test", found, pairs)
    for cached in ours.glob("milepost/**/*-pytest-*.pyc"):
        cached.unlink()
    cases = {
        "bare, looking for plugins": lambda: _run(suite, bare, *one, **unwritten),
        "milepost installed": lambda: _run(suite, ours, *one, **unwritten),
    }
    found = interleave(cases, rounds_wanted(20))
    title = "the same where no bytecode can be written"
    _print(title, found, {"milepost installed": "bare, looking for plugins"})


def _empty_tests(suite: Path, ours: Path) -> None:
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    with_plugin = ("-p", "milepost.plugin")
    cases = {
        "bare": lambda: _run(suite, ours, **alone),
        "-p milepost.plugin": lambda: _run(suite, ours, *with_plugin, **alone),
    }
    found = interleave(cases, max(5, rounds_wanted(20) // 2))
    _print(f"pytest, {MANY} empty tests", found, {"-p milepost.plugin": "bare"})


def _print(title: str, found: dict[str, list[Cost]], pairs: dict[str, str]) -> None:
    print()
    rows = []
    for name, costs in found.items():
        walls, cpus = [c.wall for c in costs], [c.cpu for c in costs]
        row = [name, milliseconds(spread(walls).median), milliseconds(spread(cpus).median)]
        to = found.get(pairs.get(name, ""))
        if to:
            row.append(f"{ratio(walls, [c.wall for c in to]):.3f}")
            row.append(f"{ratio(cpus, [c.cpu for c in to]):.3f}")
        rows.append(row)
    show(
        [title, "wall", "CPU", "wall, ratio", "CPU, ratio"],
        [r + [""] * (5 - len(r)) for r in rows],
    )


if __name__ == "__main__":
    main()
