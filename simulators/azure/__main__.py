"""`python -m simulators.azure`: one tenant on loopback until it is stopped."""

import argparse
import json
import sys
import tempfile
import threading
from pathlib import Path

from simulators.azure.estates import large_estate
from simulators.azure.faults import Faults
from simulators.azure.server import DEFAULT_CLIENT, DEFAULT_SECRET, STATIC_TOKEN, AzureSimulator
from simulators.azure.tls import make_server_files


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8444)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--assets", type=int, default=0, help="at least this many resources; 0: the company once")
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--faults", type=Path, help="JSON file: fields of Faults, `planned` a list of faults")
    parser.add_argument("--tls", action="store_true", help="https with an authority made for this run")
    options = parser.parse_args()
    simulator = AzureSimulator(large_estate(options.assets, options.seed))
    if options.faults:
        planned = Faults.from_json(json.loads(options.faults.read_text()))
        vars(simulator.faults).update({k: v for k, v in vars(planned).items() if k != "lock"})
    simulator.faults.latency_seconds = options.latency_ms / 1000
    tls = None
    if options.tls:
        authority, certificate, key = make_server_files(Path(tempfile.mkdtemp()))
        tls = certificate, key
        sys.stdout.write(f"authority {authority}\n")
    simulator.start(options.port, tls=tls)
    sys.stdout.write(
        f"{simulator.url} tenant {simulator.estate.tenant_id} client {DEFAULT_CLIENT} secret {DEFAULT_SECRET} "
        f"static token {STATIC_TOKEN} resources {len(simulator.estate.rows())}\n"
    )
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        simulator.stop()


if __name__ == "__main__":
    main()
