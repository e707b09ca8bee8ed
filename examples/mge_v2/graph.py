"""Which atom builds on which."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from examples.mge_v2.cutting import Piece
from examples.mge_v2.names import Names


@dataclass(frozen=True, slots=True)
class Draft:
    """An atom before its dependencies are known.

    Args:
        number: From 1, in the order of the files and of their lines.
        path: The file that it was cut out of.
        piece: Where in the file.
        text: Its lines.
        names: The names in it.
    """

    number: int
    path: str
    piece: Piece
    text: str
    names: Names


def dependencies(drafts: Sequence[Draft]) -> dict[int, list[int]]:
    """Find for each atom the atoms that it builds on.

    An atom builds on the one that opens the block around it, on those that bind the
    names that it uses, and on what it imports from other files. Only atoms before it
    count, so that there are no cycles: functions that call each other lose one edge.

    Args:
        drafts: All atoms, by number.

    Returns:
        For each number the smaller ones that it depends on, sorted.
    """
    project = _Project(drafts)
    return {
        draft.number: sorted(
            number for number in set(project.found_by(draft)) if number < draft.number
        )
        for draft in drafts
    }


class _Project:
    """Where things are."""

    def __init__(self, drafts: Sequence[Draft]) -> None:
        self._files: dict[str, list[Draft]] = defaultdict(list)
        for draft in drafts:
            self._files[draft.path].append(draft)
        self._modules = {_module(path): path for path in self._files}

    def found_by(self, draft: Draft) -> Iterator[int]:
        yield from self._opened_by(draft)
        for name in draft.names.uses:
            yield from self._last_export(self._earlier(draft), name)
        for module, name in draft.names.imports:
            yield from self._imported(module, name)

    def _earlier(self, draft: Draft) -> list[Draft]:
        return [one for one in self._files[draft.path] if one.number < draft.number]

    def _opened_by(self, draft: Draft) -> Iterator[int]:
        if not draft.piece.scopes:
            return
        innermost = draft.piece.scopes[-1]
        if not innermost.opener.startswith("class"):
            yield draft.number - 1  # the statements of a function follow each other
            return
        for other in self._files[draft.path]:
            if other.piece.first_line <= innermost.line <= other.piece.last_line:
                yield other.number

    def _imported(self, module: str, name: str) -> Iterator[int]:
        inside = f"{module}.{name}"
        if not name or inside in self._modules:
            path = self._modules.get(inside if name else module)
            yield from [one.number for one in self._files[path][-1:]] if path else ()
        elif module in self._modules:
            yield from self._last_export(self._files[self._modules[module]], name)

    @staticmethod
    def _last_export(drafts: Sequence[Draft], name: str) -> Iterator[int]:
        for draft in reversed(drafts):
            if name in draft.names.exports:
                yield draft.number
                return


def _module(path: str) -> str:
    parts = path.removesuffix(".py").split("/")
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
