"""step and step_map: durable calls in any code that a phase calls."""

import os
from collections.abc import Callable, Collection, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from typing import Any, Final, ParamSpec, TypeVar, cast, final, overload

from milepost.retry.config import RetryConfig
from milepost.steps.context import context_scope, current_scope
from milepost.steps.elsewhere import count_elsewhere
from milepost.steps.errors import OutsideStepError
from milepost.steps.options import StepOptions, retry_config, step_key
from milepost.steps.scope import Scope

P = ParamSpec("P")
T = TypeVar("T")
I = TypeVar("I")  # noqa: E741 - an item
R = TypeVar("R")


@final
class Step:
    """Runs durable calls inside a phase: what has finished is restored.

    ``milepost.step`` is one. Calling it has the type of the function that it is given.
    Outside of a phase the function is simply called.

    Args:
        options: What holds for the steps called through this object.
    """

    def __init__(self, options: StepOptions | None = None) -> None:
        self._options = options or StepOptions()

    def __call__(
        self, name: str, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Restore a step, or run its function and keep what it returns.

        A step is known again by its name, its key and the content of its inputs. Equal
        steps are told apart by their order: each restores the next that was kept.

        Args:
            name: The step's name.
            fn: A plain or a coroutine function.
            args: Its arguments; what the step depends on.
            kwargs: Its keyword arguments.

        Returns:
            What ``fn`` returns, as it reads back from the journal.

        Raises:
            AmbiguousScopeError: Several phases are active, and the calling thread
                belongs to none of them.
            MilepostError: The step may not run.
            BaseException: What ``fn`` raised.
        """
        __tracebackhide__ = True
        scope = scope_of_step(name)
        if scope is None:
            return fn(*args, **kwargs)
        from milepost.steps.execution import (  # noqa: PLC0415 - production code never needs it
            StepCall,
            StepExecution,
        )

        call = StepCall(name=name, fn=fn, args=args, kwargs=kwargs)
        return cast("T", StepExecution(scope, call, self._options).start())

    def with_options(
        self,
        *,
        key: str | int | None = None,
        ignore: Collection[str] = (),
        retry: RetryConfig | int | None = None,
        at_most_once: bool = False,
        pure: bool = False,
        check: Callable[[Any], object] | None = None,
        returns: object = ...,
        secret_ok: Collection[str] = (),
    ) -> "Step":
        """Give the same callable with other settings.

        Args:
            key: Names the step among others of its name. It counts beside the inputs,
                and stands in for those that have no content to compare: clients,
                sessions, connections.
            ignore: Names of arguments that do not count.
            retry: When to try the step again, or how many retries after a transient
                error; not at all where it is left out.
            at_most_once: Write down that the step begins; if it is not known later how
                it ended, it does not run again until ``milepost resolve`` says so.
            pure: The function has no effects beside its value.
            check: Called with an answer. What it gives false for, or raises for, is
                refused: neither the answer nor the calls made for it are kept.
            returns: The type of the value, for a function without annotation.
            secret_ok: Paths of values that may hold a secret, as in ``$.token``.

        Returns:
            A ``Step``.

        Raises:
            MilepostError: Settings contradict each other, or have impossible values.
        """
        options = StepOptions(
            key=step_key(key),
            ignore=frozenset(ignore),
            retry=retry_config(retry),
            at_most_once=at_most_once,
            pure=pure,
            check=check,
            returns=returns,
            secret_ok=tuple(secret_ok),
        )
        return Step(options)

    def __repr__(self) -> str:
        return "<milepost.step>"


@final
class StepMap:
    """Runs the same step for every item of a list; ``milepost.step_map`` is one.

    Args:
        options: What holds for the steps of the items.
    """

    def __init__(self, options: StepOptions | None = None) -> None:
        self._options = options or StepOptions()

    @overload
    def __call__(  # type: ignore[overload-overlap]
        self,
        name: str,
        fn: Callable[[I], Coroutine[Any, Any, R]],
        items: Iterable[I],
        /,
        *,
        key: Callable[[I], object] | None = None,
        concurrency: int | None = None,
        retry: RetryConfig | int | None = None,
    ) -> Coroutine[Any, Any, list[R]]: ...

    @overload
    def __call__(
        self,
        name: str,
        fn: Callable[[I], R],
        items: Iterable[I],
        /,
        *,
        key: Callable[[I], object] | None = None,
        concurrency: int | None = None,
        retry: RetryConfig | int | None = None,
    ) -> list[R]: ...

    def __call__(
        self,
        name: str,
        fn: Callable[[Any], Any],
        items: Iterable[Any],
        /,
        *,
        key: Callable[[Any], object] | None = None,
        concurrency: int | None = None,
        retry: RetryConfig | int | None = None,
    ) -> Any:
        """Call a function for every item; each call is a step of its own.

        The list is written down before the first item starts. After a failure no other
        item starts, those that run finish, and what has finished is kept.

        Args:
            name: The name of all its steps.
            fn: Called with one item; a plain or a coroutine function.
            items: The items; read to the end before the first one starts.
            key: Gives an item's key, a text or a whole number, which counts beside its
                content; without it items are told apart by content alone.
            concurrency: How many run at once. Where it is left out, plain functions run
                one after the other, and coroutine functions all at once.
            retry: When to try an item again, or how many retries after a transient
                error; the ``step_map``'s own setting where it is left out.

        Returns:
            The results, in the order of the items; for a coroutine function a
            coroutine that gives them.

        Raises:
            EqualKeysError: Two items have one key; nothing was started.
            ExceptionGroup: Items failed; it holds what each of them raised.
        """
        __tracebackhide__ = True
        from milepost.steps.mapping import (  # noqa: PLC0415 - not for every user of step
            StepMapCall,
            check_concurrency,
            keys_of,
        )

        options = self._options
        if retry is not None:
            options = replace(options, retry=retry_config(retry))
        everything = list(items)
        mapping = StepMapCall(
            name=name,
            fn=fn,
            items=everything,
            keys=keys_of(name, everything, key),
            options=options,
            concurrency=check_concurrency(concurrency),
            scope=scope_of_step(name),
        )
        mapping.record_items()
        return mapping.run_async() if _is_async(fn) else mapping.run()

    def with_options(
        self,
        *,
        ignore: Collection[str] = (),
        retry: RetryConfig | int | None = None,
        at_most_once: bool = False,
        pure: bool = False,
        check: Callable[[Any], object] | None = None,
        returns: object = ...,
        secret_ok: Collection[str] = (),
    ) -> "StepMap":
        """Give the same callable with other settings for the step of each item.

        Args:
            ignore: As for ``step.with_options``.
            retry: As for ``step.with_options``.
            at_most_once: As for ``step.with_options``.
            pure: As for ``step.with_options``.
            check: As for ``step.with_options``; called with each result.
            returns: As for ``step.with_options``; the type of one result.
            secret_ok: As for ``step.with_options``.
        """
        options = StepOptions(
            ignore=frozenset(ignore),
            retry=retry_config(retry),
            at_most_once=at_most_once,
            pure=pure,
            check=check,
            returns=returns,
            secret_ok=tuple(secret_ok),
        )
        return StepMap(options)

    def __repr__(self) -> str:
        return "<milepost.step_map>"


def scope_of_step(name: str) -> Scope | None:
    """Give the scope to which a step belongs; None: it is a plain call.

    Args:
        name: The step's name.

    Raises:
        AmbiguousScopeError: Several phases are active, and the context has none.
    """
    __tracebackhide__ = True
    scope = current_scope(name)
    if scope is None or scope.memory.pid != os.getpid():
        count_elsewhere()
        return None
    return scope if scope.path else None


def idempotency_key() -> str:
    """Give a name for the running step that is the same in every attempt and run.

    For providers that take such a key: a call that was in flight when the process died,
    and is repeated, is the same call for them.

    Returns:
        ``milepost-`` and 40 hex digits.

    Raises:
        OutsideStepError: No step is running.
    """
    scope = context_scope()
    names = (each.name_step for each in scope.around()) if scope else iter(())
    name = next(filter(None, names), None)
    if name is None:
        raise OutsideStepError
    return name()


def _is_async(fn: Any) -> bool:
    import inspect  # noqa: PLC0415 - production code never needs it

    while isinstance(fn, partial):
        fn = fn.func
    return inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(
        getattr(fn, "__call__", None)  # noqa: B004 - is that one a coroutine function
    )


step: Final[Step] = Step()
step_map: Final[StepMap] = StepMap()
