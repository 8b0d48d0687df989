"""Setting up how an account's cloud tells of changes, and finding the source behind a hook's token."""

import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.config import get_settings
from app.core.database import directory_session, tenant_session
from app.core.directory import DirectoryEntry, directory_hash
from app.core.egress import check_endpoint
from app.core.errors import FieldProblem, InvalidInput
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.accounts import service as accounts
from app.domains.inventory.models import EventSource
from app.domains.inventory.schemas.collecting import EventSettings, EventSourceMade, EventSourceRead
from app.domains.inventory.service.polling import start_polls

HOOK = "hook"
_SET_UP = {
    "aws": (
        "Let an EventBridge rule for CloudTrail's management events send to this queue, in every region that is read,"
        " and allow the connection sqs:ReceiveMessage and sqs:DeleteMessage on it."
    ),
    "gcp": (
        "Make an asset feed with content type RESOURCE to a Pub/Sub topic, and a push subscription of the topic to"
        " this address. Let the subscription sign its pushes, and give its audience and service account here."
    ),
    "azure": (
        "Make an Event Grid system topic for each subscription's resource changes, and an event subscription of it"
        " with a webhook to this address. Both schemas, Event Grid and CloudEvents, are understood."
    ),
}


@dataclass(frozen=True, kw_only=True)
class Hook:
    """Where a hook's token leads."""

    organization_id: UUID
    source_id: UUID
    account_id: UUID
    provider: str
    settings: dict[str, Any]


async def set_event_source(
    session: AsyncSession, caller: Caller, account_id: UUID, body: EventSettings
) -> EventSourceMade:
    """Make the account's source what the body says; a hook's address is made anew each time and shown once.

    Raises NotFound, InvalidInput and AddressNotAllowed.
    """
    account = await accounts.read_account(session, caller.organization_id, account_id)
    await _check(account.provider, account.parent_id, body)
    await _forget(session, caller.organization_id, account_id)
    token = None if account.provider == "aws" else secrets.token_urlsafe(32)
    source = EventSource(
        organization_id=caller.organization_id,
        id=new_id(),
        account_id=account_id,
        provider=account.provider,
        token_hash=None if token is None else directory_hash(HOOK, token),
        settings=body.model_dump(exclude_none=True),
        created_at=utc_now(),
        events=0,
    )
    session.add(source)
    if source.token_hash is not None:
        session.add(
            DirectoryEntry(
                kind=HOOK, hash=source.token_hash, subject_id=source.id, organization_id=caller.organization_id
            )
        )
    else:
        await start_polls(session, caller.organization_id)
    await session.flush()
    url = None
    if token is not None:
        url = f"{get_settings().public_url.rstrip('/')}/api/v1/ingest/hooks/{account.provider}/{token}"
    return EventSourceMade(**_describe(source).model_dump(), hook_url=url, set_up=_SET_UP[account.provider])


async def read_event_source(session: AsyncSession, organization_id: UUID, account_id: UUID) -> EventSourceRead | None:
    """The account's source of events; None where it has none. Raises NotFound."""
    await accounts.read_account(session, organization_id, account_id)
    source = await _find(session, organization_id, account_id)
    return None if source is None else _describe(source)


async def remove_event_source(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    """Stop listening; the hook's address answers as one that never was. Safe to repeat. Raises NotFound."""
    await accounts.read_account(session, organization_id, account_id)
    await _forget(session, organization_id, account_id)


async def forget_event_source(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    """Stop listening to a removed account."""
    await _forget(session, organization_id, account_id)


async def find_hook(provider: str, token: str) -> Hook | None:
    """The source behind a token of a hook of this provider."""
    async with directory_session() as session:
        query = select(DirectoryEntry).where(
            DirectoryEntry.kind == HOOK, DirectoryEntry.hash == directory_hash(HOOK, token)
        )
        entry = (await session.execute(query)).scalar_one_or_none()
    if entry is None or entry.organization_id is None:
        return None
    async with tenant_session(entry.organization_id) as session:
        query_source = select(EventSource).where(
            EventSource.organization_id == entry.organization_id,
            EventSource.id == entry.subject_id,
            EventSource.provider == provider,
        )
        source = (await session.execute(query_source)).scalar_one_or_none()
    if source is None:
        return None
    return Hook(
        organization_id=source.organization_id,
        source_id=source.id,
        account_id=source.account_id,
        provider=source.provider,
        settings=source.settings,
    )


async def _check(provider: str, parent_id: UUID | None, body: EventSettings) -> None:
    if parent_id is not None and provider != "aws":
        raise InvalidInput("Its connection listens for this account as well. Set the events up there.")
    wanted = {"aws": {"queue_url"}, "gcp": {"audience", "email"}, "azure": set[str]()}[provider]
    given = set(body.model_dump(exclude_none=True))
    problems = [FieldProblem(pointer=f"#/{name}", detail=f"does not fit {provider}") for name in sorted(given - wanted)]
    if provider == "aws" and body.queue_url is None:
        problems.append(FieldProblem(pointer="#/queue_url", detail="is required"))
    if body.email is not None and body.audience is None:
        problems.append(FieldProblem(pointer="#/audience", detail="is required with an email"))
    if problems:
        raise InvalidInput(errors=problems)
    if body.queue_url is not None:
        await check_endpoint(body.queue_url, get_settings())


async def _find(session: AsyncSession, organization_id: UUID, account_id: UUID) -> EventSource | None:
    query = select(EventSource).where(
        EventSource.organization_id == organization_id, EventSource.account_id == account_id
    )
    return (await session.execute(query)).scalar_one_or_none()


async def _forget(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    gone = await session.execute(
        delete(EventSource)
        .where(EventSource.organization_id == organization_id, EventSource.account_id == account_id)
        .returning(EventSource.token_hash)
        .execution_options(synchronize_session=False)
    )
    hashes = [row.token_hash for row in gone if row.token_hash is not None]
    if hashes:
        await session.execute(
            delete(DirectoryEntry).where(
                DirectoryEntry.kind == HOOK,
                DirectoryEntry.organization_id == organization_id,
                DirectoryEntry.hash.in_(hashes),
            )
        )


def _describe(source: EventSource) -> EventSourceRead:
    return EventSourceRead.model_validate(
        {
            "account_id": source.account_id,
            "provider": source.provider,
            **{name: source.settings.get(name) for name in ("queue_url", "audience", "email")},
            "created_at": source.created_at,
            "last_event_at": source.last_event_at,
            "events": source.events,
            "error": source.error,
        }
    )
