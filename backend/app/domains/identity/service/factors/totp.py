"""Authenticator apps: set up, confirmed by a first code, used once a step."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from uuid import UUID

import segno
from sqlalchemy import delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import open_installation, seal_installation
from app.domains.identity.errors import TooManyFactors
from app.domains.identity.models import TotpFactor
from app.domains.identity.queries import factors as reads
from app.domains.identity.rules import factors as rules

ISSUER = "CloudOps Pro"


@dataclass(frozen=True, kw_only=True)
class TotpSetup:
    """What the person scans or types in; shown once."""

    id: UUID
    secret: str
    uri: str
    qr_svg: str


async def start_totp(session: AsyncSession, caller: Caller, name: str) -> TotpSetup:
    """A new authenticator app, good for nothing until its first code is confirmed; takes an unfinished one's place.

    The session must be bound to the person. Raises TooManyFactors.
    """
    if len(await reads.list_totp(session, caller.user_id)) >= rules.MAX_FACTORS_OF_A_KIND:
        raise TooManyFactors
    await session.execute(
        delete(TotpFactor).where(TotpFactor.user_id == caller.user_id, TotpFactor.confirmed_at.is_(None))
    )
    seed = secrets.token_bytes(rules.SEED_BYTES)
    factor_id = new_id()
    session.add(
        TotpFactor(
            id=factor_id,
            user_id=caller.user_id,
            name=name,
            seed=await seal_installation(session, "totp_factors", "seed", factor_id, seed),
            created_at=clock.utc_now(),
        )
    )
    await session.flush()
    uri = rules.totp_uri(seed, caller.email, ISSUER)
    return TotpSetup(id=factor_id, secret=rules.encode_seed(seed), uri=uri, qr_svg=draw_qr(uri))


async def use_code(session: AsyncSession, user_id: UUID, code: str) -> bool:
    """Whether the code is right now and was not used before; it is used up by this."""
    now = clock.utc_now()
    for factor in await reads.list_totp(session, user_id):
        if await use_code_of(session, factor, code, now):
            return True
    return False


async def use_code_of(session: AsyncSession, factor: TotpFactor, code: str, now: datetime) -> bool:
    """Like `use_code`, for one app."""
    seed = await open_installation(session, "totp_factors", "seed", factor.id, factor.seed)
    step = rules.find_totp_step(seed.reveal_bytes(), code, now, factor.last_step)
    return step is not None and await _advance(session, factor.id, step, now)


async def _advance(session: AsyncSession, factor_id: UUID, step: int, now: datetime) -> bool:
    """Take the step and all before it, in one statement: of fifty that bring the same code one gets it."""
    taken = await session.execute(
        update(TotpFactor)
        .where(TotpFactor.id == factor_id, or_(TotpFactor.last_step.is_(None), TotpFactor.last_step < step))
        .values(last_step=step, last_used_at=now)
        .returning(TotpFactor.id)
        .execution_options(synchronize_session=False)
    )
    return taken.first() is not None


def draw_qr(text: str) -> str:
    """A whole SVG picture with a white ground, so that it can be scanned in the dark theme as well."""
    drawn = BytesIO()
    segno.make(text, micro=False, error="m").save(
        drawn,
        kind="svg",
        border=4,
        light="white",
        omitsize=True,
        xmldecl=False,
        svgclass=None,
        lineclass=None,
        nl=False,
    )
    return drawn.getvalue().decode()
