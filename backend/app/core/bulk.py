"""COPY into a temporary table, then merge: the fast way in under row-level security, which refuses COPY itself.

The one place where the driver's own connection leaves the session; it never leaves the session's transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# In quotes: the driver's class is generic for type checkers only.
Driver: TypeAlias = "asyncpg.Connection[Any]"

BULK_SECONDS = 120
ANALYZE_FROM_ROWS = 500


async def open_driver(session: AsyncSession, *, statement_seconds: int = BULK_SECONDS) -> Driver:
    """The driver's connection inside of the session's transaction, with time for bulk work.

    SQLAlchemy sends BEGIN with its own first statement; what goes through the driver before would be committed at once.
    """
    raw = await (await session.connection()).get_raw_connection()
    driver: Driver | None = raw.driver_connection
    if driver is not None and not driver.is_in_transaction():
        await session.execute(text("SELECT 1"))
    if driver is None or not driver.is_in_transaction():
        raise RuntimeError("bulk work needs an open transaction")
    await driver.execute(f"SET LOCAL statement_timeout = '{statement_seconds}s'")
    return driver


async def make_stage(driver: Driver, table: str, columns: Mapping[str, str]) -> None:
    """An empty temporary table; it is empty again after the transaction.

    The table stays with the connection, so that a sync does not rewrite the catalog for each of its units.
    """
    definition = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    await driver.execute(
        f"CREATE TEMPORARY TABLE IF NOT EXISTS {table} ({definition}) ON COMMIT DELETE ROWS; TRUNCATE pg_temp.{table}"
    )


async def stage_rows(driver: Driver, table: str, columns: Mapping[str, str], rows: Sequence[tuple[Any, ...]]) -> None:
    """Fill the temporary table with these rows and no others."""
    await make_stage(driver, table, columns)
    await driver.copy_records_to_table(table, records=rows, columns=list(columns))
    if len(rows) >= ANALYZE_FROM_ROWS:  # nobody else gathers statistics of temporary tables
        await driver.execute(f"ANALYZE pg_temp.{table}")


def array_literal(texts: Sequence[str | None]) -> str:
    """An array as PostgreSQL writes it, to be sent as `$1::text::text[]`; no text may hold NUL.

    For columns of many rows, and for arrays inside of such: the driver looks at the class of each value of an array,
    which costs more than all else that storing a row takes in Python.
    """
    if not texts:
        return "{}"
    if None in texts:
        return "{" + ",".join("NULL" if text is None else _quote(text) for text in texts) + "}"
    return "{" + _quote("\x00".join(texts)).replace("\x00", '","') + "}"  # type: ignore[arg-type]  # no None among them


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
