-- API keys of accounts: in the vault, as credentials at other exchanges, each bound to its account.

CREATE FUNCTION mirror_private.key_place(account_id bigint) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'mirror account ' || account_id
$$;
COMMENT ON FUNCTION mirror_private.key_place(bigint) IS
'Where the vault says that the API key of an account belongs: a token that is moved to another account does not open';

-- Encrypted before the row is written: neither a dead row nor the WAL ever holds a secret.
CREATE FUNCTION mirror_private.write_api_key(user_id bigint, account_id bigint, api_key text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    token text;
BEGIN
    PERFORM identity_private.require_active(user_id), identity_private.require_text('api_key', api_key, 4096);
    token := identity_private.encrypt_secret(user_id, mirror_private.key_place(account_id), false, 'api_key', api_key);
    UPDATE mirror.trading_accounts a
    SET api_key_encrypted = token, key_id = (SELECT k FROM identity_private.vault_key_ids() k LIMIT 1),
        key_set_at = clock_timestamp()
    WHERE a.id = account_id;
END
$$;
COMMENT ON FUNCTION mirror_private.write_api_key(bigint, bigint, text) IS
'Puts the API key of an account into the vault. 22004 NULL, 22023 blank or overlong, 42501 the user is not active, '
'55000 the vault has no key';

CREATE FUNCTION mirror.set_api_key(account_id bigint, api_key text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    SELECT l.user_id INTO owner FROM mirror_private.lock_account(account_id) l;
    IF api_key IS NOT NULL THEN
        PERFORM mirror_private.write_api_key(owner, account_id, api_key);
    ELSE
        UPDATE mirror.trading_accounts a SET api_key_encrypted = NULL, key_id = NULL, key_set_at = NULL
        WHERE a.id = account_id AND a.key_id IS NOT NULL;
    END IF;
END
$$;
COMMENT ON FUNCTION mirror.set_api_key(bigint, text) IS
'Puts an API key of 1 to 4096 characters into the vault, in the place of the one that an account has; NULL takes it '
'away. Give it as a parameter, never as a literal. 22004 NULL account, 22023 blank or overlong, 25001 isolation, 42501 '
'the user is not active, 42704 no such account, or of another user, 55000 the vault has no key';
GRANT EXECUTE ON FUNCTION mirror.set_api_key(bigint, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION mirror.use_api_key(account_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    a record;
BEGIN
    PERFORM bourse.require_installed();
    -- Stricter than acts_for(): an admin and a gateway manage accounts, they do not read keys.
    IF NOT identity_private.login_is('bourse_worker') THEN
        PERFORM bourse.refuse('42501', format('no permission to read the API key of account %s', account_id),
            'Only a member of bourse_worker can.');
    END IF;
    SELECT t.user_id, t.key_id, t.api_key_encrypted INTO a FROM mirror.trading_accounts t WHERE t.id = account_id;
    IF NOT FOUND THEN
        PERFORM mirror_private.refuse_unknown_account(account_id);
    ELSIF a.key_id IS NULL THEN
        PERFORM bourse.refuse('42704', format('account %s has no API key', account_id),
            'mirror.set_api_key() gives it one.');
    END IF;
    PERFORM bourse_private.log_activity(a.user_id, 'use_api_key', 'trading_accounts', account_id::text,
                                        jsonb_build_object('login', session_user));
    -- The foreign key has waited for an erasure that was under way.
    PERFORM identity_private.require_not_erased(a.user_id);
    -- The row goes when the caller rolls back; this line stays.
    RAISE LOG 'the API key of account % of user % used by %', account_id, a.user_id, session_user;
    RETURN identity_private.decrypt_secret(a.key_id, a.user_id, mirror_private.key_place(account_id), false, 'api_key',
                                           a.api_key_encrypted);
END
$$;
COMMENT ON FUNCTION mirror.use_api_key(bigint) IS
'The API key of an account, for a login of bourse_worker and nobody else. Leaves a row in audit.activity_logs and a '
'line in the server''s log. 22004 NULL, 42501 no worker, 42704 no such account, or it has no key, 55000 the vault has '
'not the key, XX001 the row was changed or moved';
GRANT EXECUTE ON FUNCTION mirror.use_api_key(bigint) TO bourse_worker;

CREATE FUNCTION mirror_private.own_secrets() RETURNS TABLE (key_id text, secrets bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT a.key_id, count(*) FROM mirror.trading_accounts a WHERE a.key_id IS NOT NULL GROUP BY a.key_id
$$;
COMMENT ON FUNCTION mirror_private.own_secrets() IS
'What identity.vault_keys() counts of mirror: API keys of accounts, by the key of the vault';

CREATE FUNCTION mirror_private.rotate_secrets(batch_size integer, OUT rotated bigint, OUT remaining bigint,
                                              OUT unreadable bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
DECLARE
    keys text[] := ARRAY(SELECT identity_private.vault_key_ids());
    a record;
    place text;
    token text;
    bad bigint[] := '{}';
BEGIN
    rotated := 0;
    -- What somebody is storing just now gets the newest key from them.
    FOR a IN SELECT t.id, t.user_id, t.key_id, t.api_key_encrypted FROM mirror.trading_accounts t
             WHERE t.key_id || '' = ANY (keys[2:]) ORDER BY t.key_id || '', t.id FOR NO KEY UPDATE SKIP LOCKED LOOP
        EXIT WHEN rotated >= batch_size;
        place := mirror_private.key_place(a.id);
        BEGIN
            token := identity_private.encrypt_secret(a.user_id, place, false, 'api_key',
                identity_private.decrypt_secret(a.key_id, a.user_id, place, false, 'api_key', a.api_key_encrypted));
        EXCEPTION WHEN data_corrupted THEN
            bad := bad || a.id;
            CONTINUE;
        END;
        UPDATE mirror.trading_accounts t SET key_id = keys[1], api_key_encrypted = token WHERE t.id = a.id;
        rotated := rotated + 1;
    END LOOP;
    unreadable := cardinality(bad);
    remaining := (SELECT count(*) FROM mirror.trading_accounts t WHERE t.key_id || '' = ANY (keys[2:]))
                 - unreadable;
    IF unreadable > 0 THEN
        RAISE WARNING USING ERRCODE = 'data_corrupted',
            MESSAGE = format('API keys of %s accounts were changed or moved, and stay with their old key: %s%s',
                             unreadable, array_to_string(bad[:100], ', '),
                             CASE WHEN unreadable > 100 THEN ', …' ELSE '' END),
            HINT = 'Find out who has written these rows; then mirror.set_api_key() anew.';
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.rotate_secrets(integer) IS
'What identity.rotate_credentials() does in mirror: encrypts up to batch_size API keys of accounts anew with the '
'newest key of the vault, and counts as it does';
