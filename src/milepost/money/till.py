"""Tills: where a budget's account lies, in this process or in a file that several share."""

import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from milepost.money.account import Account
from milepost.stores.holder import started
from milepost.stores.purse import make_purse, open_purse


class Till(Protocol):
    """Keeps an account; one call of it happens at a time."""

    is_shared: bool

    def reserve(self, worst: float | None) -> str | None:
        """Reserve for a call; gives its ticket, or None without room for it now."""

    def settle(self, ticket: str, usd: float | None) -> None:
        """End a call that was sold; None for an unknown price."""

    def release(self, ticket: str) -> None:
        """End a call that cost nothing."""

    def add(self, usd: float) -> None:
        """Count what was spent without a reservation."""

    def look(self) -> Account:
        """Give a copy of the account; what the dead had reserved is counted as spent."""


class OwnTill:
    """An account of this process.

    Args:
        account: How it stands at first.
    """

    is_shared = False

    def __init__(self, account: Account) -> None:
        self._account = account
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)

    def reserve(self, worst: float | None) -> str | None:
        """Reserve for a call, as every till does."""
        with self._lock:
            ticket = str(next(self._numbers))
            return ticket if self._account.reserve(ticket, worst) else None

    def settle(self, ticket: str, usd: float | None) -> None:
        """End a call that was sold, as every till does."""
        with self._lock:
            self._account.settle(ticket, usd)

    def release(self, ticket: str) -> None:
        """End a call that cost nothing, as every till does."""
        with self._lock:
            self._account.release(ticket)

    def add(self, usd: float) -> None:
        """Count what was spent without a reservation, as every till does."""
        with self._lock:
            self._account.spent += usd

    def look(self) -> Account:
        """Give a copy of the account."""
        with self._lock:
            return replace(self._account, open=dict(self._account.open))


class SharedTill:
    """An account in a file that the processes of one session share.

    Args:
        path: The file, see ``make_shared``.
    """

    is_shared = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count(1)

    def reserve(self, worst: float | None) -> str | None:
        """Reserve for a call, as every till does."""
        ticket = f"{os.getpid()}/{started(os.getpid())}/{id(self)}/{next(self._numbers)}"
        with self._changed() as account:
            return ticket if account.reserve(ticket, worst) else None

    def settle(self, ticket: str, usd: float | None) -> None:
        """End a call that was sold, as every till does."""
        with self._changed() as account:
            account.settle(ticket, usd)

    def release(self, ticket: str) -> None:
        """End a call that cost nothing, as every till does."""
        with self._changed() as account:
            account.release(ticket)

    def add(self, usd: float) -> None:
        """Count what was spent without a reservation, as every till does."""
        with self._changed() as account:
            account.spent += usd

    def look(self) -> Account:
        """Give a copy of the account.

        Nobody will settle what a process that is gone had reserved, and its calls may
        have been sold: their worst case counts as spent.
        """
        with self._changed() as account:
            for ticket in [each for each in account.open if _is_orphan(each)]:
                account.settle(ticket, None)
            return account

    @contextmanager
    def _changed(self) -> Iterator[Account]:
        with open_purse(self._path) as content:
            account = Account.from_dict(content)
            yield account
            content.update(account.to_dict())


def make_shared(limit: float) -> Path:
    """Create the file in which the processes of a session share a budget.

    Args:
        limit: USD that they may spend together.

    Raises:
        StoreError: The disk refuses.
    """
    return make_purse(Account(limit=limit).to_dict())


def _is_orphan(ticket: str) -> bool:
    pid, moment, *_ = ticket.split("/")
    return started(int(pid)) != moment
