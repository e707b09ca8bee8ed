"""One call: looked for, sent, judged as it comes, kept before its caller has it all.

What is alike for all clients, blocking or not. The adapters move the bytes.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from milepost import clock
from milepost.errors import MilepostError
from milepost.recorder import unread
from milepost.recorder.answer import Answer, from_record
from milepost.recorder.arrived import Arrived
from milepost.recorder.discretion import holds_secret
from milepost.recorder.errors import OfflineCallError
from milepost.recorder.misses import note_miss
from milepost.recorder.purchase import read_purchase, worst_case
from milepost.recorder.request import Asked, abridged
from milepost.recorder.stacked import sdk_retries

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.flights import Flight
    from milepost.steps.scope import Scope

KIND: Final = "call"


class Exchange:
    """One call of a model.

    Args:
        scope: Where it belongs.
        asked: What it asks.

    Attributes:
        arrived: What of its answer has come; None before its head.
        is_settled: It is known what becomes of it; nothing more is written.
    """

    def __init__(self, scope: "Scope", asked: Asked) -> None:
        self.scope = scope
        self.asked = asked
        self.arrived: Arrived | None = None
        self.is_settled = False
        self._flight: Flight | None = None
        self._reservation: Any = None
        self._sent: Record | None = None
        self._is_left = False
        self._began = 0.0
        self._usd: float | None = None

    # What is there already

    def find(self) -> Answer | None:
        """Give the answer that is kept; an equal call that nobody awaits is awaited."""
        __tracebackhide__ = True
        unread.keep_over(self.asked.key)
        while (answer := self._take()) is None:
            flight = self._abandoned()
            if flight is None or flight.is_of_this_thread:
                return None
            if not flight.wait(self._patience):
                return None
        return answer

    async def find_async(self) -> Answer | None:
        """Give the answer that is kept, as ``find`` does."""
        __tracebackhide__ = True
        unread.keep_over(self.asked.key)
        while (answer := self._take()) is None:
            flight = self._abandoned()
            if flight is None or not await flight.wait_async(self._patience):
                return None
        return answer

    @property
    def _patience(self) -> float:
        return max(self.scope.memory.settings.drain, 1.0)

    def _abandoned(self) -> "Flight | None":
        return self.scope.flights.abandoned(KIND, self.asked.key, self.scope)

    def _take(self) -> Answer | None:
        record = self.scope.take(KIND, self.asked.key)
        if record is None:
            return None
        try:
            answer = from_record(self.scope, record.body)
        except (MilepostError, KeyError, TypeError, ValueError, OSError) as error:
            self.scope.note(f"a remembered call cannot be read, and is made again: {error}")
            return self._take()
        self.scope.count("calls_replayed")
        return answer

    # Going out

    def open(self) -> None:
        """Say that the call goes out.

        Raises:
            MilepostError: It may not: the budget, an offline run, the store.
        """
        __tracebackhide__ = True
        self._prepare()
        budget = self.scope.memory.budget
        worst = self._worst()
        self._reservation = budget.reserve(worst) if budget is not None else None
        try:
            self._depart()
            self._sent = self.scope.keep("sent", "", self._sending(worst), sync=False)
        except BaseException:
            self._settle(sold=False)
            raise

    async def open_async(self) -> None:
        """Say that the call goes out, as ``open`` does."""
        __tracebackhide__ = True
        self._prepare()
        budget = self.scope.memory.budget
        worst = self._worst()
        if budget is not None:
            self._reservation = await budget.reserve_async(worst)
        try:
            self._depart(is_task=True)
            body = self._sending(worst)
            self._sent = await self.scope.keep_async("sent", "", body, sync=False)
        except BaseException:
            self._settle(sold=False)
            raise

    def _prepare(self) -> None:
        __tracebackhide__ = True
        memory = self.scope.memory
        if memory.host.is_offline:
            raise OfflineCallError(self.asked.url)
        memory.sdk_retries = max(memory.sdk_retries, sdk_retries())
        note_miss(self.scope, self.asked)

    def _worst(self) -> float | None:
        return worst_case(self.asked.url, self.asked.content)

    def _depart(self, *, is_task: bool = False) -> None:
        self._flight = self.scope.flights.begin(KIND, self.asked.key, self.scope)
        self._flight.is_task = is_task
        self._began = clock.monotonic()

    def _sending(self, worst: float | None) -> dict[str, Any]:
        return {"url": self._shown_url, "worst_usd": worst}

    @property
    def _shown_url(self) -> str:
        """Give the address; one that holds a secret is not written."""
        return "" if holds_secret(self.asked.url, None) else self.asked.url

    # Coming back

    def answered(
        self, status: int, headers: Iterable[tuple[str, str]], *, decoded: bool = False
    ) -> bool:
        """Take the head of the answer.

        Args:
            status: The HTTP status.
            headers: Its headers.
            decoded: Whether the client gives the body without its encoding.

        Returns:
            Whether its body is worth reading: whether it is a success.
        """
        wants = self.asked.wants_stream
        self.arrived = Arrived(status, headers, wants_stream=wants, decoded=decoded)
        return 200 <= status < 300

    def feed(self, data: bytes) -> bool:
        """Take the next bytes of the body.

        Returns:
            Whether the answer is at its end, so that it has to be kept before these
            bytes go on to the caller.
        """
        if self.arrived is None or self.is_settled:
            return False
        self.arrived.feed(data)
        return self.arrived.is_over

    def end(self) -> bool:
        """Take the end of the body; as ``feed``."""
        if self.arrived is None or self.is_settled:
            return False
        self.arrived.end()
        return True

    @property
    def is_soft(self) -> bool:
        """Tell whether the answer is complete, and only bookkeeping may follow."""
        return self.arrived is not None and self.arrived.is_soft and not self.is_settled

    # Keeping

    def keep(self) -> None:
        """Write what came; afterwards nothing of it can be lost."""
        if self.is_settled:
            return
        try:
            kind, key, body = self._record()
            self._write(kind, key, body)
        finally:
            self._settle(sold=True)

    async def keep_async(self) -> None:
        """Write what came, as ``keep`` does."""
        if self.is_settled:
            return
        try:
            kind, key, body = self._record()
            await self._write_async(kind, key, body)
        finally:
            self._settle(sold=True)

    def _write(self, kind: str, key: str, body: dict[str, Any]) -> None:
        try:
            if body:
                self._bought(self.scope.keep(kind, key, body))
        except MilepostError as error:
            self._lost(error)

    async def _write_async(self, kind: str, key: str, body: dict[str, Any]) -> None:
        try:
            if body:
                self._bought(await self.scope.keep_async(kind, key, body))
        except MilepostError as error:
            self._lost(error)

    def _bought(self, record: "Record") -> None:
        if record.kind != KIND:
            return
        self.scope.count("calls_bought")
        if self._is_left:
            # Nobody has had the answer: who asks again in this attempt gets it.
            with self.scope.memory.lock:
                for scope in self.scope.around():
                    scope.used.pop(record.id, None)

    def _lost(self, error: MilepostError) -> None:
        with suppress(MilepostError):
            self.scope.note(f"an answer was not kept, and is bought again: {error.what}")

    def _record(self) -> tuple[str, str, dict[str, Any]]:
        """Give kind, key and body of the record; no body where nothing is known."""
        arrived = self.arrived
        if arrived is None:
            return KIND, "", {}
        self._usd = None
        data = arrived.parsed()
        purchase = read_purchase(self.asked.url, self.asked.content, data)
        self._usd = purchase["cost"]["usd"]
        if arrived.refused:
            self.scope.note(f"a refusal ({arrived.refused}) of the model is not kept")
            return self._unkept(purchase, "refused")
        if not (arrived.is_whole or arrived.is_soft):
            self.scope.note(f"an answer from {self._where} is not kept: {arrived.fault}")
            return KIND, "", {}
        return self._whole(arrived, data, purchase)

    def _whole(
        self, arrived: Arrived, data: Any, purchase: dict[str, Any]
    ) -> tuple[str, str, dict[str, Any]]:
        asked = self.asked
        allowed = self.scope.memory.settings.secret_ok
        secret = holds_secret(asked.url, asked.content, data, secret_ok=allowed)
        if secret:
            self.scope.note(_secret_found(secret))
            return self._unkept(purchase, "secret")
        try:
            answer = arrived.answer().body(self.scope)
        except UnicodeDecodeError:
            self.scope.note(f"an answer from {self._where} is not kept: it is not UTF-8")
            return self._unkept(purchase, "not UTF-8")
        except MilepostError as error:
            self._lost(error)
            return self._unkept(purchase, "not written")
        about = {"method": asked.method, "url": asked.url}
        about |= {"request": abridged(asked.content)}
        seconds = round(clock.monotonic() - self._began, 3)
        body = self._by_sent | about | answer | {"seconds": seconds} | purchase
        return KIND, asked.key, body

    def _unkept(
        self, purchase: dict[str, Any], reason: str
    ) -> tuple[str, str, dict[str, Any]]:
        """Give the record of what was paid for an answer that is not kept."""
        usage, usd = purchase["usage"], purchase["cost"]["usd"]
        return "cost", "", self._by_sent | {"usd": usd, "usage": usage, "reason": reason}

    @property
    def _by_sent(self) -> dict[str, Any]:
        return {"sent": self._sent.id} if self._sent else {}

    @property
    def _where(self) -> str:
        return self._shown_url.partition("?")[0] or "a model"

    # Endings without an answer

    def unsold(self, status: int | None) -> None:
        """End a call that surely cost nothing: it was refused, or never arrived."""
        if self.is_settled:
            return
        try:
            with suppress(MilepostError):
                body = self._by_sent | {"status": status}
                self.scope.keep("unsold", "", body, sync=False)
        finally:
            self._settle(sold=False)

    def close(self) -> None:
        """End a call of which nothing more comes, whatever came."""
        if self.is_settled:
            return
        if self.is_soft:
            self.keep()
        else:
            self._settle(sold=True)

    async def close_async(self) -> None:
        """End a call of which nothing more comes, as ``close`` does."""
        if not self.is_settled and self.is_soft:
            await self.keep_async()
        self.close()

    def leave(self) -> None:
        """Say that nobody waits for the answer any more."""
        self._is_left = True
        if self._flight is not None:
            self._flight.leave()

    def _settle(self, *, sold: bool) -> None:
        if self.is_settled:
            return
        self.is_settled = True
        reservation, self._reservation = self._reservation, None
        if self.scope.memory.pid != os.getpid():
            return  # a forked child drops its copy of what its parent goes on with
        if reservation is not None and sold:
            reservation.settle(self._usd)
        elif reservation is not None:
            reservation.release()
        if self._flight is not None:
            self._flight.end()


def _secret_found(path: str) -> str:
    return (
        f"a call is not kept, because it holds a secret at {path}: it is bought again in "
        "the next run. Take the secret out, or admit the path with milepost_secret_ok."
    )
