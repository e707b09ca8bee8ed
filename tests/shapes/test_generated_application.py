"""An asynchronous test reads the events of one generator; the database is reset first."""

SUITE = 1
FILES = {
    "database.py": '''
        """The database of the pipeline."""

        import json
        import sqlite3
        from contextlib import closing
        from pathlib import Path

        from calling import note

        PATH = Path(__file__).with_name("world") / "pipeline.db"


        def create_all():
            PATH.parent.mkdir(exist_ok=True)
            with closing(sqlite3.connect(PATH)) as database, database:
                database.execute("create table rows (phase, user, value)")


        def drop_all():
            note("drop all")
            PATH.unlink(missing_ok=True)


        def reset():
            drop_all()
            create_all()


        class Session:
            """An open connection, as an ORM has it."""

            def __init__(self):
                self.connection = sqlite3.connect(PATH)

            def add(self, phase, user, value):
                with self.connection:
                    row = (phase, user, json.dumps(value))
                    self.connection.execute("insert into rows values (?, ?, ?)", row)

            def rows(self, phase, user):
                query = "select value from rows where phase = ? and user = ?"
                found = self.connection.execute(query, (phase, user))
                return [json.loads(value) for (value,) in found]

            def close(self):
                self.connection.close()
    ''',
    "service.py": '''
        """The service: one generator of events, each after minutes of paid work."""

        import asyncio

        from calling import note
        from trouble import trouble


        async def discover(session, user, request):
            note("discover")
            await asyncio.sleep(0.001)
            session.add("discovery", user, request)
            return {"domain": request, "entities": ["task", "tag"]}


        async def plan(session, user, doc):
            note("plan")
            await asyncio.sleep(0.001)
            trouble("plan")
            return [f"{entity}.py" for entity in doc["entities"]]


        async def generate(session, user, name):
            note(f"generate {name}")
            await asyncio.sleep(0.001)
            trouble(f"generate {name}")
            session.add("code", user, name)
            return f"# {name} for {len(user)} letters"


        async def validate(code):
            note("validate")
            trouble("validate")
            return sorted(code)


        async def call(name, fn, *args):
            return await fn(*args)


        class Service:
            def __init__(self, session, call=call):
                self.session = session
                self.call = call

            async def run(self, user, request):
                session, call = self.session, self.call
                yield {"type": "status", "message": "started"}
                doc = await call("discovery", discover, session, user, request)
                yield {"type": "discovery_complete", "doc": doc}
                names = await call("masterplan", plan, session, user, doc)
                yield {"type": "masterplan_complete", "names": names}
                code = {}
                for name in names:
                    code[name] = await call(name, generate, session, user, name)
                    yield {"type": "progress", "done": len(code)}
                yield {"type": "code_complete", "code": code}
                yield {"type": "done", "valid": await call("validation", validate, code)}
    ''',
    "conftest.py": """
        import uuid

        import database
        import pytest


        @pytest.fixture(scope="module", autouse=True)
        def tables(module_phase):
            module_phase("reset", database.reset)
            module_phase.cleanup(database.drop_all)


        @pytest.fixture(scope="module")
        def session(tables):
            made = database.Session()
            yield made
            made.close()


        @pytest.fixture(scope="module")
        def test_user_id():
            return str(uuid.uuid4())


        @pytest.fixture
        def test_session_id():
            return str(uuid.uuid4())
    """,
    "test_complete_pipeline.py": """
        import pytest
        from service import Service
        from trouble import product


        async def until(events, kind):
            async for event in events:
                if event["type"] == kind:
                    return event
            raise AssertionError(f"no {kind}")


        @pytest.mark.milepost(remember=["test_user_id", "test_session_id"])
        @pytest.mark.asyncio
        async def test_complete_pipeline(phase, session, test_user_id, test_session_id):
            user = f"{test_user_id}/{test_session_id}"
            events = Service(session, call=phase).run(user, "task manager")
            doc = (await until(events, "discovery_complete"))["doc"]
            assert doc["entities"]
            names = (await until(events, "masterplan_complete"))["names"]
            code = (await until(events, "code_complete"))["code"]
            assert list(code) == names
            valid = (await until(events, "done"))["valid"]
            assert valid == sorted(names)
            assert session.rows("code", user) == names
            product(code=code, found=session.rows("discovery", user))
    """,
}
PLUGINS = ["pytest_asyncio.plugin"]
PLACES = ["generate tag.py", "validate"]
