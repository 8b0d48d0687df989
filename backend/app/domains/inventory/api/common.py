"""What the routes share."""

from typing import Annotated

from fastapi import Depends

from app.core.http import Caller, allow

Reader = Annotated[Caller, Depends(allow("inventory:read"))]
