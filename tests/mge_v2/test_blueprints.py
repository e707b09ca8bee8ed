"""Answers of a model that cannot be used."""

import json
from typing import Any

import pytest

from examples.mge_v2.blueprints import DomainModel, PlanModel, read_json, read_source
from examples.mge_v2.errors import InvalidAnswerError


def plan(*tasks: dict[str, Any], name: str = "shop") -> str:
    """Write a plan with one phase and one milestone."""
    numbered = [
        {"number": number, "title": "t", "description": "d", "target_file": f"f{number}.py"}
        | task
        for number, task in enumerate(tasks, start=1)
    ]
    milestone = {"name": "only", "tasks": numbered}
    phases = [{"name": "only", "milestones": [milestone]}]
    return json.dumps({"project_name": name, "phases": phases})


@pytest.mark.parametrize("fence", ["{}", "```json\n{}\n```", "Here it is:\n```\n{}\n```\n"])
def test_a_plan_is_read_with_or_without_a_fence(fence: str) -> None:
    """Models wrap JSON in different ways; the plan inside is the same."""
    answer = fence.replace("{}", plan({}, {"depends_on": [1]}))

    read = read_json(PlanModel, answer, "masterplan")

    assert [task.depends_on for task in read.tasks] == [[], [1]]


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("I would rather not.", "Expecting value"),
        (plan({"target_file": "../../etc/cron.py"}), "inside the project"),
        (plan({"target_file": "/etc/cron.py"}), "inside the project"),
        (plan({"target_file": "run.sh"}), "not a Python file"),
        (plan({"depends_on": [2]}, {}), "depends on a later one"),
        (plan({"depends_on": [1]}), "depends on a later one"),
        (plan({"number": 7}), "numbered 1, 2, 3"),
        (plan({"target_file": "a.py"}, {"target_file": "a.py"}), "same file"),
        (plan({}, name="../shop"), "project_name"),
        (plan({"priority": 1}), "Extra inputs"),
        (plan(), "at least 1 item"),
    ],
)
def test_a_plan_that_cannot_be_carried_out_is_refused(answer: str, reason: str) -> None:
    """A path outside, a cycle, a double or a gap ends with the answer, not on the disk."""
    with pytest.raises(InvalidAnswerError, match=reason):
        read_json(PlanModel, answer, "masterplan")


def test_an_empty_domain_is_refused() -> None:
    """A domain model without a context is no domain model."""
    answer = '{"domain": "d", "summary": "s", "bounded_contexts": []}'

    with pytest.raises(InvalidAnswerError, match="discovery"):
        read_json(DomainModel, answer, "discovery")


def test_code_is_taken_out_of_its_fence() -> None:
    """What surrounds the code is left out, what is in it stays."""
    source = 'text = """\nfenced? ```no```\n"""\n'

    assert read_source(f"Sure!\n```python\n{source}```\nDone.", "task 1") == source
    assert read_source(source, "task 1") == source


def test_code_that_does_not_parse_is_refused() -> None:
    """A file that Python cannot read never reaches the database."""
    with pytest.raises(InvalidAnswerError, match="task 1"):
        read_source("```python\ndef broken(:\n```", "task 1")
