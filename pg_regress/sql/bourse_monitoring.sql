-- What monitors ask. Each answers for all schemas.
CREATE ROLE monitoring_login LOGIN IN ROLE bourse_monitor;
SET ROLE monitoring_login;
SELECT module, ok, detail FROM bourse.health();
SELECT * FROM bourse.verify();
SELECT name, labels - 'state' AS labels, coalesce(value, 0) >= 0 AS sane FROM bourse.metrics()
WHERE name !~ '^(bourse_(chore|connections$|table_|replication_|slot_)|exchange_markets)'
ORDER BY name COLLATE "C", labels;
SELECT module, issue FROM bourse.integrity()
ORDER BY array_position('{bourse,identity,audit,exchange}', module), issue COLLATE "C";
RESET ROLE;
CREATE ROLE monitoring_trader LOGIN IN ROLE bourse_trader;
SET ROLE monitoring_trader;
SELECT f AS function, refusal('SELECT * FROM bourse.' || f)
FROM unnest('{verify(),metrics(),alerts(),health(),integrity(),maintain()}'::text[]) f;
RESET ROLE;

-- Something is wrong in each schema, and is told. Nothing of it names a user.
BEGIN;
SELECT count(*) AS before FROM bourse.alerts()
WHERE alert IN ('pending_migrations', 'paused', 'inbox_waits', 'seal_is_late');
DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries';
REFRESH MATERIALIZED VIEW bourse.at_work WITH NO DATA;
INSERT INTO exchange.order_commands (action, created_at) VALUES ('cancel', clock_timestamp() - interval '2 minutes');
SET LOCAL session_replication_role = replica;
UPDATE audit.seals SET sealed_at = sealed_at - interval '1 day';
SET LOCAL session_replication_role = origin;
SELECT audit.log_activity(NULL, 'monitoring') > 0 AS logged;
SELECT module, severity, alert,
       regexp_replace(detail, '\d{4}-[-:.+ 0-9]+|[A-Z][a-z]{2} [A-Z][a-z]{2} [^,]* \d{4} [A-Z]+', 'T', 'g') AS detail,
       hint
FROM bourse.alerts() WHERE alert <> 'not_durable' AND alert <> 'chore_is_late' ORDER BY alert COLLATE "C";
SELECT module, ok, detail FROM bourse.health() WHERE NOT ok;
SELECT name, value FROM bourse.metrics() WHERE name IN ('bourse_pending_migrations', 'bourse_at_work');
SELECT name, round(value / 60) AS minutes FROM bourse.metrics() WHERE name = 'exchange_inbox_age_seconds';
ROLLBACK;
BEGIN;
INSERT INTO identity.users (name, db_role) VALUES ('monitoring ghost', 'nobody_of_that_name');
ALTER TABLE exchange.fee_groups DISABLE TRIGGER trigger_audit;
UPDATE exchange.order_commands SET set_aside_at = now();
INSERT INTO exchange.order_commands (action, set_aside_at) VALUES ('cancel', now());
SELECT setval('identity.users_id_seq', 1, false) AS set_back;
SELECT module, issue FROM bourse.integrity() WHERE count > 0 AND issue <> 'constraint_not_validated'
ORDER BY issue COLLATE "C";
ROLLBACK;

-- What nobody has ever called is late as soon as there is work for it.
BEGIN;
DELETE FROM bourse.chores;
DELETE FROM bourse.policies;
SELECT count(*) AS late FROM bourse.alerts() WHERE alert = 'chore_is_late';
INSERT INTO bourse.policies (schema_name, table_name, time_column, keep)
VALUES ('exchange', 'trades', 'created_at', '100 years');
SELECT severity, subject, detail, hint FROM bourse.alerts() WHERE alert = 'chore_is_late';
UPDATE bourse.policies SET is_enabled = false;
SELECT count(*) AS late FROM bourse.alerts() WHERE alert = 'chore_is_late';
-- So is what nobody has called for a day.
INSERT INTO bourse.chores (name, ran_at, is_done, problems)
VALUES ('maintain', now() - interval '23 hours', true, '{}'), ('jobs', now() - interval '25 hours', true, '{}');
SELECT severity, subject, left(detail, 11) AS detail, hint FROM bourse.alerts() WHERE alert = 'chore_is_late';
ROLLBACK;

-- What a sequence gives is not undone.
DO $$ BEGIN PERFORM bourse.align_sequences(); END $$;

-- A schema that cannot answer keeps no other from it.
BEGIN;
ALTER TABLE exchange.markets RENAME TO markets_elsewhere;
SELECT module, ok, detail FROM bourse.health();
SELECT * FROM bourse.metrics() WHERE name LIKE '%failed';
SELECT count(*) > 5 AS others FROM bourse.metrics();
ALTER TABLE exchange.order_commands RENAME TO order_commands_elsewhere;
SELECT * FROM bourse.alerts() WHERE alert LIKE '%failed';
ROLLBACK;

-- A row of the books that does not add up is told with its schema.
BEGIN;
SET LOCAL session_replication_role = replica;
INSERT INTO identity.users (id, name) VALUES (900001, 'monitoring bob');
INSERT INTO exchange.assets (user_id, symbol, amount) VALUES (900001, 'MON', 5);
SET LOCAL session_replication_role = origin;
SELECT module, count(*) > 0 AS wrong FROM bourse.verify() GROUP BY module;
ROLLBACK;

-- A queue that is declared shows its lag by itself, and what it lacks.
BEGIN;
CREATE TABLE identity.letters (id bigint PRIMARY KEY, status text, priority smallint DEFAULT 0,
                               claimable_at timestamptz, attempt integer, max_attempts integer, lease text,
                               locked_by text);
ALTER TABLE identity.letters OWNER TO bourse_owner;
CREATE OR REPLACE FUNCTION identity_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, identity, pg_temp AS
$$ SELECT ARRAY[bourse_private.declare_table('letters', is_queue => true)] $$;
INSERT INTO identity.letters (id, claimable_at) VALUES (1, clock_timestamp() - interval '1 hour');
SELECT name, labels, round(value / 60) AS minutes FROM bourse.metrics() WHERE name = 'bourse_queue_lag_seconds';
SELECT alert, subject FROM bourse.alerts() WHERE alert = 'queue_lags';
SELECT * FROM bourse_private.own_verify() ORDER BY 2, 3;
ROLLBACK;
DROP ROLE monitoring_login, monitoring_trader;
