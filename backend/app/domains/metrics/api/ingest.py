"""The routes that senders of samples call. They are under the API's prefix and without it."""

from fastapi import APIRouter, Request, Response, status

from app.core.errors import AppError, MalformedBody, TooLarge, UnsupportedMediaType, problems
from app.domains.metrics import service
from app.domains.metrics.api.common import Sender, weigher
from app.domains.metrics.errors import IntakeBusy, TooManySamples
from app.domains.metrics.rules.remote_write import Version, version_of, written_headers

router = APIRouter(prefix="/ingest", tags=["ingest"])
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
