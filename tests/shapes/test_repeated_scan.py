"""A scenario of pytest-bdd on an instrument, whose state is asked and not believed."""

import sys

import pytest

from tests.shapes.shape import Shape, Suite

SUITE = 30
FILES = {
    "telescope.py": '''
        """A telescope: what it is at present can be read and not be put back."""

        import json
        from pathlib import Path

        from calling import note
        from trouble import trouble

        STATE = Path(__file__).with_name("world") / "subarray-1.json"


        def state():
            return json.loads(STATE.read_text()) if STATE.exists() else {"obs": "EMPTY"}


        def assign(dishes):
            note("assign")
            STATE.parent.mkdir(exist_ok=True)
            STATE.write_text(json.dumps({"obs": "IDLE", "dishes": dishes}))
            return dishes


        def configure(band):
            note("configure")
            STATE.write_text(json.dumps(state() | {"obs": "READY", "band": band}))
            return band


        def scan(seconds):
            note("scan")
            assert state()["obs"] == "READY"
            return [seconds] * state()["dishes"]


        def process(data):
            note("process")
            trouble("process")
            return sum(data)


        def is_assigned(dishes):
            return state().get("dishes") == dishes


        def is_configured(band):
            return state().get("band") == band and state()["obs"] == "READY"


        def release():
            note("release")
            STATE.unlink(missing_ok=True)
    ''',
    "scan.feature": """
        Feature: Scans
          Scenario: A scan is repeated
            Given 4 dishes that are configured for band 2
            When a scan of 3 seconds is run
            And a scan of 5 seconds is run
            Then the subarray is READY
            And the data of both make an image
    """,
    "test_repeat_scan.py": """
        import pytest
        import telescope
        from pytest_bdd import given, parsers, scenarios, then, when
        from trouble import product

        pytestmark = pytest.mark.milepost
        scenarios("scan.feature")


        @pytest.fixture
        def data():
            return []


        @given(parsers.parse("{dishes:d} dishes that are configured for band {band:d}"))
        def subarray(phase, dishes, band):
            phase.cleanup(telescope.release)
            assigned = phase.with_options(verify=telescope.is_assigned)
            assigned("assign", telescope.assign, dishes)
            configured = phase.with_options(verify=telescope.is_configured)
            configured("configure", telescope.configure, band)


        @when(parsers.parse("a scan of {seconds:d} seconds is run"))
        def scan(phase, data, seconds):
            live = phase.with_options(always=True)
            data += live(f"scan {seconds}", telescope.scan, seconds)


        @then("the subarray is READY")
        def ready():
            assert telescope.state()["obs"] == "READY"


        @then("the data of both make an image")
        def image(phase, data):
            product(image=phase("process", telescope.process, data))
    """,
}
PLUGINS = ["pytest_bdd.plugin"]
PLACES = ["process"]
REPEATS = ["scan"]  # what an instrument does at present is never restored


@pytest.fixture
def shape() -> Shape:
    """Give this module's own shape."""
    return Shape.of(sys.modules[__name__])


def test_a_state_that_was_lost_is_made_again(suite: Suite) -> None:
    """Where the instrument no longer has the state, its phases run again."""
    suite.begin(broken_at="process")
    (suite.project.folder / "world" / "subarray-1.json").unlink()
    result = suite.run()
    assert result.passed, result.text
    assert result.calls == ["assign", "configure", "scan", "scan", "process", "release"]
    assert "verify said no" in result.text
