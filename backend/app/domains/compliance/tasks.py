"""Handlers of inventory facts, and the evaluation as background work."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.database import tenant_session
from app.core.events import handles, publish
from app.core.tasks import TaskContext, enqueue, schedule, task
from app.domains.accounts.events import AccountRemoved
from app.domains.compliance import service
from app.domains.compliance.events import EvaluationFinished
from app.domains.compliance.service import AccountView, Tally
from app.domains.inventory.events import ResourceChanged, SyncFinished


@handles(ResourceChanged)
async def remember_changes(session: AsyncSession, event: ResourceChanged) -> None:
    """Changed resources, and those whose controls read them, are evaluated by the next job."""
    ids = [*event.created, *event.updated, *event.deleted]
    await service.mark_changed(session, event.organization_id, event.account_id, ids, event.native_types)
    await _enqueue_pending(session, event.organization_id, event.account_id)


@handles(SyncFinished)
async def evaluate_after_sync(session: AsyncSession, event: SyncFinished) -> None:
    """A listing that became whole, or failed, changes what is known although no resource changed."""
    await service.mark_knowledge(session, event.organization_id, event.account_id)
    await _enqueue_pending(session, event.organization_id, event.account_id)


@handles(AccountRemoved)
async def forget_account(session: AsyncSession, event: AccountRemoved) -> None:
    """What is no longer connected has no findings."""
    await service.forget_account(session, event.organization_id, event.account_id, utc_now())
    await service.refresh_scores(session, event.organization_id, now=utc_now())


async def _enqueue_pending(session: AsyncSession, organization_id: UUID, account_id: UUID) -> None:
    await enqueue(
        session,
        "compliance.evaluate_pending",
        {"account_id": account_id},
        organization_id=organization_id,
        dedupe=str(account_id),
    )


@task(
    "compliance.evaluate_pending", retries=5, timeout_seconds=600, queue="evaluate", per_organization=1, announce=False
)
async def evaluate_pending(context: TaskContext, account_id: UUID) -> None:
    """Evaluate what changed, a batch a transaction. Safe to repeat: what was evaluated is no longer pending."""
    total, view = Tally(), AccountView(now=utc_now())
    while True:
        async with tenant_session(context.organization_id) as session:
            tally = await service.evaluate_pending(session, context.organization_id, account_id, view)
        if tally.resources == 0:
            break
        total.add(tally)
        await context.raise_if_cancelled()
    await _finish(context, account_id, total)


@task("compliance.evaluate_account", retries=3, timeout_seconds=1_800, queue="evaluate", per_organization=1)
async def evaluate_account(context: TaskContext, account_id: UUID) -> None:
    """Evaluate every resource of an account. Safe to repeat: equal results write nothing."""
    await _evaluate_whole(context, account_id, 0)


@task("compliance.evaluate", retries=3, timeout_seconds=3_600, queue="evaluate", per_organization=1)
async def evaluate_organization(context: TaskContext) -> None:
    """Evaluate every account, as asked for by a person or the clock."""
    async with tenant_session(context.organization_id) as session:
        account_ids = await service.list_account_ids(session, context.organization_id)
    done = 0
    for account_id in account_ids:
        done = await _evaluate_whole(context, account_id, done)


async def _evaluate_whole(context: TaskContext, account_id: UUID, done: int) -> int:
    """Evaluate an account, a batch a transaction; `done` evaluations came before, the new number is returned."""
    total, after, view = Tally(), None, AccountView(now=utc_now())
    while True:
        async with tenant_session(context.organization_id) as session:
            tally, after = await service.evaluate_account(
                session, context.organization_id, account_id, view, after=after
            )
        total.add(tally)
        await context.report_progress(done + total.evaluated)
        await context.raise_if_cancelled()
        if after is None:
            break
    await _finish(context, account_id, total)
    return done + total.evaluated


@schedule("compliance.evaluate_daily", cron="20 3 * * *")
async def evaluate_daily(session: AsyncSession, organization_id: UUID) -> None:
    """Some results change with the clock alone: keys grow old, certificates expire."""
    await enqueue(session, "compliance.evaluate", {}, organization_id=organization_id, dedupe="daily")


async def _finish(context: TaskContext, account_id: UUID, total: Tally) -> None:
    async with tenant_session(context.organization_id) as session:
        await service.refresh_scores(session, context.organization_id, now=utc_now())
        await publish(
            session,
            EvaluationFinished(
                organization_id=context.organization_id,
                account_id=account_id,
                evaluated=total.evaluated,
                opened=total.opened,
                resolved=total.resolved,
            ),
        )
