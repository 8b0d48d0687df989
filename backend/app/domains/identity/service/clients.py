"""First-party clients sign in: authorization code with PKCE, and device code. The codes are tickets.

A session made here is of the kind "native" and carries the factors and the time of the approving session: letting a
program in proves nothing new about the person.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, set_organization, set_user
from app.core.errors import FieldProblem, Forbidden, InvalidInput, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.tickets import Ticket, issue_ticket, read_ticket, take_ticket
from app.domains.identity import queries, rules
from app.domains.identity.errors import SessionEnded, TokenRefused
from app.domains.identity.events import ClientAuthorized, ClientDenied, CodeReused
from app.domains.identity.models import Session
from app.domains.identity.rules import clients
from app.domains.identity.rules.clients import CLIENTS, FirstPartyClient
from app.domains.identity.service import sessions
from app.domains.identity.service.entering import open_session
from app.domains.identity.service.refreshing import refresh
from app.domains.identity.service.sessions import Origin, SignedIn

CODE, USED_CODE = "oauth.code", "oauth.used_code"
DEVICE, USER_CODE, GRANT, POLL = "oauth.device", "oauth.user_code", "oauth.grant", "oauth.poll"
_POLL_LOCK = 0x636F_7005


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A program that waits at another machine for a person's word."""

    client: FirstPartyClient
    device: str
    client_address: str
    started_at: datetime


@dataclass(frozen=True, kw_only=True)
class DeviceCodes:
    """What a program without a browser gets: a secret of its own, and letters for the person."""

    device_code: str
    user_code: str


async def authorize_client(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    *,
    client_id: str,
    redirect_uri: str,
    code_challenge: str,
    state: str,
) -> str:
    """Where the browser goes with a code of 60 seconds. Raises InvalidInput for any other program or address."""
    client = CLIENTS.get(client_id)
    if client is None:
        raise InvalidInput(errors=[FieldProblem(pointer="#/client_id", detail="is not a program of ours")])
    if not clients.allows_redirect(client, redirect_uri):
        raise InvalidInput(errors=[FieldProblem(pointer="#/redirect_uri", detail="is not on the program's list")])
    if not clients.is_challenge(code_challenge):
        raise InvalidInput(errors=[FieldProblem(pointer="#/code_challenge", detail="is not a SHA-256 in base64url")])
    content = await _approval(session, caller, client_id)
    content |= {"redirect_uri": redirect_uri, "challenge": code_challenge}
    code = await issue_ticket(
        session, CODE, clients.CODE_LIFETIME, subject_id=caller.user_id, organization_id=caller.organization_id,
        content=content,
    )  # fmt: skip
    await _publish_authorized(session, caller, client_id, "code")
    return clients.redirect_with(redirect_uri, code=code, state=state, iss=settings.public_url)


async def start_device(client_id: str, origin: Origin) -> DeviceCodes:
    """Codes for a program without a browser. Raises TokenRefused for an unknown program."""
    client = CLIENTS.get(client_id)
    if client is None or not client.device_code:
        raise TokenRefused("invalid_client", "This program is not known here.")
    content: dict[str, Any] = {
        "client_id": client_id,
        "device": rules.describe_device(origin.user_agent),
        "client_address": origin.client_address,
        "started_at": clock.utc_now().isoformat(),
    }
    user_code = clients.new_user_code()
    async with directory_session() as session:
        device_code = await issue_ticket(session, DEVICE, clients.DEVICE_LIFETIME, content={"client_id": client_id})
        content["device_code"] = device_code  # sealed, like the rest of the ticket
        await issue_ticket(session, USER_CODE, clients.DEVICE_LIFETIME, content=content, secret=user_code)
    return DeviceCodes(device_code=device_code, user_code=clients.show_user_code(user_code))


async def read_device(session: AsyncSession, typed: str) -> Pending:
    """The program that waits for these letters. Raises NotFound."""
    code = clients.read_user_code(typed)
    ticket = await read_ticket(session, USER_CODE, code) if code else None
    if ticket is None:
        raise NotFound
    return _pending(ticket)


async def decide_device(session: AsyncSession, caller: Caller, typed: str, *, approve: bool) -> Pending:
    """Let the waiting program in, or not; the letters are used up. Raises NotFound."""
    code = clients.read_user_code(typed)
    ticket = await take_ticket(session, USER_CODE, code) if code else None
    if ticket is None:
        raise NotFound
    client_id = str(ticket.content["client_id"])
    content = {"approved": approve} | (await _approval(session, caller, client_id) if approve else {})
    await issue_ticket(
        session, GRANT, clients.DEVICE_LIFETIME, subject_id=caller.user_id, organization_id=caller.organization_id,
        content=content, secret=str(ticket.content["device_code"]),
    )  # fmt: skip
    if approve:
        await _publish_authorized(session, caller, client_id, "device")
    else:
        await publish(session, ClientDenied(client_id=client_id, **_who(caller)))
    return _pending(ticket)


async def exchange_code(
    settings: Settings, *, client_id: str, code: str, redirect_uri: str, code_verifier: str, origin: Origin
) -> SignedIn:
    """Tokens for an authorization code. Raises TokenRefused; a second use also ends the session of the first.

    One transaction takes the code and makes the session, so a second user waits for it and then sees what was made.
    """
    async with directory_session() as session:
        ticket = await take_ticket(session, CODE, code)
        if ticket is None:
            await _end_reused(session, settings, code, origin)
            made = None
        else:
            content = ticket.content
            fits = content["client_id"] == client_id and content["redirect_uri"] == redirect_uri
            fits = fits and clients.answers_challenge(code_verifier, content["challenge"])
            made = await _start(session, settings, ticket, origin) if fits else None
        if made is not None:
            await issue_ticket(
                session, USED_CODE, clients.REUSE_WATCHED, subject_id=made[0].user_id,
                organization_id=made[0].organization_id, secret=code,
                content={"session_id": str(made[0].id), "client_id": client_id},
            )  # fmt: skip
    if made is None:
        raise TokenRefused("invalid_grant", "The code is not valid, has expired, or was used before.")
    return await sessions.issue_tokens(settings, *made)


