"""CheckpointManager: create, load and save checkpoints, and move their phases on."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from milepost import attempts, clock
from milepost.accepting import accept
from milepost.blobs import place_value, read_large
from milepost.checkpoint import PhaseCheckpoint, PhaseStatus, TestCheckpoint
from milepost.cleanups import finish_old, let_stand
from milepost.document_errors import (
    BadCheckpointError,
    DamagedCheckpointError,
    NoFileError,
)
from milepost.errors import CheckpointExistsError, StoreError
from milepost.settings import Settings, find_settings
from milepost.stores import FolderStore
from milepost.stores.signals import deferred_signals
from milepost.values import Encoded, NotKeptError
from milepost.writer import Writer, logger


class CheckpointManager:
    """The checkpoints of one folder.

    Reading takes no lease and changes nothing. The first write to a checkpoint takes
    its lease; it is given back by ``close()``, or when the manager is collected.

    Args:
        checkpoint_dir: The folder; where it is left out, the configuration says it,
            as for pytest.
        settings: Settings found already; read from the configuration otherwise.
        run: The id of the run that writes; a new one otherwise.
    """

    # Called before a checkpoint is looked for; see milepost.anew.
    before_looking: ClassVar[list[Callable[["CheckpointManager", str], None]]] = []

    def __init__(
        self,
        checkpoint_dir: str | Path | None = None,
        *,
        settings: Settings | None = None,
        run: str | None = None,
    ) -> None:
        start = Path(checkpoint_dir) if checkpoint_dir else None
        self.settings = settings or find_settings(start)
        self.checkpoint_dir = Path(checkpoint_dir or self.settings.directory).absolute()
        self.store = FolderStore(self.checkpoint_dir)
        self.writer = Writer(self.store, run or clock.new_id(), self.settings.wait)
        self.current_checkpoint: TestCheckpoint | None = None
        self.last_passed_at: str | None = None

    def _look(self, test_id: str) -> None:
        for call in self.before_looking:
            call(self, test_id)

    @property
    def run(self) -> str:
        """Give the id of the run that writes."""
        return self.writer.run

    def close(self) -> None:
        """Give all leases back."""
        self.writer.close()

    def get_checkpoint_path(self, test_id: str) -> Path:
        """Tell where a checkpoint's document lies, whether it exists or not."""
        return self.store.document_path(test_id)

    def checkpoint_exists(self, test_id: str) -> bool:
        """Tell whether there is a document for a test id."""
        self._look(test_id)
        return self.get_checkpoint_path(test_id).exists()

    def create_checkpoint(
        self,
        test_name: str,
        test_id: str,
        user_request: str = "",
        phases: Iterable[str] = (),
        *,
        identity: Mapping[str, Any] | None = None,
    ) -> TestCheckpoint:
        """Create the checkpoint of a test and write it.

        Args:
            test_name: The title shown to people.
            test_id: The name of its file.
            user_request: What the test asks of the system.
            phases: The names of its phases, in their order.
            identity: What makes the test this test; see ``milepost.identity``.

        Raises:
            CheckpointExistsError: One exists and has not ended.
            HeldError: Another run is working on it.
        """
        __tracebackhide__ = True
        if self.hold(test_id) is not None:
            raise CheckpointExistsError(test_id)
        names = list(phases)
        checkpoint = TestCheckpoint(
            test_name=test_name,
            test_id=test_id,
            user_request=user_request or "",
            phases={name: PhaseCheckpoint(name) for name in names},
            started_at=clock.now_at(),
            current_phase=names[0] if names else None,
            milepost={"generation": self.writer.new_generation(test_id)},
            clock_counted=clock.monotonic(),
        )
        if identity:
            checkpoint.milepost["identity"] = dict(identity)
        self.writer.write(checkpoint, create=True)
        self.current_checkpoint = checkpoint
        return checkpoint

    def load_checkpoint(self, test_id: str) -> TestCheckpoint | None:
        """Load a checkpoint, to read it or to go on from it.

        Returns:
            The checkpoint, or None where there is none or its test has passed.

        Raises:
            BadCheckpointError: The file is damaged, edited, foreign or newer.
        """
        __tracebackhide__ = True
        self._look(test_id)
        checkpoint = self.writer.read(test_id)
        if checkpoint is None or checkpoint.ended_at:
            return None
        self.current_checkpoint = self._readable(checkpoint)
        return checkpoint

    def _readable(self, checkpoint: TestCheckpoint) -> TestCheckpoint:
        """Let the attributes of its phases read what lies in blobs."""
        for phase in checkpoint.phases.values():
            phase.milepost_read = partial(read_large, self.store, checkpoint.test_id)
        return checkpoint

    def hold(self, test_id: str) -> TestCheckpoint | None:
        """Take the lease of a checkpoint and load it as its only writer.

        A damaged document is set aside, one whose life has ended is removed, and what
        a dead run left in progress has crashed.

        Returns:
            The checkpoint, or None where there is none to go on from.

        Raises:
            HeldError: Another run holds it.
            BadCheckpointError: It is not what milepost wrote, and not damaged; nothing
                was touched.
        """
        __tracebackhide__ = True
        self._look(test_id)
        with suppress(DamagedCheckpointError):
            self.writer.read(test_id)
        lease = self.writer.take(test_id)
        checkpoint = self.writer.read_held(test_id)
        if checkpoint is None:
            self.last_passed_at = lease.after_passed or self.last_passed_at
        elif checkpoint.ended_at:
            self.last_passed_at = checkpoint.passed_at
            finish_old(self.writer, test_id, self.settings.root)
            let_stand(self.writer, test_id, checkpoint.generation)
            self.writer.delete(test_id, checkpoint.passed_at)
            self.writer.take(test_id)
            return None
        if checkpoint:
            self.go_on(self._readable(checkpoint))
        return checkpoint

    def go_on(self, checkpoint: TestCheckpoint) -> None:
        """Take the lease of a loaded checkpoint, as its new holder.

        What a dead run left in progress has crashed.

        Raises:
            HeldError: Another run holds it.
        """
        __tracebackhide__ = True
        lease = self.writer.go_on(checkpoint.test_id)
        if checkpoint.fence != lease.fence:
            attempts.mark_crashed(checkpoint)

    def save_checkpoint(self, checkpoint: TestCheckpoint) -> None:
        """Write a checkpoint that was changed.

        Raises:
            GoneError: It was removed, or another run took over.
            StaleCopyError: The copy is older than the file.
            StoreError: The disk refuses; the file is as it was.
        """
        __tracebackhide__ = True
        self.writer.write(checkpoint)

    def start_phase(self, checkpoint: TestCheckpoint, phase_name: str) -> None:
        """Record that an attempt at a phase begins.

        Raises:
            UnknownPhaseError: The checkpoint has no phase of this name.
        """
        __tracebackhide__ = True
        phase = checkpoint.phase(phase_name)
        self.go_on(checkpoint)
        with deferred_signals():
            attempts.begin(checkpoint, phase, self.run)
            self.writer.write(checkpoint)

    def complete_phase(
        self,
        checkpoint: TestCheckpoint,
        phase_name: str,
        data: Any = None,
        /,
        **fields: Any,
    ) -> None:
        """Record that a phase has finished, with what it returned.

        A value that cannot be kept stays readable in this run; the phase is pending.

        Args:
            checkpoint: The checkpoint.
            phase_name: The phase.
            data: What the phase returned.
            fields: The same, given by name.

        Raises:
            UnknownPhaseError: The checkpoint has no phase of this name.
        """
        __tracebackhide__ = True
        from milepost import values  # noqa: PLC0415 - reading needs no codecs

        phase = checkpoint.phase(phase_name)
        given = {**(data or {}), **fields} if fields or data is None else data
        try:
            encoded, _ = values.encode(given, None, secret_ok=self.settings.secret_ok)
        except NotKeptError as error:
            logger.warning("%s", error)
            with deferred_signals():
                attempts.set_back(phase, attempts.NOT_KEPT, error.reason)
                phase.milepost_unkept = given
                self.writer.write(checkpoint)
        else:
            self.keep(checkpoint, phase, encoded)

    def keep(
        self,
        checkpoint: TestCheckpoint,
        phase: PhaseCheckpoint,
        encoded: Encoded,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """Write a phase's value and what it depends on: the data first, then the record.

        Args:
            checkpoint: The checkpoint.
            phase: The phase, whose attempt ends as completed.
            encoded: The value; over 64 KiB it goes into a blob.
            more: Inputs, fingerprint and whatever else stands beside the value.
        """
        __tracebackhide__ = True
        with deferred_signals():
            record = place_value(self.writer, checkpoint.test_id, encoded)
            attempts.complete(phase, encoded.data, record, more)
            phase.milepost_read = partial(read_large, self.store, checkpoint.test_id)
            self.writer.write(checkpoint)

    def read_value(self, test_id: str, kept: Mapping[str, Any], place: Any) -> Any:
        """Give a kept value in the form in which it was stored.

        Args:
            test_id: The checkpoint.
            kept: The value's record.
            place: What stands in the document; the value, unless it is a blob.

        Returns:
            The plain data of the document, or the bytes of the blob.

        Raises:
            DamagedValueError: The blob is gone or is not what was written.
        """
        if kept.get("form") != "blob":
            return place
        return self.store.read_blob(test_id, str(kept.get("blob")))

    def fail_phase(
        self, checkpoint: TestCheckpoint, phase_name: str, error: object
    ) -> None:
        """Record that an attempt at a phase failed.

        Args:
            checkpoint: The checkpoint.
            phase_name: The phase.
            error: The exception, or its text.
        """
        __tracebackhide__ = True
        phase = checkpoint.phase(phase_name)
        text = describe_error(error)
        with deferred_signals():
            attempts.fail(checkpoint, phase, text)
            self.writer.write(checkpoint)

    def skip_phase(self, checkpoint: TestCheckpoint, phase_name: str) -> None:
        """Record that a phase is passed over; one that has completed stays completed."""
        __tracebackhide__ = True
        phase = checkpoint.phase(phase_name)
        if phase.status != PhaseStatus.COMPLETED:
            attempts.skip(phase)
            self.writer.write(checkpoint)

    def get_resume_phase(self, checkpoint: TestCheckpoint) -> str | None:
        """Name the phase from which to go on; None when all have finished.

        That is one which was cut off by the death of its run, else the first that has
        not finished.
        """
        phases = checkpoint.phases.values()
        cut_off = [p for p in phases if p.status == PhaseStatus.IN_PROGRESS]
        done = (PhaseStatus.COMPLETED, PhaseStatus.SKIPPED)
        unfinished = cut_off or [p for p in phases if p.status not in done]
        return unfinished[0].phase_name if unfinished else None

    def cleanup_checkpoint(self, test_id: str) -> None:
        """Remove a checkpoint with all that belongs to it.

        Raises:
            HeldError: Another run is working on it.
        """
        __tracebackhide__ = True
        known = (
            self.checkpoint_exists(test_id)
            or self.get_checkpoint_path(test_id).is_symlink()
        )
        if not (known or self.store.data_path(test_id).exists()):
            return
        self.writer.take(test_id)
        try:
            checkpoint = self.writer.read(test_id)
        except NoFileError:
            raise
        except BadCheckpointError:
            checkpoint = None
        if checkpoint and not checkpoint.ended_at:
            passed = self.get_resume_phase(checkpoint) is None
            self.end(checkpoint, passed=passed)
        let_stand(self.writer, test_id, checkpoint.generation if checkpoint else "")
        self.writer.delete(test_id, checkpoint.passed_at if checkpoint else None)

    def end(self, checkpoint: TestCheckpoint, *, passed: bool) -> None:
        """Record durably that a life has ended, before anything of it is deleted."""
        checkpoint.milepost["passed_at" if passed else "removed_at"] = clock.now_at()
        self.writer.write(checkpoint)

    def list_checkpoints(self) -> list[TestCheckpoint]:
        """Load all checkpoints of tests that have not passed, by test id.

        One that cannot be read is named in a warning and left out.
        """
        found = []
        for test_id in self.store.test_ids():
            try:
                checkpoint = self.writer.read(test_id)
            except (BadCheckpointError, StoreError) as error:
                logger.warning("%s", error)
            else:
                found += [checkpoint] if checkpoint and not checkpoint.ended_at else []
        return [self._readable(checkpoint) for checkpoint in found]

    def accept_checkpoint(self, test_id: str) -> TestCheckpoint:
        """Take over a document that was edited by hand, as it is now.

        Raises:
            UnknownCheckpointError: There is none.
            UnacceptableError: It is no checkpoint as it is.
            BadCheckpointError: It is damaged or newer.
        """
        __tracebackhide__ = True
        return accept(self.writer, test_id)

    def print_checkpoint_status(self, checkpoint: TestCheckpoint) -> None:
        """Print where a test stands, phase by phase."""
        from milepost import report  # noqa: PLC0415 - only for people

        report.show_status(checkpoint)


def describe_error(error: object) -> str:
    """Give an error as ``Type: message``, without secrets."""
    from milepost.secret import redact  # noqa: PLC0415 - only when something failed

    kind = f"{type(error).__name__}: " if isinstance(error, BaseException) else ""
    return redact(f"{kind}{error}".rstrip(": "))
