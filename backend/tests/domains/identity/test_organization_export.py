"""The export: every table, no secrets, the files, a week's life. And that data is apart by key and prefix."""

import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from app.core.config import Settings
from app.core.database import Base, directory_session, tenant_session
from app.core.ids import new_id
from app.core.secrets import SecretUnreadable, open_sealed, seal
from app.core.storage import get_storage, organization_key
from app.core.tasks import TaskContext
from app.domains.accounts.models import Account
from app.domains.identity import models
from app.domains.identity.service.organizations import deleting, exporting
from fastapi import FastAPI
from sqlalchemy import LargeBinary, select, text
from tests.domains.identity.conftest import Clock, MakePerson, Person, SignIn, bearer

SECRET = "planted-secret-8d1f"
Export = Callable[[Person], Awaitable[tuple[UUID, dict[str, str]]]]


@pytest.fixture
def files(app: FastAPI, settings: Settings, tmp_path: Path) -> Settings:
    made = settings.model_copy(update={"data_dir": tmp_path})
    app.state.settings = made
    return made


@pytest.fixture
def export(client: httpx.AsyncClient, sign_in: SignIn, files: Settings) -> Export:
    """Ask for an export and run its job; gives (export, headers)."""

    async def run(person: Person) -> tuple[UUID, dict[str, str]]:
        headers = bearer((await sign_in(person))["access_token"])
        answer = await client.post("/api/v1/organizations/current/export", headers=headers)
        assert answer.status_code == 202, answer.text
        export_id = UUID(answer.json()["id"])
        context = TaskContext(
            organization_id=person.organization_id, job_id=new_id(), kind="x", attempt=1, lease=new_id()
        )
        await exporting.export_organization(context, export_id, files)
        return export_id, headers

    return run


async def _fill(organization_id: UUID) -> None:
    account_id = new_id()
    async with tenant_session(organization_id) as session:
        blob = await seal(session, organization_id, "accounts", "credentials", account_id, SECRET)
        session.add(
            Account(
                organization_id=organization_id,
                id=account_id,
                provider="aws",
                name="Mäin",
                credentials=blob,
                credentials_kind="access_key",
                native_account_id="42",
                scope={"a": [1, None]},
            )
        )


