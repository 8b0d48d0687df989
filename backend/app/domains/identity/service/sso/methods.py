"""Which ways to sign in an e-mail address has, found by its domain alone."""

from dataclasses import dataclass
from uuid import UUID

from app.core.database import directory_session, tenant_session
from app.core.ids import new_id
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules.sso import domain_of
from app.domains.identity.service.policy import get_policy
from app.domains.identity.service.sso.addresses import start_path


@dataclass(frozen=True, kw_only=True)
class SignInConnection:
    """A provider to sign in through."""

    id: UUID
    name: str
    kind: str
    start_url: str


@dataclass(frozen=True, kw_only=True)
class SignInMethods:
    """`password` is False where the organization wants its provider used; its owners can still give one."""

    password: bool
    passkey: bool
    connections: list[SignInConnection]


async def find_sign_in_methods(email: str) -> SignInMethods:
    """The ways for an address. Says nothing about the person; an unknown domain takes the same statements."""
    domain = domain_of(email.strip()) or "unknown.invalid"
    async with directory_session() as session:
        entry = await reads.find_entry(session, "domain", domain)
    organization_id, connection_id = entry or (new_id(), new_id())
    async with tenant_session(organization_id) as session:
        rows = await reads.list_connections(session, organization_id)
        proven = await reads.is_proven(session, organization_id, connection_id, domain)
        policy = await get_policy(session, organization_id)
    usable = [row for row in rows if proven and row.enabled and row.id == connection_id]
    return SignInMethods(
        password=not (proven and usable and policy.sso_required),
        passkey=True,
        connections=[
            SignInConnection(id=row.id, name=row.name, kind=row.kind, start_url=start_path(row.kind, row.id))
            for row in usable
        ],
    )
