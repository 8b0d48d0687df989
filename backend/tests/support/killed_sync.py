"""Syncs in a process that a test kills: a process that has everything imported forks one for each run."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

from app.core.database import Database, tenant_session, use_database
from app.core.ids import new_id
from app.core.tasks import Job, TaskContext
from app.domains.accounts import service as accounts
from app.domains.inventory import service
from app.providers.base import Connection, Unit
from sqlalchemy import text, update

BACKEND = Path(__file__).parents[2]
AWS_SERVICES = frozenset({"ec2", "s3", "sqs", "sns", "dynamodb"})


class Forker:
    """Runs syncs of three accounts at once, each run a process of its own."""

    def __init__(self, database_url: str) -> None:
        program = "from tests.support.killed_sync import main; main()"
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(BACKEND), str(BACKEND.parent)])}
        self._process = subprocess.Popen(
            [sys.executable, "-c", program, database_url],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    async def run(self, organization_id: UUID, jobs: dict[str, str], kill_after_seconds: float | None = None) -> bool:
        """Sync accounts (job's id → account's id). SIGKILL after so long; whether the run came to its end before."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"organization_id": str(organization_id), "jobs": jobs}) + "\n")
        self._process.stdin.flush()
        pid = int(await asyncio.to_thread(self._line))
        ended = asyncio.create_task(asyncio.to_thread(self._line))
        if kill_after_seconds is not None:
            await asyncio.wait({ended}, timeout=kill_after_seconds)
            if not ended.done():
                os.kill(pid, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(int(await ended))
        assert code in (0, -signal.SIGKILL), code
        assert code == 0 or kill_after_seconds is not None
        return code == 0

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait(10)

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        assert line, "the forking process ended"
        return line


def main() -> None:
    """The process that forks."""
    import google.oauth2.service_account  # noqa: F401  # imported at first use otherwise
    from app.domains import load_domains

    load_domains()
    _register()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                asyncio.run(_sync(sys.argv[1], json.loads(line)))
                code = 0
            except BaseException:  # noqa: BLE001  # shown, and told by the code
                sys.excepthook(*sys.exc_info())
            finally:
                os._exit(code)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


def _register() -> None:
    from app.providers.aws import AwsProvider

    class FewServices(AwsProvider):
        """Of AWS's services those that a small account has."""

        async def plan(self, connection: Connection) -> list[Unit]:
            return [unit for unit in await super().plan(connection) if unit.service in AWS_SERVICES]

    from app.providers.gcp import GcpProvider

    accounts.register_provider("aws", FewServices())
    accounts.register_provider("gcp", GcpProvider(lists_per_minute=60_000))


async def _sync(database_url: str, command: dict[str, Any]) -> None:
    organization_id = UUID(command["organization_id"])
    use_database(Database(database_url, pool_size=12))
    async with asyncio.TaskGroup() as group:
        for job_id, account_id in command["jobs"].items():
            context = await _claim(organization_id, UUID(job_id))
            group.create_task(_run(context, UUID(account_id)))


async def _claim(organization_id: UUID, job_id: UUID) -> TaskContext:
    """As a worker does that takes over a dead one's job."""
    lease, kind = new_id(), "inventory.sync_account"
    async with tenant_session(organization_id) as session:
        this = (Job.organization_id == organization_id) & (Job.id == job_id)
        await session.execute(update(Job).where(this).values(state="running", lease=lease, attempt=Job.attempt + 1))
    return TaskContext(organization_id=organization_id, job_id=job_id, kind=kind, attempt=1, lease=lease)


async def _run(context: TaskContext, account_id: UUID) -> None:
    await service.sync_account(context, account_id)
    await context.flush()


_WORDS = {
    "UNIT": """(SELECT concat_ws(' ', u.native_account, u.region, u.service) FROM sync_units u
        WHERE u.organization_id = ROW.organization_id AND u.id = ROW.unit_id)""",
    "OWNER": "(SELECT a.name FROM accounts a WHERE a.organization_id = ROW.organization_id AND a.id = ROW.account_id)",
    "NATIVE": """(SELECT r.native_id FROM cloud_resources r
        WHERE r.organization_id = ROW.organization_id AND r.id = ROW.ID)""",
}
_STATE = {
    "resources": """SELECT native_id, native_account, provider, region, service, native_type, type, name, status, tags,
        properties, unread_fields, aliases, content_hash::text, created_at::text, closed_at IS NOT NULL,
        stale_since IS NOT NULL, stale_reason, OWNER(c), UNIT(c) FROM cloud_resources c""",
    "terms": """SELECT kind, term, NATIVE(t.resource_id) FROM
        (SELECT organization_id, kind, term, unnest(resource_ids) AS resource_id FROM resource_terms) t""",
    "relations": """SELECT source_native_id, kind, target_native_id, NATIVE(e.source_id), NATIVE(e.target_id), UNIT(e)
        FROM resource_relations e""",
    "past relations": "SELECT source_native_id, kind, target_native_id, NATIVE(e.source_id) FROM past_relations e",
    "versions": "SELECT NATIVE(v.resource_id), kind, changes, OWNER(v) FROM resource_versions v",
    "units": """SELECT OWNER(s), native_account, region, service, state, resources, error, missing_permissions,
        complete_types, (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(type_seen_at) k), type_counts,
        stale_resources, retired_at IS NULL, failures FROM sync_units s""",
    "counts": "SELECT OWNER(c), UNIT(c), region, native_type, type, status, resources, stale FROM sync_unit_counts c",
    "accounts": """SELECT name, native_account_id, kind, path, status, status_detail, inactive_reason, coverage,
        last_synced_at IS NULL FROM accounts""",
    "told": """SELECT kind, NATIVE(t.id) FROM
        (SELECT organization_id, kind, jsonb_array_elements_text(payload -> kind)::uuid AS id
         FROM events, unnest(ARRAY['created', 'updated', 'deleted']) AS kind WHERE name = 'resource.changed') t""",
}


def _written_out(query: str) -> str:
    """The query with its words (`NATIVE(e.source_id)`, `OWNER(c)`) written out."""

    def write_out(match: re.Match[str]) -> str:
        row, _, column = match[2].partition(".")
        return _WORDS[match[1]].replace("ROW", row).replace("ID", column or "id")

    return re.sub(r"\b(UNIT|OWNER|NATIVE)\(([\w.]+)\)", write_out, query)


async def read_state(organization_id: UUID) -> dict[str, list[str]]:
    """Everything that a sync leaves behind, without what differs from run to run: ids, moments and jobs."""
    state: dict[str, list[str]] = {}
    async with tenant_session(organization_id) as session:
        for name, query in _STATE.items():
            rows = (await session.execute(text(_written_out(query)))).all()
            state[name] = sorted(json.dumps(list(row), sort_keys=True, default=str) for row in rows)
    return state
