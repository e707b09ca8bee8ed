"""A model is compressed, then served by a child process; the state is in ``self``."""

SUITE = 16
FILES = {
    "configs/w8a8.json": '{"scheme": "W8A8", "top": 127, "weights": [0.5, -0.25, 1.0]}',
    "configs/w4a16.json": '{"scheme": "W4A16", "top": 7, "weights": [0.5, -0.25, 1.0]}',
    "compressing.py": '''
        """Compresses a model, which takes an hour of a GPU."""

        import json

        from calling import note


        def compress(config, folder):
            note(f"compress {config['scheme']}")
            folder.mkdir(exist_ok=True)
            weights = [round(weight * config["top"]) for weight in config["weights"]]
            model = {"top": config["top"], "weights": weights}
            (folder / "model.json").write_text(json.dumps(model))
    ''',
    "serving.py": '''
        """Serves a model: a program of its own."""

        import json
        import sys
        from pathlib import Path

        model = json.loads(Path(sys.argv[1], "model.json").read_text())
        for prompt in sys.argv[2:]:
            total = sum(weight / model["top"] for weight in model["weights"])
            print(prompt, round(total * len(prompt), 1))
    ''',
    "test_vllm.py": """
        import json
        import subprocess
        import sys
        from pathlib import Path

        import pytest
        from calling import note
        from compressing import compress
        from trouble import product, trouble

        HERE = Path(__file__).parent
        CONFIGS = [HERE / "configs" / "w8a8.json", HERE / "configs" / "w4a16.json"]
        PROMPTS = ["hello", "the capital of France"]


        def serve(folder, prompts, scheme):
            note(f"serve {scheme}")
            trouble(f"serve {scheme}")
            command = [sys.executable, "-E", "-S", HERE / "serving.py", folder, *prompts]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            return done.stdout.splitlines()


        @pytest.mark.parametrize("config_file", CONFIGS, ids=lambda path: path.stem)
        class TestVLLM:
            def set_up(self, config_file, phase):
                self.phase = phase
                self.config = json.loads(config_file.read_text())
                self.scheme = self.config["scheme"]
                self.save_dir = phase.directory / "model"

            def test_vllm(self, config_file, phase):
                self.set_up(config_file, phase)
                phase("compress", compress, self.config, self.save_dir)
                self.run_vllm()
                assert self.answers[0].startswith("hello")
                product(**{self.scheme: self.answers})

            def run_vllm(self):
                self.answers = self.phase(
                    "serve", serve, self.save_dir, PROMPTS, self.scheme
                )
    """,
}
PLACES = ["serve W4A16"]
RESUME = {"serve W4A16": ["-k", "w4a16"]}
AGAIN = {"serve W4A16": ["compress W8A8", "serve W8A8"]}
