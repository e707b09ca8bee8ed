"""What all tests share."""

import signal
from pathlib import Path

import pytest
from hypothesis import settings

from tests.project import Project

pytest_plugins = ["pytester"]

# Whoever starts the suite in the background has it ignore Ctrl-C, which its children
# would inherit; some of them are interrupted on purpose.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The suite runs on shared machines: a slow example is no failure. Its examples are the
# same in every run, so that a failure is the change's doing; the campaigns look for more.
settings.register_profile("milepost", deadline=None, derandomize=True)
settings.register_profile("torture", deadline=None, max_examples=5000)
settings.load_profile("milepost")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give an empty project of a user."""
    return Project(tmp_path / "project")
