-- No role has DELETE on a table: with it comes LOCK TABLE, and with that everybody else would wait.
CREATE FUNCTION identity.unlink_identity(provider text, external_id text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner_id bigint;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('provider', provider);
    PERFORM bourse_private.require_given('external_id', external_id);
    PERFORM identity_private.require_length('provider', provider, 32);
    PERFORM identity_private.require_length('external_id', external_id, 255);
    PERFORM bourse_private.require_no_strange_trigger('identity.auth_identities');
    DELETE FROM identity.auth_identities i
    WHERE i.provider || '' = unlink_identity.provider AND i.external_id || '' = unlink_identity.external_id
    RETURNING i.user_id INTO owner_id;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704',
            format('%s account %s is not linked', provider, bourse_private.quoted(external_id)),
            'identity.auth_identities lists the accounts of users.');
    END IF;
    RETURN owner_id;
END
$$;
COMMENT ON FUNCTION identity.unlink_identity(text, text) IS
'Takes an account with a provider from its user; authenticate() makes a new user for it. Returns the user it was of. '
'22004 NULL, 22023 longer than any, 42501 the session does not act for everybody, 42704 no such account, 55000 a '
'stranger''s trigger would fire';
GRANT EXECUTE ON FUNCTION identity.unlink_identity(text, text) TO bourse_gateway, bourse_admin;
