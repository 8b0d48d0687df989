"""`cloudops doctor`: looks at every part from the outside and says what is wrong and how to mend it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import typer
from pydantic import SecretStr

from app.core.bootstrap import NEWEST_MAJOR, OLDEST_MAJOR, UnsafeRole, check_role
from app.core.config import Settings, get_settings
from app.core.database import Database
from app.core.embedded.common import EmbeddedServerError
from app.core.installation import Installation, open_installation
from app.core.migrate import head_revisions

MAX_SKEW = timedelta(seconds=5)
CHECK_SECONDS = 15.0
AMBIENT_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_ROLE_ARN", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
OUTSIDE_SETTINGS = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "CLOUDOPS_AI_MODEL")


@dataclass(frozen=True)
class Finding:
    """One check's answer. `mend` is what to do when it is not well."""

    name: str
    is_well: bool
    detail: str
    mend: str = ""


def run_doctor() -> int:
    """Print all checks and settings; 0 when all is well, else 1."""
    settings = Settings()
    findings = _examine(settings)
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.is_well else 'FAIL'}  {finding.name:<12} {finding.detail}")
        if not finding.is_well and finding.mend:
            typer.echo(f"      {'':<12} {finding.mend}")
    typer.echo("\nSettings (a mark shows those that are set):")
    for name, value, is_set in list_settings(settings):
        typer.echo(f"  {'*' if is_set else ' '} {name:<32} {value}")
    failed = sum(not finding.is_well for finding in findings)
    typer.echo(f"\n{failed} of {len(findings)} checks failed." if failed else "\nAll is well.")
    sys.stdout.flush()
    return 1 if failed else 0


def list_settings(settings: Settings) -> list[tuple[str, str, bool]]:
    """Every setting as (variable, value with secrets masked, whether it is set)."""
    rows = []
    for name in type(settings).model_fields:
        value: Any = getattr(settings, name)
        if isinstance(value, tuple):
            value = ",".join(value)
        text = "(set, not shown)" if isinstance(value, SecretStr) else "" if value is None else str(value)
        variable = f"CLOUDOPS_{name.upper()}"
        rows.append((variable, text, name in settings.model_fields_set))
    for variable in OUTSIDE_SETTINGS:
        value = os.environ.get(variable)
        text = "" if value is None else "(set, not shown)" if variable.endswith("_KEY") else value
        rows.append((variable, text, value is not None))
    return rows


def _examine(settings: Settings) -> list[Finding]:
    """All checks; without a database only those that need none."""
    findings = [_check_settings(settings)]
    try:
        with open_installation(settings) as installation:
            findings.append(Finding("servers", True, _describe_servers(installation)))
            findings += asyncio.run(_examine_installation(installation))
    except Exception as error:  # noqa: BLE001  # whatever it is, the doctor's job is to tell it
        mend = (
            "" if isinstance(error, EmbeddedServerError) else "Check CLOUDOPS_DATABASE_URL and that the server answers."
        )
        findings.append(Finding("servers", False, _one_line(error), mend))
        findings.append(
            asyncio.run(_run_check("redis", _check_redis, settings)) if settings.redis_url else _not_tried("redis")
        )
        findings.append(asyncio.run(_run_check("storage", _check_storage, settings)))
        findings += [_not_tried(name) for name in ("database", "tables", "role", "clock", "secrets")]
    findings.append(_check_provider_credentials(settings))
    return findings


async def _examine_installation(installation: Installation) -> list[Finding]:
    settings = installation.settings
    os.environ.update(
        {name: value for name, value in installation.environment().items() if name.startswith("CLOUDOPS_")}
    )
    os.environ.pop("CLOUDOPS_DATABASE_URL", None)
    get_settings.cache_clear()
    database = Database(installation.addresses.app, pool_size=2)
    checks: list[tuple[str, Callable[[Any], Awaitable[Finding]], Any]] = [
        ("database", _check_database, database),
        ("tables", _check_tables, database),
        ("role", _check_role, database),
        ("clock", _check_clock, database),
        ("secrets", _check_secrets, database),
        ("redis", _check_redis, settings),
        ("storage", _check_storage, settings),
    ]
    try:
        return [await _run_check(*check) for check in checks]
    finally:
        await database.close()


async def _run_check(name: str, check: Callable[[Any], Awaitable[Finding]], subject: Any) -> Finding:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check(subject)
    except TimeoutError:
        return Finding(name, False, f"No answer within {CHECK_SECONDS:.0f} s.", MENDS[name])
    except Exception as error:  # noqa: BLE001  # whatever it is, the doctor's job is to tell it
        return Finding(name, False, _one_line(error), MENDS[name])


MENDS = {
    "database": "Check CLOUDOPS_DATABASE_URL, the server and the network between.",
    "tables": "Run `cloudops migrate`.",
    "role": "Run `cloudops migrate`; log in as the role that it makes.",
    "clock": "Synchronise the clocks of this machine and of the database's (NTP).",
    "secrets": "Put the former key back: CLOUDOPS_ROOT_KEY, CLOUDOPS_SECRET_KEY, or secret.key in the data directory.",
    "redis": "Check CLOUDOPS_REDIS_URL and that the server answers; the platform works without, but slower.",
    "storage": "Check CLOUDOPS_STORAGE_URL, its permissions and its free space.",
}


