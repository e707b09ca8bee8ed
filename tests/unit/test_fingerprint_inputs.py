"""Each input has its name and its own hash; what does not count is left out."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from milepost import MilepostError
from milepost.fingerprint import (
    CouldNotRecordError,
    Inputs,
    UnknownInputError,
    UnreadableInputError,
    changed_inputs,
    inputs_of,
)
from tests.unit.sources import Sources

ROOT = Path(__file__).parents[2]


def _inputs(fn: object, *args: object, **kwargs: object) -> Inputs:
    return inputs_of(fn, args, kwargs, root=ROOT)


def plain(
    request: str, limit: int = 3, *rest: object, deep: bool = False, **more: object
) -> None:
    """Take one of each kind of parameter."""


def changed_default(request: str, limit: int = 4) -> None:
    """Have another default."""


class Service:
    """Hold a value."""

    def __init__(self, url: str) -> None:
        self.url = url

    def call(self, request: str) -> None:
        """Be a bound method."""

    def __call__(self, request: str) -> None:
        """Be a callable object."""

    @classmethod
    def make(cls, request: str) -> None:
        """Be a class method."""

    @staticmethod
    def still(request: str) -> None:
        """Be a static method."""


def _around(value: object) -> Callable[[], object]:
    def inner() -> object:
        return value

    return inner


@pytest.mark.parametrize(
    ("fn", "args", "kwargs", "names"),
    [
        (plain, ("a",), {}, ["request", "limit", "deep"]),
        (
            plain,
            ("a", 1, 2, 3),
            {"x": 1},
            ["request", "limit", "rest[0]", "rest[1]", "deep", "x"],
        ),
        (plain, (), {"request": 1, "rest": 2}, ["request", "limit", "deep", "rest"]),
        (plain, (), {}, []),
        (plain, (1,), {"request": 2}, ["args[0]", "request"]),
        (functools.partial(plain, "a", deep=True), (2,), {}, ["request", "limit", "deep"]),
        (Service("u").call, ("a",), {}, ["self", "request"]),
        (Service("u"), ("a",), {}, ["self", "request"]),
        (Service.make, ("a",), {}, ["self", "request"]),
        (Service.still, ("a",), {}, ["request"]),
        (Service, ("a",), {}, ["url"]),
        (_around(1), (), {}, ["value (closure)"]),
        (max, (1, 2), {}, ["args[0]", "args[1]"]),
        (lambda x: x, (1,), {}, ["x"]),
        (functools.lru_cache(plain), ("a",), {}, ["request", "limit", "deep"]),
        (lambda a, /, **more: a, (1,), {"a": 2}, ["a", "more.a"]),
    ],
)
def test_inputs_have_the_names_of_parameters(
    fn: object, args: tuple[Any, ...], kwargs: dict[str, Any], names: list[str]
) -> None:
    """An input is known by its parameter, or by its place where there is none."""
    assert list(inputs_of(fn, args, kwargs, root=ROOT).hashes) == names


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((plain, "a"), (plain, "b")),
        ((plain, "a"), (plain, "a", 4)),
        ((plain, "a", 3), (changed_default, "a")),
        ((_around([1]),), (_around([2]),)),
        ((functools.partial(plain, "a"),), (functools.partial(plain, "b"),)),
        ((Service("one").call, "a"), (Service("two").call, "a")),
        ((Service("one"), "a"), (Service("two"), "a")),
    ],
)
def test_every_source_of_an_input_counts(
    before: tuple[Any, ...], after: tuple[Any, ...]
) -> None:
    """Arguments, defaults, partial's arguments, closures and a bound self all count."""
    assert _inputs(*before) != _inputs(*after)
    assert _inputs(*before) == _inputs(*before)


def test_a_default_given_is_the_default_left_out() -> None:
    """How an argument was given has no part in its hash."""
    assert _inputs(plain, "a", 3) == _inputs(plain, limit=3, request="a")
    assert _inputs(functools.partial(plain, "a")) == _inputs(plain, "a")


