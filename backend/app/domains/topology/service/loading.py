"""Loading what a pure rule asks for, a round of statements at a time."""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.domains.inventory import service as inventory
from app.domains.topology import queries
from app.domains.topology.rules.estate import Estate, Listing, Resource

MAX_ROUNDS = 10
T = TypeVar("T")


async def ask(
    session: AsyncSession,
    organization_id: UUID,
    resource: Resource,
    estate: Estate,
    rule: Callable[[Resource, Estate], T],
) -> T:
    """What the rule says of the resource, with all that it asks for loaded into the estate."""
    for _ in range(MAX_ROUNDS):
        estate.start()
        answer = rule(resource, estate)
        if estate.is_complete:
            return answer
        await _load(session, organization_id, estate, resource)
    return answer


async def _load(session: AsyncSession, organization_id: UUID, estate: Estate, known: Resource) -> None:
    references = sorted(estate.wanted_references)
    found = await inventory.resolve_native_ids(session, organization_id, references) if references else {}
    rows = {one.id: one for one in await queries.read_resources(session, organization_id, set(found.values()))}
    for resource in rows.values():
        estate.add(resource)
    for reference in references:
        estate.answer(reference, rows.get(found[reference]) if reference in found else None)
    for key in sorted(estate.wanted_listings):
        listed, is_whole = await queries.list_resources_of(session, organization_id, key)
        seen = await queries.was_listed(session, organization_id, key, known.id)
        estate.answer_listing(key, Listing(listed, is_whole and seen))
        for resource in listed:
            estate.add(resource)
