"""A child process does it all, and goes on by itself from what is in its folder."""

SUITE = 20
FILES = {
    "sequencing.py": '''
        """Calls variants in stages; a stage whose file is there is not done again."""

        import sys
        from pathlib import Path

        from calling import note
        from trouble import trouble

        sample, work = sys.argv[1], Path(sys.argv[2])
        work.mkdir(exist_ok=True)
        text = f"reads of {sample}"
        for stage in ("align", "call", "annotate"):
            done = work / f"{stage}.txt"
            if not done.exists():
                note(f"{stage} {sample}")
                trouble(f"{stage} {sample}")
                done.write_text(f"{text}, {stage}ed")
            text = done.read_text()
    ''',
    "test_automated_analysis.py": """
        import os
        import subprocess
        import sys
        from pathlib import Path

        import pytest
        from trouble import product

        TOOL = Path(__file__).with_name("sequencing.py")


        def analyse(sample, work):
            command = [sys.executable, str(TOOL), sample, str(work)]
            environment = os.environ | {"PYTEST_PID": str(os.getpid())}
            subprocess.check_call(command, env=environment)
            return (work / "annotate.txt").read_text()


        @pytest.mark.parametrize("sample", ["exome", "rnaseq"])
        def test_pipeline(sample, phase):
            work = phase.directory / "work"
            run = phase.with_options(inputs=[TOOL])
            result = run("analysis", analyse, sample, work)
            assert result.startswith(f"reads of {sample}")
            product(**{sample: result})
    """,
}
PLACES = ["call exome"]
AGAIN = {"call exome": ["align rnaseq", "call rnaseq", "annotate rnaseq"]}
