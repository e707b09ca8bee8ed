"""What a step can be told: the settings of ``step.with_options(...)``."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from milepost.retry.config import RetryConfig
from milepost.steps.errors import UnlikelyOptionError


@dataclass(frozen=True, kw_only=True)
class StepOptions:
    """The settings of one step.

    Attributes:
        key: Names the step among others of its name; counts beside its inputs, and
            stands in for those that are live.
        ignore: Names of arguments that do not count.
        retry: When to try the step again; not at all where it is left out.
        at_most_once: Never begin it again while it is not known how it ended.
        pure: The function has no effects beside its value.
        check: Called with an answer; what it says false to, or raises for, is refused.
        returns: The type of the value, where the function has no annotation for it;
            ``...`` where it is left out.
        secret_ok: Paths of values that may hold a secret.
    """

    key: str | None = None
    ignore: Collection[str] = ()
    retry: RetryConfig | None = None
    at_most_once: bool = False
    pure: bool = False
    check: Callable[[Any], object] | None = None
    returns: object = ...
    secret_ok: Collection[str] = ()

    def __post_init__(self) -> None:
        if self.at_most_once and self.retry is not None:
            raise UnlikelyOptionError(
                "at_most_once=True and retry= exclude each other.",
                "A step that may run at most once is never tried again by itself.",
                "Leave one of them out.",
            )


def retry_config(retry: RetryConfig | int | None) -> RetryConfig | None:
    """Give the policy for a number of retries, or the policy itself.

    Args:
        retry: A policy, or how many retries after a transient error.

    Raises:
        InvalidRetryError: It is no number of retries.
    """
    if retry is None or isinstance(retry, RetryConfig):
        return retry
    return RetryConfig(max_retries=retry)


def step_key(key: object) -> str | None:
    """Give a key as text.

    Args:
        key: A text or a number; None for none.

    Raises:
        UnlikelyOptionError: It is anything else.
    """
    if key is None or type(key) is str:
        return key
    if type(key) is int:
        return str(key)
    raise UnlikelyOptionError(
        f"{key!r} cannot be the key of a step.",
        f"A key is a text or a whole number; this is {type(key).__qualname__}.",
        "Give what names the step for people: a title, a number, an id.",
    )
