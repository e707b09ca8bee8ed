"""Is a saved result still valid, and if not, why: its code and its inputs.

The rule ``static-1``: code is followed by the names it uses, without running it.
"""

from milepost.fingerprint.code import (
    RULE,
    Fingerprint,
    code_of_class,
    differences,
    fingerprint_of,
)
from milepost.fingerprint.files import UnreadableInputError
from milepost.fingerprint.inputs import (
    Inputs,
    UnknownInputError,
    changed_inputs,
    inputs_of,
)
from milepost.fingerprint.source import CouldNotRecordError

__all__ = [
    "RULE",
    "CouldNotRecordError",
    "Fingerprint",
    "Inputs",
    "UnknownInputError",
    "UnreadableInputError",
    "changed_inputs",
    "code_of_class",
    "differences",
    "fingerprint_of",
    "inputs_of",
]
