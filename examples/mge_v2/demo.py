"""The end-to-end test breaks, continues where it broke, and passes: ``make demo``.

A stand-in model server resets the connection of one call, in every attempt that the
first run makes, so that its retries are used up. The second run goes on from there.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from examples.mge_v2.stand_in import StandIn, running_stand_in

_ROOT: Final = Path(__file__).resolve().parents[2]
_CHECKPOINTS: Final = _ROOT / "tests" / "e2e" / "checkpoints"
_TEST: Final = (
    "tests/e2e/test_mge_v2_complete_pipeline.py::test_complete_mge_v2_pipeline_fastapi"
)
_LATENCY_SECONDS: Final = 0.2
_BREAKING_CALL: Final = "Task: 28 of 33"
_ATTEMPTS: Final = 4
Report = dict[str, Any]


def main() -> int:
    """Break the test, show what is kept, and run it again.

    Returns:
        0 when the first run broke and the second one passed without repeating a
        finished phase.
    """
    _milepost("rm", "--all")
    with running_stand_in(latency=_LATENCY_SECONDS) as stand_in:
        stand_in.fault("reset", match=_BREAKING_CALL, times=_ATTEMPTS)
        _say("The first run: one call's connection is reset, four times.")
        broke = _run(stand_in)
        first = stand_in.report()
        _say("What is kept:")
        _milepost("ls")
        _milepost("show", "fastapi_pipeline")
        _say("The second run: nothing that has finished is paid for again.")
        passed = _run(stand_in)
        second = stand_in.report()
    _say(_summary(first, second))
    repeated = _count(second, "discovery", "masterplan") != 2
    return 0 if broke and not passed and not repeated else 1


def _run(stand_in: StandIn) -> int:
    command = [sys.executable, "-m", "pytest", _TEST, "-v", "-s", "--tb=short"]
    environment = os.environ | {"MGE_MODEL_URL": stand_in.url, "PYTHONUTF8": "1"}
    return subprocess.run(command, cwd=_ROOT, env=environment, check=False).returncode


def _milepost(*arguments: str) -> None:
    command = [sys.executable, "-m", "milepost", "--dir", str(_CHECKPOINTS), *arguments]
    subprocess.run(command, cwd=_ROOT, check=True)


def _summary(first: Report, second: Report) -> str:
    made = second["begun"] - first["begun"]
    finished = [call for call in first["calls"] if _is_finished_phase(call)]
    saved = sum(call["cost_usd"] for call in finished)
    return (
        f"The first run made {first['begun']} calls and paid for {first['completed']} "
        f"(${first['cost_usd']:.2f}).\n"
        f"The second made {made}, none of them for a finished phase: "
        f"{len(finished)} calls and ${saved:.2f} not paid again."
    )


def _is_finished_phase(call: Report) -> bool:
    return call["phase"] in ("discovery", "masterplan") and bool(call["completed"])


def _count(report: Report, *phases: str) -> int:
    return sum(call["phase"] in phases for call in report["calls"])


def _say(text: str) -> None:
    line = "─" * 72
    sys.stdout.write(f"\n{line}\n{text}\n{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
