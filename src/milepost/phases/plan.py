"""How a run treats what it finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from milepost.retry.config import RetryConfig


@dataclass(kw_only=True)
class Plan:
    """How a run treats what it finds.

    Attributes:
        test_name: The title shown to people.
        user_request: What the test asks of the system.
        identity: What makes the test this test; None for a checkpoint that the test
            made itself.
        mode: ``resume``, ``fresh``, ``require-fresh`` or ``offline``.
        requires_fresh: A test that restored anything fails.
        drop_from: Begin again at this phase.
        retry: When to try a phase again.
        keep: ``failed`` or ``all``.
        time_left: Tells the seconds until the deadline; None without one.
        tests: What a new checkpoint of a scope says of its tests.
        record: Whether HTTP calls of LLM SDKs are remembered.
        record_hosts: Hosts and base URLs beside those of the known LLM endpoints.
        record_ignore: Regular expressions of what does not count in a request.
        max_cost_usd: What the test may cost, over all its runs, in USD; None for no limit.
        purse: The file of the budget that the session's processes share.
    """

    test_name: str = ""
    user_request: str = ""
    identity: Mapping[str, Any] | None = None
    mode: str = "resume"
    requires_fresh: bool = False
    drop_from: str = ""
    retry: RetryConfig = field(default_factory=RetryConfig)
    keep: str = "failed"
    time_left: Callable[[], float | None] = lambda: None
    tests: Mapping[str, str] = field(default_factory=dict)
    record: bool = False
    record_hosts: tuple[str, ...] = ()
    record_ignore: tuple[str, ...] = ()
    max_cost_usd: float | None = None
    purse: Path | None = None

    @property
    def starts_over(self) -> bool:
        """Tell whether what is kept is set aside."""
        return self.mode in ("fresh", "require-fresh")
