"""One account's whole sync as its job does it, into a real PostgreSQL; once more, to show that nothing is written."""

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg


@dataclass(frozen=True, kw_only=True)
class AccountToSync:
    """What is connected. `credentials` have their `kind`."""

    provider: str
    native_account_id: str
    endpoint_url: str
    credentials: Mapping[str, Any]
    regions: Sequence[str] = ()
    scope: Mapping[str, Any] = field(default_factory=dict)


async def run_stored(account: AccountToSync, app_url: str, owner_url: str) -> dict[str, Any]:
    """Sync a new account of a new organization twice; the first run is what `seconds` and `cpu_seconds` tell of."""
    os.environ |= {
        "CLOUDOPS_SECRET_KEY": "a-root-key-of-a-benchmark-000000000000",
        "CLOUDOPS_ALLOWED_ENDPOINTS": account.endpoint_url,
    }
    from app.core.collector import settled_collector
    from app.core.database import Database, use_database
    from app.domains import load_domains
    from app.domains.accounts.service import get_provider
    from app.domains.inventory.service import sync_account

    load_domains()
    database = Database(app_url, pool_size=8)
    use_database(database)
    get_provider(account.provider)  # a worker has it imported by its first sync
    organization_id, account_id = await _connect_account(account)
    owner = await asyncpg.connect(owner_url)
    result: dict[str, Any] = {}
    counts: list[dict[str, Any]] = []
    with settled_collector():
        for prefix in ("", "again_"):
            context = await _start_job(organization_id, account_id)
            postgres, started, used = await postgres_cpu(owner), time.perf_counter(), time.process_time()
            await sync_account(context, account_id)
            result[f"{prefix}seconds"] = time.perf_counter() - started
            result[f"{prefix}cpu_seconds"] = time.process_time() - used
            result[f"{prefix}postgres_cpu_seconds"] = await postgres_cpu(owner) - postgres
            assert not context.has_incomplete_units
            counts.append(await _read_counts(owner, organization_id))
    use_database(None)
    await database.close()
    await owner.close()
    first, again = counts
    result |= {
        "resources": len(first["places"]),
        "first_history_rows": first["history"],
        "again_history_rows": again["history"] - first["history"],
        "again_resource_rows_written": len(again["places"] - first["places"]),
    }
    assert result["again_history_rows"] == result["again_resource_rows_written"] == 0, result
    assert first["history"] == len(first["places"])
    return result


async def _connect_account(given: AccountToSync) -> tuple[UUID, UUID]:
    from app.core.database import tenant_session
    from app.core.ids import new_id
    from app.core.secrets import create_organization_key
    from app.domains.accounts.models import Account
    from app.domains.accounts.service.opening import store_credentials

    organization_id = new_id()
    async with tenant_session(organization_id) as session:
        await create_organization_key(session, organization_id)
        account = Account(
            organization_id=organization_id,
            id=new_id(),
            provider=given.provider,
            name="bench",
            native_account_id=given.native_account_id,
            credentials_kind=given.credentials["kind"],
            endpoint_url=given.endpoint_url,
            regions=list(given.regions),
            scope=dict(given.scope),
        )
        await store_credentials(session, account, dict(given.credentials))
        session.add(account)
    return organization_id, account.id


async def _start_job(organization_id: UUID, account_id: UUID) -> Any:
    """A job as a worker has it when it calls the task."""
    from app.core.database import tenant_session
    from app.core.ids import new_id
    from app.core.tasks import Job, TaskContext

    kind, job_id, lease = "inventory.sync_account", new_id(), new_id()
    async with tenant_session(organization_id) as session:
        arguments = {"account_id": str(account_id)}
        session.add(
            Job(
                organization_id=organization_id, id=job_id, kind=kind, state="running", arguments=arguments,
                lease=lease, attempt=1,
            )
        )  # fmt: skip
    return TaskContext(organization_id=organization_id, job_id=job_id, kind=kind, attempt=1, lease=lease)


async def _read_counts(owner: Any, organization_id: UUID) -> dict[str, Any]:
    """How much history there is, and each resource's row by its place and its writer's transaction."""
    rows = await owner.fetch(
        "SELECT id, ctid::text, xmin::text FROM cloud_resources WHERE organization_id = $1", organization_id
    )
    history = await owner.fetchval("SELECT count(*) FROM resource_versions WHERE organization_id = $1", organization_id)
    return {"places": {tuple(row) for row in rows}, "history": history}


async def postgres_cpu(owner: Any) -> float:
    """Processor seconds of the database's present connections, where it runs on this machine; otherwise 0."""
    pids = await owner.fetch("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
    return sum(_cpu_of(pid) for (pid,) in pids)


def _cpu_of(pid: int) -> float:
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:
        return 0.0
