"""Ordered tests of a module on a database cluster; their state is only in the cloud."""

SUITE = 3
FILES = {
    "jubilant.py": '''
        """Speaks to a cloud: a model is a database, under a random name."""

        import json
        import sqlite3
        import uuid
        from contextlib import contextmanager
        from pathlib import Path

        from calling import note

        CLOUD = Path(__file__).with_name("world")


        def new_name():
            return f"test-{uuid.uuid4().hex[:8]}"


        def add_model(name):
            note("add model")
            CLOUD.mkdir(exist_ok=True)
            with Juju(name).open() as database:
                database.execute("create table units (app primary key, role, data)")
            return name


        def destroy_model(name):
            note("destroy model")
            (CLOUD / name).unlink(missing_ok=True)


        class Juju:
            def __init__(self, model):
                self.model = model

            @contextmanager
            def open(self):
                database = sqlite3.connect(CLOUD / self.model)
                try:
                    yield database
                    database.commit()
                finally:
                    database.close()

            def deploy(self, app, role):
                with self.open() as database:
                    row = (app, role, json.dumps([]))
                    database.execute("insert or replace into units values (?, ?, ?)", row)

            def set(self, app, **columns):
                with self.open() as database:
                    for name, value in columns.items():
                        change = f"update units set {name} = ? where app = ?"
                        database.execute(change, [value, app])

            def status(self):
                with self.open() as database:
                    rows = database.execute("select app, role, data from units")
                    return {app: (role, json.loads(data)) for app, role, data in rows}
    ''',
    "conftest.py": """
        import jubilant
        import pytest


        @pytest.fixture(scope="module")
        def first_model(module_phase):
            name = module_phase.remember("first model", jubilant.new_name)
            module_phase.cleanup(jubilant.destroy_model, name)
            return module_phase("first model", jubilant.add_model, name)


        @pytest.fixture(scope="module")
        def second_model(module_phase):
            name = module_phase.remember("second model", jubilant.new_name)
            module_phase.cleanup(jubilant.destroy_model, name)
            return module_phase("second model", jubilant.add_model, name)
    """,
    "replication.py": '''
        """The work of the tests; each call waits for the cloud for minutes."""

        import json

        from calling import note
        from jubilant import Juju
        from trouble import trouble


        def deploy(model, role):
            note(f"deploy {role}")
            Juju(model).deploy("postgresql", role)


        def integrate(first, second):
            note("integrate")
            trouble("integrate")
            Juju(second).set("postgresql", role="standby")


        def create_replication(first, second):
            note("create replication")
            rows = ["one", "two"]
            for model in (first, second):
                Juju(model).set("postgresql", data=json.dumps(rows))
            return len(rows)


        def promote(first, second):
            note("promote")
            Juju(first).set("postgresql", role="standby")
            trouble("promote")
            Juju(second).set("postgresql", role="primary")


        def write(model, row):
            role, rows = Juju(model).status()["postgresql"]
            assert role == "primary"
            note(f"write {row}")
            trouble(f"write {row}")
            Juju(model).set("postgresql", data=json.dumps([*rows, row]))
            return len(rows) + 1
    ''',
    "test_async_replication.py": """
        from jubilant import Juju
        from replication import create_replication, deploy, integrate, promote, write
        from trouble import product


        def test_deploy(module_phase, first_model, second_model):
            module_phase("deploy first", deploy, first_model, "primary")
            module_phase("deploy second", deploy, second_model, "waiting")
            assert "postgresql" in Juju(first_model).status()


        def test_integrate(module_phase, first_model, second_model):
            module_phase("integrate", integrate, first_model, second_model)
            assert Juju(second_model).status()["postgresql"][0] != "waiting"


        def test_create_replication(module_phase, first_model, second_model):
            models = (first_model, second_model)
            assert module_phase("replicate", create_replication, *models) == 2


        def test_promote(module_phase, first_model, second_model):
            module_phase("promote", promote, first_model, second_model)
            roles = [Juju(m).status()["postgresql"][0] for m in (first_model, second_model)]
            assert roles == ["standby", "primary"]


        def test_data(module_phase, first_model, second_model):
            assert module_phase("write", write, second_model, "three") == 3
            product(rows=Juju(second_model).status()["postgresql"][1])
    """,
}
PLACES = ["promote", "write three"]
RESUME = {"promote": ["-k", "data"], "write three": ["-k", "data"]}
