"""The user's project of the state machine: its files, and what its phases return."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, get_args

PHASES: Final = ("plan", "code", "check", "ship")
BULKY: Final = "check"
END: Final = "end"
HELPER: Final = "helper"
INPUTS: Final = ("request", "rules")
Style = Literal["plain", "async", "original"]
STYLES: Final[tuple[Style, ...]] = get_args(Style)
PARTS: Final = ("version", "detail", "comment")
Key = tuple[object, ...]

# Every phase says that it begins through an audit event, which no code outside can see.
_PIPELINE: Final = """
import sys
from pathlib import Path

from helper import loud

ROOT = Path(__file__).parent
results = {{}}
REQUEST = "request {request}"
RULES = "rules {rules}"

{a}def plan(request):
    # remark {plan.comment}
    sys.audit("machine.reached", "plan")
    version, detail = {plan.version}, {plan.detail}
    return {{"made": f"plan{{version}}({{request}})"}}

{a}def code(plan):
    # remark {code.comment}
    sys.audit("machine.reached", "code")
    version, detail = {code.version}, {code.detail}
    return {{"made": f"code{{version}}({{loud(plan['made'])}})"}}

{a}def check(plan, rules):
    # remark {check.comment}
    sys.audit("machine.reached", "check")
    version, detail = {check.version}, {check.detail}
    made = f"check{{version}}({{plan['made']}},{{rules}})"
    return {{"made": made, "bulk": "." * 70_000}}

{a}def ship(code, check):
    # remark {ship.comment}
    sys.audit("machine.reached", "ship")
    version, detail = {ship.version}, {ship.detail}
    return {{"made": f"ship{{version}}({{code['made']}},{{check['made']}})"}}

def read_rules(folder):
    return (folder / "rules.txt").read_text()

{a}def check_by_file(plan, folder):
    return {w}check(plan, read_rules(folder))

{a}def plan_alone():
    return {w}plan(REQUEST)

{a}def code_alone():
    return {w}code(results["plan"])

{a}def check_alone():
    return {w}check(results["plan"], RULES)

{a}def ship_alone():
    return {w}ship(results["code"], results["check"])

def new_user():
    sys.audit("machine.reached", "user")
    return "user"

def login():
    sys.audit("machine.reached", "login")
    return object()
"""
_HELPER: Final = """
def loud(text):
    # remark {helper.comment}
    version, detail = {helper.version}, {helper.detail}
    return text.upper() + "!" * version
"""
_HEAD: Final = """
import sys
from pathlib import Path

import pytest

import pipeline

ROOT = Path(__file__).parent
"""
_TEST: Final = """
{mark}
{a}def test_pipeline(phase):
    {remember}
    request = (ROOT / "request.txt").read_text()
    rules = phase.with_options(inputs=[ROOT / "rules.txt"], ignore=["folder"])
    plan = {w}phase("plan", pipeline.plan, request)
    phase.with_options(always=True)("login", pipeline.login)
    code = {w}phase("code", pipeline.code, plan)
    check = {w}rules("check", pipeline.check_by_file, plan, folder=ROOT)
    ship = {w}phase("ship", pipeline.ship, code, check)
    sys.audit("machine.made", plan, code, check, ship)
    sys.audit("machine.reached", "end")
"""
_ORIGINAL_TEST: Final = """
def test_pipeline(phase):
    original = phase.after_completed()
    {remember}
    made = pipeline.results
    made["plan"] = original("plan", pipeline.plan_alone)
    phase.with_options(always=True)("login", pipeline.login)
    made["code"] = original("code", pipeline.code_alone)
    made["check"] = original("check", pipeline.check_alone)
    made["ship"] = original("ship", pipeline.ship_alone)
    sys.audit("machine.made", *made.values())
    sys.audit("machine.reached", "end")
"""
_REMEMBER: Final = 'assert phase.remember("user", pipeline.new_user) == "user"'


@dataclass
class Source:
    """The changeable parts of one function.

    Attributes:
        version: Changes what it returns.
        detail: Changes its code, not what it returns.
        comment: Changes neither.
    """

    version: int = 0
    detail: int = 0
    comment: int = 0


@dataclass
class Program:
    """The project as it is now.

    Attributes:
        style: How its test calls the phases.
        remembers: Whether its test remembers a value.
        request: The argument of the first phase.
        rules: The file that ``check`` reads.
        sources: Its functions by name: the phases, and the helper of ``code``.
    """

    style: Style = "plain"
    remembers: bool = False
    request: int = 0
    rules: int = 0
    sources: dict[str, Source] = field(
        default_factory=lambda: {name: Source() for name in (*PHASES, HELPER)}
    )

    def edit(self, name: str, part: str | None, value: int) -> None:
        """Change an input, or a part of a function."""
        if part is None:
            setattr(self, name, value)
        else:
            setattr(self.sources[name], part, value)

    def write(self, folder: Path) -> None:
        """Write its files as they are now."""
        known: dict[str, Any] = {
            **self.sources,
            "request": self.request if self.style == "original" else 0,
            "rules": self.rules if self.style == "original" else 0,
            "a": "async " if self.style == "async" else "",
            "w": "await " if self.style == "async" else "",
            "mark": "@pytest.mark.asyncio" if self.style == "async" else "",
            "remember": _REMEMBER if self.remembers else "",
        }
        test = _ORIGINAL_TEST if self.style == "original" else _TEST
        files = {
            "pytest.toml": '[pytest]\npythonpath = ["."]\nmilepost_retry = 0\n',
            "pipeline.py": _PIPELINE.format(**known),
            "helper.py": _HELPER.format(**known),
            "test_pipeline.py": (_HEAD + test).format(**known),
            "request.txt": f"request {self.request}",
            "rules.txt": f"rules {self.rules}",
        }
        for name, text in files.items():
            (folder / name).write_text(text)

    def made(self, phase: str) -> str:
        """Tell what a phase returns, by the files as they are now."""
        version = self.sources[phase].version
        if phase == "plan":
            of = f"request {self.request}"
        elif phase == "code":
            of = self.made("plan").upper() + "!" * self.sources[HELPER].version
        elif phase == "check":
            of = f"{self.made('plan')},rules {self.rules}"
        else:
            of = f"{self.made('code')},{self.made('check')}"
        return f"{phase}{version}({of})"

    def key(self, phase: str) -> Key:
        """Give all that a phase's value depends on, as of now."""
        names = [phase, HELPER] if phase == "code" else [phase]
        code = [(self.sources[n].version, self.sources[n].detail) for n in names]
        own: dict[str, object] = {"plan": self.request, "check": self.rules}
        return (*code, own.get(phase), *(self.made(name) for name in self._before(phase)))

    def _before(self, phase: str) -> tuple[str, ...]:
        """Name the phases whose values a phase is given."""
        if self.style == "original":
            return PHASES[: PHASES.index(phase)]
        given = {"plan": (), "code": ("plan",), "check": ("plan",)}
        return given.get(phase, ("code", "check"))
