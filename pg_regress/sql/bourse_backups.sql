-- Backups are recorded by who takes them, and somebody is told when the last is too old.
CREATE ROLE backups_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE backups_monitor LOGIN IN ROLE bourse_monitor;
CREATE ROLE backups_backup LOGIN IN ROLE bourse_backup;
SELECT count(*) AS stale FROM bourse.alerts() WHERE alert = 'backup_is_stale';
SHOW bourse.backup_age;
SET ROLE backups_worker;
SELECT bourse.record_backup('base', 'venue 1', '2026-01-01 02:00+00', '2026-01-01 02:10+00', 123456789) AS id \gset
-- Whoever has lost the answer asks again.
SELECT bourse.record_backup('base', 'venue 1', '2026-01-01 02:00+00', '2026-01-01 02:10+00', 123456789) = :id
    AS same;
-- Its end, left out, is what it was; said anew, it is another backup.
SELECT bourse.record_backup('base', 'venue 1', '2026-01-01 02:00+00', bytes => 123456789) = :id AS same;
SELECT bourse.record_backup('wal', 'now', clock_timestamp()) > :id AS another;
SELECT refusal(format('SELECT bourse.record_backup(%s)', arguments)) AS refused
FROM (VALUES ('NULL, ''x'', now()'), ('''dump'', NULL, now()'), ('''dump'', ''x'', NULL'),
             ('''tape'', ''x'', now()'), ('''dump'', '''', now()'), ('''dump'', repeat(''x'', 201), now()'),
             ('''dump'', ''a'' || chr(10) || ''b'', now()'), ('''dump'', ''a'' || chr(8238) || ''b'', now()'),
             ('''dump'', ''a'' || chr(8203), now()'), ('''dump'', ''  '', now()'), ('''dump'', chr(160), now()'),
             ('''base'', ''venue 1'', ''2026-01-01 02:00Z'', ''2026-01-01 02:20Z'', 123456789'),
             ('''dump'', ''x'', ''2026-01-01 00:00Z'', ''2025-12-31 23:59Z'''),
             ('''dump'', ''x'', ''-infinity'', ''2025-12-31 23:59Z'''),
             ('''dump'', ''x'', ''2026-01-01 00:00Z'', ''infinity'''),
             ('''dump'', ''x'', now(), now(), -1'),
             ('''base'', ''venue 1'', ''2026-01-01 02:00Z'', ''2026-01-01 02:10Z'', 1'),
             ('''base'', ''venue 1'', ''2026-01-01 02:01Z'', ''2026-01-01 02:10Z'', 123456789')) c (arguments);
-- One from the future would keep the alert quiet.
SELECT split_part(refusal(format('SELECT bourse.record_backup(''dump'', ''x'', %s)', arguments)), ' from ', 1)
       AS refused
FROM (VALUES ('now(), clock_timestamp() + interval ''1 minute'''), ('clock_timestamp() + interval ''1 minute'''))
     c (arguments);
SELECT refusal('TABLE bourse.backups');
RESET ROLE;

-- The log alone is no backup.
SET ROLE backups_monitor;
SELECT kind, label, started_at, finished_at, bytes FROM bourse.backups WHERE kind = 'base';
SELECT module, severity, alert, subject, detail, hint FROM bourse.alerts() WHERE alert = 'backup_is_stale';
SELECT value > 86400 * 300 AS old, labels FROM bourse.metrics() WHERE name = 'bourse_backup_age_seconds'
ORDER BY labels;
SELECT refusal('SELECT bourse.record_backup(''dump'', ''x'', now())');
RESET ROLE;
SET bourse.backup_age = '20000d';
SELECT count(*) AS stale FROM bourse.alerts() WHERE alert = 'backup_is_stale';
SET bourse.backup_age = 0;
SELECT count(*) AS stale FROM bourse.alerts() WHERE alert = 'backup_is_stale';
RESET bourse.backup_age;
SELECT bourse.record_backup('incremental', 'venue 1_1', clock_timestamp()) > :id AS another;
SELECT count(*) AS stale FROM bourse.alerts() WHERE alert = 'backup_is_stale';
-- None at all is told once the database is as old.
BEGIN;
DELETE FROM bourse.backups;
SELECT count(*) AS stale FROM bourse.alerts() WHERE alert = 'backup_is_stale';
UPDATE bourse.schema_migrations SET applied_at = applied_at - interval '26 hours';
SELECT subject, detail FROM bourse.alerts() WHERE alert = 'backup_is_stale';
ROLLBACK;
SELECT table_name, time_column, keep FROM bourse.policies WHERE table_name = 'backups';

-- The role for dumps reads all rows of everything once it has been entered; its members do no more, and may not enter
-- what they cannot.
INSERT INTO identity.users (name) VALUES ('backed up');
SET ROLE bourse_backup;
SELECT count(*) > 0 AS users FROM identity.users;
SELECT replace(refusal(sql), 'must be owner of', 'permission denied for') AS refused
FROM unnest(ARRAY['INSERT INTO identity.users (name) VALUES (''x'')', 'UPDATE exchange.markets SET status = ''halted''',
                  'DELETE FROM bourse.backups', 'TRUNCATE audit.audit_logs',
                  'LOCK TABLE exchange.orders IN ROW EXCLUSIVE MODE',
                  'SELECT nextval(''exchange.orders_id_seq'')', 'SELECT setval(''exchange.orders_id_seq'', 1)',
                  'REFRESH MATERIALIZED VIEW bourse.at_work', 'CREATE TABLE bourse.mine ()',
                  'SELECT bourse.pause()', 'SELECT bourse.record_backup(''dump'', ''x'', now())',
                  'SELECT exchange.cancel_order(1)', 'SELECT identity.act_as(1)', 'SELECT * FROM bourse.status()',
                  'SELECT lo_export(1, ''/tmp/x'')', 'SELECT pg_read_file(''postgresql.conf'')']) sql;
RESET ROLE;
-- It has a right to no routine of ours.
SELECT p.oid::regprocedure AS callable FROM pg_proc p
WHERE split_part(p.pronamespace::regnamespace::text, '_', 1) IN (SELECT bourse_private.modules())
  AND has_function_privilege('bourse_backup', p.oid, 'EXECUTE');
SET SESSION AUTHORIZATION backups_backup;
SELECT refusal('SELECT count(*) FROM identity.users') AS not_entered;
SET row_security = off;
SELECT refusal('SELECT count(*) FROM exchange.orders') AS not_entered;
RESET row_security;
SELECT refusal('SET ROLE bourse_owner'), refusal('SET ROLE bourse_admin');
RESET SESSION AUTHORIZATION;
DROP ROLE backups_worker, backups_monitor, backups_backup;
