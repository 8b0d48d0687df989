"""Makes a database ready to serve: roles, migrations and rights; and refuses to serve with a role that could leak.

Roles: `cop_owner` owns the tables and runs migrations (with an outside database the role of its address does that),
`cop_app` serves and works, `cop_audit` seals audit rows, `cop_intake` inserts raw messages, `cop_platform` sees the
list of organizations. Their passwords come from the root key, so nothing has to be stored or copied.
"""

import base64
import hashlib
import hmac
import logging
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import asyncpg

from app.core.config import Settings
from app.core.grants import grants_sql, grants_version
from app.core.migrate import current_revisions, head_revisions, run_migrations
from app.core.rolecheck import UnsafeRole, check_role
from app.core.rootkey import derive_key
from app.core.scrubbing import scrub

__all__ = [
    "Addresses",
    "BootstrapError",
    "UnsafeRole",
    "app_address",
    "check_role",
    "key_fingerprint",
    "password_key_of",
    "prepare_database",
    "prepare_embedded_database",
    "role_url",
    "run_migrations",
]
logger = logging.getLogger(__name__)

OWNER, APP, AUDIT, INTAKE, PLATFORM = "cop_owner", "cop_app", "cop_audit", "cop_intake", "cop_platform"
RESTRICTED_ROLES = (APP, AUDIT, INTAKE, PLATFORM)
EMBEDDED_DATABASE = "cloudops"
LOCK_KEY = 0x636C6F7564 + 1  # "cloud"; migrations use the number before it
OLDEST_MAJOR, NEWEST_MAJOR = 15, 18
SCRAM_ITERATIONS = 4096


class BootstrapError(RuntimeError):
    """The database cannot be made ready; the text says what to change."""


@dataclass(frozen=True)
class Addresses:
    """Who logs in how. All of them contain passwords. The last three are None where roles could not be made."""

    owner: str
    app: str
    audit: str | None
    intake: str | None
    platform: str | None


async def prepare_embedded_database(superuser_url: str, password_key: bytes) -> Addresses:
    """Make the owner role and the database on our own server, then everything in it. Cheap when nothing is new."""
    owner_url = role_url(superuser_url, OWNER, password_key, EMBEDDED_DATABASE)
    if not await _is_current(owner_url, password_key, APP):
        connection = await asyncpg.connect(superuser_url)
        try:
            async with _lock(connection):
                for role in (OWNER, *RESTRICTED_ROLES):
                    await _make_role(connection, role, password_key)
                if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", EMBEDDED_DATABASE):
                    await connection.execute(f"CREATE DATABASE {EMBEDDED_DATABASE} OWNER {OWNER}")
                    await connection.execute(f"REVOKE ALL ON DATABASE {EMBEDDED_DATABASE} FROM PUBLIC")
                await _migrate_and_grant(owner_url, password_key, APP)
        finally:
            await connection.close()
    return _addresses(owner_url, password_key)


async def prepare_database(settings: Settings, password_key: bytes) -> Addresses:
    """Make roles, tables and rights in the database that `CLOUDOPS_DATABASE_URL` names. Cheap when nothing is new.

    Its role must be able to create in the database, and to create roles unless `CLOUDOPS_DATABASE_APP_URL` is set.
    """
    if settings.database_url is None:
        raise BootstrapError("CLOUDOPS_DATABASE_URL is not set.")
    owner_url = settings.database_url.get_secret_value()
    given_app = settings.database_app_url.get_secret_value() if settings.database_app_url else None
    app_role = unquote(urlsplit(given_app).username or "") if given_app else APP
    if not await _is_current(owner_url, password_key, app_role):
        try:
            connection = await asyncpg.connect(owner_url)
        except asyncpg.PostgresError as error:
            raise BootstrapError(f"CLOUDOPS_DATABASE_URL does not open a database: {error}") from error
        try:
            _check_version(connection)
            async with _lock(connection):
                if given_app is None:
                    await _make_restricted_roles(connection, owner_url, password_key)
                await _migrate_and_grant(owner_url, password_key, app_role)
        finally:
            await connection.close()
    if given_app is not None:
        return Addresses(owner_url, given_app, None, None, None)
    return _addresses(owner_url, password_key)


def app_address(settings: Settings, password_key: bytes) -> str:
    """The address that serving processes log in with, without asking the database."""
    if settings.database_app_url is not None:
        return settings.database_app_url.get_secret_value()
    if settings.database_url is None:
        raise BootstrapError("Neither CLOUDOPS_DATABASE_URL nor CLOUDOPS_DATABASE_APP_URL is set.")
    return role_url(settings.database_url.get_secret_value(), APP, password_key)


def role_url(url: str, role: str, password_key: bytes, database: str | None = None) -> str:
    """The address `url` for another role of ours, and another database if one is named."""
    parts = urlsplit(url)
    server = parts.netloc.rpartition("@")[2]
    path = f"/{database}" if database else parts.path
    netloc = f"{role}:{quote(_role_password(password_key, role))}@{server}"
    return urlunsplit((parts.scheme, netloc, path, parts.query, ""))


def _addresses(owner_url: str, password_key: bytes) -> Addresses:
    return Addresses(owner_url, *(role_url(owner_url, role, password_key) for role in RESTRICTED_ROLES))


def _role_password(password_key: bytes, role: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(password_key, role.encode(), "sha256")[:24]).decode()


def _state(password_key: bytes, app_role: str) -> str:
    """What the comment on schema `app` says when roles and rights are as this release and key make them."""
    return f"cloudops {grants_version()} {key_fingerprint(password_key)} {app_role}"


