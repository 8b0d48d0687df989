"""The look-up table: lists of resources by what they are found by."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.bulk import Driver, array_literal
from app.core.ids import new_id
from app.domains.inventory.rules import Term, Terms

LIST_SIZE = 100  # resources; a longer list would leave its row's page (TOAST)
_ROWS = """unnest($2::text::text[], $3::text::text[], $4::text::uuid[], $5::text::text[])
  AS s (kind, term, list_id, ids)"""


async def add_terms(driver: Driver, organization_id: UUID, resources: Sequence[tuple[UUID, Terms]]) -> None:
    """List each resource under these terms, under which it must not be listed yet."""
    rows: list[tuple[str, str, str, str]] = []
    for start in range(0, len(resources), LIST_SIZE):
        list_id = str(new_id())
        lists = _make_lists(resources[start : start + LIST_SIZE])
        rows += [
            (kind, term, list_id, ids[0] if len(ids) == 1 else ",".join(dict.fromkeys(ids)))
            for (kind, term), ids in lists.items()
        ]
    if not rows:
        return
    rows.sort()  # neighbours in the index, written one after the other
    await driver.execute(
        f"""INSERT INTO resource_terms (organization_id, kind, term, list_id, resource_ids)
            SELECT $1, kind, term, list_id, string_to_array(ids, ',')::uuid[] FROM {_ROWS}""",  # noqa: S608
        organization_id,
        *map(array_literal, zip(*rows, strict=True)),
    )


def _make_lists(resources: Sequence[tuple[UUID, Terms]]) -> dict[Term, list[str]]:
    """Ids by term; an id occurs twice where a resource has a term of its own and shares it."""
    lists: dict[Term, list[str]] = {}
    groups: dict[frozenset[Term], list[str]] = {}
    for resource_id, terms in resources:
        text = str(resource_id)
        for term in terms.own:
            lists.setdefault(term, []).append(text)
        for group in terms.shared:
            groups.setdefault(group, []).append(text)
    for group, ids in groups.items():
        for term in group:
            lists.setdefault(term, []).extend(ids)
    return lists


async def drop_terms(driver: Driver, organization_id: UUID, dropped: Mapping[Term, Sequence[UUID]]) -> None:
    """Take resources from the lists of these terms.

    The lists are locked first, in one order, and changed from what they hold then: units that share a list, because a
    resource moved from one to the other, would overwrite each other.
    """
    if not dropped:
        return
    kinds, terms = zip(*dropped, strict=True)
    lists = await driver.fetch(
        """SELECT t.kind, t.term, t.list_id, t.resource_ids FROM resource_terms t
           WHERE t.organization_id = $1 AND (t.kind, t.term) IN (SELECT * FROM unnest($2::text[], $3::text[]))
             AND EXISTS (SELECT FROM unnest(t.resource_ids) AS listed WHERE listed = ANY($4::uuid[]))
           ORDER BY t.kind, t.term, t.list_id FOR UPDATE""",
        organization_id,
        kinds,
        terms,
        list({resource_id for ids in dropped.values() for resource_id in ids}),
    )
    gone = {term: set(ids) for term, ids in dropped.items()}
    emptied: list[tuple[str, str, str, str]] = []
    shortened: list[tuple[str, str, str, str]] = []
    for kind, term, list_id, ids in lists:
        left = [str(resource_id) for resource_id in ids if resource_id not in gone[kind, term]]
        if len(left) < len(ids):
            (shortened if left else emptied).append((kind, term, str(list_id), ",".join(left)))
    this_list = "t.organization_id = $1 AND t.kind = s.kind AND t.term = s.term AND t.list_id = s.list_id"
    if emptied:
        await driver.execute(
            f"DELETE FROM resource_terms t USING {_ROWS} WHERE {this_list}",  # noqa: S608  # names are ours
            organization_id,
            *map(array_literal, zip(*emptied, strict=True)),
        )
    if shortened:
        await driver.execute(
            f"""UPDATE resource_terms t SET resource_ids = string_to_array(s.ids, ',')::uuid[]
                FROM {_ROWS} WHERE {this_list}""",  # noqa: S608  # names are ours
            organization_id,
            *map(array_literal, zip(*shortened, strict=True)),
        )
