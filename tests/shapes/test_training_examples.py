"""unittest: each test starts one training script; the class has one folder."""

SUITE = 18
FILES = {
    "train.py": '''
        """Trains on a task: a script of its own, which writes its results to a folder."""

        import json
        import sys
        from pathlib import Path

        from calling import note
        from trouble import trouble

        task, folder = sys.argv[1], Path(sys.argv[2])
        note(f"train {task}")
        trouble(task)
        folder.mkdir(exist_ok=True)
        results = {"eval_accuracy": 0.75 + len(task) / 100}
        (folder / "all_results.json").write_text(json.dumps(results))
    ''',
    "test_examples.py": """
        import json
        import os
        import subprocess
        import sys
        import unittest
        from pathlib import Path

        import pytest
        from trouble import product

        SCRIPT = Path(__file__).with_name("train.py")


        def run_command(task, folder):
            command = [sys.executable, str(SCRIPT), task, str(folder)]
            environment = os.environ | {"PYTEST_PID": str(os.getpid())}
            subprocess.run(command, check=True, env=environment)


        @pytest.fixture(scope="class")
        def of_class(request, class_phase):
            request.cls.phase = class_phase.with_options(inputs=[SCRIPT])


        @pytest.mark.usefixtures("of_class")
        class ExamplesTests(unittest.TestCase):
            @classmethod
            def setUpClass(cls):
                super().setUpClass()
                cls.least = 0.75

            def accuracy(self, task):
                folder = self.phase.directory / task
                self.phase(task, run_command, task, folder)
                results = json.loads((folder / "all_results.json").read_text())
                product(**{task: results})
                return results["eval_accuracy"]

            def test_run_glue(self):
                self.assertGreaterEqual(self.accuracy("glue"), self.least)

            def test_run_ner(self):
                self.assertGreaterEqual(self.accuracy("ner"), self.least)

            def test_run_squad(self):
                self.assertGreaterEqual(self.accuracy("squad"), self.least)
    """,
}
PLACES = ["ner"]
RESUME = {"ner": ["-k", "squad"]}