def test_what_is_ignored_does_not_count() -> None:
    """An ignored input has no hash, is not live and contributes no code."""
    kwargs = {"request": open, "limit": (n for n in ()), "x": 1}
    found = inputs_of(plain, (), kwargs, root=ROOT, ignore=["limit", "request"])
    assert set(found.hashes) == {"deep", "x"}
    assert found.live == {}
    assert found.parts == {}


@pytest.mark.parametrize(
    ("fn", "args", "ignore", "left"),
    [
        (plain, ("a", 1, 2, 3), ["rest"], ["request", "limit", "deep"]),
        (plain, ("a", 1, 2, 3), ["rest[0]"], ["request", "limit", "rest[1]", "deep"]),
        (plain, ("a",), ["client"], ["request", "limit", "deep"]),
        (Service("u").call, ("a",), ["self"], ["request"]),
        (_around(1), (), ["value"], []),
        (_around(1), (), ["value (closure)"], []),
    ],
)
def test_whatever_has_a_name_can_be_ignored(
    fn: object, args: tuple[Any, ...], ignore: list[str], left: list[str]
) -> None:
    """A parameter, one of its members, self and a closure can be left out."""
    assert list(inputs_of(fn, args, {}, root=ROOT, ignore=ignore).hashes) == left


def test_ignoring_what_is_not_there_is_an_error() -> None:
    """A misspelt name is refused with the names that there are."""
    with pytest.raises(UnknownInputError) as caught:
        inputs_of(changed_default, ("a",), {}, root=ROOT, ignore=["requst"])
    assert isinstance(caught.value, MilepostError)
    assert "requst" in caught.value.what
    assert "request, limit" in caught.value.why
    assert caught.value.cure


def test_changed_inputs_are_named_in_order() -> None:
    """What a phase did to its inputs is told by their names."""
    before = _inputs(plain, ["a"], [1], x=1)
    after = _inputs(plain, ["a", "b"], [1], x=2)
    assert changed_inputs(before, after) == ["request", "x"]
    assert changed_inputs(before, _inputs(plain, ["a"], [1], y=1)) == ["x", "y"]
    assert changed_inputs(before, before) == []


def test_a_mutated_argument_and_a_mutable_default_are_seen() -> None:
    """An input hashed before and after a call tells that the call changed it."""

    def collect(item: int, into: list[int] = []) -> None:  # noqa: B006 - the case itself
        into.append(item)

    before = inputs_of(collect, (1,), {}, root=ROOT)
    collect(1)
    assert changed_inputs(before, inputs_of(collect, (1,), {}, root=ROOT)) == ["into"]


def test_paths_below_the_root_are_relative_to_it(tmp_path: Path) -> None:
    """A moved checkout has the same inputs; a path elsewhere is what it is."""
    one, two = tmp_path / "one", tmp_path / "two"
    first = inputs_of(plain, ([one / "a.txt"],), {}, root=one)
    assert first.hashes == inputs_of(plain, ([two / "a.txt"],), {}, root=two).hashes
    assert first.hashes != inputs_of(plain, ([two / "b.txt"],), {}, root=two).hashes
    assert first.hashes != inputs_of(plain, ([one / "a.txt"],), {}, root=two).hashes


def _extra(root: Path, *extra: object) -> dict[str, str]:
    return inputs_of(plain, ("a",), {}, root=root, extra=extra).hashes


def test_extra_paths_are_read(tmp_path: Path) -> None:
    """A file or folder in inputs=[...] counts by what is in it, wherever it lies."""
    files = Sources(tmp_path / "one")
    states = []
    for name, text in [
        ("p/a", "x"),
        ("p/a", "y"),
        ("p/b", "y"),
        ("p/sub/c", ""),
        ("p/c", ""),
    ]:
        files.write(name, text)
        states.append(_extra(tmp_path / "one", Path("p"))["inputs[0]"])
    states.append(_extra(tmp_path / "one", Path("missing"))["inputs[0]"])
    states.append(_extra(tmp_path / "one", Path("p/sub/c"))["inputs[0]"])
    assert len(set(states)) == len(states)
    (tmp_path / "one").rename(tmp_path / "two")
    assert _extra(tmp_path / "two", tmp_path / "two" / "p")["inputs[0]"] == states[4]


