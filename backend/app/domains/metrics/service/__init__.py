"""Use cases of the metrics; the only way in for other domains."""

from app.domains.metrics.queries import (
    get_objective,
    list_objectives,
    read_block_head,
    read_blocks,
    read_points,
    read_samples,
    select_series,
)
from app.domains.metrics.rules.objectives import Standing
from app.domains.metrics.service.anomalies import (
    judge_anomaly,
    list_anomalies,
    read_anomaly,
    read_detector_settings,
    replace_detector_settings,
)
from app.domains.metrics.service.anomaly_open import OpenAnomaly, list_open_anomalies
from app.domains.metrics.service.asking import AskedSeries, Server, ask_now
from app.domains.metrics.service.book import forget_books
from app.domains.metrics.service.compacting import compact, enqueue_compaction
from app.domains.metrics.service.detecting import Detection, detect, enqueue_detection
from app.domains.metrics.service.federating import connect_server, query_server
from app.domains.metrics.service.health import read_health
from app.domains.metrics.service.intake import receive_otlp, receive_remote_write, store_batch
from app.domains.metrics.service.joining import enqueue_linking, link_series
from app.domains.metrics.service.keeping import clean, enqueue_cleaning, keep_partitions
from app.domains.metrics.service.objectives import (
    create_objective,
    read_standing,
    remove_objective,
    update_objective,
)
from app.domains.metrics.service.polling import enqueue_polls, poll_source
from app.domains.metrics.service.reading import (
    list_label_values,
    list_labels,
    list_names,
    list_series,
    query_range,
    read_resource_metrics,
)
from app.domains.metrics.service.rolling import enqueue_rolling, roll_up
from app.domains.metrics.service.settings import read_settings, replace_settings
from app.domains.metrics.service.sources import (
    create_source,
    list_source_samples,
    list_sources,
    read_source,
    remove_source,
    test_source,
    update_source,
)

__all__ = [
    "AskedSeries",
    "Detection",
    "OpenAnomaly",
    "Server",
    "Standing",
    "ask_now",
    "clean",
    "compact",
    "connect_server",
    "create_objective",
    "create_source",
    "detect",
    "enqueue_cleaning",
    "enqueue_compaction",
    "enqueue_detection",
    "enqueue_linking",
    "enqueue_polls",
    "enqueue_rolling",
    "forget_books",
    "get_objective",
    "judge_anomaly",
    "keep_partitions",
    "link_series",
    "list_anomalies",
    "list_label_values",
    "list_labels",
    "list_names",
    "list_objectives",
    "list_open_anomalies",
    "list_series",
    "list_source_samples",
    "list_sources",
    "poll_source",
    "query_range",
    "query_server",
    "read_anomaly",
    "read_block_head",
    "read_blocks",
    "read_detector_settings",
    "read_health",
    "read_points",
    "read_resource_metrics",
    "read_samples",
    "read_settings",
    "read_source",
    "read_standing",
    "receive_otlp",
    "receive_remote_write",
    "remove_objective",
    "remove_source",
    "replace_detector_settings",
    "replace_settings",
    "roll_up",
    "select_series",
    "store_batch",
    "test_source",
    "update_objective",
    "update_source",
]
