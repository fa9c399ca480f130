-- Texts that hold secrets go in and out as values, never as SQL.
CREATE FUNCTION identity_private.require_text(parameter text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given(parameter, value);
    IF btrim(value) = '' OR length(value) > most THEN
        -- The value may be a secret: its length says enough.
        PERFORM bourse.refuse('22023', format('%s has %s characters', parameter, length(btrim(value))),
            format('Give %s 1 to %s characters that are not all blank.', parameter, most));
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_text(text, text, integer) IS
'Refuses NULL (22004), blank and overlong text (22023) without repeating it';

CREATE FUNCTION identity_private.require_name(parameter text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_text(parameter, value, most), bourse_private.require_line(parameter, value);
END
$$;
COMMENT ON FUNCTION identity_private.require_name(text, text, integer) IS
'Refuses a name that is NULL (22004), blank, too long or cannot be read (22023)';

-- Whom an admin has put out of action makes no new secrets and reads none, in sessions that are open as well.
CREATE FUNCTION identity_private.require_active(user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
BEGIN
    IF EXISTS (SELECT FROM identity.users u WHERE u.id = require_active.user_id AND NOT u.is_active) THEN
        PERFORM bourse.refuse('42501', format('user %s is not active', require_active.user_id),
            'An admin can set identity.users.is_active; cancels work meanwhile.');
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_active(bigint) IS
'Refuses a user who is not active (42501), in the words of the exchange';

CREATE FUNCTION identity_private.require_object(parameter text, value jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    IF jsonb_typeof(value) <> 'object' THEN
        PERFORM bourse.refuse('22023', format('%s is a JSON %s', parameter, jsonb_typeof(value)),
            format('Give %s as a JSON object, like {"language": "en"}.', parameter));
    END IF;
    IF octet_length(value::text) > 65536 THEN
        PERFORM bourse.refuse('54000', format('%s has %s bytes', parameter, octet_length(value::text)),
            'It may have 65536 bytes of JSON, together with what is known of the account already.');
    END IF;
    PERFORM bourse_private.require_shallow(parameter, value);
END
$$;
COMMENT ON FUNCTION identity_private.require_object(text, jsonb) IS
'Refuses JSON that is not an object or has more than 64 levels (22023), or is longer than 65536 bytes (54000); NULL '
'passes';

-- Values that are only compared, not stored: whoever sends more than any of them can have is told so before any work.
CREATE FUNCTION identity_private.require_length(parameter text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    IF length(value) > most THEN
        PERFORM bourse.refuse('22023', format('%s has %s characters', parameter, length(value)),
            format('No %s has more than %s characters.', parameter, most));
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_length(text, text, integer) IS
'Refuses overlong text (22023) without repeating it; NULL passes';

CREATE FUNCTION identity.fold(value text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'fold_wrapper';
COMMENT ON FUNCTION identity.fold(text) IS
'A text as it is compared without case: small letters as Unicode has them, whatever the locale of the database. For '
'emails and usernames: WHERE identity.fold(email) = identity.fold(…) COLLATE "C" is an index scan';
GRANT EXECUTE ON FUNCTION identity.fold(text) TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity_private.require_password(password text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_text('password', password, 1024);
    IF length(password) < 8 THEN
        PERFORM bourse.refuse('22023', format('the password has %s characters', length(password)),
            'A password has at least 8 characters; the longer the better.');
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_password(text) IS
'Refuses a password that is NULL (22004), shorter than 8 or longer than 1024 characters (22023)';

CREATE FUNCTION identity_private.hash_password(password text) RETURNS text
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'hash_password_wrapper';
COMMENT ON FUNCTION identity_private.hash_password(text) IS
'The hash of a password with a new salt, as bourse.password_algorithm says. 22023 too long for bcrypt, costs that do '
'not go together';

CREATE FUNCTION identity_private.check_password(password text, password_hash text) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'check_password_wrapper';
COMMENT ON FUNCTION identity_private.check_password(text, text) IS
'wrong, right, or outdated: right, but to be hashed anew. Without a hash it takes as long as with one and says wrong';

CREATE FUNCTION identity_private.new_code() RETURNS text LANGUAGE c AS 'MODULE_PATHNAME', 'new_code_wrapper';
COMMENT ON FUNCTION identity_private.new_code() IS 'Six random digits';

CREATE FUNCTION identity_private.new_api_key() RETURNS text LANGUAGE c AS 'MODULE_PATHNAME', 'new_api_key_wrapper';
COMMENT ON FUNCTION identity_private.new_api_key() IS 'brs_, 8 digits of prefix, _ and 32 random bytes in base64';

CREATE FUNCTION identity_private.is_key_of(api_key text, key_hash bytea) RETURNS boolean
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'is_key_of_wrapper';
COMMENT ON FUNCTION identity_private.is_key_of(text, bytea) IS
'Whether an API key has this digest; takes the same time wherever they differ';

CREATE FUNCTION identity_private.encrypt_secret(user_id bigint, exchange text, is_testnet boolean, purpose text,
                                                secret text)
RETURNS text
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'encrypt_secret_wrapper';
COMMENT ON FUNCTION identity_private.encrypt_secret(bigint, text, boolean, text, text) IS
'A Fernet token of a secret, bound to its place, made with the newest key. 55000 the vault has no key';

CREATE FUNCTION identity_private.decrypt_secret(key_id text, user_id bigint, exchange text, is_testnet boolean,
                                                purpose text, token text) RETURNS text
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'decrypt_secret_wrapper';
COMMENT ON FUNCTION identity_private.decrypt_secret(text, bigint, text, boolean, text, text) IS
'The secret of a token that was made for this place. 55000 the key is not in the vault, XX001 the token was changed or '
'moved';

CREATE FUNCTION identity_private.vault_key_ids() RETURNS SETOF text
LANGUAGE c ROWS 2 AS 'MODULE_PATHNAME', 'vault_key_ids_wrapper';
COMMENT ON FUNCTION identity_private.vault_key_ids() IS
'The ids of the vault''s keys, the newest first. 55000 the vault has no key';
