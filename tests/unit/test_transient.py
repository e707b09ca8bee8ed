"""Which errors are retried: builtin ones, those of real libraries, chains and groups."""

import asyncio
import concurrent.futures
import errno
import gzip
import http.client
import io
import json
import socket
import ssl
import subprocess
import sys
import unittest
import urllib.error

import anyio
import httpx
import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from milepost.errors import MilepostError, StoreError
from milepost.origin import RateLimitError
from milepost.retry.library_errors import http_status
from milepost.retry.transient import every_error, is_never_retried, is_transient
from tests.unit.flaky import because, failure

# --- builtin errors


@pytest.mark.parametrize(
    "error",
    [
        ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"),
        ConnectionAbortedError(),
        ConnectionRefusedError(),
        BrokenPipeError(),
        TimeoutError(),
        OSError("something of the system"),
        OSError(errno.ETIMEDOUT, "timed out"),
        OSError(errno.EHOSTUNREACH, "no route"),
        OSError(errno.ENETUNREACH, "no network"),
        OSError(errno.EAGAIN, "again"),
        OSError(errno.EINTR, "interrupted"),
        OSError(errno.EIO, "input/output"),
        OSError(errno.EADDRNOTAVAIL, "no port free"),
        socket.gaierror(socket.EAI_AGAIN, "try again"),
        ssl.SSLEOFError(8, "EOF occurred in violation of protocol"),
        http.client.RemoteDisconnected("closed without a response"),
        http.client.IncompleteRead(b"half"),
        asyncio.IncompleteReadError(b"half", 10),
        trio.TooSlowError(),
        trio.BrokenResourceError("trio"),
        anyio.BrokenResourceError("anyio"),
        RateLimitError("slow down"),
    ],
    ids=repr,
)
def test_a_broken_connection_or_a_timeout_is_transient(error):
    """What the network or the system does once, it may not do again."""
    assert is_transient(error)


@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        RuntimeError("Pipeline failed during atomization"),
        KeyError("no"),
        EOFError(),
        MemoryError(),
        json.JSONDecodeError("no", "", 0),
        FileNotFoundError("without a number"),
        FileNotFoundError(errno.ENOENT, "no file"),
        PermissionError(errno.EACCES, "not allowed"),
        OSError(errno.EPERM, "not allowed"),
        IsADirectoryError(errno.EISDIR, "a folder"),
        NotADirectoryError(errno.ENOTDIR, "no folder"),
        FileExistsError(errno.EEXIST, "exists"),
        OSError(errno.ENAMETOOLONG, "too long"),
        OSError(errno.ENOSPC, "no space"),
        OSError(errno.EROFS, "read-only"),
        OSError(errno.EMFILE, "too many open files"),
        ProcessLookupError(),
        io.UnsupportedOperation("not readable"),
        gzip.BadGzipFile("not gzip"),
        socket.gaierror(socket.EAI_NONAME, "unknown host"),
        ssl.SSLError(1, "wrong version number"),
        ssl.SSLCertVerificationError(1, "certificate verify failed"),
        subprocess.CalledProcessError(104, "cmd"),
        StopIteration(),
    ],
    ids=repr,
)
def test_what_no_retry_can_mend_is_not_transient(error):
    """A mistake, a missing file, a full disk: another attempt would only cost."""
    assert not is_transient(error)


# --- never retried


def _outcome(fn, *args):
    with pytest.raises(BaseException) as raised:  # noqa: PT011 - outcomes of all kinds
        fn(*args)
    return raised.value


def _unittest_skip():
    unittest.TestCase().skipTest("not here")


NEVER = {
    "assert": AssertionError("no"),
    "fail": _outcome(pytest.fail, "no"),
    "skip": _outcome(pytest.skip, "no"),
    "xfail": _outcome(pytest.xfail, "no"),
    "exit": _outcome(pytest.exit, "no"),
    "importorskip": _outcome(pytest.importorskip, "no_such_module"),
    "usage": pytest.UsageError("no"),
    "unittest": _outcome(_unittest_skip),
    "KeyboardInterrupt": KeyboardInterrupt(),
    "SystemExit": SystemExit(1),
    "GeneratorExit": GeneratorExit(),
    "CancelledError": asyncio.CancelledError(),
    "futures": concurrent.futures.CancelledError(),
    "MilepostError": MilepostError("no"),
    "StoreError": StoreError("write", "x", OSError(errno.EIO, "input/output")),
}


@pytest.mark.parametrize("never", NEVER.values(), ids=NEVER)
def test_never_retried_wins_everywhere(never):
    """An assertion or an interruption is not retried, wherever in a failure it stands."""
    reset = ConnectionResetError()
    cases = [
        never,
        because(ConnectionResetError(), never),
        because(never, ConnectionResetError()),
        because(RuntimeError(), because(BrokenPipeError(), never)),
        BaseExceptionGroup("g", [reset, never]),
        BaseExceptionGroup("g", [BaseExceptionGroup("h", [because(OSError(), never)])]),
    ]
    try:
        assert is_never_retried(never)
        for case in cases:
            assert not is_transient(case)
            assert not is_transient(case, retry_on=Exception)
            assert not is_transient(case, retry_on=lambda error: True)
    finally:
        never.__cause__ = None


