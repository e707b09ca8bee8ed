"""A fixture of our own, by which it is tried whether fixtures can be replaced.

Registered as a plugin when a test names fixtures that are to be remembered.
"""

from typing import Final

import pytest

PROBE: Final = "_milepost_probe"


@pytest.fixture(scope="session", name=PROBE)
def probe() -> bool:
    """Give what nobody gets where fixtures can be replaced."""
    return False
