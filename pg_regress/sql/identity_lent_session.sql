-- Code of a table's owner that a superuser, an admin or autovacuum sets off acts for nobody, whoever's session it is.
\set VERBOSITY terse
CREATE ROLE regress_lent_mallory LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_lent_admin LOGIN IN ROLE bourse_admin, regress_lent_mallory;
CREATE SCHEMA regress_lent AUTHORIZATION regress_lent_mallory;
CREATE SCHEMA regress_lent_house AUTHORIZATION regress_lent_admin;
GRANT USAGE ON SCHEMA regress_lent_house TO regress_lent_mallory;
INSERT INTO identity.users (id, name, db_role)
VALUES (7301, 'lent victim', 'regress_lent_admin'), (7302, 'lent mallory', 'regress_lent_mallory');
SELECT exchange.deposit(7301, 'USD', 100) IS NOT NULL AS deposited;

SET SESSION AUTHORIZATION regress_lent_mallory;
-- From 17 on such a command sets a search_path of its own.
CREATE FUNCTION regress_lent.look(x integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE NOTICE 'user %, victim %, mallory %, everybody %', coalesce(identity.current_user_id()::text, 'nobody'),
        identity.acts_for(7301), identity.acts_for(7302), identity.acts_for_all();
    RAISE NOTICE '%', split_part(public.refusal('SELECT exchange.transfer(7301, 7302, ''USD'', 1)'), ' /', 1);
    RAISE NOTICE '%', split_part(public.refusal('SELECT exchange.place_order(7301, ''X'', ''buy'', 1, 1)'), ' /', 1);
    RAISE NOTICE '%',
    split_part(public.refusal('INSERT INTO exchange.order_commands (action, user_id) VALUES (''new'', 7301)'), ' /', 1);
    RAISE NOTICE '%',
    split_part(public.refusal('SELECT * FROM identity.decrypt_credentials(7301, ''KRAKEN'')'), ' /', 1);
    RAISE NOTICE '%', split_part(public.refusal('SELECT identity.set_password(7301, ''long enough'')'), ' /', 1);
    RAISE NOTICE 'rows of others: %', (SELECT count(*) FROM exchange.assets WHERE user_id <> 7302);
    RETURN x;
END
$$;
CREATE TABLE regress_lent.t (x integer);
INSERT INTO regress_lent.t VALUES (1);
-- As herself she is herself, and no less than that outside such a command.
SELECT regress_lent.look(1);
SET client_min_messages = error;
CREATE INDEX t_look ON regress_lent.t (regress_lent.look(x));
CREATE MATERIALIZED VIEW regress_lent.m AS SELECT regress_lent.look(x) AS x FROM regress_lent.t;
RESET client_min_messages;
RESET SESSION AUTHORIZATION;

-- By a superuser.
\echo ANALYZE
ANALYZE regress_lent.t;
\echo VACUUM ANALYZE
VACUUM ANALYZE regress_lent.t;
\echo VACUUM FULL
VACUUM FULL regress_lent.t;
\echo REINDEX
REINDEX TABLE regress_lent.t;
\echo CLUSTER
CLUSTER regress_lent.t USING t_look;
\echo CREATE INDEX
CREATE INDEX another ON regress_lent.t (regress_lent.look(x + 1));
DROP INDEX regress_lent.another;
\echo REFRESH MATERIALIZED VIEW
REFRESH MATERIALIZED VIEW regress_lent.m;
-- By an admin who belongs to the owner's role.
SET SESSION AUTHORIZATION regress_lent_admin;
SELECT identity.acts_for(7301), identity.acts_for_all();
\echo ANALYZE
ANALYZE regress_lent.t;
\echo REINDEX
REINDEX INDEX regress_lent.t_look;
\echo REFRESH MATERIALIZED VIEW
REFRESH MATERIALIZED VIEW regress_lent.m;

-- What a foreign key does to her table, it does with her rights: her trigger acts for nobody.
CREATE TABLE regress_lent_house.parents (id integer PRIMARY KEY);
GRANT REFERENCES ON regress_lent_house.parents TO regress_lent_mallory;
INSERT INTO regress_lent_house.parents VALUES (1), (2), (3);
SET SESSION AUTHORIZATION regress_lent_mallory;
CREATE TABLE regress_lent.children (
    parent integer REFERENCES regress_lent_house.parents ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO regress_lent.children VALUES (1), (2);
CREATE FUNCTION regress_lent.look_at_row() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM regress_lent.look(OLD.parent);
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER look BEFORE DELETE OR UPDATE ON regress_lent.children FOR EACH ROW
EXECUTE FUNCTION regress_lent.look_at_row();
SET SESSION AUTHORIZATION regress_lent_admin;
\echo DELETE that cascades
DELETE FROM regress_lent_house.parents WHERE id = 1;
\echo UPDATE that cascades
UPDATE regress_lent_house.parents SET id = 4 WHERE id = 2;
RESET SESSION AUTHORIZATION;

-- Nothing has moved, and the admin's own commands are his own again.
SELECT user_id, amount FROM exchange.assets WHERE user_id IN (7301, 7302);
SET SESSION AUTHORIZATION regress_lent_admin;
SELECT exchange.withdraw(7301, 'USD', 100) IS NOT NULL AS withdrawn;
RESET SESSION AUTHORIZATION;
-- A gateway cannot say there for whom it acts.
CREATE ROLE regress_lent_gateway LOGIN IN ROLE bourse_gateway, regress_lent_mallory;
SET SESSION AUTHORIZATION regress_lent_mallory;
CREATE FUNCTION regress_lent.say(x integer) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE NOTICE '%', split_part(public.refusal('SELECT identity.act_as(7301)'), ' /', 1);
    RAISE NOTICE 'set to %, victim %', set_config('bourse.user_id', '7301', true), identity.acts_for(7301);
    RETURN x;
END
$$;
SET SESSION AUTHORIZATION regress_lent_gateway;
BEGIN;
SELECT identity.act_for_everybody();
CREATE INDEX another ON regress_lent.t (regress_lent.say(x));
ROLLBACK;
RESET SESSION AUTHORIZATION;

SET client_min_messages = error;
DROP SCHEMA regress_lent, regress_lent_house CASCADE;
RESET client_min_messages;
UPDATE identity.users SET db_role = NULL WHERE id IN (7301, 7302);
DROP ROLE regress_lent_mallory, regress_lent_admin, regress_lent_gateway;
SELECT * FROM exchange.verify();
