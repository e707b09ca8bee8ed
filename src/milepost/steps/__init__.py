"""Durable calls inside a phase: what has finished is restored, whatever broke."""

from milepost.steps.durable import Step, StepMap, idempotency_key, step, step_map
from milepost.steps.scope import bind

__all__ = ["Step", "StepMap", "bind", "idempotency_key", "step", "step_map"]
