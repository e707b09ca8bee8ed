"""Put the adapters in while somebody records, and take them out afterwards."""

import sys
import threading
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from milepost.money.prices import has_prices
from milepost.recorder import audit, seen, unread
from milepost.recorder.imports import Watch
from milepost.recorder.misses import explain_misses
from milepost.recorder.patches import Applied, Patch

if TYPE_CHECKING:
    from milepost.steps.memory import Memory

# By the client's module the adapter that knows it.
_ADAPTERS: Final = {
    "httpx": "milepost.recorder.httpx_client",
    "httpx2": "milepost.recorder.httpx_client",
    "aiohttp": "milepost.recorder.aiohttp_client",
    "requests": "milepost.recorder.requests_client",
}


class _Installation:
    def __init__(self) -> None:
        self.depth = 0
        self.applied: list[Applied] = []
        self.blind: set[str] = set()
        self.lock = threading.RLock()
        self.watch = Watch(tuple(_ADAPTERS), self._install_loaded)

    def start(self) -> None:
        # It brings an HTTP client along, which is not to be imported amid somebody's call.
        has_prices()
        with self.lock:
            self.depth += 1
            if self.depth > 1:
                return
            self.watch.begin()
            audit.start()
            for name in _ADAPTERS:
                if name in sys.modules:
                    self.install(name)

    def stop(self) -> None:
        with self.lock:
            self.depth = max(0, self.depth - 1)
            if self.depth:
                return
            self.watch.end()
            audit.stop()
            seen.clear()
            for applied in reversed(self.applied):
                applied.undo()
            self.applied.clear()
            self.blind.clear()

    def install(self, name: str) -> None:
        """Put the adapter of a client in; a module of two names is one module."""
        module = sys.modules.get(name)
        # One that is being imported is put in when that has ended.
        if module is not None and _is_loaded(module):
            self._install_loaded(name)

    def _install_loaded(self, name: str) -> None:
        module = sys.modules.get(name)
        with self.lock:
            if module is None or not self.depth:
                return
            adapter: Any = import_module(_ADAPTERS[name])
            wanted: list[Patch] = adapter.patches(module)
            found = [patch.apply() for patch in wanted]
            self.applied += [applied for applied in found if applied]
            if not all(patch.is_possible for patch in wanted):
                self.blind.add(name)


def _is_loaded(module: Any) -> bool:
    """Tell whether a module has been executed to its end, in whatever thread."""
    spec = getattr(module, "__spec__", None)
    return not getattr(spec, "_initializing", False)


_installation: Final = _Installation()


def start() -> None:
    """Record from now on the calls of those that have a recording scope.

    Whatever of httpx, httpx2, aiohttp and requests is imported, or will be, is seen.
    To be called once for each run; each has its ``stop``.
    """
    _installation.start()


def stop() -> None:
    """End one ``start``; with the last one the clients are as they were."""
    _installation.stop()


def finish(memory: "Memory") -> None:
    """Keep and say what is left of a run's calls, while it may still write.

    Args:
        memory: What the run remembers.
    """
    unread.keep_all(memory)
    explain_misses(memory)
    for name in sorted(_installation.blind):
        memory.test_scope.note(_blind(name))


def _blind(name: str) -> str:
    version = getattr(sys.modules.get(name), "__version__", "")
    return (
        f"calls through {name} {version} may not be remembered: milepost does not find "
        "its way into this version of it. Another version, or a step around the calls, "
        "keeps them."
    )
