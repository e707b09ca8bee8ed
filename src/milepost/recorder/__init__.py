"""Calls of language models remembered: seen in the HTTP client, kept in the journal."""

from milepost.recorder.installation import start, stop

__all__ = ["start", "stop"]
