"""The look-up table: lists of resources by what they are found by."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from app.core.bulk import Driver
from app.core.ids import new_id
from app.domains.inventory.rules import Term

LIST_SIZE = 100  # resources; a longer list would leave its row's page (TOAST)


async def add_terms(driver: Driver, organization_id: UUID, resources: Sequence[tuple[UUID, set[Term]]]) -> None:
    """List each resource under these terms, under which it must not be listed yet."""
    rows: list[tuple[str, str, UUID, str]] = []
    for start in range(0, len(resources), LIST_SIZE):
        list_id, lists = new_id(), dict[Term, list[str]]()
        for resource_id, terms in resources[start : start + LIST_SIZE]:
            text = str(resource_id)
            for term in terms:
                lists.setdefault(term, []).append(text)
        rows += [(kind, term, list_id, ",".join(ids)) for (kind, term), ids in lists.items()]
    if not rows:
        return
    rows.sort()  # neighbours in the index, written one after the other
    kinds, terms_, list_ids, ids = zip(*rows, strict=True)
    await driver.execute(
        """INSERT INTO resource_terms (organization_id, kind, term, list_id, resource_ids)
           SELECT $1, kind, term, list_id, string_to_array(ids, ',')::uuid[]
           FROM unnest($2::text[], $3::text[], $4::uuid[], $5::text[]) AS s (kind, term, list_id, ids)""",
        organization_id,
        kinds,
        terms_,
        list_ids,
        ids,
    )


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
    emptied: list[tuple[str, str, UUID, str]] = []
    shortened: list[tuple[str, str, UUID, str]] = []
    for kind, term, list_id, ids in lists:
        left = [str(resource_id) for resource_id in ids if resource_id not in gone[kind, term]]
        if len(left) < len(ids):
            (shortened if left else emptied).append((kind, term, list_id, ",".join(left)))
    this_list = "t.organization_id = $1 AND t.kind = s.kind AND t.term = s.term AND t.list_id = s.list_id"
    rows = "unnest($2::text[], $3::text[], $4::uuid[], $5::text[]) AS s (kind, term, list_id, ids)"
    if emptied:
        await driver.execute(
            f"DELETE FROM resource_terms t USING {rows} WHERE {this_list}",  # noqa: S608  # names are ours
            organization_id,
            *zip(*emptied, strict=True),
        )
    if shortened:
        await driver.execute(
            f"""UPDATE resource_terms t SET resource_ids = string_to_array(s.ids, ',')::uuid[]
                FROM {rows} WHERE {this_list}""",  # noqa: S608  # names are ours
            organization_id,
            *zip(*shortened, strict=True),
        )
