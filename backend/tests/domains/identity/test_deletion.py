"""The end of an organization: what is lost at once, what a restore brings back, and the removal after the grace."""

import asyncio
import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from app.core.config import Settings
from app.core.database import Base, directory_session, set_user, tenant_session
from app.core.directory import DeletedOrganization, DirectoryEntry, DirectoryOrganization
from app.core.errors import NotFound
from app.core.grants import grants_sql
from app.core.ids import new_id
from app.core.secrets import OrganizationKey, SecretUnreadable, open_sealed, seal
from app.core.storage import get_storage, organization_key
from app.core.tasks import Job, TaskContext, enqueue
from app.domains.accounts.models import Account
from app.domains.audit.models import AuditEvent
from app.domains.identity import models, service
from app.domains.identity.rules.organizations import allowed_while_deleted
from app.domains.identity.service.organizations import deleting, removing
from app.domains.inventory.models import SyncUnit
from fastapi import FastAPI
from sqlalchemy import func, select, update
from tests.domains.identity.conftest import Clock, MakePerson, Person, SignIn, bearer

DELETED = {"name": "Example"}


@pytest.fixture
def settings_with_files(app: FastAPI, settings: Settings, tmp_path: Path) -> Settings:
    """The application's settings, its files in a folder of the test's own."""
    made = settings.model_copy(update={"data_dir": tmp_path})
    app.state.settings = made
    return made


@pytest.fixture
async def sealed_account(organization: UUID) -> tuple[UUID, bytes]:
    """An account with sealed credentials: (id, stored bytes)."""
    account_id = new_id()
    async with tenant_session(organization) as session:
        blob = await seal(session, organization, "accounts", "credentials", account_id, "the secret")
        session.add(
            Account(
                organization_id=organization,
                id=account_id,
                provider="aws",
                name="Main",
                credentials_kind="access_key",
                credentials=blob,
                native_account_id="1",
            )
        )
    return account_id, blob


async def _delete(client: httpx.AsyncClient, headers: dict[str, str], body: object = DELETED) -> httpx.Response:
    return await client.request("DELETE", "/api/v1/organizations/current", headers=headers, json=body)


async def _fill(organization_id: UUID, rows: int) -> None:
    async with tenant_session(organization_id) as session:
        account = (await session.execute(select(Account.id))).scalars().first()
        assert account is not None
        for number in range(rows):
            session.add(
                SyncUnit(
                    organization_id=organization_id,
                    id=new_id(),
                    account_id=account,
                    native_account="1",
                    region=f"r{number}",
                    service="ec2",
                )
            )


async def _context(organization_id: UUID) -> TaskContext:
    """The context of a run whose reports are not looked at."""
    return TaskContext(
        organization_id=organization_id, job_id=new_id(), kind=removing.REMOVE_TASK, attempt=1, lease=new_id()
    )


