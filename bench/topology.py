"""Maps, paths and blast radius by the number of edges, beside the neighbourhood in one bare statement.

    python -m bench.topology [--edges 10000 100000 1000000] [--roots 200]

A fifth as many resources as edges: each lies in a subnet of 250, is guarded by a group of 50, takes a role of 500, is
attached to its neighbour and uses another at random; every subnet lies in a network of 20. Questions go through the
whole application in this process, one after the other, with row-level security; signing in is replaced by a fixed
caller. The floor reads the same edges and rows two steps deep as the tables' owner, in one prepared statement in
autocommit, and makes JSON of them.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import orjson
from app.core.config import SERVICES, Settings
from app.core.database import Database, use_database
from app.core.http import Caller
from app.core.ids import new_id
from app.core.ratelimit import LIMITS, Limit, RateLimiter
from fastapi import Request

from bench.common import report
from bench.inventory_estate import NUMBER, empty_database

SUBNET, GROUP, ROLE, NETWORK = 250, 50, 500, 20
WANTED_MS = 50
_FILL = """
INSERT INTO accounts (organization_id, id, provider, name, native_account_id, credentials_kind)
  VALUES ($1, $2, 'aws', 'bench', $4, 'ambient');
INSERT INTO sync_units (organization_id, id, account_id, native_account, region, service)
  VALUES ($1, $3, $2, $4, 'eu-west-1', 'ec2');
CREATE TEMP TABLE made ON COMMIT DROP AS
  SELECT md5('$5' || p.prefix || n)::uuid AS id, p.prefix || n AS name, p.type FROM (VALUES
    ('i-', 'compute.instance', $6), ('subnet-', 'network.subnet', $6 / {subnet} + 1),
    ('sg-', 'network.security_group', $6 / {group} + 1), ('role-', 'iam.role', $6 / {role} + 1),
    ('vpc-', 'network.vpc', $6 / {subnet} / {network} + 1)) AS p (prefix, type, count)
  CROSS JOIN LATERAL generate_series(0, p.count - 1) AS n;
INSERT INTO cloud_resources (organization_id, id, account_id, unit_id, provider, native_account, region, service,
    native_id, native_type, type, name, content_hash, first_seen_at, last_seen_at, cost)
  SELECT $1, id, $2, $3, 'aws', $4, 'eu-west-1', 'ec2', 'arn:aws:ec2:eu-west-1:' || $4 || ':' || name, 'Bench', type,
    name, decode(md5(name), 'hex'), now(), now(), '[{{"amount": "12.50", "currency": "USD"}}]' FROM made;
CREATE TEMP TABLE pairs ON COMMIT DROP AS
  SELECT 'subnet-' || n / {subnet} AS source, 'contains' AS kind, 'i-' || n AS target FROM generate_series(0, $6 - 1) n
  UNION ALL SELECT 'i-' || n, 'secured-by', 'sg-' || n / {group} FROM generate_series(0, $6 - 1) n
  UNION ALL SELECT 'i-' || n, 'assumes', 'role-' || n / {role} FROM generate_series(0, $6 - 1) n
  UNION ALL SELECT 'i-' || n, 'attached-to', 'i-' || n + 1 FROM generate_series(0, $6 - 2) n
  UNION ALL SELECT 'i-' || n, 'uses', 'i-' || (n::bigint * 7919 + 13) % $6 FROM generate_series(0, $6 - 1) n
  UNION ALL SELECT 'vpc-' || n / {network}, 'contains', 'subnet-' || n FROM generate_series(0, $6 / {subnet}) n;
INSERT INTO resource_relations
    (organization_id, unit_id, source_native_id, kind, target_native_id, source_id, target_id)
  SELECT $1, $3, p.source, p.kind, p.target, s.id, t.id FROM pairs p
    JOIN made s ON s.name = p.source JOIN made t ON t.name = p.target;
"""  # the arguments are put in as text: several statements take no parameters
_FLOOR = """
WITH one AS (SELECT neighbour FROM (
    SELECT target_id AS neighbour FROM resource_relations WHERE organization_id = $1 AND source_id = $2
    UNION SELECT source_id FROM resource_relations WHERE organization_id = $1 AND target_id = $2) AS e LIMIT 500),
  two AS (SELECT e.* FROM one CROSS JOIN LATERAL (
    (SELECT source_id, kind, target_id FROM resource_relations
      WHERE organization_id = $1 AND source_id = one.neighbour LIMIT 51)
    UNION ALL (SELECT source_id, kind, target_id FROM resource_relations
      WHERE organization_id = $1 AND target_id = one.neighbour LIMIT 51)) AS e)
