"""Coroutines in nested loops build a graph for each user; two builds side by side."""

SUITE = 23
FILES = {
    "graph.py": '''
        """Adds episodes to a graph in a database, reading each with a paid model."""

        import asyncio
        import sqlite3
        from pathlib import Path

        from calling import note
        from trouble import trouble


        PATH = Path(__file__).with_name("world") / "graph.db"


        def empty():
            note("empty")
            PATH.unlink(missing_ok=True)


        class Graph:
            def __init__(self):
                PATH.parent.mkdir(exist_ok=True)
                self.database = sqlite3.connect(PATH)
                self.database.execute(
                    "create table if not exists edges"
                    " (build, user, number, edge, primary key (build, user, number))"
                )

            async def add_episode(self, build, user, number, text):
                place = f"{build} {user} {number}"
                note(place)
                await asyncio.sleep(0.001)
                trouble(place)
                edge = f"{text.split()[0]}-{text.split()[-1]}"
                insert = "insert or replace into edges values (?, ?, ?, ?)"
                self.database.execute(insert, (build, user, number, edge))
                self.database.commit()
                return {"edges": [edge]}

            def edges(self):
                found = self.database.execute("select edge from edges order by 1")
                return [edge for (edge,) in found]

            def close(self):
                self.database.close()


        async def judge(baseline, candidate):
            note("judge")
            trouble("judge")
            return [one == other for one, other in zip(baseline, candidate, strict=True)]
    ''',
    "test_graph_building.py": """
        import asyncio

        import pytest
        from graph import Graph, empty, judge
        from trouble import product

        USERS = {
            "ana": ["bees make honey", "honey is sweet"],
            "ben": ["ants make hills"],
            "eva": ["cats chase mice", "mice like cheese", "cheese is old"],
        }


        @pytest.fixture
        def graph(phase):
            phase("empty the database", empty)
            phase.cleanup(empty)
            made = Graph()
            yield made
            made.close()


        async def build_graph(phase, graph, build):
            results = []
            for user, episodes in USERS.items():
                for number, text in enumerate(episodes):
                    name = f"{build}: {user}, episode {number}"
                    added = await phase(name, graph.add_episode, build, user, number, text)
                    results += added["edges"]
            return results


        @pytest.mark.asyncio
        async def test_graph_building(phase, graph):
            baseline, candidate = await asyncio.gather(
                build_graph(phase, graph, "baseline"),
                build_graph(phase, graph, "candidate"),
            )
            verdict, again = await asyncio.gather(
                phase("judge", judge, baseline, candidate),
                phase("judge, swapped", judge, candidate, baseline),
            )
            assert all(verdict) and verdict == again
            product(edges=graph.edges(), verdict=verdict)
    """,
}
PLUGINS = ["pytest_asyncio.plugin"]
PLACES = ["candidate eva 1", "judge"]
# The other build is on its way when one breaks.
REPEATS = ["baseline eva 2", "candidate eva 1", "judge"]
