"""Reads of the metrics."""

from app.domains.metrics.queries.blocks import (
    LOG_MINUTES,
    StoredBlock,
    read_block_head,
    read_blocks,
    read_chunks,
    read_open_blocks,
    read_stored,
)
from app.domains.metrics.queries.points import read_points, read_samples

__all__ = [
    "LOG_MINUTES",
    "StoredBlock",
    "read_block_head",
    "read_blocks",
    "read_chunks",
    "read_open_blocks",
    "read_points",
    "read_samples",
    "read_stored",
]
