-- Tables about users that others own: what cannot be read in full is named, never passed over and never the end of a
-- call.
CREATE ROLE regress_ift_viewer LOGIN IN ROLE bourse_viewer;
INSERT INTO identity.users (name, db_role)
VALUES ('ift ann', NULL), ('ift bob', NULL), ('ift viewer', 'regress_ift_viewer');
SELECT person('ift ann') AS ann, person('ift bob') AS bob \gset
CREATE SCHEMA ift;
CREATE TABLE ift.notes (id integer PRIMARY KEY, user_id bigint REFERENCES identity.users ON DELETE CASCADE, body text);
CREATE TABLE ift.lines (note_id integer REFERENCES ift.notes ON DELETE CASCADE, line text);
INSERT INTO ift.notes VALUES (1, :ann, 'private'), (2, :bob, 'bob''s');
INSERT INTO ift.lines VALUES (1, 'private line');
CREATE FUNCTION pg_temp.exported(id bigint) RETURNS TABLE (notes jsonb, lines jsonb, not_readable jsonb) LANGUAGE sql AS
$$
    SELECT e #> '{tables,ift.notes}' #- '{0,user_id}', e #> '{tables,ift.lines}', e -> 'not_readable'
    FROM identity.export_user(id) e
$$;
-- A table of another owner; one that may be read, in a schema that may not be used; one with row security.
SELECT * FROM pg_temp.exported(:ann);
GRANT SELECT, DELETE ON ift.notes, ift.lines TO bourse_owner;
SELECT * FROM pg_temp.exported(:ann);
SELECT refusal(format('SELECT identity.erase_user(%s, ''x'')', :bob)) AS erased;
SELECT count(*) AS bobs_notes FROM ift.notes WHERE user_id = :bob;
GRANT USAGE ON SCHEMA ift TO bourse_owner;
ALTER TABLE ift.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY notes_own ON ift.notes USING (user_id = identity.current_user_id());
-- What hangs on rows that cannot be found cannot be found either.
SELECT * FROM pg_temp.exported(:ann);
SELECT table_name, data - 'user_id' AS data FROM identity.export_user_rows(:ann) WHERE table_name LIKE 'ift.%';
SELECT r -> 'deleted' -> 'ift.notes' AS deleted, r -> 'kept' ? 'ift.notes' AS kept
FROM identity.erase_user(:ann, 'x') r;
SELECT count(*) AS anns_notes FROM ift.notes WHERE user_id = :ann;
ALTER TABLE ift.notes DISABLE ROW LEVEL SECURITY;
SELECT * FROM pg_temp.exported(:ann);
SELECT table_name, data - 'user_id' AS data FROM identity.export_user_rows(:ann) WHERE table_name LIKE 'ift.%';
SELECT r -> 'deleted' -> 'ift.notes' AS deleted, r -> 'kept' ? 'ift.notes' AS kept
FROM identity.erase_user(:ann, 'x') r;
SELECT count(*) AS anns_notes FROM ift.notes WHERE user_id = :ann;

-- A table that holds on to a row that is to go.
INSERT INTO identity.users (name) VALUES ('ift eve') RETURNING id AS eve \gset
SELECT identity.link_identity(:eve, 'telegram', 'ift account') IS NOT NULL AS linked;
CREATE TABLE ift.holds (account bigint REFERENCES identity.auth_identities ON DELETE RESTRICT, note text);
INSERT INTO ift.holds SELECT id, 'held' FROM identity.auth_identities WHERE user_id = :eve;
SELECT refusal(format('SELECT identity.erase_user(%s, ''x'')', :eve));
SELECT name FROM identity.users WHERE id = :eve;
DELETE FROM ift.holds;
SELECT identity.erase_user(:eve, 'x') -> 'deleted' AS deleted;

-- A viewer's own data are theirs as well; one row at a time or in one piece is the same, and leaves the same trace.
SET SESSION AUTHORIZATION regress_ift_viewer;
SELECT identity.export_user(identity.current_user_id()) #>> '{tables,identity.users,0,name}' AS name;
SELECT table_name, data ->> 'name' AS name FROM identity.export_user_rows(identity.current_user_id())
WHERE table_name = 'identity.users';
SELECT refusal(format('SELECT * FROM identity.%s(%s)', f, identity.current_user_id() - 1))
FROM unnest(ARRAY['export_user', 'export_user_rows']) f;
RESET SESSION AUTHORIZATION;
SELECT count(*) AS exports FROM audit.activity_logs WHERE action = 'export_user' AND user_id = person('ift viewer');
SELECT refusal('SELECT * FROM identity.export_user_rows(NULL)');
-- What is too much for one value is told as that. 256 MB take long to write: a cast says what PostgreSQL would.
CREATE TYPE ift.much AS ENUM ('much');
CREATE FUNCTION ift.much_json(value ift.much) RETURNS json LANGUAGE plpgsql AS
$$
    BEGIN RAISE EXCEPTION 'total size of jsonb array elements exceeds the maximum' USING ERRCODE
        = 'program_limit_exceeded';
    END
$$;
CREATE CAST (ift.much AS json) WITH FUNCTION ift.much_json(ift.much);
CREATE TABLE ift.parts (user_id bigint REFERENCES identity.users, part ift.much);
GRANT SELECT ON ift.parts TO bourse_owner;
INSERT INTO ift.parts VALUES (person('ift viewer'), 'much');
SELECT refusal(format('SELECT identity.export_user(%s)', person('ift viewer')));

SET client_min_messages = warning;
DROP SCHEMA ift CASCADE;
RESET client_min_messages;
UPDATE identity.users SET db_role = NULL WHERE name = 'ift viewer';
DROP ROLE regress_ift_viewer;
SELECT * FROM audit.verify();
