"""One long test, parametrised, compares times that the world tells."""

SUITE = 8
FILES = {
    "storage.py": '''
        """Two clusters with a replicated workload; what happens there has its time."""

        import json
        import socket
        import time
        from pathlib import Path

        from calling import note
        from trouble import trouble

        WORLD = Path(__file__).with_name("world")


        class Cluster:
            """An open connection to a cluster, with the time of its last answer."""

            def __init__(self, name):
                self.name = name
                self.socket = socket.socket()
                self.answered_at = time.monotonic()
                self.path = WORLD / f"{name}.json"

            def close(self):
                self.socket.close()

            def state(self):
                return json.loads(self.path.read_text()) if self.path.exists() else {}

            def change(self, **workloads):
                WORLD.mkdir(exist_ok=True)
                self.path.write_text(json.dumps(self.state() | workloads))


        def deploy(cluster, workload):
            note(f"deploy {workload}")
            cluster.change(**{workload: {"at": time.time_ns(), "role": "primary"}})


        def undeploy(workload):
            note(f"undeploy {workload}")
            for path in WORLD.glob("*.json"):
                left = json.loads(path.read_text())
                left.pop(workload, None)
                path.write_text(json.dumps(left)) if left else path.unlink()


        def synced_at(cluster, workload):
            note(f"sync {workload}")
            return cluster.state()[workload]["at"]


        def failover(source, target, workload):
            note(f"failover {workload}")
            trouble(f"failover {workload}")
            target.change(**{workload: {"at": time.time_ns(), "role": "primary"}})
            source.change(**{workload: {"at": time.time_ns(), "role": "secondary"}})


        def relocate(source, target, workload):
            note(f"relocate {workload}")
            source.change(**{workload: {"at": time.time_ns(), "role": "primary"}})
            trouble(f"relocate {workload}")
            target.change(**{workload: {"at": time.time_ns(), "role": "secondary"}})
            return [source.name, target.name]
    ''',
    "test_failover_and_relocate.py": """
        import pytest
        from storage import Cluster, deploy, failover, relocate, synced_at, undeploy
        from trouble import product


        @pytest.fixture
        def clusters():
            opened = [Cluster("primary"), Cluster("secondary")]
            yield opened
            for cluster in opened:
                cluster.close()


        @pytest.mark.parametrize(
            "kind",
            [pytest.param("rbd", marks=pytest.mark.rbd), pytest.param("cephfs", id="fs")],
        )
        def test_failover_and_relocate(phase, kind, clusters):
            primary, secondary = clusters
            of = phase.with_options(inputs=[primary.name, secondary.name, kind])
            phase.cleanup(undeploy, kind)
            of("deploy", deploy, primary, kind)
            first = of("first sync", synced_at, primary, kind)
            of("failover", failover, primary, secondary, kind)
            second = of("second sync", synced_at, secondary, kind)
            assert second > first, "not synced after the failover"
            order = of("relocate", relocate, primary, secondary, kind)
            assert of("third sync", synced_at, primary, kind) > second
            roles = [c.state()[kind]["role"] for c in (primary, secondary)]
            product(**{kind: [order, roles]})
    """,
    "conftest.py": """
        def pytest_configure(config):
            config.addinivalue_line("markers", "rbd: on block devices")
    """,
}
PLACES = ["failover rbd", "relocate cephfs"]
_CALLS = ("deploy", "sync", "failover", "relocate", "undeploy")
AGAIN = {
    "failover rbd": [f"{call} cephfs" for call in _CALLS],
    "relocate cephfs": [f"{call} rbd" for call in _CALLS],
}
RESUME = {"failover rbd": ["-k", "rbd"], "relocate cephfs": ["-k", "fs"]}
