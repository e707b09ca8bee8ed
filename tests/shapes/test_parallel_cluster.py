"""One long test of helpers on a cluster, which a factory fixture makes and deletes."""

SUITE = 9
FILES = {
    "cloud.py": '''
        """A cloud with stacks of clusters."""

        import json
        import uuid
        from pathlib import Path

        from calling import note
        from trouble import trouble

        WORLD = Path(__file__).with_name("world")


        def new_name(prefix):
            return f"{prefix}-{uuid.uuid4().hex[:12]}"


        class Cluster:
            def __init__(self, name):
                self.name = name
                self.path = WORLD / f"{name}.json"
                self.session = object()

            @property
            def state(self):
                return json.loads(self.path.read_text())

            def run(self, command, **result):
                note(command)
                trouble(command)
                self.path.write_text(json.dumps(self.state | result))
                return f"{command}: ok"


        def create_cluster(name, config):
            note("create cluster")
            WORLD.mkdir(exist_ok=True)
            with Cluster(name).path.open("x") as file:
                json.dump({"config": config.read_text(), "nodes": 0}, file)
            return name


        def delete_cluster(name):
            note("delete cluster")
            Cluster(name).path.unlink(missing_ok=True)
    ''',
    "essential/pcluster.config.yaml": "Scheduling: slurm\nMaxCount: 4\n",
    "conftest.py": """
        from functools import partial

        import pytest
        from cloud import Cluster, create_cluster, delete_cluster, new_name


        @pytest.fixture
        def clusters_factory(phase):
            def create(config, prefix):
                name = phase.remember(f"{prefix} name", partial(new_name, prefix))
                phase.cleanup(delete_cluster, name)
                return Cluster(phase(f"{prefix} cluster", create_cluster, name, config))

            return create
    """,
    "test_essential_features.py": """
        from pathlib import Path

        from trouble import product

        CONFIG = Path(__file__).with_name("essential") / "pcluster.config.yaml"


        def _test_logging(cluster):
            return cluster.run("check logs")


        def _test_scaling(cluster, nodes):
            cluster.run("scale up", nodes=nodes)
            return cluster.state["nodes"]


        def _test_mpi(cluster):
            assert cluster.state["nodes"] == 4
            return cluster.run("mpi job", mpi="done")


        def _test_update(cluster, count):
            return cluster.run("update stack", count=count)


        def test_essential_features(clusters_factory, phase):
            cluster = clusters_factory(CONFIG, "essential")
            on = phase.with_options(inputs=[cluster.name], ignore=["cluster"])
            results = [on("logging", _test_logging, cluster)]
            results += [on("scaling", _test_scaling, cluster, 4)]
            results += [on("mpi", _test_mpi, cluster)]
            results += [on("update", _test_update, cluster, 8)]
            state = cluster.state
            product(results=results, state=state)
            assert state["mpi"] == "done"
    """,
}
PLACES = ["scale up", "update stack"]
