"""The WebSocket: origin and token are checked here, then `live_connection` serves it.

Ping frames every 20 s, the limit on incoming frames and the absence of compression are settings of the server that
runs the application; the limit is checked here as well.
"""

import asyncio
import logging
from collections import Counter
from typing import Any, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse

from app.core.config import Settings
from app.core.errors import PROBLEM_MEDIA_TYPE, AppError, Forbidden, Unauthenticated, render_problem
from app.core.http import Caller
from app.core.live_connection import REFUSED, TRY_LATER, Close, Connection, read_message
from app.core.ratelimit import client_address
from app.core.stream import EventHub

logger = logging.getLogger(__name__)
router = APIRouter(tags=["live"])

AUTH_SECONDS = 10.0
MAX_CONNECTIONS_A_USER = 20  # in one process
_TOKEN_PREFIX = "bearer."  # noqa: S105  # names the subprotocol


class AuthenticateToken(Protocol):
    """Identity's check of a bare token. Raises Unauthenticated."""

    async def __call__(self, token: str, *, client_address: str = "", user_agent: str = "") -> Caller: ...


class _Live:
    """What the sockets of one application share."""

    def __init__(self, settings: Settings) -> None:
        self.hub = EventHub(settings)
        self.connections: Counter[tuple[UUID, UUID]] = Counter()


@router.websocket("/ws")
async def follow_events(socket: WebSocket) -> None:
    """Follow the organization's events live; messages as in the contract."""
    settings: Settings = socket.app.state.settings
    if not is_allowed_origin(socket.headers.get("origin"), socket.headers.get("host", ""), settings):
        await _deny(socket, Forbidden("This origin may not connect."))
        return
    offered = [name.strip() for name in socket.headers.get("sec-websocket-protocol", "").split(",") if name.strip()]
    protocol = next((name for name in offered if name.startswith(_TOKEN_PREFIX)), None)
    try:
        caller, token = None, ""
        if protocol is not None:
            token = protocol.removeprefix(_TOKEN_PREFIX)
            caller = await _authenticate(socket, token)
    except AppError as error:
        await _deny(socket, error)
        return
    # A browser gives up when none of the protocols that it offered is chosen; a plain name keeps the token out of ours.
    plain = next((name for name in offered if not name.startswith(_TOKEN_PREFIX)), None)
    await socket.accept(subprotocol=plain or protocol)
    try:
        if caller is None:
            caller, token = await _first_message(socket)
        await _serve(socket, caller, token)
    except Close as end:
        await _close(socket, end.code, end.reason)
    except WebSocketDisconnect:
        return
    except Exception:  # the edge of a connection
        logger.warning("a live connection failed", exc_info=True)
        await _close(socket, TRY_LATER, "try again later")


async def _first_message(socket: WebSocket) -> tuple[Caller, str]:
    try:
        async with asyncio.timeout(AUTH_SECONDS):
            message = read_message(await socket.receive())
    except TimeoutError:
        raise Close(REFUSED, "no token in time") from None
    token = message.get("token")
    if message.get("type") != "auth" or not isinstance(token, str):
        raise Close(REFUSED, "sign in first")
    try:
        return await _authenticate(socket, token), token
    except (Unauthenticated, Forbidden):
        raise Close(REFUSED, "not signed in") from None
    except AppError:
        raise Close(TRY_LATER, "try again later") from None


async def _serve(socket: WebSocket, caller: Caller, token: str) -> None:
    live = _live_of(socket)
    person = (caller.organization_id, caller.user_id)
    if live.connections[person] >= MAX_CONNECTIONS_A_USER:
        raise Close(REFUSED, "too many connections")
    live.connections[person] += 1
    try:
        reader = await live.hub.join(caller.organization_id)
        try:
            await Connection(socket, caller, token, lambda value: _authenticate(socket, value), reader).run()
        finally:
            await live.hub.leave(reader)
    finally:
        live.connections[person] -= 1
        if not live.connections[person]:
            del live.connections[person]


def _live_of(socket: WebSocket) -> _Live:
    state = socket.app.state
    if not hasattr(state, "live"):
        state.live = _Live(state.settings)
    live: _Live = state.live
    return live


async def _authenticate(socket: WebSocket, token: str) -> Caller:
    authenticate: AuthenticateToken | None = getattr(socket.app.state, "authenticate_token", None)
    if authenticate is None or not token:
        raise Unauthenticated
    return await authenticate(
        token,
        client_address=client_address(socket.scope, socket.app.state.settings),
        user_agent=socket.headers.get("user-agent", ""),
    )


def is_allowed_origin(origin: str | None, host: str, settings: Settings) -> bool:
    """Whether a page of this origin may connect: our own address, the public one, or a listed one.

    Programs that are not browsers send no origin; a browser always does, so its absence is safe.
    """
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        is_origin = parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.path and not parts.query
    except ValueError:
        return False
    if not is_origin:
        return False
    public = urlsplit(settings.public_url)
    allowed = {f"{public.scheme}://{public.netloc}", *settings.allowed_origins} - {"*", "null"}
    return origin.lower() in {one.lower().rstrip("/") for one in allowed} or parts.netloc.lower() == host.lower()


async def _deny(socket: WebSocket, error: AppError) -> None:
    """Answer the handshake with the error's status instead of an upgrade."""
    body: dict[str, Any] = render_problem(error, instance=None, request_id=None)
    answer = JSONResponse(body, error.status, headers=error.headers, media_type=PROBLEM_MEDIA_TYPE)
    try:
        await socket.send_denial_response(answer)
    except RuntimeError:  # a server without the extension: it answers 403
        await socket.close(REFUSED)


async def _close(socket: WebSocket, code: int, reason: str) -> None:
    try:
        await socket.close(code, reason)
    except (RuntimeError, WebSocketDisconnect, OSError):
        logger.debug("the connection was gone already")
