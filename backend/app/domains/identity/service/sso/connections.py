"""Identity providers of an organization, kept by its owners."""

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.directory import DirectoryEntry, directory_hash
from app.core.egress import check_address
from app.core.errors import FieldProblem, InvalidInput
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.secrets import Secret, open_sealed, seal
from app.domains.identity.events import ConnectionAdded, ConnectionChanged, ConnectionRemoved, ScimTokenIssued
from app.domains.identity.models import ConnectionDomain, ExternalIdentity, GroupMapping, IdentityConnection
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules import sso as rules
from app.domains.identity.schemas.sso import (
    GroupMappingBody,
    IdentityProviderCreate,
    IdentityProviderUpdate,
    OidcConfig,
    config_of,
)
from app.domains.identity.service.sessions import Origin
from app.domains.identity.service.sso.addresses import addresses_of, scim_url
from app.domains.identity.service.sso.ending import end_connection_sessions
from app.domains.identity.service.sso.roles import require_grantable_roles

MAX_CONNECTIONS = 20
SCIM_PREFIX = "cos_"


@dataclass(frozen=True, kw_only=True)
class ConnectionView:
    """A connection as its owners see it, secrets as their state only; shaped like `IdentityProviderRead`."""

    id: UUID
    kind: str
    name: str
    enabled: bool
    config: dict[str, Any]
    secret: dict[str, Any]
    domains: list[dict[str, Any]]
    group_mappings: list[GroupMapping]
    jit: bool
    require_mfa: bool
    scim: dict[str, Any]
    addresses: dict[str, str]
    created_at: datetime
    updated_at: datetime


async def list_connections(session: AsyncSession, settings: Settings, organization_id: UUID) -> list[ConnectionView]:
    """Every connection of the organization."""
    rows = await reads.list_connections(session, organization_id)
    return await _views(session, settings, organization_id, rows)


async def get_connection(
    session: AsyncSession, settings: Settings, organization_id: UUID, connection_id: UUID
) -> ConnectionView:
    """One connection. Raises NotFound."""
    row = await reads.get_connection(session, organization_id, connection_id)
    return (await _views(session, settings, organization_id, [row]))[0]


async def create_connection(
    session: AsyncSession, settings: Settings, caller: Caller, wanted: IdentityProviderCreate
) -> ConnectionView:
    """A new connection. Raises InvalidInput and AddressNotAllowed."""
    existing = await reads.list_connections(session, caller.organization_id)
    if len(existing) >= MAX_CONNECTIONS:
        raise _invalid("#", f"an organization has at most {MAX_CONNECTIONS} identity providers")
    _require_free_name(existing, wanted.name)
    config = await _checked_config(settings, wanted.kind, wanted.config)
    row = IdentityConnection(
        organization_id=caller.organization_id,
        id=new_id(),
        kind=wanted.kind,
        name=wanted.name,
        enabled=wanted.enabled,
        config=config,
        jit=wanted.jit,
        require_mfa=wanted.require_mfa,
    )
    await _set_secret(session, row, wanted.secret)
    session.add(row)
    session.add(_entry("connection", str(row.id), row))
    await session.flush()
    await publish(session, ConnectionAdded(kind=row.kind, **trace(caller, row)))
    return await get_connection(session, settings, caller.organization_id, row.id)


async def update_connection(
    session: AsyncSession, settings: Settings, caller: Caller, connection_id: UUID, wanted: IdentityProviderUpdate
) -> ConnectionView:
    """Change a connection. Another issuer clears the secret and forgets who came through the old one.

    Raises NotFound, InvalidInput and AddressNotAllowed.
    """
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    before = _state(row)
    others = [other for other in await reads.list_connections(session, caller.organization_id) if other.id != row.id]
    if wanted.name is not None:
        _require_free_name(others, wanted.name)
        row.name = wanted.name
    for name in ("enabled", "jit", "require_mfa"):
        value = getattr(wanted, name)
        if value is not None:
            setattr(row, name, value)
    if wanted.config is not None:
        config = await _checked_config(settings, row.kind, wanted.config)
        if _provider_of(row.kind, config) != _provider_of(row.kind, row.config):
            await _forget_people(session, settings, caller, row)
        row.config = config
    if wanted.secret is not None:
        await _set_secret(session, row, wanted.secret)
    if before["enabled"] and not row.enabled:
        await end_connection_sessions(session, settings, row, reason="provider_disabled", origin=Origin.of(caller))
    await session.flush()
    after = _state(row)
    changed = [name for name in after if after[name] != before[name]]
    if changed:
        await publish(
            session,
            ConnectionChanged(
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
                **trace(caller, row),
            ),
        )
    return await get_connection(session, settings, caller.organization_id, row.id)


