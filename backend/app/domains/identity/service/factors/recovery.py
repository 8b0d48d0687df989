"""Recovery codes: ten, shown once, each used once."""

from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.ids import new_id
from app.domains.identity.models import RecoveryCode
from app.domains.identity.queries import factors as reads
from app.domains.identity.rules import factors as rules


async def replace_codes(session: AsyncSession, user_id: UUID) -> list[str]:
    """Make ten codes; the earlier ones do not work any more. The session must be bound to the person."""
    await session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    codes = [rules.new_recovery_code() for _ in range(rules.RECOVERY_CODES)]
    now = clock.utc_now()
    session.add_all(
        RecoveryCode(id=new_id(), user_id=user_id, hash=rules.recovery_hash(code), created_at=now) for code in codes
    )
    await session.flush()
    return codes


async def add_missing_codes(session: AsyncSession, user_id: UUID) -> list[str] | None:
    """Codes for somebody who has none yet; None for everybody else."""
    return None if await reads.read_recovery_state(session, user_id) else await replace_codes(session, user_id)


async def use_code(session: AsyncSession, user_id: UUID, code: str) -> bool:
    """Whether the code is one of the person's and was not used before; it is used up by this, in one statement."""
    found = rules.recovery_hash(code)
    if found is None:
        return False
    taken = await session.execute(
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.hash == found, RecoveryCode.used_at.is_(None))
        .values(used_at=clock.utc_now())
        .returning(RecoveryCode.id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None
