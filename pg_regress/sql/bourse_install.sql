-- Before install() there are functions but no tables.
SELECT count(*) AS tables FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('bourse', 'identity', 'audit', 'calendar', 'exchange', 'trading', 'marketplace', 'mirror', 'webui')
  AND c.relkind IN ('r', 'v', 'm', 'p', 'S');

-- Every function that a trader or an admin may call answers 55000 and says what to do. The calls come from the
-- catalog, so a new function is covered the day it is granted.
SELECT n.nspname || '.' || p.proname AS function, p.pronargs AS arguments, refusal(
           format('%s %I.%I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, n.nspname, p.proname,
                  (SELECT string_agg(format('%s::%s', given, t::regtype), ', ' ORDER BY i)
                   FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY AS a (t, i),
                        -- What is NULL for NULL is called with something.
                        LATERAL (SELECT CASE WHEN NOT p.proisstrict THEN 'NULL' WHEN t IN ('integer'::regtype,
                            'boolean'::regtype) THEN '''1'''
                                             ELSE '''2024-01-01''' END) g (given)))) AS answer
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname IN ('bourse', 'identity', 'audit', 'calendar', 'exchange', 'trading', 'marketplace', 'mirror', 'webui')
  AND p.prorettype <> 'trigger'::regtype
  AND p.proname <> 'install'
  AND (has_function_privilege('bourse_admin', p.oid, 'EXECUTE')
       OR has_function_privilege('bourse_worker', p.oid, 'EXECUTE'))
ORDER BY (n.nspname || '.' || p.proname) COLLATE "C", p.pronargs;

SELECT item, value FROM bourse.status() WHERE item NOT IN ('server', 'extension', 'durable', 'pending_migrations');
SELECT s.value::bigint = (SELECT count(*) FROM bourse.migrations()) AS all_are_pending
FROM bourse.status() s WHERE s.item = 'pending_migrations';

-- install() runs every migration, each once, schema by schema.
SELECT bourse.install();
SELECT bourse.install();
SELECT bourse.migrate();
SELECT min(v) AS first, bool_and(v ~ '^[a-z]+/[0-9]{4}_[a-z_]+$') AS well_named
FROM bourse.migrations() WITH ORDINALITY m (v, n) GROUP BY split_part(v, '/', 1) ORDER BY min(n);
SELECT array_agg(version ORDER BY applied_at) = ARRAY(SELECT bourse.migrations()) AS ran_in_order,
       max(applied_at) <= now() AS applied
FROM bourse.schema_migrations;
SELECT item, value FROM bourse.status() WHERE item NOT IN ('server', 'extension', 'durable', 'schema_version');
SELECT s.value = (SELECT v FROM bourse.migrations() WITH ORDINALITY m (v, n) ORDER BY n DESC LIMIT 1) AS last_is_told
FROM bourse.status() s WHERE s.item = 'schema_version';
-- The test server runs without fsync, and status() says so.
SELECT s.value::boolean = (current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean
                           AND current_setting('synchronous_commit') <> 'off') AS durable_is_told
FROM bourse.status() s WHERE s.item = 'durable';
SELECT s.value = e.extversion AS version_is_told
FROM bourse.status() s JOIN pg_extension e ON e.extname = 'pg_bourse' WHERE s.item = 'extension';
-- What is not safe stands in capitals: weak hashes of passwords, and sessions that others on the way can read.
BEGIN;
SET LOCAL password_encryption = 'md5';
SELECT item, value FROM bourse.status() WHERE item = 'passwords';
ROLLBACK;
SELECT listen, encrypts, plain, bourse_private.transport(listen, encrypts, plain::bigint)
FROM (VALUES ('', false, 0), ('localhost, 127.0.0.1,::1', false, 0), ('*', false, 0), ('localhost,10.0.0.7', false, 0),
             ('127.0.0.1.example.org', false, 0), ('1277777777', false, 0), ('127.0.0.1localhost', false, 0),
             ('"127.0.0.1"', false, 0), ('*', true, 3), ('*', true, 0)) server (listen, encrypts, plain);

-- A migration that has not run yet is pending, and migrate() does not run it twice. Then what is new is audited; what
-- somebody has disabled stays so.
BEGIN;
DROP VIEW exchange.ledger_entries;
DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries';
DROP TRIGGER trigger_audit ON identity.users;
DROP TRIGGER trigger_audit_truncate ON identity.users;
SELECT audit.disable('identity.api_keys');
SELECT item, value FROM bourse.status() WHERE item = 'pending_migrations';
SELECT bourse.migrate();
SELECT bourse.migrate();
SELECT item, value FROM bourse.status() WHERE item = 'pending_migrations';
SELECT * FROM exchange.ledger_entries;
SELECT table_name FROM audit.enabled() WHERE table_name IN ('identity.users', 'identity.api_keys');
ROLLBACK;

BEGIN READ ONLY;
SELECT bourse.install();
ROLLBACK;

-- Tables, views and sequences belong to the user, not to the extension.
SELECT pg_describe_object(d.classid, d.objid, 0) AS member
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
LEFT JOIN pg_class c ON c.oid = d.objid AND d.classid = 'pg_class'::regclass
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND c.relkind IN ('r', 'v', 'm', 'p', 'S', 'i');
SELECT DISTINCT split_part(pg_describe_object(d.classid, d.objid, 0), ' ', 1) AS members
FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' ORDER BY 1;

-- A plain DROP EXTENSION is refused while there are tables; the list of what stands in its way is long.
DO $$
BEGIN
    DROP EXTENSION pg_bourse;
    RAISE WARNING 'the extension was dropped';
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE '% %', SQLSTATE, SQLERRM;
END
$$;
SELECT * FROM exchange.verify();

-- A library that is newer than the tables says so.
BEGIN;
ALTER TABLE exchange.fee_groups RENAME TO fee_groups_elsewhere;
SELECT refusal($$SELECT exchange.place_order(1, 'X', 'buy', 1, 1)$$);
ROLLBACK;
