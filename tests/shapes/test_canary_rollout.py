"""A class whose indirect fixtures do the work, in the order of the tests."""

SUITE = 7
FILES = {
    "serving.py": '''
        """Inference services in a database; a rollout moves traffic between revisions."""

        import json
        import sqlite3
        from contextlib import closing
        from pathlib import Path

        from calling import note
        from trouble import trouble

        PATH = Path(__file__).with_name("world") / "cluster.db"


        def execute(statement, *values):
            PATH.parent.mkdir(exist_ok=True)
            with closing(sqlite3.connect(PATH)) as database, database:
                return database.execute(statement, values).fetchall()


        def create_service(name, model):
            note(f"create {name}")
            execute("create table if not exists services (name primary key, traffic)")
            traffic = json.dumps({model: 100})
            execute("insert into services values (?, ?)", name, traffic)
            return name


        def delete_service(name):
            note(f"delete {name}")
            PATH.unlink(missing_ok=True)


        class InferenceService:
            def __init__(self, name):
                self.name = name

            @property
            def traffic(self):
                found = execute("select traffic from services where name = ?", self.name)
                return json.loads(found[0][0])

            def update(self, traffic):
                text = json.dumps(traffic)
                execute("update services set traffic = ? where name = ?", text, self.name)


        def roll_out(service, model, percent):
            note(f"roll out {percent}")
            trouble(f"roll out {percent}")
            old = next(iter(service.traffic))
            traffic = {old: 100 - percent, model: percent}
            service.update({name: share for name, share in traffic.items() if share})
            return percent


        def infer(service, number):
            note(f"infer {number}")
            trouble(f"infer {number}")
            shares = service.traffic
            return [model for model, share in shares.items() for _ in range(share // 10)]
    ''',
    "conftest.py": """
        import pytest
        import serving


        def pytest_configure(config):
            config.addinivalue_line("markers", "incremental: each test builds on the last")


        def pytest_runtest_makereport(item, call):
            if call.excinfo is not None and item.get_closest_marker("incremental"):
                item.parent.failed = item.name


        def pytest_runtest_setup(item):
            if failed := getattr(item.parent, "failed", None):
                pytest.xfail(f"{failed} failed")


        @pytest.fixture(scope="class")
        def service(request, class_phase):
            name = class_phase("service", serving.create_service, **request.param)
            class_phase.cleanup(serving.delete_service, name)
            return serving.InferenceService(name)


        @pytest.fixture
        def rollout(request, class_phase, service):
            model, percent = request.param["model"], request.param["percent"]
            moved = class_phase.with_options(inputs=[service.name], ignore=["service"])
            return moved(f"roll out {percent}", serving.roll_out, service, model, percent)
    """,
    "test_canary_rollout.py": """
        from collections import Counter

        import pytest
        from serving import infer
        from trouble import product

        pytestmark = pytest.mark.parametrize(
            "service", [pytest.param({"name": "canary", "model": "v1"}, id="canary")],
            indirect=True,
        )


        @pytest.mark.incremental
        class TestCanaryRollout:
            def ask(self, phase, service, number):
                asked = phase.with_options(inputs=[service.name], ignore=["service"])
                return Counter(asked(f"infer {number}", infer, service, number))

            def test_before(self, class_phase, service):
                assert self.ask(class_phase, service, 1) == {"v1": 10}

            @pytest.mark.parametrize(
                "rollout", [pytest.param({"model": "v2", "percent": 30}, id="30%")],
                indirect=True,
            )
            def test_canary(self, class_phase, service, rollout):
                found = self.ask(class_phase, service, 2)
                assert found == {"v1": 7, "v2": 3}
                product(canary=found)

            @pytest.mark.parametrize(
                "rollout", [pytest.param({"model": "v2", "percent": 100}, id="100%")],
                indirect=True,
            )
            def test_full(self, class_phase, service, rollout):
                found = self.ask(class_phase, service, 3)
                assert found == {"v2": 10}
                product(full=found)
    """,
}
PLACES = ["infer 2", "roll out 100"]
RESUME = {"roll out 100": ["-k", "full"]}
