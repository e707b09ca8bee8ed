"""What all tests share."""

from pathlib import Path

import pytest
from hypothesis import settings

from tests.project import Project

pytest_plugins = ["pytester"]

# The suite runs on shared machines: a slow example is no failure.
settings.register_profile("milepost", deadline=None)
settings.register_profile("torture", deadline=None, max_examples=5000)
settings.load_profile("milepost")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Give an empty project of a user."""
    return Project(tmp_path / "project")
