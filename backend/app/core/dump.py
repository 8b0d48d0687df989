"""Dumping and restoring the database with PostgreSQL's own programs."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit, urlunsplit

import asyncpg

from app.core.bootstrap import password_key_of as database_password_key
from app.core.bootstrap import prepare_database, prepare_embedded_database
from app.core.embedded.place import packaged_programs
from app.core.installation import Installation
from app.core.migrate import current_revisions
from app.core.stream import rebase_events

SYSTEM_PROGRAMS = Path("/usr/lib/postgresql")
CHUNK_BYTES = 256 * 1024
NEW_PARAMETER = b"SET transaction_timeout = 0;\n"  # in the first lines of a dump's script

_OURS = (
    "n.nspname IN ('public', 'app', 'directory') AND {owner} = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
)
_WIPE = f"""
DO $wipe$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE {_OURS.format(owner="c.relowner")} AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  LOOP
    EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', item.name);
  END LOOP;
  DROP SCHEMA IF EXISTS app CASCADE;
  DROP SCHEMA IF EXISTS directory CASCADE;
  FOR item IN
    SELECT p.oid::regprocedure AS name FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE {_OURS.format(owner="p.proowner")}
  LOOP
    EXECUTE format('DROP ROUTINE IF EXISTS %s CASCADE', item.name);
  END LOOP;
  FOR item IN
    SELECT t.oid::regtype AS name FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE {_OURS.format(owner="t.typowner")} AND t.typtype IN ('e', 'd')
  LOOP
    EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', item.name);
  END LOOP;
END $wipe$;
"""  # noqa: S608  # put together from constants of this file
_PROTECT = """
DO $protect$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT c.oid::regclass AS name FROM pg_class c
    WHERE c.relrowsecurity AND NOT c.relforcerowsecurity AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid)
      AND c.relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  LOOP
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', item.name);
  END LOOP;
END $protect$;
"""
_LIFT = _PROTECT.replace("NOT c.relforcerowsecurity", "c.relforcerowsecurity").replace("%s FORCE", "%s NO FORCE")


class DumpError(RuntimeError):
    """A program of PostgreSQL failed, or the database is not in the state that the step needs."""


async def dump_database(installation: Installation, target: Path) -> tuple[str, frozenset[str]]:
    """Write a custom-format dump without owners and rights; returns the server's version and the revisions."""
    url = _data_url(installation)
    connection = await asyncpg.connect(url)
    try:
        server_version = str(await connection.fetchval("SHOW server_version"))
        revisions = await current_revisions(connection)
        sees_all = await connection.fetchval(
            "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
        )
        async with _row_security_lifted(connection, needed=not sees_all):
            await _run_program(
                "pg_dump", url, f"--file={target}", "--format=custom", "--no-owner", "--no-privileges",
                "--lock-wait-timeout=60s",
            )  # fmt: skip
    finally:
        await connection.close()
    return server_version, revisions


async def restore_database(installation: Installation, source: Path, *, force: bool) -> None:
    """Replace all tables by the dump's, then bring them to this release and give the roles their rights."""
    owner_url = installation.addresses.owner
    connection = await asyncpg.connect(owner_url)
    try:
        await _check_idle(connection)
        if not force:
            await _check_empty(connection)
        await connection.execute(_WIPE)
        await _replay(source, owner_url)
        async with _row_security_lifted(connection, needed=True):
            if await connection.fetchval("SELECT to_regclass('events') IS NOT NULL"):
                await rebase_events(connection)
        await connection.execute("COMMENT ON SCHEMA app IS NULL")  # the next step must not believe that it is done
    finally:
        await connection.close()
    key = database_password_key(installation.settings)
    if installation.is_embedded:
        await prepare_embedded_database(installation.dump_url, key)
    else:
        await prepare_database(installation.owner_settings, key)


def _data_url(installation: Installation) -> str:
    """Who may read every row, in the database that holds them."""
    parts = urlsplit(installation.dump_url)
    path = urlsplit(installation.addresses.owner).path
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


