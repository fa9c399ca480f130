-- What becomes of registrations, and who decides it.

CREATE FUNCTION marketplace.set_registration_status(registration_id bigint, status text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    me CONSTANT bigint := identity.current_user_id();
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('status', status);
    SELECT r.user_id, r.developer_id, r.status,
           marketplace_private.is_admin() OR identity.acts_for(r.developer_id) AND r.user_id <> r.developer_id
               AS decides
    INTO held FROM marketplace.bot_marketplace_registrations r
    WHERE r.id = registration_id
      AND (identity.acts_for(r.user_id) OR identity.acts_for(r.developer_id) OR marketplace_private.is_admin())
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_registration(registration_id);
    ELSIF NOT EXISTS (SELECT FROM marketplace.registration_transitions() t
                      WHERE t.old_status = held.status AND t.new_status = status AND status <> 'pending') THEN
        PERFORM marketplace_private.refuse_registration_step(registration_id, held.status, status);
    ELSIF (NOT held.decides OR held.user_id = me)
          AND NOT (status = 'revoked' AND identity.acts_for(held.user_id)) THEN
        PERFORM bourse.refuse('42501', format('no permission to make registration %s %s', registration_id, status),
            'The developer of the bot decides, or an admin, not whose registration it is; he may revoke it.');
    END IF;
    UPDATE marketplace.bot_marketplace_registrations r SET status = status WHERE r.id = registration_id;
    RETURN status;
END
$$;
COMMENT ON FUNCTION marketplace.set_registration_status(bigint, text) IS
'Decides about a registration: approved, rejected, suspended, revoked, as registration_transitions() has it. The '
'developer of the bot, and admins, decide about those of others; whose it is may revoke it. Returns the status. 22004 '
'NULL, 42501 not his to decide, 42704 no such registration, or neither yours nor of a bot of yours, 55000 not from '
'its status';
GRANT EXECUTE ON FUNCTION marketplace.set_registration_status(bigint, text) TO bourse_trader;

CREATE FUNCTION marketplace.update_registration(
    registration_id bigint, name text DEFAULT NULL, description text DEFAULT NULL, price numeric DEFAULT NULL,
    is_active boolean DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM marketplace_private.require_offer(name, description, price);
    UPDATE marketplace.bot_marketplace_registrations r
    SET marketplace_name = coalesce(name, r.marketplace_name),
        marketplace_description = coalesce(description, r.marketplace_description),
        price_on_marketplace = coalesce(price, r.price_on_marketplace), is_active = coalesce(is_active, r.is_active)
    WHERE r.id = registration_id AND identity.acts_for(r.user_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_registration(registration_id);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace.update_registration(bigint, text, text, numeric, boolean) IS
'Changes an offer; NULL leaves what it is. is_active => false: its API key opens nothing until it is on again. 22004 '
'NULL registration, 22023 a bad value, 42704 no such registration, or of another user';
GRANT EXECUTE ON FUNCTION marketplace.update_registration(bigint, text, text, numeric, boolean) TO bourse_trader;

CREATE FUNCTION marketplace.set_registration_terms(registration_id bigint, commission_rate numeric DEFAULT NULL,
                                                   is_featured boolean DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    changed record;
BEGIN
    PERFORM bourse.require_installed();
    IF NOT marketplace_private.is_admin() THEN
        PERFORM bourse.refuse('42501', 'no permission to set the terms of registrations',
            'Connect as a member of bourse_admin, or act for a user whose role is admin.');
    ELSIF NOT commission_rate BETWEEN 0 AND 1 OR commission_rate <> round(commission_rate, 4) THEN
        PERFORM bourse.refuse('22023', format('commission_rate is %s', bourse_private.clip(commission_rate::text)),
            'Give a part from 0 to 1, with up to 4 decimals: 0.1 is a tenth.');
    END IF;
    UPDATE marketplace.bot_marketplace_registrations r
    SET commission_rate = coalesce(commission_rate, r.commission_rate),
        is_featured = coalesce(is_featured, r.is_featured)
    WHERE r.id = registration_id
    RETURNING r.user_id, r.developer_id, r.bot_id INTO changed;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_registration(registration_id);
    ELSIF changed.user_id = identity.current_user_id() THEN
        PERFORM bourse.refuse('42501', format('registration %s is your own', registration_id),
            'Have another admin set its terms.');
    ELSIF changed.user_id = changed.developer_id THEN
        UPDATE marketplace.bots b SET commission_rate = commission_rate
        WHERE b.id = changed.bot_id AND commission_rate IS NOT NULL;
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace.set_registration_terms(bigint, numeric, boolean) IS
'The part of the price that the house gets when the developer of the bot has this registration, from now on, whatever '
'becomes of it, and whether the offer is shown first; NULL leaves what it is. For admins, not for their own. 22004 '
'NULL registration, 22023 commission_rate, 42501 no admin, or his own registration, 42704 no such registration';
GRANT EXECUTE ON FUNCTION marketplace.set_registration_terms(bigint, numeric, boolean) TO bourse_admin, bourse_gateway;

CREATE FUNCTION marketplace.bot_registrations(bot_id bigint)
RETURNS TABLE (id bigint, name text, description text, price numeric, is_featured boolean, status text,
               is_active boolean, principal_id text, commission_rate numeric, registered_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, marketplace, pg_temp
SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    bot record;
BEGIN
    PERFORM bourse.require_installed();
    SELECT b.developer_id, b.is_public, marketplace_private.is_seen_whole(b.developer_id) AS is_seen_whole INTO bot
    FROM marketplace.bots b WHERE b.id = bot_registrations.bot_id;
    IF NOT FOUND OR NOT (bot.is_public OR bot.is_seen_whole) THEN
        PERFORM marketplace_private.refuse_unknown(bot_registrations.bot_id);
    END IF;
    RETURN QUERY
    SELECT r.id, r.marketplace_name::text, r.marketplace_description, r.price_on_marketplace, r.is_featured, r.status,
           r.is_active, CASE WHEN bot.is_seen_whole THEN r.user_principal_id END::text,
           CASE WHEN bot.is_seen_whole THEN r.commission_rate END, r.registered_at
    FROM marketplace.bot_marketplace_registrations r
    WHERE r.developer_id + 0 = bot.developer_id AND r.bot_id + 0 = bot_registrations.bot_id
      AND (r.status = 'approved' AND r.is_active OR bot.is_seen_whole)
    ORDER BY r.is_featured DESC, r.id LIMIT 1000;
END
$$;
COMMENT ON FUNCTION marketplace.bot_registrations(bigint) IS
'The offers of a bot, those that are featured first, up to 1,000. Others than the developer and admins are told of '
'those that are approved and active, and not by whom. 22004 NULL, 42704 no such bot, or one that is not approved';
GRANT EXECUTE ON FUNCTION marketplace.bot_registrations(bigint) TO bourse_viewer, bourse_worker;
