-- Rows that go from a table of identity take others along. Whatever of a stranger would run then (a trigger, the index
-- expression of a deferrable constraint, which the server evaluates anew) runs as the stranger, or not at all.
CREATE ROLE regress_istt_shop LOGIN IN ROLE bourse_viewer;
CREATE ROLE regress_istt_other LOGIN IN ROLE bourse_viewer;
CREATE ROLE regress_istt_admin LOGIN IN ROLE bourse_admin;
INSERT INTO identity.users (name) VALUES ('istt ann'), ('istt bob');
SELECT person('istt ann') AS ann, person('istt bob') AS bob \gset
SELECT identity.link_identity(:ann, 'telegram', 'istt ann') AS account,
       identity.register_principal('istt ann', :ann) = :ann AS registered \gset
SELECT id AS principal FROM identity.user_principals WHERE principal_id = 'istt ann' \gset
INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id)
SELECT :ann, 'KRAKEN', token, token, repeat('0', 16) FROM repeat('A', 95) a, concat('gAAAA', a) token
RETURNING id AS credential \gset
-- The guard of our tables would say no: this is for where it is off, or where an operator adds the foreign keys.
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
GRANT REFERENCES ON identity.users, identity.auth_identities, identity.user_principals,
identity.exchange_credentials TO regress_istt_shop;
CREATE SCHEMA istt AUTHORIZATION regress_istt_shop;
GRANT USAGE ON SCHEMA istt TO PUBLIC;
GRANT CREATE ON SCHEMA istt TO regress_istt_other;
SET SESSION AUTHORIZATION regress_istt_shop;
CREATE TABLE istt.seen (ran_as text, note text);
CREATE FUNCTION istt.look(note text) RETURNS void
LANGUAGE plpgsql AS $$ BEGIN INSERT INTO istt.seen VALUES (current_user, note); END $$;
CREATE FUNCTION istt.on_change() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN PERFORM istt.look(TG_NAME); RETURN NULL; END $$;
-- It says that it is immutable. What stands twice for its owner is checked anew, and for anybody else stands once.
CREATE FUNCTION istt.expression(n bigint) RETURNS text IMMUTABLE
LANGUAGE plpgsql AS $$ BEGIN PERFORM istt.look('expression'); RETURN concat(current_user, coalesce(n, 0)); END $$;
GRANT INSERT ON istt.seen TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA istt TO PUBLIC;

-- A trigger below what can be deleted one by one: each deletion says no, also for an UPDATE that the deletion makes.
CREATE TABLE istt.accounts (account bigint REFERENCES identity.auth_identities ON DELETE CASCADE);
CREATE TRIGGER after_account AFTER DELETE ON istt.accounts FOR EACH ROW EXECUTE FUNCTION istt.on_change();
CREATE TABLE istt.principals (principal bigint REFERENCES identity.user_principals ON DELETE SET NULL);
CREATE TRIGGER after_principal AFTER UPDATE ON istt.principals FOR EACH STATEMENT EXECUTE FUNCTION istt.on_change();
CREATE TABLE istt.credentials (id integer PRIMARY KEY,
                               credential bigint REFERENCES identity.exchange_credentials ON DELETE CASCADE);
CREATE TABLE istt.uses (credential integer REFERENCES istt.credentials ON DELETE CASCADE);
CREATE CONSTRAINT TRIGGER after_use AFTER DELETE ON istt.uses DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION istt.on_change();
INSERT INTO istt.accounts VALUES (:account);
INSERT INTO istt.principals VALUES (:principal);
INSERT INTO istt.credentials VALUES (1, :credential);
INSERT INTO istt.uses VALUES (1);
SET SESSION AUTHORIZATION regress_istt_admin;
SELECT refusal($$SELECT identity.unlink_identity('telegram', 'istt ann')$$) AS unlink_identity;
SELECT refusal($$SELECT identity.unregister_principal('istt ann')$$) AS unregister_principal;
SELECT refusal(format('SELECT identity.delete_credentials(%s)', :credential)) AS delete_credentials;
RESET SESSION AUTHORIZATION;
SELECT * FROM istt.seen;
SELECT (SELECT count(*) FROM istt.accounts) AS accounts, (SELECT count(principal) FROM istt.principals) AS principals,
       (SELECT count(*) FROM istt.uses) AS uses;

