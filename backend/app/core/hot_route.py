"""A route class for the hottest lists: the same declaration, without FastAPI's dependency solver at run time.

The solver spends more processor time on a dozen query parameters than such a list does on its rows.
"""

from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError

from app.core.http import current_caller


class HotRoute(APIRoute):
    """For GET routes of the one form `async def f(caller, query) -> Response`, both declared as on any route.

    `caller` is `Annotated[Caller, Depends(allow_detached("…"))]`, `query` is `Annotated[Model, Query()]` with every
    parameter. The OpenAPI document, the permission check at start and the refusal of unknown parameters read that.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        endpoint, model, permission = self.endpoint, self._query_model(), self._permission()

        async def handle(request: Request) -> Response:
            caller = await current_caller(request)
            caller.require(permission)
            try:
                query = model.model_validate(dict(request.query_params))
            except ValidationError as failure:
                found = failure.errors(include_url=False)
                raise RequestValidationError([{**item, "loc": ("query", *item["loc"])} for item in found]) from None
            answer: Response = await endpoint(caller=caller, query=query)
            return answer

        return handle

    def _query_model(self) -> type[BaseModel]:
        model = get_type_hints(self.endpoint).get("query")
        if not isinstance(model, type) or not issubclass(model, BaseModel):
            raise TypeError(f"{self.name} needs a model of its parameters named query")
        return model

    def _permission(self) -> str:
        found = [getattr(dependency.call, "permission", None) for dependency in self.dependant.dependencies]
        if len(found) != 1 or found[0] is None:
            raise TypeError(f"{self.name} must depend on allow_detached alone")
        return str(found[0])
