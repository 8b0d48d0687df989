"""Evaluating twenty controls on 100,000 resources beside plain Python functions; then with reading and storing.

    python -m bench.compliance [--resources 100000] [--no-database]

Both sides get the same parsed resources in memory and must agree on every state. The engine also checks what could be
read, gathers evidence, sub-keys and severities. The second part runs the product's own jobs on a filled database.
"""

import argparse
import asyncio
import gc
import time
from collections import Counter, defaultdict
from typing import Any

from app.core.database import Database, tenant_session, use_database
from app.core.ids import new_id
from app.core.tasks import Job, TaskContext
from app.core.tasks.registry import get_task
from app.domains.compliance.queries import StoredResource
from app.domains.compliance.rules.catalogue import CONTROLS
from app.domains.compliance.rules.model import Resource, Sibling
from app.domains.compliance.service.evaluating import AccountView, evaluate_batch
from sqlalchemy import text

from bench.common import report
from bench.compliance_estate import NOW, make_units
from bench.compliance_plain import CONDITIONS, Context, evaluate_plainly
from bench.inventory_estate import NUMBER, Estate, filled_database
from bench.memory import peak_memory

ROUNDS = 7
STATES = {True: "PASS", False: "FAIL", None: "NOT_APPLICABLE"}


def load_in_memory(resources: int) -> tuple[list[StoredResource], AccountView, Context]:
    """The estate as both sides read it."""
    batch: list[StoredResource] = []
    listings: dict[str, dict[str, list[Sibling]]] = defaultdict(lambda: defaultdict(list))
    for unit in make_units(resources):
        for item in unit.resources:
            resource = Resource(
                new_id(), item.native_id, item.native_type, item.region, item.tags, item.properties, {}, False
            )
            batch.append(StoredResource(resource, NUMBER))
            listings[item.native_type][NUMBER].append(Sibling(item.native_id, item.region, item.properties, {}))
    view = AccountView(now=NOW, known={NUMBER: set(listings)}, listings=dict(listings))
    groups = {group.properties["GroupId"]: group for group in listings["AWS::EC2::SecurityGroup"][NUMBER]}
    context = Context(
        now=NOW,
        logged_networks=frozenset(log.properties["ResourceId"] for log in listings["AWS::EC2::FlowLog"][NUMBER]),
        groups={id_: group.properties["IpPermissions"] for id_, group in groups.items()},
        account_block={},
    )
    return batch, view, context


def measure_evaluation(resources: int) -> dict[str, Any]:
    """CPU seconds of both sides in turn, the best of several rounds each, after checking that they agree."""
    batch, view, context = load_in_memory(resources)
    controls = {
        native_type: tuple(CONTROLS[control_id] for control_id, _ in conditions)
        for native_type, conditions in CONDITIONS.items()
    }
    names = sorted(control.id for found in controls.values() for control in found)
    assert len(names) == len(set(names)) == 20
    ours = evaluate_batch(batch, view, controls)
    plain = evaluate_plainly(batch, context)
    assert len(ours) == len(plain)
    for (mine, control, outcome), (resource, control_id, verdict) in zip(ours, plain, strict=True):
        expected = "UNKNOWN" if isinstance(verdict, str) else STATES[verdict]
        assert (mine, control.id, outcome.state) == (resource, control_id, expected), outcome
    states = Counter(outcome.state for _, _, outcome in ours)
    evaluations = len(ours)
    del ours, plain
    seconds: dict[str, list[float]] = {"ours": [], "floor": []}
    gc.freeze()
    for _ in range(ROUNDS):
        for side in seconds:
            gc.collect()
            started = time.process_time()
            done = evaluate_batch(batch, view, controls) if side == "ours" else evaluate_plainly(batch, context)
            seconds[side].append(time.process_time() - started)
            del done
    gc.unfreeze()
    best = {side: min(found) for side, found in seconds.items()}
    return {
        "resources": len(batch),
        "controls": names,
        "evaluations": evaluations,
        "states": dict(states),
        "ours_evaluations_per_cpu_second": round(evaluations / best["ours"]),
        "floor_evaluations_per_cpu_second": round(evaluations / best["floor"]),
        "times_the_floor": round(best["ours"] / best["floor"], 3),
        "ours_cpu_seconds": [round(value, 3) for value in seconds["ours"]],
        "floor_cpu_seconds": [round(value, 3) for value in seconds["floor"]],
    }


async def run_job(estate: Estate, name: str) -> dict[str, Any]:
    """One run of a job on the estate's account: wall and CPU seconds of this process, and its peak of memory."""
    job_id, lease = new_id(), new_id()
    async with tenant_session(estate.organization_id) as session:
        session.add(
            Job(
                organization_id=estate.organization_id,
                id=job_id,
                kind=name,
                state="running",
                arguments={},
                lease=lease,
                attempt=1,
            )
        )
    context = TaskContext(organization_id=estate.organization_id, job_id=job_id, kind=name, attempt=1, lease=lease)
    with peak_memory() as peak:
        wall, cpu = time.perf_counter(), time.process_time()
        await get_task(name).function(context, account_id=estate.account_id)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_seconds": round(wall, 2), "cpu_seconds": round(cpu, 2), "peak_mb": round(peak.own_mb)}


async def measure_jobs(resources: int) -> dict[str, Any]:
    """The whole way: a first evaluation of what a sync stored, then the whole account again without a change."""
    async with filled_database(resources, make_units) as (estate, _):
        database = Database(estate.app_url, pool_size=2)
        use_database(database)
        first = await run_job(estate, "compliance.evaluate_pending")
        async with tenant_session(estate.organization_id) as session:
            counts = await session.execute(
                text("SELECT (SELECT count(*) FROM compliance_results), (SELECT count(*) FROM compliance_issues)")
            )
            results, issues = counts.one()
        again = await run_job(estate, "compliance.evaluate_account")
        idle = await run_job(estate, "compliance.evaluate_pending")
        use_database(None)
        await database.close()
    return {
        "results_stored": results,
        "findings_opened": issues,
        "first_evaluation": first,
        "first_evaluations_per_second": round(results / first["wall_seconds"]),
        "whole_again_unchanged": again,
        "again_evaluations_per_second": round(results / again["wall_seconds"]),
        "nothing_pending": idle,
    }


def main() -> None:
    """Measure both parts and report."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--resources", type=int, default=100_000)
    parser.add_argument("--no-database", action="store_true")
    arguments = parser.parse_args()
    figures = measure_evaluation(arguments.resources)
    if not arguments.no_database:
        figures |= asyncio.run(measure_jobs(arguments.resources))
    report("compliance", **figures, goal="times_the_floor <= 1.5")


if __name__ == "__main__":
    main()
