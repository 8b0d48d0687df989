"""`reset-factors` and `password-link`: the way back in for somebody whom no owner can help."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from app.cli.failures import UsageError
from app.cli.opening import opened_database
from app.core.config import Settings
from app.core.redis import close_redis

T = TypeVar("T")


def reset_factors(email: str, *, confirmed: bool) -> int:
    """Take a person's factors and say what was done."""
    if not confirmed:
        typer.confirm(f"Remove every sign-in factor of {email} and end all their sessions?", abort=True)
    from app.domains.identity.service import operating

    done = asyncio.run(_with(lambda settings: operating.remove_factors(settings, email)))
    typer.echo(f"Factors removed: {done.factors}. Sessions ended: {done.sessions}.")
    typer.echo("The password still works. It is on record in the audit log, and the person gets a mail.")
    return 0


def make_password_link(email: str) -> int:
    """Print the address of a page that sets a new password."""
    from app.domains.identity.service import operating

    link = asyncio.run(_with(lambda settings: operating.make_password_link(settings, email)))
    typer.echo(link)
    typer.echo("It works once, within 30 minutes. It is on record in the audit log, and the person gets a mail.")
    return 0


async def _with(use_case: Callable[[Settings], Awaitable[T]]) -> T:
    from app.core.errors import NotFound

    async with opened_database() as settings:
        try:
            return await use_case(settings)
        except NotFound as error:
            raise UsageError(str(error) or "There is no such person.") from None
        finally:
            await close_redis()
