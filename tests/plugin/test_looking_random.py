"""An input that looks different in every process is named, unless it is kept already."""

from tests.project import Project

TEST = """
    import uuid

    def new():
        return str(uuid.uuid4())

    def discover():
        return {"id": new(), "domain": "tasks"}

    def use(value):
        return 1

    def test_ids(phase):
        user = phase.remember("user", new)
        doc = phase("discovery", discover)
        phase("remembered", use, user)
        phase("returned", use, doc["id"])
        phase("inside", use, doc)
        phase("random", use, new())
        assert False
"""


def test_what_is_kept_is_not_called_random(project: Project) -> None:
    """A remembered value, or a piece of a phase's value, is the same in every run."""
    project.write("test_ids.py", TEST)
    first, second = project.run("--tb=no").text, project.run("--tb=no").text

    for text in (first, second):
        assert text.count("looks like a random uuid") == 1
        assert "random: input value looks like a random uuid" in text
    assert "random is stale: input value changed" in second


def test_what_was_restored_is_not_called_random(project: Project) -> None:
    """A constant that looks random has shown that it is none when it is restored."""
    constant = '"de7fbbde-0aa0-44e0-be73-c28754a2b8e4"'
    project.write("test_ids.py", TEST.replace("use, new()", f"use, {constant}"))

    assert "looks like a random uuid" in project.run("--tb=no").text
    assert "looks like a random uuid" not in project.run("--tb=no").text
