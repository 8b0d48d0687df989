"""Replacing an organization's key by a process that is killed at random moments: it goes on, and every value opens."""

import os
from collections.abc import Iterator
from uuid import UUID

import pytest
from app.core import rotation
from app.core.database import Database, tenant_session
from app.core.ids import new_id
from app.core.rootkey import LocalRootKey
from app.core.secrets import create_organization_key, open_sealed, rotate_organization_key, seal, use_root_key
from app.core.secrets import sealed_key_version as version_of
from sqlalchemy import text
from tests.support.killed import ROOT_KEY, Child

VALUES = int(os.environ.get("CLOUDOPS_TEST_ROTATION_VALUES", "400"))
KILLS = int(os.environ.get("CLOUDOPS_TEST_ROTATION_KILLS", "6"))
ROTATE = """
from app.core import rotation
await rotation.reencrypt_organization(UUID("{organization}"), batch_rows=5)
"""
PUT = text(
    "INSERT INTO audit_sinks (organization_id, id, name, kind, url, secret, enabled, position, failures)"
    " VALUES (:o, :i, 'x', 'webhook', 'x', :b, true, 0, 0)"
)


@pytest.fixture(autouse=True)
def root_key() -> Iterator[None]:
    use_root_key(LocalRootKey(ROOT_KEY))
    yield
    use_root_key(None)


async def read_all(organization_id: UUID) -> tuple[dict[UUID, str], dict[int, int]]:
    """Every value opened, and how many there are of each key version."""
    opened: dict[UUID, str] = {}
    versions: dict[int, int] = {}
    async with tenant_session(organization_id) as session:
        rows = await session.execute(text("SELECT id, secret FROM audit_sinks"))
        for row_id, blob in rows.all():
            value = await open_sealed(session, organization_id, "audit_sinks", "secret", row_id, blob)
            opened[UUID(str(row_id))] = value.reveal()
            versions[version_of(blob)] = versions.get(version_of(blob), 0) + 1
    return opened, versions


@pytest.mark.timeout(240)
async def test_a_rotation_killed_at_random_moments_goes_on_and_every_value_opens(
    database: Database, database_urls: tuple[str, str], organization_id: UUID, capsys: pytest.CaptureFixture[str]
) -> None:
    values = {new_id(): f"value {number}" for number in range(VALUES)}
    async with tenant_session(organization_id) as session:
        await create_organization_key(session, organization_id)
        for row_id, value in values.items():
            blob = await seal(session, organization_id, "audit_sinks", "secret", row_id, value)
            await session.execute(PUT, {"o": organization_id, "i": row_id, "b": blob})
    async with tenant_session(organization_id) as session:
        await rotate_organization_key(session, organization_id)
    body, states, kills = ROTATE.format(organization=organization_id), [], 0
    while kills < KILLS:
        child = Child(database_urls[1], body)
        killed = await child.kill_after(0.25)
        opened, versions = await read_all(organization_id)
        assert opened == values  # after each kill, whatever it hit
        states.append(versions.get(2, 0))
        kills += killed
        if not killed:
            break  # it came to its end before the kill
    assert kills
    assert states == sorted(states)  # it never goes back
    assert Child(database_urls[1], body).process.wait(60) == 0
    opened, versions = await read_all(organization_id)
    assert (opened, versions) == (values, {2: VALUES})
    async with tenant_session(organization_id) as session:
        known = await rotation.list_versions(session, organization_id)
    assert [(row.version, row.values, row.retired_at is not None) for row in known] == [
        (2, VALUES, False),
        (1, 0, True),
    ]
    with capsys.disabled():
        print(f"\nrotation of {VALUES} values killed {kills} times (sealed anew at each: {states}); all open")  # noqa: T201
