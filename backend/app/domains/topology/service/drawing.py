"""Nodes and edges of an answer as plain values; `schemas.py` describes them."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.http import Caller
from app.core.money import Money, format_amount, sum_by_currency
from app.domains.topology import queries

Node = dict[str, Any]
Edge = tuple[str, str, str]  # source, kind, target
NO_FINDINGS: dict[str, int] = dict.fromkeys(("critical", "high", "medium", "low", "info"), 0)


def read_money(text: str) -> list[dict[str, str]]:
    """The stored monthly cost."""
    found: list[dict[str, str]] = orjson.loads(text) if text != "[]" else []
    return found


def sum_money(costs: Iterable[list[dict[str, str]]]) -> list[dict[str, str]]:
    """One sum a currency."""
    sums: dict[str, Decimal] = {}
    for cost in costs:
        for money in cost:
            sums[money["currency"]] = sums.get(money["currency"], Decimal(0)) + Decimal(money["amount"])
    return [{"amount": format_amount(amount), "currency": currency} for currency, amount in sorted(sums.items())]


def sum_as_money(costs: Iterable[list[dict[str, str]]]) -> list[Money]:
    """The same as values."""
    return sum_by_currency(Money.model_validate(money) for cost in costs for money in cost)


def resource_node(row: Mapping[Any, Any], *, distance: int | None = None, group: str | None = None) -> Node:
    """The node of one resource."""
    resource_id = str(row["id"])
    return {
        "id": resource_id,
        "kind": "resource",
        "resource_id": resource_id,
        "native_id": row["native_id"],
        "label": row["name"] or row["native_id"],
        "type": row["type"],
        "provider": row["provider"],
        "account_id": str(row["account_id"]),
        "region": row["region"],
        "group": group,
        "count": 1,
        "cost": read_money(row["cost"]),
        "findings": NO_FINDINGS,
        "exposed": row["exposed"],
        "stale": row["stale"],
        "distance": distance,
    }


def group_node(id_: str, label: str, count: int, *, distance: int | None = None, **fields: Any) -> Node:
    """The node of several resources."""
    return {
        "id": id_,
        "kind": "group",
        "resource_id": None,
        "native_id": None,
        "label": label,
        "type": None,
        "provider": None,
        "account_id": None,
        "region": None,
        "group": None,
        "count": count,
        "cost": [],
        "findings": NO_FINDINGS,
        "exposed": None,
        "stale": False,
        "distance": distance,
    } | fields


def external_node(
    id_: str, label: str, count: int, *, distance: int | None = None, native_id: str | None = None
) -> Node:
    """The node of what was not collected or may not be seen."""
    return group_node(id_, label, count, distance=distance) | {"kind": "external", "native_id": native_id}


def edge_values(edges: Mapping[Edge, int], shown: Collection[str]) -> list[dict[str, Any]]:
    """Edges whose two ends are shown."""
    return [
        {"source": source, "target": target, "kind": kind, "count": count}
        for (source, kind, target), count in edges.items()
        if source in shown and target in shown
    ]


async def add_findings(session: AsyncSession, caller: Caller, nodes: Collection[Node]) -> None:
    """Put open findings on the nodes of resources, where the caller may see findings."""
    if not caller.can("compliance:read"):
        return
    by_id = {UUID(node["resource_id"]): node for node in nodes if node["resource_id"]}
    for resource_id, counts in (await queries.count_findings(session, caller.organization_id, by_id)).items():
        by_id[resource_id]["findings"] = NO_FINDINGS | counts
