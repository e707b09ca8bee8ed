"""Values that cannot be kept: nothing that was paid for is thrown away."""

import pytest

from tests.project import Project

TEMPLATE = """
    import os
    from dataclasses import dataclass
    from datetime import datetime
    from calling import note
    from milepost import Phase

    @dataclass
    class Plan:
        tasks: int
        title: str = "none"

    class Session:
        pass

    def make({argument}){annotation}:
        note("make")
        return {value}

    def test_make(phase: Phase):
        made = phase("make", make)
        {check}
        assert not os.environ.get("BROKEN"), "broken"
"""


def write(
    project: Project, value: str, *, annotation: str = "", check: str = "pass"
) -> None:
    """Write a test with one phase that returns the value."""
    text = TEMPLATE.format(value=value, annotation=annotation, check=check, argument="")
    project.write("test_make.py", text)


@pytest.mark.parametrize(
    ("value", "check"),
    [
        ("(1, 2)", "assert made == (1, 2)"),
        ("{1, 2}", "assert made == {1, 2}"),
        ("{1: 'one'}", "assert made == {1: 'one'}"),
        ("float('nan')", "assert made != made"),
        ("Session()", "assert type(made) is Session"),
        (
            "{'token': 'gh' + 'p_' + 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}",
            "assert made['token']",
        ),
    ],
    ids=["tuple", "set", "integer keys", "nan", "live", "secret"],
)
def test_what_json_cannot_say_reaches_the_test(
    project: Project, value: str, check: str
) -> None:
    """A value that cannot be kept is handed on as it is, and the report says why."""
    write(project, value, check=check)
    first, second = project.run(env={"BROKEN": "1"}), project.run()

    assert "make ran, not kept" in first.text
    assert "assert not '1'" in first.text
    assert second.passed, second.text
    assert second.calls == ["make"]


def test_a_secret_is_named_by_its_path_and_never_written(project: Project) -> None:
    """A value that holds a key is not written; the report names the path, not the key."""
    key = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    write(project, f"{{'auth': [{{'header': 'gh' + {key[2:]!r}}}]}}")
    text = project.run(env={"BROKEN": "1"}).text
    written = b"".join(
        p.read_bytes() for p in project.checkpoints.rglob("*") if p.is_file()
    )

    assert "$.auth[0].header" in text
    assert key not in text
    assert key.encode() not in written


def test_an_admitted_secret_is_kept(project: Project) -> None:
    """A path named by milepost_secret_ok may hold a secret."""
    write(project, "{'token': 'gh' + 'p_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8'}")
    project.run("-o", "milepost_secret_ok=$.token", env={"BROKEN": "1"})

    assert project.run("-o", "milepost_secret_ok=$.token").calls == []


def test_a_domain_model_with_a_password_field_is_no_secret(project: Project) -> None:
    """A schema that merely has a field named password is kept."""
    write(project, "{'fields': {'password': 'string'}, 'usage': {'input_tokens': 1200}}")
    project.run(env={"BROKEN": "1"})

    assert project.run().calls == []


@pytest.mark.parametrize(
    ("annotation", "value", "check"),
    [
        (" -> Plan", "Plan(3)", "assert made == Plan(3)"),
        (" -> tuple[int, str]", "(1, 'a')", "assert made == (1, 'a')"),
        (" -> datetime", "datetime(2026, 1, 2)", "assert made.year == 2026"),
        (" -> dict[int, set[str]]", "{1: {'a'}}", "assert made == {1: {'a'}}"),
        (" -> None", "None", "assert made is None"),
        ("", "{'result': 1}", "assert made == {'result': 1}"),
        ("", "{'status': 'x', 'milepost': 2, 'error': 3}", "assert made['status'] == 'x'"),
        ("", "'x' * 100_000", "assert len(made) == 100_000"),
        ("", "__import__('numpy').arange(6).reshape(2, 3)", "assert made.shape == (2, 3)"),
    ],
)
def test_kept_values_come_back_as_they_were(
    project: Project, annotation: str, value: str, check: str
) -> None:
    """Typed, clashing, large and binary values are restored with type and content."""
    write(project, value, annotation=annotation, check=check)
    first, second = project.run(env={"BROKEN": "1"}), project.run()

    assert "assert not '1'" in first.text, first.text
    assert second.passed, second.text
    assert second.calls == []


@pytest.mark.parametrize("annotation", [" -> Session", " -> 'Unknown'"])
def test_an_annotation_that_cannot_be_restored_is_refused_before_the_call(
    project: Project, annotation: str
) -> None:
    """What the annotation already tells is refused before anything is spent."""
    write(project, "Session()", annotation=annotation)
    result = project.run()

    assert result.calls == []
    assert result.outcomes() == {"failed": 1}
    assert "milepost: " in result.text


def test_a_renamed_field_is_stale_and_never_coerced(project: Project) -> None:
    """A value of an older shape runs its phase again instead of getting defaults."""
    write(project, "Plan(3)", annotation=" -> Plan")
    project.run(env={"BROKEN": "1"})
    project.edit("test_make.py", "tasks: int", "task_count: int")
    result = project.run()

    assert result.calls == ["make"]
    assert result.passed, result.text


def test_strict_projects_fail(project: Project) -> None:
    """With milepost_unkept = fail a value that cannot be kept fails the test."""
    write(project, "(1, 2)")
    result = project.run("-o", "milepost_unkept=fail")

    assert result.outcomes() == {"failed": 1}
    assert "its value cannot be kept (milepost_unkept = fail)" in result.text


def test_the_first_run_sees_what_later_runs_see(project: Project) -> None:
    """The value handed out in the first run has made the round trip already."""
    shared = "(lambda part: {'a': part, 'b': part})([1])"
    write(project, shared, check="made['a'].append(2); note(str(made['b']))")
    first, second = project.run(env={"BROKEN": "1"}), project.run()

    assert first.calls[-1] == second.calls[-1] == "[1]"
