"""What milepost costs a pytest run that does not use it.

Each round runs ``pytest --collect-only`` on a suite of one empty test in child processes:

* bare, and bare again: what two equal runs differ by is the noise;
* with ``-p milepost.plugin``;
* looking for installed plugins where there are none, where there is an empty one (the
  limit: what any plugin costs), and with milepost installed from its wheel.

The processes see a folder that holds pytest, what pytest requires and the plugin in
question, and nothing else. The second table is for a site-packages that cannot be written:
there pytest rewrites the modules of every plugin anew in each run.

The last table is about a suite of 500 empty tests that really runs: what the hooks cost
tests that do not ask for milepost.
"""

import re
import subprocess
import sys
import tempfile
from functools import partial
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
        sites = {"none": _bare_site(place / "none")}
        sites["an empty plugin"] = _site_with_nothing(place / "empty", sites["none"])
        sites["milepost"] = _site_with_milepost(place / "milepost", sites["none"])
        print(machine())
        _collect_only(_suite(place / "one", 1), sites)
        _empty_tests(_suite(place / "many", MANY), sites["milepost"])


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


def _site_like(bare: Path, folder: Path) -> None:
    folder.mkdir()
    for entry in bare.iterdir():
        (folder / entry.name).symlink_to(entry.resolve())


def _site_with_nothing(folder: Path, bare: Path) -> Path:
    """Install a plugin that does nothing beside pytest."""
    _site_like(bare, folder)
    (folder / "nothing.py").write_text("")
    about = folder / "nothing-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nothing\nVersion: 1\n")
    (about / "entry_points.txt").write_text("[pytest11]\nnothing = nothing\n")
    (about / "RECORD").write_text("nothing.py,,\nnothing-1.dist-info/RECORD,,\n")
    return folder


def _site_with_milepost(folder: Path, bare: Path) -> Path:
    """Install milepost from its wheel beside pytest; its requirements are not needed."""
    _site_like(bare, folder)
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


def _collect_only(suite: Path, sites: dict[str, Path]) -> None:
    ours = sites["milepost"]
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    by_name = ("-p", "milepost.plugin")
    _collect(suite, ours)  # leaves pytest's own bytecode behind, as any first run does
    cases = {
        "bare": lambda: _collect(suite, ours, **alone),
        "bare, again": lambda: _collect(suite, ours, **alone),
        "-p milepost.plugin": lambda: _collect(suite, ours, *by_name, **alone),
    }
    installed = {f"installed: {name}": site for name, site in sites.items()}
    cases |= {name: partial(_collect, suite, site) for name, site in installed.items()}
    pairs = {"bare, again": "bare", "-p milepost.plugin": "bare"}
    pairs |= dict.fromkeys([*installed][1:], "installed: none")
    found = interleave(cases, rounds_wanted(20))
    _print("pytest --collect-only, one empty test", found, pairs)
    for site in sites.values():
        for cached in (*site.glob("milepost/**/*-pytest-*"), *site.glob("__pycache__/*")):
            cached.unlink()
    unwritten = {"PYTHONDONTWRITEBYTECODE": "1"}
    cases = {
        name: partial(_collect, suite, site, **unwritten)
        for name, site in installed.items()
    }
    found = interleave(cases, rounds_wanted(20))
    _print("the same where no bytecode can be written", found, pairs)


def _collect(suite: Path, site: Path, *options: str, **environment: str) -> Cost:
    return _run(suite, site, "--collect-only", *options, **environment)


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
