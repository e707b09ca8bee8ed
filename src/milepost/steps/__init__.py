"""Durable calls inside a phase: what has finished is restored, whatever broke."""

from milepost.steps.context import bind
from milepost.steps.durable import Step, StepMap, idempotency_key, step, step_map

__all__ = ["Step", "StepMap", "bind", "idempotency_key", "step", "step_map"]
