-- Columns that one function owns can be written by no other: an admin who set erased_at froze a user's money for ever,
-- and one who set db_role to a second login of his own opened somebody's vault. set_login() writes db_role, set_password()
-- password_hash and remember_token, verify_code() email_verified_at, erase_user() erased_at. A password hash may come with
-- a new user, as an import brings it.
REVOKE UPDATE ON identity.users FROM bourse_admin;
GRANT UPDATE (name, email, username, role, is_active, developer_name, developer_bio, developer_website, updated_at)
    ON identity.users TO bourse_admin;
CREATE TRIGGER trigger_refuse_owned_columns BEFORE INSERT ON identity.users FOR EACH ROW
    WHEN (NEW.db_role IS NOT NULL OR NEW.email_verified_at IS NOT NULL OR NEW.erased_at IS NOT NULL)
    EXECUTE FUNCTION identity.refuse_owned_columns();

-- Whose login somebody was outlives every erasure, whoever has written it.
CREATE TRIGGER trigger_record_login AFTER UPDATE ON identity.users FOR EACH ROW
    WHEN (OLD.db_role IS DISTINCT FROM NEW.db_role) EXECUTE FUNCTION identity.record_login();
CREATE TRIGGER trigger_record_first_login AFTER INSERT ON identity.users FOR EACH ROW
    WHEN (NEW.db_role IS NOT NULL) EXECUTE FUNCTION identity.record_login();

-- The same address in every locale: lower() made two mailboxes of INFO@x and info@x where I is no capital of i.
DO $$
DECLARE
    doubled text;
BEGIN
    SELECT string_agg(d.what || ' of users ' || d.ids, '; ' ORDER BY d.what, d.ids) INTO doubled FROM (
        SELECT 'email' AS what, string_agg(u.id::text, ', ' ORDER BY u.id) AS ids FROM identity.users u
        WHERE u.email IS NOT NULL GROUP BY identity.fold(u.email) COLLATE "C" HAVING count(*) > 1
        UNION ALL
        SELECT 'username', string_agg(u.id::text, ', ' ORDER BY u.id) FROM identity.users u
        WHERE u.username IS NOT NULL GROUP BY identity.fold(u.username) COLLATE "C" HAVING count(*) > 1
        LIMIT 100) d;
    IF doubled IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'unique_violation',
            MESSAGE = format('users are the same without case: %s', doubled),
            HINT = 'Find out whose they are and change or empty the column of the others (at most 100 are named); then run bourse.migrate() again.';
    END IF;
END
$$;
DROP INDEX identity.ix_users_email, identity.ix_users_username;
CREATE UNIQUE INDEX ix_users_email ON identity.users ((identity.fold(email)) COLLATE "C");
CREATE UNIQUE INDEX ix_users_username ON identity.users ((identity.fold(username)) COLLATE "C");
COMMENT ON INDEX identity.ix_users_email IS
'One address is one user, without case, in every locale: WHERE identity.fold(email) = identity.fold(…) COLLATE "C". An expression, so that row security keeps users from trying addresses';
COMMENT ON INDEX identity.ix_users_username IS 'As ix_users_email';
ALTER TABLE identity.users
    DROP CONSTRAINT users_email_check, DROP CONSTRAINT users_username_check,
    ADD CONSTRAINT users_email_check CHECK (email COLLATE "C" ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    ADD CONSTRAINT users_username_check CHECK (username COLLATE "C" ~ '^[^@[:space:]]+$'),
    -- Rows that are there stay; whatever is written from now on is bounded.
    ADD CONSTRAINT users_developer_bio_check CHECK (length(developer_bio) <= 10000) NOT VALID;
-- What the functions allow, and room for what verify_code() notes.
ALTER TABLE identity.auth_identities
    ADD CONSTRAINT auth_identities_metadata_length_check CHECK (octet_length(metadata::text) <= 65600) NOT VALID;

-- What an operator did stays the operator's, whoever that login was mapped to, and whoever is erased.
ALTER TABLE audit.audit_logs ADD COLUMN operator text COLLATE "C";
ALTER TABLE audit.activity_logs ADD COLUMN operator text COLLATE "C";
COMMENT ON COLUMN audit.audit_logs.operator IS
'The login, when it was one that acts for everybody. Held by hash when there is one; no erasure takes it, nor the origin of such a row. NULL also: written before 0018';
COMMENT ON COLUMN audit.activity_logs.operator IS
'The login, when it was one that acts for everybody. Held by hash when there is one; no erasure takes it';
COMMENT ON COLUMN audit.audit_logs.action IS
'INSERT, UPDATE, DELETE, TRUNCATE; ERASE: identity.erase_user(); LOGIN: whose login somebody is; ENABLE, DISABLE: audit.enable(), disable()';

-- From which point on the database lives on which server: chains of any other were never written.
ALTER TABLE audit.seals DROP CONSTRAINT seals_log_check,
    ADD CONSTRAINT seals_log_check CHECK (log IN ('activity_logs', 'audit_logs', 'clusters'));
CREATE INDEX idx_seals_clusters ON audit.seals (id) WHERE log = 'clusters';
COMMENT ON INDEX audit.idx_seals_clusters IS 'The servers on which this database has lived';
COMMENT ON COLUMN audit.seals.log IS
'The log whose transaction is sealed; clusters: from here on the database lives on this server (length, first_id, horizon and next_id are 0)';
SELECT audit.seal_all();