def test_caches_in_an_extra_folder_do_not_count(tmp_path: Path) -> None:
    """Compiled files, version control and tagged caches are not what a user wrote."""
    files = Sources(tmp_path)
    files.write("p/a", "x")
    before = _extra(tmp_path, Path("p"))
    files.write("p/__pycache__/a.pyc", "x")
    files.write("p/.git/index", "x")
    files.write("p/.milepost/CACHEDIR.TAG", "x")
    files.write("p/.milepost/checkpoint_x.json", "x")
    assert _extra(tmp_path, Path("p")) == before


def test_an_extra_path_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """A file that is there and cannot be looked at is an error, not a difference."""
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(UnreadableInputError) as caught:
        _extra(tmp_path, loop)
    assert "inputs[0]" in caught.value.what
    assert caught.value.why
    assert caught.value.cure


def test_other_extras_are_compared() -> None:
    """A value in inputs=[...] counts as an argument would, after the others."""
    assert list(_extra(ROOT, "m", 1)) == [
        "request",
        "limit",
        "deep",
        "inputs[0]",
        "inputs[1]",
    ]
    assert _extra(ROOT, "m") != _extra(ROOT, "n")
    assert _extra(ROOT, ["m"]) == _extra(ROOT, ["m"])
    assert _extra(ROOT, Path("m.txt")) != _extra(ROOT, "m.txt")


def test_functions_among_the_inputs_count_as_code(tmp_path: Path) -> None:
    """Editing a function that is handed over is seen, however it is handed over."""
    sources = Sources(tmp_path)
    text = """
        import functools
        from dataclasses import dataclass
        def build(x): return deep(x)
        def deep(x): return 1
        class Box:
            def __init__(self, fn): self.fn = fn
            def go(self): return 1
        @dataclass
        class Data:
            fn: object
        def run(fn): return fn
        forms = {
            "plain": build, "list": [build], "key": {"a": {"b": (build,)}},
            "partial": functools.partial(build, 1), "method": Box(1).go,
            "object": Box(build), "class": Box, "data": Data(build),
            "lambda": lambda x: build(x), "closure": (lambda f: lambda: f)(build),
            "default": lambda x=build: x, "cached": functools.lru_cache(build),
        }
    """
    sources.write("app.py", text)
    asked = (
        "{n: inputs_of(app.run, (f,), {}, root=root).parts for n, f in app.forms.items()}"
    )
    before = sources.ask("import app", asked)
    sources.edit("app.py", "def deep(x): return 1", "def deep(x): return 2")
    after = sources.ask("import app", asked)
    same = {name for name in before if before[name] == after[name]}
    assert same == {"method", "class"}
    assert "app.py::Box" in before["method"]
    assert before["class"] == {"app.py::Box": before["method"]["app.py::Box"]}


def test_the_docstring_of_a_tool_counts(tmp_path: Path) -> None:
    """A function handed to a model is described to it by its docstring."""
    sources = Sources(tmp_path)
    sources.write("app.py", "def tool(x):\n    'Search.'\ndef run(fn): return fn\n")
    asked = "inputs_of(app.run, ([app.tool],), {}, root=root).parts"
    before = sources.ask("import app", asked)
    sources.edit("app.py", "Search.", "Find.")
    assert sources.ask("import app", asked) != before


def test_lambdas_that_change_places_are_another_input() -> None:
    """Two functions without a name of their own are not taken for each other."""
    one, two = (lambda: 1), (
        lambda: 2)  # fmt: skip
    assert _inputs(plain, one, two) != _inputs(plain, two, one)


def test_a_function_without_source_among_the_inputs_is_said() -> None:
    """Code that cannot be recorded is never silently left out."""
    space: dict[str, Any] = {}
    exec("def made(): pass", space)
    with pytest.raises(CouldNotRecordError):
        _inputs(plain, [space["made"]])
