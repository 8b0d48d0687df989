"""The audit log's use cases; the only way in for other domains."""

from app.domains.audit.queries import AuditFilter, list_events, list_heads, list_signing_keys
from app.domains.audit.service.exporting import start_export
from app.domains.audit.service.heads import sign_head
from app.domains.audit.service.pruning import Pruning, prune
from app.domains.audit.service.recording import record, record_event, record_refusal
from app.domains.audit.service.sealing import seal_new_events
from app.domains.audit.service.sinks import (
    SinkView,
    create_sink,
    enqueue_sinks,
    get_sink,
    list_sinks,
    remove_sink,
    renew_sink_secret,
    update_sink,
)
from app.domains.audit.service.streaming import send_test_message, stream_sink
from app.domains.audit.service.verifying import Verification, verify

__all__ = [
    "AuditFilter",
    "Pruning",
    "SinkView",
    "Verification",
    "create_sink",
    "enqueue_sinks",
    "get_sink",
    "list_events",
    "list_heads",
    "list_signing_keys",
    "list_sinks",
    "prune",
    "record",
    "record_event",
    "record_refusal",
    "remove_sink",
    "renew_sink_secret",
    "seal_new_events",
    "send_test_message",
    "sign_head",
    "start_export",
    "stream_sink",
    "update_sink",
    "verify",
]
