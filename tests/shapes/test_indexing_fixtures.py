"""A class with generated parameters starts a command line that indexes a folder."""

SUITE = 2
FILES = {
    "fixtures/min-csv/config.json": '{"query": "What grow?", "workflows": 2}',
    "fixtures/min-csv/input/dulce.csv": "Agents meet in Dulce\nPlants grow\n",
    "fixtures/text/config.json": '{"query": "Who meet?", "workflows": 2}',
    "fixtures/text/input/dulce.txt": "Agents meet in Dulce\nNothing grows here\n",
    "graphrag.py": '''
        """A command line: ``index`` a folder, or ``query`` it."""

        import json
        import sys
        from pathlib import Path

        from calling import note
        from trouble import trouble

        command, root = sys.argv[1], Path(sys.argv[2])
        name = root.name
        output = root / "output"
        if command == "index":
            note(f"index {name}")
            output.mkdir(exist_ok=True)
            lines = [
                line for path in sorted((root / "input").iterdir())
                for line in path.read_text().splitlines()
            ]
            (output / "entities.json").write_text(json.dumps(lines))
            trouble(f"index {name}")
            (output / "stats.json").write_text(json.dumps({"workflows": 2}))
        else:
            note(f"query {name}")
            trouble(f"query {name}")
            word = sys.argv[3].split()[-1].rstrip("?")
            entities = json.loads((output / "entities.json").read_text())
            print(next(line for line in entities if word in line))
    ''',
    "test_fixtures.py": """
        import asyncio
        import json
        import os
        import shutil
        import subprocess
        import sys
        from pathlib import Path

        from trouble import product

        HERE = Path(__file__).parent
        TOOL = HERE / "graphrag.py"


        def pytest_generate_tests(metafunc):
            found = sorted((HERE / "fixtures").iterdir())
            if "input_path" in metafunc.fixturenames:
                metafunc.parametrize("input_path", found, ids=lambda path: path.name)


        def command(*arguments):
            environment = os.environ | {"PYTEST_PID": str(os.getpid())}
            started = [sys.executable, str(TOOL), *map(str, arguments)]
            return subprocess.run(
                started, env=environment, check=True, capture_output=True, text=True
            ).stdout


        async def prepare(input_path, root):
            shutil.copytree(input_path, root, dirs_exist_ok=True)
            return sorted(path.name for path in root.iterdir())


        def run_indexer(root):
            command("index", root)


        def run_query(root, question):
            return command("query", root, question)


        class TestIndexer:
            def test_fixture(self, phase, input_path):
                root = phase.directory / input_path.name
                config = json.loads((input_path / "config.json").read_text())
                files = asyncio.run(phase("prepare", prepare, input_path, root))
                assert files == ["config.json", "input"]
                run = phase.with_options(inputs=[TOOL, input_path])
                run("index", run_indexer, root)
                stats = json.loads((root / "output" / "stats.json").read_text())
                assert stats["workflows"] == config["workflows"]
                answer = run("query", run_query, root, config["query"])
                product(**{input_path.name: answer})
    """,
}
PLACES = ["query min-csv", "index text"]
RESUME = {"index text": ["-k", "text"]}
AGAIN = {
    "query min-csv": ["index text", "query text"],
    "index text": ["index min-csv", "query min-csv"],
}
