"""Re-encryption of stored values under the newest key version, batch by batch, beside everybody else's work.

Which columns hold sealed values comes from the metadata (`info=SEALED`), so a new table is covered by itself:
- a table with `organization_id` in its primary key is sealed under that organization's key, any other under the
  installation's; values are bound to the table's full name, the column's name and the row's `id`;
- of an installation-wide table with row-level security the rows of one person after the other are visited.
`info=SEALED | {"row_id": "<column>"}` names another column than `id`.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.core import clock
from app.core.database import Base, directory_session, set_user, tenant_session
from app.core.directory import DirectoryEntry
from app.core.rls import is_protected
from app.core.secrets import (
    InstallationKey,
    OrganizationKey,
    SecretUnreadable,
    hold_back_sealers,
    reseal,
)

logger = logging.getLogger(__name__)

BATCH_ROWS = 200
PEOPLE_A_PAGE = 200
KEPT_AFTER_RETIREMENT = timedelta(days=30)  # an unused version is destroyed this long after it was found unused
Progress = Callable[[int, int], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class SealedColumn:
    """One column of sealed values. `by_organization`: under which key; `by_person`: rows are seen person by person."""

    table: str  # with the schema where it is not public
    column: str
    row_id: str
    by_organization: bool
    by_person: bool

    @property
    def quoted(self) -> str:
        """The table's name in SQL. Names come from our own models."""
        return ".".join(f'"{part}"' for part in self.table.split("."))


@dataclass(frozen=True, kw_only=True)
class KeyVersion:
    """One version of a key and how many stored values still need it."""

    version: int
    created_at: datetime
    retired_at: datetime | None
    values: int
    current: bool


def sealed_columns(*, by_organization: bool) -> Iterator[SealedColumn]:
    """Every sealed column under organizations' keys, or under the installation's, from the models that are loaded."""
    for table in Base.metadata.sorted_tables:
        owned = "organization_id" in table.primary_key.columns
        for column in table.columns:
            if column.info.get("sealed") and owned == by_organization:
                yield SealedColumn(
                    table=table.fullname,
                    column=column.name,
                    row_id=column.info.get("row_id", "id"),
                    by_organization=owned,
                    by_person=not owned and is_protected(table),
                )


async def list_versions(session: AsyncSession, organization_id: UUID) -> list[KeyVersion]:
    """The organization's key versions, newest first, with the values that each of them seals."""
    counts: dict[int, int] = {}
    for column in sealed_columns(by_organization=True):
        for version, values in (await _count_by_version(session, column, organization_id)).items():
            counts[version] = counts.get(version, 0) + values
    query = select(OrganizationKey).where(OrganizationKey.organization_id == organization_id)
    rows = (await session.execute(query.order_by(OrganizationKey.version.desc()))).scalars().all()
    return [
        KeyVersion(
            version=row.version,
            created_at=row.created_at,
            retired_at=row.retired_at,
            values=counts.get(row.version, 0),
            current=row is rows[0],
        )
        for row in rows
    ]


@dataclass(kw_only=True)
class Pass:
    """What one pass over stored values did. `unreadable` ones are left as they are and keep their version alive."""

    done: int = 0
    unreadable: int = 0
    next_person: UUID | None = None  # where the next pass over the installation goes on; None: it came to the end


async def reencrypt_organization(
    organization_id: UUID, *, progress: Progress | None = None, batch_rows: int = BATCH_ROWS
) -> Pass:
    """Seal every value of the organization under its newest key version.

    Safe to stop anywhere and to run again: a value's own header says which version it needs. Versions that nothing
    needs any more are retired at the end.
    """
    made = Pass()
    async with tenant_session(organization_id) as session:
        current = await _begin(session, organization_id)
        versions = await list_versions(session, organization_id)
        left = sum(known.values for known in versions if not known.current)
    if progress is not None:
        await progress(0, left)
    for column in sealed_columns(by_organization=True):
        after: Any = None
        while True:
            async with tenant_session(organization_id) as session:
                after = await _reseal_batch(session, column, organization_id, current, after, batch_rows, made)
            if progress is not None:
                await progress(made.done, max(left, made.done))
            if after is None:
                break
    async with tenant_session(organization_id) as session:
        await retire_versions(session, organization_id)
    return made


async def reencrypt_installation(
    *, start: UUID | None = None, most_people: int | None = None, batch_rows: int = BATCH_ROWS
) -> Pass:
    """The same for what belongs to no organization.

    With `most_people` it stops after so many, so that a schedule can take its turn; None goes to the end.
    """
    made, seen = Pass(), 0
    columns = list(sealed_columns(by_organization=False))
    async with directory_session() as session:
        current = await _begin(session, None)
    if start is None:
        for column in (column for column in columns if not column.by_person):
            after: Any = None
            while True:
                async with directory_session() as session:
                    after = await _reseal_batch(session, column, None, current, after, batch_rows, made)
                if after is None:
                    break
    while people := await _list_people(start):
        for user_id in people:
            await _reencrypt_person(user_id, [column for column in columns if column.by_person], current, made)
        start, seen = people[-1], seen + len(people)
        if most_people is not None and seen >= most_people:
            made.next_person = start
            return made
    return made


