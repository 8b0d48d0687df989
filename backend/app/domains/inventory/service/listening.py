"""Events of clouds: each becomes, in one transaction, resources that are due to be read again."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import Driver, open_driver
from app.core.clock import utc_now
from app.core.ids import new_id
from app.domains.accounts import service as accounts
from app.domains.inventory import rules
from app.domains.inventory.models import EventSource, ReceivedEvent
from app.domains.inventory.service.attributing import Doing, fill_actors
from app.domains.inventory.service.refreshing import start_refreshes
from app.domains.inventory.service.relations import find_resources
from app.providers.base import CloudEvent

EVENTS_KEPT = timedelta(days=7)
_MAX_TEXT = 1_000


async def store_events(
    session: AsyncSession, organization_id: UUID, source: EventSource, events: Sequence[CloudEvent]
) -> int:
    """Keep what is new among these events and make their resources due; returns how many were new. Safe to repeat.

    What was read clearly after an event is not read again; then the event only says who made the change. An event from
    a clock ahead of ours counts as of now: else none after it would be news for as long.
    """
    driver, now = await open_driver(session), utc_now()
    events = [event if event.at <= now else replace(event, at=now) for event in events]
    new = await _keep_new(driver, organization_id, source, events)
    if not new:
        return 0
    told = rules.latest_by_resource(source.provider, new)
    told, account_ids = await _route(session, organization_id, source, told)
    read_at = await _last_reads(driver, organization_id, [one.key for one in told])
    news = [one for one in told if rules.is_news(one.event.at, read_at.get(one.key))]
    older = [one for one in told if one not in news]
    if older:
        await fill_actors(driver, organization_id, [_doing(one) for one in older])
    await _make_due(driver, organization_id, source.provider, news, account_ids)
    for account_id in sorted({account_ids[one.key] for one in news}):
        await start_refreshes(session, organization_id, account_id)
    await session.execute(
        update(EventSource)
        .where(EventSource.organization_id == organization_id, EventSource.id == source.id)
        .values(last_event_at=utc_now(), events=EventSource.events + len(new), error=None)
    )
    return len(new)


async def forget_events(session: AsyncSession, organization_id: UUID) -> None:
    """Delete events that are too old to be sent again or to explain a change."""
    await session.execute(
        delete(ReceivedEvent).where(
            ReceivedEvent.organization_id == organization_id, ReceivedEvent.received_at < utc_now() - EVENTS_KEPT
        )
    )


async def _keep_new(
    driver: Driver, organization_id: UUID, source: EventSource, events: Sequence[CloudEvent]
) -> list[CloudEvent]:
    by_id = {_text(event.id): event for event in events if event.id and event.targets}
    if not by_id:
        return []
    rows = await driver.fetch(
        """INSERT INTO cloud_events (organization_id, account_id, received_at, id, event_id, at, action, actor,
             native_keys)
           SELECT $1, $2, $3, id, event_id, at, action, actor, string_to_array(keys, E'\\n')
           FROM unnest($4::uuid[], $5::text[], $6::timestamptz[], $7::text[], $8::text[], $9::text[])
             AS s (id, event_id, at, action, actor, keys)
           ON CONFLICT DO NOTHING RETURNING event_id""",
        organization_id,
        source.account_id,
        utc_now(),
        [new_id() for _ in by_id],
        list(by_id),
        [event.at for event in by_id.values()],
        [_text(event.action) for event in by_id.values()],
        [None if event.actor is None else _text(event.actor) for event in by_id.values()],
        ["\n".join(key.replace("\n", " ") for key in rules.keys_of(source.provider, e)) for e in by_id.values()],
    )
    return [by_id[row["event_id"]] for row in rows]


async def _route(
    session: AsyncSession, organization_id: UUID, source: EventSource, told: Sequence[rules.Told]
) -> tuple[list[rules.Told], dict[str, UUID]]:
    """By whose connection each resource is read; those of accounts that this connection does not read are left out."""
    readers = await accounts.read_readers(session, organization_id, source.account_id)
    by_number = {rules.native_key(source.provider, number): id_ for number, id_ in readers.by_number.items()}
    kept: list[rules.Told] = []
    account_ids: dict[str, UUID] = {}
    for one in told:
        number = rules.native_key(source.provider, one.native_account)
        reader = by_number.get(number, readers.fallback if number not in readers.not_read else None)
        if reader is not None:
            kept.append(one)
            account_ids[one.key] = reader
    return kept, account_ids


async def _last_reads(driver: Driver, organization_id: UUID, keys: Collection[str]) -> dict[str, datetime]:
    """When the stored resources among these ids or aliases were last read, or closed."""
    found = await find_resources(driver, organization_id, keys)
    rows = await driver.fetch(
        """SELECT r.id, greatest(r.last_seen_at, r.closed_at, (u.type_seen_at ->> r.native_type)::timestamptz) AS at
           FROM cloud_resources r LEFT JOIN sync_units u
             ON u.organization_id = r.organization_id AND u.id = r.unit_id AND r.closed_at IS NULL
           WHERE r.organization_id = $1 AND r.id = ANY($2::uuid[])""",
        organization_id,
        list(set(found.values())),
    )
    at = {row["id"]: row["at"] for row in rows}
    return {key: at[id_] for key, id_ in found.items() if id_ in at}


async def _make_due(
    driver: Driver,
    organization_id: UUID,
    provider: str,
    news: Sequence[rules.Told],
    account_ids: Mapping[str, UUID],
) -> None:
    """One row a resource; an event that is older than the row's changes nothing."""
    rows = [_due_row(one, account_ids[one.key]) for one in sorted(news, key=lambda one: one.key)]
    if not rows:
        return
    await driver.execute(
        """INSERT INTO due_refreshes AS d (organization_id, due_at, id, account_id, native_key, native_id, native_type,
             native_account, region, lane, hints, event_id, event_at, action, actor)
           SELECT $1, $2, * FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::timestamptz[], $14::text[], $15::text[])
           ON CONFLICT (organization_id, account_id, native_key) DO UPDATE SET
             due_at = excluded.due_at, event_id = excluded.event_id, event_at = excluded.event_at,
             action = excluded.action, actor = excluded.actor, hints = excluded.hints, attempts = 0
           WHERE d.event_at <= excluded.event_at""",
        organization_id,
        utc_now(),
        *(list(column) for column in zip(*rows, strict=True)),
    )


def _due_row(one: rules.Told, account_id: UUID) -> tuple[Any, ...]:
    target, event = one.target, one.event
    native_type, region = _text(target.native_type), _text(target.region)
    hints = {_text(name): _text(value) for name, value in list(target.hints.items())[:50]}
    return (
        new_id(),
        account_id,
        one.key,
        _text(target.native_id),
        native_type,
        one.native_account[:_MAX_TEXT],
        region,
        rules.lane_of(one.native_account[:_MAX_TEXT], region, native_type),
        orjson.dumps(hints).decode(),
        _text(event.id),
        event.at,
        _text(event.action),
        None if event.actor is None else _text(event.actor),
    )


def _doing(one: rules.Told) -> Doing:
    event = one.event
    actor = None if event.actor is None else _text(event.actor)
    return Doing(native_id=one.key, at=event.at, actor=actor, action=_text(event.action), event_id=_text(event.id))


def _text(value: str) -> str:
    return rules.clean_text(str(value))[:_MAX_TEXT]
