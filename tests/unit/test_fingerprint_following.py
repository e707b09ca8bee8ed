"""Names are followed to their ends: every import form, re-export and kind of function."""

from pathlib import Path

import pytest

from tests.unit.sources import Sources

HELPER = "def used(x):\n    return x\n\ndef other(x):\n    return x\n"
USED = "lib/inner/helper.py::used"

BODIES = """\
import lib.inner.helper
def run(x): return lib.inner.helper.used(x)
---
import lib.inner.helper as h
def run(x): return h.used(x)
---
from lib.inner import helper
def run(x): return helper.used(x)
---
from lib.inner import helper as h
def run(x): return h.used(x)
---
from lib.inner.helper import used
def run(x): return used(x)
---
from lib.inner.helper import used as u
def run(x): return u(x)
---
from lib.inner.helper import *
def run(x): return used(x)
---
import lib
def run(x): return lib.inner.helper.used(x)
---
def run(x):
    from lib.inner.helper import used
    return used(x)
---
def run(x):
    import lib.inner.helper
    return lib.inner.helper.used(x)
---
def run(x):
    import lib.inner.helper as h
    return [h.used(i) for i in x]
---
from lib.inner import helper
def run(x): return (lambda: helper.used(x))()
---
from lib.inner.helper import used
def run(x, f=used): return f(x)
---
from lib.inner.helper import used
run = lambda x: used(x)
---
from lib.inner.helper import used
TABLE = {'a': used}
def run(x): return TABLE[x](x)
---
from lib.inner.helper import used
alias = used
def run(x): return alias(x)
---
try:
    from lib.inner.helper import used
except ImportError:
    used = None
def run(x): return used(x)
---
if 1:
    from lib.inner.helper import used
def run(x): return used(x)
---
from lib.inner.helper import used
class K:
    def m(self, x): return used(x)
def run(x): return K().m(x)
---
from lib.inner.helper import used
class B:
    f = staticmethod(used)
class K(B): pass
def run(x): return K.f(x)
---
from lib.inner.helper import used
def deep(x): return used(x)
def run(x):
    def inner():
        return deep(x)
    return inner()
---
from lib.inner.helper import used
async def run(x): return used(x)
---
from lib.inner.helper import used
_c = None
def make():
    global _c
    _c = used
def run(x): return _c(x)
---
from lib.inner.helper import used
import functools
run = functools.partial(used, 1)
---
from lib.inner.helper import used
import functools
@functools.lru_cache
def run(x): return used(x)
---
from lib.inner.helper import used
class K:
    def __call__(self, x): return used(x)
run = K()
---
from lib.inner.helper import used
class K:
    def m(self, x): return used(x)
run = K().m
---
from lib.inner.helper import used
class K:
    @classmethod
    def m(cls, x): return used(x)
run = K.m
---
from lib.inner.helper import used
class run:
    def __init__(self, x): used(x)
---
from lib.inner.helper import used
def make():
    def inner(x): return used(x)
    return inner
run = make()
---
from lib.inner.helper import used
def make(f):
    return lambda x: f(x)
run = make(used)
---
from lib.inner.helper import used
def make():
    return [lambda x: used(x) for _ in '1']
run = make()[0]
---
def make():
    from lib.inner.helper import used
    return lambda x: used(x)
run = make()
---
import lib.inner.helper as h
def run(x):
    match x:
        case 1: return h.used(x)
---
import lib.inner.helper as h
def run(x, y: 'h.used' = 1): return x
---
import lib.inner.helper as h
def run(x): return f'{h.used(x)!r}'
---
def run(x):
    import mock
    mock.patch('lib.inner.helper.used')
---
def run(x):
    import uvicorn
    uvicorn.run('lib.inner.helper:used')
""".split("---\n")


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Give a package with a module of which only one function is wanted."""
    made = Sources(tmp_path)
    made.write("lib/__init__.py", "")
    made.write("lib/inner/__init__.py", "")
    made.write("lib/inner/helper.py", HELPER)
    return made


@pytest.mark.parametrize("body", BODIES, ids=map(str, range(len(BODIES))))
def test_a_name_is_followed_however_it_was_imported(sources: Sources, body: str) -> None:
    """What a phase reaches counts, and its neighbour in the same file does not."""
    sources.write("app.py", body)
    parts = sources.parts("import app", "app.run")
    assert USED in parts
    assert "lib/inner/helper.py::other" not in parts
    assert "lib/inner/helper.py" not in parts


@pytest.mark.parametrize(
    ("statement", "use"),
    [
        ("from .inner.helper import used", "used(x)"),
        ("from .inner import helper", "helper.used(x)"),
        ("from . import inner\nfrom .inner import helper", "inner.helper.used(x)"),
        ("from .names import *", "used(x)"),
        ("from .listed import *", "used(x)"),
        ("from .chain import again", "again(x)"),
    ],
)
def test_relative_imports_and_re_exports_are_followed(
    sources: Sources, statement: str, use: str
) -> None:
    """A name that goes through several files is followed through all of them."""
    sources.write("lib/names.py", "from .inner.helper import *")
    sources.write(
        "lib/listed.py", "from .inner.helper import used, other\n__all__ = ['used']"
    )
    sources.write("lib/chain.py", "from .inner import helper as h\nagain = h.used")
    sources.write("lib/run.py", f"{statement}\ndef run(x): return {use}")
    assert USED in sources.parts("import lib.run", "lib.run.run")


def test_a_circle_of_imports_has_an_end(sources: Sources) -> None:
    """Modules and functions that need each other are followed once."""
    sources.write("a.py", "import b\ndef one(x): return b.two(x)")
    sources.write("b.py", "import a\ndef two(x): return a.one(x)")
    assert set(sources.parts("import a", "a.one")) == {"a.py::one", "b.py::two"}


def test_only_a_nested_function_counts_of_the_test_around_it(sources: Sources) -> None:
    """A lambda in a test is its own: the rest of the test can be edited."""
    text = """
        from lib.inner.helper import used, other
        def make():
            found = other(1)
            first = lambda: used(found)
            def second(): return first()
            return first, second
    """
    sources.write("app.py", text)
    before = sources.parts("import app", "app.make()[0]")
    both = sources.parts("import app", "app.make()[1]")
    assert set(before) == {"app.py::make.<lambda>", USED}
    assert set(both) == {"app.py::make.second", "app.py::make.<lambda>", USED}
    sources.edit("app.py", "found = other(1)", "x = 1\n    found = other(2)")
    assert sources.parts("import app", "app.make()[0]") == before
    sources.edit("app.py", "used(found)", "used(x)")
    assert sources.parts("import app", "app.make()[0]") != before


def test_lambdas_on_one_line_count_together(sources: Sources) -> None:
    """Where lambdas cannot be told apart, an edit of either counts for both."""
    sources.write("app.py", "def make():\n    return (lambda: 1), (lambda: 2)")
    before = [sources.parts("import app", f"app.make()[{n}]") for n in (0, 1)]
    sources.edit("app.py", "lambda: 2", "lambda: 3")
    after = [sources.parts("import app", f"app.make()[{n}]") for n in (0, 1)]
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_moved_test_file_and_another_working_directory_are_the_same(
    sources: Sources,
) -> None:
    """Where the process runs has no part in a fingerprint."""
    sources.write("app.py", "from lib.inner.helper import used\ndef run(x): return used(x)")
    asked = "fingerprint_of(app.run, root=root).parts"
    assert sources.ask("import app", asked) == sources.ask(
        "import app", asked, folder="lib"
    )


@pytest.mark.parametrize("mode", ["prepend", "append", "importlib"])
def test_tests_are_followed_under_every_import_mode(sources: Sources, mode: str) -> None:
    """What pytest itself imports, conftest too, is first-party like any module."""
    sources.write("tests/conftest.py", "def shared(x):\n    return x\n")
    text = """
        import json
        from pathlib import Path
        import lib.inner.helper
        from milepost.fingerprint import fingerprint_of

        def helper(x):
            return lib.inner.helper.used(x)

        def run(x):
            return helper(x)

        def test_it(request):
            root = Path(__file__).parents[1]
            path = str(root / "tests/conftest.py")
            conftest = request.config.pluginmanager.get_plugin(path)
            found = [fingerprint_of(fn, root=root).parts for fn in (run, conftest.shared)]
            (root / "parts.json").write_text(json.dumps(found))
    """
    sources.write("tests/test_it.py", text)
    run = f"import pytest; code = pytest.main(['-q', '--import-mode={mode}', 'tests'])"
    sources.ask(run, "int(code)")
    run, shared = sources.read_json("parts.json")
    assert set(run) == {"tests/test_it.py::run", "tests/test_it.py::helper", USED}
    assert set(shared) == {"tests/conftest.py::shared"}


def test_phases_that_are_methods_of_a_test_class_ignore_its_tests(sources: Sources) -> None:
    """A test class counts as one class, without the tests in it."""
    text = """
        class TestPipeline:
            depth = 1
            def run(self): return self.depth
            def test_it(self): assert self.run() == 1
    """
    sources.write("test_app.py", text)
    before = sources.parts("import test_app", "test_app.TestPipeline().run")
    assert set(before) == {"test_app.py::TestPipeline"}
    sources.edit("test_app.py", "assert self.run() == 1", "assert self.run() == 2")
    assert sources.parts("import test_app", "test_app.TestPipeline().run") == before
    sources.edit("test_app.py", "depth = 1", "depth = 2")
    assert sources.parts("import test_app", "test_app.TestPipeline().run") != before
