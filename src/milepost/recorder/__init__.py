"""Calls of language models remembered: seen in the HTTP client, kept in the journal."""

from milepost.recorder.installation import finish, start, stop

__all__ = ["finish", "start", "stop"]
