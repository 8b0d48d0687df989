"""The routes that clouds call with their events. The token in the address is the whole of the sender's proof.

They are under the API's prefix and without it, for senders that cannot be told a prefix.
"""

from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response, status

from app.core.errors import MalformedBody, NotFound, Unauthenticated, problems
from app.core.ratelimit import RateLimiter, address_bucket, rate_limit_key
from app.core.strict_json import check_json
from app.domains.inventory import service

router = APIRouter(prefix="/ingest/hooks", tags=["ingest"])
Provider = Annotated[str, Path(max_length=20)]
Token = Annotated[str, Path(max_length=200)]


@router.post("/{provider}/{token}", responses=problems(NotFound, Unauthenticated, MalformedBody))
async def receive_cloud_events(
    provider: Provider,
    token: Token,
    request: Request,
    authorization: Annotated[str | None, Header(max_length=8_000)] = None,
) -> dict[str, str]:
    """Take events of an account's cloud; also Event Grid's handshake. Events that came before are passed over."""
    hook = await _find(request, provider, token)
    limiter: RateLimiter | None = getattr(request.app.state, "rate_limiter", None)
    if limiter is not None:
        key = rate_limit_key(hook.organization_id, "events_intake", str(hook.source_id))
        await limiter.check(key, "events_intake")
    content = check_json(await request.body())
    return await service.receive_push(hook, authorization, content) or {}


@router.options(
    "/{provider}/{token}", responses=problems(NotFound), status_code=status.HTTP_200_OK, response_class=Response
)
async def check_cloud_hook(
    provider: Provider,
    token: Token,
    request: Request,
    webhook_request_origin: Annotated[str | None, Header(max_length=500)] = None,
) -> Response:
    """The handshake of CloudEvents: whether events of this origin are taken."""
    await _find(request, provider, token)
    headers = {"Allow": "POST"}
    if webhook_request_origin is not None and webhook_request_origin.isprintable():
        headers |= {"WebHook-Allowed-Origin": webhook_request_origin, "WebHook-Allowed-Rate": "100"}
    return Response(headers=headers)


async def _find(request: Request, provider: str, token: str) -> service.Hook:
    """The hook, or one answer for all that is none: also for the wrong provider and for one that was removed."""
    hook = await service.find_hook(provider, token)
    if hook is not None:
        return hook
    limiter: RateLimiter | None = getattr(request.app.state, "rate_limiter", None)
    if limiter is not None:
        address = address_bucket(getattr(request.state, "client_address", ""))
        await limiter.check(rate_limit_key(None, "hook_miss", address), "hook_miss")
    raise NotFound
