"""The routes that senders of samples call. They are under the API's prefix and without it."""

from typing import Any

from fastapi import APIRouter, Request, Response, status

from app.core.errors import AppError, MalformedBody, TooLarge, UnsupportedMediaType, problems
from app.domains.metrics import service
from app.domains.metrics.api.common import Sender, weigher
from app.domains.metrics.errors import IntakeBusy, TooManySamples
from app.domains.metrics.rules.otlp import Encoding, encoding_of, failure_answer
from app.domains.metrics.rules.remote_write import Version, version_of, written_headers

router = APIRouter(prefix="/ingest", tags=["ingest"])
alias_router = APIRouter(include_in_schema=False)
"""The same at the root of the server, for senders that can be told an address and no path."""
_FAILURES = problems(MalformedBody, TooLarge, UnsupportedMediaType, TooManySamples, IntakeBusy)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/x-protobuf": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_TEXT = {"description": "Some samples were refused, the others are stored.", "content": {"text/plain": {}}}


@router.post(
    "/prometheus/write",
    status_code=status.HTTP_204_NO_CONTENT,
    response_class=Response,
    openapi_extra=_BODY,
    responses=_FAILURES | {400: _FAILURES[400] | {"content": _FAILURES[400]["content"] | _TEXT["content"]}},
)
async def write_samples(request: Request, caller: Sender) -> Response:
    """Prometheus Remote-Write 1.0 and 2.0: a snappy block of samples, stored when the answer says so."""
    version: Version | None = None
    try:
        version = version_of(request.headers.get("content-type"), request.headers.get("content-encoding"))
        answer = await service.receive_remote_write(
            caller.organization_id, await request.body(), version, weigher(request, caller)
        )
    except AppError as failure:
        failure.headers.update(written_headers(version))
        raise
    return Response(
        answer.body or None, status_code=answer.status, headers=dict(answer.headers), media_type="text/plain"
    )


# Where senders have the path of another server built in.
for _path in ("/prometheus/api/v1/write", "/prometheus/api/v1/push"):
    router.add_api_route(_path, write_samples, methods=["POST"], name="write_samples_at_alias", include_in_schema=False)
for _path in ("/api/v1/write", "/api/v1/push"):
    alias_router.add_api_route(_path, write_samples, methods=["POST"], name="write_samples_at_root")


_OTLP_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {"schema": {"type": "object"}},
        },
    }
}


_OTLP_CONTENT: dict[str, Any] = {
    "application/x-protobuf": {"schema": {"type": "string", "format": "binary"}},
    "application/json": {"schema": {"type": "object"}},
}
_OTLP_ANSWERS: dict[int | str, dict[str, Any]] = {
    code: told | {"content": told["content"] | _OTLP_CONTENT} for code, told in _FAILURES.items()
} | {200: {"description": "Stored, but for what partial_success tells.", "content": _OTLP_CONTENT}}


@router.post("/v1/metrics", response_class=Response, openapi_extra=_OTLP_BODY, responses=_OTLP_ANSWERS)
async def export_metrics(request: Request, caller: Sender) -> Response:
    """OTLP/HTTP metrics in protobuf or JSON, stored when the answer says so.

    Refusals are a google.rpc.Status in the request's encoding, as exporters read it.
    """
    encoding = Encoding.PROTOBUF
    headers: dict[str, str] = {}
    try:
        encoding = encoding_of(request.headers.get("content-type"))
        content_encoding = request.headers.get("content-encoding")
        body = await request.body()
        answer = await service.receive_otlp(
            caller.organization_id, body, encoding, content_encoding, weigher(request, caller)
        )
    except AppError as failure:
        # Exporters try again after 503 and never after 500.
        code = 503 if failure.status == status.HTTP_500_INTERNAL_SERVER_ERROR else failure.status
        answer = failure_answer(encoding, code, failure.detail or failure.title)
        headers = failure.headers
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=answer.media_type)


# For clients that are configured for Prometheus' own address.
router.add_api_route(
    "/prometheus/api/v1/otlp/v1/metrics",
    export_metrics,
    methods=["POST"],
    name="export_metrics_at_alias",
    include_in_schema=False,
)
for _path in ("/v1/metrics", "/api/v1/otlp/v1/metrics"):
    alias_router.add_api_route(_path, export_metrics, methods=["POST"], name="export_metrics_at_root")
