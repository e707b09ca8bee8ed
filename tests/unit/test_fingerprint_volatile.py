"""An input that is different in every process is named, with its cure, in the first run."""

import datetime
import socket
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from milepost.fingerprint import inputs_of


@dataclass
class Settings:
    run_id: object = None
    port: object = None


def _volatile(value: object, root: Path, name: str = "given") -> dict[str, str]:
    return inputs_of(lambda **given: given, (), {name: value}, root=root).volatile


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda: Path(tempfile.gettempdir()) / "x", "temporary"),
        (lambda: str(Path(tempfile.gettempdir()) / "x"), "temporary"),
        (lambda: Path("/scratch/pytest-of-me/pytest-3/test_0"), "temporary"),
        (uuid.uuid4, "uuid"),
        (lambda: str(uuid.uuid4()), "uuid"),
        (uuid.uuid1, "uuid"),
        (lambda: datetime.datetime.now(datetime.UTC), "time"),
        (datetime.datetime.now, "time"),
        (lambda: datetime.datetime.now(datetime.UTC).replace(tzinfo=None), "time"),
        (lambda: datetime.datetime.now(datetime.UTC).isoformat(), "time"),
        (time.time, "time"),
        (lambda: [uuid.uuid4()], "uuid"),
        (lambda: {"user": {"id": str(uuid.uuid4())}}, "uuid"),
        (lambda: Settings(run_id=uuid.uuid4()), "uuid"),
    ],
    # Every worker must know the cases by the same names.
    ids=map(str, range(14)),
)
def test_a_value_of_this_process_is_named_with_its_cure(
    tmp_path: Path, make: Callable[[], object], word: str
) -> None:
    """A temporary path, a random id and the time of day are told with what to do."""
    reason = _volatile(make(), tmp_path / "root")["given"]
    assert word in reason
    assert "phase.remember('given', ...)" in reason
    assert "ignore=['given']" in reason


@pytest.mark.parametrize(
    "value",
    [
        Path("prompts/a.txt"),
        Path("/srv/data"),
        "a sentence about a uuid",
        "00000000-0000-0000-0000-000000000000",
        uuid.uuid5(uuid.NAMESPACE_DNS, "a"),
        datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC),
        "2020-01-01T00:00:00",
        "20-2-2-2-",
        datetime.date(2020, 1, 1),
        datetime.datetime.max,  # noqa: DTZ901 - a moment without a zone
        1.5,
        8080,
        True,
    ],
)
def test_a_value_that_stays_is_not_named(tmp_path: Path, value: object) -> None:
    """What is the same in the next process is no matter for a message."""
    assert _volatile(value, tmp_path, "port") == {}


def test_a_path_below_the_root_stays(tmp_path: Path) -> None:
    """A project in the temporary folder has its own paths there."""
    assert _volatile(tmp_path / "prompts" / "a.txt", tmp_path) == {}
    assert _volatile(str(tmp_path / "prompts" / "a.txt"), tmp_path) == {}


def test_a_port_that_this_process_listens_on_is_named(tmp_path: Path) -> None:
    """A free port is another one in the next process; a fixed number is not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert "port" in _volatile(port, tmp_path, "server_port")["server_port"]
        assert "port" in _volatile(Settings(port=port), tmp_path)["given"]
        assert "port" in _volatile(f"http://127.0.0.1:{port}/v1", tmp_path)["given"]
        assert _volatile(port, tmp_path, "count") == {}
        assert _volatile(port + 1 if port < 65535 else port - 1, tmp_path, "port") == {}
    assert _volatile(port, tmp_path, "server_port") == {}


def test_a_named_input_still_has_a_hash(tmp_path: Path) -> None:
    """The message changes nothing: the input counts as it is."""
    one, two = uuid.uuid4(), uuid.uuid4()
    hashes = [
        inputs_of(lambda x: x, (n,), {}, root=tmp_path).hashes for n in (one, one, two)
    ]
    assert hashes[0] == hashes[1] != hashes[2]
