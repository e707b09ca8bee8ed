"""The inputs of a phase: one hash for each, and what a hash cannot say."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from milepost.errors import MilepostError
from milepost.fingerprint.arguments import Arguments
from milepost.fingerprint.code import LOCK
from milepost.fingerprint.content import Content, IsKept, is_skipped
from milepost.fingerprint.files import hash_of_file
from milepost.fingerprint.graph import graph_of
from milepost.fingerprint.objects import is_ours


class UnknownInputError(MilepostError):
    """An input was named that the phase does not have.

    Args:
        name: The name.
        known: The inputs that there are.
    """

    def __init__(self, name: str, known: Collection[str]) -> None:
        super().__init__(
            f"with_options(ignore=...) names {name!r}, which is no input.",
            f"The inputs: {', '.join(known) or 'none'}.",
            "Give the name of a parameter of the function, or take it out of ignore.",
        )


@dataclass(frozen=True)
class Inputs:
    """What a phase is given.

    Attributes:
        hashes: A hash for each input.
        live: The type of each live object, by where it stands; it counts by its type.
        parts: The code that inputs contribute: functions, and classes of objects.
        volatile: Why an input is different in every process, and the cure.
    """

    hashes: dict[str, str]
    live: dict[str, str]
    parts: dict[str, str]
    volatile: dict[str, str]


def inputs_of(
    fn: object,
    args: tuple[object, ...],
    kwargs: Mapping[str, object],
    *,
    root: Path,
    ignore: Collection[str] = (),
    extra: Sequence[object] = (),
    is_kept: IsKept | None = None,
    directory: PurePath | None = None,
) -> Inputs:
    """Read the inputs of a call by content.

    Args:
        fn: What is called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
        root: The project's root; paths below it count relative to it.
        ignore: Inputs that do not count.
        extra: What counts besides: paths are read, anything else is compared.
        is_kept: Tells whether an atom that looks random is kept already, so that it
            is the same in every process.
        directory: The folder kept with the checkpoint; what names a place below it
            counts without the way there.

    Raises:
        UnknownInputError: ``ignore`` names no input.
        CouldNotRecordError: A function among the inputs has no source to read.
        UnreadableInputError: A path in ``extra`` is there and cannot be read.
    """
    with LOCK:
        graph = graph_of(root)
        arguments = Arguments(fn, args, kwargs, lambda one: is_ours(graph.project, one))
        values = _counting(arguments, ignore)
        content = Content(graph, is_kept, directory)
        hashes = {name: content.read(name, value) for name, value in values.items()}
        for position, value in enumerate(extra):
            name = f"inputs[{position}]"
            if isinstance(value, PurePath):
                hashes[name] = hash_of_file(name, value, root)
            else:
                hashes[name] = content.read(name, value)
        return Inputs(hashes, content.live, content.parts(), content.volatile)


def _counting(arguments: Arguments, ignore: Collection[str]) -> dict[str, object]:
    """Give the arguments that count."""
    for name in ignore:
        if not arguments.knows(name):
            raise UnknownInputError(name, [*arguments.values])
    for name in ignore:
        arguments.without(name)
    return {n: value for n, value in arguments.values.items() if not is_skipped(value)}


def changed_inputs(before: Inputs, after: Inputs) -> list[str]:
    """Name the inputs that are not the same, in the order of the parameters.

    Args:
        before: The inputs when the phase began.
        after: The same inputs now.
    """
    names = dict.fromkeys([*before.hashes, *after.hashes])
    return [name for name in names if before.hashes.get(name) != after.hashes.get(name)]
