"""Where a name cannot be followed, more counts; where nothing can be read, it is said."""

import sys
from pathlib import Path

import pytest

from tests.unit.sources import Sources

WHOLE = "lib/inner/helper.py"

PASSING_ON = """\
import lib.inner.helper as h
def run(x): return getattr(h, x)()
---
from lib.inner import helper
def run(x): return vars(helper)[x]
---
from lib.inner import helper
def run(x): return helper.__dict__[x]
---
from lib.inner import helper
def run(x): return inspect.getmembers(helper)
---
from lib.inner import helper
def run(x):
    h = helper
    return h.used(x)
---
from lib.inner import helper
TOOLS = [helper]
def run(x): return TOOLS
---
def run(x): return __import__('lib.inner.helper')
---
import importlib
def run(x): return importlib.import_module('lib.inner.helper')
---
from importlib import import_module
def run(x): return import_module(f'lib.inner.{x}')
---
from importlib import import_module
def run(x): return import_module('lib.inner.' + x)
---
import sys
def run(x): return sys.modules['lib.inner.helper'].used(x)
---
import lib.inner
def run(x): return pkgutil.iter_modules(lib.inner.__path__)
---
import lib.inner
def run(x): return x(lib.inner)
""".split("---\n")

LOOKING_UP = """\
def run(x): return globals()[x]()
---
def run(x): return eval(x)
---
def run(x): exec(x)
---
import sys
def run(x): return getattr(sys.modules[__name__], x)
---
def run(x): return undefined_anywhere(x)
---
exec('def made(x): return x')
def run(x): return made(x)
---
from importlib import import_module
def run(x): return import_module(x)
---
from importlib import import_module as load
def run(x): return load(x)
""".split("---\n")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Give a package with a module of which only one function is wanted."""
    made = Sources(tmp_path)
    made.write("lib/__init__.py", "")
    made.write("lib/inner/__init__.py", "")
    text = """
        from lib.deep import bottom
        def used(x):
            return x
        def other(x):
            return bottom(x)
        def test_used():
            assert used(1)
    """
    made.write("lib/inner/helper.py", text)
    made.write("lib/deep.py", "def bottom(x):\n    return x\n")
    return made


@pytest.mark.parametrize("body", PASSING_ON, ids=map(str, range(len(PASSING_ON))))
def test_a_module_that_is_not_only_asked_for_names_counts_as_a_whole(
    sources: Sources, body: str
) -> None:
    """All of the module counts, with all that it uses, and without its tests."""
    sources.write("app.py", body)
    before = sources.parts("import app", "app.run")
    assert {WHOLE, "lib/deep.py::bottom"} <= set(before)
    sources.edit("lib/inner/helper.py", "used(1)", "used(2)")
    assert sources.parts("import app", "app.run") == before
    sources.edit("lib/inner/helper.py", "bottom(x)", "bottom(x) + 1")
    assert sources.parts("import app", "app.run")[WHOLE] != before[WHOLE]


@pytest.mark.parametrize("body", LOOKING_UP, ids=map(str, range(len(LOOKING_UP))))
def test_a_function_that_looks_names_up_brings_its_own_module(
    sources: Sources, body: str
) -> None:
    """What a function takes from its module by a computed name counts."""
    sources.write("app.py", f"{body}\ndef other(): return 1\n")
    before = sources.parts("import app", "app.run")
    assert "app.py" in before
    sources.edit("app.py", "return 1", "return 2")
    assert sources.parts("import app", "app.run")["app.py"] != before["app.py"]


def test_an_import_by_a_computed_name_brings_its_package(sources: Sources) -> None:
    """Any module of the package could be the one that is imported."""
    sources.write(
        "lib/load.py", "import importlib\ndef run(x): return importlib.import_module(x)"
    )
    assert {WHOLE, "lib/deep.py", "lib/load.py"} <= set(
        sources.parts("import lib.load", "lib.load.run")
    )


@pytest.mark.parametrize(
    "body",
    [
        "NAMES = ['lib.inner.helper']\ndef run(x): return [x(n) for n in NAMES]",
        "NAME = 'lib.inner.helper'\ndef run(x): return x(NAME)",
        "def run(x): return x(name='lib.inner.helper')",
        "def run(x): return 'lib.inner.helper'",
    ],
    ids=["list", "constant", "keyword", "returned"],
)
def test_a_modules_name_in_a_string_leads_to_it(sources: Sources, body: str) -> None:
    """A module that is only named by a string counts as a whole."""
    sources.write("app.py", body)
    assert WHOLE in sources.parts("import app", "app.run")


def test_a_loggers_name_is_no_module(sources: Sources) -> None:
    """A logger that is called as a module is has nothing of it."""
    text = """
        import logging
        log = logging.getLogger("lib.inner.helper")
        def run(x): log.info(x)
    """
    sources.write("app.py", text)
    assert set(sources.parts("import app", "app.run")) == {"app.py::run", "app.py::log"}


def test_names_that_only_type_checkers_see_do_not_count(sources: Sources) -> None:
    """What is imported or defined for type checkers only never runs."""
    text = """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            from lib.inner.helper import used
            Alias = used
        def run(x: used) -> "Alias":
            y: used = x
            return y
    """
    sources.write("app.py", text)
    assert set(sources.parts("import app", "app.run")) == {"app.py::run"}


def test_class_names_and_type_variables_are_found_where_they_are(sources: Sources) -> None:
    """A name bound in a class body, or in brackets, is not looked for in the module."""
    text = """
        class Settings:
            depth = 3
            twice = depth * 2
            def limit(self, size=depth):
                return __class__, size
        def run(x):
            return Settings, [y for y in x if (z := y)], (lambda q: q)(z)
    """
    sources.write("app.py", text)
    assert set(sources.parts("import app", "app.run")) == {
        "app.py::run",
        "app.py::Settings",
    }


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python 3.12 has brackets there")
def test_type_parameters_are_no_names_of_the_module(sources: Sources) -> None:
    """What stands in brackets after a name belongs to that name."""
    text = """
        from lib.deep import bottom
        type Pair[P] = tuple[P, P]
        class Box[B]:
            def get[G](self, key: G, size: int = 3) -> B: return size
        def run[T](x: T, box: Box[T]) -> Pair[T]: return bottom(x)
    """
    sources.write("app.py", text)
    assert set(sources.parts("import app", "app.run")) == {
        "app.py::run",
        "app.py::Box",
        "app.py::Pair",
        "lib/deep.py::bottom",
    }


@pytest.mark.parametrize(
    ("patch", "part"),
    [
        ("lib.deep.bottom = fakes.fake", "fakes.py::fake"),
        ("app.bottom = fakes.fake", "fakes.py::fake"),
        ("app.bottom = lambda x: x", None),
        ("app.string.capwords = fakes.fake", "fakes.py::fake"),
        ("app.MODEL = 'small'", "app.py::MODEL (at run time)"),
        ("app.client = fakes.Client()", "fakes.py::Client"),
        ("app.Kind.method = fakes.fake", "fakes.py::fake"),
        ("app.Kind = fakes.Client", "fakes.py::Client"),
        ("app.new = fakes.fake", "fakes.py::fake"),
        ("import unittest.mock; app.bottom = unittest.mock.Mock()", "app.py"),
        ("import unittest.mock; app.helper = unittest.mock.Mock()", "app.py"),
        ("import unittest.mock; app.loads = unittest.mock.Mock()", "app.py"),
    ],
)
def test_what_stands_in_a_names_place_at_run_time_counts(
    sources: Sources, patch: str, part: str | None
) -> None:
    """A patched name counts as what it is; where that has no source, its module does."""
    text = """
        import string
        from json import loads
        from lib.deep import bottom
        MODEL = "large"
        client = None
        class Kind:
            def method(self): return 1
        def helper(): return 1
        def run(x):
            return string.capwords(bottom(x)), MODEL, client, Kind, helper, loads, new
        new = client
    """
    sources.write("app.py", text)
    sources.write("fakes.py", "def fake(*x): return 1\nclass Client: pass\n")
    before = sources.parts("import app", "app.run")
    assert "app.py" not in before
    setup = f"import app, lib.deep, fakes\n{patch}"
    if part is None:
        answer = sources.parts(setup, "app.run")
        assert "app.py" in answer
    else:
        assert part in sources.parts(setup, "app.run")
        assert part not in before


@pytest.mark.parametrize(
    ("fn", "part"),
    [
        ("len", "builtins.len"),
        ("'abc'.join", "builtins.str.join"),
        ("json.dumps", "json.dumps"),
        ("asyncio.to_thread", "asyncio.threads.to_thread"),
        ("dict", "builtins.dict"),
    ],
)
def test_code_without_source_of_ours_counts_by_name(
    sources: Sources, fn: str, part: str
) -> None:
    """A function of Python or of C counts by its name."""
    assert set(sources.parts("import json, asyncio", fn)) == {part}


def test_third_party_code_counts_by_name_and_version(sources: Sources) -> None:
    """A function that a distribution has installed counts with that one's version."""
    sources.write("site-packages/tool.py", "def work(x): return x\ndef other(): pass\n")
    metadata = "Metadata-Version: 2.1\nName: tool-box\nVersion: 1.5\n"
    sources.write("site-packages/tool_box-1.5.dist-info/METADATA", metadata)
    sources.write("site-packages/tool_box-1.5.dist-info/top_level.txt", "tool\n")
    setup = "sys.path.append(str(root / 'site-packages')); import tool"
    before = sources.parts(setup, "tool.work")
    assert set(before) == {"tool.work (tool-box 1.5)"}
    sources.edit("site-packages/tool.py", "return x", "return [x]")
    assert sources.parts(setup, "tool.work") == before


