"""The original system's fixtures: a test that loads or creates its checkpoint itself."""

import pytest

from tests.project import Project

# The functions and the test stand in one file, as in the original.
TEST = '''
    import os, uuid
    import pytest
    from calling import note

    PHASES = ["discovery", "masterplan", "code_generation"]
    TEST_ID = "fastapi_pipeline_abc12345"

    async def run_discovery():
        note("discovery")
        return {
            "discovery_id": str(uuid.uuid4()),
            "domain": "Task Management System",
            "entities_count": 8,
        }

    def run_masterplan_generation():
        note("masterplan")
        return {"masterplan_id": str(uuid.uuid4()), "generated_tasks_count": 33}

    async def run_code_generation():
        note("code_generation")
        if os.environ.get("BROKEN"):
            raise ValueError("the model answered nonsense")
        return {"generated_code_count": 33, "total_cost_usd": 0.62}

    async def run_nueva_fase():
        """Execute nueva fase."""
        note("nueva_fase")

        return {
            'resultado_id': str(uuid.uuid4()),
            'items_procesados': 42,
            'costo_usd': 1.23
        }

    @pytest.fixture
    def checkpoint(checkpoint_manager):
        found = checkpoint_manager.load_checkpoint(TEST_ID)
        if found:
            checkpoint_manager.print_checkpoint_status(found)
            print("from", checkpoint_manager.get_resume_phase(found))
            return found
        return checkpoint_manager.create_checkpoint(
            test_name="MGE V2 FastAPI Pipeline",
            test_id=TEST_ID,
            user_request="Create a FastAPI REST API...",
            phases=PHASES,
        )

    @pytest.mark.asyncio
    async def test_pipeline(checkpoint_manager, checkpoint, execute_phase_with_checkpoint):
        await execute_phase_with_checkpoint("discovery", run_discovery)
        assert checkpoint.phases["discovery"].entities_count == 8
        execute_phase_with_checkpoint("masterplan", run_masterplan_generation)
        code = await execute_phase_with_checkpoint("code_generation", run_code_generation)
        assert code["generated_code_count"] == 33
        # more phases
        assert "WRONG" not in os.environ
        checkpoint_manager.cleanup_checkpoint(TEST_ID)
'''
ALL = ["discovery", "masterplan", "code_generation"]
BROKEN, WRONG = {"BROKEN": "1"}, {"WRONG": "1"}


@pytest.fixture
def pipeline(project: Project) -> Project:
    """Give a project that is written as the original shows it."""
    project.write("test_pipeline.py", TEST)
    project.plugins.append("pytest_asyncio.plugin")
    return project


def test_it_goes_on_where_it_broke(pipeline: Project) -> None:
    """Plain and coroutine functions are restored, the failed one runs, and all is gone."""
    broken = pipeline.run(env=BROKEN)
    document = pipeline.document()
    resumed = pipeline.run("-s")

    assert broken.calls == ALL
    assert document["test_id"] == "fastapi_pipeline_abc12345"
    assert document["phases"]["masterplan"]["generated_tasks_count"] == 33
    assert document["phases"]["code_generation"]["status"] == "failed"
    assert resumed.passed, resumed.text
    assert resumed.calls == ["code_generation"]
    assert "from code_generation" in resumed.text
    assert "⏭️  Phase discovery already completed - skipping" in resumed.text
    assert not pipeline.documents()


def test_only_the_phase_that_was_edited_runs(pipeline: Project) -> None:
    """Editing one phase's function restores the others, although all are in one file."""
    pipeline.run(env=WRONG)
    pipeline.edit("test_pipeline.py", '"total_cost_usd": 0.62', '"total_cost_usd": 0.66')
    edited = pipeline.run(env=WRONG)

    assert edited.calls == ["code_generation"], edited.text
    assert pipeline.document()["phases"]["code_generation"]["total_cost_usd"] == 0.66


