"""unittest: stages of a long test, load from threads, and a cluster that may be kept."""

SUITE = 10
FILES = {
    "scylla.py": '''
        """A database cluster, and the load on it."""

        import sqlite3
        from contextlib import closing
        from pathlib import Path

        from calling import note
        from trouble import trouble

        PATH = Path(__file__).with_name("world") / "nodes.db"


        def execute(statement, *values):
            with closing(sqlite3.connect(PATH, timeout=20)) as database, database:
                return database.execute(statement, values).fetchall()


        def provision(nodes):
            note("provision")
            PATH.parent.mkdir(exist_ok=True)
            execute("create table keys (load, key, primary key (load, key))")
            return nodes


        def terminate():
            note("terminate")
            PATH.unlink(missing_ok=True)


        class Stress:
            """A load generator: a live thing with a thread of its own."""

            def __init__(self, load):
                self.load = load

            def write(self, count):
                for key in range(count):
                    execute("insert or replace into keys values (?, ?)", self.load, key)
                return count


        def stress(load, count):
            written = Stress(load).write(count)
            note(f"stress {load}")
            trouble(f"stress {load}")
            return written


        def verify(total):
            note("verify")
            trouble("verify")
            ((found,),) = execute("select count(*) from keys")
            return found == total
    ''',
    "tester.py": '''
        """What all long tests inherit."""

        import unittest
        from threading import Thread

        import pytest
        import scylla


        class ClusterTester(unittest.TestCase):
            skip_stages: tuple[str, ...] = ()

            @pytest.fixture(autouse=True)
            def give_phase(self, phase):
                self.phase = phase

            def setUp(self):
                self.failures = []
                self.nodes = self.phase("provision", scylla.provision, 3)
                self.phase.cleanup(scylla.terminate)

            def optional_stage(self, name, action):
                return None if name in self.skip_stages else action(name)

            def in_threads(self, stage, loads):
                self.written = {}
                threads = [
                    Thread(target=self.load, args=(stage, load, count))
                    for load, count in loads.items()
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                self.assertEqual(self.failures, [])
                return self.written

            def load(self, stage, load, count):
                try:
                    name = f"{stage}: {load}"
                    self.written[load] = self.phase(name, scylla.stress, load, count)
                except Exception as error:
                    self.failures.append(str(error))
    ''',
    "test_longevity.py": """
        import scylla
        from tester import ClusterTester
        from trouble import product

        LOADS = {"users": 8, "orders": 5, "events": 3}


        class LongevityTest(ClusterTester):
            skip_stages = ("nemesis",)

            def test_custom_time(self):
                written = self.optional_stage(
                    "prepare_write", lambda stage: self.in_threads(stage, LOADS)
                )
                self.optional_stage("nemesis", lambda stage: self.fail(stage))
                verified = self.phase("verify", scylla.verify, sum(written.values()))
                product(written=written, verified=verified, nodes=self.nodes)
                self.assertTrue(verified)
    """,
}
PLACES = ["stress orders", "verify"]
REPEATS = [f"stress {load}" for load in ("users", "orders", "events")]
