-- Who may do what with every schema, table, view, sequence and routine: a row for each that the catalog knows, a column
-- for each role. PUBLIC stands for everybody who can connect. The letters:
--   schema    U usage  C create
--   table     S select  I insert  U update  D delete  T truncate  R references  G trigger; small: some columns only
--   sequence  S select  U usage  W update
--   routine   X execute
CREATE FUNCTION pg_temp.letters(privileges text[], letters text, granted text[],
                                partly text[] DEFAULT '{}') RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(CASE WHEN p = ANY (granted) THEN substr(letters, n::integer, 1)
                          WHEN p = ANY (partly) THEN lower(substr(letters, n::integer, 1)) END,
                      ''
                      ORDER BY n)
    FROM unnest(privileges) WITH ORDINALITY AS u (p, n)
$$;
CREATE FUNCTION pg_temp.may(role text, kind text, object oid) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
    on_schema CONSTANT text[] := '{USAGE,CREATE}';
    on_table CONSTANT text[] := '{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}';
    on_sequence CONSTANT text[] := '{SELECT,USAGE,UPDATE}';
BEGIN
    RETURN CASE kind
        WHEN 'schema' THEN pg_temp.letters(on_schema, 'UC',
                                           ARRAY(SELECT p FROM unnest(on_schema) p
                                                 WHERE has_schema_privilege(role, object, p)))
        WHEN 'sequence' THEN pg_temp.letters(on_sequence, 'SUW',
                                             ARRAY(SELECT p FROM unnest(on_sequence) p
                                                   WHERE has_sequence_privilege(role, object, p)))
        WHEN 'routine' THEN pg_temp.letters('{EXECUTE}', 'X',
                                            ARRAY(SELECT p FROM unnest('{EXECUTE}'::text[]) p
                                                  WHERE has_function_privilege(role, object, p)))
        ELSE pg_temp.letters(on_table, 'SIUDTRG',
                             ARRAY(SELECT p FROM unnest(on_table) p WHERE has_table_privilege(role, object, p)),
                             ARRAY(SELECT p FROM unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) p
                                   WHERE has_any_column_privilege(role, object, p))) END;
END
$$;
CREATE TEMP TABLE matrix AS
WITH objects (kind, oid, name) AS (
    SELECT 'schema', n.oid, n.nspname::text FROM pg_namespace n
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END, c.oid,
           n.nspname || '.' || c.relname
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    UNION ALL
    SELECT 'routine', p.oid, p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
)
SELECT o.kind, o.name, r.role, pg_temp.may(r.role, o.kind, o.oid) AS may
FROM objects o,
     unnest(ARRAY['public', 'bourse_viewer', 'bourse_trader', 'bourse_gateway', 'bourse_admin', 'bourse_worker',
                  'bourse_runner', 'bourse_sender', 'bourse_carrier', 'bourse_monitor', 'bourse_backup',
                  'bourse_owner']) r (role)
WHERE split_part(split_part(o.name, '.', 1), '_', 1) IN (SELECT bourse_private.modules());
\pset null ''
SELECT kind, name, max(may) FILTER (WHERE role = 'public') AS public,
       max(may) FILTER (WHERE role = 'bourse_viewer') AS viewer,
       max(may) FILTER (WHERE role = 'bourse_trader') AS trader,
       max(may) FILTER (WHERE role = 'bourse_gateway') AS gateway,
       max(may) FILTER (WHERE role = 'bourse_admin') AS admin, max(may) FILTER (WHERE role = 'bourse_worker') AS worker,
       max(may) FILTER (WHERE role = 'bourse_monitor') AS monitor,
       max(may) FILTER (WHERE role = 'bourse_owner') AS owner
