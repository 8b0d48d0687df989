"""From an API key to its caller: checksum, one cached look-up, address list, and rights as its owner has them now."""

import contextlib
import logging
import time
from collections import OrderedDict
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.errors import Unauthenticated
from app.core.http import Caller
from app.core.scope import intersect, read_scope
from app.domains.identity.queries import api_keys as queries
from app.domains.identity.queries.api_keys import KeyPlace, KeySnapshot
from app.domains.identity.rules import access
from app.domains.identity.service import cache
from app.domains.identity.service.sessions import Origin

logger = logging.getLogger(__name__)

MAX_KNOWN = 10_000
NOTE_SECONDS = 60.0

_known: OrderedDict[bytes, KeyPlace] = OrderedDict()  # whose a key is never changes; whether it counts is asked anew
_noted: OrderedDict[UUID, float] = OrderedDict()  # key → monotonic seconds of the last note of its use


async def authenticate_key(key: str, settings: Settings, origin: Origin) -> Caller:
    """The caller of an API key. Raises Unauthenticated for every reason alike."""
    key_id = access.parse_key(key)
    if key_id is None:
        raise Unauthenticated
    now = clock.utc_now()
    key_hash = access.hash_key(key)
    place, state, may_fill = _known.get(key_hash), None, True
    if place is not None:
        state, may_fill = await cache.read_key_copy(settings, place)
    if place is None or state is None or not _admits(state, now, origin.client_address):
        # As with sessions, a copy may let in and never keep out.
        found = await _read(key_id, key_hash, place)
        if found is None:
            _known.pop(key_hash, None)
            raise Unauthenticated
        place, state = found
        _remember(key_hash, place)
        if may_fill:
            await cache.write_key_copy(settings, place, state)
        if not _admits(state, now, origin.client_address):
            raise Unauthenticated
    await _note_use(place, origin.client_address, now)
    owner = access.granted(state.owner_role, state.owner_permissions)
    return Caller(
        user_id=place.key_id,
        organization_id=place.organization_id,
        email=state.name,
        role="api_key",
        permissions=access.granted_to_key(state.permissions, owner),
        scope=intersect(read_scope(state.scope), read_scope(state.owner_scope)),
        kind="api_key",
        client_address=origin.client_address,
        user_agent=origin.user_agent,
        attributes={"owner_id": place.owner_id, "membership_version": state.owner_version},
    )


def _admits(state: KeySnapshot, now: datetime, client_address: str) -> bool:
    alive = not state.revoked and not state.owner_disabled and now < state.ends_at
    return alive and access.admits_address(state.addresses, client_address)


async def _read(key_id: UUID, key_hash: bytes, place: KeyPlace | None) -> tuple[KeyPlace, KeySnapshot] | None:
    organization_id = place.organization_id if place else None
    if organization_id is None:
        async with directory_session() as session:
            organization_id = await queries.find_key_organization(session, key_hash)
        if organization_id is None:
            return None
    async with tenant_session(organization_id) as session:
        return await queries.get_key_snapshot(session, organization_id, key_id, key_hash)


def _remember(key_hash: bytes, place: KeyPlace) -> None:
    _known[key_hash] = place
    _known.move_to_end(key_hash)
    while len(_known) > MAX_KNOWN:
        _known.popitem(last=False)


async def _note_use(place: KeyPlace, client_address: str, now: datetime) -> None:
    """Once a minute and process; a failure to note is no reason to refuse."""
    at = time.monotonic()
    if at - _noted.get(place.key_id, -NOTE_SECONDS) < NOTE_SECONDS:
        return
    _noted[place.key_id] = at
    _noted.move_to_end(place.key_id)
    while len(_noted) > MAX_KNOWN:
        _noted.popitem(last=False)
    with contextlib.suppress(SQLAlchemyError, OSError, TimeoutError):
        async with tenant_session(place.organization_id) as session:
            await queries.note_use(session, place, client_address, now, now - timedelta(seconds=NOTE_SECONDS))
