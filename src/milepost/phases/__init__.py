"""Run a phase or restore it: the heart."""

from milepost.phases.phase import Phase

__all__ = ["Phase"]
