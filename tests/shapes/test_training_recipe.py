"""A recipe is trained by a command line in this process, and resumed from its files."""

SUITE = 17
FILES = {
    "recipe.py": '''
        """Trains a model: a command line."""

        import json
        import sys
        from pathlib import Path

        from calling import note
        from trouble import trouble

        options = dict(word.split("=") for word in sys.argv[1:])
        folder = Path(options["output_dir"])
        folder.mkdir(parents=True, exist_ok=True)
        start, weight = 0, float(options["weight"])
        if "resume_from" in options:
            start, weight = json.loads(Path(options["resume_from"]).read_text())
        note(f"train {options['model']} from {start}")
        for epoch in range(start, int(options["epochs"])):
            weight = weight * 0.5 + 1
            state = json.dumps([epoch + 1, weight])
            (folder / f"epoch_{epoch}.json").write_text(state)
            with (folder / "log.txt").open("a") as log:
                log.write(f"{epoch} {weight}\\n")
            trouble(f"{options['model']} {start} epoch {epoch}")
        sys.exit(0)
    ''',
    "test_finetune.py": """
        import runpy
        import sys
        from pathlib import Path

        import pytest
        from trouble import product

        RECIPE = Path(__file__).with_name("recipe.py")


        def tune(model, folder, **options):
            log = folder / "log.txt"
            log.unlink(missing_ok=True)  # a phase must bear being run again
            options = {"model": model, "output_dir": folder, "epochs": 4, **options}
            command = [f"{name}={value}" for name, value in options.items()]
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(sys, "argv", ["tune", *command])
                with pytest.raises(SystemExit, match="0"):
                    runpy.run_path(str(RECIPE), run_name="__main__")
            return log.read_text().splitlines()


        @pytest.mark.parametrize(("model", "weight"), [("llama2", 8.0), ("llama3", 4.0)])
        def test_training_state_on_resume(model, weight, phase):
            run = phase.with_options(inputs=[RECIPE])
            whole, half = phase.directory / "whole", phase.directory / "half"
            expected = run("train", tune, model, whole, weight=weight)
            state = whole / "epoch_1.json"
            assert state.exists()
            losses = run("resume", tune, model, half, weight=0, resume_from=state)
            assert losses == expected[2:]
            product(**{model: losses})
    """,
}
PLACES = ["llama3 2 epoch 2"]
RESUME = {"llama3 2 epoch 2": ["-k", "llama3"]}
AGAIN = {"llama3 2 epoch 2": ["train llama2 from 0", "train llama2 from 2"]}
