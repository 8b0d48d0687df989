"""Refuses to serve with a database role, or tables, that could show one organization another's rows."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.database import Database

MAX_NAMED = 5  # tables named in one message


class UnsafeRole(RuntimeError):
    """The database role or a table breaks the isolation of organizations; the process must not start."""


_ROLE = "SELECT current_user AS name, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
_OURS = """
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'directory') AND n.nspname NOT LIKE 'pg\\_%'
    AND c.relpersistence <> 't'
"""
_OWNED = f"""
SELECT c.oid::regclass::text {_OURS.replace(", 'directory'", "")} AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND pg_has_role(current_user, c.relowner, 'USAGE') ORDER BY 1
"""
_HAS_ORGANIZATION = """
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'organization_id'
              AND NOT a.attisdropped)
"""
# The parts put together are constants of this file.
_UNPROTECTED = f"""
SELECT c.oid::regclass::text {_OURS} AND c.relkind IN ('r', 'p') {_HAS_ORGANIZATION}
  AND NOT (c.relrowsecurity AND c.relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive)) ORDER BY 1
"""  # noqa: S608
_LOOKS_PAST = f"""
SELECT c.oid::regclass::text {_OURS} {_HAS_ORGANIZATION} AND has_table_privilege(c.oid, 'SELECT')
  AND (c.relkind = 'm' OR c.relkind = 'v' AND NOT coalesce(
       'security_invoker=true' = ANY (c.reloptions) OR 'security_invoker=on' = ANY (c.reloptions), false)) ORDER BY 1
"""


async def check_role(database: "Database") -> None:
    """Raise UnsafeRole unless the role is restricted and every table of organizations enforces row-level security."""
    async with database.engine.connect() as connection:
        role = (await connection.exec_driver_sql(_ROLE)).one()
        problems = []
        if role.rolsuper:
            problems.append(f"the role {role.name} is a superuser")
        if role.rolbypassrls:
            problems.append(f"the role {role.name} has BYPASSRLS")
        for statement, problem in (
            (_OWNED, f"the role {role.name} owns tables or is a member of their owner"),
            (_UNPROTECTED, "tables with organization_id lack ENABLE, FORCE or a policy of row-level security"),
            (_LOOKS_PAST, "views with organization_id look past row-level security"),
        ):
            names = (await connection.exec_driver_sql(statement)).scalars().all()
            if names and not (role.rolsuper and statement is _OWNED):
                more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
                problems.append(f"{problem}: {', '.join(names[:MAX_NAMED])}{more}")
    if problems:
        raise UnsafeRole(
            f"Organizations would not be kept apart: {'; '.join(problems)}. Serving processes log in as the restricted "
            "role that `cloudops migrate` makes, or the one that CLOUDOPS_DATABASE_APP_URL names."
        )
