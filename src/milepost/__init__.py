"""Long, expensive end-to-end tests continue where they broke."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
    from milepost.errors import MilepostError
    from milepost.manager import CheckpointManager
    from milepost.phases import Phase
    from milepost.retry import PhaseRetryHandler, RetryConfig
    from milepost.steps import Step, StepMap, bind, idempotency_key, step, step_map

__all__ = [
    "CheckpointManager",
    "MilepostError",
    "Phase",
    "PhaseCheckpoint",
    "PhaseRetryHandler",
    "PhaseStatus",
    "RetryConfig",
    "Step",
    "StepMap",
    "TestCheckpoint",
    "bind",
    "idempotency_key",
    "step",
    "step_map",
]

_HOMES = {
    "CheckpointManager": "manager",
    "MilepostError": "errors",
    "Phase": "phases",
    "PhaseCheckpoint": "checkpoint",
    "PhaseRetryHandler": "retry",
    "PhaseStatus": "checkpoint",
    "RetryConfig": "retry",
    "Step": "steps",
    "StepMap": "steps",
    "TestCheckpoint": "checkpoint",
    "bind": "steps",
    "idempotency_key": "steps",
    "step": "steps",
    "step_map": "steps",
}


def __getattr__(name: str) -> Any:
    # Every pytest run on the machine imports this package with the plugin, so what is
    # public is loaded when it is asked for.
    if name not in _HOMES:
        message = f"module 'milepost' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - see above

    return getattr(import_module(f"milepost.{_HOMES[name]}"), name)
