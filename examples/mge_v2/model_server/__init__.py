"""A stand-in for a model: the Messages API over real sockets, without a model.

It knows the answers to the prompts of one project and takes them from files; what it
says depends on the prompt alone. Faults can be ordered from it, and it counts its calls.
"""
