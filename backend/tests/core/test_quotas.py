"""Quotas: fifty at once do not pass a limit, the operator's word holds, spending, and what the settings say."""

import asyncio
from uuid import UUID

import pytest
from app.cli.failures import UsageError
from app.cli.organizations import _show_quotas, parse_limits
from app.core import quotas
from app.core.config import Settings
from app.core.database import Database, directory_session, tenant_session
from app.core.ids import new_id
from app.core.keeping import BOUNDS, kept_days, kept_for, set_kept_days
from app.core.quotas import QuotaExceeded, take_quota
from app.domains.accounts.models import Account
from app.domains.audit.models import AuditEvent
from app.domains.identity import service as identity
from pydantic import ValidationError
from sqlalchemy import func, select


@pytest.fixture
async def organization(database: Database, root_key: None) -> UUID:
    async with directory_session() as session:
        made = (await identity.create_organization(session, "Limits")).id
    return made


@pytest.fixture
def root_key() -> None:
    from app.core.secrets import use_root_key
    from tests.domains.conftest import FixedRootKey

    use_root_key(FixedRootKey())


async def _add_account(organization_id: UUID, *, before: bool) -> bool:
    """Add an account under the quota, asked before or after the row is written."""
    try:
        async with tenant_session(organization_id) as session:
            if before:
                await take_quota(session, organization_id, "accounts")
            session.add(
                Account(
                    organization_id=organization_id, id=new_id(), provider="aws", name="x", credentials_kind="ambient"
                )
            )
            await session.flush()
            if not before:
                await quotas.check_quota_kept(session, organization_id, "accounts", 1)
    except QuotaExceeded as refused:
        return refused.extensions != {"kind": "accounts", "limit": 7, "used": 7}  # a wrong refusal counts as added
    return True


@pytest.mark.parametrize("before", [True, False], ids=["asked-first", "asked-last"])
async def test_fifty_at_once_do_not_pass_the_limit(organization: UUID, before: bool) -> None:
    async with tenant_session(organization) as session:
        await quotas.set_limit(session, organization, "accounts", 7)
    gate = asyncio.Semaphore(5)  # as many as the pool has connections at once

    async def add() -> bool:
        async with gate:
            return await _add_account(organization, before=before)

    results = await asyncio.gather(*(add() for _ in range(50)))
    assert results.count(True) == 7
    async with tenant_session(organization) as session:
        assert (await session.execute(select(func.count()).select_from(Account))).scalar_one() == 7


async def test_a_limit_of_one_organization_says_nothing_of_another(organization: UUID) -> None:
    async with directory_session() as session:
        other = (await identity.create_organization(session, "Other")).id
    async with tenant_session(organization) as session:
        await quotas.set_limit(session, organization, "accounts", 0)
    assert await _refused(organization)
    assert not await _refused(other)
    async with tenant_session(organization) as session:
        await quotas.clear_limit(session, organization, "accounts")
    assert not await _refused(organization)


async def _refused(organization_id: UUID) -> bool:
    try:
        async with tenant_session(organization_id) as session:
            await take_quota(session, organization_id, "accounts")
    except QuotaExceeded:
        return True
    return False


async def test_spending_is_counted_by_month_and_refused_once_nothing_is_left(organization: UUID) -> None:
    async with tenant_session(organization) as session:
        await quotas.set_limit(session, organization, "assistant", 100)
        await quotas.spend(session, organization, "assistant", 60)
        await quotas.spend(session, organization, "assistant", 60)
        with pytest.raises(QuotaExceeded) as refused:
            await quotas.spend(session, organization, "assistant", 1)
        assert refused.value.used == 120
        listed = {quota.kind: quota for quota in await quotas.list_quotas(session, organization)}
    assert (listed["assistant"].used, listed["assistant"].limit, listed["assistant"].period) == (120, 100, "month")


async def test_no_limit_is_no_limit(organization: UUID) -> None:
    async with tenant_session(organization) as session:
        await quotas.set_limit(session, organization, "resources", None)
        await take_quota(session, organization, "resources", 10**12)


def test_the_settings_give_every_organization_its_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDOPS_QUOTAS", "accounts=20, users=none")
    assert Settings().quotas == {"accounts": 20, "users": None}
    monkeypatch.setenv("CLOUDOPS_QUOTAS", "accounts=many")
    with pytest.raises(ValidationError):
        Settings()


@pytest.mark.parametrize(
    "given", ["accounts", "accounts=", "accounts=-1", "accounts=1.5", "accounts=١", "boats=1", "=1", "users=9" * 20]
)
def test_the_operators_mistakes_are_told(given: str) -> None:
    with pytest.raises(UsageError):
        parse_limits([given])


async def test_what_the_operator_sets_holds_and_is_on_record(
    organization: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    await _show_quotas(organization, {"accounts": 3, "users": "none"})
    shown = capsys.readouterr().out
    assert "of 3 account" in shown
    assert "of no limit member" in shown
    async with tenant_session(organization) as session:
        query = select(AuditEvent).where(AuditEvent.action == "quota.changed").order_by(AuditEvent.subject_id)
        rows = (await session.execute(query)).scalars().all()
    assert [(row.subject_id, row.changes, row.actor_kind) for row in rows] == [
        ("accounts", {"limit": 3}, "operator"),
        ("users", {"limit": "none"}, "operator"),
    ]


def test_the_operator_sets_numbers_none_and_default() -> None:
    assert parse_limits(["accounts=5", "users=none", "storage=default"]) == {
        "accounts": 5,
        "users": "none",
        "storage": "default",
    }


async def test_rows_are_kept_as_long_as_the_organization_says_within_todays_bounds(organization: UUID) -> None:
    async with tenant_session(organization) as session:
        assert await kept_days(session, organization) == {kind: found.default for kind, found in BOUNDS.items()}
        await set_kept_days(session, organization, {"audit": 1, "alerts": 99_999, "jobs": 60})
        kept = await kept_days(session, organization)
        assert (kept["audit"], kept["alerts"], kept["jobs"]) == (BOUNDS["audit"].least, BOUNDS["alerts"].most, 60)
        assert (await kept_for(session, organization, "jobs")).days == 60