def test_code_from_outside_the_root_that_nobody_installed_counts_by_its_file(
    sources: Sources, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Without a version to go by, an edit of the file is the only sign there is."""
    other = Sources(tmp_path_factory.mktemp("beside"))
    other.write("beside.py", "def work(x): return x\n")
    setup = f"sys.path.append({str(other.folder)!r}); import beside"
    before = sources.parts(setup, "beside.work")
    other.edit("beside.py", "return x", "return [x]")
    after = sources.parts(setup, "beside.work")
    assert set(before) == set(after) == {"beside.work"}
    assert before != after


ZIPPED = """
import zipfile
with zipfile.ZipFile("z.zip", "w") as zipped:
    zipped.write("gone.py")
(root / "gone.py").unlink()
sys.path.insert(0, "z.zip")
from gone import run
"""


@pytest.mark.parametrize(
    "setup",
    [
        "exec('def run(x): return x')",
        "space = {}; exec('def run(x): return x', space); run = space['run']",
        "import app; exec('def run(x): return x', vars(app)); run = app.run",
        "import gone; (root / 'gone.py').unlink(); run = gone.run",
        "import gone; (root / 'gone.py').write_text('def :'); run = gone.run",
        "import gone; (root / 'gone.py').write_text('x = 1'); run = gone.run",
        ZIPPED,
        "import uses; (root / 'gone.py').unlink(); run = uses.run",
    ],
)
def test_a_function_without_readable_source_is_refused(
    sources: Sources, setup: str
) -> None:
    """Code that cannot be read is an error in three parts, not an empty fingerprint."""
    sources.write("app.py", "x = 1")
    sources.write("gone.py", "def run(x): return x")
    sources.write("uses.py", "import gone\ndef run(x): return gone.run(x)")
    attempt = f"""
{setup}
try:
    fingerprint_of(run, root=root)
    answer = None
except CouldNotRecordError as error:
    answer = [error.what, error.why, error.cure]
"""
    what, why, cure = sources.ask(attempt, "answer")
    assert "cannot be recorded" in what
    assert "not restored" in why
    assert "source file" in cure


def test_a_file_is_read_once_a_process(sources: Sources) -> None:
    """An edit while the tests run does not change what the process was started with."""
    sources.write("app.py", "def run(x): return x\n")
    setup = """
        import app
        before = fingerprint_of(app.run, root=root).parts
        (root / "app.py").write_text("def run(x): return 2")
    """
    assert sources.ask(setup, "fingerprint_of(app.run, root=root).parts == before")


def test_warnings_of_the_users_source_are_not_given_again(sources: Sources) -> None:
    """A doubtful escape in a source neither warns nor fails where warnings are errors."""
    sources.write("app.py", "def run(x): return '\\d'\n")
    setup = "import app, warnings; warnings.simplefilter('error')"
    assert set(sources.parts(setup, "app.run")) == {"app.py::run"}


@pytest.mark.parametrize(
    "folder", [".venv/lib", "site-packages", ".tox/py", "node_modules/x"]
)
def test_installed_files_below_the_root_are_not_ours(sources: Sources, folder: str) -> None:
    """What lies in an environment inside the project is not followed."""
    sources.write(f"{folder}/tool.py", "def work(x): return x\n")
    sources.write("app.py", "import tool\ndef run(x): return tool.work(x)")
    setup = f"sys.path.append(str(root / {folder!r})); import app"
    assert set(sources.parts(setup, "app.run")) == {"app.py::run"}
