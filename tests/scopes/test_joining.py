"""Tests that ask for nothing belong to their class and module all the same."""

import pytest

from tests.scopes.world import DESTROYED, MADE, Suite

PLAIN = """
    from cluster import use

    class TestCluster:
        def test_asks(self, class_phase, cluster):
            assert class_phase("one", use, cluster, "one") == "one done"

        def test_plain(self):
            use("c7", "plain")

        def test_other(self):
            use("c7", "other")
"""


@pytest.fixture
def mixed(suite: Suite) -> Suite:
    """Give a class of whose tests only the first one asks for its checkpoint."""
    suite.share("class")
    suite.write("test_it.py", PLAIN)
    return suite


def test_one_that_passes_alone_completes_the_class(mixed: Suite) -> None:
    """How a test ends counts, though no test of that run asks for the checkpoint."""
    broken = mixed.run(broken="plain")
    alone = mixed.run("test_it.py::TestCluster::test_plain")

    assert broken.calls == [MADE, "one", "plain", "other"], broken.text
    assert alone.passed, alone.text
    assert alone.calls == ["plain", DESTROYED], alone.text
    assert mixed.is_clean


def test_one_that_fails_alone_is_awaited_again(mixed: Suite) -> None:
    """A test that had passed and fails now keeps the class, whoever asks for it."""
    mixed.run(broken="plain")
    mixed.run("test_it.py::TestCluster::test_other", broken="other")
    assert mixed.tests()["TestCluster::test_other"] == "failed"
    alone = mixed.run("test_it.py::TestCluster::test_plain")
    assert mixed.kept == 1, alone.text

    last = mixed.run("-k", "other")
    assert last.calls == ["other", DESTROYED], last.text
    assert mixed.is_clean
