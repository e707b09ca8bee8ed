"""The clean-ups of a run: registered by its code, made when the checkpoint goes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from milepost import clock
from milepost.cleanups import finish
from milepost.stores import cleanups as file
from milepost.stores.signals import deferred_signals

if TYPE_CHECKING:
    from milepost.cleanups.finishing import Entry
    from milepost.cleanups.record import Cleanup
    from milepost.phases.run import Run


@dataclass
class Cleaning:
    """What a run's own code has registered.

    Attributes:
        recorded: The calls of this process, by the key of their record.
        lost: Lines for people about those, should the test not pass.
        unrecorded: The calls that no other process can make, with how many clean-ups
            were recorded before each, and the call as people write it.
    """

    recorded: dict[str, Callable[[], object]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    unrecorded: list[tuple[int, str, Callable[[], object]]] = field(default_factory=list)


def register(
    run: "Run", fn: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> None:
    """Register what is called when the checkpoint goes; it is durable then.

    Args:
        run: The run.
        fn: The function.
        args: Its arguments.
        kwargs: Its keyword arguments.

    Raises:
        MilepostError: The test has ended, or the store refuses.
    """
    __tracebackhide__ = True
    run.check_usable()
    make = partial(fn, *args, **kwargs)
    with run.lock:
        found = _written_down(run, fn, args, kwargs)
        if isinstance(found, str):
            _keep_here(run, found, fn, make)
            return
        with deferred_signals():
            if found.key not in {each.key for each in _standing(run)}:
                _record(run, found)
            run.cleaning.recorded[found.key] = make


def _written_down(
    run: "Run", fn: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> "Cleanup | str":
    """Give a clean-up's record, or why there can be none."""
    from milepost import values  # noqa: PLC0415 - only if used
    from milepost.cleanups import record  # noqa: PLC0415 - only if used

    place = record.where(fn, run.manager.settings.root)
    if place is None:
        return "its function has no name at the top level of a module"
    plain_args = record.args_to_plain(args)
    plain_kwargs = dict(zip(kwargs, record.args_to_plain([*kwargs.values()]), strict=True))
    admitted = run.manager.settings.secret_ok
    try:
        values.encode([plain_args, plain_kwargs], None, secret_ok=admitted)
    except values.NotKeptError as error:
        return error.reason
    return record.Cleanup(
        key=record.key_of(place[0], plain_args, plain_kwargs),
        function=place[0],
        file=place[1],
        args=plain_args,
        kwargs=plain_kwargs,
        test_id=run.test_id,
        generation=str(run.document().generation),
        run=run.record.run,
        registered_at=clock.now_at(),
    )


def _keep_here(
    run: "Run", why: str, fn: Callable[..., object], make: Callable[[], object]
) -> None:
    # Without the arguments: they may be anything, a secret among it.
    text = f"{getattr(fn, '__name__', type(fn).__name__)}(...)"
    run.cleaning.unrecorded.append((len(run.cleaning.recorded), text, make))
    run.cleaning.lost.append(
        f"clean-up {text} was not called, and is lost: only this process knew of it\n"
        f"It could not be written down: {why}\n"
        "Give a function at the top level of a module, and plain arguments: "
        "phase.cleanup(destroy_cluster, name)"
    )


def _record(run: "Run", cleanup: "Cleanup") -> None:
    from milepost.cleanups.signing import sign  # noqa: PLC0415 - only if used

    store, lease = run.manager.store, run.manager.writer.go_on(run.test_id)
    record = sign(cleanup).to_record()
    file.append(store.data_path(run.test_id), record, lease, run.test_id)


def _standing(run: "Run") -> list["Cleanup"]:
    from milepost.cleanups.standing import standing_in  # noqa: PLC0415 - only if used

    return standing_in(run.manager.store.data_path(run.test_id))


def has_cleanups(run: "Run") -> bool:
    """Tell whether something is to be called when the checkpoint goes."""
    folder = run.manager.store.data_path(run.test_id)
    return bool(run.cleaning.unrecorded) or file.stands(folder)


def finish_cleanups(run: "Run") -> bool:
    """Make all clean-ups of a test that has passed, as far as this run may.

    Returns:
        Whether none is left.
    """
    entries = _entries(run)
    folder = run.manager.store.data_path(run.test_id)
    if entries or file.stands(folder):
        root = run.manager.settings.root
        run.record.notes += finish(run.manager.writer, run.test_id, root, entries)
    return not file.stands(folder)


def _entries(run: "Run") -> list["Entry"]:
    from milepost.cleanups.finishing import Entry  # noqa: PLC0415 - only if used

    own = run.cleaning.recorded
    entries = [
        (float(number), Entry(text=each.text, own=own.get(each.key), cleanup=each))
        for number, each in enumerate(_standing(run))
    ]
    for before, text, make in run.cleaning.unrecorded:
        entries.append((before - 0.5, Entry(text=text, own=make)))
    return [entry for _, entry in sorted(entries, key=lambda each: each[0])]
