"""What can be said of a phase in a run, and where a report holds it.

The plugin needs these words when it is loaded, and nothing heavier.
"""

from typing import Final

PROPERTY: Final = "milepost"  # the JUnit property that holds the whole record

RESTORED: Final = "restored"
RAN: Final = "ran"
NOT_KEPT: Final = "ran, not kept"
FAILED: Final = "failed"
INTERRUPTED: Final = "interrupted"
SKIPPED: Final = "skipped"
RUNNING: Final = "running"
