"""Values made once and kept until the test passes."""

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar, cast

from milepost import values
from milepost.checkpoint import TestCheckpoint
from milepost.errors import LiveValueError, MilepostError
from milepost.phases.options import PhaseOptions
from milepost.phases.run import Run
from milepost.stores.signals import deferred_signals
from milepost.values.schema import Schema, schema_of

T = TypeVar("T")


def remember(run: Run, name: str, make: Callable[[], T], options: PhaseOptions) -> T:
    """Give a remembered value, or make it and write it before it is handed out.

    Args:
        run: The run.
        name: The value's name.
        make: Makes the value.
        options: The settings; the type and the secrets admitted count.

    Raises:
        LiveValueError: The value cannot be kept.
    """
    __tracebackhide__ = True
    run.check_usable()
    returns = {} if options.returns is ... else {"returns": options.returns}
    schema = schema_of(make, **returns)
    with run.lock:
        kept = remembered(run.checkpoint, name)
        if kept is not None:
            return cast("T", _restore(kept, schema))
        made = make()
        if inspect.isawaitable(made):
            return cast("T", _await_and_keep(run, name, made, schema, options))
        return cast("T", _keep(run, name, made, schema, options))


def remembered(checkpoint: TestCheckpoint | None, name: str) -> Mapping[str, Any] | None:
    """Give the record of a remembered value; None where there is none.

    Args:
        checkpoint: What the value is kept in.
        name: The value's name.
    """
    kept = checkpoint.milepost.get("remembered", {}) if checkpoint else {}
    found: Mapping[str, Any] | None = kept.get(name)
    return found


def value_of(kept: Mapping[str, Any], schema: Schema | None) -> Any:
    """Read a remembered value.

    Args:
        kept: Its record.
        schema: What it has to be.

    Raises:
        SchemaChangedError: It was kept as something else.
    """
    return values.decode(kept["data"], kept["value"], schema)


def _restore(kept: Mapping[str, Any], schema: Schema | None) -> Any:
    value = value_of(kept, schema)
    if not kept.get("awaitable"):
        return value

    async def give() -> Any:
        return value

    return give()


async def _await_and_keep(
    run: Run, name: str, made: Any, schema: Schema | None, options: PhaseOptions
) -> Any:
    __tracebackhide__ = True
    value = await made
    with run.lock:
        kept = remembered(run.checkpoint, name)
        if kept is not None:
            return value_of(kept, schema)
        return _keep(run, name, value, schema, options, awaitable=True)


def _keep(
    run: Run,
    name: str,
    made: Any,
    schema: Schema | None,
    options: PhaseOptions,
    *,
    awaitable: bool = False,
) -> Any:
    __tracebackhide__ = True
    admitted = (*run.manager.settings.secret_ok, *options.secret_ok)
    record, given = to_record(name, made, schema, admitted, awaitable=awaitable)
    write(run, name, record)
    return given


def to_record(
    name: str,
    made: Any,
    schema: Schema | None,
    secret_ok: Collection[str],
    *,
    awaitable: bool = False,
) -> tuple[dict[str, Any], Any]:
    """Make the record of a value.

    Args:
        name: The value's name.
        made: The value.
        schema: What it has to be.
        secret_ok: Paths at which it may hold a secret.
        awaitable: Whether what makes it is awaited.

    Returns:
        The record, and the value as it reads back.

    Raises:
        LiveValueError: The value cannot be kept.
    """
    __tracebackhide__ = True
    try:
        encoded, given = values.encode(made, schema, secret_ok=tuple(secret_ok))
    except values.NotKeptError as error:
        raise LiveValueError(name, str(error).removeprefix("milepost: ")) from None
    if encoded.content is not None:
        raise LiveValueError(name, "It is no small plain value.")
    record = {"value": values.record(encoded), "data": encoded.data, "awaitable": awaitable}
    return record, given


def write(run: Run, name: str, record: Mapping[str, Any]) -> None:
    """Write a value's record into the checkpoint of a run.

    Args:
        run: The run.
        name: The value's name.
        record: See ``to_record``.

    Raises:
        MilepostError: The store refuses; the value is not to be handed out.
    """
    __tracebackhide__ = True
    values_by_name = run.document().milepost.setdefault("remembered", {})
    with deferred_signals():
        values_by_name[name] = record
        try:
            run.save()
        except MilepostError:
            del values_by_name[name]  # it is not handed out: the next call makes another
            raise
