"""Which metrics tell how much of a resource is used, and how."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domains.metrics.rules.ranges import Function

Measure = Literal["cpu", "memory", "disk"]


@dataclass(frozen=True, slots=True)
class Formula:
    """One way to know a measure. `whole`: the selector of what `part` is a part of; `is_free`: `part` is what is not
    used; `scale` makes a share of a value, 0.01 of percents."""

    measure: Measure
    part: str
    function: Function = "avg"
    whole: str | None = None
    is_free: bool = False
    scale: float = 1.0

    def used(self, part: NDArray[np.float64], whole: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """The used share in each cell, NaN where nothing is known; rows are series."""
        counts = (~np.isnan(part)).sum(axis=0)
        with np.errstate(all="ignore"):
            if whole is None:
                share = np.nansum(part, axis=0) / counts * self.scale
            else:
                share = np.nansum(part, axis=0) / np.nansum(whole, axis=0)
        known = (counts > 0) & np.isfinite(share)
        return np.where(known, np.clip(1.0 - share if self.is_free else share, 0.0, 1.0), np.nan)


FORMULAS: Sequence[Formula] = (
    Formula("cpu", '{__name__=~"aws_.+_cpuutilization_average"}', scale=0.01),
    Formula(
        "cpu",
        '{__name__=~"azure_.+_(percentage_cpu|cpu_percent|cpupercentage|node_cpu_usage_percentage|serverload)'
        '_(average|maximum)"}',
        scale=0.01,
    ),
    Formula("cpu", '{__name__=~"gcp_.+_cpu_(utilization|allocatable_utilization)"}'),
    Formula("cpu", 'node_cpu_seconds_total{mode="idle"}', "rate", is_free=True),  # a core's seconds a second
    Formula("cpu", 'system_cpu_utilization{state="idle"}', is_free=True),
    Formula(
        "memory",
        '{__name__=~"azure_.+_(memory_percent|memorypercentage|node_memory_working_set_percentage|usedmemorypercentage)'
        '_(average|maximum)"}',
        scale=0.01,
    ),
    Formula("memory", '{__name__=~"gcp_.+_memory_utilization"}'),
    Formula("memory", "node_memory_MemAvailable_bytes", whole="node_memory_MemTotal_bytes", is_free=True),
    Formula("memory", 'system_memory_utilization{state="used"}'),
    Formula(
        "disk",
        '{__name__=~"azure_.+_(storage_percent|node_disk_usage_percentage)_(average|maximum)"}',
        scale=0.01,
    ),
    Formula("disk", '{__name__=~"gcp_.+_disk_utilization"}'),
    Formula("disk", "node_filesystem_avail_bytes", whole="node_filesystem_size_bytes", is_free=True),
    Formula("disk", 'system_filesystem_utilization{state="used"}'),
)
"""Of each measure the first one counts whose series the resource has: its cloud's, node exporter's, OpenTelemetry's."""
UP = "up"
"""1 while a target answers, by Prometheus."""
