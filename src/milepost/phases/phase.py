"""Phase: run a named part of a test, or restore it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast, final

from milepost.phases.cleaning import register
from milepost.phases.directory import directory_of
from milepost.phases.execution import Execution
from milepost.phases.off import Off
from milepost.phases.options import Call, PhaseOptions
from milepost.phases.remembering import remember
from milepost.phases.run import Run
from milepost.phases.spending import add_cost
from milepost.retry.config import RetryConfig

P = ParamSpec("P")
T = TypeVar("T")


@final
class Phase:
    """Runs the phases of one test; what has finished is restored.

    The fixtures ``phase`` and ``milepost`` give one. Calling it has the type of the
    function that it is given: for a coroutine function the result is to be awaited.

    Args:
        run: The run of the test; where milepost is off, and phases just run, what stands
            in for it.
        options: What holds for the phases called through this object.
    """

    def __init__(self, run: Run | Off, options: PhaseOptions | None = None) -> None:
        self._run = run
        self._options = options or PhaseOptions()

    def __call__(
        self, name: str, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Restore a phase, or run its function and keep what it returns.

        Args:
            name: The phase's name; once in a run.
            fn: A plain or a coroutine function.
            args: Its arguments; what the phase depends on.
            kwargs: Its keyword arguments.

        Returns:
            What ``fn`` returns, as it reads back from the checkpoint.

        Raises:
            MilepostError: The phase may not run, or its value has no place.
            BaseException: What ``fn`` raised in its last attempt.
        """
        __tracebackhide__ = True
        if isinstance(self._run, Off):
            return fn(*args, **kwargs)
        call = Call(name=name, fn=fn, args=args, kwargs=kwargs)
        return cast("T", Execution(self._run, call, self._options).start())

    def with_options(
        self,
        *,
        retry: RetryConfig | None = None,
        timeout: float | None = None,
        inputs: Sequence[object] = (),
        ignore: Collection[str] = (),
        returns: object = ...,
        always: bool = False,
        verify: Callable[[Any], object] | None = None,
        secret_ok: Collection[str] = (),
    ) -> "Phase":
        """Give the same callable with other settings.

        Args:
            retry: When to try again.
            timeout: Seconds that an attempt may take. A coroutine is cancelled then,
                and the attempt failed by a timeout; the late value of a plain
                function, which cannot be cancelled, is kept and reported.
            inputs: What the phase depends on besides its arguments: a ``Path`` is
                read, a file or a folder; anything else is compared as a value.
            ignore: Names of arguments that do not count.
            returns: The type of the value, for a function without annotation.
            always: Run in every run; the value is live: not stored, no input of
                other phases.
            verify: Called with a restored value; false makes the phase stale. If it
                raises, nobody could look: the test fails before anything is spent.
            secret_ok: Paths of values that may hold a secret, as in ``$.token``.

        Returns:
            A ``Phase`` of the same test.
        """
        options = PhaseOptions(
            retry=retry,
            timeout=timeout,
            inputs=tuple(inputs),
            ignore=frozenset(ignore),
            returns=returns,
            always=always,
            verify=verify,
            secret_ok=tuple(secret_ok),
            after=self._options.after,
        )
        return Phase(self._run, options)

    def remember(self, name: str, make: Callable[[], T], /) -> T:
        """Make a value once and keep it until the test passes.

        Args:
            name: The value's name; once in a test.
            make: Makes it, where it is not kept yet; plain or a coroutine function.

        Returns:
            What ``make`` returned, in this run or in an earlier one.

        Raises:
            LiveValueError: The value cannot be kept.
        """
        __tracebackhide__ = True
        if isinstance(self._run, Off):
            return make()
        return remember(self._run, name, make, self._options)

    def add_cost(self, *, usd: float = 0.0, tokens: int = 0) -> None:
        """Record what the running phase cost, where milepost cannot see it.

        Args:
            usd: Money, in USD.
            tokens: Tokens bought.
        """
        __tracebackhide__ = True
        if isinstance(self._run, Run):
            add_cost(self._run, usd=usd, tokens=tokens)

    def cleanup(
        self, fn: Callable[P, object], /, *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Have a function called when the checkpoint goes, and not before.

        It goes when the test has passed, when ``--milepost=fresh`` starts over, and with
        ``milepost rm``; after a failure it stays, and so does what is to be cleaned up.
        The last one registered is called first. The same call registered again, in the
        next run, is the same clean-up.

        Args:
            fn: A plain or a coroutine function. It must bear being called twice: a
                process may die between the call and its record. Only one at the top
                level of a module can be written down for other processes.
            args: Its arguments; plain data and paths can be written down.
            kwargs: Its keyword arguments.

        Raises:
            MilepostError: The test has ended, or the store refuses.
        """
        __tracebackhide__ = True
        if isinstance(self._run, Off):
            self._run.cleanup(partial(fn, *args, **kwargs))
        else:
            register(self._run, fn, args, kwargs)

    @property
    def directory(self) -> Path:
        """Give a folder that is kept with the checkpoint: the same path in every run.

        It goes when the checkpoint goes. What a failed attempt left in it is there when
        the phase runs again; what a finished phase left in it is durable.

        Raises:
            MilepostError: The test has ended, or the store refuses.
        """
        __tracebackhide__ = True
        if isinstance(self._run, Off):
            return self._run.directory
        return directory_of(self._run)

    def after_completed(self) -> "Phase":
        """Give the form of the original system: inputs are the values before it."""
        return Phase(self._run, replace(self._options, after=True))

    def __repr__(self) -> str:
        of = self._run.test_id if isinstance(self._run, Run) else "no checkpoint"
        return f"<Phase of {of}>"
