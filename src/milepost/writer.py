"""The one writer: takes the lease of a checkpoint and writes its document.

Every write compares the lease, the generation and the revision, so that neither a run
that was taken over nor an old copy in memory can overwrite what another one saved.
"""

import logging
import weakref
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from milepost import clock
from milepost.checkpoint import TestCheckpoint
from milepost.document_errors import (
    BadCheckpointError,
    DamagedCheckpointError,
    OtherIdentityError,
)
from milepost.errors import (
    GoneError,
    StaleCopyError,
    StoreError,
    UnwritableCheckpointError,
    hides_frames,
)
from milepost.journal import newest_generation
from milepost.stores import FolderStore, Lease
from milepost.stores.lease import OPEN
from milepost.stores.signals import deferred_signals

__tracebackhide__ = hides_frames
logger = logging.getLogger("milepost")


class Writer:
    """Reads and writes the documents of one store for one run.

    Args:
        store: Where the checkpoints live.
        run: The id of the run that writes.
        wait: Seconds to wait for another run that holds a checkpoint.
    """

    def __init__(self, store: FolderStore, run: str, wait: float) -> None:
        self.store = store
        self.run = run
        self.wait = wait
        self._leases: dict[str, Lease] = {}
        # What this run saw last of each document; a damaged one has no version.
        self._seen: dict[str, tuple[tuple[str, int] | None, Any]] = {}
        # The fence that a document of this signature has.
        self._fences: dict[str, tuple[int, Any]] = {}
        self._damaged: set[str] = set()
        self.asides: list[str] = []
        weakref.finalize(self, _release_all, self._leases)

    def close(self) -> None:
        """Give all leases back."""
        _release_all(self._leases)

    def read(self, test_id: str, *, accept: bool = False) -> TestCheckpoint | None:
        """Read a document; nothing on the disk changes.

        Raises:
            BadCheckpointError: It is damaged, edited, foreign or newer.
            StoreError: Nobody can look.
        """
        __tracebackhide__ = True
        signature = self.store.signature(test_id)
        self._seen[test_id] = (None, signature)
        try:
            content = self.store.read(test_id)
            if content is None:
                return None
            checkpoint = TestCheckpoint.from_json(content, accept=accept)
            if checkpoint.test_id != test_id and not accept:
                why = f"It is that of {checkpoint.test_id!r}."
                raise OtherIdentityError(test_id, why)
        except BadCheckpointError as error:
            # Without the frames inside: the cause is in the file, not in our source.
            raise error.about(test_id).with_traceback(None) from None
        checkpoint.clock_counted = clock.monotonic()
        self._seen[test_id] = (checkpoint.version, signature)
        self._fences[test_id] = (checkpoint.fence, signature)
        return checkpoint

    def take(self, test_id: str) -> Lease:
        """Take the lease of a checkpoint, or give the one held already.

        Raises:
            HeldError: Another run holds it.
        """
        __tracebackhide__ = True
        lease = self._leases.get(test_id)
        if lease and lease.is_usable():
            return lease
        self.release(test_id)
        lease = self.store.take_lease(
            test_id, self.run, self.wait, lambda: self._fence(test_id)
        )
        self._leases[test_id] = lease
        return lease

    def _fence(self, test_id: str) -> int:
        """Give the fence of the document on disk as of now."""
        fence, signature = self._fences.get(test_id, (0, None))
        if signature and signature == self.store.signature(test_id):
            return fence
        seen = self._seen.get(test_id)
        try:
            checkpoint = self.read(test_id)
        except BadCheckpointError:
            return 0
        finally:
            if seen:
                self._seen[test_id] = seen
        return checkpoint.fence if checkpoint else 0

    def read_held(self, test_id: str) -> TestCheckpoint | None:
        """Read a document as its only writer; a damaged one is set aside.

        What was set aside is told in ``asides``.
        """
        __tracebackhide__ = True
        try:
            checkpoint = self.read(test_id)
        except DamagedCheckpointError as error:
            aside = self.store.set_aside(test_id)
            self._damaged.add(test_id)
            what = f"checkpoint {test_id} was damaged ({error.reason}) and starts over"
            self.asides.append(f"{what}; the damaged file was set aside: {aside}")
            logger.warning("%s", self.asides[-1])
            return None
        if checkpoint:
            self.take(test_id).mark(OPEN)
        return checkpoint

    def new_generation(self, test_id: str) -> str:
        """Give the generation of a document that is to be created.

        That of the journal where the document was lost to damage; else a new one, for
        which all that other lives left behind is moved out of the way.
        """
        left = newest_generation(self.store.data_path(test_id))
        if left and test_id in self._damaged:
            return left
        self.store.retire(test_id, left or clock.new_id())
        return clock.new_id()

    def write(self, checkpoint: TestCheckpoint, *, create: bool = False) -> None:
        """Write a document, atomically and durably.

        Args:
            checkpoint: What to write; its revision and times are brought up to date.
            create: The document may be missing; otherwise a missing one was removed
                and is not brought back.

        Raises:
            GoneError: It was removed, or another run took over.
            StaleCopyError: The copy in memory is older than the document.
            StoreError: The disk refuses; the document is as it was.
        """
        __tracebackhide__ = True
        lease = (self.take if create else self.go_on)(checkpoint.test_id)
        with deferred_signals():
            before, content = dict(checkpoint.milepost), None
            try:
                content = _stamped(checkpoint, lease)
                self._replace(checkpoint.test_id, content, lease, before, create=create)
            except BaseException:
                # A folder that cannot be synced is reported after the rename.
                if self._is_on_disk(checkpoint.test_id, content):
                    self._saw(checkpoint)
                else:
                    checkpoint.milepost.clear()
                    checkpoint.milepost.update(before)
                raise
            self._saw(checkpoint)
            lease.mark(OPEN)

    def _is_on_disk(self, test_id: str, content: bytes | None) -> bool:
        with suppress(BadCheckpointError, StoreError):
            return content is not None and self.store.read(test_id) == content
        return False

    def _saw(self, checkpoint: TestCheckpoint) -> None:
        test_id = checkpoint.test_id
        self._seen[test_id] = (checkpoint.version, self.store.signature(test_id))

    def go_on(self, test_id: str) -> Lease:
        """Give the lease held, or take it for a document that was loaded before.

        Raises:
            GoneError: It was held, and another run has taken over.
            HeldError: Another run holds it.
        """
        __tracebackhide__ = True
        lease = self._leases.get(test_id)
        if lease:
            lease.check(test_id)
            return lease
        return self.take(test_id)

    def _replace(
        self,
        test_id: str,
        content: bytes,
        lease: Lease,
        before: Mapping[str, Any],
        *,
        create: bool,
    ) -> None:
        version = str(before.get("generation", "")), int(before.get("revision", 0))

        def check() -> None:
            self._check(test_id, version, create=create)

        self.store.write(test_id, content, lease, check)

    def _check(self, test_id: str, version: tuple[str, int], *, create: bool) -> None:
        seen, signature = self._seen.get(test_id, (None, None))
        now = self.store.signature(test_id)
        if now is None and not create:
            raise GoneError(test_id, "Its file was removed.")
        if create:
            if now != signature:
                raise StaleCopyError(test_id, "Another run created it meanwhile.")
        elif now != signature or seen != version:
            self._compare(test_id, version)

    def _compare(self, test_id: str, version: tuple[str, int]) -> None:
        try:
            found = self.read(test_id)
        except BadCheckpointError as error:
            raise StaleCopyError(
                test_id, f"The file is not what was saved. {error.why}"
            ) from None
        if found is None:
            raise GoneError(test_id, "Its file was removed.")
        if found.generation != version[0]:
            raise GoneError(test_id, "It was removed and started anew by another run.")
        if found.revision != version[1]:
            why = f"The file has revision {found.revision}, this copy {version[1]}."
            raise StaleCopyError(test_id, why)

    def shelve(self, test_id: str, generation: str) -> None:
        """Set a whole life aside; the next one begins under the same lease."""
        lease = self.take(test_id)
        with deferred_signals():
            self.store.shelve(test_id, generation, lease)
        self._seen.pop(test_id, None)

    def delete(self, test_id: str, passed_at: str | None = None) -> None:
        """Remove a checkpoint with all that belongs to it, and give its lease back.

        Args:
            test_id: The checkpoint.
            passed_at: When its test passed.
        """
        lease = self.take(test_id)
        with deferred_signals():
            self.store.delete(test_id, lease, passed_at)
        self._seen.pop(test_id, None)
        self._leases.pop(test_id, None)

    def release(self, test_id: str) -> None:
        """Give the lease of a checkpoint back."""
        lease = self._leases.pop(test_id, None)
        if lease:
            lease.release()


def _stamped(checkpoint: TestCheckpoint, lease: Lease) -> bytes:
    """Bring a checkpoint up to date and give the bytes of its file."""
    now = clock.monotonic()
    spent = now - (now if checkpoint.clock_counted is None else checkpoint.clock_counted)
    total = float(checkpoint.total_duration_seconds or 0.0) + spent
    checkpoint.total_duration_seconds = round(total, 3)
    checkpoint.clock_counted = now
    checkpoint.last_updated_at = clock.now_at()
    checkpoint.milepost.setdefault("schema_version", 1)
    checkpoint.milepost["generation"] = checkpoint.generation or clock.new_id()
    checkpoint.milepost["revision"] = checkpoint.revision + 1
    checkpoint.milepost["fence"] = lease.fence
    try:
        return checkpoint.to_json()
    except (BadCheckpointError, TypeError, ValueError, RecursionError) as error:
        raise UnwritableCheckpointError(checkpoint.test_id, error) from None


def _release_all(leases: dict[str, Lease]) -> None:
    for lease in leases.values():
        lease.release()
    leases.clear()
