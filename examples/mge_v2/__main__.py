"""Run the whole pipeline once: ``python -m examples.mge_v2 FOLDER``."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from examples.mge_v2.acceptance import run_acceptance
from examples.mge_v2.pipeline import REQUEST, run_pipeline
from examples.mge_v2.stand_in import available_model


def main() -> int:
    """Generate a project and have it pass its own tests.

    Returns:
        0 when it does.
    """
    options = argparse.ArgumentParser(prog="python -m examples.mge_v2")
    options.add_argument("folder", type=Path, help="where the project goes")
    options.add_argument("--request", default=REQUEST, help="what to make")
    options.add_argument("--latency", type=float, default=0.0, help="of the stand-in")
    chosen = options.parse_args()
    folder = chosen.folder.resolve()
    database_url = f"sqlite:///{folder / 'mge.db'}"
    with available_model(latency=chosen.latency) as provider:
        results = asyncio.run(
            run_pipeline(database_url, str(folder), chosen.request, provider)
        )
    sys.stdout.write(json.dumps(results, indent=2) + "\n")
    acceptance = run_acceptance(folder / results["file_writing"]["project_directory"])
    sys.stdout.write(acceptance.output)
    return 0 if acceptance.accepted else 1


if __name__ == "__main__":
    sys.exit(main())
