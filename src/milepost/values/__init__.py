"""Values to what is stored and back; says what cannot be restored."""

from milepost.values.encoding import Encoded, decode, encode, record
from milepost.values.errors import (
    MissingLibraryError,
    NotKeptError,
    SchemaChangedError,
    UnrestorableAnnotationError,
)

__all__ = [
    "Encoded",
    "MissingLibraryError",
    "NotKeptError",
    "SchemaChangedError",
    "UnrestorableAnnotationError",
    "decode",
    "encode",
    "record",
]
