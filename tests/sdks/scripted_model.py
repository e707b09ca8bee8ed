"""Serve llmock, whose faults are ordered over HTTP: run by the environment that has it.

It prints its address, and serves until its standard input ends.
"""

import socket
import sys
import threading

import uvicorn
from llmock.main import create_app


def main() -> None:
    """Listen, print where, and wait."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(), log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
