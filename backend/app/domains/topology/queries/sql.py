"""Pieces of SQL that the questions share. JSON columns are asked for as text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.scope import Scope

Rows = Sequence[Mapping[Any, Any]]


@dataclass
class Statement:
    """Conditions with their positional arguments; `org` is the organization's placeholder."""

    organization_id: UUID
    arguments: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.arguments.insert(0, self.organization_id)

    @property
    def org(self) -> str:
        """The organization's placeholder."""
        return "$1"

    def bind(self, value: Any, kind: str = "") -> str:
        """The placeholder of a new argument, cast to `kind`."""
        self.arguments.append(value)
        return f"${len(self.arguments)}" + (f"::{kind}" if kind else "")

    def scope(self, scope: Scope | None, alias: str) -> str:
        """A condition that is true of resources that the scope lets through."""
        made: list[str] = []
        accounts = scope.account_ids if scope else None
        if accounts is not None:
            made.append(f"{alias}.account_id = ANY({self.bind(sorted(accounts), 'uuid[]')})")
        for part in scope.parts() if scope else ():
            if part.tags:
                tags = (
                    f"{alias}.tags ->> {self.bind(key, 'text')} = {self.bind(value, 'text')}"
                    for key, value in part.tags
                )
                made.append(f"({' OR '.join(tags)})")
        return f"coalesce({' AND '.join(made)}, false)" if made else "true"

    def alive(self, alias: str, at: datetime | None) -> str:
        """A condition that is true of resources that are there, or were at an instant.

        A resource that came back was gone in between: its history tells.
        """
        if at is None:
            return f"{alias}.closed_at IS NULL"
        then = self.bind(at, "timestamptz")
        return f"""{alias}.first_seen_at <= {then} AND ({alias}.closed_at IS NULL OR {alias}.closed_at > {then})
          AND NOT EXISTS (
            SELECT FROM (SELECT v.kind FROM resource_versions v
              WHERE v.organization_id = $1 AND v.resource_id = {alias}.id AND v.at <= {then}
                AND v.kind IN ('created', 'deleted') ORDER BY v.id DESC LIMIT 1) AS last
            WHERE last.kind = 'deleted')"""  # noqa: S608  # names are ours

    def edges(self, at: datetime | None) -> str:
        """A table of the organization's edges, now or at an instant: source_id, kind, target_id, their native ids."""
        columns = "source_id, kind, target_id, source_native_id, target_native_id"
        if at is None:
            return f"(SELECT {columns} FROM resource_relations WHERE organization_id = $1)"  # noqa: S608
        then = self.bind(at, "timestamptz")
        return f"""(SELECT {columns} FROM resource_relations WHERE organization_id = $1 AND first_seen_at <= {then}
          UNION ALL SELECT {columns} FROM past_relations
            WHERE organization_id = $1 AND closed_at > {then} AND first_seen_at <= {then})"""  # noqa: S608


async def fetch(session: AsyncSession, sql: str, arguments: Sequence[Any]) -> Rows:
    """Rows of SQL with `$n` arguments, past the statement compiler."""
    connection = await session.connection()
    return (await connection.exec_driver_sql(sql, tuple(arguments))).mappings().all()
