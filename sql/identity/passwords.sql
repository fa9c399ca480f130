CREATE FUNCTION identity.set_password(user_id bigint, password text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    -- A worker acts for everybody: a viewer's right to set the own password adds none to set everybody's.
    IF user_id IS DISTINCT FROM identity.current_user_id()
       AND NOT (identity_private.login_is('bourse_admin') OR identity_private.login_is('bourse_gateway')) THEN
        PERFORM bourse.refuse('42501', format('no permission to set the password of user %s', user_id),
            'Connect as an admin or a member of bourse_gateway, or as the user himself.');
    END IF;
    PERFORM identity_private.require_password(password);
    -- Whoever was remembered with the old password is not with the new one.
    UPDATE identity.users u SET password_hash = identity_private.hash_password(password), remember_token = NULL
    WHERE u.id = set_password.user_id;
END
$$;
COMMENT ON FUNCTION identity.set_password(bigint, text) IS
'Hashes and stores the password of a user you act for. 8 to 1024 characters, at most 72 bytes with bcrypt. 22004 NULL, '
'22023 length, 42501 not a user you act for, or a worker''s login that is neither his nor an admin''s or a gateway''s, '
'42704 unknown user, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION identity.set_password(bigint, text) TO bourse_viewer;

-- An email address comes first: nobody can take somebody else's as a username and be found by it.
CREATE FUNCTION identity.verify_password(login text, password text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
DECLARE
    found_user record;
    verdict text;
    new_hash text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_length('login', login, 255);
    PERFORM identity_private.require_length('password', password, 1024);
    SELECT u.id, u.is_active, u.password_hash INTO found_user
    FROM identity.users u
    WHERE identity.fold(u.email) = identity.fold(login) COLLATE "C"
       OR identity.fold(u.username) = identity.fold(login) COLLATE "C"
    ORDER BY identity.fold(u.email) IS DISTINCT FROM identity.fold(login) COLLATE "C" LIMIT 1;
    verdict := identity_private.check_password(coalesce(password, ''), found_user.password_hash);
    IF verdict = 'wrong' OR NOT found_user.is_active THEN
        RETURN NULL;
    END IF;
    IF NOT current_setting('transaction_read_only')::boolean THEN
        IF verdict = 'outdated' THEN
            new_hash := identity_private.hash_password(password);
        END IF;
        -- Whoever was disabled or erased, or has another password, since the hash was read is not let in.
        UPDATE identity.users u SET last_login = clock_timestamp(), password_hash = coalesce(new_hash, u.password_hash)
        WHERE u.id = found_user.id AND u.is_active AND u.password_hash = found_user.password_hash;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    RETURN found_user.id;
END
$$;
COMMENT ON FUNCTION identity.verify_password(text, text) IS
'The active user with this email or username (without case) and password, or NULL; an unknown user takes as long as a '
'wrong password. Stamps last_login and hashes anew what bourse.password_algorithm would hash in another way; in a '
'read-only transaction it writes nothing. Commit also after NULL. 22023 a login or password longer than any, 42501 the '
'session does not act for everybody';
GRANT EXECUTE ON FUNCTION identity.verify_password(text, text) TO bourse_gateway, bourse_admin;
