"""Checkpoints of a class, a module and a session."""
