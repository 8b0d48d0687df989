"""`python -m simulators.gcp --port P --seed S --assets N [--latency-ms MS] [--faults FILE] [--key FILE]`."""

import argparse
import json
from pathlib import Path

from simulators.common import faults_from_file
from simulators.gcp.company import make_estate
from simulators.gcp.serving import serve


def main() -> None:
    """Serve until interrupted. Prints the address; `--key` writes the service account's key to a file."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--port", type=int, default=0)
    arguments.add_argument("--seed", type=int, default=0)
    arguments.add_argument("--assets", type=int, default=None, help="default: the company as it is")
    arguments.add_argument("--latency-ms", type=float, default=0)
    arguments.add_argument("--faults", type=Path, default=None, help="JSON list of faults")
    arguments.add_argument("--key", type=Path, default=None, help="where to write the service account's key")
    chosen = arguments.parse_args()
    running = serve(
        make_estate(seed=chosen.seed, assets=chosen.assets),
        port=chosen.port,
        faults=faults_from_file(chosen.faults) if chosen.faults else None,
        latency_seconds=chosen.latency_ms / 1000,
    )
    if chosen.key:
        chosen.key.write_text(json.dumps(running.tokens.key_file(running.url)))
    print(json.dumps({"url": running.url, "organization": running.estate.organization}), flush=True)
    try:
        running.server.wait()
    except KeyboardInterrupt:
        running.stop()


if __name__ == "__main__":
    main()
