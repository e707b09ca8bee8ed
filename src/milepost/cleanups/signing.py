"""Whose clean-up it is: signed by this user on this machine, or by nobody we know.

A checkpoint may come from somebody else, out of a CI cache for instance. What it says is
to be called is called without asking only if it was registered here: its record carries an
HMAC-SHA256 (RFC 2104) with a key that no checkpoint holds.
"""

import hmac

from milepost.canonical import encode_plain
from milepost.cleanups.record import Cleanup
from milepost.stores.key import user_key


def sign(cleanup: Cleanup) -> Cleanup:
    """Give a clean-up with this user's signature; without one where there is no key."""
    key = user_key(create=True)
    return cleanup.signed(_signature(cleanup, key)) if key else cleanup


def is_ours(cleanup: Cleanup, test_id: str) -> bool:
    """Tell whether this user registered a clean-up, for this checkpoint.

    Args:
        cleanup: What was found.
        test_id: The checkpoint in whose folder it was found.
    """
    key = user_key(create=False)
    if not key or cleanup.test_id != test_id or not isinstance(cleanup.signature, str):
        return False
    return hmac.compare_digest(
        cleanup.signature.encode("utf-8", "replace"), _signature(cleanup, key).encode()
    )


def _signature(cleanup: Cleanup, key: bytes) -> str:
    return hmac.new(key, encode_plain(cleanup.content()), "sha256").hexdigest()
