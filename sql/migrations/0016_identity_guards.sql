-- DELETE on a table is also LOCK TABLE in any mode: one trader could stop everybody. Rows go by way of
-- identity.delete_credentials(), unlink_identity() and unregister_principal().
REVOKE DELETE ON identity.exchange_credentials FROM bourse_trader;
REVOKE DELETE ON identity.auth_identities, identity.user_principals FROM bourse_admin, bourse_gateway;

-- What register() refuses cannot come in by INSERT and UPDATE either. Rows that are there already are for somebody to
-- look at: nobody's address, name or password is changed without a word.
DO $$
DECLARE
    broken text;
BEGIN
    SELECT string_agg(id::text, ', ' ORDER BY id) INTO broken FROM (
        SELECT u.id FROM identity.users u
        WHERE u.email !~ '^[^@[:space:]]+@[^@[:space:]]+$' OR u.username !~ '^[^@[:space:]]+$'
           OR u.password_hash !~ '^\$(2[aby]\$[0-9]{2}|argon2(id|i|d))\$'
        ORDER BY u.id LIMIT 100) u;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('users have an email, a username or a password hash that cannot be: %s', broken),
            HINT = 'Correct these rows of identity.users (at most 100 are named), or set the column to NULL; then run bourse.migrate() again.';
    END IF;
END
$$;
ALTER TABLE identity.users
    ADD CONSTRAINT users_email_check CHECK (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
    ADD CONSTRAINT users_username_check CHECK (username ~ '^[^@[:space:]]+$'),
    -- The kinds that verify_password() reads; a password in clear is none of them.
    ADD CONSTRAINT users_password_hash_check CHECK (password_hash ~ '^\$(2[aby]\$[0-9]{2}|argon2(id|i|d))\$');
