"""One long test of numbered steps against a server, through an object with a session."""

SUITE = 12
FILES = {
    "satellite.py": '''
        """A server of organisations, hosts and content, in a database."""

        import sqlite3
        import uuid
        from pathlib import Path

        from calling import note
        from trouble import trouble

        PATH = Path(__file__).with_name("world") / "satellite.db"
        KINDS = ("user", "organization", "product", "repository", "view", "host")


        def new_name():
            return f"e2e-{uuid.uuid4().hex[:8]}"


        def start():
            note("start")
            PATH.parent.mkdir(exist_ok=True)
            database = sqlite3.connect(PATH)
            columns = "id integer primary key, kind, name, of"
            database.execute(f"create table entities ({columns})")
            database.close()


        def stop():
            note("stop")
            PATH.unlink(missing_ok=True)


        class Api:
            """An open session; it is made anew in each run."""

            def __init__(self):
                self.database = sqlite3.connect(PATH)

            def create(self, kind, name, of=0):
                note(f"create {kind}")
                trouble(f"create {kind}")
                with self.database:
                    row = (kind, name, of)
                    made = self.database.execute(
                        "insert into entities (kind, name, of) values (?, ?, ?)", row
                    )
                return made.lastrowid

            def count(self):
                return self.database.execute("select count(*) from entities").fetchone()[0]

            def close(self):
                self.database.close()


        def create(api, kind, name, of=0):
            return api.create(kind, name, of)


        def synchronize(api, repository):
            note("synchronize")
            trouble("synchronize")
            return {"repository": repository, "packages": 32}
    ''',
    "conftest.py": """
        import pytest
        from satellite import Api, start, stop


        @pytest.fixture
        def api(phase):
            phase("start", start)
            phase.cleanup(stop)
            made = Api()
            yield made
            made.close()
    """,
    "test_api_endtoend.py": '''
        from satellite import KINDS, create, new_name, synchronize
        from trouble import product


        def test_end_to_end(phase, api):
            """:steps: 1. user 2. organization 3. product 4. repository 5. sync 6. view"""
            step = phase.with_options(ignore=["api"])
            login = phase.remember("login", new_name)
            # step 1: Create a new user
            user = step("1 user", create, api, "user", login)
            # step 2: Create a new organization
            org = step("2 organization", create, api, "organization", f"{login} org")
            # step 3: Create a product
            prod = step("3 product", create, api, "product", "fake", org)
            # step 4: Create a repository
            repo = step("4 repository", create, api, "repository", "zoo", prod)
            # step 5: Synchronize it
            synced = step("5 sync", synchronize, api, repo)
            assert synced["packages"] == 32
            # step 6: Create a content view
            view = step("6 view", create, api, "view", "rhel", org)
            # step 7: Provision a host
            host = step("7 host", create, api, "host", f"{login}.example", view)
            assert api.count() == len(KINDS) == 6
            product(ids=[user, org, prod, repo, view, host])
    ''',
}
PLACES = ["synchronize", "create host"]
