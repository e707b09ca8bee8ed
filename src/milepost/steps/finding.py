"""Find out whether a step is kept, and give its value."""

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from milepost import values
from milepost.canonical import digest_plain
from milepost.errors import CouldNotLookError, DamagedValueError
from milepost.fingerprint import CouldNotRecordError
from milepost.fingerprint.modules import changed_modules
from milepost.steps.code import StepCode, code_changes
from milepost.steps.errors import UnfitResolutionError
from milepost.steps.inputs import StepInputs, key_of, read_inputs
from milepost.values.schema import Schema, schema_of

if TYPE_CHECKING:
    from milepost.journal import Record
    from milepost.steps.options import StepOptions
    from milepost.steps.scope import Scope


class Finding:
    """What a step depends on, and what is kept of it.

    Args:
        scope: Where it was called.
        name: Its name.
        fn: Its function.
        options: Its settings.

    Attributes:
        key: Its key.
        label: The key that the user gave.
        value: Its value, once one was found.
        awaitable: Whether its function is awaited.
        unrecorded: Why what it depends on cannot be recorded; None where it can.
    """

    def __init__(
        self, scope: "Scope", name: str, fn: Callable[..., Any], options: "StepOptions"
    ) -> None:
        self.scope = scope
        self.name = name
        self.fn = fn
        self.options = options
        self.label = options.key
        self.key = ""
        self.schema: Schema | None = None
        self.code = StepCode("", {})
        self.value: Any = None
        self.awaitable = False
        self.unrecorded: CouldNotRecordError | None = None
        self._inputs = StepInputs({})
        self._read: Callable[[], StepInputs] = lambda: self._inputs
        self._stale: list[str] = []

    @property
    def element(self) -> str:
        """Give the step's element of the scope path."""
        return f"{self.name}#{self.key[:8]}"

    def look(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Read what the step depends on, as of now.

        Raises:
            MilepostError: Its value could not be restored, or an option names no input.
        """
        __tracebackhide__ = True
        memory = self.scope.memory
        self.schema = memory.schemas.of(self.fn, self.options.returns)
        self._read = partial(self._read_inputs, args, kwargs)
        try:
            inputs = self._inputs = self._read()
            codes, root = self.scope.root.step_codes, memory.settings.root
            self.code = codes.of(self.fn, inputs.parts, root)
        except CouldNotRecordError as error:
            self.unrecorded = error
        self.key = key_of("step", self.name, self.label, self._inputs.hashes)
        for name, kind in self._inputs.live.items():
            if self.label is None:
                self.scope.note(
                    f"step {self.name}: input {name} ({kind}) counts by its type only; "
                    "name the step with step.with_options(key=...)"
                )

    def _read_inputs(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> StepInputs:
        __tracebackhide__ = True
        host, ignore = self.scope.memory.host, self.options.ignore
        root, directory = host.settings.root, host.directory
        return read_inputs(
            self.fn, args, kwargs, root=root, directory=directory, ignore=ignore
        )

    def find(self) -> bool:
        """Look for a record of the step; its value is in ``value`` then.

        Raises:
            CouldNotLookError: Nobody could look.
        """
        __tracebackhide__ = True
        if self.unrecorded:
            self._check_nothing_kept()
            return False
        memory = self.scope.memory
        self._stale = []
        with memory.lock:
            for record in self.scope.candidates("step", self.key, "resolved"):
                why = self._why_not(record)
                if not why:
                    self.scope.consume(record)
                    self.awaitable = bool(record.body.get("awaitable", self._is_async))
                    return True
                self._stale = self._stale if record.kind == "resolved" else why
        return False

    @property
    def _is_async(self) -> bool:
        return inspect.iscoroutinefunction(self.fn)

    def _said(self, data: Any) -> Any:
        __tracebackhide__ = True
        if self.schema is None or self.schema.adapter is None:
            return data
        try:
            return self.schema.adapter.load(data)
        except Exception as error:
            test_id = self.scope.memory.host.test_id
            raise UnfitResolutionError(test_id, self.name, self.schema.text) from error

    def _check_nothing_kept(self) -> None:
        __tracebackhide__ = True
        memory, error = self.scope.memory, self.unrecorded
        assert error is not None  # noqa: S101 - asked for only then
        found = memory.host.find_journal() and any(
            record.body.get("name") == self.name and record.path == self.scope.path
            for record in memory.journal.records("step")
        )
        if found:
            raise CouldNotLookError(f"{self.scope.phase} / {self.name}", error.why)

    def _why_not(self, record: "Record") -> list[str]:
        """Tell why a record is not to be restored; sets ``value`` where it is."""
        __tracebackhide__ = True
        memory, body = self.scope.memory, record.body
        if record.kind == "resolved":  # somebody said what it gave: milepost resolve
            self.value = self._said(body.get("data")) if body.get("done") else None
            return [] if body.get("done") else ["it has not happened"]
        if body.get("code") != self.code.hash:
            parts = memory.journal.find(str(body.get("code")), "parts")
            return code_changes(parts[-1].body if parts else {}, self.code)
        changed = changed_modules(body.get("modules", {}), memory.settings.root)
        if changed:
            return changed
        if body.get("schema") != (self.schema.hash if self.schema else None):
            return ["the type of its value changed"]
        return self._why_no_value(body)

    def _why_no_value(self, body: Mapping[str, Any]) -> list[str]:
        __tracebackhide__ = True
        record = body.get("value", {})
        try:
            is_blob = record.get("form") == "blob"
            stored = self.scope.read_blob(record["blob"]) if is_blob else body.get("data")
            self.value = values.decode(stored, record, self.schema)
        except DamagedValueError as error:
            return [f"its stored value is damaged: {error.reason}"]
        except values.SchemaChangedError:
            return ["the type of its value changed"]
        return []

    def say_stale(self) -> None:
        """Say why what is kept of the step is not restored."""
        if self._stale:
            more = f" (+{len(self._stale) - 1} more)" if len(self._stale) > 1 else ""
            self.scope.note(f"step {self.name} is stale: {self._stale[0]}{more}")
            self.scope.count("steps_stale")

    def free_turn(self) -> int:
        """Give the first turn that no equal step of the phase has, finished or under way.

        One that was cut off left its turn free, and whoever repeats it takes it.
        """
        memory, scope = self.scope.memory, self.scope
        taken = scope.flights.turns(self.key, scope)
        if memory.has("step", self.key, dropped=True):
            equal = memory.journal.find(self.key, "step", dropped=True)
            here = (record for record in equal if record.path[:1] == scope.path[:1])
            taken |= {record.body.get("turn", 0) for record in here}
        return next(turn for turn in count() if turn not in taken)

    def idempotency_key(self, turn: int) -> str:
        """Give a name for the step that is the same in every attempt and run.

        Args:
            turn: Tells equal steps of the phase apart.
        """
        place = [self.scope.memory.generation, self.scope.phase, self.key, turn]
        return "milepost-" + digest_plain(place)[:40]

    def reason_not_to_keep(self) -> str:
        """Tell why the value cannot be kept, whatever it is; empty if it can."""
        error = self.unrecorded
        if error:
            return f"{error.what} {error.why}\n{error.cure}"
        changed = self._changed_inputs()
        if not changed:
            return ""
        return (
            f"it changed its input {', '.join(changed)}\n"
            "A restored step would not change it again.\n"
            "Return the changed value, and use what was returned."
        )

    def _changed_inputs(self) -> list[str]:
        before = self._inputs
        if not before.can_change:
            return []
        after = self._read().hashes
        names = dict.fromkeys([*before.hashes, *after])
        return [name for name in names if before.hashes.get(name) != after.get(name)]


class Schemas:
    """The schemas of step functions, found once."""

    def __init__(self) -> None:
        self._known: dict[object, Schema | None] = {}

    def of(self, fn: Any, returns: object) -> Schema | None:
        """Find the schema of what a step's function returns.

        Args:
            fn: The function.
            returns: The type of the value, which comes before the annotation; ``...``
                where it is left out.

        Raises:
            UnrestorableAnnotationError: No value of that type can be restored.
        """
        __tracebackhide__ = True
        if returns is not ...:
            return schema_of(fn, returns=returns)
        code = getattr(fn, "__code__", None)
        annotations = getattr(fn, "__annotations__", None)
        if code is None or annotations is None or hasattr(fn, "__wrapped__"):
            return schema_of(fn)
        place = code, id(annotations.get("return"))
        if place not in self._known:
            self._known[place] = schema_of(fn)
        return self._known[place]
