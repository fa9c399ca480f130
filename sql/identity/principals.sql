CREATE FUNCTION identity.register_principal(principal_id text, user_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner_id bigint;
    taken text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_name('principal_id', principal_id, 255);
    PERFORM identity_private.require_existing_user(user_id) WHERE user_id IS NOT NULL;
    FOR attempt IN 1..2 LOOP
        SELECT p.user_id INTO owner_id FROM identity.user_principals p
        WHERE p.principal_id || '' = register_principal.principal_id;
        IF FOUND AND owner_id = coalesce(user_id, owner_id) THEN
            RETURN owner_id;
        ELSIF FOUND THEN
            PERFORM bourse.refuse('23505',
                format('principal %s belongs to another user', bourse_private.quoted(principal_id)),
                'One principal is one user: identity.unregister_principal() takes it away, with its credentials.');
        END IF;
        BEGIN
            owner_id := user_id;
            IF owner_id IS NULL THEN
                INSERT INTO identity.users AS u (name) VALUES (principal_id)
                ON CONFLICT ON CONSTRAINT users_pkey DO NOTHING RETURNING u.id INTO owner_id;
                IF owner_id IS NULL THEN
                    PERFORM bourse_private.refuse_conflict('identity.users', true);
                END IF;
            END IF;
            INSERT INTO identity.user_principals (user_id, principal_id) VALUES (owner_id, principal_id)
            ON CONFLICT ON CONSTRAINT user_principals_pkey DO NOTHING;
            IF NOT FOUND THEN
                PERFORM bourse_private.refuse_conflict('identity.user_principals', true);
            END IF;
            RETURN owner_id;
        EXCEPTION WHEN unique_violation THEN
            -- Another session was first. Ours is undone, and its row is there now.
            GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
            IF taken <> 'user_principals_principal_id_key' THEN
                RAISE;
            END IF;
        END;
    END LOOP;
    PERFORM bourse.refuse('40001',
        format('another session has just registered principal %s', bourse_private.quoted(principal_id)),
        'Repeat the transaction; under READ COMMITTED the user would be found.');
END
$$;
COMMENT ON FUNCTION identity.register_principal(text, bigint) IS
'The user of a principal. At the first call the principal is given to user_id, or without one to a new user who has '
'its name. Safe to repeat, and from two sessions at once. Returns the user. 22004 NULL, 22023 blank or too long, 23505 '
'the principal is another user''s, 40001 repeat the transaction, 42501 the session does not act for everybody, 42704 '
'unknown user, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION identity.register_principal(text, bigint) TO bourse_gateway, bourse_admin;

CREATE FUNCTION identity.unregister_principal(principal_id text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner_id bigint;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('principal_id', principal_id);
    PERFORM identity_private.require_length('principal_id', principal_id, 255);
    PERFORM bourse_private.require_no_strange_trigger('identity.user_principals');
    DELETE FROM identity.user_principals p WHERE p.principal_id || '' = unregister_principal.principal_id
    RETURNING p.user_id INTO owner_id;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('principal %s is not registered', bourse_private.quoted(principal_id)),
            'identity.user_principals lists those that are.');
    END IF;
    RETURN owner_id;
END
$$;
COMMENT ON FUNCTION identity.unregister_principal(text) IS
'Takes a principal from its user, with the credentials that were given to it. Returns the user it was of. 22004 NULL, '
'22023 longer than any, 42501 the session does not act for everybody, 42704 no such principal, 55000 a stranger''s '
'trigger would fire';
GRANT EXECUTE ON FUNCTION identity.unregister_principal(text) TO bourse_gateway, bourse_admin;
