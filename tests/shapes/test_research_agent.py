"""A plain test runs an agent's graph with ``asyncio.run``; its state is in memory."""

SUITE = 25
FILES = {
    "conftest.py": """
        import pytest


        def pytest_addoption(parser):
            parser.addoption("--research-agent", default="multi_agent")


        @pytest.fixture
        def research_agent(request):
            return request.config.getoption("--research-agent")
    """,
    "agent.py": '''
        """An agent: plans sections, researches them side by side, writes a report."""

        import asyncio

        from calling import note
        from trouble import trouble


        class State:
            """The graph's memory, which nobody saves."""

            def __init__(self, topic):
                self.topic = topic
                self.sections = {}


        async def plan(topic, agent):
            note("plan")
            await asyncio.sleep(0.001)
            parts = ("history", "present", "future")
            return [f"{topic}: {part} ({agent})" for part in parts]


        async def research(section):
            note(f"research {section}")
            await asyncio.sleep(0.001)
            trouble(section)
            return f"notes on {section}"


        async def write(sections):
            note("write")
            trouble("write")
            return "\\n".join(f"## {name}\\n{text}" for name, text in sections.items())


        def grade(report):
            note("grade")
            trouble("grade")
            return {"grade": report.count("##"), "justification": "it has sections"}
    ''',
    "test_report_quality.py": """
        import asyncio

        from agent import State, grade, plan, research, write
        from trouble import product


        async def generate_report(phase, agent):
            state = State("bees")
            names = await phase("plan", plan, state.topic, agent)
            texts = await asyncio.gather(
                *(phase(f"research {name}", research, name) for name in names)
            )
            state.sections = dict(zip(names, texts, strict=True))
            return await phase("write", write, state.sections)


        def test_response_criteria_evaluation(phase, research_agent):
            report = asyncio.run(generate_report(phase, research_agent))
            result = phase("grade", grade, report)
            product(report=report, result=result)
            assert result["grade"] == 3
    """,
}
PLACES = ["bees: present (multi_agent)"]
# Three sections are researched at a time.
REPEATS = [
    f"research bees: {part} (multi_agent)" for part in ("history", "present", "future")
]
