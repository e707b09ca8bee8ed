"""The matrix: every Python by every pytest, the built wheel, and lint.

A Python that the machine lacks is shown as skipped.
"""

from pathlib import Path

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
CONFIGURATION = {"8.4": ["-c", "pytest-8.4.ini"], "9": []}

nox.needs_version = ">=2024.10.9"
nox.options.sessions = ["lint", "wheel", "tests"]
# Said aloud, because a CI environment turns it on.
nox.options.error_on_missing_interpreters = False
nox.options.download_python = "never"


@nox.session
def lint(session: nox.Session) -> None:
    _requirements(session)
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session(python=PYTHONS)
@nox.parametrize("pytest", list(CONFIGURATION))
def tests(session: nox.Session, pytest: str) -> None:
    _requirements(session)
    if pytest == "8.4":
        _requirements(session, "pytest-8.4.txt", "--no-deps")
    session.install("--no-deps", "--no-build-isolation", "--editable", ".")
    _run_tests(session, CONFIGURATION[pytest])


@nox.session
def wheel(session: nox.Session) -> None:
    _requirements(session)
    folder = Path(session.create_tmp()).absolute()
    session.run(
        *("pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"),
        *("--wheel-dir", str(folder), "."),
    )
    session.install("--no-deps", "--force-reinstall", *map(str, folder.glob("*.whl")))
    _run_tests(session, [])


def _requirements(session: nox.Session, lock: str = "test.txt", *options: str) -> None:
    session.install(*options, "--require-hashes", "-r", f"requirements/{lock}")


def _run_tests(session: nox.Session, options: list[str]) -> None:
    given = session.posargs or ["-n", "2", "--dist", "loadgroup", "--timeout", "600"]
    session.run("python", "-m", "pytest", *options, *given)
