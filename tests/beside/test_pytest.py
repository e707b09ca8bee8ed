"""milepost beside pytest's own options and plugins."""

import subprocess
from pathlib import Path

import pytest

from tests.plugin.pipeline import BROKEN, write_pipeline
from tests.project import Project

ALL = ["discover", "make_plan", "generate"]
TWO = """
    import os
    from calling import note

    def work(name):
        note(name)
        if os.environ.get("BROKEN") and name == "b":
            raise ValueError("nonsense")
        return 1

    def test_a(phase):
        phase("working", work, "a")

    def test_b(phase):
        phase("preparing", work, "prepare")
        phase("working", work, "b")

    def test_c(phase):
        phase("working", work, "c")
"""


@pytest.fixture
def two(project: Project) -> Project:
    """Give a project with three tests, one of which can be broken, and pytest's cache."""
    project.write("test_two.py", TWO)
    project.plugins.remove("no:cacheprovider")
    return project


@pytest.mark.parametrize("option", ["-x", "--maxfail=1"])
def test_the_first_failure_ends_the_session(two: Project, option: str) -> None:
    """-x and --maxfail end the session as always; the failed test goes on next time."""
    stopped = two.run(option, env=BROKEN)
    resumed = two.run()

    assert stopped.calls == ["a", "prepare", "b"]
    assert stopped.code == pytest.ExitCode.TESTS_FAILED
    assert "stopping after 1 failures" in stopped.text
    assert resumed.calls == ["a", "b", "c"]


def test_last_failed_first(two: Project) -> None:
    """--lf and --ff select and order as always, and what failed goes on."""
    two.run(env=BROKEN)
    last_failed = two.run("--lf", env=BROKEN)
    failed_first = two.run("--ff")

    assert last_failed.calls == ["b"]
    assert "preparing  restored" in last_failed.text
    assert failed_first.calls == ["b", "a", "c"], failed_first.text
    assert not two.documents()


def test_the_debugger_sees_the_users_frames(project: Project) -> None:
    """--pdb stops where the phase's function failed; what has finished is kept before."""
    write_pipeline(project)
    project.edit("steps.py", 'raise ValueError("the model answered nonsense")', "1 / 0")
    arguments = project.command("--pdb")
    done = subprocess.run(
        arguments,
        input="where\np 'plan is', plan\nimport glob\np glob.glob('.milepost/check*')\nq\n",
        cwd=project.folder,
        env=project.environment(**BROKEN),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    resumed = project.run()

    assert "entering PDB" in done.stdout
    assert "('plan is', ['build task', 'build user'])" in done.stdout
    assert ".milepost/checkpoint_test_pipeline" in done.stdout
    assert resumed.passed, resumed.text
    assert resumed.calls == ["generate"]


def test_without_the_terminal(project: Project) -> None:
    """Without pytest's terminal plugin phases are kept and restored all the same."""
    write_pipeline(project)
    project.plugins.append("no:terminal")
    broken, resumed = project.run(env=BROKEN), project.run()

    assert broken.code == pytest.ExitCode.TESTS_FAILED
    assert resumed.code == 0, resumed.text
    assert resumed.calls == ["generate"]


def test_without_milepost(project: Project) -> None:
    """With -p no:milepost nothing of it is loaded, and tests that do not ask run."""
    project.plugins.remove("milepost.plugin")
    project.write(
        "test_plain.py",
        """
        import sys

        def test_plain(request):
            assert not [name for name in sys.modules if name.startswith("milepost")]
            assert not request.config.pluginmanager.hasplugin("milepost")
        """,
    )
    result = project.run("-p", "no:milepost", env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""})

    assert result.passed, result.text


