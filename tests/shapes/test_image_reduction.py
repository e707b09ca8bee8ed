"""A module fixture runs three pipelines; parametrised tests compare what they wrote."""

SUITE = 5
FILES = {
    "truth/uncal.json": "[[3, 1, 4], [1, 5, 9]]",
    "truth/rate.json": "[[2, 0, 3], [0, 4, 8]]",
    "truth/cal.json": "[[4, 0, 6], [0, 8, 16]]",
    "truth/i2d.json": "[4, 8, 22]",
    "stages.py": '''
        """Three pipelines, each on the files of the one before."""

        import json
        import shutil

        from calling import note
        from trouble import trouble


        def get_data(remote, folder):
            note("get data")
            shutil.copy(remote / "uncal.json", folder / "uncal.json")


        class Pipeline:
            """A pipeline object, as the tests make it: not to be saved."""

            def __init__(self, name, change):
                self.name = name
                self.change = change

            def run(self, source, target):
                note(self.name)
                image = json.loads(source.read_text())
                target.write_text(json.dumps([]))
                trouble(self.name)
                target.write_text(json.dumps(self.change(image)))


        def detector(source, target):
            Pipeline("detector", lambda rows: [[x - 1 for x in r] for r in rows]).run(
                source, target
            )


        def calibration(source, target):
            Pipeline("calibration", lambda rows: [[x * 2 for x in r] for r in rows]).run(
                source, target
            )


        def combination(source, target):
            Pipeline("combination", lambda rows: [sum(c) for c in zip(*rows)]).run(
                source, target
            )
    ''',
    "conftest.py": '''
        from pathlib import Path

        import pytest
        from stages import get_data

        TRUTH = Path(__file__).with_name("truth")


        class Data:
            """Where the files of a module's tests lie."""

            def __init__(self, folder):
                self.folder = folder

            def difference(self, name):
                found = (self.folder / name).read_text()
                return found != (TRUTH / name).read_text()


        @pytest.fixture(scope="module")
        def rtdata(module_phase):
            module_phase("get data", get_data, TRUTH, module_phase.directory)
            return Data(module_phase.directory)
    ''',
    "test_miri_image.py": """
        import pytest
        from stages import calibration, combination, detector
        from trouble import product


        @pytest.fixture(scope="module")
        def run_pipelines(rtdata, module_phase):
            folder = rtdata.folder
            source, rate, cal, i2d = (
                folder / f"{name}.json" for name in ("uncal", "rate", "cal", "i2d")
            )
            module_phase("detector", detector, source, rate)
            module_phase("calibration", calibration, rate, cal)
            module_phase("combination", combination, cal, i2d)
            return rtdata


        @pytest.mark.parametrize("suffix", ["rate", "cal", "i2d"])
        def test_miri_image(run_pipelines, suffix):
            name = f"{suffix}.json"
            assert not run_pipelines.difference(name)
            product(**{suffix: (run_pipelines.folder / name).read_text()})
    """,
}
PLACES = ["calibration", "combination"]
RESUME = {"calibration": ["-k", "i2d"]}
