"""Asynchronous fixtures of each test do the paid work, under random names."""

SUITE = 28
FILES = {
    "assistant.py": '''
        """Ingests meetings of a team into an index; extraction is paid."""

        import asyncio
        import json
        import shutil
        import uuid
        from pathlib import Path

        from calling import note
        from trouble import trouble

        TEAMS = Path(__file__).with_name("world")


        def new_name():
            return f"team-{uuid.uuid4().hex[:8]}"


        async def create_team(name):
            note("create team")
            await asyncio.sleep(0.001)
            (TEAMS / name).mkdir(parents=True)


        async def delete_team(name):
            note("delete team")
            await asyncio.sleep(0.001)
            shutil.rmtree(TEAMS / name, ignore_errors=True)


        async def extract(source, text):
            note(f"extract {source}")
            await asyncio.sleep(0.001)
            trouble(f"extract {source}")
            return [word for word in text.split() if word.istitle()]


        async def store(team, source, entities):
            note(f"store {source}")
            (TEAMS / team / source).write_text(json.dumps(entities))
            trouble(f"store {source}")


        async def search(team, source, question):
            note(f"search {source}")
            trouble(f"search {source}")
            entities = json.loads((TEAMS / team / source).read_text())
            return [entity for entity in entities if entity in question]
    ''',
    "test_e2e_data_pipeline.py": """
        import pytest
        import pytest_asyncio
        from assistant import create_team, delete_team, extract, new_name, search, store
        from trouble import product

        MEETINGS = {
            "drive": "Ana plans the Atlas release with Ben",
            "slack": "Eva asks Ben about Berlin",
        }


        @pytest_asyncio.fixture
        async def team(phase):
            name = phase.remember("team", new_name)
            await phase("create team", create_team, name)
            phase.cleanup(delete_team, name)
            return name


        @pytest_asyncio.fixture
        async def ingested(phase, team, source):
            entities = await phase("extract", extract, source, MEETINGS[source])
            await phase("store", store, team, source, entities)
            return entities


        @pytest.mark.parametrize("source", ["drive", "slack"])
        class TestDataPipeline:
            @pytest.mark.asyncio
            async def test_search(self, phase, team, ingested, source):
                found = await phase("search", search, team, source, "Does Ben know?")
                assert found == ["Ben"]
                product(**{source: [found, ingested]})
    """,
}
PLUGINS = ["pytest_asyncio.plugin"]
PLACES = ["store drive", "search slack"]
RESUME = {"search slack": ["-k", "slack"]}
AGAIN = {
    "store drive": [
        *("create team", "extract slack", "store slack", "search slack", "delete team"),
    ],
    "search slack": [
        *("create team", "extract drive", "store drive", "search drive", "delete team"),
    ],
}
