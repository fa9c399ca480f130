CREATE FUNCTION identity_private.require_existing_user(user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM bourse_private.require_given('user_id', user_id);
    IF NOT EXISTS (SELECT FROM identity.users u WHERE u.id = require_existing_user.user_id) THEN
        PERFORM bourse.refuse('42704', format('user %s does not exist', user_id),
            'Make one with INSERT INTO identity.users (name) VALUES (…) RETURNING id; where users come by replication, '
            'in the first venue.');
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_existing_user(bigint) IS
'Refuses a user who is NULL (22004) or does not exist (42704)';

-- A user who is there, and whom the session may act for.
CREATE FUNCTION identity_private.require_user(user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    -- Who may not act for a user does not learn whether there is one.
    PERFORM identity_private.require_acts_for(user_id);
    PERFORM identity_private.require_existing_user(user_id);
END
$$;
COMMENT ON FUNCTION identity_private.require_user(bigint) IS
'Refuses a user who is NULL (22004), whom the session may not act for (42501), who does not exist (42704)';
