"""Five tests of a class buy the same first steps of a pipeline five times."""

import sys

import pytest

from tests.shapes.conftest import Undisturbed
from tests.shapes.shape import Shape

SUITE = 26
FILES = {
    "analysis.py": '''
        """A pipeline of paid steps, and what runs them in order up to one of them."""

        import json
        from concurrent.futures import ThreadPoolExecutor

        from calling import note
        from trouble import trouble


        def extract(comment):
            note(f"extract {comment}")
            return [part.strip() for part in comment.split(",")]


        def extraction(comments):
            with ThreadPoolExecutor() as pool:
                found = list(pool.map(extract, comments))
            return [argument for arguments in found for argument in arguments]


        def embedding(arguments):
            note("embedding")
            trouble("embedding")
            return [[argument, len(argument)] for argument in arguments]


        def clustering(embedded):
            note("clustering")
            trouble("clustering")
            return {str(size % 2): [a for a, s in embedded if s % 2 == size % 2]
                    for _, size in embedded}


        def labelling(clusters):
            note("labelling")
            trouble("labelling")
            return {f"cluster of {len(found)}": found for found in clusters.values()}


        def overview(labels):
            note("overview")
            trouble("overview")
            return f"{len(labels)} groups"


        STEPS = (extraction, embedding, clustering, labelling, overview)


        def call(name, step, value):
            return step(value)


        class Orchestrator:
            def __init__(self, comments, output, run_step=call):
                self.comments = comments
                self.output = output
                self.run_step = run_step

            def run(self, until):
                value = self.comments
                for step in STEPS:
                    value = self.run_step(step.__name__, step, value)
                    path = self.output / f"{step.__name__}.json"
                    path.write_text(json.dumps(value))
                    if step.__name__ == until:
                        return value
                raise LookupError(until)
    ''',
    "conftest.py": """
        import pytest
        from analysis import Orchestrator

        COMMENTS = ["more trees, less noise", "a library", "buses, bees"]


        @pytest.fixture
        def orchestrator(class_phase, tmp_path):
            return Orchestrator(COMMENTS, tmp_path, run_step=class_phase)
    """,
    "test_pipeline_e2e.py": """
        import json

        from trouble import product


        class TestPipelineE2E:
            def test_extraction(self, orchestrator):
                assert len(orchestrator.run(until="extraction")) == 5

            def test_embedding(self, orchestrator):
                assert orchestrator.run(until="embedding")[0] == ["more trees", 10]

            def test_clustering(self, orchestrator):
                assert set(orchestrator.run(until="clustering")) == {"0", "1"}

            def test_labelling(self, orchestrator):
                assert sum(map(len, orchestrator.run(until="labelling").values())) == 5

            def test_whole(self, orchestrator):
                result = orchestrator.run(until="overview")
                names = sorted(path.name for path in orchestrator.output.iterdir())
                assert len(names) == 5
                labels = json.loads((orchestrator.output / "labelling.json").read_text())
                product(overview=result, labels=labels)
    """,
}
PLACES = ["clustering"]
RESUME = {"clustering": ["-k", "whole"]}


@pytest.fixture
def shape() -> Shape:
    """Give this module's own shape."""
    return Shape.of(sys.modules[__name__])


def test_five_tests_buy_each_step_once(shape: Shape, undisturbed: Undisturbed) -> None:
    """Tests of a class share what their pipelines have in common."""
    calls = undisturbed(shape).calls
    assert set(calls.values()) == {1}
    assert calls["embedding"] == 1
