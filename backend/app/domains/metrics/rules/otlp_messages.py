"""OTLP's messages as far as they are read (`wire_formats.md`, section 4); what is nested stays bytes to the points."""

from app.domains.metrics.rules.wire import message_classes

_COMMON = "2:fixed64 start_ns, 3:fixed64 time_ns, 7:KeyValue* attributes, 8:uint32 flags"  # of numbers and summaries
MESSAGES = message_classes(
    "cloudops.otlp",
    {
        "Request": "1:bytes* resources",
        "ResourceMetrics": "1:bytes resource, 2:bytes* scopes",
        "Resource": "1:KeyValue* attributes",
        "ScopeMetrics": "1:bytes scope, 2:bytes* metrics",
        "Scope": "1:bytes name, 2:bytes version, 3:KeyValue* attributes",
        "Metric": "1:bytes name, 2:bytes description, 3:bytes unit, 5:Points gauge, 7:Points sum, 9:Points histogram, "
        "10:Points exponential, 11:Points summary",
        "Points": "1:bytes* points, 2:int32 temporality, 3:bool is_monotonic",
        "Number": _COMMON + ", 4:double as_double, 5:bytes* exemplars, 6:sfixed64 as_int",
        "Histogram": "2:fixed64 start_ns, 3:fixed64 time_ns, 4:fixed64 count, 5:double total, 6:fixed64* counts, "
        "7:double* bounds, 9:KeyValue* attributes, 10:uint32 flags",
        "Exponential": "1:KeyValue* attributes, 2:fixed64 start_ns, 3:fixed64 time_ns, 4:fixed64 count, "
        "5:double total, 6:sint32 scale, 7:fixed64 zero_count, 8:Buckets positive, 9:Buckets negative, "
        "10:uint32 flags, 14:double zero_threshold",
        "Buckets": "1:sint32 offset, 2:uint64* counts",
        "Summary": _COMMON + ", 4:fixed64 count, 5:double total, 6:Quantile* quantiles",
        "Quantile": "1:double quantile, 2:double value",
        "KeyValue": "1:bytes key, 2:AnyValue value",
        "AnyValue": "1:bytes text, 2:bool flag, 3:int64 integer, 4:double number, 5:ArrayValue list, "
        "6:KeyValueList map, 7:bytes raw",
        "ArrayValue": "1:AnyValue* values",
        "KeyValueList": "1:KeyValue* values",
        "Status": "1:int32 code, 2:bytes message",
        "Response": "1:PartialSuccess partial_success",
        "PartialSuccess": "1:int64 rejected, 2:bytes message",
    },
)
DELTA, CUMULATIVE = 1, 2  # temporality
NO_RECORDED_VALUE = 1  # a flag
