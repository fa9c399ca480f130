CREATE FUNCTION identity.validate_credentials(credential_id bigint, is_valid boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM identity.require_operator();
    IF is_valid IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'is_valid must not be NULL', HINT = 'Give a value for is_valid.';
    END IF;
    UPDATE identity.exchange_credentials c
    SET validation_status = CASE WHEN is_valid THEN 'valid' ELSE 'invalid' END, last_validated = clock_timestamp()
    WHERE c.id = credential_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION USING ERRCODE = 'undefined_object',
            MESSAGE = format('credentials %s do not exist', coalesce(credential_id::text, 'NULL')),
            HINT = 'identity.exchange_credentials lists those that there are.';
    END IF;
END
$$;
COMMENT ON FUNCTION identity.validate_credentials(bigint, boolean) IS
'Records what the exchange said of credentials: validation_status valid or invalid, last_validated now. Storing makes it pending again. 22004 NULL, 42501 the session does not act for everybody, 42704 unknown credentials';

-- Each call is a batch of its own: commit it, and call again until nothing remains.
CREATE FUNCTION identity.rotate_credentials(batch_size integer DEFAULT 1000, OUT rotated bigint, OUT remaining bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    keys text[];
    c record;
BEGIN
    PERFORM identity.require_operator();
    IF batch_size IS NULL OR batch_size < 1 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('batch_size %s is below 1', coalesce(batch_size::text, 'NULL')),
            HINT = 'Take at least one row to a batch.';
    END IF;
    keys := ARRAY(SELECT identity.vault_key_ids());
    rotated := 0;
    -- What somebody is storing just now gets the newest key from them.
    FOR c IN SELECT * FROM identity.exchange_credentials e WHERE e.key_id = ANY (keys[2:])
             ORDER BY e.key_id, e.id LIMIT batch_size FOR NO KEY UPDATE SKIP LOCKED LOOP
        UPDATE identity.exchange_credentials e SET key_id = keys[1],
            api_key_encrypted = identity.seal(c.user_id, c.exchange, c.is_testnet, 'api_key',
                identity.unseal(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_key', c.api_key_encrypted)),
            api_secret_encrypted = identity.seal(c.user_id, c.exchange, c.is_testnet, 'api_secret',
                identity.unseal(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_secret', c.api_secret_encrypted)),
            api_passphrase_encrypted = identity.seal(c.user_id, c.exchange, c.is_testnet, 'api_passphrase',
                identity.unseal(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_passphrase', c.api_passphrase_encrypted))
        WHERE e.id = c.id;
        rotated := rotated + 1;
    END LOOP;
    SELECT count(*) INTO remaining FROM identity.exchange_credentials e WHERE e.key_id = ANY (keys[2:]);
END
$$;
COMMENT ON FUNCTION identity.rotate_credentials(integer) IS
'Seals up to batch_size credentials of older keys anew with the newest. Returns how many it has done and how many remain; call it, each call committed, until none do, then the older keys can go. 22023 batch_size below 1, 42501 the session does not act for everybody, 55000 the vault has no key, XX001 a row was changed or moved: nothing of the batch is done';

CREATE FUNCTION identity.vault_keys() RETURNS TABLE (key_id text, place text, credentials bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM identity.require_operator();
    RETURN QUERY
    WITH ring AS (SELECT k.id, k.at FROM identity.vault_key_ids() WITH ORDINALITY AS k (id, at)),
         used AS (SELECT e.key_id AS id, count(*) AS rows FROM identity.exchange_credentials e GROUP BY e.key_id)
    SELECT id, CASE WHEN ring.at IS NULL THEN 'missing' WHEN ring.at = 1 THEN 'newest' ELSE 'older' END,
           coalesce(used.rows, 0)
    FROM ring FULL JOIN used USING (id) ORDER BY ring.at NULLS LAST, id;
END
$$;
COMMENT ON FUNCTION identity.vault_keys() IS
'The keys of the vault, newest first, then those that credentials need and the vault has not (missing); each with the number of credentials. 42501 the session does not act for everybody, 55000 the vault has no key';
