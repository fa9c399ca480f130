CREATE FUNCTION identity_private.unverify_email() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
BEGIN
    IF identity.fold(NEW.email) IS DISTINCT FROM identity.fold(OLD.email) THEN
        IF NEW.email_verified_at IS NOT DISTINCT FROM OLD.email_verified_at THEN
            NEW.email_verified_at := NULL;
        END IF;
        -- The code in the old mailbox must not verify the new address.
        UPDATE identity.verification_codes c SET revoked_at = clock_timestamp()
        WHERE c.user_id = OLD.id AND c.provider = 'email' AND c.consumed_at IS NULL AND c.revoked_at IS NULL;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity_private.unverify_email() IS
'Trigger: a changed email is not verified, and codes that were sent to the old one are void';

CREATE FUNCTION identity_private.require_names() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_line(n.what, n.said)
    FROM (VALUES ('name', NEW.name, OLD.name), ('email', NEW.email, OLD.email),
                 ('username', NEW.username, OLD.username),
                 ('developer_name', NEW.developer_name, OLD.developer_name),
                 ('developer_website', NEW.developer_website, OLD.developer_website)) n (what, said, was)
    WHERE n.said IS DISTINCT FROM n.was;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity_private.require_names() IS
'Trigger: refuses a new name of a user that cannot be read (22023)';

CREATE FUNCTION identity_private.keep_erased() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_not_erased(OLD.id);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity_private.keep_erased() IS 'Trigger: the row of an erased user stays as it is (55000)';

CREATE FUNCTION identity_private.refuse_erased() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_not_erased(NEW.user_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION identity_private.refuse_erased() IS 'Trigger: no new row about an erased user (55000)';

-- Reads what has been committed while the caller waited for the user's row: no snapshot from before.
CREATE FUNCTION identity_private.require_not_erased(user_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM identity.users u WHERE u.id = user_id AND u.erased_at IS NOT NULL) THEN
        PERFORM bourse.refuse('55000', format('user %s has been erased', user_id),
            'What is left of an erased user stays as it is: register the person anew.');
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_not_erased(bigint) IS 'Refuses a user who has been erased (55000)';

CREATE FUNCTION identity.register(name text, email text DEFAULT NULL, username text DEFAULT NULL,
                                  password text DEFAULT NULL, role text DEFAULT 'trader') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    new_id bigint;
    taken text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_name('name', name, 255);
    PERFORM identity_private.require_name('email', email, 255) WHERE email IS NOT NULL;
    PERFORM identity_private.require_name('username', username, 80) WHERE username IS NOT NULL;
    PERFORM identity_private.require_password(password) WHERE password IS NOT NULL;
    IF email COLLATE "C" !~ '^[^@[:space:]]+@[^@[:space:]]+$' THEN
        PERFORM bourse.refuse('22023', format('%s is no email address', bourse_private.quoted(email)),
            'An address is like ann@example.org.');
    END IF;
    -- Nobody sees these two where they join nothing.
    IF username COLLATE "C" ~ E'[@[:space:]\\u200c\\u200d]' THEN
        PERFORM bourse.refuse('22023', format('%s is no username', bourse_private.quoted(username)),
            'A username has no @, no blanks, and no U+200C or U+200D.');
    END IF;
    IF role IS NULL OR role NOT IN ('viewer', 'trader', 'developer', 'admin') THEN
        PERFORM bourse.refuse('22023', format('%s is no role', bourse_private.quoted(role)),
            'A role is viewer, trader, developer or admin.');
    END IF;
    IF role IN ('developer', 'admin') AND NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', format('no permission to make a user with the role %s', role),
            'A gateway makes viewers and traders; connect as a member of bourse_admin for the others.');
    END IF;
    INSERT INTO identity.users AS u (name, email, username, password_hash, role)
    VALUES (name, email, username, identity_private.hash_password(password), role)
    ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING RETURNING u.id INTO new_id;
    IF new_id IS NULL THEN
        PERFORM bourse_private.refuse_conflict('identity.users', true);
    END IF;
    RETURN new_id;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
        IF taken NOT IN ('ix_users_email', 'ix_users_username') THEN
            RAISE;
        END IF;
        PERFORM bourse.refuse('23505',
            CASE taken WHEN 'ix_users_email' THEN format('email %s is taken', bourse_private.quoted(email))
                       ELSE format('username %s is taken', bourse_private.quoted(username)) END,
            'Emails and usernames are compared without case: take another one.');
END
$$;
COMMENT ON FUNCTION identity.register(text, text, text, text, text) IS
'Makes a user; a name alone is enough. Returns the id. role: viewer, trader, or for a member of bourse_admin also '
'developer and admin. 22004 name is NULL, 22023 a value that cannot be, 23505 email or username is taken, 42501 the '
'session does not act for everybody or may not give the role';
GRANT EXECUTE ON FUNCTION identity.register(text, text, text, text, text) TO bourse_gateway, bourse_admin;

