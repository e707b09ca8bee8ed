"""The first test of a class fills a store, which is cleared before and after."""

SUITE = 27
FILES = {
    "store.py": '''
        """A store of embeddings in a database, reached through a client."""

        import sqlite3
        from pathlib import Path

        from calling import note

        PATH = Path(__file__).with_name("world") / "vectors.db"


        def clear():
            note("clear")
            PATH.unlink(missing_ok=True)


        class Client:
            def __init__(self):
                PATH.parent.mkdir(exist_ok=True)
                self.database = sqlite3.connect(PATH)
                self.database.execute(
                    "create table if not exists nodes (title primary key, vector)"
                )

            def add(self, rows):
                insert = "insert or replace into nodes values (?, ?)"
                self.database.executemany(insert, rows)
                self.database.commit()

            def nearest(self, vector):
                query = "select title from nodes order by abs(vector - ?), title"
                return self.database.execute(query, [vector]).fetchone()[0]

            def close(self):
                self.database.close()
    ''',
    "bundestag.py": '''
        """Fetches papers, embeds them and answers questions; each costs money."""

        from calling import note
        from trouble import trouble

        PAPERS = {"Wind": "turbines at sea", "Rail": "night trains", "Bees": "flowers"}


        def vector(text):
            return sum(map(ord, text)) % 1009


        def fetch():
            note("fetch")
            return PAPERS


        def embed(client, papers):
            note("embed")
            index = {title: vector(text) for title, text in papers.items()}
            rows = list(index.items())
            client.add(rows[:1])
            trouble("embed")
            client.add(rows[1:])
            return index


        def answer(client, question):
            title = client.nearest(vector(question))
            note(f"answer {question}")
            trouble(f"answer {question}")
            return f"See the paper {title}."


        def evaluate(answers):
            note("evaluate")
            trouble("evaluate")
            return {answer: len(answer) for answer in answers}
    ''',
    "test_full_pipeline.py": """
        import pytest
        from bundestag import answer, embed, evaluate, fetch
        from store import Client, clear
        from trouble import product

        QUESTIONS = ["night trains", "flowers"]


        @pytest.fixture(scope="class")
        def client(class_phase):
            class_phase("clear the store", clear)
            class_phase.cleanup(clear)
            made = Client()
            yield made
            made.close()


        def fill(phase, client):
            papers = phase("fetch", fetch)
            return phase("embed", embed, client, papers)


        def ask(phase, client):
            index = fill(phase, client)  # what a store answers depends on what is in it
            asked = phase.with_options(inputs=[index])
            return [asked(f"ask {each}", answer, client, each) for each in QUESTIONS]


        class TestFullPipeline:
            def test_embedding(self, class_phase, client):
                assert len(fill(class_phase, client)) == 3

            def test_augmentation(self, class_phase, client):
                answers = ask(class_phase, client)
                assert answers == ["See the paper Rail.", "See the paper Bees."]
                product(answers=answers)

            def test_evaluation(self, class_phase, client):
                answers = ask(class_phase, client)
                product(scores=class_phase("evaluate", evaluate, answers))
    """,
}
PLACES = ["embed", "answer flowers"]
RESUME = {"embed": ["-k", "evaluation"], "answer flowers": ["-k", "evaluation"]}