def test_only_a_new_phase_runs(pipeline: Project) -> None:
    """A phase added to the pipeline is all that runs, and all its fields are kept."""
    pipeline.run(env=WRONG)
    pipeline.edit(
        "test_pipeline.py", '"code_generation"]', '"code_generation", "nueva_fase"]'
    )
    pipeline.edit(
        "test_pipeline.py",
        "    # more phases\n",
        """
    result = await execute_phase_with_checkpoint(
        "nueva_fase",
        run_nueva_fase
    )
    assert checkpoint.phases["nueva_fase"].resultado_id == result["resultado_id"]
""",
    )
    added = pipeline.run(env=WRONG)
    kept = pipeline.document()["phases"]["nueva_fase"]

    assert added.calls == ["nueva_fase"], added.text
    assert (kept["items_procesados"], kept["costo_usd"]) == (42, 1.23)


def test_the_values_before_it_are_a_phases_inputs(pipeline: Project) -> None:
    """Another value of an earlier phase makes later ones stale, an equal one does not."""
    pipeline.edit("test_pipeline.py", '"discovery_id": str(uuid.uuid4()),', "")
    pipeline.run(env=WRONG)
    pipeline.edit("test_pipeline.py", 'note("discovery")', 'note("discovery"); equal = 1')
    equal = pipeline.run(env=WRONG)
    pipeline.edit("test_pipeline.py", '"Task Management System"', '"Library System"')
    other = pipeline.run(env=WRONG)

    assert equal.calls == ["discovery"], equal.text
    assert other.calls == ALL
    assert "masterplan is stale: input phase discovery changed" in other.text


def test_without_a_clean_up_it_goes_as_well(pipeline: Project) -> None:
    """A test that passed leaves no checkpoint, whether it cleans up itself or not."""
    pipeline.edit("test_pipeline.py", "checkpoint_manager.cleanup_checkpoint(TEST_ID)", "")
    first = pipeline.run()

    assert first.passed, first.text
    assert not pipeline.documents()


def test_the_modes_hold_for_it(pipeline: Project) -> None:
    """fresh, from and offline do with the test's own checkpoint what they do with ours."""
    pipeline.run(env=WRONG)
    began_again = pipeline.run("--milepost-from=masterplan", env=WRONG)
    assert began_again.calls == ["masterplan", "code_generation"], began_again.text

    offline = pipeline.run("--milepost=offline", "--milepost-from=plan", env=WRONG)
    assert offline.calls == []
    assert "--milepost-from plan changes nothing here" in offline.text
    assert "restored, asserted again" in offline.text

    fresh = pipeline.run("--milepost=fresh", env=BROKEN)
    assert fresh.calls == ALL, fresh.text
    assert len(list(pipeline.checkpoints.glob("old-*"))) == 1

    last = pipeline.run()
    assert last.passed, last.text
    assert last.calls == ["code_generation"]
    assert not list(pipeline.checkpoints.glob("old-*"))


def test_it_makes_a_checkpoint_where_the_test_does_not(project: Project) -> None:
    """Without a checkpoint of the test's own the phases are kept under the test's id."""
    project.write(
        "test_pipeline.py",
        """
        import os
        from calling import note

        def test_pipeline(execute_phase_with_checkpoint):
            one = execute_phase_with_checkpoint("one", lambda: note("one") or {"n": 1})
            assert one == {"n": 1}
            assert "WRONG" not in os.environ
        """,
    )
    assert project.run(env=WRONG).calls == ["one"]
    assert project.document()["test_id"].startswith("test_pipeline_")
    assert project.run().calls == []
    assert not project.documents()


def test_the_retry_handler_has_the_tests_policy(project: Project) -> None:
    """The handler retries as the marker says, and as the original without one."""
    project.write(
        "test_handler.py",
        """
        import pytest
        from calling import note
        from milepost import RetryConfig

        def reset():
            note("reset")
            raise ConnectionResetError(104, "Connection reset by peer")

        def test_seed(retry_handler):
            config = retry_handler.config
            assert (config.max_retries, config.initial_delay) == (3, 5.0)
            assert (config.max_delay, config.exponential_base) == (120.0, 2.0)

        @pytest.mark.milepost(retry=RetryConfig(max_retries=1, initial_delay=0.01))
        def test_marked(retry_handler, execute_phase_with_checkpoint):
            with pytest.raises(ConnectionResetError):
                retry_handler.execute_with_retry("one", reset)
            with pytest.raises(ConnectionResetError):
                execute_phase_with_checkpoint("two", reset)
        """,
    )
    result = project.run()

    assert result.passed, result.text
    assert result.calls == ["reset"] * 4
