-- What hangs on a table of ours runs as bourse_owner, whoever has called: a function that finds its tables by the
-- caller's search_path would find the caller's temporary ones, and run what he has put into them.
CREATE ROLE regress_bcc_mallory LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_bcc_stranger;
CREATE SCHEMA bcc;
GRANT USAGE ON SCHEMA bcc TO public;
-- A default that an operator has made in good faith.
CREATE FUNCTION bcc.batch() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    r text;
BEGIN
    IF to_regclass('bcc_batch_name') IS NOT NULL THEN
        SELECT name INTO r FROM bcc_batch_name;
    END IF;
    RETURN r;
END $$;
CREATE FUNCTION bcc.known(t text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN true; END $$;
CREATE FUNCTION bcc.length(t text) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT length(t)';
CREATE FUNCTION bcc.twice(t text) RETURNS text LANGUAGE sql IMMUTABLE RETURN t || t;
CREATE FUNCTION bcc.by_way(t text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN bcc.known(t);
CREATE FUNCTION bcc.note() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NEW; END $$;
CREATE FUNCTION bcc.same(a text, b text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN a = b; END $$;
CREATE FUNCTION bcc.compare(a text, b text) RETURNS integer
LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN bttextcmp(a, b); END $$;
CREATE OPERATOR bcc.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = bcc.same, COMMUTATOR = OPERATOR(bcc.===));
CREATE OPERATOR CLASS bcc.text_ops FOR TYPE text USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,
OPERATOR 4 >=,
    OPERATOR 5 >, FUNCTION 1 bcc.compare(text, text);
CREATE OPERATOR CLASS bcc.hash_ops FOR TYPE text USING hash AS OPERATOR 1 bcc.===, FUNCTION 1 hashtext(text);
CREATE DOMAIN bcc.word AS text CHECK (bcc.known(VALUE));
CREATE TYPE bcc.pair AS (a text, b bcc.word);
CREATE TYPE bcc.coin AS ENUM ('heads', 'tails');
CREATE FUNCTION bcc.to_json(c bcc.coin) RETURNS json LANGUAGE plpgsql AS $$ BEGIN RETURN '1'; END $$;
CREATE CAST (bcc.coin AS json) WITH FUNCTION bcc.to_json;
CREATE FUNCTION bcc.to_date(t text) RETURNS date LANGUAGE plpgsql AS $$ BEGIN RETURN now(); END $$;
CREATE VIEW bcc.batches AS SELECT bcc.batch() AS name;
SELECT refusal(s) FROM unnest(ARRAY[
    'ALTER TABLE exchange.transfers ADD COLUMN batch text DEFAULT bcc.batch()',
    'ALTER TABLE exchange.transfers ADD COLUMN size integer GENERATED ALWAYS AS (bcc.length(kind)) STORED',
    'ALTER TABLE exchange.transfers ADD CHECK (bcc.known(kind))',
    'ALTER TABLE exchange.transfers ADD CHECK (bcc.by_way(kind))',
    'ALTER TABLE exchange.transfers ADD COLUMN word bcc.word',
    'ALTER TABLE exchange.transfers ADD COLUMN words bcc.word[]',
    'ALTER TABLE exchange.transfers ADD COLUMN pair bcc.pair',
    'ALTER TABLE exchange.transfers ADD COLUMN coin bcc.coin',
    'ALTER TABLE exchange.transfers ADD EXCLUDE USING hash (kind bcc.hash_ops WITH OPERATOR(bcc.===)) WHERE (false)',
    'CREATE INDEX ON exchange.orders (bcc.length(side))',
    'CREATE INDEX ON exchange.orders (side) WHERE bcc.known(side)',
    'CREATE INDEX ON exchange.orders (side bcc.text_ops)',
    'CREATE STATISTICS bcc.sides ON bcc.length(side), symbol FROM exchange.orders',
    'CREATE TRIGGER note AFTER INSERT ON exchange.orders FOR EACH ROW WHEN (bcc.known(NEW.side)) EXECUTE FUNCTION bcc.note()',
    'CREATE POLICY known ON exchange.orders USING (bcc.known(side))',
    'CREATE POLICY known ON exchange.orders USING (EXISTS (SELECT FROM bcc.batches WHERE name = side))',
    'CREATE RULE known AS ON INSERT TO exchange.transfers WHERE bcc.known(NEW.kind) DO ALSO NOTHING',
    'CREATE CAST (text AS date) WITH FUNCTION bcc.to_date(text)']) s;
-- What says where it looks, pg_temp last, is taken, and so is what names nothing any more. What is in use stays
-- careful.
ALTER FUNCTION bcc.known SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION bcc.batch SET search_path = pg_catalog, bcc, pg_temp;
BEGIN;
ALTER TABLE exchange.transfers ADD COLUMN batch text DEFAULT bcc.batch(), ADD COLUMN word bcc.word,
    ADD COLUMN twice text GENERATED ALWAYS AS (bcc.twice(kind)) STORED;
CREATE INDEX bcc_known ON exchange.orders (side) WHERE bcc.by_way(side);
CREATE TRIGGER note AFTER INSERT ON exchange.orders FOR EACH ROW WHEN (bcc.known(NEW.side)) EXECUTE FUNCTION bcc.note();
CREATE POLICY known ON exchange.transfers USING (EXISTS (SELECT FROM bcc.batches WHERE name = kind));
SELECT refusal(s) FROM unnest(ARRAY[
    'ALTER FUNCTION bcc.batch RESET search_path', 'ALTER ROUTINE bcc.known RESET ALL',
    'ALTER FUNCTION bcc.note SET search_path = pg_temp, pg_catalog',
    'CREATE OR REPLACE FUNCTION bcc.twice(t text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN t; END$$',
    'CREATE OR REPLACE FUNCTION bcc.by_way(t text) RETURNS boolean LANGUAGE sql IMMUTABLE AS ''SELECT true''',
    'CREATE OR REPLACE VIEW bcc.batches AS SELECT bcc.length(''a'')::text AS name',
    'ALTER DOMAIN bcc.word ADD CHECK (bcc.length(VALUE) > 0)',
    'ALTER FUNCTION bcc.batch OWNER TO regress_bcc_stranger', 'ALTER DOMAIN bcc.word OWNER TO regress_bcc_stranger',
    'ALTER VIEW bcc.batches OWNER TO regress_bcc_stranger',
    'ALTER FUNCTION bcc.length IMMUTABLE', 'ALTER FUNCTION bcc.batch SET work_mem = ''1MB''']) s;
SELECT value FROM bourse.status() WHERE item = 'strange_code';
ROLLBACK;

-- What has come while nobody looked is in the status, and stops the engine where the engine would run it.
ALTER FUNCTION bcc.batch RESET search_path;
ALTER FUNCTION bcc.known RESET search_path;
INSERT INTO identity.users (name, db_role) VALUES ('bcc ann', NULL), ('bcc mallory', 'regress_bcc_mallory');
SELECT person('bcc ann') AS ann, person('bcc mallory') AS mallory \gset
SELECT exchange.create_market('BCC-USD', 'BCC', 'USD');
SELECT exchange.deposit(:mallory, 'USD', 1000) IS NOT NULL AS rich;
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
CREATE FUNCTION pg_temp.with_it(definition text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    told text;
    refused text;
BEGIN
    BEGIN
        EXECUTE definition;
        told := (SELECT value FROM bourse.status() WHERE item = 'strange_code');
        refused := refusal(statement);
        RAISE SQLSTATE 'UNDO0';
    EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
        RETURN told || E'\n  ' || refused;
    END;
END $$;
SELECT pg_temp.with_it(s, format('SELECT exchange.place_order(%s, %L, %L, 1, 1)', :mallory, 'BCC-USD', 'buy'))
FROM unnest(ARRAY[
    'ALTER TABLE exchange.orders ADD COLUMN batch text DEFAULT bcc.batch()',
    'ALTER TABLE exchange.orders ADD COLUMN size integer GENERATED ALWAYS AS (bcc.length(side)) STORED',
    'ALTER TABLE exchange.orders ADD CHECK (bcc.known(side))',
    'ALTER TABLE exchange.orders ADD CHECK (bcc.by_way(side))',
    'ALTER TABLE exchange.orders ADD COLUMN word bcc.word',
    'ALTER TABLE exchange.orders ADD COLUMN words bcc.word[]',
    'ALTER TABLE exchange.orders ADD COLUMN pair bcc.pair',
    'ALTER TABLE exchange.orders ADD CONSTRAINT bcc_one EXCLUDE USING hash (side bcc.hash_ops WITH OPERATOR(bcc.===)) WHERE (false)',
    'CREATE INDEX bcc_index ON exchange.orders (bcc.length(side))',
    'CREATE INDEX bcc_index ON exchange.orders (side) WHERE bcc.known(side)',
    'CREATE INDEX bcc_index ON exchange.orders (side bcc.text_ops)',
    'CREATE TRIGGER note AFTER INSERT ON exchange.orders FOR EACH ROW WHEN (bcc.known(NEW.side)) EXECUTE FUNCTION bcc.note()',
    'ALTER FUNCTION bcc.note OWNER TO regress_bcc_stranger; CREATE INDEX bcc_index ON exchange.orders (bcc.twice(side));
     ALTER FUNCTION bcc.twice OWNER TO regress_bcc_stranger']) s;
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
SELECT refusal(format('SELECT exchange.place_order(%s, %L, %L, 1, 1)', :mallory, 'BCC-USD', 'buy'));

-- With a path of its own the default finds nothing of mallory's: his code does not run with anybody's rights but his.
CREATE SCHEMA bcc_mallory AUTHORIZATION regress_bcc_mallory;
SELECT refusal('ALTER TABLE exchange.transfers ADD COLUMN batch text DEFAULT bcc.batch()');
ALTER FUNCTION bcc.batch SET search_path = pg_catalog, bcc, pg_temp;
CREATE TABLE bcc.bcc_batch_name AS SELECT 'monday' AS name;
GRANT SELECT ON bcc.bcc_batch_name TO public;
ALTER TABLE exchange.transfers ADD COLUMN batch text DEFAULT bcc.batch();
SET SESSION AUTHORIZATION regress_bcc_mallory;
CREATE FUNCTION bcc_mallory.p() RETURNS text
LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'as %', current_user; RETURN 'x'; END $$;
GRANT USAGE ON SCHEMA bcc_mallory TO public;
CREATE TEMP VIEW bcc_batch_name AS SELECT bcc_mallory.p() AS name;
GRANT SELECT ON bcc_batch_name TO public;
SELECT exchange.transfer(:mallory, :ann, 'USD', 1) IS NOT NULL AS moved;
RESET SESSION AUTHORIZATION;
SELECT DISTINCT batch FROM exchange.transfers WHERE user_id = :ann;
ALTER TABLE exchange.transfers DROP COLUMN batch;
SET client_min_messages = warning;
DROP SCHEMA bcc, bcc_mallory CASCADE;
RESET client_min_messages;
DROP OWNED BY regress_bcc_mallory;
