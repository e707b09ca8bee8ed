"""What can go wrong in the pipeline itself."""


class PipelineError(Exception):
    """Base of the pipeline's own errors."""


class MissingRowsError(PipelineError, LookupError):
    """A phase was given an id that the database does not know."""

    def __init__(self, kind: str, identifier: str) -> None:
        super().__init__(
            f"{kind} {identifier} is not in the database: the phase that makes it "
            "has not run, or ran against another database."
        )


class NoModelError(PipelineError):
    """Neither a provider's key nor a stand-in's address is set."""

    def __init__(self) -> None:
        super().__init__(
            "no model to ask: set ANTHROPIC_API_KEY, or MGE_MODEL_URL to the address "
            "of a running stand-in (python -m examples.mge_v2.model_server)."
        )


class UnknownModelError(PipelineError, LookupError):
    """A model has no price, so that its cost could not be told."""

    def __init__(self, model: str, known: list[str]) -> None:
        super().__init__(f"no price for {model!r}; known: {', '.join(known)}.")


class InvalidAnswerError(PipelineError, ValueError):
    """The model answered something that cannot be used."""

    def __init__(self, label: str, reason: str) -> None:
        super().__init__(f"the answer to {label} cannot be used: {reason}")


class StreamCutError(PipelineError, ConnectionAbortedError):
    """A streamed answer ended cleanly, but before its end.

    The SDK hands out such an answer as if it were whole.
    """

    def __init__(self, label: str) -> None:
        super().__init__(f"the stream of the answer to {label} ended before its end")


class InvalidAtomsError(PipelineError):
    """Atoms did not pass their checks."""

    def __init__(self, failures: list[str]) -> None:
        shown = "\n  ".join(failures[:10])
        super().__init__(f"{len(failures)} atoms failed:\n  {shown}")


class DamagedProjectError(PipelineError):
    """A file of the project is not what was generated."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
