"""`Idempotency-Key` on POSTs that create: a repeat gets the first answer, recorded in the first one's transaction.

async def create_account(body: AccountCreate, session: DbSession, caller: …, once: Once) -> AccountRead:
    return await once(lambda: service.create_account(session, caller, body), AccountRead)
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel
from sqlalchemy import Index, LargeBinary, UniqueConstraint, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from app.core.clock import utc_now
from app.core.database import Base, OrganizationRow, set_organization
from app.core.errors import Conflict, FieldProblem, InvalidInput
from app.core.http import Caller, DbSession
from app.core.ids import new_id

KEPT = timedelta(hours=24)
PURGE_ROWS = 100
_KEY = re.compile(r"[\x21-\x7e]{1,200}")

Body = TypeVar("Body", bound=BaseModel)


class IdempotencyKeyReused(Conflict):
    slug, title = "idempotency-key-reused", "This idempotency key was used for another request"


class IdempotencyKey(OrganizationRow, Base):
    """One answered POST; `response` is its body. Kept for 24 hours."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (
        UniqueConstraint("organization_id", "user_id", "key_hash"),
        Index(None, "organization_id", "created_at"),
    )

    user_id: Mapped[UUID]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    response: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class OnceRunner:
    """Runs a route's work once per key. Not for answers that hold a secret: the body is stored readable."""

    def __init__(self, request: Request, session: DbSession, key: str | None) -> None:
        self._request, self._session, self._key = request, session, key

    async def __call__(
        self, work: Callable[[], Awaitable[Any]], shape: type[Body], *, fingerprint: bytes | None = None
    ) -> Body:
        """The answer of `work` as `shape`, or the stored one of an earlier request with the same key.

        `fingerprint` stands for the body where it is not JSON, such as an upload's SHA-256. Raises
        IdempotencyKeyReused for another request under the same key. Failures are not kept: a repeat tries again.
        """
        if self._key is None:
            return shape.model_validate(await work(), from_attributes=True)
        await set_organization(self._session, self._caller.organization_id)  # routes under allow_detached have not
        request_hash = await self._hash_request(fingerprint)
        stored = await self._claim(self._key, request_hash)
        if stored is not None:
            return shape.model_validate_json(stored)
        answer = shape.model_validate(await work(), from_attributes=True)
        await self._session.execute(
            update(IdempotencyKey).where(*self._where(self._key)).values(response=answer.model_dump(mode="json"))
        )
        return answer

    @property
    def _caller(self) -> Caller:
        caller: Caller = self._request.state.caller
        return caller

    def _where(self, key: str) -> tuple[Any, ...]:
        return (
            IdempotencyKey.organization_id == self._caller.organization_id,
            IdempotencyKey.user_id == self._caller.user_id,
            IdempotencyKey.key_hash == hashlib.sha256(key.encode()).digest(),
        )

    async def _hash_request(self, fingerprint: bytes | None) -> bytes:
        body = fingerprint if fingerprint is not None else await self._request.body()
        start = f"{self._request.method} {self._request.scope['path']}\x00"
        return hashlib.sha256(start.encode() + body).digest()

    async def _claim(self, key: str, request_hash: bytes) -> str | None:
        """None when the key is now ours; else the stored body. Waits for a request that holds the key."""
        await self._purge(key)
        claimed = await self._session.execute(
            insert(IdempotencyKey)
            .values(
                organization_id=self._caller.organization_id,
                id=new_id(),
                user_id=self._caller.user_id,
                key_hash=hashlib.sha256(key.encode()).digest(),
                request_hash=request_hash,
            )
            .on_conflict_do_nothing()
            .returning(IdempotencyKey.id)
        )
        if claimed.scalar_one_or_none() is not None:
            return None
        query = select(IdempotencyKey.request_hash, IdempotencyKey.response).where(*self._where(key))
        row = (await self._session.execute(query)).one()
        if row.request_hash != request_hash or row.response is None:
            raise IdempotencyKeyReused("Send a new key with a new request.")
        return orjson.dumps(row.response).decode()

    async def _purge(self, key: str) -> None:
        """Drop this key if it is old, and some other old ones of the organization that nobody holds."""
        too_old = IdempotencyKey.created_at < utc_now() - KEPT
        await self._session.execute(delete(IdempotencyKey).where(*self._where(key), too_old))
        old = (
            select(IdempotencyKey.id)
            .where(IdempotencyKey.organization_id == self._caller.organization_id, too_old)
            .limit(PURGE_ROWS)
            .with_for_update(skip_locked=True)
        )
        await self._session.execute(
            delete(IdempotencyKey).where(
                IdempotencyKey.organization_id == self._caller.organization_id, IdempotencyKey.id.in_(old)
            )
        )


def run_once(
    request: Request,
    session: DbSession,
    idempotency_key: Annotated[
        str | None, Header(max_length=200, description="Makes repeats of this request safe")
    ] = None,
) -> OnceRunner:
    """The dependency behind `Once`. Raises InvalidInput for a key that is not plain ASCII of at most 200 characters."""
    if idempotency_key is not None and not _KEY.fullmatch(idempotency_key):
        problem = FieldProblem(pointer="header/Idempotency-Key", detail="must be 1 to 200 visible ASCII characters")
        raise InvalidInput(errors=[problem])
    return OnceRunner(request, session, idempotency_key)


Once = Annotated[OnceRunner, Depends(run_once)]