def _check_settings(settings: Settings) -> Finding:
    wrong = []
    if settings.database_url is not None and settings.secret_key is None:
        wrong.append("CLOUDOPS_SECRET_KEY must be set when CLOUDOPS_DATABASE_URL is")
    if settings.database_url is not None and settings.redis_url is None:
        wrong.append("CLOUDOPS_REDIS_URL is not set although the database is an outside one: processes on other hosts "
                     "would not share a Redis")  # fmt: skip
    if settings.extra_ca_file is not None and not settings.extra_ca_file.is_file():
        wrong.append(f"CLOUDOPS_EXTRA_CA_FILE names {settings.extra_ca_file}, which does not exist")
    known = {f"CLOUDOPS_{name.upper()}" for name in type(settings).model_fields} | {"CLOUDOPS_AI_MODEL"}
    unknown = sorted(
        name for name in os.environ
        if name.startswith("CLOUDOPS_") and name not in known
        and not name.startswith(("CLOUDOPS_DEMO_", "CLOUDOPS_TEST_")) and name != "CLOUDOPS_SERVICES"
    )  # fmt: skip
    if unknown:
        wrong.append(f"unknown settings: {', '.join(unknown)}")
    if wrong:
        return Finding("settings", False, "; ".join(wrong) + ".", "Correct the environment of all processes.")
    return Finding("settings", True, f"{len(settings.model_fields_set)} set, the others are at their defaults.")


def _describe_servers(installation: Installation) -> str:
    database = "embedded PostgreSQL" if installation.is_embedded else "outside PostgreSQL"
    if installation.is_embedded and installation.postgres is None:
        database += " (of a running `cloudops up`)"
    return f"{database}, data in {installation.settings.data_dir}."


async def _check_database(database: Database) -> Finding:
    async with database.engine.connect() as connection:
        version = str((await connection.exec_driver_sql("SHOW server_version")).scalar_one())
    major = int(version.split(".")[0].split()[0])
    if not OLDEST_MAJOR <= major <= NEWEST_MAJOR:
        return Finding(
            "database", False, f"PostgreSQL {version} is not supported.", f"Use {OLDEST_MAJOR} to {NEWEST_MAJOR}."
        )
    return Finding("database", True, f"PostgreSQL {version} answers.")


async def _check_tables(database: Database) -> Finding:
    async with database.engine.connect() as connection:
        rows = (await connection.exec_driver_sql("SELECT version_num FROM alembic_version")).scalars().all()
    if frozenset(rows) != head_revisions():
        return Finding("tables", False, f"The tables are at {', '.join(rows) or 'nothing'}.", MENDS["tables"])
    return Finding("tables", True, f"At the newest revision ({', '.join(rows)}).")


async def _check_role(database: Database) -> Finding:
    try:
        await check_role(database)
    except UnsafeRole as error:
        return Finding("role", False, str(error), MENDS["role"])
    return Finding("role", True, "Restricted, and every table of organizations enforces row-level security.")


async def _check_clock(database: Database) -> Finding:
    async with database.engine.connect() as connection:
        before = datetime.now(UTC)
        there = (await connection.exec_driver_sql("SELECT clock_timestamp()")).scalar_one()
        middle = before + (datetime.now(UTC) - before) / 2
    skew = abs(there - middle)
    detail = f"{skew.total_seconds():.2f} s from the database's clock."
    return Finding("clock", skew <= MAX_SKEW, detail, MENDS["clock"])


async def _check_secrets(database: Database) -> Finding:
    from app.core.secrets import check_canary

    async with database.sessions() as session, session.begin():
        await check_canary(session)
    kind = get_settings().root_key.partition(":")[0]
    where = "secret key" if kind == "local" else f"root key ({kind})"
    return Finding("secrets", True, f"The {where} opens what is stored.")


async def _check_redis(settings: Settings) -> Finding:
    from redis.asyncio import Redis

    assert settings.redis_url is not None  # noqa: S101  # the installation set it
    client = Redis.from_url(settings.redis_url.get_secret_value(), socket_connect_timeout=5, socket_timeout=5)
    try:
        server = await client.info("server")
    finally:
        await client.aclose()
    name = f"Valkey {server['valkey_version']}" if "valkey_version" in server else f"Redis {server['redis_version']}"
    return Finding("redis", True, f"{name} answers.")


async def _check_storage(settings: Settings) -> Finding:
    from app.core.storage import get_storage

    await get_storage(settings).check()
    return Finding("storage", True, f"Files can be written and read in {settings.storage_location}.")


def _check_provider_credentials(settings: Settings) -> Finding:
    """Ambient credentials only: those of connected accounts are tested on their own page."""
    if not any(os.environ.get(name) for name in AMBIENT_VARIABLES):
        return Finding("aws", True, "No ambient credentials; accounts bring their own.")
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    config = Config(connect_timeout=5, read_timeout=5, retries={"total_max_attempts": 1})
    verify = str(settings.extra_ca_file) if settings.extra_ca_file else None
    try:
        identity = boto3.client("sts", region_name=region, config=config, verify=verify).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        return Finding(
            "aws", False, f"The ambient credentials do not work: {_one_line(error)}",
            "Renew them, or unset the AWS_* variables if no account uses them.",
        )  # fmt: skip
    return Finding("aws", True, f"The ambient credentials are {identity['Arn']}.")


def _not_tried(name: str) -> Finding:
    return Finding(name, False, "Not checked, because the servers are not there.", "")


def _one_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
