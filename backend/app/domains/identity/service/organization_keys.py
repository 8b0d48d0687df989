"""The organization's encryption key: rotated by the clock or by an owner, and shown with every other key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock, rotation
from app.core.config import get_settings
from app.core.errors import Conflict
from app.core.events import publish
from app.core.http import Caller
from app.core.rotation import KeyVersion
from app.core.secrets import InstallationKey, rotate_organization_key
from app.core.tasks import Job, enqueue
from app.domains.identity import queries
from app.domains.identity.events import OrganizationKeyRotated

ROTATE_EVERY = timedelta(days=90)
TASK = "identity.reencrypt_organization"
PEOPLE_A_TURN = 500
_ROOT_NAMES = {
    "local": ("AES-256-GCM", "secret.key of the data directory, or CLOUDOPS_SECRET_KEY"),
    "aws-kms": ("AWS KMS, SYMMETRIC_DEFAULT", "AWS KMS"),
    "gcp-kms": ("Cloud KMS, GOOGLE_SYMMETRIC_ENCRYPTION", "Google Cloud KMS"),
    "vault": ("Vault transit, the key's AEAD", "Vault"),
}


class RotationRunning(Conflict):
    """One rotation at a time: the earlier one has not sealed everything anew yet."""

    slug, title = "key-rotation-running", "The key is being replaced already"


@dataclass(frozen=True, kw_only=True)
class InventoryKey:
    """A key and what it is for."""

    name: str
    protects: str
    algorithm: str
    kept_in: str
    made_at: datetime | None
    replaced: str


@dataclass(frozen=True, kw_only=True)
class KeyState:
    """Everything that the key page shows."""

    versions: list[KeyVersion]
    remaining: int
    due_at: datetime
    job_id: UUID | None
    inventory: list[InventoryKey]


async def read_keys(session: AsyncSession, organization_id: UUID) -> KeyState:
    """The organization's key versions with what is left to do, and the other keys that protect it."""
    versions = await rotation.list_versions(session, organization_id)
    query = (
        select(Job.id)
        .where(Job.organization_id == organization_id, Job.kind == TASK, Job.state.in_(("queued", "running")))
        .order_by(Job.created_at.desc())
        .limit(1)
    )
    return KeyState(
        versions=versions,
        remaining=sum(known.values for known in versions if not known.current),
        due_at=versions[0].created_at + ROTATE_EVERY if versions else clock.utc_now(),
        job_id=(await session.execute(query)).scalar_one_or_none(),
        inventory=await _inventory(session, versions),
    )


async def rotate_key(session: AsyncSession, organization_id: UUID, caller: Caller | None = None) -> tuple[int, UUID]:
    """A new version from now on, and the job that seals the rest anew. Raises RotationRunning."""
    if await rotation.needs_reencryption(session, organization_id):
        raise RotationRunning("Wait until nothing needs the older version.")
    version = await rotate_organization_key(session, organization_id)
    await publish(
        session,
        OrganizationKeyRotated(
            organization_id=organization_id,
            actor_id=caller.user_id if caller else None,
            actor_kind="user" if caller else "system",
            client_address=caller.client_address if caller else "",
            user_agent=caller.user_agent if caller else "",
            version=version,
        ),
    )
    return version, await _enqueue(session, organization_id, caller)


async def keep_key_young(session: AsyncSession, organization_id: UUID) -> None:
    """Rotate when it is time, and take up a rotation whose job is gone."""
    if await rotation.needs_reencryption(session, organization_id):
        await _enqueue(session, organization_id, None)
        return
    await rotation.retire_versions(session, organization_id)
    versions = await rotation.list_versions(session, organization_id)
    if versions and versions[0].created_at + ROTATE_EVERY <= clock.utc_now():
        await rotate_key(session, organization_id)


class InstallationTurn:
    """Where this process's passes over the installation's values are; after a restart they begin anew."""

    next_person: UUID | None = None
    unreadable = 0


async def keep_installation_key_young(session: AsyncSession) -> None:
    """One bounded turn: rotate the installation's key when it is time, or seal some more values anew."""
    if await rotation.needs_reencryption(session, None):
        made = await rotation.reencrypt_installation(start=InstallationTurn.next_person, most_people=PEOPLE_A_TURN)
        InstallationTurn.unreadable += made.unreadable
        InstallationTurn.next_person = made.next_person
        if made.next_person is None:
            if InstallationTurn.unreadable == 0:
                await rotation.retire_installation_versions(session)
            InstallationTurn.unreadable = 0
        return
    made_at = (await session.execute(select(func.max(InstallationKey.created_at)))).scalar_one_or_none()
    if made_at is not None and made_at + ROTATE_EVERY <= clock.utc_now():
        await rotate_organization_key(session, None)


async def _enqueue(session: AsyncSession, organization_id: UUID, caller: Caller | None) -> UUID:
    return await enqueue(
        session,
        TASK,
        organization_id=organization_id,
        dedupe="reencrypt",
        requested_by=caller.user_id if caller else None,
    )


async def _inventory(session: AsyncSession, versions: list[KeyVersion]) -> list[InventoryKey]:
    installation = (await session.execute(select(func.max(InstallationKey.created_at)))).scalar_one_or_none()
    now = clock.utc_now()
    signing = [key for key in await queries.list_signing_keys(session) if key.signs_from <= now < key.signs_until]
    algorithm, place = _ROOT_NAMES.get(get_settings().root_key.partition(":")[0], ("unknown", "unknown"))
    return [
        InventoryKey(
            name="Root key",
            protects="The organization keys and the installation key",
            algorithm=algorithm,
            kept_in=place,
            made_at=None,
            replaced="Yearly, by the operator",
        ),
        InventoryKey(
            name="Organization key",
            protects="Cloud credentials, provider secrets and webhook secrets of this organization",
            algorithm="AES-256-GCM, a data key for each value",
            kept_in="Database, wrapped by the root key",
            made_at=versions[0].created_at if versions else None,
            replaced="Every 90 days",
        ),
        InventoryKey(
            name="Installation key",
            protects="Password hashes, second factors, signing keys, pending sign-ins",
            algorithm="AES-256-GCM, a data key for each value",
            kept_in="Database, wrapped by the root key",
            made_at=installation,
            replaced="Every 90 days",
        ),
        InventoryKey(
            name="Access token key",
            protects="Access tokens",
            algorithm="Ed25519",
            kept_in="Database, sealed by the installation key",
            made_at=signing[0].published_at if signing else None,
            replaced="Every 30 days",
        ),
        InventoryKey(
            name="Audit key",
            protects="Signed heads of the audit log",
            algorithm="Ed25519",
            kept_in="Database, sealed by the installation key",
            made_at=None,
            replaced="Never: old heads must stay checkable",
        ),
    ]
