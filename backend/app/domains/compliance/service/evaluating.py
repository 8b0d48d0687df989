"""From stored resources to results: which controls run on what, in batches that each are one transaction."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.compliance import queries
from app.domains.compliance.queries import StoredResource
from app.domains.compliance.rules.catalogue import CONTROLS_BY_TYPE
from app.domains.compliance.rules.model import Control, Sibling, Surroundings, evaluate
from app.domains.compliance.service.pending import take_resources, take_types
from app.domains.compliance.service.storing import Evaluated, forget_resources, store_results

BATCH = 2_000


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
    """What controls may read of one connected account besides the resource; kept from batch to batch of a job.

    A change of a type is pending from the transaction that made it, so a batch that sees a new resource also sees
    which listings are out of date (`forget`).
    """

    now: datetime
    known: dict[str, set[str]] = field(default_factory=dict)
    listings: dict[str, dict[str, list[Sibling]]] = field(default_factory=dict)  # by type and cloud account number
    _surroundings: dict[str, Surroundings] = field(default_factory=dict)

    def of(self, native_account: str) -> Surroundings:
        """The surroundings within one cloud account."""
        found = self._surroundings.get(native_account)
        if found is None:
            found = Surroundings(now=self.now, siblings=self._reader(native_account))
            self._surroundings[native_account] = found
        return found

    def _reader(self, native_account: str) -> Callable[[str], Sequence[Sibling] | None]:
        def read(native_type: str) -> Sequence[Sibling] | None:
            if native_type not in self.known.get(native_account, ()):
                return None
            return self.listings[native_type].get(native_account, ())

        return read

    def forget(self, native_types: Iterable[str]) -> None:
        """These listings changed and are read anew when needed."""
        for native_type in native_types:
            self.listings.pop(native_type, None)

    async def refresh(
        self, session: AsyncSession, organization_id: UUID, account_id: UUID, rows: Iterable[StoredResource]
    ) -> None:
        """Read what the controls of these resources need and the view lacks."""
        self._surroundings.clear()
        self.known = await queries.known_types(session, organization_id, account_id)
        wanted = {
            native_type
            for own in {row.resource.native_type for row in rows}
            for control in CONTROLS_BY_TYPE.get(own, ())
            for native_type in control.reads
        }
        known = set().union(*self.known.values())
        for native_type in sorted(wanted & known - self.listings.keys()):
            self.listings[native_type] = await queries.read_listing(session, organization_id, account_id, native_type)


def evaluate_batch(
    batch: Iterable[StoredResource],
    view: AccountView,
    controls_by_type: Mapping[str, Sequence[Control]] = CONTROLS_BY_TYPE,
) -> list[Evaluated]:
    """Every control that concerns each resource. Pure: no database, the clock is the view's."""
    results: list[Evaluated] = []
    seen, around = None, view.of("")
    for resource, native_account in batch:
        controls = controls_by_type.get(resource.native_type)
        if controls is None:
            continue
        if native_account != seen:
            seen, around = native_account, view.of(native_account)
        for control in controls:
            results.append((resource, control, evaluate(control, resource, around)))  # noqa: PERF401  # faster
    return results


async def evaluate_account(
    session: AsyncSession, organization_id: UUID, account_id: UUID, view: AccountView, *, after: UUID | None
) -> tuple[Tally, UUID | None]:
    """One batch of a full evaluation, after the resource `after`: what it did, and where to go on (None: done)."""
    known = await queries.lock_account(session, organization_id, account_id)
    if known is None:
        return Tally(), None
    view.forget(await take_types(session, organization_id, account_id, set().union(*known.values())))
    rows = await queries.read_resources(
        session, organization_id, account_id, native_types=sorted(CONTROLS_BY_TYPE), after=after, limit=BATCH
    )
    if not rows:
        return Tally(), None
    tally = await _evaluate(session, organization_id, account_id, view, rows)
    return tally, rows[-1].resource.id if len(rows) == BATCH else None


async def evaluate_pending(session: AsyncSession, organization_id: UUID, account_id: UUID, view: AccountView) -> Tally:
    """Evaluate up to a batch of changed resources, and what reads them; nothing pending: an empty tally.

    The pending rows are removed in the same transaction as the results are stored. Evaluations of an account take
    turns: what one reads cannot be overtaken by what another stores.
    """
    known = await queries.lock_account(session, organization_id, account_id)
    if known is None:
        return Tally()
    view.forget(await take_types(session, organization_id, account_id, set().union(*known.values())))
    ids = await take_resources(session, organization_id, account_id, BATCH)
    if not ids:
        return Tally()
    rows = await queries.read_resources(
        session, organization_id, account_id, native_types=sorted(CONTROLS_BY_TYPE), ids=ids, limit=BATCH
    )
    absent = set(ids) - {row.resource.id for row in rows}
    gone = sorted(absent - await queries.list_open_resource_ids(session, organization_id, sorted(absent)))
    tally = Tally(resources=len(ids), resolved=await forget_resources(session, organization_id, gone, view.now))
    tally.add(await _evaluate(session, organization_id, account_id, view, rows))
    return tally


async def _evaluate(
    session: AsyncSession,
    organization_id: UUID,
    account_id: UUID,
    view: AccountView,
    rows: Sequence[StoredResource],
) -> Tally:
    await view.refresh(session, organization_id, account_id, rows)
    results = evaluate_batch(rows, view)
    opened, resolved = await store_results(session, organization_id, account_id, results, view.now)
    return Tally(evaluated=len(results), opened=opened, resolved=resolved)
