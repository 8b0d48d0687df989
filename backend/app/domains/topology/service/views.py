"""Saved questions: one's own, or shown to everybody in the organization."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.clock import utc_now
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.pagination import Page, cursor_uuid, decode_cursor, encode_cursor, invalid_cursor
from app.domains.topology import queries
from app.domains.topology.errors import NotYourView, ViewNameTaken
from app.domains.topology.events import TopologyViewChanged
from app.domains.topology.models import TopologyView
from app.domains.topology.schemas import TopologyViewCreate, TopologyViewRead, TopologyViewUpdate


async def list_views(
    session: AsyncSession, caller: Caller, *, limit: int, cursor: str | None
) -> Page[TopologyViewRead]:
    """One's own views and the shared ones, by name."""
    key = decode_cursor(cursor, 2)
    if key is not None and (not isinstance(key[0], str) or "\x00" in key[0]):
        raise invalid_cursor()
    after = (key[0], cursor_uuid(key[1])) if key else None
    rows = await queries.list_views(session, caller.organization_id, caller.user_id, after=after, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[_read(row, caller) for row in rows[:limit]],
        next_cursor=encode_cursor(last.name, last.id) if last is not None else None,
    )


async def read_view(session: AsyncSession, caller: Caller, view_id: UUID) -> TopologyViewRead:
    """One view. Raises ViewNotFound."""
    return _read(await queries.get_view(session, caller.organization_id, view_id, caller.user_id), caller)


async def create_view(session: AsyncSession, caller: Caller, body: TopologyViewCreate) -> TopologyViewRead:
    """Save a question. Raises ViewNameTaken."""
    await _check_name(session, caller, body.name)
    now = utc_now()
    view = TopologyView(
        organization_id=caller.organization_id,
        id=new_id(),
        owner_id=caller.user_id,
        name=body.name,
        shared=body.shared,
        query=body.query,
        created_at=now,
        updated_at=now,
    )
    session.add(view)
    await session.flush()
    await _announce(session, caller, view.id, "created", ("name", "shared", "query"))
    return _read(view, caller)


async def update_view(
    session: AsyncSession, caller: Caller, view_id: UUID, body: TopologyViewUpdate
) -> TopologyViewRead:
    """Change the given fields of one's own view. Raises ViewNotFound, NotYourView and ViewNameTaken."""
    view = await _get_own(session, caller, view_id)
    changes = {name: value for name, value in body.model_dump(exclude_unset=True).items() if value is not None}
    if "name" in changes:
        await _check_name(session, caller, changes["name"], but=view_id)
    for name, value in changes.items():
        setattr(view, name, value)
    view.updated_at = utc_now()
    await session.flush()
    await _announce(session, caller, view_id, "updated", tuple(changes))
    return _read(view, caller)


async def delete_view(session: AsyncSession, caller: Caller, view_id: UUID) -> None:
    """Remove one's own view. Raises ViewNotFound and NotYourView."""
    view = await _get_own(session, caller, view_id)
    await session.delete(view)
    await session.flush()
    await _announce(session, caller, view_id, "deleted", ())


async def _get_own(session: AsyncSession, caller: Caller, view_id: UUID) -> TopologyView:
    view = await queries.get_view(session, caller.organization_id, view_id, caller.user_id, lock=True)
    if view.owner_id != caller.user_id:
        raise NotYourView
    return view


async def _check_name(session: AsyncSession, caller: Caller, name: str, *, but: UUID | None = None) -> None:
    if await queries.has_view_named(session, caller.organization_id, caller.user_id, name, but=but):
        raise ViewNameTaken


async def _announce(session: AsyncSession, caller: Caller, view_id: UUID, action: str, fields: tuple[str, ...]) -> None:
    event = TopologyViewChanged(
        organization_id=caller.organization_id,
        actor_id=caller.user_id,
        view_id=view_id,
        action=action,
        fields=fields,
    )
    await publish(session, event)


def _read(view: TopologyView, caller: Caller) -> TopologyViewRead:
    fields = {name: getattr(view, name) for name in TopologyViewRead.model_fields if name != "is_own"}
    return TopologyViewRead(**fields, is_own=view.owner_id == caller.user_id)
