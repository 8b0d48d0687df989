"""SQL made of conditions with positional arguments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import Scope
from app.domains.inventory.rules import tag_hash, tag_term

LAST_CODE_POINT = "\U0010ffff"  # sorts after every text that continues a prefix
NameRange = tuple[str, str | None]  # from a name, up to but not with another or to the end


@dataclass
class Statement:
    """SQL conditions with their positional arguments."""

    conditions: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """The placeholder of a new argument."""
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    @property
    def where(self) -> str:
        """The conditions, joined."""
        return " AND ".join(self.conditions)


def has_hash(made: Statement, tags: Iterable[tuple[str, str]]) -> str:
    """A condition that a row without the column `tags` can answer: one of these tags, or more tags than are hashed."""
    hashes = sorted({tag_hash(key, value) for key, value in tags})
    found = " OR ".join(f"{made.bind(one)}::int4 = ANY(r.tag_hashes)" for one in hashes)
    return f"(r.tag_hashes IS NULL OR {found})"


def narrow(made: Statement, scope: Scope | None, alias: str, *, org: str | None = None) -> None:
    """Keep to a scope. With `org`, the organization's placeholder, tags are looked up by term: for rare ones."""
    accounts = scope.account_ids if scope else None
    if accounts is not None:
        wanted = sorted(accounts)
        if len(wanted) == 1:
            made.conditions.append(f"{alias}.account_id = {made.bind(wanted[0])}")
        else:
            made.conditions.append(f"{alias}.account_id = ANY({made.bind(wanted)}::uuid[])")
    for part in scope.parts() if scope else ():
        if not part.tags:
            continue
        if org is not None:
            terms = made.bind(sorted({tag_term(key, value) for key, value in part.tags}))
            made.conditions.append(
                f"{alias}.id IN (SELECT unnest(t.resource_ids) FROM resource_terms t WHERE t.organization_id = {org}"  # noqa: S608
                f" AND t.kind = 'tag' AND t.term = ANY({terms}::text[]))"
            )
        # Terms are cut, so the tags themselves have the last word.
        tags = (f"{alias}.tags ->> {made.bind(key)}::text = {made.bind(value)}::text" for key, value in part.tags)
        made.conditions.append(f"({' OR '.join(tags)})")


async def fetch(session: AsyncSession, sql: str, arguments: Sequence[Any]) -> Sequence[RowMapping]:
    """Rows of SQL with `$n` arguments, past the statement compiler."""
    connection = await session.connection()
    return (await connection.exec_driver_sql(sql, tuple(arguments))).mappings().all()
