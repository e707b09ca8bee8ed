"""Start, control and stop the stand-in model server from a test or a demo."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from examples.mge_v2.errors import PipelineError
from examples.mge_v2.provider import Provider

_ROOT: Final = Path(__file__).resolve().parents[2]
_CONTROL_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 10.0


class StandInError(PipelineError):
    """The stand-in did not start, or refused an order."""


class StandIn:
    """A running stand-in, wherever it was started.

    Args:
        url: Its address, as ``MGE_MODEL_URL`` holds it.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def fault(
        self,
        kind: str,
        *,
        call: int | None = None,
        match: str | None = None,
        times: int = 1,
        retry_after: float = 1.0,
    ) -> None:
        """Let calls break.

        Args:
            kind: ``reset``, ``reset_body``, ``rate_limit``, ``overloaded``, ``hang`` or
                ``truncate``.
            call: The number of the first call that breaks, from 1; None is the next.
            match: Only calls whose prompt holds this text.
            times: How many calls break.
            retry_after: Seconds that a ``rate_limit`` asks to wait.
        """
        order = {"kind": kind, "call": call, "match": match, "times": times}
        self._ask("POST", "/control/faults", order | {"retry_after": retry_after})

    def report(self) -> dict[str, Any]:
        """Tell what was served.

        Returns:
            ``begun``, ``completed``, ``cost_usd`` (of the completed) and ``calls``: one
            a call with ``number``, ``phase``, ``target``, ``key``, ``outcome``,
            ``completed``, tokens and cost.
        """
        return self._ask("GET", "/control/calls")

    def wait_for_call(self, number: int, timeout: float) -> bool:
        """Wait until a call has begun.

        Args:
            number: The number of the call.
            timeout: The longest wait, in seconds.

        Returns:
            Whether it has.
        """
        path = f"/control/wait?begun={number}&timeout={timeout}"
        return bool(self._ask("GET", path, wait=timeout)["arrived"])

    def reset(self) -> None:
        """Forget all calls and all faults that wait."""
        self._ask("POST", "/control/reset")

    def provider(self, **settings: Any) -> Provider:
        """Describe this stand-in as a provider.

        Args:
            settings: Other fields of ``Provider``.
        """
        return Provider(base_url=self.url, **settings)

    def _ask(
        self, method: str, path: str, content: object = None, wait: float = 0.0
    ) -> dict[str, Any]:
        address = urlsplit(self.url)
        client = HTTPConnection(
            str(address.hostname), address.port, timeout=wait + _CONTROL_SECONDS
        )
        try:
            body = None if content is None else json.dumps(content)
            client.request(method, path, body)
            response = client.getresponse()
            answer: dict[str, Any] = json.loads(response.read())
        finally:
            client.close()
        if response.status != 200:
            raise StandInError(f"{method} {path}: {answer}")
        return answer


@contextmanager
def running_stand_in(
    *, latency: float = 0.0, state: Path | None = None
) -> Iterator[StandIn]:
    """Run a stand-in as a child process; it ends with this process, however that ends.

    Args:
        latency: Seconds that each answer takes, at least.
        state: A file that keeps the calls, so that a later stand-in counts on.

    Raises:
        StandInError: It does not start.
    """
    with tempfile.TemporaryFile() as log:
        process = _start(latency, state, log.fileno())
        try:
            yield StandIn(f"http://127.0.0.1:{_port(process, log)}")
        finally:
            _stop(process)


@contextmanager
def available_model(*, latency: float = 0.0) -> Iterator[Provider]:
    """Find the model to ask: a shared stand-in, the real provider, or an own stand-in.

    ``MGE_MODEL_URL`` wins, so that several test runs can share one stand-in; then
    ``ANTHROPIC_API_KEY``; without both a stand-in runs until the block ends.

    Args:
        latency: For an own stand-in: seconds that each answer takes, at least.
    """
    if os.environ.get("MGE_MODEL_URL") or os.environ.get("ANTHROPIC_API_KEY"):
        yield Provider.from_environment()
        return
    with running_stand_in(latency=latency) as stand_in:
        yield stand_in.provider()


def _start(latency: float, state: Path | None, log: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "examples.mge_v2.model_server"]
    command += ["--latency", str(latency), "--parent", str(os.getpid())]
    if state is not None:
        command += ["--state", str(state.resolve())]
    return subprocess.Popen(
        command,
        cwd=_ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def _port(process: "subprocess.Popen[str]", log: Any) -> int:
    first = process.stdout.readline() if process.stdout else ""
    if not first:
        process.wait(_STOP_SECONDS)
        log.seek(0)
        said = log.read().decode(errors="replace")
        raise StandInError(f"the stand-in did not start: {said}")
    return int(json.loads(first)["port"])


def _stop(process: "subprocess.Popen[str]") -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout:
        process.stdout.close()
