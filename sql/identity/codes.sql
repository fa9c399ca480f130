-- Sends and tries are counted over bourse.code_window. The row of the user is locked first: two calls for one user
-- take turns, so that neither the limits nor the one live code can be raced.
CREATE FUNCTION identity.issue_code(user_id bigint, provider text DEFAULT 'telegram') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    lately timestamptz;
    sent bigint;
    oldest timestamptz;
    code text;
    taken text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_existing_user(user_id);
    PERFORM identity_private.require_text('provider', provider, 20);
    PERFORM FROM identity.users u WHERE u.id = issue_code.user_id FOR NO KEY UPDATE;
    lately := clock_timestamp() - current_setting('bourse.code_window')::interval;
    SELECT count(*), min(c.created_at) INTO sent, oldest FROM identity.verification_codes c
    WHERE c.user_id = issue_code.user_id AND c.provider = issue_code.provider AND c.created_at > lately;
    IF sent >= current_setting('bourse.code_sends')::integer THEN
        PERFORM bourse.refuse('54000',
            format('user %s has been sent %s codes by %s within %s', user_id, sent, provider,
                current_setting('bourse.code_window')),
            format('Wait until %s.',
                to_char((oldest + (clock_timestamp() - lately)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')));
    END IF;
    code := identity_private.new_code();
    UPDATE identity.verification_codes c SET revoked_at = clock_timestamp()
    WHERE c.user_id = issue_code.user_id AND c.provider = issue_code.provider
      AND c.consumed_at IS NULL AND c.revoked_at IS NULL;
    INSERT INTO identity.verification_codes (user_id, provider, code_hash, expires_at)
    VALUES (user_id, provider, identity_private.hash_password(code),
            clock_timestamp() + current_setting('bourse.code_lifetime')::interval)
    ON CONFLICT ON CONSTRAINT verification_codes_pkey DO NOTHING;
    IF NOT FOUND THEN
        PERFORM bourse_private.refuse_conflict('identity.verification_codes', true);
    END IF;
    RETURN code;
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
    IF taken <> 'verification_codes_live_key' THEN
        RAISE;
    END IF;
    -- The code of another session is live, and the snapshot of this transaction is older.
    PERFORM bourse.refuse('40001',
        format('another session has just issued a code of %s for user %s', provider, user_id),
        'Repeat the transaction; under READ COMMITTED the newer code replaces the older.');
END
$$;
COMMENT ON FUNCTION identity.issue_code(bigint, text) IS
'Makes a code of six digits for whoever sends it to the user; it replaces the one before. Lives bourse.code_lifetime; '
'at most bourse.code_sends per bourse.code_window for a user and provider. 22004 NULL, 22023 provider blank or too '
'long, 40001 repeat the transaction, 42501 the session does not act for everybody, 42704 unknown user, 54000 too many '
'codes';
GRANT EXECUTE ON FUNCTION identity.issue_code(bigint, text) TO bourse_gateway, bourse_admin;

CREATE FUNCTION identity.verify_code(user_id bigint, code text, provider text DEFAULT 'telegram') RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    lately timestamptz;
    tried bigint;
    newest timestamptz;
    live record;
    is_right boolean;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_existing_user(user_id);
    PERFORM identity_private.require_text('provider', provider, 20);
    PERFORM identity_private.require_length('code', code, 100);
    PERFORM FROM identity.users u WHERE u.id = verify_code.user_id FOR NO KEY UPDATE;
    lately := clock_timestamp() - current_setting('bourse.code_window')::interval;
    SELECT coalesce(sum(c.attempts), 0), max(c.attempted_at) INTO tried, newest FROM identity.verification_codes c
    WHERE c.user_id = verify_code.user_id AND c.provider = verify_code.provider AND c.attempted_at > lately;
    IF tried >= current_setting('bourse.code_tries')::integer THEN
        PERFORM bourse.refuse('54000',
            format('user %s has tried %s codes of %s within %s', user_id, tried, provider,
                current_setting('bourse.code_window')),
            format('Wait until %s.',
                to_char((newest + (clock_timestamp() - lately)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')));
    END IF;
    SELECT c.id, c.code_hash INTO live FROM identity.verification_codes c
    WHERE c.user_id = verify_code.user_id AND c.provider = verify_code.provider
      AND c.consumed_at IS NULL AND c.revoked_at IS NULL AND c.expires_at > clock_timestamp();
    -- Without a live code it takes as long.
    is_right := identity_private.check_password(coalesce(code, ''), live.code_hash) <> 'wrong';
    UPDATE identity.verification_codes c
    SET attempts = c.attempts + 1, attempted_at = clock_timestamp(),
        consumed_at = CASE WHEN is_right THEN clock_timestamp() END
    WHERE c.id = live.id;
    IF NOT is_right THEN
        -- The count goes when the caller rolls back; this line stays.
        RAISE LOG 'a code of % for user % was wrong, said %', provider, user_id, session_user;
    END IF;
    IF is_right AND provider = 'email' THEN
        UPDATE identity.users u SET email_verified_at = clock_timestamp()
        WHERE u.id = verify_code.user_id AND u.email IS NOT NULL;
    ELSIF is_right THEN
        UPDATE identity.auth_identities i SET metadata = coalesce(i.metadata, '{}') || '{"verified": true}'
        WHERE i.user_id = verify_code.user_id AND i.provider = verify_code.provider;
    END IF;
    RETURN is_right;
END
$$;
COMMENT ON FUNCTION identity.verify_code(bigint, text, text) IS
'Whether this is the live code of the user and provider; then it is used up, the account is marked as verified (for '
'the provider email: email_verified_at). Commit also after false, for the try counts: at most bourse.code_tries per '
'bourse.code_window. 22004 NULL, 22023 provider blank or too long, code too long, 42501 the session does not act for '
'everybody, 42704 unknown user, 54000 too many tries';
GRANT EXECUTE ON FUNCTION identity.verify_code(bigint, text, text) TO bourse_gateway, bourse_admin;
