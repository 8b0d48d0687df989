"""The queue's own tables: statements for the migration and for tests, safe to run again."""

from functools import cache

from pgqueuer.adapters.persistence import schema_ddl
from pgqueuer.domain.schema.declaration import target
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.domain.types import Channel
from sqlalchemy.ext.asyncio import AsyncConnection

QUEUE_TABLES = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")  # not in our metadata

_STORAGE = (
    # Tickets live for moments: vacuum early and leave room on the page, or the table and its indexes bloat.
    "ALTER TABLE pgqueuer SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000, "
    "autovacuum_vacuum_cost_delay = 0, fillfactor = 70)",
)


@cache
def queue_settings() -> DBSettings:
    """pgqueuer's names, fixed: it would also read bare variables such as CHANNEL from the environment.

    Balanced durability keeps the tickets as safe as any table and its log, which nothing reads, out of the WAL.
    """
    return DBSettings(
        prefix="",
        db_schema=None,
        channel=Channel("ch_pgqueuer"),
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=Durability.balanced,
        widen_id=False,
    )


def queue_statements() -> list[str]:
    """DDL that creates pgqueuer's tables, function and trigger where they are missing."""
    settings = queue_settings()
    schema = target(settings)
    statements = [
        f"DO $$ BEGIN {schema_ddl.render_enum(enum, settings)} EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        for enum in schema.enums
    ]
    statements += [schema_ddl.render_table(table, settings, if_not_exists=True) for table in schema.tables]
    statements += [schema_ddl.render_index(index, settings, if_not_exists=True) for index in schema.indexes]
    statements += [schema_ddl.render_function(function, settings, replace=True) for function in schema.functions]
    statements += [schema_ddl.render_trigger(trigger, settings, replace=True) for trigger in schema.triggers]
    return [statement.rstrip(";") for statement in [*statements, *_STORAGE]]


async def install_queue(connection: AsyncConnection) -> None:
    """Create the queue's tables as the owner; the processes' role then needs only row rights and LISTEN."""
    for statement in queue_statements():
        await connection.exec_driver_sql(statement)
