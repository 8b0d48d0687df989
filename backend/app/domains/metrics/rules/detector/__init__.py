"""Anomaly detection for streams: causal, one threshold for every series, constant memory."""

from app.domains.metrics.rules.detector.judging import KINDS, REACHED, REST, THRESHOLD, Verdicts, step
from app.domains.metrics.rules.detector.state import BYTES_PER_SERIES, DetectorState, UnknownState

__all__ = [
    "BYTES_PER_SERIES",
    "KINDS",
    "REACHED",
    "REST",
    "THRESHOLD",
    "DetectorState",
    "UnknownState",
    "Verdicts",
    "step",
]
