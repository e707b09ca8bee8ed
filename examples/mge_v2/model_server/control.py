"""The control API: order faults, look at the calls, wait for one, start over."""

import json
from typing import Final
from urllib.parse import parse_qs, urlsplit

from examples.mge_v2.model_server.calls import Calls
from examples.mge_v2.model_server.connection import Arrival, Connection
from examples.mge_v2.model_server.faults import Fault, Faults

_LONGEST_WAIT_SECONDS: Final = 300.0


class Control:
    """Answers what is asked below ``/control/``.

    Args:
        calls: The calls to report.
        faults: Where ordered faults wait.
    """

    def __init__(self, calls: Calls, faults: Faults) -> None:
        self._calls = calls
        self._faults = faults

    async def serve(self, connection: Connection, arrival: Arrival) -> None:
        """Answer one request."""
        url = urlsplit(arrival.target)
        match arrival.method, url.path:
            case "POST", "/control/faults":
                await self._order(connection, arrival.body)
            case "POST", "/control/reset":
                self._faults.clear()
                self._calls.clear()
                await connection.answer_json(200, {})
            case "GET", "/control/calls":
                await connection.answer_json(200, self._calls.report())
            case "GET", "/control/wait":
                await self._wait(connection, parse_qs(url.query))
            case _:
                await connection.answer_json(404, {"error": f"no {url.path}"})

    async def _order(self, connection: Connection, body: bytes) -> None:
        try:
            fault = Fault.read(dict(json.loads(body)))
        except (TypeError, ValueError) as error:
            await connection.answer_json(400, {"error": str(error)})
            return
        self._faults.order(fault)
        await connection.answer_json(200, {"waiting": len(self._faults.waiting)})

    async def _wait(self, connection: Connection, query: dict[str, list[str]]) -> None:
        try:
            begun = int(query["begun"][0])
            timeout = min(float(query["timeout"][0]), _LONGEST_WAIT_SECONDS)
        except (KeyError, ValueError):
            text = "begun and timeout must be numbers"
            await connection.answer_json(400, {"error": text})
            return
        arrived = await self._calls.wait_for(begun, timeout)
        await connection.answer_json(200, {"arrived": arrived})
