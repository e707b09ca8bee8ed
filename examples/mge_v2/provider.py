"""Which model is asked, and how."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from examples.mge_v2.errors import NoModelError
from examples.mge_v2.prices import price_of

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic

DEFAULT_MODEL: Final = "claude-sonnet-5-5"
STAND_IN_KEY: Final = "stand-in"


@dataclass(frozen=True)
class Provider:
    """How to reach a model; plain values, no key among them.

    Args:
        base_url: The address of a stand-in; None is the real provider, whose key the
            SDK reads from ``ANTHROPIC_API_KEY``.
        model: The model's name; it must have a price.
        max_retries: How often the SDK itself tries again. 0, because whoever runs a
            phase decides about retries.
        timeout_seconds: The longest silence on a connection.
        parallel_calls: How many calls are in flight at most.
    """

    base_url: str | None = None
    model: str = DEFAULT_MODEL
    max_retries: int = 0
    timeout_seconds: float = 300.0
    parallel_calls: int = 4

    def __post_init__(self) -> None:
        """Refuse a model without a price before anything is spent."""
        price_of(self.model)

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings from the environment.

        ``MGE_MODEL_URL`` names a stand-in and wins; without it the real provider is
        asked. ``MGE_MODEL``, ``MGE_MAX_RETRIES``, ``MGE_TIMEOUT_SECONDS`` and
        ``MGE_PARALLEL_CALLS`` set the rest.

        Raises:
            NoModelError: There is neither a stand-in nor a key.
        """
        base_url = os.environ.get("MGE_MODEL_URL") or None
        if base_url is None and not os.environ.get("ANTHROPIC_API_KEY"):
            raise NoModelError
        return cls(
            base_url=base_url,
            model=os.environ.get("MGE_MODEL", cls.model),
            max_retries=int(os.environ.get("MGE_MAX_RETRIES", cls.max_retries)),
            timeout_seconds=float(
                os.environ.get("MGE_TIMEOUT_SECONDS", cls.timeout_seconds)
            ),
            parallel_calls=int(os.environ.get("MGE_PARALLEL_CALLS", cls.parallel_calls)),
        )

    def client(self) -> "AsyncAnthropic":
        """Open the SDK's client; close it with ``async with``."""
        import anthropic  # noqa: PLC0415 - takes two seconds; not every phase asks

        if self.base_url is None:
            return anthropic.AsyncAnthropic(
                max_retries=self.max_retries, timeout=self.timeout_seconds
            )
        return anthropic.AsyncAnthropic(
            api_key=STAND_IN_KEY,
            base_url=self.base_url,
            max_retries=self.max_retries,
            timeout=self.timeout_seconds,
            http_client=anthropic.DefaultAsyncHttpxClient(trust_env=False),
        )
