"""What makes a phase stale, and what leaves it alone: edits of one small project."""

from pathlib import Path

import pytest

from milepost.fingerprint import RULE, differences, fingerprint_of
from tests.unit.sources import Sources

FILES = {
    "app/__init__.py": "from .prompts import render as render_prompt\n",
    "app/prompts.py": '''
        """The texts."""
        TEMPLATE = "Discover {}"
        UNUSED = "never"
        STYLES = {}
        STYLES["short"] = "In one line."
        if len(STYLES) > 0:
            STYLES.update(long="In ten.")
        else:
            STYLES = {"none": ""}

        def render(request):
            """Render it."""
            text = TEMPLATE.format(request)  # the template
            return text + STYLES["short"]

        def unused():
            return UNUSED
    ''',
    "app/limits.py": """
        import os
        BUDGET: float = 1.5
        for name in ("a", "b"):
            BUDGET += 1
        try:
            DEPTH = int(os.environ["DEPTH"])
        except KeyError:
            DEPTH = 3
        with open(os.devnull) as stream:
            CONTENT = stream.read()
    """,
    "app/model.py": '''
        class Base:
            """Described."""
            kind = "base"
            def check(self):
                return True

        class Answer(Base):
            """Answer in one word."""
            text: str = ""
            def words(self):
                """Count."""
                return self.text.split()
    ''',
    "app/wrapping.py": """
        import functools
        def timed(fn):
            @functools.wraps(fn)
            def wrapper(*args):
                return fn(*args)
            return wrapper
    """,
    "app/tools.py": '''
        def search(query):
            """Search the web."""
            return query
        def loud(fn):
            return fn
        @loud
        def told(query):
            """Tell the model."""
            return query
    ''',
    "pipeline.py": '''
        import json
        from app import render_prompt
        import app.limits as limits
        from app.model import Answer
        from app.tools import search, told
        from app.wrapping import timed

        def run_discovery(request):
            return json.dumps(render_prompt(request)), limits.BUDGET

        def run_masterplan(domain):
            import app.limits
            return Answer(), app.limits.DEPTH, app.limits.CONTENT

        @timed
        def run_code_generation(plan):
            """Generate."""
            return plan

        def run_tools():
            return [search], told("q")

        def test_pipeline():
            assert run_discovery("x")
    ''',
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Sources:
    """Give the project before any edit."""
    sources = Sources(tmp_path_factory.mktemp("project"))
    for name, text in FILES.items():
        sources.write(name, text)
    return sources


@pytest.fixture(scope="module")
def before(project: Sources) -> dict[str, dict[str, str]]:
    """The fingerprints of all phases before an edit."""
    return _all_parts(project)


def _all_parts(sources: Sources) -> dict[str, dict[str, str]]:
    asked = (
        "{name: fingerprint_of(getattr(pipeline, name), root=root).parts"
        " for name in dir(pipeline) if name.startswith('run_')}"
    )
    found: dict[str, dict[str, str]] = sources.ask("import pipeline", asked)
    return found


def _stale(
    before: dict[str, dict[str, str]], folder: Path, name: str, old: str, new: str
) -> set[str]:
    """Edit a copy of the project in another folder, and tell which phases are stale."""
    sources = Sources(folder / "moved")
    for file, text in FILES.items():
        sources.write(file, text)
    sources.edit(name, old, new)
    after = _all_parts(sources)
    return {phase.removeprefix("run_") for phase in before if before[phase] != after[phase]}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("app/prompts.py", "  # the template", ""),
        ("app/prompts.py", '"""The texts."""', "# other words\n\n\n"),
        ("app/prompts.py", '"""Render it."""', '"""Render the request."""'),
        ("app/prompts.py", '"Discover {}"', "(\n    'Discover '\n    '{}'\n)"),
        ("app/prompts.py", "return UNUSED", "return 2"),
        ("app/prompts.py", '"never"', '"ever"'),
        ("app/limits.py", "import os\n", "import os\nNEW = 1\n"),
        ("app/model.py", '"""Described."""', '"""Described better."""'),
        ("app/model.py", '"""Count."""', '"""Count the words."""'),
        ("pipeline.py", '"""Generate."""', '"""Make the code."""\n    "more"'),
        ("pipeline.py", 'run_discovery("x")', 'run_discovery("y")'),
        ("pipeline.py", "def test_", "def new_helper(): pass\n\ndef test_"),
        ("app/tools.py", "query", "query"),
    ],
    ids=lambda text: text[:20],
)
def test_what_means_the_same_leaves_all_phases_valid(
    before: dict[str, dict[str, str]], tmp_path: Path, name: str, old: str, new: str
) -> None:
    """Comments, layout, docstrings and code that no phase uses change nothing."""
    if '"""Generate."""' in old:
        # It is decorated by something that could read its docstring.
        assert _stale(before, tmp_path, name, old, new) == {"code_generation"}
    else:
        assert _stale(before, tmp_path, name, old, new) == set()


