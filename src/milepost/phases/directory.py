"""The folder that is kept with a checkpoint, for what ``tmp_path`` would lose."""

from pathlib import Path

from milepost.phases.run import Run


def directory_of(run: Run) -> Path:
    """Give the folder of a run's checkpoint; it is created at its first mention.

    Raises:
        MilepostError: The run has ended, this is a forked child, or the store refuses.
    """
    __tracebackhide__ = True
    run.check_usable()
    with run.lock:
        document, writer = run.document(), run.manager.writer
        lease = writer.go_on(document.test_id)
        return run.manager.store.make_directory(document.test_id, lease)


def is_below_directory(run: Run, value: object) -> bool:
    """Tell whether a path, or its text, lies below the folder of a run's checkpoint."""
    folder = run.manager.store.directory_path(run.test_id)
    return isinstance(value, str | Path) and Path(value).is_relative_to(folder)
