CREATE FUNCTION identity_private.require_exchange(exchange text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_text('exchange', exchange, 20);
    IF upper(exchange COLLATE "C") NOT IN ('BINANCE', 'COINBASE', 'KRAKEN', 'BYBIT', 'HUOBI') THEN
        PERFORM bourse.refuse('22023', format('%s is no exchange', bourse_private.quoted(exchange)),
            'An exchange is BINANCE, COINBASE, KRAKEN, BYBIT or HUOBI.');
    END IF;
    RETURN upper(exchange COLLATE "C");
END
$$;
COMMENT ON FUNCTION identity_private.require_exchange(text) IS
'The exchange in capital letters; refuses NULL (22004) and what is none (22023)';

-- The secrets are encrypted before any row exists, so that neither a dead row nor the WAL ever holds one.
CREATE FUNCTION identity.store_credentials(user_id bigint, exchange text, api_key text, api_secret text,
    api_passphrase text DEFAULT NULL, is_testnet boolean DEFAULT true, principal_id text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    name text;
    encrypted_key text;
    encrypted_secret text;
    encrypted_passphrase text;
    credential_id bigint;
    taken text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', user_id);
    PERFORM identity_private.require_user(user_id);
    PERFORM identity_private.require_active(user_id);
    name := identity_private.require_exchange(exchange);
    PERFORM identity_private.require_text('api_key', api_key, 4096);
    PERFORM identity_private.require_text('api_secret', api_secret, 4096);
    PERFORM identity_private.require_text('api_passphrase', api_passphrase, 4096) WHERE api_passphrase IS NOT NULL;
    is_testnet := coalesce(is_testnet, true);
    IF principal_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM identity.user_principals p WHERE p.user_id = store_credentials.user_id
           AND p.principal_id = store_credentials.principal_id AND p.status = 'ACTIVE') THEN
        PERFORM bourse.refuse('42704',
            format('user %s has no active principal %s', user_id, bourse_private.quoted(principal_id)),
            'identity.register_principal() gives one to a user.');
    END IF;
    encrypted_key := identity_private.encrypt_secret(user_id, name, is_testnet, 'api_key', api_key);
    encrypted_secret := identity_private.encrypt_secret(user_id, name, is_testnet, 'api_secret', api_secret);
    encrypted_passphrase := identity_private.encrypt_secret(user_id, name, is_testnet, 'api_passphrase',
                                                            api_passphrase);
    INSERT INTO identity.exchange_credentials AS c (user_id, principal_id, exchange, api_key_encrypted,
        api_secret_encrypted, api_passphrase_encrypted, key_id, is_testnet)
    SELECT user_id, principal_id, name, encrypted_key, encrypted_secret, encrypted_passphrase, k.id, is_testnet
    FROM identity_private.vault_key_ids() AS k (id) LIMIT 1
    ON CONFLICT ON CONSTRAINT unique_user_exchange_testnet DO UPDATE
    SET principal_id = excluded.principal_id, api_key_encrypted = excluded.api_key_encrypted,
        api_secret_encrypted = excluded.api_secret_encrypted,
        api_passphrase_encrypted = excluded.api_passphrase_encrypted, key_id = excluded.key_id,
        is_active = true, validation_status = 'pending', last_validated = NULL
    RETURNING c.id INTO credential_id;
    RETURN credential_id;
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
    IF taken = 'exchange_credentials_pkey' THEN
        PERFORM bourse_private.refuse_conflict('identity.exchange_credentials', true);
    END IF;
    RAISE;
END
$$;
COMMENT ON FUNCTION identity.store_credentials(bigint, text, text, text, text, boolean, text) IS
'Encrypts and stores what a user you act for has at another exchange (BINANCE, COINBASE, KRAKEN, BYBIT or HUOBI); '
'replaces what stood for the same exchange and network, and its validation_status is pending again. Returns the id. '
'Give the secrets as parameters, never as literals. 22004 NULL, 22023 unknown exchange, blank or overlong secret, '
'42501 not a user you act for, or one who is not active, 42704 unknown user or principal, 55000 the vault has no key';
GRANT EXECUTE ON FUNCTION identity.store_credentials(bigint, text, text, text, text, boolean, text) TO bourse_trader;

CREATE FUNCTION identity.get_user_credentials(user_id bigint, exchange text)
RETURNS TABLE (api_key_encrypted text, api_secret_encrypted text, is_testnet boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    name text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', get_user_credentials.user_id);
    PERFORM identity_private.require_user(get_user_credentials.user_id);
    name := identity_private.require_exchange(get_user_credentials.exchange);
    RETURN QUERY SELECT c.api_key_encrypted, c.api_secret_encrypted, c.is_testnet
    FROM identity.exchange_credentials c
    WHERE c.user_id = get_user_credentials.user_id AND c.exchange = name AND c.is_active
    ORDER BY c.is_testnet;
END
$$;
COMMENT ON FUNCTION identity.get_user_credentials(bigint, text) IS
'The tokens of a user''s active credentials at an exchange, mainnet first. 22004 NULL, 22023 unknown exchange, 42501 '
'not a user you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION identity.get_user_credentials(bigint, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION identity.get_user_credentials(principal_id text, exchange text, is_testnet boolean)
RETURNS TABLE (user_id bigint, api_key_encrypted text, api_secret_encrypted text, api_passphrase_encrypted text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    name text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_text('principal_id', get_user_credentials.principal_id, 255);
    PERFORM bourse_private.require_given('is_testnet', get_user_credentials.is_testnet);
    name := identity_private.require_exchange(get_user_credentials.exchange);
    RETURN QUERY SELECT c.user_id, c.api_key_encrypted, c.api_secret_encrypted, c.api_passphrase_encrypted
    FROM identity.exchange_credentials c
    JOIN identity.user_principals p ON p.user_id = c.user_id AND p.principal_id = c.principal_id AND p.status = 'ACTIVE'
    WHERE c.principal_id || '' = get_user_credentials.principal_id AND c.exchange = name
      AND c.is_testnet = get_user_credentials.is_testnet AND c.is_active AND identity.acts_for(c.user_id);
END
$$;
COMMENT ON FUNCTION identity.get_user_credentials(text, text, boolean) IS
'The tokens that stand for a principal, passphrase included, when it is active and a user''s you act for; otherwise no '
'row. 22004 NULL, 22023 unknown exchange';
GRANT EXECUTE ON FUNCTION identity.get_user_credentials(text, text, boolean) TO bourse_trader, bourse_worker;

CREATE FUNCTION identity.decrypt_credentials(user_id bigint, exchange text, is_testnet boolean DEFAULT true,
    OUT credential_id bigint, OUT api_key text, OUT api_secret text, OUT api_passphrase text,
    OUT updated_at timestamptz)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp
SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    name text;
    c record;
    is_worker CONSTANT boolean := identity_private.login_is('bourse_worker');
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', decrypt_credentials.user_id);
    PERFORM bourse_private.require_given('is_testnet', decrypt_credentials.is_testnet);
    -- Stricter than acts_for(): an admin and a gateway manage credentials, they do not read them. Whoever they are
    -- at the moment does not count, for that is in their own hands: db_role, bourse.user_id.
    IF NOT is_worker
       AND (identity_private.login_is('bourse_admin') OR identity_private.login_is('bourse_gateway')
            OR decrypt_credentials.user_id IS DISTINCT FROM identity.current_user_id()) THEN
        PERFORM bourse.refuse('42501',
            format('no permission to decrypt credentials of user %s', decrypt_credentials.user_id),
            'Only the login of the user and a member of bourse_worker can; neither an admin nor a gateway.');
    END IF;
    PERFORM identity_private.require_existing_user(decrypt_credentials.user_id);
    -- A worker may have to take back at the other exchange what stands there.
    PERFORM identity_private.require_active(decrypt_credentials.user_id) WHERE NOT is_worker;
    name := identity_private.require_exchange(decrypt_credentials.exchange);
    SELECT * INTO c FROM identity.exchange_credentials e
    WHERE e.user_id = decrypt_credentials.user_id AND e.exchange = name
      AND e.is_testnet = decrypt_credentials.is_testnet AND e.is_active;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704',
            format('user %s has no active credentials for %s %s', decrypt_credentials.user_id, name,
                CASE WHEN decrypt_credentials.is_testnet THEN 'testnet' ELSE 'mainnet' END),
            'identity.exchange_credentials lists those that there are.');
    END IF;
    PERFORM bourse_private.log_activity(c.user_id, 'decrypt_credentials', 'exchange_credentials', c.id::text,
        jsonb_build_object('exchange', c.exchange, 'is_testnet', c.is_testnet, 'login', session_user));
    -- The foreign key has waited for an erasure that was under way.
    PERFORM identity_private.require_not_erased(c.user_id);
    -- The row goes when the caller rolls back; this line stays.
    RAISE LOG 'credentials % of user % decrypted by %', c.id, c.user_id, session_user;
    credential_id := c.id;
    updated_at := c.updated_at;
    api_key := identity_private.decrypt_secret(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_key',
                                               c.api_key_encrypted);
    api_secret := identity_private.decrypt_secret(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_secret',
                                                  c.api_secret_encrypted);
    api_passphrase := identity_private.decrypt_secret(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_passphrase',
                                                      c.api_passphrase_encrypted);
END
$$;
COMMENT ON FUNCTION identity.decrypt_credentials(bigint, text, boolean) IS
'The secrets of active credentials, for the login of the user and for bourse_worker. updated_at tells which version '
'they are, for validate_credentials(). Leaves a row in audit.activity_logs and a line in the server''s log. 22004 '
'NULL, 22023 unknown exchange, 42501 neither the user nor a worker, an admin, a gateway, or a user who is not active, '
'42704 unknown user, no such credentials, 55000 the vault has not the key, XX001 the row was changed or moved';
GRANT EXECUTE ON FUNCTION identity.decrypt_credentials(bigint, text, boolean) TO bourse_trader, bourse_worker;

CREATE FUNCTION identity.delete_credentials(credential_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
DECLARE
    owner_id bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('credential_id', delete_credentials.credential_id);
    SELECT c.user_id INTO owner_id FROM identity.exchange_credentials c WHERE c.id = delete_credentials.credential_id;
    IF NOT FOUND OR NOT identity.acts_for(owner_id) THEN
        PERFORM bourse.refuse('42704', format('credentials %s do not exist', delete_credentials.credential_id),
            'identity.exchange_credentials lists those that there are.');
    END IF;
    PERFORM bourse_private.require_no_strange_trigger('identity.exchange_credentials');
    DELETE FROM identity.exchange_credentials c WHERE c.id = delete_credentials.credential_id;
END
$$;
COMMENT ON FUNCTION identity.delete_credentials(bigint) IS
'Deletes credentials of a user you act for. 22004 NULL, 42704 no such credentials, or somebody else''s, 55000 a '
'stranger''s trigger would fire';
GRANT EXECUTE ON FUNCTION identity.delete_credentials(bigint) TO bourse_trader;
