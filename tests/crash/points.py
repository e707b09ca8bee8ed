"""The kill points that a run passes, and what must be true of a death at each."""

from dataclasses import dataclass

from tests.crash.pipeline import PHASES

CALL = "= "


@dataclass(frozen=True)
class Point:
    """One occurrence of a kill point in a recorded run.

    Attributes:
        name: The point's name.
        number: Which of its occurrences this is.
        done: The phases whose record is durable when it is reached.
        passed: Whether it is durable that the test has passed.
        given_back: Whether the lease has been given back, and nothing is left to do.
    """

    name: str
    number: int
    done: tuple[str, ...]
    passed: bool
    given_back: bool

    def __str__(self) -> str:
        return f"{self.name}:{self.number}"

    @property
    def to_run(self) -> list[str]:
        """Give the phases that the run after a death here has to run."""
        return [name for name in PHASES if self.passed or name not in self.done]


def read_points(lines: list[str], done_before: tuple[str, ...] = ()) -> list[Point]:
    """Read the log of a run that ended well.

    Args:
        lines: The points passed, and the phases called between them.
        done_before: The phases that it restored.
    """
    points: list[Point] = []
    done, running, passed = list(done_before), "", False
    for line in lines:
        if line.startswith(CALL):
            running = line.removeprefix(CALL)
            continue
        if line == "document.renamed":
            passed = passed or len(done) == len(PHASES)
            done += [running] if running else []
            running = ""
        number = sum(point.name == line for point in points) + 1
        given_back = line.startswith(("lease.given-back", "lease.folder-gone"))
        points.append(Point(line, number, tuple(done), passed, passed and given_back))
    return points
