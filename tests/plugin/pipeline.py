"""The project that most stories begin with: three phases, of which one can be broken."""

from tests.project import Project

STEPS = """
    import os
    from calling import note

    def discover(request):
        note("discover")
        return {"domain": request.title(), "entities": ["task", "user"]}

    def make_plan(doc):
        note("make_plan")
        return [f"build {entity}" for entity in doc["entities"]]

    def generate(plan):
        note("generate")
        if os.environ.get("BROKEN"):
            raise ValueError("the model answered nonsense")
        return {"files": len(plan)}
"""
TEST = """
    from steps import discover, generate, make_plan

    def test_pipeline(phase):
        doc = phase("discovery", discover, "task manager")
        plan = phase("masterplan", make_plan, doc)
        code = phase("code_generation", generate, plan)
        assert doc["domain"] == "Task Manager"
        assert code == {"files": 2}
"""
ASYNC_TEST = """
    import pytest
    from steps import discover, generate, make_plan

    async def adiscover(request):
        return discover(request)

    async def amake_plan(doc):
        return make_plan(doc)

    async def agenerate(plan):
        return generate(plan)

    @pytest.mark.asyncio
    async def test_pipeline(phase):
        doc = await phase("discovery", adiscover, "task manager")
        plan = await phase("masterplan", amake_plan, doc)
        code = await phase("code_generation", agenerate, plan)
        assert code == {"files": 2}
"""


def write_pipeline(project: Project, test: str = TEST) -> Project:
    """Write the project's files."""
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", test)
    return project


BROKEN = {"BROKEN": "1"}
