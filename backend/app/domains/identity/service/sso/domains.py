"""Proving domains by a DNS record. One connection in the whole installation holds a proven domain."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import dns.asyncresolver
import dns.exception
import dns.resolver
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import tenant_session
from app.core.directory import DirectoryEntry, directory_hash
from app.core.errors import FieldProblem, InvalidInput, NotFound
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.domains.identity.errors import DomainNotProven, DomainTaken
from app.domains.identity.events import ConnectionDomainChanged
from app.domains.identity.models import ConnectionDomain
from app.domains.identity.queries import sso as reads
from app.domains.identity.rules.sso import DNS_LABEL, has_verification
from app.domains.identity.service.sso.connections import ConnectionView, get_connection, trace

MAX_DOMAINS = 50
DNS_SECONDS = 5.0
TextResolver = Callable[[str], Awaitable[Sequence[str]]]


async def read_text_records(name: str) -> Sequence[str]:
    """The TXT values of a name; none for a name without any. Raises OSError when no name server answers."""
    resolver = dns.asyncresolver.Resolver()
    resolver.lifetime = DNS_SECONDS
    try:
        answer = await resolver.resolve(name, "TXT", search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except dns.exception.DNSException as error:
        raise OSError("no name server answered") from error
    return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]


_resolver: TextResolver = read_text_records


def use_resolver(resolver: TextResolver | None) -> None:
    """Replace how TXT records are read (tests, demonstration); None: by DNS."""
    global _resolver
    _resolver = resolver or read_text_records


async def is_in_dns(domain: str, token: str) -> bool:
    """Whether the record that proves the domain is there now; a name server that does not answer counts as no."""
    try:
        async with asyncio.timeout(DNS_SECONDS + 1):
            return has_verification(await _resolver(f"{DNS_LABEL}.{domain}"), token)
    except (OSError, TimeoutError):
        return False


async def add_domain(
    session: AsyncSession, settings: Settings, caller: Caller, connection_id: UUID, domain: str
) -> ConnectionView:
    """Ask for a domain; nothing follows from it until it is proven. Raises NotFound and InvalidInput."""
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    if await reads.find_domain(session, caller.organization_id, domain) is not None:
        raise _invalid("is added to an identity provider of your organization")
    if len(await reads.list_domains(session, caller.organization_id, [row.id])) >= MAX_DOMAINS:
        raise _invalid(f"an identity provider has at most {MAX_DOMAINS} domains")
    session.add(
        ConnectionDomain(
            organization_id=caller.organization_id,
            id=new_id(),
            connection_id=row.id,
            domain=domain,
            token=secrets.token_urlsafe(24),
        )
    )
    await session.flush()
    await publish(session, ConnectionDomainChanged(domain=domain, change="added", **trace(caller, row)))
    return await get_connection(session, settings, caller.organization_id, row.id)


async def verify_domain(settings: Settings, caller: Caller, connection_id: UUID, domain: str) -> ConnectionView:
    """Look for the record and take the domain. Own transactions: none is open while the DNS is asked.

    Raises NotFound, DomainNotProven, and DomainTaken where another connection has proven it.
    """
    async with tenant_session(caller.organization_id) as session:
        token = (await _get_domain(session, caller, connection_id, domain)).token
    if not await is_in_dns(domain, token):
        raise DomainNotProven(f"There is no TXT record {DNS_LABEL}.{domain} with this value yet.")
    async with tenant_session(caller.organization_id) as session:
        row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
        found = await _get_domain(session, caller, connection_id, domain, lock=True)
        if found.token != token:
            raise DomainNotProven
        claim = insert(DirectoryEntry).values(
            kind="domain",
            hash=directory_hash("domain", domain),
            subject_id=row.id,
            organization_id=caller.organization_id,
        )
        await session.execute(claim.on_conflict_do_nothing())
        if await reads.find_entry(session, "domain", domain) != (caller.organization_id, row.id):
            raise DomainTaken
        if found.verified_at is None:
            found.verified_at = clock.utc_now()
            await session.flush()
            await publish(session, ConnectionDomainChanged(domain=domain, change="verified", **trace(caller, row)))
        return await get_connection(session, settings, caller.organization_id, row.id)


async def remove_domain(
    session: AsyncSession, settings: Settings, caller: Caller, connection_id: UUID, domain: str
) -> ConnectionView:
    """Give a domain up; people who came by it stay. Raises NotFound."""
    row = await reads.get_connection(session, caller.organization_id, connection_id, lock=True)
    found = await _get_domain(session, caller, connection_id, domain, lock=True)
    await session.delete(found)
    await session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.kind == "domain",
            DirectoryEntry.hash == directory_hash("domain", domain),
            DirectoryEntry.organization_id == caller.organization_id,
            DirectoryEntry.subject_id == row.id,
        )
    )
    await session.flush()
    await publish(session, ConnectionDomainChanged(domain=domain, change="removed", **trace(caller, row)))
    return await get_connection(session, settings, caller.organization_id, row.id)


async def _get_domain(
    session: AsyncSession, caller: Caller, connection_id: UUID, domain: str, *, lock: bool = False
) -> ConnectionDomain:
    await reads.get_connection(session, caller.organization_id, connection_id)
    found = await reads.find_domain(session, caller.organization_id, domain, lock=lock)
    if found is None or found.connection_id != connection_id:
        raise NotFound
    return found


def _invalid(detail: str) -> InvalidInput:
    return InvalidInput(errors=[FieldProblem(pointer="#/domain", detail=detail)])
