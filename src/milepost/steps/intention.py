"""Steps that may run at most once: what was begun is written down before."""

from typing import TYPE_CHECKING, Any

from milepost.steps.errors import DamagedJournalError, UnresolvedStepError

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.options import StepOptions
    from milepost.steps.scope import Scope


class Intention:
    """What is written of a step before it runs, where it may run at most once.

    Args:
        scope: Where it was called.
        name: Its name.
        options: Its settings.
    """

    def __init__(self, scope: "Scope", name: str, options: "StepOptions") -> None:
        self._scope = scope
        self._name = name
        self._asked = options.at_most_once
        self._id = ""

    def begin(self, key: str, label: str | None) -> None:
        """Write durably that the step begins.

        Args:
            key: The step's key.
            label: The key that the user gave.

        Raises:
            UnresolvedStepError: It had begun before, and nobody knows how it ended.
            DamagedJournalError: Whether it had cannot be read.
        """
        __tracebackhide__ = True
        if not self._asked:
            return
        journal = self._scope.memory.journal
        test_id = self._scope.memory.host.test_id
        for record in journal.find(key, "intention"):
            if record.path[:1] == self._scope.path[:1] and is_open(journal, record):
                raise UnresolvedStepError(test_id, self._name, record.at)
        body = {"name": self._name, "label": label}
        self._id = self._scope.keep("intention", key, body).id
        # The one just written is what can be resolved.
        if journal.broken and not journal.find(key, "resolved"):
            raise DamagedJournalError(test_id, self._name, journal.broken)

    def to_body(self) -> dict[str, Any]:
        """Give what the step's record says of its intention."""
        return {"intention": self._id} if self._id else {}


def is_open(journal: Any, intention: "Record") -> bool:
    """Tell whether it is not known how a step ended that was begun.

    Args:
        journal: The journal or its reader.
        intention: The record that it was begun.
    """
    ended = [*journal.find(intention.key, "step"), *journal.find(intention.key, "resolved")]
    return all(record.body.get("intention") != intention.id for record in ended)