@pytest.mark.parametrize(
    ("name", "old", "new", "stale"),
    [
        ("pipeline.py", "return plan", "return [plan]", "code_generation"),
        ("pipeline.py", "json.dumps(", "json.loads(", "discovery"),
        ("pipeline.py", "import json", "import marshal as json", "discovery"),
        ("app/prompts.py", "text + ", "'' + text + ", "discovery"),
        ("app/prompts.py", "Discover", "Find", "discovery"),
        ("app/prompts.py", "In one line", "In a line", "discovery"),
        ("app/prompts.py", "In ten", "In two", "discovery"),
        ("app/prompts.py", "len(STYLES) > 0", "len(STYLES) > 1", "discovery"),
        ("app/prompts.py", '{"none"', '{"no"', "discovery"),
        ("app/__init__.py", "render as", "unused as", "discovery"),
        ("app/limits.py", "BUDGET += 1", "BUDGET += 2", "discovery"),
        ("app/limits.py", '("a", "b")', '("a",)', "discovery"),
        ("app/limits.py", "DEPTH = 3", "DEPTH = 4", "masterplan"),
        ("app/limits.py", "except KeyError", "except Exception", "masterplan"),
        ("app/limits.py", "open(os.devnull)", "open(os.devnull, 'rb')", "masterplan"),
        ("app/model.py", "Answer in one word", "Answer in two words", "masterplan"),
        ("app/model.py", "self.text.split()", "[self.text]", "masterplan"),
        ("app/model.py", 'kind = "base"', 'kind = "other"', "masterplan"),
        ("app/model.py", "return True", "return False", "masterplan"),
        ("app/wrapping.py", "return fn(*args)", "return fn(*args[:1])", "code_generation"),
        ("pipeline.py", "@timed\n", "", "code_generation"),
        ("app/tools.py", "Search the web", "Search all of the web", "tools"),
        ("app/tools.py", "Tell the model", "Tell it", "tools"),
        (
            "app/tools.py",
            "def loud(fn):\n    return fn",
            "def loud(fn):\n    return [fn]",
            "tools",
        ),
    ],
    ids=lambda text: text[:20],
)
def test_an_edit_makes_stale_what_uses_it_and_nothing_else(
    before: dict[str, dict[str, str]],
    tmp_path: Path,
    name: str,
    old: str,
    new: str,
    stale: str,
) -> None:
    """An edit, in whatever file, makes those phases stale whose code can reach it."""
    assert _stale(before, tmp_path, name, old, new) == {stale}


def test_parts_are_named_as_people_read_them(before: dict[str, dict[str, str]]) -> None:
    """A part is a file with a name in it, and the phase's own function comes first."""
    assert next(iter(before["run_discovery"])) == "pipeline.py::run_discovery"
    assert set(before["run_discovery"]) == {
        "pipeline.py::run_discovery",
        "app/prompts.py::render",
        "app/prompts.py::TEMPLATE",
        "app/prompts.py::STYLES",
        "app/prompts.py (module level)",
        "app/limits.py::BUDGET",
    }


def test_the_wrapped_function_stands_before_its_wrapper(
    before: dict[str, dict[str, str]],
) -> None:
    """A decorated phase is first of all the function that its author wrote."""
    assert next(iter(before["run_code_generation"])) == "pipeline.py::run_code_generation"
    assert "app/wrapping.py::timed" in before["run_code_generation"]


def test_the_rule_is_named() -> None:
    """A result says by which rule its parts were found."""
    assert fingerprint_of(len, root=Path("/nowhere")).rule == RULE == "static-1"


def test_differences_begin_with_the_most_telling() -> None:
    """What changed comes before what is new or gone, the phase's own function first."""
    current = {
        "a.py::run": "2",
        "z.py::x": "2",
        "new.py::n": "1",
        "same": "1",
        "h.get (h 2)": "4",
    }
    recorded = {
        "gone.py::g": "1",
        "same": "1",
        "z.py::x": "1",
        "a.py::run": "1",
        "h.get (h 1)": "3",
    }
    assert differences(recorded, current) == [
        "a.py::run changed",
        "z.py::x changed",
        "h.get changed (h 1 -> h 2)",
        "new.py::n is new",
        "gone.py::g is gone",
    ]
    assert differences(current, current) == []
