"""Lists and counts by common tags, which walk an index of hashes: never wrong, whatever the hashes are."""

from dataclasses import replace
from uuid import UUID

import pytest
from app.core.database import Database
from app.core.scope import Scope
from app.domains.inventory import queries
from app.domains.inventory.queries import statement
from app.domains.inventory.rules import words
from tests.domains.inventory.conftest import ROUTERS
from tests.support.clouds import make_caller, make_client, make_organization
from tests.support.inventory import list_names, make_account, make_resource, store


@pytest.fixture
async def organization(database: Database) -> UUID:
    return await make_organization()


@pytest.fixture
def common(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every tag counts as common."""
    monkeypatch.setattr(queries, "FEW_LISTS", 0)


def tags_of(number: int) -> dict[str, str]:
    """One of two values; the last resources have more tags than are hashed."""
    many = {f"key {index}": "x" for index in range(words.MAX_HASHED)} if number > 7 else {}
    return {"env": ("prod", "dev")[number % 2]} | many


@pytest.mark.usefixtures("common")
async def test_tags_that_share_a_hash_and_rows_with_many_tags_are_told_apart(
    organization: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (words, statement):
        monkeypatch.setattr(module, "tag_hash", lambda key, value: 7)
    things = [make_resource(number, name=f"n-{number:02}", tags=tags_of(number)) for number in range(12)]
    account_id = await make_account(organization)
    await store(organization, account_id, things)
    prod = [thing.name for thing in things if thing.tags["env"] == "prod"]
    scoped = replace(make_caller(organization), scope=Scope(tags=(("env", "prod"),)))
    async with make_client(ROUTERS, make_caller(organization)) as client, make_client(ROUTERS, scoped) as narrowed:
        for limit in (2, 50):
            assert await list_names(client, search="tag:env=prod", limit=limit) == prod
            assert await list_names(client, search="tag:env=prod type:c*", sort="-name", limit=limit) == prod[::-1]
            assert await list_names(narrowed, limit=limit) == prod
        assert (await narrowed.get("/usage/facets")).json()["total"] == len(prod)
        assert (await narrowed.get("/usage/facets", params={"search": "tag:env=dev"})).json()["total"] == 0


@pytest.mark.usefixtures("common")
async def test_facets_of_common_tags_count_rows_with_many_tags_too(organization: UUID) -> None:
    things = [make_resource(number, tags=tags_of(number)) for number in range(12)]
    await store(organization, await make_account(organization), things)
    async with make_client(ROUTERS, make_caller(organization)) as client:
        for search, total in (("tag:env=prod", 6), ("tag:env=dev,prod", 12), ('tag:env=prod tag:"key 3"=x', 2)):
            facets = (await client.get("/usage/facets", params={"search": search})).json()
            assert (facets["total"], facets["exact"]) == (total, True), search
            assert facets["type"] == [{"key": "compute.instance", "count": total}]