async def exchange_device_code(settings: Settings, *, client_id: str, device_code: str, origin: Origin) -> SignedIn:
    """Tokens once the person has agreed.

    Raises TokenRefused with authorization_pending, slow_down, access_denied, expired_token or invalid_grant.
    """
    refused, made = "", None
    async with directory_session() as session:
        await session.execute(select(func.pg_advisory_xact_lock(_POLL_LOCK, func.hashtext(device_code))))
        waiting = await read_ticket(session, DEVICE, device_code)
        if waiting is None or waiting.content["client_id"] != client_id:
            refused = "expired_token"
        elif await take_ticket(session, POLL, device_code) is not None:
            refused = "slow_down"
            await issue_ticket(session, POLL, clients.POLL_INTERVAL, secret=device_code)
        elif (grant := await take_ticket(session, GRANT, device_code)) is None:
            refused = "authorization_pending"
            await issue_ticket(session, POLL, clients.POLL_INTERVAL, secret=device_code)
        else:
            await take_ticket(session, DEVICE, device_code)
            refused = "access_denied"
            if grant.content["approved"]:
                made = await _start(session, settings, grant, origin)
                refused = "" if made else "invalid_grant"
    if made is None:
        raise TokenRefused(refused)
    return await sessions.issue_tokens(settings, *made)


async def exchange_refresh_token(settings: Settings, refresh_token: str, origin: Origin) -> SignedIn:
    """The same as `/auth/refresh`, in OAuth's words. Raises TokenRefused."""
    try:
        return await refresh(settings, refresh_token, origin=origin)
    except SessionEnded:
        raise TokenRefused("invalid_grant", "The session has ended.") from None


async def _approval(session: AsyncSession, caller: Caller, client_id: str) -> dict[str, Any]:
    """What is carried from the approving session. Raises Forbidden for machines."""
    if caller.session_id is None:
        raise Forbidden("Only a signed-in person can let a program in.")
    live = await sessions.get_live_session(session, caller)
    return {
        "client_id": client_id,
        "session_id": str(live.id),
        "amr": list(live.amr),
        "authenticated_at": live.authenticated_at.isoformat(),
        # What a provider let in stays within its organization, and ends when the provider says so.
        "connection_id": str(live.connection_id) if live.connection_id else None,
        "provider_session": live.provider_session,
    }


async def _start(
    session: AsyncSession, settings: Settings, ticket: Ticket, origin: Origin
) -> tuple[Session, str] | None:
    """A session for the person of the ticket, while the session that approved it is alive; else None."""
    organization_id, user_id = ticket.organization_id, ticket.subject_id
    if organization_id is None or user_id is None:
        return None
    await set_organization(session, organization_id)
    await set_user(session, user_id)
    approving = await queries.get_snapshot(session, organization_id, UUID(ticket.content["session_id"]))
    if approving is None or approving.revoked or approving.disabled or approving.ends_at <= clock.utc_now():
        return None
    amr = [str(word) for word in ticket.content["amr"]]
    row, token = await open_session(
        session, settings, organization_id, user_id, client="native", amr=amr, origin=origin
    )
    row.authenticated_at = datetime.fromisoformat(ticket.content["authenticated_at"])
    connection_id = ticket.content.get("connection_id")
    row.connection_id = UUID(connection_id) if connection_id else None
    row.provider_session = ticket.content.get("provider_session")
    await session.flush()
    return row, token


async def _end_reused(session: AsyncSession, settings: Settings, code: str, origin: Origin) -> None:
    """A code came a second time: whoever has the session of the first may be a thief."""
    used = await read_ticket(session, USED_CODE, code)
    if used is None or used.organization_id is None or used.subject_id is None:
        return
    session_id = UUID(used.content["session_id"])
    await set_organization(session, used.organization_id)
    ended = await sessions.revoke_sessions(
        session, settings, used.organization_id, used.subject_id, reason="code_reused", only=[session_id], origin=origin
    )
    if ended:
        await publish(
            session,
            CodeReused(
                organization_id=used.organization_id, actor_kind="anonymous", user_id=used.subject_id,
                session_id=session_id, client_id=str(used.content["client_id"]),
                client_address=origin.client_address, user_agent=origin.user_agent,
            ),
        )  # fmt: skip


async def _publish_authorized(session: AsyncSession, caller: Caller, client_id: str, way: str) -> None:
    await publish(session, ClientAuthorized(client_id=client_id, way=way, **_who(caller)))


def _who(caller: Caller) -> dict[str, Any]:
    return {
        "organization_id": caller.organization_id,
        "actor_id": caller.user_id,
        "user_id": caller.user_id,
        "client_address": caller.client_address,
        "user_agent": caller.user_agent,
    }


def _pending(ticket: Ticket) -> Pending:
    content = ticket.content
    return Pending(
        client=CLIENTS[content["client_id"]],
        device=content["device"],
        client_address=content["client_address"],
        started_at=datetime.fromisoformat(content["started_at"]).astimezone(UTC),
    )
