"""The organization's own look: names, accent, logo, and a domain of its own that the sign-in page answers under."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.config import Settings
from app.core.database import directory_session, set_organization, tenant_session
from app.core.directory import DirectoryEntry, directory_hash
from app.core.errors import FieldProblem, InvalidInput, NotFound, TooLarge
from app.core.events import publish
from app.core.http import Caller
from app.core.ids import new_id
from app.core.images import clean_image
from app.core.storage import get_storage, organization_key
from app.domains.identity import queries
from app.domains.identity.errors import BrandingDomainNotProven
from app.domains.identity.events import BrandingChanged
from app.domains.identity.models import OrganizationBranding
from app.domains.identity.queries import organizations as reads
from app.domains.identity.rules.branding import LEAST_CONTRAST, Contrast, contrast_of, text_on
from app.domains.identity.rules.sso import is_domain, verification_record
from app.domains.identity.schemas.organizations import BrandingUpdate
from app.domains.identity.service.sso.domains import is_in_dns

PRODUCT_NAME = "CloudOps Pro"
MAX_LOGO_BYTES = 256 * 1024
LOGO_PATH = "/api/v1/branding/logos/"
DOMAIN, LOGO = "branding_domain", "logo"  # kinds of the directory


@dataclass(frozen=True, kw_only=True)
class BrandingDomain:
    record: str
    verified_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Branding:
    """The look as its owners see it."""

    display_name: str | None
    accent: str | None
    text_on_accent: str | None
    contrast: Contrast | None
    logo_url: str | None
    mail_sender_name: str | None
    custom_domain: str | None
    domain: BrandingDomain | None


@dataclass(frozen=True, kw_only=True)
class PublicBranding:
    """The look as a stranger sees it."""

    name: str = PRODUCT_NAME
    logo_url: str | None = None
    accent: str | None = None
    text_on_accent: str | None = None


@dataclass(frozen=True, kw_only=True)
class Logo:
    """A stored logo; its media type was found by content."""

    media_type: str
    content: AsyncIterator[bytes]


async def get_branding(session: AsyncSession, organization_id: UUID) -> Branding:
    """The organization's own look."""
    row = await reads.find_branding(session, organization_id)
    holder = await _find_holder(session, DOMAIN, row.custom_domain) if row and row.custom_domain else None
    return _branding_of(row, is_holder=holder == organization_id)


async def get_mail_sender_name(session: AsyncSession, organization_id: UUID) -> str | None:
    """The name that the organization's mails come from; None for the product's."""
    row = await reads.find_branding(session, organization_id)
    return row.mail_sender_name or row.display_name if row else None


async def set_branding(session: AsyncSession, caller: Caller, wanted: BrandingUpdate) -> Branding:
    """Replace the look but the logo. Another domain has to be proven anew. Raises InvalidInput."""
    row = await _lock_branding(session, caller.organization_id)
    accent = wanted.accent.lower() if wanted.accent else None
    values = {
        "display_name": wanted.display_name,
        "accent": accent,
        "mail_sender_name": wanted.mail_sender_name,
        "custom_domain": _check_domain(wanted.custom_domain),
    }
    if accent is not None:
        _check_contrast(accent)
    changed = sorted(name for name, value in values.items() if getattr(row, name) != value)
    if "custom_domain" in changed:
        await _release_domain(session, row)
        row.domain_token = secrets.token_urlsafe(24) if values["custom_domain"] else None
        row.domain_verified_at = None
    for name, value in values.items():
        setattr(row, name, value)
    await session.flush()
    await _announce(session, caller, changed)
    return await get_branding(session, caller.organization_id)


