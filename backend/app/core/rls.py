"""Row-level security: the statements that protect a table, for migrations and for tests of models."""

from collections.abc import Iterator

from sqlalchemy import MetaData, Table

CURRENT_ORG = """
CREATE SCHEMA IF NOT EXISTS app;
CREATE OR REPLACE FUNCTION app.current_org() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.org', true), '')::uuid $$;
CREATE OR REPLACE FUNCTION app.current_user_id() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.user', true), '')::uuid $$;
"""
DEFAULT_POLICY = "organization_id = app.current_org()"


def protect_table(table: str, using: str = DEFAULT_POLICY, check: str | None = None) -> list[str]:
    """Statements that let a transaction see and write only its organization's rows of `table`."""
    return [
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY org ON {table} USING ({using}) WITH CHECK ({check or using})",
    ]


def is_protected(table: Table) -> bool:
    """Whether the table holds an organization's data: it has `organization_id`, or names a policy of its own.

    Tables of the schema `directory` hold only hashes and ids and are read before the organization is known.
    """
    return table.schema != "directory" and ("organization_id" in table.c or "policy" in table.info)


def protection_statements(metadata: MetaData) -> Iterator[str]:
    """All statements for all tables; `info={"policy": sql, "policy_check": sql}` of a table replaces the default."""
    for table in metadata.sorted_tables:
        if is_protected(table):
            yield from protect_table(
                table.fullname, table.info.get("policy", DEFAULT_POLICY), table.info.get("policy_check")
            )
