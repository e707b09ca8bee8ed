"""The calls that were served: counted, named, priced, and kept if asked."""

import asyncio
import dataclasses
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

BEGUN: Final = "begun"
ANSWERED: Final = "answered"
ABANDONED: Final = "abandoned"

_PHASE: Final = re.compile(r"^Phase: (\S+)$", re.MULTILINE)
_TARGET: Final = re.compile(r"^Target file: (\S+)$", re.MULTILINE)


@dataclass(slots=True)
class Call:
    """One call to the Messages API.

    Args:
        number: From 1, in the order of arrival.
        phase: The phase that its prompt names.
        target: The file that its prompt asks for, if any.
        key: A hash of the request's body: equal calls have equal keys.
        model: The model that it asked for.
        stream: Whether it asked for a stream.
        outcome: ``begun``, ``answered`` (the whole answer went to a client that was
            still there), ``refused``, ``abandoned`` (the client left) or a kind of
            fault.
        input_tokens: Tokens of the prompt.
        output_tokens: Tokens of the answer.
        cost_usd: What the answer costs; 0 unless answered.
    """

    number: int
    phase: str
    target: str
    key: str
    model: str
    stream: bool
    outcome: str = BEGUN
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def completed(self) -> bool:
        """Whether the whole answer went out."""
        return self.outcome == ANSWERED


class Calls:
    """All calls, in memory and, if asked, in a file that survives a restart.

    Args:
        state: The file: a JSON line for each change of a call; the last one counts.
    """

    def __init__(self, state: Path | None = None) -> None:
        self._state = state
        self._calls: dict[int, Call] = {}
        self._changed = asyncio.Condition()
        if state is not None and state.exists():
            self._read(state)

    def _read(self, state: Path) -> None:
        for line in state.read_text(encoding="utf-8").splitlines():
            call = Call(**json.loads(line))
            self._calls[call.number] = call

    async def begin(self, body: dict[str, Any], prompt: str) -> Call:
        """Count a call that has arrived.

        Args:
            body: The request's body.
            prompt: All text in it.
        """
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
        call = Call(
            number=len(self._calls) + 1,
            phase=_first(_PHASE, prompt),
            target=_first(_TARGET, prompt),
            key=hashlib.sha256(canonical.encode()).hexdigest()[:16],
            model=str(body.get("model", "")),
            stream=bool(body.get("stream")),
        )
        await self._keep(call)
        return call

    async def end(self, call: Call, outcome: str) -> None:
        """Say how a call ended."""
        call.outcome = outcome
        await self._keep(call)

    async def _keep(self, call: Call) -> None:
        self._calls[call.number] = call
        if self._state is not None:
            with self._state.open("a", encoding="utf-8") as state:
                state.write(json.dumps(dataclasses.asdict(call)) + "\n")
        async with self._changed:
            self._changed.notify_all()

    async def wait_for(self, begun: int, seconds: float) -> bool:
        """Wait until so many calls have begun.

        Args:
            begun: The number of calls.
            seconds: The longest wait.

        Returns:
            Whether they have.
        """
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: len(self._calls) >= begun)
        except TimeoutError:
            return False
        return True

    def clear(self) -> None:
        """Forget all calls, on the disk too."""
        self._calls = {}
        if self._state is not None:
            self._state.unlink(missing_ok=True)

    def report(self) -> dict[str, Any]:
        """Describe all calls, with their sums."""
        calls = [self._calls[number] for number in sorted(self._calls)]
        return {
            "begun": len(calls),
            "completed": sum(call.completed for call in calls),
            "cost_usd": round(sum(call.cost_usd for call in calls if call.completed), 6),
            "calls": [
                dataclasses.asdict(call) | {"completed": call.completed} for call in calls
            ],
        }


def _first(pattern: re.Pattern[str], prompt: str) -> str:
    found = pattern.search(prompt)
    return found.group(1) if found else ""