async def delete_connection(session: AsyncSession, settings: Settings, caller: Caller, connection_id: UUID) -> None:
    """Remove a connection with its identities, and end what came through it. Raises NotFound."""
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    ended = await end_connection_sessions(session, settings, row, reason="provider_removed", origin=Origin.of(caller))
    await session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.organization_id == caller.organization_id,
            DirectoryEntry.subject_id == row.id,
            DirectoryEntry.kind.in_(("connection", "domain", "scim")),
        )
    )
    facts = trace(caller, row)
    await session.delete(row)
    await session.flush()
    await publish(session, ConnectionRemoved(ended_sessions=ended, **facts))


async def set_group_mappings(
    session: AsyncSession,
    settings: Settings,
    caller: Caller,
    connection_id: UUID,
    wanted: Sequence[GroupMappingBody],
) -> ConnectionView:
    """Replace what groups mean; it holds from each person's next sign-in. Raises NotFound, InvalidInput, Forbidden."""
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    await require_grantable_roles(session, caller, wanted)
    old = await reads.list_mappings(session, caller.organization_id, [row.id])
    before = {mapping.group: mapping.role or str(mapping.role_id) for mapping in old}
    for mapping in old:
        await session.delete(mapping)
    await session.flush()
    for body in wanted:
        session.add(
            GroupMapping(
                organization_id=caller.organization_id,
                id=new_id(),
                connection_id=row.id,
                group=body.group,
                role=body.role,
                role_id=body.role_id,
            )
        )
    await session.flush()
    after = {body.group: body.role or str(body.role_id) for body in wanted}
    if before != after:
        await publish(
            session,
            ConnectionChanged(before={"group_mappings": before}, after={"group_mappings": after}, **trace(caller, row)),
        )
    return await get_connection(session, settings, caller.organization_id, row.id)


async def issue_scim_token(session: AsyncSession, caller: Caller, connection_id: UUID) -> str:
    """A new provisioning token; the one before is worthless from now on. Raises NotFound."""
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    token = SCIM_PREFIX + secrets.token_urlsafe(32)
    await _forget_scim_token(session, row)
    row.scim_token_hash = hashlib.sha256(token.encode()).digest()
    row.scim_token_hint = f"…{token[-4:]}"
    session.add(_entry("scim", token, row))
    await session.flush()
    await publish(session, ScimTokenIssued(**trace(caller, row)))
    return token


async def withdraw_scim_token(session: AsyncSession, caller: Caller, connection_id: UUID) -> None:
    """End provisioning; people stay as they are. Raises NotFound."""
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    if row.scim_token_hash is None:
        return
    await _forget_scim_token(session, row)
    row.scim_token_hash = row.scim_token_hint = None
    await session.flush()
    await publish(session, ConnectionChanged(before={"scim": True}, after={"scim": False}, **trace(caller, row)))


async def open_secret(session: AsyncSession, row: IdentityConnection) -> Secret | None:
    """The client secret. The session must be bound to the organization."""
    if row.secret is None:
        return None
    return await open_sealed(session, row.organization_id, "identity_connections", "secret", row.id, row.secret)


def trace(caller: Caller, row: IdentityConnection) -> dict[str, Any]:
    """What every event about a connection says."""
    return {
        "organization_id": row.organization_id,
        "connection_id": row.id,
        "connection_name": row.name,
        "actor_id": caller.user_id,
        "client_address": caller.client_address,
        "user_agent": caller.user_agent,
    }


