"""MGE V2, small but real: turn a request into a FastAPI project in seven phases.

The phases are in ``examples.mge_v2.phases``. Importing this package imports nothing,
so that the stand-in model server starts fast.
"""
