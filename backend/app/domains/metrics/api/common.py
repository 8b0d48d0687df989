"""Who may send samples, and how many."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from app.core.errors import Unauthenticated
from app.core.http import Caller, current_caller
from app.core.logs import bind_log_context
from app.core.ratelimit import RateLimiter, rate_limit_key
from app.core.scope import require_whole
from app.domains.metrics.errors import TooManySamples

PERMISSION = "metrics:ingest"
_MAX_BASIC = 4_096


async def sender(request: Request) -> Caller:
    """The caller by a bearer token, or by HTTP Basic with an API key as the password and any user name.

    No transaction is open while the body comes in. Raises Unauthenticated, PermissionMissing and OutsideScope.
    """
    caller = await _find_caller(request)
    caller.require(PERMISSION)
    require_whole(caller.scope, "Metrics are sent for the whole organization.")
    return caller


sender.permission = PERMISSION  # type: ignore[attr-defined]  # read by the start-up check of routes

Sender = Annotated[Caller, Depends(sender)]


async def _find_caller(request: Request) -> Caller:
    given = request.headers.getlist("authorization")
    scheme, _, content = given[0].partition(" ") if len(given) == 1 else ("", "", "")
    if scheme.lower() != "basic":
        return await current_caller(request)
    authenticate: Callable[..., Awaitable[Caller]] | None = getattr(request.app.state, "authenticate_token", None)
    if authenticate is None:
        raise Unauthenticated
    caller = await authenticate(
        _password(content),
        client_address=getattr(request.state, "client_address", ""),
        user_agent=request.headers.get("user-agent", ""),
    )
    request.state.caller = caller
    bind_log_context(organization_id=caller.organization_id, principal=caller.user_id, principal_kind=caller.kind)
    return caller


def _password(content: str) -> str:
    if len(content) > _MAX_BASIC:
        raise Unauthenticated
    try:
        _, separator, password = base64.b64decode(content.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        raise Unauthenticated from None
    if not separator or not password:
        raise Unauthenticated
    return password


def weigher(request: Request, caller: Caller) -> Callable[[int], Awaitable[None]]:
    """Counts samples against the organization's limit. Raises TooManySamples."""
    limiter: RateLimiter | None = getattr(request.app.state, "rate_limiter", None)

    async def weigh(samples: int) -> None:
        if limiter is None:
            return
        key = rate_limit_key(caller.organization_id, "metrics_intake", "samples")
        decision = await limiter.take(key, "metrics_intake", samples)
        if not decision.allowed:
            refused = TooManySamples(
                decision.retry_after_seconds,
                f"{samples:,} more samples pass the limit of {decision.limit.count:,} in"
                f" {decision.limit.period_seconds:g} seconds.",
            )
            refused.headers.update(decision.headers())
            raise refused

    return weigh