def test_a_cancelled_trio_task_is_never_retried():
    """The cancellation of trio is seen, although nothing here imports trio."""
    cancelled = []

    async def main():
        with trio.CancelScope() as scope:
            scope.cancel()
            try:
                await trio.sleep(1)
            except BaseException as error:
                cancelled.append(error)
                raise

    trio.run(main)

    assert is_never_retried(cancelled[0])
    assert not is_transient(cancelled[0], retry_on=BaseException)


# --- chains and groups


def test_the_whole_chain_of_causes_counts():
    """An error that was raised from a transient one is transient, however deep."""
    error = RuntimeError("Pipeline failed")
    assert not is_transient(error)
    because(error, because(ValueError("stage"), ConnectionResetError()))
    assert is_transient(error)


def test_of_two_errors_that_say_something_the_outer_one_counts():
    """What was raised last knows what went wrong in the end."""
    assert not is_transient(because(FileNotFoundError("lost"), ConnectionResetError()))
    assert not is_transient(because(OSError(errno.ENOSPC, "full"), TimeoutError()))
    assert is_transient(because(TimeoutError(), FileNotFoundError("lost")))
    bad, good = StatusError(status_code=400), StatusError(status_code=503)
    assert not is_transient(because(bad, good))
    bad.__cause__ = None
    assert is_transient(because(good, bad))


def test_what_was_only_being_handled_does_not_count():
    """A mistake made while a reset was being handled stays a mistake."""
    error = ValueError("in the handler")
    error.__context__ = ConnectionResetError()
    assert not is_transient(error)


def test_a_group_is_transient_when_every_leaf_is():
    """One lasting error in a group of resets makes a retry useless."""
    resets = [ConnectionResetError(), because(RuntimeError(), TimeoutError())]
    assert is_transient(ExceptionGroup("g", [*resets, ExceptionGroup("h", [OSError()])]))
    assert not is_transient(ExceptionGroup("g", [*resets, ValueError()]))
    assert is_transient(because(RuntimeError(), ExceptionGroup("g", resets)))
    assert not is_transient(because(RuntimeError(), ExceptionGroup("g", [ValueError()])))


def test_a_refused_certificate_anywhere_is_not_transient():
    """No retry makes a certificate trusted, whatever else went wrong with it."""
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    assert not is_transient(because(ConnectionResetError(), refused))
    assert not is_transient(urllib.error.URLError(refused))
    assert not is_transient(ExceptionGroup("g", [TimeoutError(), refused]))


def test_a_real_task_group_is_judged_by_its_leaves():
    """What asyncio.TaskGroup raises is looked into."""

    async def fails(error):
        raise error

    async def run(*errors):
        async with asyncio.TaskGroup() as group:
            for error in errors:
                group.create_task(fails(error))

    assert is_transient(failure(asyncio.run, run(ConnectionResetError(), TimeoutError())))
    assert not is_transient(failure(asyncio.run, run(ConnectionResetError(), KeyError())))


def test_a_timeout_is_not_the_cancellation_that_it_works_by():
    """Asyncio raises TimeoutError from CancelledError: nobody was interrupted."""

    async def limited():
        async with asyncio.timeout(0):
            await asyncio.sleep(60)

    error = failure(asyncio.run, limited())
    assert isinstance(error.__cause__, asyncio.CancelledError)
    assert is_transient(error)
    assert is_transient(because(RuntimeError(), error))
    assert not is_transient(because(RuntimeError(), asyncio.CancelledError()))


def test_a_member_raised_from_its_own_group_is_judged():
    """``raise group.exceptions[0] from group`` is a circle, and ends."""
    for member, expected in ((ConnectionResetError(), True), (ValueError(), False)):
        group = ExceptionGroup("g", [member])
        because(member, group)
        assert is_transient(member) is expected
        assert is_transient(group) is expected
        assert len(every_error(group)) == 2


def test_causes_in_a_circle_end():
    """Two errors that name each other as their cause are judged."""
    first, second = RuntimeError(), ConnectionResetError()
    because(first, second), because(second, first)
    assert is_transient(first)


_LEAVES = st.sampled_from(
    [
        ConnectionResetError,
        TimeoutError,
        ValueError,
        AssertionError,
        KeyboardInterrupt,
        OSError,
    ]
).map(lambda kind: kind())
_FAILURES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(because, _LEAVES, inner),
        st.builds(
            BaseExceptionGroup, st.just("g"), st.lists(inner, min_size=1, max_size=3)
        ),
    ),
    max_leaves=8,
)


