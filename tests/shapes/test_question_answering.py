"""A pipeline object in memory answers a loop of paid questions, also from threads."""

SUITE = 24
FILES = {
    "model.py": '''
        """A model behind HTTP, which counts what it is paid for."""

        import json
        from contextlib import contextmanager
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
        from threading import Thread

        from calling import note


        class Model(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                note(f"bought {body['prompt']}")
                text = json.dumps({"text": body["prompt"].upper()}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass


        @contextmanager
        def serving():
            with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
                thread = Thread(target=server.serve_forever, args=(0.01,))
                thread.start()
                yield f"http://127.0.0.1:{server.server_port}"
                server.shutdown()
                thread.join()
    ''',
    "rag.py": '''
        """A pipeline: documents in memory, a retriever and a paid generator."""

        import json
        from urllib.request import urlopen


        class Pipeline:
            def __init__(self, url):
                self.url = url
                self.documents = {}

            def write(self, documents):
                self.documents = {text.split()[0]: text for text in documents}

            def run(self, question):
                found = self.documents.get(question.split()[-1], "nothing")
                body = json.dumps({"prompt": f"{question}: {found}"}).encode()
                with urlopen(self.url, body, timeout=20) as answer:
                    return {"answers": [json.load(answer)["text"]], "documents": [found]}
    ''',
    "test_rag_pipelines_e2e.py": """
        from concurrent.futures import ThreadPoolExecutor

        import pytest
        from model import serving
        from rag import Pipeline
        from trouble import product, trouble

        DOCUMENTS = [
            "Jean lives in Paris",
            "Mark lives in Berlin",
            "Giorgio lives in Rome",
            "Inga lives in Oslo",
        ]
        PEOPLE = ["Jean", "Mark", "Giorgio", "Inga"]


        @pytest.fixture(scope="session")
        def url():
            with serving() as url:
                yield url


        @pytest.fixture
        def pipeline(url):
            made = Pipeline(url)
            made.write(DOCUMENTS)
            return made


        def ask(pipeline, question):
            answer = pipeline.run(question)["answers"][0]
            trouble(question)
            return answer


        def test_one_after_another(phase, pipeline):
            asked = phase.with_options(ignore=["pipeline"], inputs=[pipeline.documents])
            answers = []
            for name in PEOPLE:
                question = f"Who is {name}"
                answers.append(asked(question, ask, pipeline, question))
            assert all(answer.startswith("WHO IS") for answer in answers)
            product(loop=answers)


        def test_side_by_side(phase, pipeline):
            asked = phase.with_options(ignore=["pipeline"], inputs=[pipeline.documents])
            questions = [f"Where is {name}" for name in PEOPLE]
            answers = []
            for batch in (questions[:2], questions[2:]):
                with ThreadPoolExecutor() as pool:
                    answers += pool.map(lambda q: asked(q, ask, pipeline, q), batch)
            product(pool=answers)
    """,
}
_HOMES = {"Jean": "Paris", "Mark": "Berlin", "Giorgio": "Rome", "Inga": "Oslo"}
_LOOP, _POOL = (
    [f"bought {word} is {name}: {name} lives in {home}" for name, home in _HOMES.items()]
    for word in ("Who", "Where")
)
PLACES = ["Who is Mark", "Where is Giorgio"]
RESUME = {"Where is Giorgio": ["-k", "side"]}
AGAIN = {"Who is Mark": _POOL, "Where is Giorgio": _LOOP}
REPEATS = _POOL[2:]  # two questions are asked at a time
