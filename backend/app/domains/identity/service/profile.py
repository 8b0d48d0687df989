"""What a signed-in person says about themselves."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import set_user
from app.core.errors import Forbidden, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.domains.identity import queries
from app.domains.identity.events import ProfileChanged
from app.domains.identity.service.sso.restrictions import require_own_sign_in


async def rename_self(session: AsyncSession, caller: Caller, name: str) -> None:
    """Set what the caller is called, in every organization of theirs.

    Raises Forbidden for machines and for sessions that an organization's identity provider gave.
    """
    if caller.kind != "user":
        raise Forbidden("Only people have a name of their own.")
    await require_own_sign_in(session, caller)
    await set_user(session, caller.user_id)
    user = await queries.get_user(session, caller.user_id, lock=True)
    if user is None:
        raise NotFound
    if user.name == name:
        return
    user.name = name
    await session.flush()
    await publish(
        session,
        ProfileChanged(
            organization_id=caller.organization_id,
            user_id=caller.user_id,
            actor_id=caller.user_id,
            client_address=caller.client_address,
            user_agent=caller.user_agent,
            fields=("name",),
        ),
    )
