"""milepost doctor on every shape: it is right, and nothing is run for it."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.shapes.shape import Shape, Suite
from tests.shapes.test_story import every_shape

_NAMED = r"phase '([^']*)'"
_COMPUTED = r"phase f'([^']*)' \(computed\)"


def examine(suite: Suite) -> dict[str, Any]:
    """Run the doctor on a suite and give what it says."""
    plugins = [name for name in suite.project.plugins if "milepost" not in name]
    done = subprocess.run(
        [sys.executable, "-m", "milepost", "doctor", "--json"],
        cwd=suite.project.folder,
        env=suite.project.environment(PYTEST_PLUGINS=",".join(plugins)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == found["exit_code"]
    return found


def phases_of(project: Path) -> set[str]:
    """Name the phases that ran, as the history has them."""
    records = [json.loads(p.read_text()) for p in project.glob("history/*/*.json")]
    return {phase["phase"] for record in records for phase in record["phases"]}


@every_shape
def test_the_doctor_is_right(suite: Suite, shape: Shape) -> None:
    """It finds no problem in a suite that resumes, knows its phases, and runs nothing."""
    found = examine(suite)
    problems = [f for t in found["tests"] for f in t["findings"] if f["level"] == "problem"]
    assert problems == []
    assert found["exit_code"] == 0
    assert suite.project.all_calls() == []
    assert not suite.project.checkpoints.exists()

    assert suite.run().passed
    assert unnamed(phases_of(suite.project.checkpoints), found) == set()


def unnamed(phases: set[str], found: dict[str, Any]) -> set[str]:
    """Give the phases that the doctor did not name, nor say that it cannot."""
    text = json.dumps(found["tests"], ensure_ascii=False)
    missed = phases - set(re.findall(_NAMED, text))
    for computed in re.findall(_COMPUTED, text):
        form = ".*".join(map(re.escape, re.split(r"{[^}]*}", computed)))
        missed = {name for name in missed if not re.fullmatch(form, name)}
    return set() if "cannot be told" in text else missed
