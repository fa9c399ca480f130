-- Nobody but superusers and bourse_owner hangs code on the tables of the platform: it would run as bourse_owner.
CREATE ROLE regress_bst_shop LOGIN IN ROLE bourse_trader;
CREATE SCHEMA bst AUTHORIZATION regress_bst_shop;
-- The rights to do it are nobody's, alone, as part of ALL, for a column, for everybody, or by default.
SELECT refusal(s) FROM unnest(ARRAY[
    'GRANT REFERENCES ON identity.users TO regress_bst_shop',
    'GRANT REFERENCES (id) ON identity.users TO regress_bst_shop',
    'GRANT TRIGGER ON exchange.orders TO regress_bst_shop',
    'GRANT ALL ON exchange.orders TO regress_bst_shop WITH GRANT OPTION',
    'GRANT ALL ON ALL TABLES IN SCHEMA exchange TO regress_bst_shop', 'GRANT REFERENCES ON exchange.markets TO PUBLIC',
    'GRANT CREATE ON SCHEMA exchange TO regress_bst_shop', 'GRANT ALL ON SCHEMA bourse TO PUBLIC']) s;
ALTER DEFAULT PRIVILEGES FOR ROLE bourse_owner GRANT TRIGGER ON TABLES TO regress_bst_shop;
SET ROLE bourse_owner;
SELECT refusal('CREATE TABLE exchange.bst_new (id integer)');
RESET ROLE;
ALTER DEFAULT PRIVILEGES FOR ROLE bourse_owner REVOKE TRIGGER ON TABLES FROM regress_bst_shop;
-- All else can be granted, and a member of bourse_owner has them anyway.
SELECT refusal('GRANT SELECT, INSERT, UPDATE, DELETE ON exchange.orders TO regress_bst_shop');
REVOKE ALL ON exchange.orders FROM regress_bst_shop;
SET SESSION AUTHORIZATION regress_bst_shop;
SELECT refusal(s) FROM unnest(ARRAY['CREATE TABLE bst.mine (user_id bigint REFERENCES identity.users)',
    'CREATE TRIGGER mine AFTER INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION bourse_private.stamp_updated_at()']) s;
CREATE TYPE bst.key AS ENUM ('one');
CREATE FUNCTION bst.to_id(k bst.key) RETURNS bigint
LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'as %', current_user; RETURN 1; END $$;
CREATE CAST (bst.key AS bigint) WITH FUNCTION bst.to_id AS IMPLICIT;
CREATE DOMAIN bst.same_key AS bst.key;
CREATE DOMAIN bst.id AS bigint CHECK (VALUE > 0);
CREATE TABLE bst.shops (a bst.key, b bst.same_key, c bst.key[], d bst.id, note bst.key);
CREATE FUNCTION bst.fire() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'as %', current_user; RETURN NEW; END $$;
RESET SESSION AUTHORIZATION;
-- Nor does a superuser do it for them: a column of a stranger's type comes with a stranger's cast.
SELECT refusal(s) FROM unnest(ARRAY[
    'ALTER TABLE bst.shops ADD FOREIGN KEY (a) REFERENCES identity.users',
    'ALTER TABLE bst.shops ADD FOREIGN KEY (b) REFERENCES identity.users',
    'CREATE TABLE bst.more (a bst.key REFERENCES identity.users)',
    'CREATE SCHEMA bst_two CREATE TABLE more (a bst.key REFERENCES identity.users)',
    'CREATE TRIGGER fire BEFORE INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION bst.fire()',
    'CREATE CONSTRAINT TRIGGER fire AFTER UPDATE ON identity.users FOR EACH ROW EXECUTE FUNCTION bst.fire()']) s;
