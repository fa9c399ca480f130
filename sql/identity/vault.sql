CREATE FUNCTION identity.validate_credentials(credential_id bigint, is_valid boolean, as_of timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    version timestamptz;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('credential_id', credential_id);
    PERFORM bourse_private.require_given('is_valid', is_valid);
    SELECT c.updated_at INTO version FROM identity.exchange_credentials c WHERE c.id = credential_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('credentials %s do not exist', credential_id),
            'identity.exchange_credentials lists those that there are.');
    END IF;
    -- What was tested may have been replaced meanwhile.
    IF version <> as_of THEN
        PERFORM bourse.refuse('55000',
            format('credentials %s have changed at %s, after %s', credential_id, version, as_of),
            'Decrypt and test them again: nothing was recorded.');
    END IF;
    UPDATE identity.exchange_credentials c
    SET validation_status = CASE WHEN is_valid THEN 'valid' ELSE 'invalid' END, last_validated = clock_timestamp()
    WHERE c.id = credential_id;
END
$$;
COMMENT ON FUNCTION identity.validate_credentials(bigint, boolean, timestamptz) IS
'Records what the exchange said of credentials: validation_status valid or invalid, last_validated now. Storing makes '
'it pending again. as_of: the updated_at that decrypt_credentials() gave with what was tested; without it the verdict '
'is for whatever stands there now. 22004 NULL, 42501 the session does not act for everybody, 42704 unknown '
'credentials, 55000 they have changed since as_of';
GRANT EXECUTE ON FUNCTION identity.validate_credentials(bigint, boolean, timestamptz) TO bourse_admin, bourse_worker;

-- Each call is a batch of its own: commit it, and call again until nothing remains. A row that does not open stays as
-- it is and bars nobody behind it.
CREATE FUNCTION identity.rotate_credentials(batch_size integer DEFAULT 1000, OUT rotated bigint, OUT remaining bigint,
                                            OUT unreadable bigint)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    keys text[];
    older text;
    c record;
    api_key text;
    api_secret text;
    api_passphrase text;
    bad bigint[] := '{}';
    asked text;
    other record;
BEGIN
    PERFORM identity_private.require_operator();
    IF batch_size IS NULL OR batch_size < 1 THEN
        PERFORM bourse.refuse('22023', format('batch_size %s is below 1', coalesce(batch_size::text, 'NULL')),
            'Take at least one row to a batch.');
    END IF;
    keys := ARRAY(SELECT identity_private.vault_key_ids());
    rotated := 0;
    <<batch>>
    FOREACH older IN ARRAY keys[2:] LOOP
        -- What somebody is storing just now gets the newest key from them.
        FOR c IN SELECT * FROM identity.exchange_credentials e WHERE e.key_id = older
                 ORDER BY e.id FOR NO KEY UPDATE SKIP LOCKED LOOP
            EXIT batch WHEN rotated >= batch_size;
            BEGIN
                api_key := identity_private.encrypt_secret(c.user_id, c.exchange, c.is_testnet, 'api_key',
                    identity_private.decrypt_secret(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_key',
                                                    c.api_key_encrypted));
                api_secret := identity_private.encrypt_secret(c.user_id, c.exchange, c.is_testnet, 'api_secret',
                    identity_private.decrypt_secret(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_secret',
                                                    c.api_secret_encrypted));
                api_passphrase := identity_private.encrypt_secret(c.user_id, c.exchange, c.is_testnet, 'api_passphrase',
                    identity_private.decrypt_secret(c.key_id, c.user_id, c.exchange, c.is_testnet, 'api_passphrase',
                                                    c.api_passphrase_encrypted));
            EXCEPTION WHEN data_corrupted THEN
                bad := bad || c.id;
                CONTINUE;
            END;
            UPDATE identity.exchange_credentials e SET key_id = keys[1], api_key_encrypted = api_key,
                api_secret_encrypted = api_secret, api_passphrase_encrypted = api_passphrase
            WHERE e.id = c.id;
            rotated := rotated + 1;
        END LOOP;
    END LOOP;
    unreadable := cardinality(bad);
    SELECT count(*) INTO remaining FROM identity.exchange_credentials e
    WHERE e.key_id = ANY (keys[2:]) AND e.id <> ALL (bad);
    IF unreadable > 0 THEN
        RAISE WARNING USING ERRCODE = 'data_corrupted',
            MESSAGE = format('%s credentials were changed or moved, and stay with their old key: %s%s', unreadable,
                             array_to_string(bad[:100], ', '), CASE WHEN unreadable > 100 THEN ', …' ELSE '' END),
            HINT = 'Find out who has written these rows; then store the credentials anew, or '
                'identity.delete_credentials() them.';
    END IF;
    -- Secrets of other schemas take what is left of the batch.
    FOR asked IN SELECT h.call FROM bourse_private.hooks('rotate_secrets') h LOOP
        EXECUTE format('SELECT * FROM %s($1)', asked) INTO other USING (batch_size - rotated)::integer;
        rotated := rotated + other.rotated;
        remaining := remaining + other.remaining;
        unreadable := unreadable + other.unreadable;
    END LOOP;
END
$$;
COMMENT ON FUNCTION identity.rotate_credentials(integer) IS
'Encrypts up to batch_size credentials, and API keys of accounts at brokers, of older keys anew with the newest. '
'Returns how many it has done, how many remain, and how many of those that it met were changed or moved: they stay as '
'they are, do not count as remaining, and a warning (XX001) names the first 100. Call it, each call committed, until '
'none remain; with none unreadable the older keys can go. 22023 batch_size below 1, 42501 the session does not act for '
'everybody, 55000 the vault has no key';
GRANT EXECUTE ON FUNCTION identity.rotate_credentials(integer) TO bourse_admin, bourse_worker;

CREATE FUNCTION identity.vault_keys() RETURNS TABLE (key_id text, place text, credentials bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM identity_private.require_operator();
    RETURN QUERY
    WITH ring AS (SELECT k.id, k.at FROM identity_private.vault_key_ids() WITH ORDINALITY AS k (id, at)),
         used AS (SELECT u.id, sum(u.rows)::bigint AS rows FROM (
                      SELECT e.key_id AS id, count(*) AS rows FROM identity.exchange_credentials e GROUP BY e.key_id
                      UNION ALL
                      SELECT o.key_id, o.secrets FROM bourse_private.ask('own_secrets', 'r.key_id, r.secrets')
                          AS o (module text, key_id text, secrets bigint)) u GROUP BY u.id)
    SELECT id, CASE WHEN ring.at IS NULL THEN 'missing' WHEN ring.at = 1 THEN 'newest' ELSE 'older' END,
           coalesce(used.rows, 0)
    FROM ring FULL JOIN used USING (id) ORDER BY ring.at NULLS LAST, id;
END
$$;
COMMENT ON FUNCTION identity.vault_keys() IS
'The keys of the vault, newest first, then those that credentials need and the vault has not (missing); each with the '
'number of credentials, and of API keys of accounts at brokers, that need it. 42501 the session does not act for '
'everybody, 55000 the vault has no key';
GRANT EXECUTE ON FUNCTION identity.vault_keys() TO bourse_admin, bourse_worker;
