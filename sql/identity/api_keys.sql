CREATE FUNCTION identity.issue_api_key(user_id bigint, name text DEFAULT '', expires_at timestamptz DEFAULT NULL,
                                       OUT id bigint, OUT api_key text)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp
SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100;
    live bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', user_id);
    PERFORM identity_private.require_user(user_id);
    PERFORM identity_private.require_active(user_id);
    PERFORM identity_private.require_name('name', name, 80) WHERE name <> '';
    IF expires_at <= clock_timestamp() THEN
        PERFORM bourse.refuse('22023', format('expires_at %s is over', expires_at), 'Give a time after now, or none.');
    END IF;
    -- The calendars of most clients end with that day.
    IF expires_at >= '9999-12-31 00:00:00+00' THEN
        PERFORM bourse.refuse('22023', format('expires_at %s is not before 9999-12-31', expires_at),
            'Give a time before 9999-12-31, or none.');
    END IF;
    PERFORM FROM identity.users u WHERE u.id = issue_api_key.user_id FOR NO KEY UPDATE;
    SELECT count(*) INTO live FROM identity.api_keys k
    WHERE k.user_id = issue_api_key.user_id AND k.revoked_at IS NULL
      AND coalesce(k.expires_at > clock_timestamp(), true);
    IF live >= most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s live API keys', user_id, live),
            'Revoke some first: SELECT identity.revoke_api_key(id).');
    END IF;
    -- A prefix names one key: another is drawn when it is taken, once in 4 billion for each key that there is.
    WHILE id IS NULL LOOP
        api_key := identity_private.new_api_key();
        INSERT INTO identity.api_keys AS k (user_id, name, prefix, key_hash, expires_at)
        VALUES (user_id, coalesce(name, ''), left(api_key, 12), sha256(convert_to(api_key, 'UTF8')), expires_at)
        ON CONFLICT DO NOTHING
        RETURNING k.id INTO id;
        IF EXISTS (SELECT FROM identity.api_keys k WHERE id IS NULL AND k.id = currval('identity.api_keys_id_seq')) THEN
            PERFORM bourse_private.refuse_conflict('identity.api_keys', true);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION identity.issue_api_key(bigint, text, timestamptz) IS
'A new API key of a user you act for. Returns its id and the key, which is never shown again. 22004 NULL, 22023 name '
'too long, expires_at is over or not before 9999-12-31, 42501 not a user you act for, or one who is not active, 42704 '
'unknown user, 54000 100 keys live';
GRANT EXECUTE ON FUNCTION identity.issue_api_key(bigint, text, timestamptz) TO bourse_trader;

CREATE FUNCTION identity.verify_api_key(api_key text) RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'verify_api_key_wrapper';
COMMENT ON FUNCTION identity.verify_api_key(text) IS
'The active user of a live API key, or NULL. Reads two rows and writes nothing. 42501 the session does not act for '
'everybody';
GRANT EXECUTE ON FUNCTION identity.verify_api_key(text) TO bourse_gateway, bourse_admin;

CREATE FUNCTION identity.revoke_api_key(key_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
DECLARE
    owner_id bigint;
BEGIN
    PERFORM bourse.require_installed();
    SELECT k.user_id INTO owner_id FROM identity.api_keys k WHERE k.id = key_id;
    IF NOT FOUND OR NOT identity.acts_for(owner_id) THEN
        PERFORM bourse.refuse('42704', format('API key %s does not exist', coalesce(key_id::text, 'NULL')),
            'Look it up in identity.api_keys: it shows the keys that you may revoke.');
    END IF;
    UPDATE identity.api_keys k SET revoked_at = clock_timestamp() WHERE k.id = key_id AND k.revoked_at IS NULL;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION identity.revoke_api_key(bigint) IS
'Ends an API key of a user you act for, at once and for ever. Returns false when it was revoked before. 42704 unknown '
'key, or one of somebody else';
GRANT EXECUTE ON FUNCTION identity.revoke_api_key(bigint) TO bourse_trader;
