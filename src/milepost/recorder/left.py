"""Calls that go on though nobody awaits them: their client stays open so long."""

from typing import Any, Final

from milepost import clock
from milepost.recorder.pump import Pump

_PUMPS: Final = "_milepost_pumps"


def remember(client: Any, pump: Pump) -> None:
    """Note that a call goes through a client.

    Args:
        client: What its user may close.
        pump: The call.
    """
    pumps = [each for each in getattr(client, _PUMPS, ()) if not each.has_ended]
    object.__setattr__(client, _PUMPS, [*pumps, pump])


async def await_left_calls(client: Any) -> None:
    """Wait until the calls of a client have ended that nobody awaits, before it closes.

    Args:
        client: What is to be closed.
    """
    pumps = [pump for pump in getattr(client, _PUMPS, ()) if pump.is_left]
    if not pumps:
        return
    drain = max(pump.exchange.scope.memory.settings.drain for pump in pumps)
    deadline = clock.monotonic() + drain
    for pump in pumps:
        await pump.finished(max(0.0, deadline - clock.monotonic()))