CREATE FUNCTION identity.authenticate(provider text, external_id text, name text DEFAULT NULL,
                                      metadata jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    found_user record;
    new_id bigint;
    taken text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_text('provider', provider, 32);
    PERFORM identity_private.require_text('external_id', external_id, 255);
    PERFORM identity_private.require_text('name', name, 255) WHERE name IS NOT NULL;
    PERFORM identity_private.require_object('metadata', metadata);
    FOR attempt IN 1..2 LOOP
        SELECT i.id AS identity_id, u.id INTO found_user
        FROM identity.auth_identities i JOIN identity.users u ON u.id = i.user_id
        WHERE i.provider || '' = authenticate.provider AND i.external_id || '' = authenticate.external_id;
        IF FOUND THEN
            PERFORM identity_private.require_active(found_user.id);
            UPDATE identity.users u SET last_login = clock_timestamp() WHERE u.id = found_user.id AND u.is_active;
            -- Disabled or erased while this session waited for the row: the next look tells.
            CONTINUE WHEN NOT FOUND;
            IF metadata IS NOT NULL THEN
                metadata := coalesce((SELECT i.metadata FROM identity.auth_identities i
                                      WHERE i.id = found_user.identity_id FOR NO KEY UPDATE), '{}') || metadata;
                PERFORM identity_private.require_object('metadata', metadata);
                UPDATE identity.auth_identities i SET metadata = authenticate.metadata
                WHERE i.id = found_user.identity_id;
            END IF;
            RETURN found_user.id;
        END IF;
        BEGIN
            -- People call themselves what they like elsewhere: they get in, and what nobody sees stays outside.
            INSERT INTO identity.users AS u (name, last_login)
            VALUES (coalesce(bourse_private.seen_name(name),
                             left(bourse_private.seen_name(provider || ' ' || external_id), 255)),
                    clock_timestamp())
            ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING RETURNING u.id INTO new_id;
            IF new_id IS NULL THEN
                PERFORM bourse_private.refuse_conflict('identity.users', true);
            END IF;
            INSERT INTO identity.auth_identities (user_id, provider, external_id, metadata)
            VALUES (new_id, provider, external_id, coalesce(metadata, '{}'))
            ON CONFLICT ON CONSTRAINT auth_identities_pkey DO NOTHING;
            IF NOT FOUND THEN
                PERFORM bourse_private.refuse_conflict('identity.auth_identities', true);
            END IF;
            RETURN new_id;
        EXCEPTION WHEN unique_violation THEN
            -- Another session was first. Ours is undone, and its user is there now.
            GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
            IF taken <> 'ix_auth_identities_provider_external' THEN
                RAISE;
            END IF;
        END;
    END LOOP;
    PERFORM bourse.refuse('40001',
        format('another session has just made the user of %s %s', provider, bourse_private.quoted(external_id)),
        'Repeat the transaction; under READ COMMITTED the user would be found.');
END
$$;
COMMENT ON FUNCTION identity.authenticate(text, text, text, jsonb) IS
'The user of an account with a provider, made at the first call: two sessions at once get the same user. name: of a '
'new user; metadata: merged into what is known of the account. Stamps last_login. Returns the id. 22004 NULL, 22023 a '
'value that cannot be, 54000 metadata too long, 40001 repeat the transaction, 42501 the user is not active, or the '
'session does not act for everybody';
GRANT EXECUTE ON FUNCTION identity.authenticate(text, text, text, jsonb) TO bourse_gateway, bourse_admin;

CREATE FUNCTION identity.create_telegram_user(telegram_id text, profile jsonb DEFAULT '{}') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    full_name text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_text('telegram_id', telegram_id, 255);
    PERFORM identity_private.require_object('profile', profile);
    full_name := btrim(concat_ws(' ', profile ->> 'first_name', profile ->> 'last_name'));
    RETURN identity.authenticate('telegram', telegram_id,
        left(coalesce(nullif(full_name, ''), nullif(btrim(profile ->> 'username'), '')), 255), profile);
END
$$;
COMMENT ON FUNCTION identity.create_telegram_user(text, jsonb) IS
'The user of a Telegram account, made at the first call. profile: what Telegram says (first_name, last_name, username, '
'language_code …), kept as metadata; an email in it is not taken for the user''s. Returns the id. Errors as '
'authenticate()';
GRANT EXECUTE ON FUNCTION identity.create_telegram_user(text, jsonb) TO bourse_gateway, bourse_admin;

CREATE FUNCTION identity.link_identity(user_id bigint, provider text, external_id text, metadata jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    identity_id bigint;
    taken text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_existing_user(user_id);
    PERFORM identity_private.require_text('provider', provider, 32);
    PERFORM identity_private.require_text('external_id', external_id, 255);
    PERFORM identity_private.require_object('metadata', coalesce((
        SELECT i.metadata FROM identity.auth_identities i
        WHERE i.provider || '' = link_identity.provider AND i.external_id || '' = link_identity.external_id
          AND i.user_id = link_identity.user_id), '{}') || link_identity.metadata);
    INSERT INTO identity.auth_identities AS i (user_id, provider, external_id, metadata)
    VALUES (user_id, provider, external_id, coalesce(metadata, '{}'))
    ON CONFLICT ((provider || ''), (external_id || ''))
    DO UPDATE SET metadata = coalesce(i.metadata, '{}') || excluded.metadata WHERE i.user_id = link_identity.user_id
    RETURNING i.id INTO identity_id;
    IF identity_id IS NULL THEN
        PERFORM bourse.refuse('23505',
            format('%s account %s belongs to another user', provider, bourse_private.quoted(external_id)),
            'One account of a provider is one user: identity.unlink_identity() takes it away.');
    END IF;
    RETURN identity_id;
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
    IF taken = 'auth_identities_pkey' THEN
        PERFORM bourse_private.refuse_conflict('identity.auth_identities', true);
    END IF;
    RAISE;
END
$$;
COMMENT ON FUNCTION identity.link_identity(bigint, text, text, jsonb) IS
'Gives a user one more account with a provider. Safe to repeat. Returns the id of the row. 22004 NULL, 22023 a value '
'that cannot be, 54000 metadata too long, 23505 the account is another user''s, 42501 the session does not act for '
'everybody, 42704 unknown user, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION identity.link_identity(bigint, text, text, jsonb) TO bourse_gateway, bourse_admin;
