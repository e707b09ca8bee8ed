"""What all benchmarks share: interleaved rounds, ratios with their spread, tables.

The absolute figures of one machine drift by several times within minutes, so that only
ratios count which were taken in one run, round by round. The first round is a warm-up.
"""

import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What something took, in seconds: of the clock, and of all processors."""

    wall: float
    cpu: float


@dataclass(frozen=True, kw_only=True)
class Spread:
    """The middle of some samples, and the quartiles around it."""

    low: float
    median: float
    high: float

    def __format__(self, spec: str) -> str:
        """Show the median, and the quartiles in brackets."""
        low, median, high = (format(n, spec) for n in (self.low, self.median, self.high))
        return f"{median} ({low} to {high})"


def spread(samples: Sequence[float]) -> Spread:
    """Give the median and the quartiles of some samples."""
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Spread(low=low, median=median, high=high)


def ratio(samples: Sequence[float], to: Sequence[float]) -> Spread:
    """Compare two cases round by round."""
    return spread([one / other for one, other in zip(samples, to, strict=True)])


def interleave(
    cases: Mapping[str, Callable[[], T]], rounds: int, warm_ups: int = 1
) -> dict[str, list[T]]:
    """Run all cases in every round, in another order each time."""
    names = list(cases)
    found: dict[str, list[T]] = {name: [] for name in names}
    for number in range(-warm_ups, rounds):
        first = number % len(names)
        order = names[first:] + names[:first]
        # A case also feels what ran before it: not always the same one.
        for name in order[:: -1 if number % 2 else 1]:
            sample = cases[name]()
            if number >= 0:
                found[name].append(sample)
    return found


def timed(work: Callable[[], object]) -> float:
    """Tell the seconds that a call takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def child(
    command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Cost:
    """Tell what a process costs, from its start until it has ended well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall=wall, cpu=cpu)


def clean_environment(**more: str) -> dict[str, str]:
    """Give the environment without what would change a child's pytest or milepost."""
    ours = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "MILEPOST_", "PYTHON"))
    }
    return ours | more


def machine() -> str:
    """Name the machine and the versions that the figures hold for."""
    versions = [f"{name} {metadata.version(name)}" for name in ("milepost", "pytest")]
    load = os.getloadavg()[0]
    return (
        f"{os.cpu_count()} CPUs ({platform.machine()}), {platform.system()} "
        f"{platform.release()}, Python {platform.python_version()}, "
        f"{', '.join(versions)}; load {load:.1f}"
    )


def show(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table: the first column left, the others right."""
    table = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[n]) for row in table) for n in range(len(columns))]
    for row in table:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(widths[n]) for n, cell in enumerate(row) if n]
        print("  ".join(cells).rstrip())


def milliseconds(seconds: float) -> str:
    """Give a duration for a table."""
    return f"{seconds * 1000:.2f} ms" if seconds < 0.1 else f"{seconds * 1000:.0f} ms"


def rounds_wanted(default: int) -> int:
    """Give the number of rounds: the only argument that a benchmark takes."""
    return int(sys.argv[1]) if len(sys.argv) > 1 else default