async def verify_branding_domain(caller: Caller) -> Branding:
    """Look for the domain's DNS record and, once it is there, answer under it. No transaction is open meanwhile.

    Who proves a domain last holds it: the record shows who controls it now. Raises NotFound where no domain is set,
    and BrandingDomainNotProven.
    """
    async with tenant_session(caller.organization_id) as session:
        row = await reads.find_branding(session, caller.organization_id)
    if row is None or row.custom_domain is None or row.domain_token is None:
        raise NotFound
    domain, token = row.custom_domain, row.domain_token
    if not await is_in_dns(domain, token):
        raise BrandingDomainNotProven(f"Add this record and try again: {verification_record(domain, token)}")
    async with tenant_session(caller.organization_id) as session:
        row = await _lock_branding(session, caller.organization_id)
        if (row.custom_domain, row.domain_token) != (domain, token):
            raise BrandingDomainNotProven("The domain was changed meanwhile.")
        row.domain_verified_at = clock.utc_now()
        entry = insert(DirectoryEntry).values(
            kind=DOMAIN,
            hash=directory_hash(DOMAIN, domain),
            subject_id=row.id,
            organization_id=caller.organization_id,
        )
        taken = {"subject_id": entry.excluded.subject_id, "organization_id": entry.excluded.organization_id}
        await session.execute(entry.on_conflict_do_update(index_elements=["kind", "hash"], set_=taken))
        await session.flush()
        await _announce(session, caller, ["domain_verified_at"])
        return await get_branding(session, caller.organization_id)


async def set_logo(settings: Settings, caller: Caller, content: bytes) -> Branding:
    """Store a logo without its metadata under an address that cannot be guessed.

    Raises TooLarge, UnsupportedMediaType, InvalidInput and StorageFull.
    """
    if len(content) > MAX_LOGO_BYTES:
        raise TooLarge(f"A logo has at most {MAX_LOGO_BYTES // 1024} KiB.")
    image = clean_image(content)
    name = secrets.token_urlsafe(32)
    extension = image.kind.removeprefix("image/")
    key = organization_key(caller.organization_id, "branding", f"logo-{secrets.token_hex(16)}.{extension}")
    storage = get_storage(settings)
    await storage.put_bytes(key, image.content)
    async with tenant_session(caller.organization_id) as session:
        row = await _lock_branding(session, caller.organization_id)
        old = await _forget_logo(session, row)
        row.logo_key, row.logo_name, row.logo_type, row.logo_bytes = key, name, image.kind, len(image.content)
        session.add(
            DirectoryEntry(
                kind=LOGO,
                hash=directory_hash(LOGO, name),
                subject_id=row.id,
                organization_id=caller.organization_id,
            )
        )
        await session.flush()
        await _announce(session, caller, ["logo"])
        branding = await get_branding(session, caller.organization_id)
    if old is not None:
        await storage.delete(old)
    return branding


async def remove_logo(settings: Settings, caller: Caller) -> None:
    """Go back to the product's logo. Safe to repeat."""
    async with tenant_session(caller.organization_id) as session:
        row = await _lock_branding(session, caller.organization_id)
        old = await _forget_logo(session, row)
        await session.flush()
        await _announce(session, caller, ["logo"] if old else [])
    if old is not None:
        await get_storage(settings).delete(old)


async def read_public_branding(host: str) -> PublicBranding:
    """The look of the organization whose proven domain the host is; the product's for every other host."""
    name = host.rpartition(":")[0] if ":" in host else host
    domain = name.lower().rstrip(".")
    if not is_domain(domain):
        return PublicBranding()
    async with directory_session() as session:
        organization_id = await _find_holder(session, DOMAIN, domain)
        if organization_id is None:
            return PublicBranding()
        await set_organization(session, organization_id)
        row = await reads.find_branding(session, organization_id)
        directory = await reads.get_directory(session, organization_id)
        if row is None or row.custom_domain != domain or not row.domain_verified_at or directory.deleted_at:
            return PublicBranding()
        organization = await queries.get_organization(session, organization_id)
        return PublicBranding(
            name=row.display_name or organization.name,
            logo_url=_logo_url(row),
            accent=row.accent,
            text_on_accent=text_on(row.accent) if row.accent else None,
        )