-- In place of the triggers, constraints that are checked anew.
SET SESSION AUTHORIZATION regress_istt_shop;
DROP TABLE istt.accounts, istt.principals, istt.uses, istt.credentials;
CREATE TABLE istt.accounts (account bigint REFERENCES identity.auth_identities ON DELETE SET NULL,
    CONSTRAINT one_account EXCLUDE USING btree (istt.expression(account) WITH =) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO istt.accounts VALUES (:account), (NULL);
TRUNCATE istt.seen;
SET SESSION AUTHORIZATION regress_istt_admin;
SELECT regexp_replace(refusal($$SELECT identity.unlink_identity('telegram', 'istt ann')$$), '_\d+',
                      '_N') AS unlink_identity;
SELECT regexp_replace(refusal(format('SELECT identity.erase_user(%s, ''asked'')', :ann)), '_\d+', '_N') AS erase_user;
RESET SESSION AUTHORIZATION;
SELECT * FROM istt.seen;
-- Without it everything goes.
DROP TABLE istt.accounts;
SET SESSION AUTHORIZATION regress_istt_admin;
SELECT identity.unlink_identity('telegram', 'istt ann') = :ann AS unlinked,
       identity.unregister_principal('istt ann') = :ann AS unregistered;
SELECT identity.delete_credentials(:credential);
RESET SESSION AUTHORIZATION;

-- Tables of strangers that go with a user: a constraint of their own, a trigger of the owner that writes to a table
-- that is checked anew at the commit, somebody else's table below.
SET SESSION AUTHORIZATION regress_istt_shop;
CREATE TABLE istt.orders (id integer PRIMARY KEY, user_id bigint REFERENCES identity.users ON DELETE CASCADE,
    CONSTRAINT own EXCLUDE USING btree (istt.expression(user_id) WITH =) DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE istt.history (n bigint,
                           CONSTRAINT later EXCLUDE USING btree (
                               istt.expression(n) WITH =) DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION istt.write() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN INSERT INTO istt.history VALUES (0); RETURN OLD; END $$;
CREATE TABLE istt.baskets (user_id bigint REFERENCES identity.users ON DELETE CASCADE);
CREATE TRIGGER write BEFORE DELETE ON istt.baskets FOR EACH ROW EXECUTE FUNCTION istt.write();
CREATE TABLE istt.shelves (id integer PRIMARY KEY, user_id bigint REFERENCES identity.users ON DELETE CASCADE);
GRANT REFERENCES ON istt.shelves TO regress_istt_other;
GRANT SELECT, DELETE ON ALL TABLES IN SCHEMA istt TO bourse_owner;
INSERT INTO istt.orders VALUES (1, :bob);
INSERT INTO istt.history VALUES (0);
INSERT INTO istt.baskets VALUES (:bob);
INSERT INTO istt.shelves VALUES (1, :bob);
SET SESSION AUTHORIZATION regress_istt_other;
CREATE TABLE istt.goods (shelf bigint REFERENCES istt.shelves ON DELETE SET NULL,
    CONSTRAINT theirs EXCLUDE USING btree (istt.expression(shelf) WITH =) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO istt.goods VALUES (1), (NULL);
RESET SESSION AUTHORIZATION;
TRUNCATE istt.seen;
SET SESSION AUTHORIZATION regress_istt_admin;
BEGIN;
SELECT e -> 'deleted' AS deleted,
       (SELECT jsonb_agg(t) FROM jsonb_array_elements(e -> 'kept') t WHERE t #>> '{}' LIKE 'istt.%') AS kept
FROM identity.erase_user(:bob, 'asked') e;
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT DISTINCT ran_as, note FROM istt.seen;
SELECT (SELECT count(*) FROM istt.history) AS history, (SELECT count(shelf) FROM istt.goods) AS goods;
SET client_min_messages = warning;
DROP SCHEMA istt CASCADE;
RESET client_min_messages;
REVOKE REFERENCES ON identity.users, identity.auth_identities, identity.user_principals, identity.exchange_credentials
FROM regress_istt_shop;
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
DROP ROLE regress_istt_shop, regress_istt_other, regress_istt_admin;
