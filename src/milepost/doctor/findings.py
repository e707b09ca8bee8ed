"""What the doctor finds, in the four parts that each finding has."""

from dataclasses import asdict, dataclass, field
from typing import Any, Final

from milepost.errors import MilepostError

OK: Final = "ok"
NOTE: Final = "note"
PROBLEM: Final = "problem"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing to know.

    Attributes:
        level: ``note``, or ``problem`` where it stops resuming.
        kind: A word for programs.
        what: What was found, one line.
        why: Why that matters; may be empty.
        cure: What to do, with the lines to write.
        place: File and line.
    """

    level: str
    kind: str
    what: str
    why: str = ""
    cure: str = ""
    place: str = ""


@dataclass(kw_only=True)
class Block:
    """What was found about one test, or about the environment.

    Attributes:
        title: The test's node id, or what else it is.
        facts: What is fine, one line each.
        findings: What is not.
    """

    title: str
    facts: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Add a finding once."""
        if finding not in self.findings:
            self.findings.append(finding)

    def to_dict(self) -> dict[str, Any]:
        """Give the block as JSON has it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Block":
        """Read what ``to_dict`` gave."""
        findings = [Finding(**each) for each in data["findings"]]
        return cls(title=data["title"], facts=data["facts"], findings=findings)


def refused(kind: str, error: MilepostError, place: str = "", what: str = "") -> Finding:
    """Make a problem of an error that a run would raise, with its own words.

    Args:
        kind: A word for programs.
        error: The error.
        place: File and line.
        what: Stands before what the error says.
    """
    return Finding(
        level=PROBLEM,
        kind=kind,
        what=f"{what}{error.what}",
        why=error.why,
        cure=error.cure,
        place=place,
    )
