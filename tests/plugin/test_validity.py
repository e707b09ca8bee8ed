"""What makes a finished phase stale, what does not, and how it is said."""

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project

ONE_FILE = """
    import os
    from calling import note
    from prompts import render

    LIMIT = 3

    def run_discovery():
        note("discovery")
        return {"domain": render("tasks")}

    def run_masterplan():
        note("masterplan")
        return {"tasks": LIMIT}

    def run_code_generation():
        note("code_generation")
        if os.environ.get("BROKEN"):
            raise ValueError("broken")
        return {"files": 1}

    def test_all(phase):
        phase("discovery", run_discovery)
        phase("masterplan", run_masterplan)
        phase("code_generation", run_code_generation)
"""
PROMPTS = '''
    """Prompts."""

    def render(topic):
        """Render a prompt."""
        return template(topic)

    def template(topic):
        return f"Model {topic}"

    def unused():
        return 1
'''


@pytest.fixture
def broken(project: Project) -> Project:
    """Give a project whose last phase of three has failed."""
    project.write("test_all.py", ONE_FILE)
    project.write("prompts.py", PROMPTS)
    assert project.run(env=BROKEN).calls == ["discovery", "masterplan", "code_generation"]
    return project


@pytest.mark.parametrize(
    ("file", "old", "new", "calls", "said"),
    [
        ("test_all.py", '"files": 1', '"files": 2', [], ""),
        (
            "prompts.py",
            '"Model',
            '"Describe',
            ["discovery"],
            "prompts.py::template changed",
        ),
        (
            "test_all.py",
            "LIMIT = 3",
            "LIMIT = 4",
            ["masterplan"],
            "test_all.py::LIMIT changed",
        ),
        ("test_all.py", '"domain"', '"name"', ["discovery"], "test_all.py::run_discovery"),
        ("prompts.py", "return 1", "return 2", [], ""),
        ("prompts.py", "Render a prompt.", "Render it.", [], ""),
        (
            "prompts.py",
            "    return template(topic)",
            "    # why\n\n    return template(topic)",
            [],
            "",
        ),
        (
            "test_all.py",
            "def test_all(phase):",
            "def test_all(phase):\n    print()",
            [],
            "",
        ),
    ],
    ids=[
        "the broken phase itself",
        "a helper's helper in another file",
        "a constant",
        "the phase's function",
        "an unused function",
        "a docstring",
        "a comment and lines",
        "the test function",
    ],
)
def test_only_what_a_phase_depends_on_makes_it_stale(
    broken: Project, file: str, old: str, new: str, calls: list[str], said: str
) -> None:
    """An edit runs exactly the phases again that depend on what was edited, and says so."""
    broken.edit(file, old, new)
    result = broken.run()

    assert result.passed, result.text
    assert result.calls == [*calls, "code_generation"]
    assert said in result.text


def test_going_back_to_the_old_code_finds_the_old_value(broken: Project) -> None:
    """A value that an edit superseded is restored when the edit is taken back."""
    broken.edit("prompts.py", '"Model', '"Describe')
    assert "discovery" in broken.run(env=BROKEN).calls
    broken.edit("prompts.py", '"Describe', '"Model')

    assert broken.run().calls == ["code_generation"]


def test_another_argument_makes_a_phase_and_its_dependants_stale(project: Project) -> None:
    """A changed argument runs its phase again, and those whose inputs changed with it."""
    write_pipeline(project).run(env=BROKEN)
    project.edit("test_pipeline.py", '"task manager"', '"task  manager"')
    same = project.run(env=BROKEN)
    project.edit("steps.py", '["task", "user"]', '["task", "user", "tag"]')
    other = project.run(env=BROKEN)

    assert same.calls == ["discover", "make_plan", "generate"]
    assert other.calls == ["discover", "make_plan", "generate"]
    assert "input request changed" in same.text


def test_an_equal_value_leaves_the_dependants_valid(project: Project) -> None:
    """A phase that ran again and gave an equal value does not make others stale."""
    write_pipeline(project).run(env=BROKEN)
    project.edit("steps.py", "request.title()", '"Task Manager"')
    project.edit("test_pipeline.py", 'doc["domain"]', 'doc["domain"].title()')
    result = project.run()

    assert result.calls == ["discover", "generate"]


def test_a_changed_file_among_the_inputs(project: Project) -> None:
    """A path given by inputs=[...] counts by what it holds."""
    write_pipeline(project)
    project.write("prompts/one.txt", "one")
    project.edit(
        "test_pipeline.py",
        'phase("discovery", ',
        'phase.with_options(inputs=[Path(__file__).with_name("prompts")])("discovery", ',
    )
    project.edit("test_pipeline.py", "from steps", "from pathlib import Path\nfrom steps")
    project.run(env=BROKEN)
    untouched = project.run(env=BROKEN)
    project.write("prompts/two.txt", "two")
    changed = project.run()

    assert untouched.calls == ["generate"]
    assert "discover" in changed.calls