@given(_FAILURES)
def test_any_failure_is_judged_as_the_rules_say(case):
    """For every shape of chains and groups: never wins, and a group needs all leaves."""

    def holds(error, kinds):
        inner = [error.__cause__] if error.__cause__ else []
        inner += getattr(error, "exceptions", ())
        return isinstance(error, kinds) or any(holds(each, kinds) for each in inner)

    def expected(error):
        if isinstance(error, OSError):
            return True
        if isinstance(error, BaseExceptionGroup) and not error.__cause__:
            return all(map(expected, error.exceptions))
        return error.__cause__ is not None and expected(error.__cause__)

    never = holds(case, (AssertionError, KeyboardInterrupt))
    assert is_transient(case) == (not never and expected(case))
    assert is_transient(case, retry_on=Exception) == (not never)


# --- HTTP statuses


class StatusError(Exception):
    """An error of somebody's own client."""

    def __init__(self, **attributes):
        super().__init__(attributes)
        self.__dict__.update(attributes)


class Response:
    """A response of somebody's own client."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


@given(st.integers(400, 599))
def test_a_status_decides_alone(status):
    """A few statuses pass; their library, errno and cause do not matter then."""
    of_library, of_system = httpx.ReadError("x"), ConnectionResetError()
    of_library.status_code = of_system.status_code = status
    passes = status in (408, 409, 425, 429) or (status >= 500 and status not in (501, 505))
    for error in (
        of_library,
        of_system,
        StatusError(status_code=status),
        StatusError(status=status),
        StatusError(code=status),
        StatusError(code="rate_limited", response=Response(status_code=status)),
        StatusError(status=None, response=Response(status=status)),
        because(RuntimeError(), StatusError(status_code=status)),
        because(StatusError(status_code=status), ConnectionResetError()),
        because(ConnectionResetError(), StatusError(status_code=status)),
    ):
        assert is_transient(error) == passes


@pytest.mark.parametrize("value", [200, 302, 0, True, "503", None, 1006, 503.5], ids=repr)
def test_what_is_no_status_of_an_error_decides_nothing(value):
    """A success, a flag or a word in that place leaves the decision to the rest."""
    error = StatusError(status_code=value)
    assert http_status(error) is None
    assert not is_transient(error)
    assert is_transient(because(error, ConnectionResetError()))


def test_an_attribute_that_raises_is_no_status():
    """An error whose attributes cannot be read is judged by the rest."""

    class OddError(ConnectionResetError):
        @property
        def status_code(self):
            raise RuntimeError("not read yet")

        response = status_code

    assert is_transient(OddError())


def test_a_code_that_is_a_property_is_not_read():
    """Clients keep such a property only to warn whoever still reads it."""
    reads = []

    class OldError(Exception):
        @property
        def code(self):
            reads.append(1)
            return 503

    assert not is_transient(OldError())
    assert reads == []


# --- the caller's own choice


def test_retry_on_and_give_up_on():
    """Types count along the chain, predicates see the error; giving up wins."""
    error = because(RuntimeError("x"), KeyError("lost"))
    assert is_transient(error, retry_on=KeyError)
    assert is_transient(error, retry_on=(TypeError, RuntimeError))
    assert is_transient(error, retry_on=lambda each: "x" in str(each))
    assert not is_transient(error, retry_on=lambda each: isinstance(each, KeyError))
    assert not is_transient(error, retry_on=KeyError, give_up_on=RuntimeError)
    assert not is_transient(ConnectionResetError(), give_up_on=OSError)
    assert not is_transient(TimeoutError(), give_up_on=lambda each: True)
    assert is_transient(TimeoutError(), give_up_on=lambda each: False)
    assert is_transient(StatusError(status_code=404), retry_on=StatusError)
    assert is_transient(ssl.SSLCertVerificationError(1, "x"), retry_on=ssl.SSLError)


def test_the_choice_counts_inside_a_group():
    """Each member may be chosen or transient by itself; one given up is enough."""
    group = ExceptionGroup("g", [KeyError("lost"), ConnectionResetError()])
    assert not is_transient(group)
    assert is_transient(group, retry_on=KeyError)
    assert is_transient(group, retry_on=lambda each: isinstance(each, KeyError))
    assert not is_transient(group, retry_on=KeyError, give_up_on=ConnectionError)
    gives_up = lambda each: isinstance(each, ConnectionError)  # noqa: E731 - as users write
    assert not is_transient(group, retry_on=KeyError, give_up_on=gives_up)


def test_no_library_is_imported_for_it():
    """Judging an error loads none of the libraries whose errors are known."""
    code = (
        "import sys; from milepost.retry.transient import is_transient; "
        "is_transient(ConnectionResetError()); "
        "print([n for n in ('httpx', 'requests', 'trio', 'asyncio', 'pytest', 'tenacity')"
        " if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
