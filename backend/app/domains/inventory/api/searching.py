"""Routes of completion."""

from typing import Annotated

from fastapi import APIRouter, Query

from app.core.http import DbSession
from app.domains.inventory import service
from app.domains.inventory.api.common import Reader
from app.domains.inventory.schemas import Completion, SearchFields

router = APIRouter(prefix="/usage/search", tags=["inventory"])


@router.get("/fields")
async def list_search_fields(caller: Reader) -> SearchFields:
    """The fields of the search language."""
    return service.list_search_fields()


@router.get("/complete")
async def complete_search(
    session: DbSession,
    caller: Reader,
    text: Annotated[str, Query(max_length=2_000, description="The search as far as it is typed.")] = "",
    cursor: Annotated[
        int | None, Query(ge=0, le=2_000, description="Character before which one types, from 0; the end if absent.")
    ] = None,
) -> Completion:
    """What the term at the cursor may become."""
    return await service.complete_search(session, caller.organization_id, text, cursor)