async def retire_versions(session: AsyncSession, organization_id: UUID) -> list[int]:
    """Mark the organization's versions that seal nothing any more, and destroy those that have been so for a month.

    Waits for transactions that have sealed with an old version and not yet ended. Returns the versions marked now.
    """
    now = clock.utc_now()
    retired: list[int] = []
    versions = await list_versions(session, organization_id)
    for known in (known for known in versions if not known.current and known.retired_at is None):
        await hold_back_sealers(session, organization_id, known.version)
    versions = await list_versions(session, organization_id)
    key = OrganizationKey
    for known in (known for known in versions if not known.current):
        this = (key.organization_id == organization_id) & (key.version == known.version)
        if known.values:
            # Values may come back with a restored table: then the version is in use again.
            await session.execute(update(key).where(this).values(retired_at=None))
        elif known.retired_at is None:
            await session.execute(update(key).where(this).values(retired_at=now))
            retired.append(known.version)
        elif known.retired_at < now - KEPT_AFTER_RETIREMENT:
            await session.execute(delete(key).where(this))
    return retired


async def needs_reencryption(session: AsyncSession, organization_id: UUID | None) -> bool:
    """Whether an older version is still in use, or not yet known to be unused."""
    query: Any = select(func.count()).select_from(InstallationKey).where(InstallationKey.retired_at.is_(None))
    if organization_id is not None:
        query = select(func.count()).where(
            OrganizationKey.organization_id == organization_id, OrganizationKey.retired_at.is_(None)
        )
    return bool((await session.execute(query)).scalar_one() > 1)


async def retire_installation_versions(session: AsyncSession) -> None:
    """Mark the installation's older versions after a whole pass that found nothing left.

    They are never destroyed by the product: a person's rows cannot be counted all at once.
    """
    newest = (await session.execute(select(func.max(InstallationKey.version)))).scalar_one()
    older = (InstallationKey.version < newest) & InstallationKey.retired_at.is_(None)
    await session.execute(update(InstallationKey).where(older).values(retired_at=clock.utc_now()))


async def _begin(session: AsyncSession, organization_id: UUID | None) -> int:
    """The newest version, once nobody can still be writing under an older one: then one pass sees everything."""
    query: Any = select(InstallationKey.version).where(InstallationKey.retired_at.is_(None))
    if organization_id is not None:
        query = select(OrganizationKey.version).where(
            OrganizationKey.organization_id == organization_id, OrganizationKey.retired_at.is_(None)
        )
    versions = sorted((await session.execute(query)).scalars(), reverse=True)
    for version in versions[1:]:
        await hold_back_sealers(session, organization_id, version)
    return versions[0] if versions else 0


async def _count_by_version(session: AsyncSession, column: SealedColumn, organization_id: UUID) -> dict[int, int]:
    sql = f"""
        SELECT substring("{column.column}" FROM 2 FOR 4) AS version, count(*) FROM {column.quoted}
        WHERE organization_id = :organization_id AND "{column.column}" IS NOT NULL GROUP BY 1
    """  # noqa: S608  # names come from our own models
    rows = await session.execute(text(sql), {"organization_id": organization_id})
    return {int.from_bytes(row[0]): int(row[1]) for row in rows}


async def _reseal_batch(
    session: AsyncSession,
    column: SealedColumn,
    organization_id: UUID | None,
    current: int,
    after: Any,
    limit: int,
    made: Pass,
) -> Any:
    """Seal the next values anew, in the order of their rows; the last row's id, or None when there are no more.

    A value that somebody changes meanwhile is left to them: they seal with the newest version anyway.
    """
    name, row_id = f'"{column.column}"', f'"{column.row_id}"'
    values: dict[str, Any] = {"version": current.to_bytes(4)}
    owned = ""
    if column.by_organization:
        owned, values["organization_id"] = "organization_id = :organization_id AND ", organization_id
    where = f"{owned}{name} IS NOT NULL AND substring({name} FROM 2 FOR 4) < :version"
    if after is not None:
        where, values["after"] = f"{where} AND {row_id} > :after", after
    query = f"SELECT {row_id}, {name} FROM {column.quoted} WHERE {where} ORDER BY {row_id} LIMIT {int(limit)}"  # noqa: S608
    change = f"UPDATE {column.quoted} SET {name} = :new WHERE {owned}{row_id} = :row_id AND {name} = :old"  # noqa: S608
    rows = (await session.execute(text(query), values)).all()
    for found_id, old in rows:
        try:
            new = await reseal(session, organization_id, column.table, column.column, found_id, old)
        except SecretUnreadable:
            made.unreadable += 1
            logger.warning("a value of %s.%s cannot be opened and keeps its key version", column.table, column.column)
            continue
        given: dict[str, Any] = {"new": new, "old": old, "row_id": found_id}
        if column.by_organization:
            given["organization_id"] = organization_id
        changed = await session.execute(text(change), given)
        made.done += changed.rowcount  # type: ignore[attr-defined]  # an UPDATE's
    return rows[-1][0] if len(rows) == limit else None


async def _reencrypt_person(user_id: UUID, columns: list[SealedColumn], current: int, made: Pass) -> None:
    async with directory_session() as session:
        await set_user(session, user_id)
        for column in columns:
            after: Any = None
            while True:
                after = await _reseal_batch(session, column, None, current, after, BATCH_ROWS, made)
                if after is None:
                    break


async def _list_people(after: UUID | None) -> list[UUID]:
    """The next people, from the directory of login names."""
    query = select(DirectoryEntry.subject_id).where(DirectoryEntry.kind == "login").distinct()
    if after is not None:
        query = query.where(DirectoryEntry.subject_id > after)
    async with directory_session() as session:
        found = await session.execute(query.order_by(DirectoryEntry.subject_id).limit(PEOPLE_A_PAGE))
        return list(found.scalars())
