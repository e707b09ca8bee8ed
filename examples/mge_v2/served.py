"""Serve the generated project with uvicorn, as a child process of the acceptance.

Run in the project's folder:
``python -m examples.mge_v2.served --descriptor N --parent PID``.
"""

import argparse
import socket
import sys
from pathlib import Path

from examples.mge_v2.parenthood import end_with_parent


def main() -> None:
    """Serve ``app.main:app`` on a socket that the parent has opened."""
    import uvicorn  # noqa: PLC0415 - only this process serves

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--project", type=Path, required=True)
    options.add_argument("--descriptor", type=int, required=True)
    options.add_argument("--parent", type=int, required=True)
    chosen = options.parse_args()
    end_with_parent(chosen.parent)
    sys.path.insert(0, str(chosen.project))
    # A plain socket, for uvicorn takes a bare descriptor for a Unix socket and leaves
    # out what keeps small answers fast on TCP.
    listener = socket.socket(fileno=chosen.descriptor)
    server = uvicorn.Server(uvicorn.Config("app.main:app", log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