async def _views(
    session: AsyncSession, settings: Settings, organization_id: UUID, rows: Sequence[IdentityConnection]
) -> list[ConnectionView]:
    ids = [row.id for row in rows]
    domains = await reads.list_domains(session, organization_id, ids)
    mappings = await reads.list_mappings(session, organization_id, ids)
    return [
        ConnectionView(
            id=row.id,
            kind=row.kind,
            name=row.name,
            enabled=row.enabled,
            config=row.config,
            secret={"set": row.secret is not None, "updated_at": row.secret_updated_at},
            domains=[_domain_view(domain) for domain in domains if domain.connection_id == row.id],
            group_mappings=[mapping for mapping in mappings if mapping.connection_id == row.id],
            jit=row.jit,
            require_mfa=row.require_mfa,
            scim={
                "enabled": row.scim_token_hash is not None,
                "token_hint": row.scim_token_hint,
                "base_url": scim_url(settings),
            },
            addresses=addresses_of(settings, row),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )
        for row in rows
    ]


def _domain_view(row: ConnectionDomain) -> dict[str, Any]:
    record = rules.verification_record(row.domain, row.token)
    return {"domain": row.domain, "verified_at": row.verified_at, "record": record}


async def _checked_config(settings: Settings, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """The configuration in its stored form, its addresses under the egress rules."""
    try:
        config = config_of(kind, given)
    except ValidationError as error:
        raise InvalidInput(
            errors=[
                FieldProblem(
                    pointer="/".join(["#/config", *(str(step) for step in item["loc"])]),
                    detail=str(item["msg"]).removeprefix("Value error, "),
                )
                for item in error.errors()[:50]
            ]
        ) from None
    if isinstance(config, OidcConfig):
        if "openid" not in config.scopes:
            raise _invalid("#/config/scopes", "must hold openid")
        await check_address(config.issuer, settings)
    else:
        await check_address(config.sso_url, settings)
    return config.model_dump(mode="json")


def _provider_of(kind: str, config: dict[str, Any]) -> object:
    return (config["issuer"], config["client_id"], config["subject_claim"]) if kind == "oidc" else config["entity_id"]


async def _forget_people(session: AsyncSession, settings: Settings, caller: Caller, row: IdentityConnection) -> None:
    """A subject of one provider is nobody at another: identities, sessions and the secret belonged to the old one."""
    row.secret = row.secret_updated_at = None
    await end_connection_sessions(session, settings, row, reason="provider_changed", origin=Origin.of(caller))
    await session.execute(
        delete(ExternalIdentity).where(
            ExternalIdentity.organization_id == row.organization_id, ExternalIdentity.connection_id == row.id
        )
    )


async def _set_secret(session: AsyncSession, row: IdentityConnection, secret: Secret | None) -> None:
    if secret is None:
        return
    text = secret.reveal()
    if not 0 < len(text) <= 4_096 or not text.isprintable():
        raise _invalid("#/secret", "must be 1 to 4096 printable characters")
    row.secret = await seal(session, row.organization_id, "identity_connections", "secret", row.id, text)
    row.secret_updated_at = clock.utc_now()


async def _forget_scim_token(session: AsyncSession, row: IdentityConnection) -> None:
    await session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.kind == "scim",
            DirectoryEntry.organization_id == row.organization_id,
            DirectoryEntry.subject_id == row.id,
        )
    )


def _entry(kind: str, value: str, row: IdentityConnection) -> DirectoryEntry:
    return DirectoryEntry(
        kind=kind, hash=directory_hash(kind, value), subject_id=row.id, organization_id=row.organization_id
    )


def _state(row: IdentityConnection) -> dict[str, object]:
    return {
        "name": row.name,
        "enabled": row.enabled,
        "config": dict(row.config),
        "secret_updated_at": row.secret_updated_at.isoformat() if row.secret_updated_at else None,
        "jit": row.jit,
        "require_mfa": row.require_mfa,
    }


def _require_free_name(others: Collection[IdentityConnection], name: str) -> None:
    if any(other.name == name for other in others):
        raise _invalid("#/name", "is in use")


def _invalid(pointer: str, detail: str) -> InvalidInput:
    return InvalidInput(errors=[FieldProblem(pointer=pointer, detail=detail)])
