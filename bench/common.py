"""What the benchmarks share: one JSON file and one printed row per result."""

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def report(name: str, **figures: Any) -> dict[str, Any]:
    """Write `bench/results/<name>.json` and print the figures as a row. `ours_*` stands beside its `floor_*`."""
    result = {
        "name": name,
        **figures,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cores": os.cpu_count(), "python": platform.python_version(), "load_average": os.getloadavg()[0]},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2) + "\n")
    print(f"| {name} | " + " | ".join(f"{key} {_short(value)}" for key, value in figures.items()) + " |")
    return result


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
