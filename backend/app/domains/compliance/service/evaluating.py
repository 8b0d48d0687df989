"""From stored resources to results: which controls run on what, in batches that each are one transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.compliance import queries
from app.domains.compliance.models import PendingEvaluation
from app.domains.compliance.queries import StoredResource
from app.domains.compliance.rules.catalogue import CONTROLS, CONTROLS_BY_TYPE, controls_reading
from app.domains.compliance.rules.model import Control, Sibling, Surroundings, evaluate
from app.domains.compliance.service.storing import Evaluated, forget_resources, store_results

BATCH = 2_000
_SIBLING_LIMIT = 200_000


@dataclass
class Tally:
    """What an evaluation did."""

    resources: int = 0
    evaluated: int = 0
    opened: int = 0
    resolved: int = 0

    def add(self, other: "Tally") -> None:
        """Count another batch."""
        self.resources += other.resources
        self.evaluated += other.evaluated
        self.opened += other.opened
        self.resolved += other.resolved


@dataclass
class AccountView:
    """What controls may read of one connected account besides the resource, loaded once an evaluation."""

    now: datetime
    known: dict[str, set[str]]
    siblings: dict[tuple[str, str], list[Sibling]] = field(default_factory=lambda: defaultdict(list))

    def of(self, native_account: str) -> Surroundings:
        """The surroundings within one cloud account."""
        return Surroundings(now=self.now, siblings=self._reader(native_account))

    def _reader(self, native_account: str) -> Callable[[str], Sequence[Sibling] | None]:
        known = self.known.get(native_account, set())

        def read(native_type: str) -> Sequence[Sibling] | None:
            return self.siblings.get((native_account, native_type), []) if native_type in known else None

        return read


def evaluate_batch(batch: Iterable[StoredResource], view: AccountView) -> list[Evaluated]:
    """Every control that concerns each resource. Pure: no database, the clock is the view's."""
    around: dict[str, Surroundings] = {}
    results: list[Evaluated] = []
    for resource, native_account in batch:
        controls = CONTROLS_BY_TYPE.get(resource.native_type)
        if controls is None:
            continue
        surroundings = around.get(native_account)
        if surroundings is None:
            surroundings = around[native_account] = view.of(native_account)
        results += [Evaluated(resource, control, evaluate(control, resource, surroundings)) for control in controls]
    return results


async def load_view(
    session: AsyncSession, organization_id: UUID, account_id: UUID, controls: Iterable[Control], now: datetime
) -> AccountView:
    """The listings that these controls read besides their own resource."""
    view = AccountView(now=now, known=await queries.known_types(session, organization_id, account_id))
    types = sorted({native_type for control in controls for native_type in control.reads})
    if types:
        rows = await queries.read_resources(
            session, organization_id, account_id, native_types=types, limit=_SIBLING_LIMIT
        )
        for resource, native_account in rows:
            view.siblings[native_account, resource.native_type].append(
                Sibling(resource.native_id, resource.region, resource.properties, resource.unread_fields)
            )
    return view


async def evaluate_account(
    session: AsyncSession, organization_id: UUID, account_id: UUID, *, now: datetime, after: UUID | None
) -> tuple[Tally, UUID | None]:
    """One batch of a full evaluation, after the resource `after`: what it did, and where to go on (None: done)."""
    rows = await queries.read_resources(
        session, organization_id, account_id, native_types=sorted(CONTROLS_BY_TYPE), after=after, limit=BATCH
    )
    if not rows:
        return Tally(), None
    view = await load_view(session, organization_id, account_id, _controls_of(rows), now)
    tally = await _store(session, organization_id, account_id, evaluate_batch(rows, view), now)
    return tally, rows[-1].resource.id if len(rows) == BATCH else None


async def evaluate_pending(session: AsyncSession, organization_id: UUID, account_id: UUID, *, now: datetime) -> Tally:
    """Evaluate up to a batch of changed resources, and what reads them; nothing pending: an empty tally.

    The pending rows are removed in the same transaction as the results are stored.
    """
    taken = (
        select(PendingEvaluation.resource_id)
        .where(PendingEvaluation.organization_id == organization_id, PendingEvaluation.account_id == account_id)
        .order_by(PendingEvaluation.resource_id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    removal = (
        delete(PendingEvaluation)
        .where(PendingEvaluation.organization_id == organization_id, PendingEvaluation.account_id == account_id)
        .where(PendingEvaluation.resource_id.in_(taken))
        .returning(PendingEvaluation.resource_id)
    )
    ids = list((await session.scalars(removal)).all())
    if not ids:
        return Tally()
    rows = await queries.read_resources(session, organization_id, account_id, ids=ids, limit=BATCH)
    found = {row.resource.id for row in rows}
    gone = [resource_id for resource_id in ids if resource_id not in found]
    tally = Tally(resources=len(ids), resolved=await forget_resources(session, organization_id, gone, now))
    view = await load_view(session, organization_id, account_id, _controls_of(rows), now)
    tally.add(await _store(session, organization_id, account_id, evaluate_batch(rows, view), now))
    return tally


async def mark_changed(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    resource_ids: Sequence[UUID],
    native_types: Sequence[str],
) -> None:
    """Remember what a change makes necessary to evaluate: the resources, and those whose controls read them."""
    readers = controls_reading(native_types)
    types = sorted({native_type for control in readers for native_type in control.native_types})
    ids = set(resource_ids)
    if types:
        ids |= set(await queries.list_resource_ids(session, organization_id, account_id, types))
    rows = [
        {"organization_id": organization_id, "account_id": account_id, "resource_id": resource_id}
        for resource_id in sorted(ids)
    ]
    for start in range(0, len(rows), 5_000):
        await session.execute(insert(PendingEvaluation).on_conflict_do_nothing(), rows[start : start + 5_000])


def _controls_of(rows: Sequence[StoredResource]) -> list[Control]:
    types = {row.resource.native_type for row in rows}
    return [control for control in CONTROLS.values() if types.intersection(control.native_types)]


async def _store(
    session: AsyncSession, organization_id: UUID, account_id: UUID, results: Sequence[Evaluated], now: datetime
) -> Tally:
    opened, resolved = await store_results(session, organization_id, account_id, results, now)
    return Tally(evaluated=len(results), opened=opened, resolved=resolved)
