"""Cloud Monitoring's time series of machines: curves of time and name alone, the newest point first as at Google."""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from simulators.common import Request


def level(name: str, at_s: float) -> float:
    """A machine's use between 0 and 1: a day's wave, shifted by its name."""
    return round(0.5 + 0.4 * math.sin(at_s / 86_400 * math.tau + crc32(name.encode()) % 628 / 100), 6)


def list_series(project: str, names: Sequence[str], request: Request) -> list[dict[str, Any]]:
    """One series a machine of the metric that the filter names, aligned; none for other resources."""
    wanted = re.fullmatch(r'metric\.type="([^"]+)" AND resource\.type="([^"]+)"', request.one("filter"))
    if wanted is None:
        raise ValueError("filter")
    if wanted[2] != "gce_instance":
        return []
    start, end = (datetime.fromisoformat(request.one(f"interval.{edge}Time")).timestamp() for edge in ("start", "end"))
    period = float(request.one("aggregation.alignmentPeriod").removesuffix("s"))
    times = [start + period * number for number in range(1, int((end - start) / period) + 1)]
    return [
        {
            "metric": {"type": wanted[1], "labels": {"instance_name": name}},
            "resource": {"type": wanted[2], "labels": {"project_id": project, "zone": "europe-west1-b"}},
            "metricKind": "GAUGE",
            "valueType": "DOUBLE",
            "points": [
                {
                    "interval": {"startTime": _text(at - period), "endTime": _text(at)},
                    "value": {"doubleValue": level(name, at)},
                }
                for at in reversed(times)
            ],
        }
        for name in names
    ]


def _text(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
