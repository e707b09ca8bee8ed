"""What a phase can be told: the settings of ``phase.with_options(...)``."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from milepost.retry.config import RetryConfig


@dataclass(frozen=True, kw_only=True)
class PhaseOptions:
    """The settings of one phase.

    Attributes:
        retry: When to try again; the run's own setting where it is left out.
        timeout: Seconds that an attempt may take; it is cancelled then, and counts as
            failed by a timeout. A plain function cannot be cancelled: its late value
            is kept, and the report says so.
        inputs: What the phase depends on besides its arguments: paths are read,
            values compared.
        ignore: Names of arguments that do not count.
        returns: The type of the value, where the function has no annotation for it;
            ``...`` where it is left out.
        always: Run in every run; the value is live, not stored and no input.
        verify: Called with a restored value; false makes the phase stale.
        secret_ok: Paths of values that may hold a secret.
        after: The inputs are the values of the phases completed before, and not what
            the function carries with it.
    """

    retry: RetryConfig | None = None
    timeout: float | None = None
    inputs: Sequence[object] = ()
    ignore: Collection[str] = ()
    returns: object = ...
    always: bool = False
    verify: Callable[[Any], object] | None = None
    secret_ok: Collection[str] = ()
    after: bool = False


@dataclass(frozen=True, kw_only=True)
class Call:
    """A phase as it was called.

    Attributes:
        name: The phase's name.
        fn: Its function.
        args: The positional arguments.
        kwargs: The keyword arguments.
    """

    name: str
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
