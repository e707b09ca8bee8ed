"""One long test whose ``finally`` deletes the pipeline that it made."""

SUITE = 15
FILES = {
    "sagemaker.py": '''
        """Pipelines and their executions, in a database."""

        import json
        import sqlite3
        import uuid
        from contextlib import closing
        from pathlib import Path

        from calling import note
        from trouble import trouble

        PATH = Path(__file__).with_name("world") / "region.db"


        def unique_name_from_base(base):
            return f"{base}-{uuid.uuid4().hex[:10]}"


        class Session:
            def execute(self, statement, *values):
                PATH.parent.mkdir(exist_ok=True)
                with closing(sqlite3.connect(PATH)) as database, database:
                    return database.execute(statement, values).fetchall()


        class Pipeline:
            """A live pipeline, with the session that it speaks through."""

            def __init__(self, name, sagemaker_session, steps=()):
                self.name = name
                self.session = sagemaker_session
                self.steps = list(steps)

            def create(self, role):
                note("create pipeline")
                self.session.execute(
                    "create table if not exists pipelines (name primary key, steps, done)"
                )
                row = (self.name, json.dumps(self.steps), "[]")
                self.session.execute("insert into pipelines values (?, ?, ?)", *row)
                return f"arn:{role}:{self.name}"

            def run_step(self, step):
                note(f"run {step}")
                trouble(f"run {step}")
                done = [*self.done, step]
                change = "update pipelines set done = ? where name = ?"
                self.session.execute(change, json.dumps(done), self.name)

            @property
            def done(self):
                found = self.session.execute(
                    "select done from pipelines where name = ?", self.name
                )
                return json.loads(found[0][0])


        def create(pipeline, role):
            return pipeline.create(role)


        def start(pipeline, step):
            pipeline.run_step(step)
            return f"{step} succeeded"


        def describe(pipeline):
            note("describe")
            trouble("describe")
            return pipeline.done


        def delete(name):
            note("delete pipeline")
            Session().execute("delete from pipelines where name = ?", name)
            if not Session().execute("select * from pipelines"):
                PATH.unlink()
    ''',
    "test_training_steps.py": """
        from functools import partial

        import pytest
        from sagemaker import (
            Pipeline, Session, create, delete, describe, start, unique_name_from_base
        )
        from trouble import product

        STEPS = ["process", "train", "register"]


        @pytest.fixture(scope="module")
        def sagemaker_session():
            return Session()


        @pytest.fixture
        def pipeline_name(phase):
            return phase.remember("name", partial(unique_name_from_base, "pipeline"))


        def test_training_job(phase, sagemaker_session, pipeline_name):
            pipeline = Pipeline(pipeline_name, sagemaker_session, STEPS)
            of = phase.with_options(inputs=[pipeline_name], ignore=["pipeline"])
            arn = of("create", create, pipeline, role="role")
            phase.cleanup(delete, pipeline_name)
            assert arn == f"arn:role:{pipeline_name}"
            results = [of(f"run {step}", start, pipeline, step) for step in STEPS]
            done = of("describe", describe, pipeline)
            assert done == STEPS
            product(results=results, done=done)
    """,
}
PLACES = ["run train", "describe"]
