"""Joining series to the resources that they speak of: by ids, then names, then addresses, each only if it is one's."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import tenant_session
from app.core.tasks import enqueue
from app.domains.inventory import service as inventory
from app.domains.metrics import queries
from app.domains.metrics.models import MetricSeries
from app.domains.metrics.queries import Named
from app.domains.metrics.rules.batch import SeriesText
from app.domains.metrics.rules.linking import Hint, HintKind, link_hints
from app.domains.metrics.service.registering import LINK_TASK

_PAGE = 2_000
_LINK = text(
    """
    UPDATE metric_series s SET resource_id = l.resource_id, link_state = 'linked'
    FROM unnest(CAST(:ids AS bigint[]), CAST(:resources AS uuid[])) AS l (id, resource_id)
    WHERE s.organization_id = :org AND s.id = l.id
    """
)
_MISSED = text(
    """
    UPDATE metric_series SET link_state = 'none'
    WHERE organization_id = :org AND id = ANY(CAST(:ids AS bigint[])) AND link_state <> 'linked'
    """
)


async def enqueue_linking(session: AsyncSession, organization_id: UUID) -> None:
    """Queue another look for the resources of series that have none, as after a sync."""
    query = select(MetricSeries.id).where(
        MetricSeries.organization_id == organization_id, MetricSeries.link_state != "linked"
    )
    if (await session.execute(query.limit(1))).first() is not None:
        await enqueue(session, LINK_TASK, {"again": True}, organization_id=organization_id, dedupe="again")


async def link_series(organization_id: UUID, *, again: bool = False) -> int:
    """Join series that wait for it to their resources, `again` also those without one; how many were joined.

    Safe to repeat. A series that is joined stays so, also when its resource is gone.
    """
    states = ("pending", "none") if again else ("pending",)
    after, joined = 0, 0
    while True:
        async with tenant_session(organization_id) as session:
            query = (
                select(MetricSeries.id, MetricSeries.name, MetricSeries.labels)
                .where(
                    MetricSeries.organization_id == organization_id,
                    MetricSeries.link_state.in_(states),
                    MetricSeries.id > after,
                )
                .order_by(MetricSeries.id)
                .limit(_PAGE)
            )
            rows = (await session.execute(query)).all()
            if not rows:
                return joined
            hints = {row.id: link_hints(SeriesText(row.name, row.labels)) for row in rows}
            found = await _find(session, organization_id, hints)
            values = {"org": organization_id, "ids": list(found), "resources": list(found.values())}
            await session.execute(_LINK, values)
            await session.execute(_MISSED, {"org": organization_id, "ids": [row.id for row in rows]})
            after, joined = rows[-1].id, joined + len(found)


async def _find(session: AsyncSession, organization_id: UUID, hints: Mapping[int, Sequence[Hint]]) -> dict[int, UUID]:
    """The resource of each series that has one, by its first hint that leads to exactly one."""
    by_kind = _by_kind(hint for some in hints.values() for hint in some)
    words = {kind: {word for hint in some for word in hint.candidates} for kind, some in by_kind.items()}
    types = {hint.native_type for hint in by_kind[HintKind.NAME] if hint.native_type}
    addresses = {word.lower() for word in words.get(HintKind.ADDRESS, ())}
    # Public addresses and host names are aliases of some resources too.
    ids = await inventory.resolve_native_ids(
        session, organization_id, words.get(HintKind.ID, set()) | words.get(HintKind.ADDRESS, set())
    )
    named = _by_word(await queries.find_named(session, organization_id, words.get(HintKind.NAME, ()), types))
    machines = _by_word(await queries.find_machines(session, organization_id, addresses))
    found: dict[int, UUID] = {}
    for series, some in hints.items():
        for hint in some:
            resource_id = _resource_of(hint, ids, named, machines)
            if resource_id is not None:
                found[series] = resource_id
                break
    return found


def _by_kind(hints: Iterable[Hint]) -> dict[HintKind, list[Hint]]:
    made: dict[HintKind, list[Hint]] = defaultdict(list)
    for hint in hints:
        made[hint.kind].append(hint)
    return made


def _by_word(found: Iterable[Named]) -> dict[str, list[Named]]:
    made: dict[str, list[Named]] = defaultdict(list)
    for one in found:
        made[one.word].append(one)
    return made


def _resource_of(
    hint: Hint, ids: Mapping[str, UUID], named: Mapping[str, list[Named]], machines: Mapping[str, list[Named]]
) -> UUID | None:
    for candidate in hint.candidates:
        if hint.kind is HintKind.ID:
            fitting = {ids[candidate]} if candidate in ids else set()
        else:
            known = named.get(candidate, ()) if hint.kind is HintKind.NAME else machines.get(candidate.lower(), ())
            fitting = {one.id for one in known if _fits(hint, one)}
            if not fitting and hint.kind is HintKind.ADDRESS and candidate in ids:
                fitting = {ids[candidate]}
        if len(fitting) == 1:
            return fitting.pop()
    return None


def _fits(hint: Hint, one: Named) -> bool:
    told = (
        (hint.provider, one.provider),
        (hint.account, one.native_account),
        (hint.region, one.region),
        (hint.native_type, one.native_type),
    )
    return all(not wanted or wanted == has for wanted, has in told)
