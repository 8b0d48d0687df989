"""Azure Monitor's metrics, by the batch and by the resource: curves of time, resource and metric alone."""

import base64
import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import orjson

from simulators.azure.answers import Answer, error, forbidden, ok
from simulators.azure.estate import Estate, Row
from simulators.azure.ids import parse_id

AUDIENCE = "https://metrics.monitor.azure.com"
PERMISSION = "Microsoft.Insights/metrics/read"
LIST_PATH = "/providers/microsoft.insights/metrics"
MAX_BATCH, MAX_NAMES = 50, 20
_SECONDS = {"PT1M": 60, "PT5M": 300, "PT15M": 900, "PT1H": 3_600}


def level(resource_id: str, metric: str, aggregation: str, at_s: float) -> float:
    """A metric's value between 0 and 100: a day's wave, shifted by whose and which it is; a total is larger."""
    shift = crc32(f"{resource_id.lower()} {metric.lower()}".encode()) % 628 / 100
    value = 50 + 40 * math.sin(at_s / 86_400 * math.tau + shift)
    return round(value * (300 if aggregation == "total" else 1), 6)


class MetricService:
    """Both ways. `without_batch` regions have no service of their own; `unknown` metrics answer with an error code."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self.without_batch: set[str] = set()
        self.unknown: set[str] = set()

    def batch(self, path: str, query: Mapping[str, str], body: bytes, authorization: str, caller: str) -> Answer:
        """POST /subscriptions/{id}/metrics:getBatch."""
        if _audience(authorization) not in (None, AUDIENCE):
            return error(401, "InvalidAuthenticationTokenAudience", "The access token is for another service.")
        subscription = path.split("/")[2].lower()
        try:
            ids = [str(one) for one in orjson.loads(body)["resourceids"]]
        except (ValueError, KeyError, TypeError):
            return error(400, "BadRequest", "The body has no resourceids.")
        rows = [self._estate.rows_by_key().get(one.lower()) for one in ids]
        found = [row for row in rows if row is not None]
        kinds = {row.template.type for row in found}
        regions = {str(row.template.body.get("location", "")) for row in found}
        if not 0 < len(ids) <= MAX_BATCH:
            return error(400, "BadRequest", f"A batch holds 1 to {MAX_BATCH} resources.")
        if len(kinds) > 1 or len(regions) > 1 or {parse_id(one).subscription for one in ids} != {subscription}:
            return error(400, "BadRequest", "The resources must be of one type, region and subscription.")
        if regions & self.without_batch:
            return error(404, "NotFound", "There is no such service in this region.")
        if not self._estate.allows(PERMISSION, f"/subscriptions/{subscription}"):
            return forbidden(caller, PERMISSION, f"/subscriptions/{subscription}")
        span = query.get("starttime", ""), query.get("endtime", "")
        return self._answer(query, kinds, span, [(one, row) for one, row in zip(ids, rows, strict=True) if row])

    def single(self, path: str, query: Mapping[str, str], caller: str) -> Answer:
        """GET {resource}/providers/Microsoft.Insights/metrics."""
        resource_id = path[: -len(LIST_PATH)]
        row = self._estate.rows_by_key().get(resource_id.lower())
        if row is None:
            return error(404, "ResourceNotFound", f"The Resource '{resource_id}' was not found.")
        if not self._estate.allows(PERMISSION, resource_id):
            return forbidden(caller, PERMISSION, resource_id)
        start, _, end = query.get("timespan", "").partition("/")
        answer = self._answer(query, {row.template.type}, (start, end), [(resource_id, row)])
        return ok(orjson.loads(answer.body)["values"][0]) if answer.status == 200 else answer

    def _answer(
        self, query: Mapping[str, str], kinds: set[str], span: tuple[str, str], resources: Sequence[tuple[str, Row]]
    ) -> Answer:
        names = [name for name in query.get("metricnames", "").split(",") if name]
        seconds = _SECONDS.get(query.get("interval", "PT1M"))
        if not 0 < len(names) <= MAX_NAMES or seconds is None or query.get("api-version") != "2023-10-01":
            return error(400, "BadRequest", "metricnames, interval or api-version is not valid.")
        if kinds and {query.get("metricnamespace", "").lower()} != kinds:
            return error(400, "BadRequest", f"Failed to find metric configuration for {query.get('metricnamespace')}.")
        try:
            start, end = (datetime.fromisoformat(moment).timestamp() for moment in span)
        except ValueError:
            return error(400, "BadRequest", "The time span is not valid.")
        times = [start + seconds * number for number in range(int((end - start) // seconds))]
        aggregations = query.get("aggregation", "average").split(",")
        return ok(
            {
                "values": [
                    {
                        "starttime": span[0],
                        "endtime": span[1],
                        "interval": query.get("interval"),
                        "namespace": query.get("metricnamespace"),
                        "resourceregion": row.template.body.get("location", "global"),
                        "resourceid": resource_id,
                        "value": [self._metric(resource_id, name, aggregations, times) for name in names],
                    }
                    for resource_id, row in resources
                ]
            }
        )

    def _metric(
        self, resource_id: str, name: str, aggregations: Sequence[str], times: Sequence[float]
    ) -> dict[str, Any]:
        made = {
            "id": f"{resource_id}/providers/Microsoft.Insights/metrics/{name}",
            "type": "Microsoft.Insights/metrics",
            "name": {"value": name, "localizedValue": name},
            "displayDescription": name,
            "unit": "Unspecified",
        }
        if name in self.unknown:
            return made | {"timeseries": [], "errorCode": "InvalidSamplingType", "errorMessage": "Not for this SKU."}
        data = [
            {"timeStamp": _text(at)} | {one: level(resource_id, name, one, at) for one in aggregations}
            for at in times
            if int(at) // 300 % 12 != 7  # a moment without a measurement has no such member
        ]
        gaps = [{"timeStamp": _text(at)} for at in times if int(at) // 300 % 12 == 7]
        return made | {"timeseries": [{"metadatavalues": [], "data": data + gaps}], "errorCode": "Success"}


def _audience(authorization: str) -> str | None:
    """What a token is for, None where it does not say."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return None
    audience = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))).get("aud")
    return None if audience is None else str(audience)


def _text(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