async def _is_current(owner_url: str, password_key: bytes, app_role: str) -> bool:
    """Whether tables, roles and rights are in place: one connection, and Alembic is not even imported."""
    try:
        connection = await asyncpg.connect(owner_url)
    except (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError):
        return False
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise BootstrapError(_unreachable(owner_url, error)) from error
    try:
        comment = await connection.fetchval("SELECT obj_description(to_regnamespace('app'), 'pg_namespace')")
        return comment == _state(password_key, app_role) and await current_revisions(connection) == head_revisions()
    finally:
        await connection.close()


def _unreachable(owner_url: str, error: Exception) -> str:
    """One sentence about an address that opens no database, without its password."""
    try:
        parts = urlsplit(owner_url)
        is_address = parts.scheme in ("postgres", "postgresql") and bool(parts.hostname)
        place = f"{parts.hostname}:{parts.port or 5432}"
    except ValueError:
        is_address, place = False, ""
    if not is_address:
        return "CLOUDOPS_DATABASE_URL cannot be read; it looks like postgresql://user:password@host:5432/database."
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return f"No database can be opened at {place}: {scrub(reason).splitlines()[0].rstrip('.')}."


def key_fingerprint(password_key: bytes) -> str:
    """A name for the installation's key that tells nothing about it."""
    return hmac.digest(password_key, b"fingerprint", "sha256")[:8].hex()


def password_key_of(settings: Settings) -> bytes:
    """The key from which the roles' passwords come, made from the root key's secret."""
    return derive_key(settings, "database roles")


class _lock:  # noqa: N801  # reads as a function at its use
    """One bootstrap at a time per database, whoever starts it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def __aenter__(self) -> None:
        await self._connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)

    async def __aexit__(self, *_: object) -> None:
        await self._connection.execute("SELECT pg_advisory_unlock($1)", LOCK_KEY)


def _check_version(connection: Any) -> None:
    major = connection.get_server_version().major
    if major < OLDEST_MAJOR:
        raise BootstrapError(
            f"PostgreSQL {major} is too old: {OLDEST_MAJOR} to {NEWEST_MAJOR} are supported. Upgrade the server."
        )


async def _make_restricted_roles(connection: Any, owner_url: str, password_key: bytes) -> None:
    may = await connection.fetchrow("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")
    for role in RESTRICTED_ROLES:
        exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
        if exists and await _logs_in(role_url(owner_url, role, password_key)):
            continue
        if not (may["rolsuper"] or may["rolcreaterole"]):
            raise BootstrapError(
                f"The role of CLOUDOPS_DATABASE_URL may not create the role {role}. Give it CREATEROLE, "
                "or make a restricted role yourself and set CLOUDOPS_DATABASE_APP_URL."
            )
        if exists and await connection.fetchval("SELECT to_regclass('public.alembic_version') IS NULL"):
            raise BootstrapError(
                f"The role {role} on this server belongs to another installation (roles are shared by all databases "
                "of a server). Use a server of its own, or set CLOUDOPS_DATABASE_APP_URL to a role of your own."
            )
        await _make_role(connection, role, password_key)


async def _make_role(connection: Any, role: str, password_key: bytes) -> None:
    """Create the role or renew its password. Attributes are not named: 15 lets only superusers mention some of them."""
    secret = _scram_secret(_role_password(password_key, role))
    exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role)
    try:
        await connection.execute(f"{'ALTER' if exists else 'CREATE'} ROLE {role} LOGIN PASSWORD '{secret}'")
    except asyncpg.InsufficientPrivilegeError as error:
        raise BootstrapError(
            f"The role {role} exists and the role of CLOUDOPS_DATABASE_URL may not change it: {error}. "
            f"As a superuser run: DROP ROLE {role}; or: GRANT {role} TO <the role> WITH ADMIN OPTION;"
        ) from error


def _scram_secret(password: str) -> str:
    """What PostgreSQL stores for a password (RFC 5803), made here so that no server log can show the password."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encoded = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(SCRAM_ITERATIONS, *encoded)


async def _logs_in(url: str) -> bool:
    try:
        connection = await asyncpg.connect(url)
    except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InsufficientPrivilegeError):
        return False
    await connection.close()
    return True


async def _migrate_and_grant(owner_url: str, password_key: bytes, app_role: str) -> None:
    try:
        await _migrate(owner_url)
        connection = await asyncpg.connect(owner_url)
        try:
            async with connection.transaction():
                await connection.execute("CREATE SCHEMA IF NOT EXISTS app")
                await connection.execute("CREATE SCHEMA IF NOT EXISTS directory")
                await connection.execute(grants_sql(app_role))
                await connection.execute(f"COMMENT ON SCHEMA app IS '{_state(password_key, app_role)}'")
        finally:
            await connection.close()
    except asyncpg.UndefinedObjectError as error:
        raise BootstrapError(f"{error}. Create the role that CLOUDOPS_DATABASE_APP_URL names.") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise BootstrapError(
            f"The role of CLOUDOPS_DATABASE_URL may not make tables: {error}. It must own the database, "
            "or run as a superuser: GRANT CREATE ON DATABASE … TO the role; GRANT CREATE ON SCHEMA public TO the role;"
        ) from error


async def _migrate(owner_url: str) -> None:
    """`run_migrations`, with a missing privilege as asyncpg's own error."""
    from sqlalchemy.exc import DBAPIError

    try:
        await run_migrations(owner_url)
    except DBAPIError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        if isinstance(cause, asyncpg.InsufficientPrivilegeError):
            raise cause from error
        raise
