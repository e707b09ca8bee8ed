"""The project of these tests: three phases, of which the second returns a large value.

Its functions note that they were called, also among the kill points.
"""

from tests.project import Project

PHASES = ("discovery", "masterplan", "code_generation")
MARKING = """
    import os
    import signal
    from calling import note

    def mark(name):
        note(name)
        if os.environ.get("MILEPOST_KILL_LOG"):
            with open(os.environ["MILEPOST_KILL_LOG"], "a") as log:
                log.write(f"= {name}\\n")
        die(name)

    def die(name):
        if os.environ.get("DIE_AT") == name:
            os.kill(os.getpid(), signal.SIGKILL)

    def broken():
        return os.environ.get("BROKEN")
"""
STEPS = """
    from marking import broken, mark

    def discover(request):
        mark("discovery")
        return {"domain": request.title()}

    def make_plan(doc):
        mark("masterplan")
        return [f"{doc['domain']}, task {number}" for number in range(4000)]

    def generate(plan):
        mark("code_generation")
        if broken():
            raise ValueError("the model answered nonsense")
        return {"files": len(plan), "last": plan[-1]}
"""
TEST = """
    import json
    from pathlib import Path
    from marking import die
    from steps import discover, generate, make_plan

    def test_pipeline(phase):
        doc = phase("discovery", discover, "task manager")
        die("after discovery")
        plan = phase("masterplan", make_plan, doc)
        die("after masterplan")
        code = phase("code_generation", generate, plan)
        die("after code_generation")
        assert code == {"files": 4000, "last": "Task Manager, task 3999"}
        result = Path(__file__).with_name("result.json")
        result.write_text(json.dumps([doc, plan, code]))
"""
ASYNC_TEST = """
    import json
    from pathlib import Path
    import pytest
    from marking import die
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
        die("after discovery")
        plan = await phase("masterplan", amake_plan, doc)
        die("after masterplan")
        code = await phase("code_generation", agenerate, plan)
        die("after code_generation")
        result = Path(__file__).with_name("result.json")
        result.write_text(json.dumps([doc, plan, code]))
"""
BROKEN = {"BROKEN": "1"}


def write_pipeline(project: Project, test: str = TEST) -> Project:
    """Write the project's files."""
    project.write("marking.py", MARKING)
    project.write("steps.py", STEPS)
    project.write("test_pipeline.py", test)
    return project


def left_over(project: Project) -> list[str]:
    """List what lies in the checkpoints' folder and should not after a test passed."""
    stays = {"README.md", ".gitignore", "CACHEDIR.TAG", "history"}
    found = [p.name for p in project.checkpoints.iterdir() if p.name not in stays]
    temporary = [p.name for p in project.checkpoints.rglob("*") if ".tmp" in p.name]
    return sorted({*found, *temporary})
