"""`cloudops keys`: a new organization key, a new installation key, a new root key."""

import asyncio
from uuid import UUID

import typer

from app.cli.failures import UsageError
from app.cli.opening import each_organization, opened_database
from app.core import rotation
from app.core.config import Settings
from app.core.database import directory_session, tenant_session
from app.core.secrets import rewrap_organization_keys, rotate_organization_key


def rotate_keys(organization: str | None, *, installation: bool) -> int:
    """Replace keys and seal what is stored anew, here and now; 0 when nothing was left behind."""
    if installation and organization is not None:
        raise UsageError("Choose one of --org and --installation.")
    try:
        only = UUID(organization) if organization else None
    except ValueError:
        raise UsageError(f"{organization} is not the id of an organization.") from None
    return asyncio.run(_rotate_installation() if installation else _rotate(only))


def rotate_root() -> int:
    """Wrap every key version by the root key that CLOUDOPS_ROOT_KEY names; the previous one may go afterwards."""
    settings = Settings()
    if settings.previous_root_key is None and settings.previous_secret_key is None:
        typer.echo(
            "No previous root key is set; the keys are wrapped anew by the present one. To replace it, set the new one "
            "and CLOUDOPS_PREVIOUS_ROOT_KEY or CLOUDOPS_PREVIOUS_SECRET_KEY in every process first."
        )
    return asyncio.run(_rotate_root())


async def _rotate(only: UUID | None) -> int:
    """Through the same use case as the page, so that it is on record; what is left of an earlier one goes on."""
    from app.domains.identity import service

    unreadable = 0
    async with opened_database():
        for organization_id in await each_organization(only):
            async with tenant_session(organization_id) as session:
                if not await rotation.needs_reencryption(session, organization_id):
                    await service.rotate_key(session, organization_id)

            async def show(done: int, total: int, name: UUID = organization_id) -> None:
                typer.echo(f"\r{name}  {done} of {total} sealed anew", nl=False)

            made = await rotation.reencrypt_organization(organization_id, progress=show)
            typer.echo("" if not made.unreadable else f"; {made.unreadable} cannot be opened and were left")
            unreadable += made.unreadable
    return 1 if unreadable else 0


async def _rotate_installation() -> int:
    async with opened_database():
        async with directory_session() as session:
            if not await rotation.needs_reencryption(session, None):
                await rotate_organization_key(session, None)
        made = await rotation.reencrypt_installation()
        if not made.unreadable:
            async with directory_session() as session:
                await rotation.retire_installation_versions(session)
    typer.echo(f"{made.done} sealed anew; {made.unreadable} cannot be opened.")
    return 1 if made.unreadable else 0


async def _rotate_root() -> int:
    count = 0
    async with opened_database():
        async with directory_session() as session:
            count += await rewrap_organization_keys(session, None)
        organizations = await each_organization(None)
        for organization_id in organizations:
            async with tenant_session(organization_id) as session:
                count += await rewrap_organization_keys(session, organization_id)
    typer.echo(f"{count} keys of {len(organizations)} organizations are wrapped by the present root key.")
    return 0
