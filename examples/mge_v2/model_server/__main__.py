"""Run the stand-in: ``python -m examples.mge_v2.model_server --port 0``."""

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from examples.mge_v2.model_server.calls import Calls
from examples.mge_v2.model_server.server import ModelServer
from examples.mge_v2.parenthood import end_with_parent


def main() -> None:
    """Read the command line and serve until SIGTERM, Ctrl-C or the parent's end."""
    options = argparse.ArgumentParser(
        prog="python -m examples.mge_v2.model_server",
        description="A stand-in for a model: the Messages API on loopback.",
    )
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--port-file", type=Path, help="the port is written here")
    options.add_argument("--latency", type=float, default=0.0, help="seconds a call")
    options.add_argument("--state", type=Path, help="calls are kept here")
    options.add_argument("--parent", type=int, help="end when this process ends")
    chosen = options.parse_args()
    if chosen.parent is not None:
        end_with_parent(chosen.parent)
    asyncio.run(_serve(chosen))


async def _serve(chosen: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    model = ModelServer(Calls(chosen.state), chosen.latency)
    server = await asyncio.start_server(model.serve_client, "127.0.0.1", chosen.port)
    _announce(server.sockets[0].getsockname()[1], chosen.port_file)
    await stopped.wait()
    server.close()


def _announce(port: int, port_file: Path | None) -> None:
    if port_file is not None:
        temporary = port_file.with_name(port_file.name + ".new")
        temporary.write_text(f"{port}\n", encoding="utf-8")
        temporary.replace(port_file)
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
