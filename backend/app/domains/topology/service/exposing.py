"""Exposure to the internet: explained when asked, and kept for lists and search as resources change."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.bulk import open_driver
from app.core.clock import utc_now
from app.core.errors import NotFound
from app.core.events import publish
from app.core.pagination import Page, cursor_instant, cursor_uuid, decode_cursor, encode_cursor
from app.core.scope import scope_of
from app.domains.inventory import service as inventory
from app.domains.topology import queries
from app.domains.topology.events import ExposureChanged
from app.domains.topology.rules.estate import Estate, Resource
from app.domains.topology.rules.exposure import Chain, Exposure, explain, is_examined
from app.domains.topology.rules.providers import load_rules
from app.domains.topology.schemas import ChainStep, ExposedRead, ExposureChain, ExposureDetail, PortRange
from app.domains.topology.service import drawing
from app.domains.topology.service.loading import ask
from app.domains.topology.service.mapping import split

HIDDEN = "Outside of your access"
UNREAD = "Something was not read."  # what a scope is told: the reasons name what may lie outside of it
EVENT_IDS = 5_000
load_rules()


async def explain_exposure(session: AsyncSession, organization_id: UUID, resource_id: UUID) -> ExposureDetail:
    """Whether the internet reaches the resource, as of what is stored now. Raises NotFound.

    Everything that decides is read; steps that the caller may not see have no name.
    """
    visible = await queries.read_nodes(session, organization_id, [resource_id])
    if resource_id not in visible or not visible[resource_id]["visible"]:
        raise NotFound
    resource = (await queries.read_resources(session, organization_id, [resource_id]))[0]
    found = await ask(session, organization_id, resource, Estate(), explain)
    shown: set[UUID] | None = None
    if scope_of(session) is not None:
        ids = {step.resource.id for chain in found.chains for step in chain.steps if step.resource is not None}
        rows = await queries.read_nodes(session, organization_id, ids)
        shown = {id_ for id_, row in rows.items() if row["visible"]}
    return ExposureDetail(
        exposed=found.exposed,
        chains=[_read_chain(chain, shown) for chain in found.chains],
        unknown=found.unknown if shown is None or not found.unknown else [UNREAD],
    )


def _read_chain(chain: Chain, shown: Collection[UUID] | None) -> ExposureChain:
    steps: list[ChainStep] = []
    for step in chain.steps:
        resource = step.resource
        if resource is not None and shown is not None and resource.id not in shown:
            steps.append(ChainStep(kind=step.kind, resource_id=None, native_id=None, detail=HIDDEN))
            continue
        steps.append(
            ChainStep(
                kind=step.kind,
                resource_id=resource.id if resource else None,
                native_id=resource.native_id if resource else None,
                detail=step.detail,
            )
        )
    return ExposureChain(
        summary=chain.summary,
        steps=steps,
        ports=[PortRange.model_validate(one) for one in chain.ports],
        sources=chain.cidrs,
    )


async def list_exposed(
    session: AsyncSession,
    organization_id: UUID,
    *,
    account_id: UUID | None,
    types: str | None,
    port: int | None,
    unknown: bool,
    limit: int,
    cursor: str | None,
) -> Page[ExposedRead]:
    """One page of what the internet reaches, newest first."""
    key = decode_cursor(cursor, 2)
    rows = await queries.list_exposed(
        session,
        organization_id,
        account_id=account_id,
        types=split(types),
        port=port,
        unknown=unknown,
        after=(cursor_instant(key[0]), cursor_uuid(key[1])) if key else None,
        limit=limit + 1,
    )
    is_scoped = scope_of(session) is not None
    items = [_read_listed(row, is_scoped=is_scoped) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(items=items, next_cursor=encode_cursor(last["since"], last["resource_id"]) if last else None)


def _read_listed(row: Mapping[Any, Any], *, is_scoped: bool) -> ExposedRead:
    values = {**row, "monthly_cost": drawing.read_money(row["cost"]), "ports": orjson.loads(row["ports"])}
    if is_scoped and row["unknown"]:
        values["unknown"] = [UNREAD]
        values["summary"] = row["summary"] if row["exposed"] else UNREAD
    return ExposedRead.model_validate(values)


async def refresh_exposures(
    session: AsyncSession, organization_id: UUID, ids: Collection[UUID], estate: Estate | None = None
) -> int:
    """Compute these resources' exposure anew and keep it; returns how many were examined.

    What became exposed, and what no longer is, is published, and told to the inventory's search.
    """
    now, estate = utc_now(), estate or Estate()
    examined: list[tuple[Resource, Exposure, set[UUID]]] = []
    for resource in await queries.read_resources(session, organization_id, ids):
        if is_examined(resource.native_type):
            found = await ask(session, organization_id, resource, estate, explain)
            examined.append((resource, found, set(estate.reads)))
    await _store(session, organization_id, examined, now)
    await _forget(session, organization_id, set(ids) - {resource.id for resource, _, _ in examined})
    return len(examined)


async def _store(
    session: AsyncSession,
    organization_id: UUID,
    examined: Sequence[tuple[Resource, Exposure, set[UUID]]],
    now: datetime,
) -> None:
    if not examined:
        return
    driver = await open_driver(session)
    ids = [resource.id for resource, _, _ in examined]
    before = {
        row["resource_id"]: row["exposed"]
        for row in await driver.fetch(
            "SELECT resource_id, exposed FROM resource_exposures WHERE organization_id = $1 AND resource_id = ANY($2)",
            organization_id,
            ids,
        )
    }
    await driver.executemany(
        """INSERT INTO resource_exposures (organization_id, resource_id, exposed, summary, ports, sources, chains,
             unknown, since, computed_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
           ON CONFLICT (organization_id, resource_id) DO UPDATE SET exposed = excluded.exposed,
             summary = excluded.summary, ports = excluded.ports, sources = excluded.sources, chains = excluded.chains,
             unknown = excluded.unknown, computed_at = excluded.computed_at,
             since = CASE WHEN resource_exposures.exposed IS NOT DISTINCT FROM excluded.exposed
               THEN resource_exposures.since ELSE excluded.since END""",
        [(organization_id, resource.id, *_columns(found), now) for resource, found, _ in examined],
    )
    await driver.execute(
        "DELETE FROM exposure_reads WHERE organization_id = $1 AND resource_id = ANY($2)", organization_id, ids
    )
    reads = [(key, resource.id) for resource, _, keys in examined for key in keys]
    await driver.execute(
        """INSERT INTO exposure_reads (organization_id, read_key, resource_id)
           SELECT $1, * FROM unnest($2::uuid[], $3::uuid[]) ON CONFLICT DO NOTHING""",
        organization_id,
        [key for key, _ in reads],
        [resource_id for _, resource_id in reads],
    )
    await _tell(session, organization_id, examined, before)


async def _tell(
    session: AsyncSession,
    organization_id: UUID,
    examined: Iterable[tuple[Resource, Exposure, set[UUID]]],
    before: dict[UUID, bool | None],
) -> None:
    exposed = [one.id for one, found, _ in examined if found.exposed and not before.get(one.id)]
    hidden = [one.id for one, found, _ in examined if before.get(one.id) and not found.exposed]
    marks = {one.id: found.exposed is True for one, found, _ in examined}
    await inventory.record_marks(session, organization_id, "public", marks)
    for start in range(0, max(len(exposed), len(hidden)), EVENT_IDS):
        part = slice(start, start + EVENT_IDS)
        await publish(
            session,
            ExposureChanged(organization_id=organization_id, exposed=exposed[part], hidden=hidden[part]),
        )


def _columns(found: Exposure) -> tuple[Any, ...]:
    best = found.chains[0] if found.chains else None
    ports = [port for chain in found.chains for port in chain.ports]
    chains = [_read_chain(chain, None).model_dump(mode="json", by_alias=True) for chain in found.chains]
    return (
        found.exposed,
        best.summary if best else "; ".join(found.unknown)[:500],
        orjson.dumps([one for number, one in enumerate(ports) if one not in ports[:number]]).decode(),
        list(dict.fromkeys(cidr for chain in found.chains for cidr in chain.cidrs))[:50],
        orjson.dumps(chains).decode(),
        found.unknown[:50],
    )


async def _forget(session: AsyncSession, organization_id: UUID, ids: Collection[UUID]) -> None:
    """What is gone, or of a type that is not examined, has no exposure."""
    if not ids:
        return
    driver = await open_driver(session)
    await inventory.record_marks(session, organization_id, "public", dict.fromkeys(ids, False))
    for table in ("exposure_reads", "resource_exposures"):
        await driver.execute(
            f"DELETE FROM {table} WHERE organization_id = $1 AND resource_id = ANY($2)",  # noqa: S608
            organization_id,
            list(ids),
        )
