"""What one pytest session knows."""

from milepost.session import platform_notes


def test_windows_is_told_what_it_does_not_get() -> None:
    """On Windows the report says what is missing there; elsewhere nothing."""
    assert platform_notes("posix") == []
    (line,) = platform_notes("nt")
    assert "untested" in line
