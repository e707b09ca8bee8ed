"""When to try a phase again, and how long to wait."""

from milepost.retry.config import InvalidRetryError, RetryConfig
from milepost.retry.decision import AttemptListener
from milepost.retry.handler import PhaseRetryHandler, call, call_async

__all__ = [
    "AttemptListener",
    "InvalidRetryError",
    "PhaseRetryHandler",
    "RetryConfig",
    "call",
    "call_async",
]
