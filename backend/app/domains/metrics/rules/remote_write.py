"""Prometheus Remote-Write: which version a request speaks, what it holds, and what it is answered.

The rules are those of `wire_formats.md`, section 3. A fault of one series refuses that series; only a body that cannot
be read refuses all of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.core.errors import UnsupportedMediaType
from app.domains.metrics.rules.batch import Rejection, SampleBatch, TimeBounds, WrittenCounts
from app.domains.metrics.rules.builder import BatchBuilder
from app.domains.metrics.rules.compression import unpack_snappy
from app.domains.metrics.rules.series import SeriesCache
from app.domains.metrics.rules.write_v1 import read_v1
from app.domains.metrics.rules.write_v2 import read_v2

_MEDIA_TYPE = "application/x-protobuf"
_SHOWN_REASONS = 20


class Version(StrEnum):
    """Which message the body is; the value is the content type's `proto` parameter."""

    V1 = "prometheus.WriteRequest"
    V2 = "io.prometheus.write.v2.Request"


@dataclass(frozen=True, kw_only=True)
class WriteAnswer:
    """The HTTP answer. `body` is plain text, empty when all went well."""

    status: int
    body: str
    headers: Mapping[str, str]


def version_of(content_type: str | None, content_encoding: str | None) -> Version:
    """The version, by the content type alone; a sender that names none means 1.0 in snappy, as Prometheus takes it.

    Raises UnsupportedMediaType.
    """
    if content_encoding and content_encoding.strip().lower() != "snappy":
        raise UnsupportedMediaType("Compress the body with snappy (the block format).")
    if not content_type or not content_type.strip():
        return Version.V1
    media_type, *parameters = content_type.split(";")
    if media_type.strip().lower() != _MEDIA_TYPE:
        raise UnsupportedMediaType(f"Send {_MEDIA_TYPE}.")
    version = Version.V1
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "proto":
            try:
                version = Version(value.strip().strip('"'))
            except ValueError:
                raise UnsupportedMediaType(f"Send {' or '.join(Version)} as the proto of {_MEDIA_TYPE}.") from None
    return version


def decode(body: bytes, version: Version, bounds: TimeBounds, cache: SeriesCache) -> SampleBatch:
    """What a compressed body holds. Raises MalformedBody and TooLarge.

    A native histogram becomes `name_count`, `name_sum` and `name{quantile="0.5"|"0.9"|"0.99"}`, see
    `distributions`, and counts as one histogram.
    """
    unpacked = unpack_snappy(body)
    builder = BatchBuilder(bounds)
    if version is Version.V1:
        read_v1(unpacked, builder, cache)
    else:
        read_v2(unpacked, builder, cache)
    return builder.build()


def answer(version: Version, counts: WrittenCounts, rejections: Sequence[Rejection]) -> WriteAnswer:
    """The answer once what is good is stored: 204, or 400 with how many were refused and why.

    The store's own refusals belong into both arguments.
    """
    headers = written_headers(version, counts)
    refused = sum(rejection.count for rejection in rejections)
    if not refused:
        return WriteAnswer(status=204, body="", headers=headers)
    reasons = [_reason_text(rejection) for rejection in rejections[:_SHOWN_REASONS]]
    if len(rejections) > _SHOWN_REASONS:
        reasons.append("and others")
    body = f"{refused} refused, the others are stored: {'; '.join(reasons)}\n"
    return WriteAnswer(status=400, body=body, headers=headers)


def written_headers(version: Version | None, counts: WrittenCounts | None = None) -> dict[str, str]:
    """What an answer to 2.0 must carry, also one that refuses the whole body: then without counts.

    A sender of 2.0 takes a success without them for one that did not understand the body.
    """
    if version is not Version.V2:
        return {}
    written = counts or WrittenCounts()
    return {
        "X-Prometheus-Remote-Write-Samples-Written": str(written.samples),
        "X-Prometheus-Remote-Write-Histograms-Written": str(written.histograms),
        "X-Prometheus-Remote-Write-Exemplars-Written": str(written.exemplars),
    }


def _reason_text(rejection: Rejection) -> str:
    example = f" (such as {rejection.example})" if rejection.example else ""
    return f"{rejection.count} with {rejection.reason}{example}"
