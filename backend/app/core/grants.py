"""The rights of the restricted roles, as one repeatable statement that the owner of the tables runs."""

import hashlib

# cop_app needs TEMPORARY: bulk paths copy into a temporary table and merge from there.
_SQL = r"""
CREATE SCHEMA IF NOT EXISTS app;
-- The only way in which rows of the audit log go: the oldest numbers of the transaction's own organization, none of
-- them younger than `days` and a year, and only together with the event that says so.
CREATE OR REPLACE FUNCTION app.prune_audit(upto bigint, days integer) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $prune$
DECLARE
  org uuid := app.current_org();
  youngest timestamptz := now() - make_interval(days => greatest(days, 365));
  removed bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM public.audit_events WHERE organization_id = org AND action = 'audit_log.pruned'
                 AND changes->>'number' = upto::text) THEN
    RAISE EXCEPTION 'no event says that the audit log is pruned up to %', upto;
  END IF;
  IF EXISTS (SELECT FROM public.audit_seals s JOIN public.audit_events e
             ON e.organization_id = s.organization_id AND e.id = s.event_id
             WHERE s.organization_id = org AND s.number <= upto AND e.at >= youngest) THEN
    RAISE EXCEPTION 'the audit log up to % is not old enough to be pruned', upto;
  END IF;
  DELETE FROM public.audit_events e USING public.audit_seals s
    WHERE s.organization_id = org AND s.number <= upto AND e.organization_id = org AND e.id = s.event_id;
  DELETE FROM public.audit_seals s WHERE s.organization_id = org AND s.number <= upto;
  GET DIAGNOSTICS removed = ROW_COUNT;
  RETURN removed;
END $prune$;
REVOKE ALL ON FUNCTION app.prune_audit(bigint, integer) FROM PUBLIC;

-- Partitions of the metrics, one a week: the application's role may not make tables. Bounded, so that it can make a
-- few and no more. Attached instead of made in place, because that lets readers and writers of the others go on.
CREATE OR REPLACE FUNCTION app.make_metric_partitions(first_at timestamptz, last_at timestamptz) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s'
  SET TimeZone = 'UTC' AS $make$
DECLARE
  week timestamptz := date_trunc('week', greatest(first_at, now() - interval '60 days'));
  parent text;
  part text;
  made integer := 0;
BEGIN
  WHILE week <= least(last_at, now() + interval '30 days') LOOP
    FOREACH parent IN ARRAY ARRAY['metric_samples', 'metric_rollups'] LOOP
      part := parent || '_p' || to_char(week, 'YYYYMMDD');
      IF to_regclass('public.' || part) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('metric-partitions', 0));
        CONTINUE WHEN to_regclass('public.' || part) IS NOT NULL;
        EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING ALL)', part, parent);
        EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', part);
        EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', part);
        EXECUTE format('CREATE POLICY org ON public.%I USING (organization_id = app.current_org())'
                       ' WITH CHECK (organization_id = app.current_org())', part);
        EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
                       parent, part, week, week + interval '7 days');
        made := made + 1;
      END IF;
    END LOOP;
    week := week + interval '7 days';
  END LOOP;
  RETURN made;
END $make$;
REVOKE ALL ON FUNCTION app.make_metric_partitions(timestamptz, timestamptz) FROM PUBLIC;

-- Weeks that nobody may keep any longer; the floors hold whatever is asked for.
CREATE OR REPLACE FUNCTION app.drop_metric_partitions(samples_days integer, rollups_days integer) RETURNS integer
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
  SET TimeZone = 'UTC' AS $drop$
DECLARE
  item record;
  dropped integer := 0;
BEGIN
  FOR item IN
    SELECT c.relname AS part, p.relname AS parent, to_date(right(c.relname, 8), 'YYYYMMDD') + 7 AS ends_on
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_class p ON p.oid = i.inhparent
    WHERE p.relnamespace = 'public'::regnamespace AND p.relname IN ('metric_samples', 'metric_rollups')
      AND c.relname ~ '_p[0-9]{8}$'
    ORDER BY c.relname
  LOOP
    CONTINUE WHEN item.parent = 'metric_samples' AND item.ends_on > current_date - greatest(samples_days, 14);
    CONTINUE WHEN item.parent = 'metric_rollups' AND item.ends_on > current_date - greatest(rollups_days, 1116);
    EXECUTE format('DROP TABLE public.%I', item.part);
    dropped := dropped + 1;
  END LOOP;
  RETURN dropped;
END $drop$;
REVOKE ALL ON FUNCTION app.drop_metric_partitions(integer, integer) FROM PUBLIC;

DO $grants$
DECLARE
  app_role text := '{app_role}';
  item record;
  privileges text;
BEGIN
  EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO %I', current_database(), app_role);
  FOR item IN SELECT nspname FROM pg_namespace WHERE nspname IN ('public', 'app', 'directory') LOOP
    EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %I', item.nspname, app_role);
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', item.nspname, app_role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I',
                   item.nspname, app_role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT USAGE, SELECT ON SEQUENCES TO %I',
                   item.nspname, app_role);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I GRANT EXECUTE ON FUNCTIONS TO %I', item.nspname, app_role);
  END LOOP;
  FOR item IN
    SELECT c.oid::regclass AS name, c.relkind AS kind, c.relname AS short
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('public', 'app', 'directory') AND c.relkind IN ('r', 'p', 'v', 'S')
      AND c.relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  LOOP
    EXECUTE format('REVOKE ALL ON %s %s FROM %I', CASE item.kind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
                   item.name, app_role);
    privileges := CASE
      WHEN item.kind = 'S' THEN 'USAGE, SELECT ON SEQUENCE'
      WHEN item.kind = 'v' OR item.short = 'alembic_version' THEN 'SELECT ON TABLE'
      WHEN item.short IN ('audit_events', 'audit_seals', 'audit_heads') THEN 'SELECT, INSERT ON TABLE'
      ELSE 'SELECT, INSERT, UPDATE, DELETE ON TABLE'
    END;
    EXECUTE format('GRANT %s %s TO %I', privileges, item.name, app_role);
  END LOOP;
  FOR item IN
    SELECT p.oid::regprocedure AS name
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname IN ('public', 'app', 'directory') AND p.prokind = 'f'
      AND p.proowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', item.name, app_role);
  END LOOP;
END $grants$;

DO $others$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT rolname FROM pg_roles WHERE rolname IN ('cop_audit', 'cop_intake', 'cop_platform') LOOP
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), item.rolname);
    EXECUTE format('GRANT USAGE ON SCHEMA public, app, directory TO %I', item.rolname);
  END LOOP;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cop_audit') AND to_regclass('public.audit_seals') IS NOT NULL THEN
    GRANT SELECT ON audit_events, directory.organizations TO cop_audit;
    GRANT SELECT, INSERT ON audit_seals TO cop_audit;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cop_intake') AND to_regclass('public.raw_messages') IS NOT NULL THEN
    GRANT INSERT ON raw_messages TO cop_intake;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cop_platform')
     AND to_regclass('directory.organizations') IS NOT NULL THEN
    GRANT SELECT ON directory.organizations TO cop_platform;
  END IF;
END $others$;
"""


def grants_sql(app_role: str) -> str:
    """The statement for one application role; safe to run again."""
    if "'" in app_role or "\\" in app_role:
        raise ValueError("a role's name may not contain quotes")
    return _SQL.replace("{app_role}", app_role)


def grants_version() -> str:
    """Changes when the rights change, so that a start knows whether to run them again."""
    return hashlib.sha256(_SQL.encode()).hexdigest()[:12]