def test_a_live_argument_counts_by_type_and_is_said_once(project: Project) -> None:
    """A client among the arguments does not make a phase stale; the report says how."""
    write_pipeline(project)
    project.write(
        "client.py",
        "class Client:\n    def __init__(self):\n        self.s = open(__file__)\n",
    )
    project.edit("steps.py", "def discover(request)", "def discover(request, client=None)")
    project.edit("test_pipeline.py", '"task manager"', '"task manager", Client()')
    project.edit("test_pipeline.py", "from steps", "from client import Client\nfrom steps")
    first = project.run("-W", "ignore", env=BROKEN)
    second = project.run("-W", "ignore")

    said = "discovery: argument 'client' (client.Client) is live: counted by type."
    assert first.text.count(said) == 1
    assert second.calls == ["generate"]


def test_live_can_be_stale(project: Project) -> None:
    """With milepost_live = stale a phase with a live argument always runs."""
    write_pipeline(project)
    project.edit("steps.py", "def discover(request)", "def discover(request, lock=None)")
    project.edit("test_pipeline.py", '"task manager"', '"task manager", iter([1])')
    project.edit("test_pipeline.py", "from steps", "from steps")
    project.run(env=BROKEN)

    assert "discover" in project.run("-o", "milepost_live=stale").calls


def test_ignored_arguments_do_not_count(project: Project) -> None:
    """An argument named by ignore=[...] may differ in every run."""
    write_pipeline(project)
    project.edit("steps.py", "def discover(request)", "def discover(request, now=None)")
    project.edit("test_pipeline.py", '"task manager"', '"task manager", time.time()')
    project.edit(
        "test_pipeline.py",
        'phase("discovery"',
        'phase.with_options(ignore=["now"])("discovery"',
    )
    project.edit("test_pipeline.py", "from steps", "import time\nfrom steps")
    project.run(env=BROKEN)

    assert project.run().calls == ["generate"]


@pytest.mark.parametrize(
    ("maker", "name"),
    [("tmp_path", "tmp_path"), ("uuid.uuid4()", "uuid"), ("datetime.now()", "time")],
)
def test_what_is_never_the_same_is_named_in_the_first_run(
    project: Project, maker: str, name: str
) -> None:
    """An argument that differs in every process is named with its cure at once."""
    write_pipeline(project)
    project.edit("steps.py", "def discover(request)", "def discover(request, given=None)")
    project.edit("test_pipeline.py", '"task manager"', f'"task manager", {maker}')
    project.edit("test_pipeline.py", "(phase)", "(phase, tmp_path)")
    project.edit(
        "test_pipeline.py",
        "from steps",
        "import uuid\nfrom datetime import datetime\nfrom steps",
    )
    text = project.run(env=BROKEN).text

    assert "discovery: input given" in text, name
    assert "phase.remember" in text or "ignore" in text


def test_verify_that_says_no_runs_the_phase_again(project: Project) -> None:
    """A restored value that verify refuses is stale."""
    write_pipeline(project).run(env=BROKEN)
    project.edit(
        "test_pipeline.py",
        'phase("discovery"',
        'phase.with_options(verify=lambda doc: False)("discovery"',
    )
    result = project.run()

    assert "discover" in result.calls
    assert "discovery is stale: verify said no" in result.text


def test_remembered_values_are_made_once(project: Project) -> None:
    """What phase.remember made is the same until the test passes, then made anew."""
    project.write(
        "test_user.py",
        """
        import os, uuid
        from calling import note

        def work(user):
            note(f"work {user}")

        def test_user(phase):
            user = phase.remember("user", lambda: str(uuid.uuid4()))
            phase("work", work, user)
            note(f"user {user}")
            assert not os.environ.get("BROKEN")
        """,
    )
    first, second, third = project.run(env=BROKEN), project.run(), project.run()

    assert second.passed, second.text
    assert second.calls == [first.calls[1]]
    assert third.calls[1] != first.calls[1]


def test_always_runs_and_is_no_input(project: Project) -> None:
    """An always phase runs in every run; its live value makes no other phase stale."""
    project.write(
        "test_server.py",
        """
        import os, threading
        from calling import note

        def start():
            note("start")
            return threading.Lock()

        def load(server):
            note("load")
            return 3

        def test_server(phase):
            server = phase.with_options(always=True)("server", start)
            assert phase("load", load, server) == 3
            assert not os.environ.get("BROKEN")
        """,
    )
    first, second = project.run(env=BROKEN), project.run()

    assert first.calls == ["start", "load"]
    assert second.calls == ["start"]
    assert second.passed, second.text
