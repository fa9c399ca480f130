-- What a migration leaves to be done to rows: in batches, each a transaction of its own.
SELECT refusal('CALL bourse.migrate_data()');
CALL bourse.migrate_data(0);
CALL bourse.migrate_data(NULL);
CALL bourse.migrate_data(pause => '2 hours');
CALL bourse.migrate_data(pause => '-1 s');
-- Nothing is left to be done.
CALL bourse.migrate_data();

-- What a migration to come would declare.
CREATE TABLE exchange.planted (id bigint PRIMARY KEY, note text);
ALTER TABLE exchange.planted OWNER TO bourse_owner;
INSERT INTO exchange.planted SELECT 10 * i FROM generate_series(1, 25) i;
ALTER TABLE exchange.planted ADD CONSTRAINT note_given CHECK (note IS NOT NULL) NOT VALID;
INSERT INTO bourse.data_migrations (version, table_name, statement, must_be_empty, validation)
VALUES ('exchange/0014_order_book_view', 'exchange.planted',
        'UPDATE exchange.planted SET note = format(''after %s'', $1) WHERE id > $1 AND id <= $2 AND note IS NULL',
        'SELECT FROM exchange.planted WHERE note IS NULL',
        'ALTER TABLE exchange.planted VALIDATE CONSTRAINT note_given');
SELECT version, state, done, total FROM bourse.migration_states() WHERE state <> 'applied';
-- The next of its schema wait.
BEGIN;
DROP VIEW exchange.ledger_entries;
DELETE FROM bourse.schema_migrations WHERE version = 'exchange/0015_ledger_entries';
SELECT refusal('SELECT bourse.migrate()');
SELECT refusal('SELECT bourse.migrate(dry_run => true)');
ROLLBACK;
CALL bourse.migrate_data(batch_size => 10, pause => '1 ms');
SELECT note, count(*), min(id), max(id) FROM exchange.planted GROUP BY note ORDER BY min(id);
SELECT version, state, done, total FROM bourse.migration_states() WHERE done IS NOT NULL;
SELECT convalidated FROM pg_constraint WHERE conname = 'note_given';
SELECT bourse.migrate();

SET ROLE bourse_viewer;
CALL bourse.migrate_data();
RESET ROLE;
