"""Values made once and kept until the test passes."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from milepost import values
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
        kept = _find(run, name)
        if kept is not None:
            return cast("T", _restore(kept, schema))
        made = make()
        if inspect.isawaitable(made):
            return cast("T", _await_and_keep(run, name, made, schema, options))
        return cast("T", _keep(run, name, made, schema, options))


def _find(run: Run, name: str) -> Mapping[str, Any] | None:
    checkpoint = run.checkpoint
    remembered = checkpoint.milepost.get("remembered", {}) if checkpoint else {}
    found: Mapping[str, Any] | None = remembered.get(name)
    return found


def _restore(kept: Mapping[str, Any], schema: Schema | None) -> Any:
    value = values.decode(kept["data"], kept["value"], schema)
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
        kept = _find(run, name)
        if kept is not None:
            return values.decode(kept["data"], kept["value"], schema)
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
    try:
        encoded, given = values.encode(made, schema, secret_ok=admitted)
    except values.NotKeptError as error:
        raise LiveValueError(name, str(error).removeprefix("milepost: ")) from None
    if encoded.content is not None:
        raise LiveValueError(name, "It is no small plain value.")
    document = run.document()
    record = {"value": values.record(encoded), "data": encoded.data, "awaitable": awaitable}
    remembered = document.milepost.setdefault("remembered", {})
    with deferred_signals():
        remembered[name] = record
        try:
            run.save()
        except MilepostError:
            del remembered[name]  # it is not handed out: the next call makes another
            raise
    return given
