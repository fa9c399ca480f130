-- Migrations: what has run, what is pending, and what is refused.
SELECT state, count(*) = (SELECT count(*) FROM bourse.migrations()) AS all_of_them
FROM bourse.migration_states() GROUP BY state;
SELECT bool_and(m.applied_at <= now() AND m.took >= '0 s' AND m.library = e.extversion) AS told
FROM bourse.migration_states() m, pg_extension e WHERE e.extname = 'pg_bourse';
SELECT bool_and(checksum ~ '^[0-9a-f]{64}$') AS hashed, count(DISTINCT checksum) = count(*) AS apart
FROM bourse.schema_migrations;
SELECT bourse.migrate(dry_run => true);
SELECT refusal('SELECT bourse.migrate(NULL)');

-- A view that a version to come would bring: tried, it is not there; applied, it is.
BEGIN;
DROP VIEW exchange.ledger_entries;
DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries';
SELECT regexp_replace(bourse.migrate(dry_run => true), '[0-9]+ ms', 'N ms');
SELECT to_regclass('exchange.ledger_entries') IS NULL AS is_missing;
SELECT version, state, applied_at, library, took FROM bourse.migration_states() WHERE state <> 'applied';
SELECT bourse.migrate();
SELECT to_regclass('exchange.ledger_entries') IS NOT NULL AS is_there;
ROLLBACK;


-- One that fails changes nothing, and says which it was: here its view is there already.
BEGIN;
DELETE FROM bourse.schema_migrations WHERE version IN ('exchange/0015_ledger_entries', 'webui/0001_audit_logs');
SELECT refusal('SELECT bourse.migrate()');
SELECT refusal('SELECT bourse.migrate(dry_run => true)');
SELECT count(*) AS pending FROM bourse.migration_states() WHERE state = 'pending';
ROLLBACK;

-- A migration never changes once it has run.
BEGIN;
UPDATE bourse.schema_migrations SET checksum = repeat('0', 64), library = '0.0.9'
WHERE version = 'exchange/0001_markets';
SELECT refusal('SELECT bourse.migrate()');
SELECT refusal('SELECT bourse.migrate(dry_run => true)');
SELECT version, state, library FROM bourse.migration_states() WHERE state <> 'applied';
SELECT value FROM bourse.status() WHERE item = 'other_migrations';
ROLLBACK;

-- There is no way back: what a newer version has made, an older one leaves alone.
BEGIN;
INSERT INTO bourse.schema_migrations (version, library) VALUES ('exchange/9999_options', '9.0.0');
SELECT refusal('SELECT bourse.migrate()');
SELECT version, state, library FROM bourse.migration_states() WHERE state <> 'applied';
SELECT value FROM bourse.status() WHERE item = 'other_migrations';
ROLLBACK;

-- A journal from before checksums were kept gets them with the next migrate().
BEGIN;
ALTER TABLE bourse.schema_migrations DROP COLUMN checksum, DROP COLUMN library, DROP COLUMN took;
SELECT bourse.migrate();
SELECT count(*) = count(checksum) AS kept, count(library) AS libraries FROM bourse.schema_migrations;
SELECT bourse.migrate();
ROLLBACK;

-- Whoever may see the tables may see what has made them; only an admin changes them.
SET ROLE bourse_viewer;
SELECT count(*) > 100 AS seen FROM bourse.migration_states();
SELECT refusal('SELECT bourse.migrate()');
SELECT refusal('SELECT bourse_private.migration_checksums()');
RESET ROLE;