def test_all_plugins_at_once(project: Project) -> None:
    """Loaded by itself among all plugins that are installed, it resumes in a worker."""
    write_pipeline(project)
    project.plugins = ["no:cacheprovider"]
    every = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": ""}
    broken = project.run("-n1", "--reruns=1", "--timeout=60", env=every | BROKEN)
    resumed = project.run("-n1", "--reruns=1", "--timeout=60", env=every)

    assert broken.calls == [*ALL, "generate"], broken.text
    assert resumed.code == 0, resumed.text
    assert resumed.calls == ["generate"]


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest 8 reads no [tool.pytest]")
def test_no_warning_and_strict_configuration(project: Project) -> None:
    """Nothing of ours warns, and everything works under strict = true in native TOML."""
    write_pipeline(project)
    marked = "import pytest\n\n@pytest.mark.milepost(keep='failed')\ndef test_pipeline"
    project.edit("test_pipeline.py", "def test_pipeline", marked)
    for other in ("pytest.toml", "pytest.ini"):
        (project.folder / other).unlink()
    project.write(
        "pyproject.toml",
        """
        [tool.pytest]
        strict = true
        pythonpath = ["."]
        filterwarnings = ["error"]
        milepost_dir = "kept"
        milepost_wait = 0.5
        milepost_retry = 1
        milepost_secret_ok = ["$.domain"]
        """,
    )
    developing = {"PYTHONDEVMODE": "1"}
    broken = project.run("-W", "error", env=BROKEN | developing)
    assert list((project.folder / "kept").glob("checkpoint_*.json"))
    resumed = project.run("-W", "error", env=developing)

    assert broken.calls == ALL, broken.text
    assert "Warning" not in broken.text + resumed.text
    assert resumed.passed, resumed.text
    assert resumed.calls == ["generate"]


def test_the_configuration_of_pytest_8(project: Project) -> None:
    """An ini file says the same settings as native TOML."""
    write_pipeline(project)
    (project.folder / "pytest.toml").unlink()
    project.write(
        "pytest.ini",
        """
        [pytest]
        pythonpath = .
        addopts = --strict-config --strict-markers
        milepost_dir = kept
        milepost_wait = 0.5
        milepost_secret_ok =
            $.domain
        """,
    )
    project.run(env=BROKEN)
    assert list((project.folder / "kept").glob("checkpoint_*.json"))
    assert project.run().calls == ["generate"]


def test_who_does_not_ask_is_left_alone(project: Project) -> None:
    """Plain, unittest, Hypothesis and doctest tests see and cost nothing of milepost."""
    project.plugins.append("_hypothesis_pytestplugin")
    project.write(
        "test_others.py",
        '''
        import signal, sys, unittest
        import pytest
        from hypothesis import given, settings, strategies

        def double(n):
            """
            >>> double(2)
            4
            """
            return 2 * n

        def test_plain():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            assert "milepost.session" not in sys.modules

        class TestCase(unittest.TestCase):
            def test_method(self):
                with self.subTest("one"):
                    self.assertEqual(double(1), 2)

        @given(strategies.integers())
        @settings(max_examples=5, database=None)
        def test_property(n):
            assert double(n) == n + n

        @pytest.fixture
        def phase():
            return "a phase of the moon"

        def test_own_fixture(phase):
            assert phase == "a phase of the moon"

        @pytest.mark.parametrize("phase", ["new", "full"])
        def test_own_parameter(phase):
            assert phase in ("new", "full")
        ''',
    )
    result = project.run("--doctest-modules", "-v")

    assert result.code == 0, result.text
    assert result.outcomes()["passed"] == 7
    checkout = str(Path(__file__).parents[2])  # it may well be called milepost
    assert "milepost" not in result.text.replace(checkout, "")
    assert not project.checkpoints.exists()


def test_who_asks_by_the_other_name(project: Project) -> None:
    """Where the name phase is taken, the fixture milepost is the same; so in a class."""
    project.write(
        "test_moon.py",
        """
        import pytest
        from calling import note

        class TestMoon:
            @pytest.fixture
            def phase(self):
                return "full"

            @pytest.mark.parametrize("planet", ["mars", "venus"])
            def test_moon(self, milepost, phase, planet):
                assert milepost("observing", note, f"{planet} {phase}") is None
                assert planet == "mars"
        """,
    )
    first, second = project.run(), project.run()

    assert first.calls == ["mars full", "venus full"]
    assert second.calls == ["mars full"], second.text
    assert "observing  restored" in second.text


def test_the_signal_handler_stands_only_where_it_is_asked_for(project: Project) -> None:
    """SIGTERM is ours during a test that asks, and never where the user handles it."""
    project.write(
        "test_signal.py",
        """
        import signal

        def test_asks(phase):
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL

        def test_does_not():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            signal.signal(signal.SIGTERM, own)

        def own(number, frame):
            pass

        def test_asks_again(phase):
            assert signal.getsignal(signal.SIGTERM) is own
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

        def test_asks_late(request):
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
            request.getfixturevalue("phase")
            assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL

        def test_does_not_either():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL

        def test_sets(phase):
            signal.signal(signal.SIGTERM, own)

        def test_has():
            assert signal.getsignal(signal.SIGTERM) is own
        """,
    )
    assert project.run().passed
