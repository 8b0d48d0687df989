"""Signed heads: what a database administrator cannot make, because the key opens only with the root key."""

import logging
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import new_id
from app.core.secrets import SecretUnreadable, open_installation, seal_installation
from app.domains.audit import queries, rules
from app.domains.audit.models import AuditHead, AuditSigningKey
from app.domains.audit.service.sealing import lock_chain

logger = logging.getLogger(__name__)
_KEY_LOCK = 0x636F_7004


async def sign_head(session: AsyncSession, organization_id: UUID) -> AuditHead | None:
    """Sign the chain as it is; None when nothing was sealed since the last time.

    The signed head also goes to the log of the process: a copy that the database's administrator cannot reach.
    """
    await lock_chain(session, organization_id)
    link = await queries.get_last_seal(session, organization_id)
    before = await queries.get_last_head(session, organization_id)
    if link is None or (before is not None and before.number >= link.number):
        return None
    key_id, private = await signing_key(session)
    head = AuditHead(
        organization_id=organization_id,
        id=new_id(),
        position=before.position + 1 if before else 1,
        number=link.number,
        hash=link.hash,
        signed_at=clock.utc_now(),
        key_id=key_id,
    )
    head.signature = private.sign(head_bytes(head, before.signature if before else b""))
    session.add(head)
    await session.flush()
    logger.info("audit head of %s: number %d, hash %s", organization_id, head.number, head.hash.hex())
    return head


def head_bytes(head: AuditHead, previous_signature: bytes) -> bytes:
    """What a head's signature is over."""
    return rules.head_bytes(
        organization_id=head.organization_id,
        position=head.position,
        number=head.number,
        chain_hash=head.hash,
        signed_at=head.signed_at,
        previous_signature=previous_signature,
    )


async def read_public_keys(session: AsyncSession) -> dict[UUID, Ed25519PublicKey]:
    """Public keys by id, taken from the sealed private parts: what stands in the open column proves nothing."""
    keys: dict[UUID, Ed25519PublicKey] = {}
    for row in await queries.list_signing_keys(session):
        try:
            keys[row.id] = (await _open(session, row)).public_key()
        except (SecretUnreadable, ValueError):
            logger.warning("the audit key %s cannot be opened; heads that it signed do not count", row.id)
    return keys


def is_signed(head: AuditHead, previous_signature: bytes, keys: dict[UUID, Ed25519PublicKey]) -> bool:
    """Whether one of our keys signed exactly this head after exactly that one."""
    key = keys.get(head.key_id)
    if key is None:
        return False
    try:
        key.verify(head.signature, head_bytes(head, previous_signature))
    except InvalidSignature:
        return False
    return True


async def signing_key(session: AsyncSession) -> tuple[UUID, Ed25519PrivateKey]:
    """The newest key; the first one is made when it is needed."""
    rows = await queries.list_signing_keys(session)
    if not rows:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _KEY_LOCK})
        rows = await queries.list_signing_keys(session)
    if rows:
        return rows[-1].id, await _open(session, rows[-1])
    private = Ed25519PrivateKey.generate()
    key_id = new_id()
    sealed = await seal_installation(session, "audit_signing_keys", "private_key", key_id, private.private_bytes_raw())
    public = private.public_key().public_bytes_raw()
    session.add(AuditSigningKey(id=key_id, public_key=public, private_key=sealed))
    await session.flush()
    return key_id, private


async def _open(session: AsyncSession, row: AuditSigningKey) -> Ed25519PrivateKey:
    secret = await open_installation(session, "audit_signing_keys", "private_key", row.id, row.private_key)
    return Ed25519PrivateKey.from_private_bytes(secret.reveal_bytes())
