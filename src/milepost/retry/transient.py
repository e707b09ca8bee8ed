"""Which errors are transient: may another attempt go well?"""

import errno
import socket
from collections.abc import Callable, Iterable
from typing import Final, TypeAlias, cast

from milepost.errors import MilepostError
from milepost.retry.library_errors import http_status, library_verdict, names, read

Selector: TypeAlias = (
    type[BaseException] | tuple[type[BaseException], ...] | Callable[[Exception], bool]
)

# Their errors hand the one below on as an argument, not as the cause.
_CARRIERS: Final = frozenset({"httpcore", "httpcore2", "requests", "urllib", "urllib3"})
_PASSING_4XX: Final = frozenset({408, 409, 425, 429})
_LASTING_5XX: Final = frozenset({501, 505})

_PASSING_TYPES: Final = (
    BlockingIOError,
    ConnectionError,
    InterruptedError,
    TimeoutError,
)
_LASTING_TYPES: Final = (
    ChildProcessError,
    FileExistsError,
    FileNotFoundError,
    IsADirectoryError,
    NotADirectoryError,
    PermissionError,
    ProcessLookupError,
)
_LASTING_ERRNOS: Final = frozenset(
    {
        *(errno.E2BIG, errno.EACCES, errno.EAFNOSUPPORT, errno.EBADF, errno.EDQUOT),
        *(errno.EEXIST, errno.EFBIG, errno.EINVAL, errno.EISDIR, errno.ELOOP, errno.EMFILE),
        *(errno.ENAMETOOLONG, errno.ENODEV, errno.ENOENT, errno.ENOEXEC, errno.ENOSPC),
        *(errno.ENOSYS, errno.ENOTDIR, errno.ENOTEMPTY, errno.ENOTSUP, errno.EOPNOTSUPP),
        *(errno.EPERM, errno.EPROTONOSUPPORT, errno.EROFS, errno.ETXTBSY, errno.EXDEV),
    }
)


def is_transient(
    error: BaseException,
    retry_on: Selector | None = None,
    give_up_on: Selector | None = None,
) -> bool:
    """Decide whether another attempt may go well after this error.

    In this order: what is never retried wins, anywhere among the causes and in a
    group; then ``give_up_on``; then ``retry_on``; then an HTTP status; then the
    library's own type; then ``OSError``, by errno. A group is transient when every
    member is.

    Args:
        error: What an attempt raised.
        retry_on: Transient as well: types, which the causes count for, or a
            predicate, which is asked about the error and each member of a group.
        give_up_on: Not transient, whatever else is said: types or a predicate.

    Returns:
        True if it is transient.
    """
    everything = every_error(error)
    if any(is_never_retried(each) for each in everything) or what_stops(error):
        return False
    asked = _reach(error, _members)
    if any(_selects(give_up_on, each, everything) for each in asked):
        return False
    return _judge(error, retry_on, frozenset())


def is_never_retried(error: BaseException) -> bool:
    """Tell whether no setting can have this error retried.

    Args:
        error: One error; its causes do not count here.

    Returns:
        True for assertions, the outcomes of a test (skipped, failed, exit),
        interruptions, cancellations and milepost's own errors.
    """
    return is_never_retried_type(type(error))


def is_never_retried_type(kind: type[BaseException]) -> bool:
    """Tell whether no setting can have errors of a type retried; see above."""
    if not issubclass(kind, Exception | BaseExceptionGroup):
        return True
    if issubclass(kind, AssertionError | MilepostError):
        return True
    return any(
        package in ("_pytest", "pytest", "unittest") or name == "CancelledError"
        for package, name in names(kind)
    )


def what_stops(error: BaseException) -> MilepostError | None:
    """Find what ends the run, however deep a library has hidden it.

    Args:
        error: What came out of a phase or a step. Some libraries raise their own error
            without naming the cause, so that what it was raised during counts, too.

    Returns:
        The error that a deadline or a budget raised, or None.
    """
    found = _reach(error, lambda each: [*_causes(each), *_members(each), *_during(each)])
    return next((e for e in found if isinstance(e, MilepostError) and e.stops_run), None)


def _during(error: BaseException) -> list[BaseException]:
    return [error.__context__] if error.__context__ is not None else []


def every_error(error: BaseException) -> list[BaseException]:
    """List an error, its causes and the members of groups, outermost first."""
    return _reach(error, lambda each: [*_causes(each), *_members(each)])


def _judge(
    error: BaseException, retry_on: Selector | None, judging: frozenset[int]
) -> bool:
    # A member may have its own group as its cause: ``raise group.exceptions[0] from group``
    chain = [each for each in _reach(error, _causes) if id(each) not in judging]
    if _selects(retry_on, error, chain):
        return True
    if any(("ssl", "SSLCertVerificationError") in names(type(each)) for each in chain):
        return False

    def by_members(group: BaseException) -> bool | None:
        inside = judging | {id(group)}
        found = [_judge(each, retry_on, inside) for each in _members(group)]
        return all(found) if found else None

    for rule in (_by_status, library_verdict, _by_errno, by_members):
        for verdict in map(rule, chain):
            if verdict is not None:
                return verdict
    return False


def _selects(
    selector: Selector | None, error: BaseException, others: Iterable[BaseException]
) -> bool:
    if selector is None:
        return False
    if isinstance(selector, type | tuple):
        return any(isinstance(each, selector) for each in others)
    return bool(selector(cast("Exception", error)))


def _by_status(error: BaseException) -> bool | None:
    status = http_status(error)
    if status is None:
        return None
    return status in _PASSING_4XX or (status >= 500 and status not in _LASTING_5XX)


def _by_errno(error: BaseException) -> bool | None:
    if not isinstance(error, OSError):
        return None
    if isinstance(error, socket.gaierror):
        return error.errno == socket.EAI_AGAIN
    if isinstance(error, _PASSING_TYPES):
        return True
    if isinstance(error, _LASTING_TYPES):
        return False
    if isinstance(error.errno, int):
        return error.errno not in _LASTING_ERRNOS
    # A subclass without a number is an error of a library that only looks like one of
    # the system: a bad gzip header, an address that requests does not understand.
    return True if type(error) is OSError else None


def _members(error: BaseException) -> tuple[BaseException, ...]:
    return error.exceptions if isinstance(error, BaseExceptionGroup) else ()


def _causes(error: BaseException) -> list[BaseException]:
    # asyncio.timeout() and its like cancel what they limit: that interrupts nobody.
    cause = error.__cause__
    if isinstance(error, TimeoutError) and isinstance(cause, BaseException):
        is_own = ("asyncio", "CancelledError") in names(type(cause))
        cause = None if is_own else cause
    found = [cause]
    if any(package in _CARRIERS for package, _ in names(type(error))):
        found += [each for each in error.args if isinstance(each, BaseException)]
        reason = read(error, "reason")
        found.append(reason if isinstance(reason, BaseException) else None)
    return [each for each in found if each is not None]


def _reach(
    error: BaseException, beneath: Callable[[BaseException], Iterable[BaseException]]
) -> list[BaseException]:
    found = {id(error): error}
    pending = [error]
    while pending:
        for each in beneath(pending.pop(0)):
            if id(each) not in found:
                found[id(each)] = each
                pending.append(each)
    return list(found.values())