@asynccontextmanager
async def _row_security_lifted(connection: asyncpg.Connection, *, needed: bool) -> AsyncIterator[None]:
    """Let the owner, and nobody else, read all rows for a while: an owner that is no superuser is bound by FORCE too.

    The serving role does not own tables, so its policies hold all the time. If we are killed in between, processes
    refuse to start until `cloudops migrate` has put FORCE back.
    """
    if not needed:
        yield
        return
    await connection.execute("SET lock_timeout = '10s'")
    await connection.execute(_LIFT)
    try:
        yield
    finally:
        await connection.execute(_PROTECT)


async def _check_empty(connection: asyncpg.Connection) -> None:
    organizations = await connection.fetchval("SELECT to_regclass('directory.organizations') IS NOT NULL")
    if organizations and await connection.fetchval("SELECT EXISTS (SELECT FROM directory.organizations)"):
        raise DumpError("This installation is not empty. Restore into an empty one, or use --force to replace it.")


async def _check_idle(connection: asyncpg.Connection) -> None:
    others = await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = 'cop_app'"
    )
    if others:
        raise DumpError(f"{others} connections of running processes are open. Stop all processes first.")


async def protect_tables(owner_url: str) -> None:
    """Put FORCE back on tables that an interrupted backup left without it."""
    connection = await asyncpg.connect(owner_url)
    try:
        await connection.execute(_PROTECT)
    finally:
        await connection.close()


async def _run_program(name: str, url: str, *arguments: str) -> None:
    program, address, environment = _call_of(name, url)
    process = await asyncio.create_subprocess_exec(
        program, address, "--no-password", *arguments, env=environment, stdout=DEVNULL, stderr=PIPE
    )
    _, problem = await process.communicate()
    if process.returncode != 0:
        raise DumpError(f"{name} failed: {problem.decode(errors='replace').strip()[-1500:]}")


async def _replay(source: Path, url: str) -> None:
    """Run the dump as one transaction: all of it or nothing.

    Through psql rather than by pg_restore itself, which of release 17 and later first sets a parameter that older
    servers do not know.
    """
    program, address, environment = _call_of("psql", url)
    options = ("--no-password", "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1", "--file=-")
    reader = await asyncio.create_subprocess_exec(
        str(Path(program).with_name("pg_restore")), "--no-owner", "--no-privileges", "--file=-", str(source),
        stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    writer = await asyncio.create_subprocess_exec(
        program, address, *options, env=environment, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
    )
    problems = asyncio.gather(_read_all(reader.stderr), _read_all(writer.stderr))
    assert reader.stdout is not None  # noqa: S101  # pipes were asked for
    assert writer.stdin is not None  # noqa: S101
    is_first = True
    try:
        while part := await reader.stdout.read(CHUNK_BYTES):
            writer.stdin.write(part.replace(NEW_PARAMETER, b"", 1) if is_first else part)
            is_first = False
            await writer.stdin.drain()
        if await reader.wait() != 0:
            writer.kill()  # its transaction must not commit half of the dump
        writer.stdin.close()
    except (BrokenPipeError, ConnectionResetError):
        reader.kill()
    codes = await reader.wait(), await writer.wait()
    if any(codes):
        text = b"\n".join(await problems).decode(errors="replace").strip()
        raise DumpError(f"The dump cannot be restored: {text[-1500:]}")
    await problems


async def _read_all(stream: asyncio.StreamReader | None) -> bytes:
    return await stream.read() if stream is not None else b""


def _call_of(name: str, url: str) -> tuple[str, str, dict[str, str]]:
    """Program, address option and environment; the password is only in the last, which others cannot list."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    program = _find_program(name, needs_tls=query.get("sslmode", [""])[0] not in ("", "disable", "allow", "prefer"))
    user = parts.netloc.rpartition("@")[0].partition(":")[0]
    address = urlunsplit((parts.scheme, f"{user}@{parts.netloc.rpartition('@')[2]}", parts.path, parts.query, ""))
    return str(program), f"--dbname={address}", {**os.environ, "PGPASSWORD": unquote(parts.password or "")}


def _find_program(name: str, *, needs_tls: bool) -> Path:
    """The packaged program, or the system's newest where the connection needs TLS, which the package lacks."""
    if not needs_tls:
        return packaged_programs() / name
    versions = sorted(SYSTEM_PROGRAMS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]), reverse=True)
    on_path = shutil.which(name)
    found = versions[0] if versions else Path(on_path) if on_path else None
    if found is None:
        raise DumpError(f"The database wants TLS and {name} is not installed. Install postgresql-client.")
    return found
