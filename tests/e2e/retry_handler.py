"""The retry module at the place where the original system has it."""

from milepost.origin import (
    RETRYABLE_EXCEPTIONS,
    ConnectionError,  # noqa: A004 - the original's public name
    RateLimitError,
    RetryableError,
    TimeoutError,  # noqa: A004 - the original's public name
    TransientAPIError,
    calculate_backoff_delay,
    execute_phase_with_retry,
    phase_with_retry,
    retry_with_backoff,
)
from milepost.retry import PhaseRetryHandler, RetryConfig

__all__ = [
    "RETRYABLE_EXCEPTIONS",
    "ConnectionError",
    "PhaseRetryHandler",
    "RateLimitError",
    "RetryConfig",
    "RetryableError",
    "TimeoutError",
    "TransientAPIError",
    "calculate_backoff_delay",
    "execute_phase_with_retry",
    "phase_with_retry",
    "retry_with_backoff",
]