FROM matrix GROUP BY kind, name ORDER BY array_position('{schema,table,view,sequence,routine}', kind), name COLLATE "C";
-- Whoever works off jobs, sends messages, or carries transfers between venues, may do this, and nothing else.
SELECT role, kind, name, may FROM matrix
WHERE role IN ('bourse_runner', 'bourse_sender', 'bourse_carrier') AND may IS NOT NULL
ORDER BY role, array_position('{schema,table,view,sequence,routine}', kind), name COLLATE "C";
-- Whoever takes dumps reads everything, and does nothing.
SELECT kind, may, count(*) > 0 AS all_of_them FROM matrix WHERE role = 'bourse_backup' GROUP BY kind, may ORDER BY kind;
-- Whatever is not private is somebody's to call.
SELECT name AS nobodys FROM matrix WHERE kind = 'routine' AND name !~ '^[a-z]+_private\.'
GROUP BY name HAVING count(may) FILTER (WHERE role <> 'bourse_owner') = 0;
-- These are all roles of ours, and nobody gets anything by default.
SELECT rolname AS not_in_the_table FROM pg_roles
WHERE rolname LIKE 'bourse\_%' AND rolname NOT IN (SELECT role FROM matrix);
SELECT defaclrole::regrole AS grants_by_default FROM pg_default_acl;
-- Nor passes anything on: a role has what its row says, by being a member of these, and no power over the server.
SELECT r.rolname AS role,
       string_agg(g.rolname || CASE WHEN m.admin_option THEN ' (may admit others)' ELSE '' END, ' '
                  ORDER BY g.rolname) AS member_of,
       concat_ws(' ', CASE WHEN r.rolsuper THEN 'superuser' END, CASE WHEN r.rolcreaterole THEN 'createrole' END,
                 CASE WHEN r.rolcreatedb THEN 'createdb' END,
                 CASE WHEN r.rolcanlogin THEN 'login' END, CASE WHEN r.rolreplication THEN 'replication' END,
                 CASE WHEN r.rolbypassrls THEN 'bypassrls' END) AS power
FROM pg_roles r LEFT JOIN pg_auth_members m ON m.member = r.oid LEFT JOIN pg_roles g ON g.oid = m.roleid
WHERE r.rolname LIKE 'bourse\_%'
GROUP BY r.oid, r.rolname, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication, r.rolbypassrls
ORDER BY r.rolname;
SELECT g.object AS may_be_passed_on, acl.grantee::regrole, acl.privilege_type
FROM (SELECT nspname::text, nspowner, nspacl FROM pg_namespace
      UNION ALL SELECT c.oid::regclass::text, c.relowner, c.relacl FROM pg_class c
      UNION ALL SELECT c.oid::regclass || '.' || a.attname, c.relowner, a.attacl FROM pg_attribute a
      JOIN pg_class c ON c.oid = a.attrelid
      UNION ALL SELECT p.oid::regprocedure::text, p.proowner, p.proacl FROM pg_proc p) AS g (object, owner, acl),
     aclexplode(g.acl) acl
WHERE acl.is_grantable AND acl.grantee <> g.owner
    AND substring(g.object FROM '^([a-z]+)(_private)?\M') IN (SELECT bourse_private.modules());
SELECT p.parname AS setting_that_somebody_may_set FROM pg_parameter_acl p WHERE p.parname LIKE 'bourse.%';

-- The columns behind the small letters.
SELECT a.attrelid::regclass AS "table", r.role, p.privilege, string_agg(a.attname, ' ' ORDER BY a.attnum) AS columns
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace,
     unnest(ARRAY['bourse_viewer', 'bourse_trader', 'bourse_gateway', 'bourse_admin', 'bourse_worker']) r (role),
     unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p (privilege)
WHERE n.nspname IN (SELECT bourse_private.modules())
    AND c.relkind IN ('r', 'p', 'v') AND a.attnum > 0
  AND NOT a.attisdropped
  AND NOT has_table_privilege(r.role, a.attrelid, p.privilege)
  AND has_column_privilege(r.role, a.attrelid, a.attnum, p.privilege)
GROUP BY 1, 2, 3 ORDER BY a.attrelid::regclass::text COLLATE "C", p.privilege DESC, r.role;
-- Nobody but the owner reads these, and who takes dumps.
SELECT a.attrelid::regclass AS "table", string_agg(a.attname, ' ' ORDER BY a.attnum) AS secret_columns
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'identity'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
  AND NOT EXISTS (SELECT FROM matrix m
                  WHERE m.role NOT IN ('public', 'bourse_owner', 'bourse_backup')
                    AND has_column_privilege(m.role, a.attrelid, a.attnum, 'SELECT'))
