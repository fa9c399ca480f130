-- What validate_integrity() says after a recovery: every fault here is planted, seen, and undone.
CREATE ROLE validate_monitor LOGIN IN ROLE bourse_monitor;
-- What is so of this server and its database, and of no other.
CREATE VIEW pg_temp.found AS
SELECT severity, module, check_name, subject, expected, actual FROM bourse.validate_integrity()
WHERE check_name NOT IN ('setting_is_on', 'partition_is_there', 'default_partition_is_empty');
SET ROLE validate_monitor;
SELECT count(*) AS critical FROM bourse.validate_integrity() WHERE severity = 'critical';
RESET ROLE;
CREATE ROLE validate_trader LOGIN IN ROLE bourse_trader;
SET ROLE validate_trader;
SELECT refusal('SELECT * FROM bourse.validate_integrity()');
RESET ROLE;
SELECT * FROM pg_temp.found;
SELECT exchange.create_market('VAL-USD', 'VAL', 'USD');
INSERT INTO identity.users (name) VALUES ('validated') RETURNING id AS ann \gset
SELECT exchange.deposit(:ann, 'USD', 1000, 'validate') > 0 AS deposited;
SELECT status FROM exchange.place_order(:ann, 'VAL-USD', 'buy', 10, 1);

-- Rows that nobody has compared when they came.
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM exchange.markets WHERE symbol = 'VAL-USD';
SELECT severity, check_name, subject, expected, actual FROM pg_temp.found WHERE check_name = 'foreign_key_leads_nowhere'
ORDER BY subject;
ROLLBACK;
-- A row that is lost, as the books see it.
BEGIN;
SET LOCAL session_replication_role = replica;
DELETE FROM exchange.orders WHERE user_id = :ann;
SELECT severity, module, check_name FROM pg_temp.found WHERE check_name <> 'foreign_key_leads_nowhere' ORDER BY 1, 2, 3;
ROLLBACK;
-- A restore of rows alone that ended in the middle.
BEGIN;
ALTER TABLE bourse.policies DISABLE TRIGGER ALL;
SELECT severity, check_name, subject, actual FROM pg_temp.found WHERE check_name = 'trigger_is_enabled'
ORDER BY subject;
ROLLBACK;
BEGIN;
SELECT setval('exchange.orders_id_seq', 1, false), setval('identity.users_id_seq', 1, false);
SELECT severity, check_name, subject, actual FROM pg_temp.found ORDER BY subject;
SELECT sequence FROM bourse.align_sequences();
SELECT * FROM pg_temp.found;
ROLLBACK;
SELECT count(*) >= 0 AS moved FROM bourse.align_sequences();
-- The catalog.
BEGIN;
ALTER TABLE exchange.orders DISABLE ROW LEVEL SECURITY;
ALTER TABLE bourse.chores SET UNLOGGED;
ALTER TABLE bourse.policies ADD CONSTRAINT validate_later CHECK (ahead >= 0) NOT VALID;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'exchange.orders_pkey'::regclass;
ALTER EVENT TRIGGER bourse_guard_locks DISABLE;
CREATE TABLE exchange.of_somebody ();
DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries';
SELECT severity, check_name, subject, expected, actual FROM pg_temp.found
WHERE module = 'bourse' ORDER BY check_name, subject;
ROLLBACK;
-- Partitions: those of now are missing, and rows have come.
BEGIN;
CREATE TABLE exchange.validated (at timestamptz NOT NULL) PARTITION BY RANGE (at);
ALTER TABLE exchange.validated OWNER TO bourse_owner;
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by)
VALUES ('exchange', 'validated', 'at', 'month');
SELECT severity, check_name, subject, expected = to_char(now() AT TIME ZONE 'UTC', '"validated_y"YYYY"m"MM') AS of_now,
       actual
FROM bourse.validate_integrity() WHERE subject LIKE '%validated%';
CREATE TABLE exchange.validated_default PARTITION OF exchange.validated DEFAULT;
ALTER TABLE exchange.validated_default OWNER TO bourse_owner;
INSERT INTO exchange.validated VALUES ('2020-01-01');
SELECT severity, check_name, subject, actual FROM bourse.validate_integrity() WHERE subject LIKE '%validated%'
ORDER BY check_name;
ROLLBACK;
-- A publisher whose rows cannot be told apart.
BEGIN;
CREATE TABLE exchange.nameless (n integer);
ALTER TABLE exchange.nameless OWNER TO bourse_owner;
SET LOCAL client_min_messages = error;
CREATE PUBLICATION validated FOR TABLES IN SCHEMA exchange;
SELECT severity, check_name, subject, actual FROM pg_temp.found;
ROLLBACK;
-- One check that fails hides none of the others.
BEGIN;
ALTER TABLE audit.seals RENAME TO seals_of_old;
REFRESH MATERIALIZED VIEW bourse.at_work WITH NO DATA;
SELECT severity, module, check_name, subject, expected FROM pg_temp.found
WHERE check_name IN ('check_fails', 'database_is_at_work') ORDER BY check_name, subject;
ROLLBACK;
DROP VIEW pg_temp.found;
DROP ROLE validate_monitor, validate_trader;
