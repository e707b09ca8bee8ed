"""One long test submits jobs and waits for them; teardown deletes all that it made."""

SUITE = 14
FILES = {
    "aiplatform.py": '''
        """A platform of training jobs, models and endpoints, in a folder."""

        import json
        import subprocess
        import sys
        from pathlib import Path

        from calling import note
        from trouble import trouble

        WORLD = Path(__file__).with_name("world")
        TRAINING = "import sys, pathlib; pathlib.Path(sys.argv[1]).touch()"


        class Resource:
            """A live resource, which speaks to the platform."""

            def __init__(self, name):
                self.name = name
                self.path = WORLD / name
                self.client = object()

            @property
            def state(self):
                return json.loads(self.path.read_text())


        def create(kind, name, **content):
            note(f"create {kind}")
            trouble(f"create {kind}")
            WORLD.mkdir(exist_ok=True)
            resource = Resource(f"{kind}-{name}")
            resource.path.write_text(json.dumps(content))
            return resource.name


        def delete(name):
            note(f"delete {name.partition('-')[0]}")
            Resource(name).path.unlink(missing_ok=True)


        def submit(dataset, name):
            note("submit " + name.partition("-")[0])
            done = Resource(f"job-{name}").path
            command = [sys.executable, "-E", "-S", "-c", TRAINING, str(done)]
            subprocess.run(command, check=True)
            return done.name


        def wait(job, dataset):
            note("wait " + job.split("-")[1])
            assert Resource(job).path.exists()
            return sum(Resource(dataset).state["rows"])


        def deploy(endpoint, model):
            note("deploy")
            trouble("deploy")
            change = Resource(endpoint)
            change.path.write_text(json.dumps(change.state | {"model": model}))


        def predict(endpoint, value):
            note("predict")
            trouble("predict")
            model = Resource(endpoint.state["model"])
            return model.state["weight"] * value
    ''',
    "e2e_base.py": '''
        """What all end-to-end tests share: names that nobody has, and an end."""

        import uuid

        import pytest
        from aiplatform import delete


        def new_name():
            return uuid.uuid4().hex[:8]


        class TestEndToEnd:
            @pytest.fixture
            def shared_state(self, phase):
                def keep(name):
                    phase.cleanup(delete, name)
                    return name

                return {"name": phase.remember("name", new_name), "keep": keep}
    ''',
    "test_e2e_tabular.py": """
        from aiplatform import Resource, create, deploy, predict, submit, wait
        from e2e_base import TestEndToEnd
        from trouble import product


        class TestTabular(TestEndToEnd):
            def test_end_to_end_tabular(self, phase, shared_state):
                name, keep = shared_state["name"], shared_state["keep"]
                dataset = keep(phase("dataset", create, "dataset", name, rows=[1, 2, 3]))
                custom = keep(phase("submit custom", submit, dataset, f"custom-{name}"))
                automl = keep(phase("submit automl", submit, dataset, f"automl-{name}"))
                jobs = {"custom": custom, "automl": automl}
                weights = [phase(f"wait {n}", wait, jobs[n], dataset) for n in jobs]
                model = keep(phase("model", create, "model", name, weight=sum(weights)))
                endpoint = keep(phase("endpoint", create, "endpoint", name))
                phase("deploy", deploy, endpoint, model)
                asked = phase.with_options(inputs=[endpoint], ignore=["endpoint"])
                answer = asked("predict", predict, Resource(endpoint), 2)
                assert answer == 24
                product(answer=answer)
    """,
}
PLACES = ["create endpoint", "predict"]