GROUP BY 1 ORDER BY a.attrelid::regclass::text COLLATE "C";

-- Row security: every table that holds rows about a user has it, and these are the ones that have not.
SELECT c.oid::regclass AS without_row_security, t.relation IS NOT NULL AS about_users,
       coalesce(w.reason, 'NO REASON') AS reason
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN identity_private.user_tables() t ON t.relation = c.oid
LEFT JOIN (VALUES ('exchange.order_commands',
    'COPY refuses tables that have it: a trigger checks whose commands they are, only an admin reads them'),
                  ('trading.fill_commands',
    'COPY refuses tables that have it: a trigger checks whose fills they are, only an admin reads them'),
                  ('exchange.markets', 'public'), ('exchange.venues', 'public'),
                  ('exchange.fee_schedules', 'public: rates of groups, not who is in them'),
                  ('audit.seals', 'hashes; only an admin reads them'),
                  ('audit.dropped_months', 'hashes and numbers of rows'), ('bourse.policies', 'names tables'),
                   ('bourse.backups', 'names files: only admins and monitors read it'),
                  ('bourse.chores', 'names tables'), ('bourse.schema_migrations', 'public'),
                   ('bourse.data_migrations', 'counts'),
                  ('bourse.checks', 'counts'), ('bourse.thresholds', 'numbers of alerts'),
                  ('exchange.command_attempts', 'numbers of commands; only an admin reads them'),
                  ('jobs.paused_types', 'names types of jobs'), ('jobs.tasks', 'names procedures'),
                  ('jobs.gone_schedules', 'ids of what is gone'),
                  ('bourse.cancel_requests', 'leases: only monitors read it'),
                  ('bourse.stalled_keys', 'keys of queues: only monitors read it'),
                  ('webui.system_config', 'public: secrets are refused'),
                  ('messaging.system_health', 'names systems'),
                  ('trading.price_ranges', 'prices of markets, which are public'),
                  ('messaging.telegram_settings', 'public: secrets are refused'),
                  ('marketplace.billing_settings', 'public: what the house takes, and how long it waits'),
                  ('marketplace.bot_categories', 'public'),
                  ('marketplace.bot_listings', 'approved bots, for search_bots(): nobody else reads it'),
                  ('marketplace.bot_words', 'words of approved bots, for search_bots(): nobody else reads it'),
                  ('marketplace.bot_sums', 'sums of bots; only an admin reads them'),
                  ('marketplace.bot_sum_changes', 'as bot_sums, not folded yet'),
                  ('marketplace.subscriber_changes', 'counts of bots, not folded yet: nobody reads it'),
                  ('mirror.brokers', 'public'), ('mirror.instruments', 'public'))
                  w (name, reason) ON w.name = c.oid::regclass::text
WHERE n.nspname IN (SELECT bourse_private.modules())
    AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
ORDER BY c.oid::regclass::text COLLATE "C";
SELECT schemaname || '.' || tablename AS "table", policyname, cmd, array_to_string(roles, ' ') AS roles,
       regexp_replace(replace(qual, ' AS current_user_id', ''), '\s+', ' ', 'g') AS shows,
       regexp_replace(with_check, '\s+', ' ', 'g') AS takes
FROM pg_policies
WHERE schemaname IN (SELECT bourse_private.modules())
ORDER BY 1, 2;
-- What shows a user his own rows asks for their owner before anything else; of trades it asks for the orders.
SELECT schemaname || '.' || tablename AS "table", policyname FROM pg_policies
WHERE schemaname IN (SELECT bourse_private.modules()) AND qual ~ 'current_user_id' AND qual !~ 'is_owner'
ORDER BY 1, 2;
-- UPDATE, DELETE or TRUNCATE of a whole table is also LOCK TABLE in any mode: nobody but the owner and an admin can bar
-- the others from a table. With a view that has the rights of whoever asks, LOCK TABLE goes on to the table, and is
-- refused there.
SELECT m.name AS "table", m.role AS may_lock, m.may FROM matrix m
WHERE m.kind IN ('table', 'view') AND m.may ~ '[UDT]' AND m.role NOT IN ('bourse_owner', 'bourse_admin')
ORDER BY m.name COLLATE "C", m.role;
DROP TABLE matrix;
