"""`cloudops audit verify`: walks every organization's log and says what does not hold."""

import asyncio
from uuid import UUID

import typer

from app.cli.failures import UsageError
from app.cli.opening import each_organization, opened_database
from app.core.database import tenant_session


def verify_logs(organization: str | None, head: str | None) -> int:
    """Print one line an organization; 0 when all of them hold, else 1."""
    known = _read_head(head) if head else None
    if known is not None and organization is None:
        raise UsageError("A head belongs to one organization: name it with --org.")
    return asyncio.run(_verify(organization, known))


async def _verify(organization: str | None, known: tuple[int, str] | None) -> int:
    from app.domains.audit import service

    failed = 0
    async with opened_database():
        for organization_id in await each_organization(_read_id(organization)):
            async with tenant_session(organization_id) as session:
                found = await service.verify(session, organization_id, known_head=known)
            signed = f"signed {found.signed_at:%Y-%m-%d %H:%M} UTC" if found.signed_at else "not signed yet"
            state = "ok  " if found.ok else "FAIL"
            typer.echo(
                f"{state}  {organization_id}  {found.checked} events; head {found.head_number}:{found.head}, {signed}"
            )
            if found.pruned is not None:
                removed = f"1 to {found.pruned.number} were removed on {found.pruned.pruned_at:%Y-%m-%d}"
                typer.echo(f"      {removed}: the log is kept for {found.pruned.retention_days} days")
            for problem in found.problems:
                typer.echo(f"      {problem}")
            failed += not found.ok
    return 1 if failed else 0


def _read_id(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise UsageError(f"{text} is not the id of an organization.") from None


def _read_head(text: str) -> tuple[int, str]:
    number, _, digest = text.partition(":")
    if not number.isdigit() or len(digest) != 64 or set(digest.lower()) - set("0123456789abcdef"):
        raise UsageError("A head looks like 1234:<64 hexadecimal digits>, as an earlier check printed it.")
    return int(number), digest.lower()
