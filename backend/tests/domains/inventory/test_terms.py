"""The look-up table: lists of resources that share a term."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from app.core.bulk import open_driver
from app.core.database import tenant_session
from app.core.ids import new_id
from app.domains.inventory.rules import Term, Terms, resource_terms
from app.domains.inventory.service.terms import LIST_SIZE, add_terms, drop_terms
from sqlalchemy import text

PROD: Term = ("tag", "env\x1fprod")
WEB: Term = ("word", "web")


async def lists(organization_id: UUID) -> dict[Term, list[set[UUID]]]:
    """What is stored: the lists of each term."""
    found: dict[Term, list[set[UUID]]] = {}
    async with tenant_session(organization_id) as session:
        rows = await session.execute(text("SELECT kind, term, resource_ids FROM resource_terms ORDER BY list_id"))
        for kind, term, ids in rows:
            assert len(set(ids)) == len(ids) <= LIST_SIZE
            found.setdefault((kind, term), []).append(set(ids))
    return found


async def add(organization_id: UUID, *resources: tuple[UUID, Terms]) -> None:
    async with tenant_session(organization_id) as session:
        await add_terms(await open_driver(session), organization_id, resources)


async def drop(organization_id: UUID, dropped: Mapping[Term, list[UUID]], *, pause_seconds: float = 0) -> None:
    async with tenant_session(organization_id) as session:
        await drop_terms(await open_driver(session), organization_id, dropped)
        await asyncio.sleep(pause_seconds)


@pytest.mark.usefixtures("database")
async def test_resources_that_share_a_term_share_its_lists(organization_id: UUID) -> None:
    ids = [new_id() for _ in range(2 * LIST_SIZE + 1)]
    shared = (frozenset({PROD, WEB}),)
    await add(organization_id, *((id_, Terms(frozenset({WEB, ("id", str(id_))}), shared)) for id_ in ids))
    found = await lists(organization_id)
    assert sorted(len(listed) for listed in found[PROD]) == [1, LIST_SIZE, LIST_SIZE]
    assert set().union(*found[WEB]) == set(ids)
    assert found["id", str(ids[0])] == [{ids[0]}]


@pytest.mark.usefixtures("database")
async def test_a_dropped_term_leaves_the_others_listed(organization_id: UUID) -> None:
    one, other, third = new_id(), new_id(), new_id()
    both = Terms(frozenset({PROD, WEB}))
    await add(organization_id, (one, both), (other, both))
    await add(organization_id, (third, both))
    await drop(organization_id, {PROD: [one, third], WEB: [other], ("word", "unknown"): [one]})
    assert await lists(organization_id) == {PROD: [{other}], WEB: [{one}, {third}]}
    await drop(organization_id, {})
    await add(organization_id)
    assert len(await lists(organization_id)) == 2


@pytest.mark.usefixtures("database")
async def test_units_that_share_a_list_do_not_undo_each_other(organization_id: UUID) -> None:
    ids = [new_id() for _ in range(3)]
    await add(organization_id, *((id_, Terms(frozenset({PROD, WEB}))) for id_ in ids))
    await asyncio.gather(
        drop(organization_id, {PROD: [ids[0]], WEB: [ids[0]]}, pause_seconds=0.3),
        drop(organization_id, {WEB: [ids[1]], PROD: [ids[1]]}, pause_seconds=0.3),
    )
    assert await lists(organization_id) == {PROD: [{ids[2]}], WEB: [{ids[2]}]}


def test_a_resource_is_found_by_its_name_ids_place_and_tags() -> None:
    fields: dict[str, Any] = {
        "name": "eu-web",
        "native_id": "arn:aws:ec2:eu-west-1:111122223333:instance/i-0A1B",
        "native_type": "AWS::EC2::Instance",
        "kind": "compute.instance",
        "region": "eu-west-1",
        "tags": {"Cost-Center": "CC 7"},
        "aliases": ["i-0A1B"],
    }
    terms = resource_terms(**fields).all
    assert {term for kind, term in terms if kind == "word"} == {
        *("eu-web", "web", "0a1b", "aws-ec2-instance", "ec2-instance", "instance", "compute-instance"),
        *("eu-west-1", "west-1", "1", "cost-center", "center", "cc", "7"),
    }
    assert terms >= {("id", fields["native_id"].lower()), ("alias", "i-0a1b"), ("tag", "Cost-Center\x1fCC 7")}
    many = resource_terms(**fields | {"tags": {f"key-{number}": "x" for number in range(900)}})
    kinds = Counter(kind for kind, _ in many.all)
    assert (kinds["word"], kinds["tag"]) == (400, 900)  # words are cut, tags are told to be complete
