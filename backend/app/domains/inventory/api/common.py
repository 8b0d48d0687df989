"""What the routes share."""

from typing import Annotated

from fastapi import Depends, Query

from app.core.http import Caller, allow
from app.domains.inventory.schemas import FilterQuery

Reader = Annotated[Caller, Depends(allow("inventory:read"))]
FilterParameters = Annotated[FilterQuery, Query()]
