"""Bodies as they were before their Content-Encoding."""

import sys
import zlib
from importlib import import_module
from typing import Any, Final, Protocol

_IDENTITY: Final = ("", "identity")


class UnknownEncodingError(ValueError):
    """A body is compressed in a way that cannot be undone here."""


class Decoder(Protocol):
    """Undoes one encoding, piece by piece."""

    def feed(self, data: bytes) -> bytes:
        """Give what the next bytes hold."""

    def end(self) -> bytes:
        """Give what was held back."""


class _Plain:
    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> bytes:
        return b""


class _Zlib:
    """Undoes gzip, also in several members, and deflate with and without its header."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.inner = zlib.decompressobj(bits)
        self.first = True

    def feed(self, data: bytes) -> bytes:
        try:
            found = self.inner.decompress(data)
        except zlib.error as error:
            if not self.first or self.bits != zlib.MAX_WBITS:
                raise UnknownEncodingError(str(error)) from error
            self.inner = zlib.decompressobj(-zlib.MAX_WBITS)
            found = self.inner.decompress(data)
        self.first = False
        if self.inner.eof and self.inner.unused_data and self.bits > zlib.MAX_WBITS:
            rest, self.inner = self.inner.unused_data, zlib.decompressobj(self.bits)
            found += self.feed(rest)
        return found

    def end(self) -> bytes:
        return self.inner.flush()


class _Foreign:
    """Undoes an encoding with an object of another library."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def feed(self, data: bytes) -> bytes:
        undo = getattr(self.inner, "decompress", None) or self.inner.process
        return bytes(undo(data))

    def end(self) -> bytes:
        return b""


def decoder(encoding: str) -> Decoder:
    """Give what undoes a Content-Encoding, several of them in their order.

    Args:
        encoding: The header's value.

    Raises:
        UnknownEncodingError: The library for it is not installed, or there is none.
    """
    names = [name.strip().lower() for name in encoding.split(",")]
    steps = [_single(name) for name in reversed(names) if name not in _IDENTITY]
    return steps[0] if len(steps) == 1 else _Chain(steps) if steps else _Plain()


def decode(body: bytes, encoding: str) -> bytes:
    """Give a whole body as it was before its encoding; as it is where that fails."""
    try:
        undo = decoder(encoding)
        return undo.feed(body) + undo.end()
    except Exception:  # noqa: BLE001 - each library has its own errors
        return body


class _Chain:
    def __init__(self, steps: list[Decoder]) -> None:
        self.steps = steps

    def feed(self, data: bytes) -> bytes:
        for step in self.steps:
            data = step.feed(data)
        return data

    def end(self) -> bytes:
        data = b""
        for step in self.steps:
            data = (step.feed(data) if data else b"") + step.end()
        return data


def _single(name: str) -> Decoder:
    if name in ("gzip", "x-gzip"):
        return _Zlib(zlib.MAX_WBITS | 16)
    if name == "deflate":
        return _Zlib(zlib.MAX_WBITS)
    if name == "br":
        return _Foreign(_found("brotli", "brotlicffi").Decompressor())
    if name == "zstd":
        return _Foreign(_zstd())
    raise UnknownEncodingError(name)


def _zstd() -> Any:
    if sys.version_info >= (3, 14):
        return import_module("compression.zstd").ZstdDecompressor()
    module = _found("backports.zstd", "zstandard")
    inner = module.ZstdDecompressor()
    return inner.decompressobj() if hasattr(inner, "decompressobj") else inner


def _found(*names: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise UnknownEncodingError(f"none of {', '.join(names)} is installed")
