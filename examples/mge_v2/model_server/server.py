"""The server: the Messages API, its faults, and the control API beside it."""

from asyncio import StreamReader, StreamWriter
from typing import Final

import h11

from examples.mge_v2.errors import UnknownModelError
from examples.mge_v2.model_server.answers import UnknownPromptError, answer_to
from examples.mge_v2.model_server.calls import ABANDONED, ANSWERED, Call, Calls
from examples.mge_v2.model_server.connection import Arrival, Connection, Headers
from examples.mge_v2.model_server.control import Control
from examples.mge_v2.model_server.delivery import Delivery
from examples.mge_v2.model_server.faults import Fault, FaultKind, Faults
from examples.mge_v2.model_server.messages_api import (
    InvalidRequestError,
    Request,
    error_body,
    events,
    json_body,
    message,
    read_request,
)
from examples.mge_v2.prices import cost_usd

_MESSAGES: Final = "/v1/messages"
# The SDK sends a bearer token since its version 2, the older header before.
_CREDENTIALS: Final = frozenset({"authorization", "x-api-key"})


class ModelServer:
    """Answers clients until it is stopped.

    Args:
        calls: Where calls are counted.
        latency: Seconds from a request to the end of its answer, at least.
    """

    def __init__(self, calls: Calls, latency: float = 0.0) -> None:
        self._calls = calls
        self._faults = Faults()
        self._latency = latency
        self._control = Control(calls, self._faults)

    async def serve_client(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one client's requests until it leaves or is thrown out."""
        connection = Connection(reader, writer)
        try:
            while (arrival := await connection.next_request()) is not None:
                await self._serve(connection, arrival)
                if connection.client_is_gone:
                    return
        except (ConnectionError, h11.ProtocolError):
            return
        finally:
            await connection.close()

    async def _serve(self, connection: Connection, arrival: Arrival) -> None:
        path = arrival.target.partition("?")[0]
        if path.startswith("/control/"):
            await self._control.serve(connection, arrival)
        elif path == _MESSAGES and arrival.method == "POST":
            await self._serve_message(connection, arrival)
        else:
            await _refuse(connection, 404, "not_found_error", f"no {path}")

    async def _serve_message(self, connection: Connection, arrival: Arrival) -> None:
        if not _CREDENTIALS.intersection(arrival.headers):
            await _refuse(connection, 401, "authentication_error", "no API key")
            return
        try:
            request = read_request(arrival.body)
        except InvalidRequestError as error:
            await _refuse(connection, 400, "invalid_request_error", str(error))
            return
        call = await self._calls.begin(request.body, request.prompt)
        outcome = ABANDONED
        try:
            outcome = await self._end(connection, request, call)
        finally:
            await self._calls.end(call, outcome)

    async def _end(self, connection: Connection, request: Request, call: Call) -> str:
        fault = self._faults.take(call.number, request.prompt)
        if fault is not None and await _break_before(connection, fault):
            return fault.kind.value
        try:
            text = answer_to(request.prompt)
            cost_usd(call.model, 0, 0)
        except (UnknownPromptError, UnknownModelError) as error:
            await _refuse(connection, 400, "invalid_request_error", str(error))
            return "refused"
        return await self._answer(connection, request, call, text, fault)

    async def _answer(
        self,
        connection: Connection,
        request: Request,
        call: Call,
        text: str,
        fault: Fault | None,
    ) -> str:
        answer = message(request, text)
        call.input_tokens = answer["usage"]["input_tokens"]
        call.output_tokens = answer["usage"]["output_tokens"]
        parts = list(events(answer)) if request.stream else [json_body(answer)]
        delivery = Delivery(
            connection, answer["id"], stream=request.stream, latency=self._latency
        )
        if fault is not None:
            await delivery.send_half(parts, reset=fault.kind is FaultKind.RESET_BODY)
            return fault.kind.value
        if not await delivery.send(parts):
            return ABANDONED
        call.cost_usd = cost_usd(call.model, call.input_tokens, call.output_tokens)
        return ANSWERED


async def _break_before(connection: Connection, fault: Fault) -> bool:
    """Break a call before its answer; False for the faults that break inside it."""
    match fault.kind:
        case FaultKind.RESET:
            connection.reset()
        case FaultKind.HANG:
            await connection.wait_until_client_leaves()
        case FaultKind.RATE_LIMIT:
            after = ("retry-after", f"{fault.retry_after:g}")
            text = "This request would exceed your rate limit."
            await _refuse(connection, 429, "rate_limit_error", text, [after])
        case FaultKind.OVERLOADED:
            await _refuse(connection, 529, "overloaded_error", "Overloaded")
        case FaultKind.RESET_BODY | FaultKind.TRUNCATE:
            return False
    return True


async def _refuse(
    connection: Connection,
    status: int,
    kind: str,
    text: str,
    headers: Headers | None = None,
) -> None:
    all_headers = [("content-type", "application/json"), *(headers or [])]
    await connection.answer(status, error_body(kind, text), all_headers)