SELECT r.id, r.native_id, r.name, r.type, r.provider, r.account_id, r.region, r.cost,
    (SELECT count(*) FROM two) AS edges
  FROM cloud_resources r WHERE r.organization_id = $1
    AND r.id IN (SELECT source_id FROM two UNION SELECT target_id FROM two)"""


async def fill(owner_url: str, edges: int) -> tuple[UUID, list[UUID], list[UUID]]:
    """An organization with about so many edges; returns it, its machines and its groups."""
    organization_id, machines = new_id(), edges // 5
    values = {
        "$1": f"'{organization_id}'::uuid",
        "$2": f"'{new_id()}'::uuid",
        "$3": f"'{new_id()}'::uuid",
        "$4": f"'{NUMBER}'",
        "$5": str(organization_id),
        "$6": str(machines),
    }
    sql = _FILL.format(subnet=SUBNET, group=GROUP, role=ROLE, network=NETWORK)
    for name, text in values.items():
        sql = sql.replace(name, text)
    owner = await asyncpg.connect(owner_url)
    async with owner.transaction():
        await owner.execute(sql)
    await owner.execute("VACUUM ANALYZE cloud_resources, resource_relations")
    ids: list[list[UUID]] = []
    for prefix in ("i-", "sg-"):
        rows = await owner.fetch(
            """SELECT id FROM cloud_resources WHERE organization_id = $1 AND starts_with(name, $2)
               ORDER BY id LIMIT 5000""",
            organization_id,
            prefix,
        )
        ids.append([row["id"] for row in rows])
    await owner.close()
    return organization_id, ids[0], ids[1]


def make_client(database: Database, organization_id: UUID) -> httpx.AsyncClient:
    """The application with a fixed caller."""
    from app.main import create_app

    async def authenticate(_: Request) -> Caller:
        return Caller(
            user_id=organization_id,
            organization_id=organization_id,
            email="bench@example.com",
            role="viewer",
            permissions=frozenset({"topology:read", "compliance:read"}),
        )

    app = create_app(Settings(), SERVICES, database=database)
    app.state.authenticate = authenticate
    app.state.rate_limiter = RateLimiter(None, {**LIMITS, "read": Limit(count=100_000_000, period_seconds=60)})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://bench/api/v1")


async def time_each(asks: list[Callable[[], Awaitable[Any]]]) -> tuple[list[float], list[Any]]:
    """Milliseconds and answers, one question after the other, after a tenth of them to warm up."""
    for ask in asks[: len(asks) // 10 + 1]:
        await ask()
    took: list[float] = []
    answers: list[Any] = []
    for ask in asks:
        started = time.perf_counter()
        answers.append(await ask())
        took.append((time.perf_counter() - started) * 1000)
    return took, answers


def figures(name: str, took: list[float]) -> dict[str, float]:
    """The median and the 95th percentile under a name."""
    return {f"{name}_p50_ms": statistics.median(took), f"{name}_p95_ms": statistics.quantiles(took, n=20)[18]}


async def measure_size(owner_url: str, app_url: str, edges: int, roots: int) -> dict[str, Any]:
    """One size: every question, then the floor."""
    organization_id, machines, groups = await fill(owner_url, edges)
    picks = random.Random(1)
    starts = [picks.choice(machines) for _ in range(roots)]
    pairs = [(start, picks.choice(machines)) for start in starts]
    database = Database(app_url, pool_size=2)
    use_database(database)
    found: dict[str, Any] = {"edges": edges}
    async with make_client(database, organization_id) as client:

        def ask(path: str, **params: Any) -> Callable[[], Awaitable[Any]]:
            async def read() -> bytes:
                answer = await client.get(f"/topology{path}", params=params)
                assert answer.status_code == 200, answer.text
                return answer.content

            return read

        questions = {
            "map_1_hop": [ask("", root=str(root), depth=1) for root in starts],
            "map_2_hops": [ask("", root=str(root), depth=2) for root in starts],
            "map_3_hops": [ask("", root=str(root), depth=3) for root in starts],
            "path": [ask("/path", **dict(zip(("from", "to"), map(str, pair), strict=True))) for pair in pairs],
            "blast_radius": [ask(f"/resources/{picks.choice(groups)}/blast-radius", depth=4) for _ in starts],
        }
        for name, asks in questions.items():
            took, answers = await time_each(asks)
            found |= figures(name, took)
            read = [orjson.loads(answer) for answer in answers]
            found[f"{name}_nodes"] = statistics.mean(len(answer["nodes"]) for answer in read)
            found[f"{name}_truncated"] = sum(answer["truncated"] for answer in read)
            if name == "path":
                found["path_found"] = sum(bool(answer["paths"]) for answer in read)
    use_database(None)
    await database.close()
    owner = await asyncpg.connect(owner_url)
    statement = await owner.prepare(_FLOOR)

    def bare(root: UUID) -> Callable[[], Awaitable[Any]]:
        async def read() -> bytes:
            rows = await statement.fetch(organization_id, root)
            return orjson.dumps([dict(row) for row in rows], default=str)

        return read

    took, answers = await time_each([bare(root) for root in starts])
    found |= figures("floor_2_hops", took)
    found["floor_2_hops_nodes"] = statistics.mean(len(orjson.loads(answer)) for answer in answers)
    await owner.close()
    return found


async def measure(sizes: list[int], roots: int) -> None:
    """Every size in one database, the smallest first."""
    async with empty_database() as (owner_url, app_url):
        measured = []
        for edges in sorted(sizes):
            measured.append(await measure_size(owner_url, app_url, edges, roots))
            print(measured[-1], flush=True)
    first, last = measured[0], measured[-1]
    report(
        "topology",
        roots=roots,
        wanted=f"2 hops at 1,000,000 edges under {WANTED_MS} ms p95",
        ours_2_hops_p95_ms=last["map_2_hops_p95_ms"],
        floor_2_hops_p95_ms=last["floor_2_hops_p95_ms"],
        slope_times=last["map_2_hops_p95_ms"] / first["map_2_hops_p95_ms"],
        slope_edges_times=last["edges"] / first["edges"],
        sizes=measured,
    )


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--edges", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--roots", type=int, default=200)
    given = parser.parse_args()
    asyncio.run(measure(given.edges, given.roots))


if __name__ == "__main__":
    main()
