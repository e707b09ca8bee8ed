"""A class with dependency markers; fixtures of four scopes are context managers."""

SUITE = 6
FILES = {
    "cluster.py": '''
        """Clusters on which resources stand; each resource is a context manager."""

        import json
        import uuid
        from pathlib import Path

        from calling import note

        WORLD = Path(__file__).with_name("world")


        def new_name(kind):
            return f"{kind}-{uuid.uuid4().hex[:6]}"


        def delete(kind, name):
            note(f"delete {kind}")
            (WORLD / name).unlink(missing_ok=True)


        class Resource:
            """A resource of the cluster, by its name."""

            def __init__(self, kind, name, **spec):
                self.kind = kind
                self.name = name
                self.spec = spec
                self.path = WORLD / name

            def deploy(self):
                note(f"create {self.kind}")
                WORLD.mkdir(exist_ok=True)
                with self.path.open("x") as file:
                    json.dump(self.spec, file)

            @property
            def state(self):
                return json.loads(self.path.read_text())

            def patch(self, **change):
                self.path.write_text(json.dumps(self.state | change))

            def __enter__(self):
                return self

            def __exit__(self, *error):
                self.spec.clear()


        def deploy(kind, name, **spec):
            Resource(kind, name, **spec).deploy()
            return name
    ''',
    "conftest.py": """
        from cluster import Resource, delete, deploy, new_name
        from functools import partial

        import pytest


        def standing(phase, kind, **spec):
            name = phase.remember(kind, partial(new_name, kind))
            phase.cleanup(delete, kind, name)
            phase(kind, deploy, kind, name, **spec)
            return Resource(kind, name, **spec)


        @pytest.fixture(scope="session")
        def admin_token(session_phase):
            with standing(session_phase, "account", role="admin") as account:
                yield account.name


        @pytest.fixture(scope="module")
        def namespace(module_phase, admin_token):
            with standing(module_phase, "namespace") as namespace:
                yield namespace


        @pytest.fixture(scope="class")
        def machine(class_phase, namespace):
            where = {"namespace": namespace.name, "cluster": "source", "boots": 1}
            with standing(class_phase, "machine", **where) as machine:
                yield machine


        @pytest.fixture
        def console(machine):
            with machine:
                yield machine
    """,
    "migration.py": '''
        """Plans migrations and runs them; each takes half an hour."""

        from calling import note
        from cluster import Resource
        from trouble import trouble


        def migrate(name):
            note("migrate")
            trouble("migrate")
            Resource("machine", name).patch(cluster="target")
            return "Succeeded"


        def inspect(name):
            note("inspect")
            trouble("inspect")
            state = Resource("machine", name).state
            return {"cluster": state["cluster"], "boots": state["boots"]}
    ''',
    "test_cclm.py": """
        import pytest
        from migration import inspect, migrate
        from trouble import product


        class TestCCLM:
            @pytest.mark.dependency(name="cclm")
            def test_migrate(self, class_phase, machine):
                assert class_phase("migrate", migrate, machine.name) == "Succeeded"

            @pytest.mark.dependency(depends=["cclm"])
            def test_runs_on_target(self, class_phase, console):
                assert console.state["cluster"] == "target"
                found = class_phase("inspect", inspect, console.name)
                assert found == {"cluster": "target", "boots": 1}
                product(found=found)

            @pytest.mark.dependency(depends=["cclm"])
            def test_account(self, admin_token, console):
                assert admin_token.startswith("account-")
    """,
}
PLUGINS = ["pytest_dependency"]
PLACES = ["migrate", "inspect"]
RESUME = {"inspect": ["-k", "account"]}
