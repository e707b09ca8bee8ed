"""unittest: data are prepared, an object of them is handed to the training."""

SUITE = 19
FILES = {
    "training.py": '''
        """Prepares data and trains an adapter on them."""

        import json
        from dataclasses import dataclass
        from pathlib import Path

        from calling import note
        from trouble import trouble


        @dataclass
        class Dataset:
            rows: list[list[int]]

            @classmethod
            def open(cls, path):
                return cls([json.loads(line) for line in path.read_text().splitlines()])


        def prepare(cfg, folder) -> Path:
            note("prepare")
            path = folder / "prepared.jsonl"
            texts = [text.split() for text in cfg["texts"]]
            rows = [[len(word) for word in words] for words in texts]
            path.write_text("\\n".join(json.dumps(row) for row in rows))
            return path


        def train(cfg, dataset, output_dir):
            note("train")
            output_dir.mkdir(exist_ok=True)
            adapter = [sum(row) * cfg["lora_alpha"] for row in dataset.rows]
            trouble("train")
            (output_dir / "adapter_model.json").write_text(json.dumps(adapter))


        def merge(cfg, output_dir):
            note("merge")
            trouble("merge")
            adapter = json.loads((output_dir / "adapter_model.json").read_text())
            return {"base": cfg["base_model"], "weights": adapter}
    ''',
    "test_lora_llama.py": """
        import unittest

        import pytest
        from trouble import product
        from training import Dataset, merge, prepare, train


        class TestLoraLlama(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def give_phase(self, phase):
                self.phase = phase

            def setUp(self):
                self.cfg = {
                    "base_model": "llama",
                    "lora_alpha": 64,
                    "texts": ["the quick brown fox", "jumps over"],
                }

            def test_lora(self):
                output_dir = self.phase.directory / "lora"
                path = self.phase("prepare", prepare, self.cfg, self.phase.directory)
                dataset = Dataset.open(path)
                self.phase("train", train, self.cfg, dataset, output_dir)
                self.assertTrue((output_dir / "adapter_model.json").exists())
                product(merged=self.phase("merge", merge, self.cfg, output_dir))
    """,
}
PLACES = ["merge"]
