"""Use cases of the metrics; the only way in for other domains."""

from app.domains.metrics.service.book import forget_books
from app.domains.metrics.service.compacting import compact, enqueue_compaction
from app.domains.metrics.service.intake import receive_remote_write, store_batch
from app.domains.metrics.service.joining import link_series
from app.domains.metrics.service.rolling import roll_up

__all__ = [
    "compact",
    "enqueue_compaction",
    "forget_books",
    "link_series",
    "receive_remote_write",
    "roll_up",
    "store_batch",
]