async def open_logo(settings: Settings, name: str) -> Logo:
    """A logo by its address, for anybody. Raises NotFound."""
    async with directory_session() as session:
        organization_id = await _find_holder(session, LOGO, name)
        if organization_id is None:
            raise NotFound
        await set_organization(session, organization_id)
        row = await reads.find_branding(session, organization_id)
    if row is None or row.logo_name != name or row.logo_key is None or row.logo_type is None:
        raise NotFound
    storage = get_storage(settings)
    if not await storage.exists(row.logo_key):
        raise NotFound
    return Logo(media_type=row.logo_type, content=storage.open_read(row.logo_key))


def _branding_of(row: OrganizationBranding | None, *, is_holder: bool) -> Branding:
    accent = row.accent if row else None
    domain = None
    if row and row.custom_domain and row.domain_token:
        domain = BrandingDomain(
            record=verification_record(row.custom_domain, row.domain_token),
            verified_at=row.domain_verified_at if is_holder else None,
        )
    return Branding(
        display_name=row.display_name if row else None,
        accent=accent,
        text_on_accent=text_on(accent) if accent else None,
        contrast=contrast_of(accent) if accent else None,
        logo_url=_logo_url(row),
        mail_sender_name=row.mail_sender_name if row else None,
        custom_domain=row.custom_domain if row else None,
        domain=domain,
    )


def _logo_url(row: OrganizationBranding | None) -> str | None:
    return f"{LOGO_PATH}{row.logo_name}" if row and row.logo_name else None


def _check_contrast(accent: str) -> None:
    found = contrast_of(accent)
    for theme, ratio in (("light", found.light), ("dark", found.dark)):
        if ratio < LEAST_CONTRAST:
            detail = f"has a contrast of {ratio:.2f}:1 in the {theme} theme; {LEAST_CONTRAST:g}:1 is needed"
            raise InvalidInput(
                errors=[FieldProblem(pointer="#/accent", detail=detail)],
                extensions={"contrast": {"light": round(found.light, 2), "dark": round(found.dark, 2)}},
            )


def _check_domain(given: str | None) -> str | None:
    if given is None:
        return None
    domain = given.strip().lower().rstrip(".")
    if not is_domain(domain):
        raise InvalidInput(errors=[FieldProblem(pointer="#/custom_domain", detail="is not a host name")])
    return domain


async def _lock_branding(session: AsyncSession, organization_id: UUID) -> OrganizationBranding:
    await queries.get_organization(session, organization_id, lock=True)  # one change at a time, the first one too
    row = await reads.find_branding(session, organization_id, lock=True)
    if row is None:
        row = OrganizationBranding(organization_id=organization_id, id=new_id())
        session.add(row)
        await session.flush()
        await session.refresh(row)
    return row


async def _find_holder(session: AsyncSession, kind: str, value: str) -> UUID | None:
    query = select(DirectoryEntry.organization_id).where(
        DirectoryEntry.kind == kind, DirectoryEntry.hash == directory_hash(kind, value)
    )
    return (await session.execute(query)).scalar_one_or_none()


async def _release_domain(session: AsyncSession, row: OrganizationBranding) -> None:
    if row.custom_domain is not None:
        await _drop_entry(session, DOMAIN, row.custom_domain, row.organization_id)


async def _forget_logo(session: AsyncSession, row: OrganizationBranding) -> str | None:
    """Take the logo's address away; returns the key of its file."""
    if row.logo_name is not None:
        await _drop_entry(session, LOGO, row.logo_name, row.organization_id)
    old = row.logo_key
    row.logo_key = row.logo_name = row.logo_type = row.logo_bytes = None
    return old


async def _drop_entry(session: AsyncSession, kind: str, value: str, organization_id: UUID) -> None:
    await session.execute(
        delete(DirectoryEntry).where(
            DirectoryEntry.kind == kind,
            DirectoryEntry.hash == directory_hash(kind, value),
            DirectoryEntry.organization_id == organization_id,
        )
    )


async def _announce(session: AsyncSession, caller: Caller, fields: list[str]) -> None:
    if fields:
        await publish(
            session,
            BrandingChanged(
                organization_id=caller.organization_id,
                fields=fields,
                actor_id=caller.user_id,
                client_address=caller.client_address,
                user_agent=caller.user_agent,
            ),
        )