-- What fires for everybody, with the rights of bourse_owner, belongs to superusers alone: bourse_owner cannot change
-- it.
SELECT e.evtname, l.lanname, r.rolsuper, p.prosecdef FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid
JOIN pg_language l ON l.oid = p.prolang JOIN pg_roles r ON r.oid = p.proowner ORDER BY 1;
SET ROLE bourse_owner;
SELECT refusal('ALTER FUNCTION bourse_private.refuse_strange_code() SECURITY DEFINER');
RESET ROLE;
-- What they call has the rights of bourse_owner, and leaves nothing behind.
BEGIN;
SET LOCAL ROLE bourse_owner;
CREATE OR REPLACE FUNCTION bourse_private.strange_code(relations oid[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RAISE NOTICE 'as %', current_user;
    PERFORM set_config('search_path', 'bst', false);
    RETURN;
END $$;
RESET ROLE;
CREATE TRIGGER fire AFTER INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION bourse_private.stamp_updated_at();
SELECT current_user <> 'bourse_owner' AND current_setting('search_path') <> 'bst' AS nothing_is_left;
ROLLBACK;
-- A foreign key from a domain over a type of PostgreSQL's own casts by nobody's code, and columns beside it do not
-- matter.
ALTER TABLE bst.shops ADD CONSTRAINT shops_user FOREIGN KEY (d) REFERENCES identity.users;
SELECT value FROM bourse.status() WHERE item = 'strange_code';
SET SESSION AUTHORIZATION regress_bst_shop;
SELECT refusal('ALTER TABLE bst.shops ALTER COLUMN d TYPE bst.key USING ''one''');
RESET SESSION AUTHORIZATION;
SELECT refusal('ALTER TABLE bst.shops ALTER COLUMN d TYPE bst.key USING ''one''');
-- What goes with rows of ours goes with our rights: no trigger of a stranger stands below them, nor a rule, whose
-- writing may fire one. Below a person they may: that row stays, and erase_user() deletes with the owner's rights.
CREATE TABLE bst.orders (command_id bigint, account bigint, user_id bigint, note text);
CREATE TABLE bst.lines (n bigint);
ALTER TABLE bst.orders OWNER TO regress_bst_shop;
ALTER TABLE bst.lines OWNER TO regress_bst_shop;
ALTER TABLE bst.orders ADD PRIMARY KEY (command_id),
    ADD FOREIGN KEY (user_id) REFERENCES identity.users ON DELETE CASCADE;
ALTER TABLE bst.lines ADD FOREIGN KEY (n) REFERENCES bst.orders ON DELETE SET NULL;
SET SESSION AUTHORIZATION regress_bst_shop;
CREATE TRIGGER fire AFTER UPDATE ON bst.lines FOR EACH ROW EXECUTE FUNCTION bst.fire();
CREATE RULE note AS ON DELETE TO bst.orders DO ALSO INSERT INTO bst.lines VALUES (NULL);
RESET SESSION AUTHORIZATION;
SELECT refusal('ALTER TABLE bst.orders
    ADD FOREIGN KEY (command_id) REFERENCES exchange.order_commands ON DELETE CASCADE');
DROP RULE note ON bst.orders;
SELECT refusal('ALTER TABLE bst.orders
    ADD FOREIGN KEY (command_id) REFERENCES exchange.order_commands ON DELETE CASCADE');
DROP TRIGGER fire ON bst.lines;
ALTER TABLE bst.orders ADD FOREIGN KEY (command_id) REFERENCES exchange.order_commands ON DELETE CASCADE,
    ADD FOREIGN KEY (account) REFERENCES identity.auth_identities ON DELETE SET DEFAULT;
SET SESSION AUTHORIZATION regress_bst_shop;
SELECT refusal(s) FROM unnest(ARRAY[
    'CREATE TRIGGER fire AFTER UPDATE ON bst.lines FOR EACH ROW EXECUTE FUNCTION bst.fire()',
    'CREATE TRIGGER fire BEFORE UPDATE ON bst.orders FOR EACH ROW EXECUTE FUNCTION bst.fire()',
    'CREATE RULE note AS ON UPDATE TO bst.orders DO ALSO INSERT INTO bst.lines VALUES (NULL)']) s;
RESET SESSION AUTHORIZATION;
-- Where the guard is off the engine does not write, and the status tells.
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
CREATE TRIGGER fire AFTER UPDATE ON bst.lines FOR EACH ROW EXECUTE FUNCTION bst.fire();
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
SELECT value FROM bourse.status() WHERE item = 'strange_code';
INSERT INTO exchange.order_commands (action, user_id, symbol) VALUES ('cancel', 1, 'BST-USD') RETURNING id \gset
CALL exchange.match_orders();
DELETE FROM exchange.order_commands WHERE id = :id;
DROP TABLE bst.lines, bst.orders;

-- What has been hung on tables while nobody looked is in the status.
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
GRANT TRIGGER ON exchange.orders TO regress_bst_shop;
ALTER TABLE bst.shops ADD CONSTRAINT shops_key FOREIGN KEY (a) REFERENCES identity.users;
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
SELECT value FROM bourse.status() WHERE item = 'strange_code';
REVOKE TRIGGER ON exchange.orders FROM regress_bst_shop;
SET client_min_messages = warning;
DROP SCHEMA bst CASCADE;
RESET client_min_messages;
DROP ROLE regress_bst_shop;
