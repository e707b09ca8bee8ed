"""Code that nothing names: handlers, routes and subclasses reached through a registry."""

from pathlib import Path

import pytest

from tests.unit.sources import Sources

REGISTRY = """
    REGISTRY = {}
    def register(name):
        def keep(fn):
            if name in REGISTRY:
                raise ValueError(name)
            REGISTRY[name] = fn
            return fn
        return keep
    class Box:
        def __init__(self): self.items = {}
        def add(self, fn): self.items[fn.__name__] = fn; return fn
        def get(self, name): return self.items[name]
    box = Box()
"""


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Give a package with two registries."""
    made = Sources(tmp_path)
    made.write("app/__init__.py", "")
    made.write("app/registry.py", REGISTRY)
    return made


@pytest.mark.parametrize(
    ("handlers", "run"),
    [
        (
            "from app.registry import register\n@register('a')\ndef handle(x): return x",
            "from app.registry import REGISTRY\ndef run(x): return REGISTRY[x](x)",
        ),
        (
            "from app import registry\n@registry.register('a')\ndef handle(x): return x",
            "from app import registry\ndef run(x): return registry.REGISTRY.get(x)(x)",
        ),
        (
            "from app.registry import REGISTRY\ndef handle(x): x\nREGISTRY['a'] = handle",
            "from app.registry import REGISTRY\ndef run(x): return REGISTRY[x](x)",
        ),
        (
            "from app.registry import register\ndef handle(x): x\nregister('a')(handle)",
            "from app.registry import REGISTRY\ndef run(x): return REGISTRY[x](x)",
        ),
        (
            "from app.registry import box\n@box.add\ndef handle(x): return x",
            "from app.registry import box\ndef run(x): return box.get(x)(x)",
        ),
        (
            "from app.registry import box\n@box.add\nclass handle: pass",
            "from app.registry import box\ndef run(x): return list(box.items)",
        ),
    ],
)
def test_a_handler_counts_for_who_reads_its_registry(
    sources: Sources, handlers: str, run: str
) -> None:
    """A phase that looks something up in a registry depends on all that is in it."""
    sources.write("app/handlers.py", handlers)
    sources.write("app/run.py", f"import app.handlers\n{run}\ndef aside(x): return 1\n")
    parts = sources.parts("import app.run", "app.run.run")
    assert "app/handlers.py::handle" in parts
    aside = sources.parts("import app.run", "app.run.aside")
    assert not any(name.startswith("app/handlers") for name in aside)


@pytest.mark.parametrize(
    "base",
    [
        "class Base:\n    kinds = []\n    def __init_subclass__(cls): pass\n",
        "class Meta(type): pass\nclass Base(metaclass=Meta): pass\n",
        "class Base: pass\ndef all_of(): return Base.__subclasses__()\n",
        "class Base: pass\ndef all_of(): return Base.metadata.create_all()\n",
    ],
)
def test_subclasses_count_for_who_asks_their_base(sources: Sources, base: str) -> None:
    """A base class that knows what is derived from it brings all that is."""
    sources.write("app/base.py", base)
    sources.write(
        "app/models.py", "from app.base import Base\nclass User(Base):\n    n = 1\n"
    )
    text = "import app.models\nfrom app import base\ndef run(x): return base.Base, {}\n"
    asks = "base.all_of()" if "all_of" in base else "base.Base.kinds"
    sources.write("app/run.py", text.format(asks))
    assert "app/models.py::User" in sources.parts("import app.run", "app.run.run")


def test_subclasses_of_a_plain_base_do_not_count(sources: Sources) -> None:
    """Nothing can reach a subclass through a base that does not know of it."""
    sources.write("app/base.py", "class Base: pass\n")
    sources.write("app/models.py", "from app.base import Base\nclass User(Base): pass\n")
    sources.write(
        "app/run.py", "import app.models\nfrom app import base\ndef run(x): base.Base()"
    )
    assert "app/models.py::User" not in sources.parts("import app.run", "app.run.run")


TRACER = """
class Tracer:
    def span(self, name): return lambda fn: fn
tracer = Tracer()
"""
CACHE = """
SEEN = {}
def tool(fn):
    def inner(x):
        if x not in SEEN:
            SEEN[x] = fn(x)
        return SEEN[x]
    return inner
"""


@pytest.mark.parametrize(
    ("tools", "decorator"),
    [
        ("def tool(fn): return fn", "@tool"),
        (
            "from functools import *\ndef tool(fn): return wraps(fn)(lambda x: fn(x))",
            "@tool",
        ),
        ("from app.registry import register", "@register(__name__)"),
        ("from app.registry import box", "@box.add"),
        (CACHE, "@tool"),
        ("import functools\ntool = functools.lru_cache", "@tool"),
        (TRACER, "@tracer.span('x')"),
        ("import pytest", "@pytest.fixture"),
    ],
)
def test_phases_with_one_decorator_are_independent(
    sources: Sources, tools: str, decorator: str
) -> None:
    """Editing one phase leaves another valid though both are decorated alike."""
    sources.write(
        "asked.py", f"{tools}\n{decorator}\ndef one(x): return 1\n" + _second(decorator)
    )
    before = sources.parts("import asked", "vars(asked)['one']")
    sources.edit("asked.py", "return 2", "return 3")
    assert sources.parts("import asked", "vars(asked)['one']") == before
    sources.edit("asked.py", "return 1", "return 4")
    assert sources.parts("import asked", "vars(asked)['one']") != before


def _second(decorator: str) -> str:
    return f"{decorator.replace('__name__', repr('two'))}\ndef two(x): return 2\n"


def test_what_happens_when_a_module_is_imported_counts(sources: Sources) -> None:
    """A call at a module's top counts for all that uses anything of the module."""
    text = """
        import config
        def helper(x): return x
        def set_up(): return 1
        set_up()
        config.set("a")
        if __name__ == "__main__":
            helper(1)
    """
    sources.write("tool.py", text)
    sources.write("config.py", "def set(x): return x")
    sources.write("uses.py", "import tool\ndef run(x): return tool.helper(x)")
    before = sources.parts("import uses", "uses.run")
    assert {"tool.py (module level)", "tool.py::set_up", "config.py::set"} <= set(before)
    sources.edit("tool.py", "helper(1)", "helper(2)")
    assert sources.parts("import uses", "uses.run") == before
    sources.edit("tool.py", 'set("a")', 'set("b")')
    assert sources.parts("import uses", "uses.run") != before
