"""Methods that are replaced while somebody records, and put back afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

_MARK: Final = "__milepost_recorder__"


@dataclass(frozen=True)
class Patch:
    """A method of a class, and what makes its replacement.

    Attributes:
        owner: The class.
        name: The method's name.
        make: Given the original, makes the replacement.
    """

    owner: type
    name: str
    make: Callable[[Callable[..., Any]], Callable[..., Any]]

    @property
    def is_possible(self) -> bool:
        """Tell whether there is such a method."""
        return self.name in self.owner.__dict__

    def apply(self) -> "Applied | None":
        """Replace it; None where that has been done, or there is no such method."""
        current = self.owner.__dict__.get(self.name)
        if current is None or hasattr(current, _MARK):
            return None
        replacement = self.make(current)
        setattr(replacement, _MARK, True)
        setattr(self.owner, self.name, replacement)
        return Applied(self.owner, self.name, current, replacement)


@dataclass(frozen=True)
class Applied:
    """A method that has been replaced."""

    owner: type
    name: str
    original: Any
    replacement: Any

    def undo(self) -> bool:
        """Put the original back; False where somebody has replaced ours meanwhile."""
        if self.owner.__dict__.get(self.name) is not self.replacement:
            return False
        setattr(self.owner, self.name, self.original)
        return True
