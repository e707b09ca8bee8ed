"""Passed means gone: decided over all that happened to the test, teardown included."""

import json

import pytest

from tests.project import Project

STEPS = """
    from calling import note

    def work():
        note("work")
        return {"n": 1}
"""
KEPT = {
    "a fixture's teardown fails": """
        import pytest
        from steps import work

        @pytest.fixture
        def database():
            yield
            raise OSError("the database does not let go")

        def test_it(database, phase):
            phase("working", work)
        """,
    "an earlier fixture's teardown fails": """
        import pytest
        from steps import work

        @pytest.fixture
        def database():
            yield
            raise OSError("the database does not let go")

        def test_it(phase, database):
            phase("working", work)
        """,
    "a module's teardown fails": """
        import pytest
        from steps import work

        @pytest.fixture(scope="module")
        def database():
            yield
            raise OSError("the database does not let go")

        def test_it(phase, database):
            phase("working", work)
        """,
    "it skips itself": """
        import pytest
        from steps import work

        def test_it(phase):
            phase("working", work)
            pytest.skip("not today")
        """,
    "it fails as expected": """
        import pytest
        from steps import work

        @pytest.mark.xfail
        def test_it(phase):
            phase("working", work)
            assert False
        """,
    "it passes against a strict expectation": """
        import pytest
        from steps import work

        @pytest.mark.xfail(strict=True)
        def test_it(phase):
            phase("working", work)
        """,
    "a subtest fails": """
        from steps import work

        def test_it(phase, subtests):
            phase("working", work)
            with subtests.test("one"):
                assert False
            with subtests.test("two"):
                assert True
        """,
    "it is interrupted": """
        from steps import work

        def test_it(phase):
            phase("working", work)
            raise KeyboardInterrupt
        """,
}
GONE = {
    "it passes": """
        from steps import work

        def test_it(phase):
            phase("working", work)
        """,
    "it passes against a loose expectation": """
        import pytest
        from steps import work

        @pytest.mark.xfail(strict=False)
        def test_it(phase):
            phase("working", work)
        """,
    "all its subtests pass": """
        from steps import work

        def test_it(phase, subtests):
            phase("working", work)
            with subtests.test("one"):
                assert True
        """,
    "it asks while it runs": """
        from steps import work

        def test_it(request):
            request.getfixturevalue("phase")("working", work)
        """,
    "it asks through a fixture of the same name": """
        import pytest
        from steps import work

        @pytest.fixture
        def phase(phase):
            return phase.with_options(always=False)

        def test_it(phase):
            phase("working", work)
        """,
    "it cleans up itself": """
        from steps import work

        def test_it(checkpoint_manager, execute_phase_with_checkpoint):
            checkpoint_manager.create_checkpoint("It", "it_1", "", ["working"])
            execute_phase_with_checkpoint("working", work)
            checkpoint_manager.cleanup_checkpoint("it_1")
        """,
}


@pytest.mark.parametrize("test", KEPT.values(), ids=KEPT)
def test_kept(project: Project, test: str) -> None:
    """A test that did not pass in every respect restores its phases in the next run."""
    project.write("steps.py", STEPS)
    project.write("test_it.py", test)
    first, second = project.run(), project.run()

    if "subtests" in test and pytest.version_tuple < (9,):
        pytest.skip("pytest 8 has no subtests")
    assert first.calls == ["work"], first.text
    assert second.calls == [], second.text
    assert "restored, asserted again" in second.text
    assert project.document()["phases"]["working"]["status"] == "completed"


@pytest.mark.parametrize("test", GONE.values(), ids=GONE)
def test_gone(project: Project, test: str) -> None:
    """A test that passed leaves nothing but its history, and starts over."""
    project.write("steps.py", STEPS)
    project.write("test_it.py", test)
    first, second = project.run(), project.run()

    if "subtests" in test and pytest.version_tuple < (9,):
        pytest.skip("pytest 8 has no subtests")
    assert first.code == second.code == 0, first.text
    assert first.calls == second.calls == ["work"]
    left = {path.name for path in project.checkpoints.iterdir()}
    assert left == {"README.md", ".gitignore", "CACHEDIR.TAG", "history"}


def test_history_is_kept_and_bounded(project: Project) -> None:
    """Of each run of a test that passed the seconds per phase are kept, of the last 20."""
    project.write("steps.py", STEPS)
    project.write("test_it.py", GONE["it passes"])
    project.run()
    (record,) = project.checkpoints.glob("history/*/*.json")
    kept = json.loads(record.read_text())
    assert kept["outcome"] == "passed"
    assert [event["phase"] for event in kept["phases"]] == ["working"]
    assert kept["phases"][0]["word"] == "ran"
    assert str(project.folder) not in record.read_text()

    for number in range(24):
        copy = record.with_name(f"{number:016x}.json")
        copy.write_bytes(record.read_bytes())
    project.run()
    assert len(list(record.parent.glob("*.json"))) == 20
