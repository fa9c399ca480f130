-- Code of a table's owner (casts, triggers, domains) never runs with the rights of bourse_owner or of the caller, and
-- ends neither an export nor an erasure.
CREATE ROLE regress_ist_shop LOGIN IN ROLE bourse_viewer;
CREATE ROLE regress_ist_admin LOGIN IN ROLE bourse_admin;
INSERT INTO identity.users (name, db_role)
VALUES ('ist shop', 'regress_ist_shop'), ('ist ann', NULL), ('ist bob', NULL);
SELECT person('ist shop') AS shop, person('ist ann') AS ann, person('ist bob') AS bob \gset
CREATE SCHEMA ist AUTHORIZATION regress_ist_shop;
SET SESSION AUTHORIZATION regress_ist_shop;
CREATE TABLE ist.seen (n serial, ran_as text, acts_for_all boolean, note text);
CREATE FUNCTION ist.look(note text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO ist.seen (ran_as, note) VALUES (current_user, note);
    PERFORM set_config('bourse.user_agent', 'forged', false);
    RETURN current_user;
END $$;
CREATE TYPE ist.note AS ENUM ('x', 'y');
CREATE FUNCTION ist.note_json(n ist.note) RETURNS json
LANGUAGE plpgsql AS $$ BEGIN RETURN to_json(ist.look('cast')); END $$;
CREATE CAST (ist.note AS json) WITH FUNCTION ist.note_json(ist.note);
CREATE TABLE ist.notes (user_id bigint, note ist.note);
CREATE FUNCTION ist.on_delete() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM ist.look(TG_NAME); RETURN OLD; END $$;
CREATE TRIGGER before_row BEFORE DELETE ON ist.notes FOR EACH ROW EXECUTE FUNCTION ist.on_delete();
CREATE TRIGGER after_statement AFTER DELETE ON ist.notes FOR EACH STATEMENT EXECUTE FUNCTION ist.on_delete();
CREATE CONSTRAINT TRIGGER at_commit AFTER DELETE ON ist.notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION ist.on_delete();
-- Tables that stop whoever reads them: an error, a pretended cancel, a failed assertion, more than anybody wants.
CREATE TYPE ist.bomb AS ENUM ('error', 'cancel', 'assert', 'flood');
CREATE FUNCTION ist.bomb_json(b ist.bomb) RETURNS json LANGUAGE plpgsql AS $$
BEGIN
    CASE b WHEN 'error' THEN RAISE EXCEPTION 'no' USING ERRCODE = 'P0004';
    WHEN 'cancel' THEN RAISE EXCEPTION 'canceling statement due to user request' USING ERRCODE = 'query_canceled';
        WHEN 'assert' THEN ASSERT false; ELSE RETURN to_json(repeat('x', 20000000)); END CASE;
END $$;
CREATE CAST (ist.bomb AS json) WITH FUNCTION ist.bomb_json(ist.bomb);
CREATE TABLE ist.bombs_1 (user_id bigint, bomb ist.bomb);
CREATE TABLE ist.bombs_2 (LIKE ist.bombs_1);
CREATE TABLE ist.bombs_3 (LIKE ist.bombs_1);
CREATE TABLE ist.bombs_4 (LIKE ist.bombs_1);
CREATE TABLE ist.many (user_id bigint, n integer);
CREATE FUNCTION ist.refuse_delete() RETURNS trigger
LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'canceling statement due to statement timeout' USING ERRCODE = 'query_canceled'; END $$;
CREATE TRIGGER refuse_delete BEFORE DELETE ON ist.bombs_1 FOR EACH ROW EXECUTE FUNCTION ist.refuse_delete();
-- REFERENCES on a table of ours is nobody's: a superuser adds the foreign keys.
RESET SESSION AUTHORIZATION;
ALTER TABLE ist.notes ADD FOREIGN KEY (user_id) REFERENCES identity.users ON DELETE CASCADE;
ALTER TABLE ist.bombs_1 ADD FOREIGN KEY (user_id) REFERENCES identity.users ON DELETE CASCADE;
ALTER TABLE ist.bombs_2 ADD FOREIGN KEY (user_id) REFERENCES identity.users ON DELETE CASCADE;
ALTER TABLE ist.bombs_3 ADD FOREIGN KEY (user_id) REFERENCES identity.users ON DELETE CASCADE;
ALTER TABLE ist.bombs_4 ADD FOREIGN KEY (user_id) REFERENCES identity.users ON DELETE CASCADE;
ALTER TABLE ist.many ADD FOREIGN KEY (user_id) REFERENCES identity.users;
SET SESSION AUTHORIZATION regress_ist_shop;
GRANT USAGE ON SCHEMA ist TO bourse_owner;
GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA ist TO bourse_owner;
INSERT INTO ist.notes VALUES (:shop, 'x'), (:ann, 'y');
INSERT INTO ist.bombs_1 VALUES (:shop, 'error'), (:ann, 'error');
INSERT INTO ist.bombs_2 VALUES (:shop, 'cancel');
INSERT INTO ist.bombs_3 VALUES (:shop, 'assert');
INSERT INTO ist.bombs_4 VALUES (:shop, 'flood'), (:shop, 'flood');
INSERT INTO ist.many SELECT :shop, n FROM generate_series(1, 10001) n;
TRUNCATE ist.seen;
SELECT e #> '{tables,ist.notes,0,note}' AS ran_as,
       (SELECT jsonb_agg(t) FROM jsonb_array_elements(e -> 'not_readable') t
        WHERE t #>> '{}' LIKE 'ist.%') AS not_readable,
       jsonb_array_length(e #> '{tables,identity.users}') AS users
FROM identity.export_user(:shop) e;
SELECT table_name, count(*), count(data) AS given FROM identity.export_user_rows(:shop)
WHERE table_name LIKE 'ist.%' AND table_name <> 'ist.seen' GROUP BY table_name ORDER BY table_name COLLATE "C";
SET SESSION AUTHORIZATION regress_ist_admin;
BEGIN;
SELECT e #> '{deleted,ist.notes}' AS deleted,
       (SELECT jsonb_agg(t) FROM jsonb_array_elements(e -> 'kept') t WHERE t #>> '{}' LIKE 'ist.%') AS kept
FROM identity.erase_user(:ann, 'asked') e;
COMMIT;
SELECT current_setting('bourse.user_agent', true) IS DISTINCT FROM 'forged' AS settings_are_mine;
RESET SESSION AUTHORIZATION;
SELECT DISTINCT ran_as, note FROM ist.seen ORDER BY 2, 1;
-- A type of a stranger in a table of somebody who is trusted, a table that only hangs on others: named, and not run.
SET SESSION AUTHORIZATION regress_ist_shop;
TRUNCATE ist.seen;
GRANT USAGE ON TYPE ist.note TO PUBLIC;
CREATE TABLE ist.accounts (account bigint, note ist.note);
GRANT SELECT, DELETE ON ist.accounts TO bourse_owner;
RESET SESSION AUTHORIZATION;
ALTER TABLE ist.accounts ADD FOREIGN KEY (account) REFERENCES identity.auth_identities ON DELETE CASCADE;
CREATE TABLE ist.mixed (user_id bigint REFERENCES identity.users ON DELETE CASCADE, note ist.note[]);
GRANT SELECT, DELETE ON ist.mixed TO bourse_owner;
INSERT INTO ist.mixed VALUES (:bob, '{x}');
SELECT identity.link_identity(:bob, 'telegram', 'ist bob') AS account \gset
INSERT INTO ist.accounts VALUES (:account, 'x');
SELECT e #> '{tables,ist.mixed}' AS mixed, e -> 'not_readable' ?& '{ist.mixed,ist.accounts}' AS named
FROM identity.export_user(:bob) e;
-- Its rows would go with an account, and its trigger fire with our rights.
SELECT refusal('CREATE TRIGGER after_cascade AFTER DELETE ON ist.accounts
    FOR EACH STATEMENT EXECUTE FUNCTION ist.on_delete()');
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
CREATE TRIGGER after_cascade AFTER DELETE ON ist.accounts FOR EACH STATEMENT EXECUTE FUNCTION ist.on_delete();
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
SET SESSION AUTHORIZATION regress_ist_admin;
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked'')', :bob));
RESET SESSION AUTHORIZATION;
DROP TRIGGER after_cascade ON ist.accounts;
SELECT e -> 'kept' ? 'ist.mixed' AS kept FROM identity.erase_user(:bob, 'asked') e;
SELECT ran_as, note FROM ist.seen;
-- The trail itself: a column of a stranger's type in a table of ours.
CREATE TABLE exchange.ist_ours (id integer PRIMARY KEY);
ALTER TABLE exchange.ist_ours OWNER TO bourse_owner;
SELECT audit.enable('exchange.ist_ours');
-- The guard of our tables refuses such a column where it is not off; the trail does not rely on it.
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
ALTER TABLE exchange.ist_ours ADD COLUMN note ist.note;
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
SELECT refusal('INSERT INTO exchange.ist_ours VALUES (1, ''x'')'),
       refusal('SELECT audit.enable(''exchange.ist_ours'')');
SELECT ran_as, note FROM ist.seen;
SELECT * FROM audit.verify();
SET client_min_messages = warning;
DROP TABLE exchange.ist_ours;
DROP SCHEMA ist CASCADE;
RESET client_min_messages;
UPDATE identity.users SET db_role = NULL WHERE id = :shop;
DROP ROLE regress_ist_shop, regress_ist_admin;