async def test_the_confirmation_is_the_name_and_says_what_is_lost(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    headers = bearer((await sign_in(await make_person("owner")))["access_token"])
    told = (await client.get("/api/v1/organizations/current/deletion", headers=headers)).json()
    assert told["deleted_at"] is None
    assert told["grace_days"] == 30
    assert any("unreadable at once" in line for line in told["lost"])
    refused = await _delete(client, headers, {"name": "example"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "#/name"
    for body in ({}, {"name": ""}, {"name": None}, {"name": "Example", "force": True}):
        assert (await _delete(client, headers, body)).status_code == 422


@pytest.mark.parametrize("role", ["admin", "operator", "viewer"])
async def test_nobody_but_an_owner_deletes(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, role: str
) -> None:
    headers = bearer((await sign_in(await make_person(role)))["access_token"])
    assert (await _delete(client, headers)).status_code == 403


async def test_after_a_deletion_sealed_data_is_unreadable_and_only_owners_get_in(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, sealed_account: tuple[UUID, bytes]
) -> None:
    owner, other = await make_person("owner"), await make_person("admin")
    headers, others = bearer((await sign_in(owner))["access_token"]), bearer((await sign_in(other))["access_token"])
    async with tenant_session(owner.organization_id) as session:
        waiting = await enqueue(
            session, "inventory.sync_account", {"account_id": str(new_id())}, organization_id=owner.organization_id
        )
    answer = await _delete(client, headers)
    assert answer.status_code == 200, answer.text
    assert answer.json()["delete_after"] > answer.json()["deleted_at"]
    account_id, blob = sealed_account
    async with tenant_session(owner.organization_id) as session:
        assert (await session.execute(select(func.count()).select_from(OrganizationKey))).scalar_one() == 0
        with pytest.raises(SecretUnreadable):
            await open_sealed(session, owner.organization_id, "accounts", "credentials", account_id, blob)
        stored = (await session.execute(select(Account.credentials).where(Account.id == account_id))).scalar_one()
        assert stored is None
        job = (await session.execute(select(Job).where(Job.id == waiting))).scalar_one()
        assert job.state == "cancelled"
    assert (await client.get("/api/v1/auth/me", headers=others)).status_code == 401
    login = {"email": other.email, "password": other.password, "client": "native"}
    assert (await client.post("/api/v1/auth/login", json=login)).status_code == 401
    me = (await client.get("/api/v1/auth/me", headers=headers)).json()
    assert "ownership:write" in me["permissions"]
    assert not [name for name in me["permissions"] if name.endswith(":write") and name != "ownership:write"]
    again = await _delete(client, headers)
    assert (again.status_code, again.json()["type"].rsplit("/", 1)[-1]) == (409, "organization-deleted")
    async with tenant_session(owner.organization_id) as session:
        actions = (await session.execute(select(AuditEvent.action))).scalars().all()
    assert "organization.deletion_requested" in actions


async def test_a_restore_lets_the_members_in_again_and_seals_under_a_new_key(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, sealed_account: tuple[UUID, bytes]
) -> None:
    owner, other, shut_out = await make_person("owner"), await make_person("admin"), await make_person("viewer")
    async with tenant_session(owner.organization_id) as session:
        await session.execute(
            update(models.Membership)
            .where(models.Membership.user_id == shut_out.user_id)
            .values(disabled_at=func.now())
        )
    headers = bearer((await sign_in(owner))["access_token"])
    early = await client.post("/api/v1/organizations/current/restore", headers=headers)
    assert (early.status_code, early.json()["type"].rsplit("/", 1)[-1]) == (409, "organization-not-deleted")
    assert (await _delete(client, headers)).status_code == 200
    answer = await client.post("/api/v1/organizations/current/restore", headers=headers)
    assert answer.status_code == 200, answer.text
    await sign_in(other)
    login = {"email": shut_out.email, "password": shut_out.password, "client": "native"}
    assert (await client.post("/api/v1/auth/login", json=login)).status_code == 401
    async with tenant_session(owner.organization_id) as session:
        versions = (await session.execute(select(OrganizationKey.version))).scalars().all()
        assert versions == [2]
        account_id, blob = sealed_account
        with pytest.raises(SecretUnreadable):
            await open_sealed(session, owner.organization_id, "accounts", "credentials", account_id, blob)
        again = await seal(session, owner.organization_id, "accounts", "credentials", account_id, "new")
        opened = await open_sealed(session, owner.organization_id, "accounts", "credentials", account_id, again)
        assert opened.reveal() == "new"


async def _doomed(client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock) -> Person:
    """An owner whose organization's grace is over."""
    owner = await make_person("owner")
    headers = bearer((await sign_in(owner))["access_token"])
    assert (await _delete(client, headers)).status_code == 200
    moved_clock.advance(days=30, minutes=1)
    return owner


async def test_nothing_is_removed_before_the_grace_is_over(
    client: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
    settings_with_files: Settings,
) -> None:
    owner = await make_person("owner")
    headers = bearer((await sign_in(owner))["access_token"])
    assert (await _delete(client, headers)).status_code == 200
    await removing.remove_organization(await _context(owner.organization_id), settings_with_files)
    async with tenant_session(owner.organization_id) as session:
        assert (await session.execute(select(func.count()).select_from(models.Membership))).scalar_one() == 1


async def test_a_removal_that_was_killed_between_batches_is_carried_on_to_the_end(
    client: httpx.AsyncClient,
    make_person: MakePerson,
    sign_in: SignIn,
    sealed_account: tuple[UUID, bytes],
    settings_with_files: Settings,
    other_organization: UUID,
    moved_clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = await make_person("viewer")
    async with tenant_session(other_organization) as session:
        await service.add_member(session, other_organization, elsewhere.user_id, "viewer")
    owner = await _doomed(client, make_person, sign_in, moved_clock)
    organization_id = owner.organization_id
    await _fill(organization_id, 12)
    storage = get_storage(settings_with_files)
    for number in range(3):
        await storage.put_bytes(organization_key(organization_id, "costs", f"{number}.parquet"), b"x")
    await storage.put_bytes(organization_key(other_organization, "costs", "kept.parquet"), b"x")
    async with directory_session() as session:
        session.add(DirectoryEntry(kind="passkey", hash=organization_id.bytes * 2, subject_id=owner.user_id))
        await removing.start_removals(session)
    monkeypatch.setattr(removing, "BATCH_ROWS", 5)
    left: list[int] = []
    runs = 0
    while True:  # a worker that dies after each batch of units
        runs += 1
        context, batches = await _context(organization_id), 0

        async def die_later() -> None:
            nonlocal batches
            batches += 1
            async with tenant_session(organization_id) as session:
                left.append((await session.execute(select(func.count()).select_from(SyncUnit))).scalar_one())
            if len(left) > 1 and left[-1] < left[-2]:
                raise asyncio.CancelledError

        monkeypatch.setattr(context, "raise_if_cancelled", die_later)
        try:
            await removing.remove_organization(context, settings_with_files)
        except asyncio.CancelledError:
            left.append(left[-1])
            continue
        break
    assert runs == 4, left  # after five, five and two units
    await _check_gone(organization_id, owner.user_id)
    assert await storage.list_prefix(f"org/{organization_id}/") == []
    assert await storage.list_prefix(f"org/{other_organization}/") != []
    async with directory_session() as session:
        await set_user(session, elsewhere.user_id)
        assert (await session.execute(select(func.count()).select_from(models.User))).scalar_one() == 1
    await _check_swept(organization_id, moved_clock)


async def _check_gone(organization_id: UUID, user_id: UUID) -> None:
    async with tenant_session(organization_id) as session:
        for table in Base.metadata.sorted_tables:
            if "organization_id" not in table.c or table.schema is not None:
                continue
            query = select(func.count()).select_from(table).where(table.c.organization_id == organization_id)
            count = (await session.execute(query)).scalar_one()
            if table.name in removing.KEPT_TABLES | {"jobs", "events", "organization_deletions", "job_units"}:
                continue
            assert count == 0, table.name
        last = select(AuditEvent.action).order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(1)
        assert (await session.execute(last)).scalar_one() == "organization.removal_started"
    async with directory_session() as session:
        entries = select(func.count()).where(DirectoryEntry.organization_id == organization_id)
        assert (await session.execute(entries)).scalar_one() == 0
        logins = select(func.count()).where(DirectoryEntry.subject_id == user_id)
        assert (await session.execute(logins)).scalar_one() == 0
        await set_user(session, user_id)
        assert (await session.execute(select(func.count()).select_from(models.User))).scalar_one() == 0
        stone = (
            await session.execute(select(DeletedOrganization).where(DeletedOrganization.id == organization_id))
        ).scalar_one()
        assert stone.deleted_by == user_id


async def _check_swept(organization_id: UUID, moved_clock: Clock) -> None:
    async with directory_session() as session:
        await removing.sweep_removed(session)
    async with directory_session() as session:  # the sealer has its hour
        assert await session.get(DirectoryOrganization, organization_id) is not None
    moved_clock.offset += timedelta(hours=2)
    async with directory_session() as session:
        await removing.sweep_removed(session)
    async with directory_session() as session:
        assert await session.get(DirectoryOrganization, organization_id) is None
    async with tenant_session(organization_id) as session:
        for table in Base.metadata.sorted_tables:
            if "organization_id" in table.c and table.schema is None and table.name not in removing.KEPT_TABLES:
                query = select(func.count()).select_from(table).where(table.c.organization_id == organization_id)
                assert (await session.execute(query)).scalar_one() == 0, table.name
        with pytest.raises(NotFound):
            await service.get_organization(session, organization_id)


async def test_a_removal_cannot_be_taken_back_once_the_grace_is_over(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, moved_clock: Clock
) -> None:
    owner = await _doomed(client, make_person, sign_in, moved_clock)
    headers = bearer((await sign_in(owner))["access_token"])
    answer = await client.post("/api/v1/organizations/current/restore", headers=headers)
    assert (answer.status_code, answer.json()["type"].rsplit("/", 1)[-1]) == (409, "organization-deleted")


def test_the_tables_that_stay_are_those_that_the_products_role_may_not_delete_from() -> None:
    found = re.search(r"item\.short IN \(([^)]*)\) THEN 'SELECT, INSERT ON TABLE'", grants_sql("cop_app"))
    assert found is not None
    assert set(re.findall(r"'(\w+)'", found.group(1))) == removing.KEPT_TABLES


def test_every_table_of_organizations_is_emptied_kept_or_swept() -> None:
    tables = {
        table.name for table in Base.metadata.sorted_tables if "organization_id" in table.c and table.schema is None
    }
    emptied = {table.name for table in removing.tables_to_empty()}
    assert emptied | removing.KEPT_TABLES | removing._LAST_TABLES == tables
    assert len(emptied) > 20


def test_a_deleted_organization_leaves_only_reading_and_the_way_back() -> None:
    kept = allowed_while_deleted(frozenset({"costs:read", "accounts:write", "ownership:write", "assistant:use"}))
    assert kept == {"costs:read", "ownership:write"}


def test_sealed_columns_of_organizations_can_be_emptied() -> None:
    stuck = [
        f"{table.name}.{column}"
        for table, columns in deleting.sealed_columns()
        for column in columns
        if not table.c[column].nullable
    ]
    assert stuck == [], "a sealed column that cannot be null stays in the row after a deletion"