async def test_an_export_holds_every_table_every_file_and_no_secret(
    client: httpx.AsyncClient, make_person: MakePerson, export: Export, files: Settings, other_organization: UUID
) -> None:
    owner, member = await make_person("owner"), await make_person("viewer")
    stranger = await make_person("viewer", organization_id=other_organization)
    await _fill(owner.organization_id)
    await _fill(other_organization)
    storage = get_storage(files)
    await storage.put_bytes(organization_key(owner.organization_id, "costs", "bill.parquet"), b"PAR1content")
    await storage.put_bytes(organization_key(other_organization, "costs", "theirs.parquet"), b"not ours")
    export_id, headers = await export(owner)
    answer = await client.get(f"/api/v1/organizations/current/exports/{export_id}/download", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment;")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = set(archive.namelist())
    wanted = {
        table.name for table in Base.metadata.sorted_tables if "organization_id" in table.c and table.schema is None
    }
    assert {f"tables/{name}.jsonl" for name in wanted | {"organizations", "users"}} <= names
    assert archive.read("files/costs/bill.parquet") == b"PAR1content"
    assert [name for name in names if name.startswith("files/")] == ["files/costs/bill.parquet"]
    everything = b"".join(archive.read(name) for name in names)
    for planted in (SECRET, "$argon2", str(other_organization), stranger.email, "not ours"):
        assert planted.encode() not in everything, planted
    rows = [json.loads(line) for line in archive.read("tables/accounts.jsonl").splitlines()]
    assert [(row["name"], row["credentials"], row["scope"]) for row in rows] == [
        ("Mäin", {"set": True}, {"a": [1, None]})
    ]
    users = [json.loads(line) for line in archive.read("tables/users.jsonl").splitlines()]
    assert {row["email"] for row in users} == {owner.email, member.email}
    assert all(row["password"] == {"set": True} for row in users)
    _check_schema(archive, wanted)
    listed = (await client.get("/api/v1/organizations/current/exports", headers=headers)).json()
    assert listed[0]["row_counts"]["accounts"] == 1
    assert (listed[0]["state"], listed[0]["file_count"]) == ("ready", 1)


def _check_schema(archive: zipfile.ZipFile, wanted: set[str]) -> None:
    schema: dict[str, Any] = json.loads(archive.read("schema.json"))
    assert set(schema["tables"]) == wanted | {"organizations", "users"}
    for name, described in schema["tables"].items():
        lines = archive.read(f"tables/{name}.jsonl").splitlines()
        assert len(lines) == described["rows"], name
        columns = {column["name"]: column for column in described["columns"]}
        for line in lines:
            row = json.loads(line)
            assert set(row) == set(columns), name
            for column, value in row.items():
                if columns[column]["withheld"]:
                    assert set(value) == {"set"}, (name, column)


def test_every_binary_or_sealed_column_is_withheld() -> None:
    for table in exporting.exported_tables():
        for column in table.columns:
            expected = bool(column.info.get("sealed")) or isinstance(column.type, LargeBinary)
            assert exporting.is_withheld(column) is expected


async def test_a_second_export_waits_for_the_first(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn
) -> None:
    headers = bearer((await sign_in(await make_person("owner")))["access_token"])
    first = await client.post("/api/v1/organizations/current/export", headers=headers)
    second = await client.post("/api/v1/organizations/current/export", headers=headers)
    assert (first.status_code, second.status_code) == (202, 409)
    assert second.json()["type"].endswith("/export-running")
    early = await client.get(f"/api/v1/organizations/current/exports/{first.json()['id']}/download", headers=headers)
    assert early.status_code == 404


@pytest.mark.parametrize("role", ["admin", "auditor"])
async def test_only_an_owner_exports_and_downloads(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, role: str
) -> None:
    headers = bearer((await sign_in(await make_person(role)))["access_token"])
    for method, path in (("POST", "export"), ("GET", "exports"), ("GET", f"exports/{uuid4()}/download")):
        answer = await client.request(method, f"/api/v1/organizations/current/{path}", headers=headers)
        assert answer.status_code == 403


async def test_another_organizations_export_answers_like_an_unknown_one(
    client: httpx.AsyncClient, make_person: MakePerson, sign_in: SignIn, export: Export, other_organization: UUID
) -> None:
    export_id, _ = await export(await make_person("owner"))
    stranger = await make_person("owner", organization_id=other_organization)
    headers = bearer((await sign_in(stranger))["access_token"])
    bodies = []
    for wanted in (export_id, uuid4()):
        answer = await client.get(f"/api/v1/organizations/current/exports/{wanted}/download", headers=headers)
        assert answer.status_code == 404
        bodies.append({name: value for name, value in answer.json().items() if name not in ("request_id", "instance")})
    assert bodies[0] == bodies[1]


async def test_an_export_is_gone_after_a_week(
    client: httpx.AsyncClient, make_person: MakePerson, export: Export, files: Settings, moved_clock: Clock
) -> None:
    owner = await make_person("owner")
    export_id, _ = await export(owner)
    moved_clock.advance(days=6)
    async with tenant_session(owner.organization_id) as session:
        assert await exporting.expire_exports(session, files, owner.organization_id) == 0
    moved_clock.advance(days=1, minutes=1)
    async with tenant_session(owner.organization_id) as session:
        assert await exporting.expire_exports(session, files, owner.organization_id) == 1
    assert await get_storage(files).list_prefix(f"org/{owner.organization_id}/exports/") == []
    async with tenant_session(owner.organization_id) as session:
        row = (await session.execute(select(models.OrganizationExport))).scalar_one()
        assert (row.id, row.state, row.storage_key) == (export_id, "expired", None)


async def test_a_sealed_value_of_every_column_opens_in_its_own_organization_only(
    organization: UUID, other_organization: UUID
) -> None:
    tried = 0
    for table, columns in deleting.sealed_columns():
        for column in columns:
            row_id = new_id()
            async with tenant_session(organization) as session:
                blob = await seal(session, organization, table.name, column, row_id, SECRET)
                opened = await open_sealed(session, organization, table.name, column, row_id, blob)
                assert opened.reveal() == SECRET
            async with tenant_session(other_organization) as session:
                with pytest.raises(SecretUnreadable):
                    await open_sealed(session, other_organization, table.name, column, row_id, blob)
            tried += 1
    assert tried >= 4


OTHER_PATHS = {("audit_events", "path"), ("accounts", "path")}  # of a request, and of folders in a cloud


async def test_every_stored_key_and_every_sealed_value_belongs_to_its_organization(
    make_person: MakePerson, export: Export, files: Settings, organization: UUID, other_organization: UUID
) -> None:
    """Reads the whole store and every column that names a key of it, and opens every sealed value where it stands."""
    await _fill(organization)
    await _fill(other_organization)
    await export(await make_person("owner"))
    known = {str(organization), str(other_organization)}
    keys = await get_storage(files).list_prefix("")
    assert keys
    assert all(key.split("/")[0] == "org" and key.split("/")[1] in known for key in keys)
    opened = 0
    for home in (organization, other_organization):
        async with tenant_session(home) as session:
            for table in Base.metadata.sorted_tables:
                for name in {"storage_key", "logo_key", "source_path", "path"} & set(table.c.keys()):
                    if "organization_id" in table.c and (table.name, name) not in OTHER_PATHS:
                        found = (await session.execute(select(table.c[name]))).scalars().all()
                        assert all(key is None or key.startswith(f"org/{home}/") for key in found), table.name
            for table, columns in deleting.sealed_columns():
                for column in columns:
                    query = select(table.c.id, table.c[column]).where(table.c[column].is_not(None))
                    for row_id, blob in (await session.execute(query)).all():
                        await open_sealed(session, home, table.name, column, row_id, blob)
                        opened += 1
    assert opened >= 2


async def test_no_transaction_sees_another_organizations_rows_in_any_table(
    organization: UUID, other_organization: UUID, make_person: MakePerson
) -> None:
    await make_person("owner")
    await make_person("owner", organization_id=other_organization)
    async with tenant_session(organization) as session:
        for table in exporting.exported_tables():
            foreign = select(table.c.organization_id).where(table.c.organization_id != organization).limit(1)
            assert (await session.execute(foreign)).first() is None, table.name
    async with directory_session() as session:
        await session.execute(text("SELECT 1"))
        for table in exporting.exported_tables():
            assert (await session.execute(select(table.c.organization_id).limit(1))).first() is None, table.name
