"""What routes need: the session, the caller, and the permission each of them declares."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Depends, Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.database import get_database, set_organization
from app.core.errors import FactorRequired, PermissionMissing, StepUpRequired, Unauthenticated
from app.core.logs import bind_log_context
from app.core.ratelimit import limit_caller
from app.core.scope import Scope, bind_scope, check_reach


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who is asking, for which organization, and what they may do now.

    `session_id` is None for machines; then `user_id` is the API key's id, so that limits, the audit log and whoever
    asks who did something name the key. `scope` is None for the whole organization.
    """

    user_id: UUID
    organization_id: UUID
    email: str
    role: str
    permissions: frozenset[str]
    scope: Scope | None = None
    kind: Literal["user", "api_key"] = "user"
    session_id: UUID | None = None
    authenticated_at: float = 0.0  # Unix seconds of the last proof of identity
    is_stepped_up: bool = False  # proved who they are in the last ten minutes, with a factor where they have one
    factor_due: bool = False  # has to set up a second factor first; `permissions` are the profile's only
    client_address: str = ""
    user_agent: str = ""
    attributes: dict[str, Any] = field(default_factory=dict)

    def can(self, permission: str) -> bool:
        """Whether the caller holds the permission."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Raises PermissionMissing unless the caller holds the permission, FactorRequired while a factor is due."""
        if permission not in self.permissions:
            if self.factor_due:
                raise FactorRequired
            raise PermissionMissing(permission)

    def require_step_up(self) -> None:
        """Raises StepUpRequired unless the caller proved lately who they are; a machine cannot."""
        if not self.is_stepped_up:
            raise StepUpRequired


Authenticate = Callable[[Request], Awaitable[Caller]]


async def open_session() -> AsyncIterator[AsyncSession]:
    """One transaction a request; it commits before the answer leaves, because a failed commit must not say 200."""
    async with get_database().sessions() as session, session.begin():
        yield session


DbSession = Annotated[AsyncSession, Depends(open_session, scope="function")]


async def current_caller(request: Request) -> Caller:
    """The caller of this request, from the function that `main.py` took from identity."""
    authenticate: Authenticate | None = getattr(request.app.state, "authenticate", None)
    if authenticate is None:
        raise Unauthenticated
    caller: Caller = await authenticate(request)
    request.state.caller = caller
    bind_log_context(organization_id=caller.organization_id, principal=caller.user_id, principal_kind=caller.kind)
    await limit_caller(request, caller.organization_id, str(caller.user_id))
    return caller


def allow(permission: str, *, step_up: bool = False) -> Callable[..., Awaitable[Caller]]:
    """The dependency that admits callers holding `permission` and binds the session to their organization.

    `step_up` is for what security.md section 2 lists: it also asks for a proof of identity of the last ten minutes.

    Every route outside the public list declares exactly one; `main.py` refuses to start otherwise.
    """

    async def check_permission(session: DbSession, caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
        caller.require(permission)
        check_reach(caller.scope, permission)
        if step_up:
            caller.require_step_up()
        await set_organization(session, caller.organization_id)
        bind_scope(session, caller.scope)
        return caller

    check_permission.permission = permission  # type: ignore[attr-defined]  # read by the start-up check of routes
    return check_permission


def allow_detached(permission: str, *, step_up: bool = False) -> Callable[..., Awaitable[Caller]]:
    """Like `allow`, for routes that wait for somebody else's server: no transaction is open meanwhile.

    The service opens `tenant_session` around the wait, before and after, so a slow cloud holds no connection.
    """

    async def check_permission(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
        caller.require(permission)
        check_reach(caller.scope, permission)
        if step_up:
            caller.require_step_up()
        return caller

    check_permission.permission = permission  # type: ignore[attr-defined]  # read by the start-up check of routes
    return check_permission
