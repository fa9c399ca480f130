-- Bots as principals offer them. An API key is as those of identity: a prefix that finds it, and a digest of the whole.

CREATE FUNCTION marketplace.registration_transitions() RETURNS TABLE (old_status text, new_status text, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, marketplace, pg_temp AS $$
    VALUES
        ('pending',   'approved',  'the developer of the bot, or an admin, agrees'),
        ('pending',   'rejected',  'he does not'),
        ('approved',  'suspended', 'he has it rest: its API key opens nothing'),
        ('suspended', 'approved',  'it goes on'),
        ('rejected',  'approved',  'he agrees after all'),
        ('rejected',  'pending',   'register_bot() again'),
        ('pending',   'revoked',   'whose it is gives it up, or an admin ends it'),
        ('approved',  'revoked',   'as pending'),
        ('suspended', 'revoked',   'as pending'),
        ('rejected',  'revoked',   'as pending'),
        ('revoked',   'pending',   'register_bot() again')
$$;
COMMENT ON FUNCTION marketplace.registration_transitions() IS
'What may become of a registration: from which status to which. Any other is refused (55000). Who offers a bot of his '
'own begins with approved: an admin has approved the bot';
GRANT EXECUTE ON FUNCTION marketplace.registration_transitions() TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace_private.refuse_registration_step(registration_id bigint, status text, new_status text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000',
        format('registration %s cannot become %s: it is %s', registration_id, bourse_private.quoted(new_status),
            status),
        'marketplace.registration_transitions() has what may become of it.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_registration_step(bigint, text, text) IS
'Says that a registration cannot become this (55000)';

CREATE FUNCTION marketplace_private.refuse_unknown_registration(registration_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('registration_id', registration_id);
    PERFORM bourse.refuse('42704', format('registration %s does not exist', registration_id),
        'marketplace.bot_marketplace_registrations lists yours.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown_registration(bigint) IS
'Says that there is no such registration, or not for this session: NULL (22004), 42704';

CREATE FUNCTION marketplace_private.require_offer(name text, description text, price numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_title('name', name, 255) WHERE name IS NOT NULL;
    PERFORM marketplace_private.require_words('description', description, 10000) WHERE description IS NOT NULL;
    PERFORM marketplace_private.require_price('price', price) WHERE price IS NOT NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_offer(text, text, numeric) IS
'Refuses what an offer cannot say (22023); NULL passes';

-- A prefix names one key: another is drawn when it is taken, once in 4 billion for each key that there is.
CREATE FUNCTION marketplace_private.new_registration_key() RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    drawn text;
BEGIN
    LOOP
        drawn := 'bot_' || substr(identity_private.new_api_key(), 5);
        EXIT WHEN NOT EXISTS (SELECT FROM marketplace.bot_marketplace_registrations r
                              WHERE r.prefix || '' = left(drawn, 12));
    END LOOP;
    RETURN drawn;
END
$$;
COMMENT ON FUNCTION marketplace_private.new_registration_key() IS
'bot_, 8 digits of prefix that no registration has, _ and 32 random bytes in base64';

CREATE FUNCTION marketplace_private.principal_owner(principal_id text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse_private.require_given('principal_id', principal_id),
            identity_private.require_length('principal_id', principal_id, 255);
    SELECT p.user_id INTO owner FROM identity.user_principals p
    WHERE p.principal_id || '' = principal_id AND p.status = 'ACTIVE' AND identity.acts_for(p.user_id);
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704',
            format('principal %s is not registered, or not active', bourse_private.quoted(principal_id)),
            'identity.user_principals lists yours; identity.register_principal() gives one to a user.');
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION marketplace_private.principal_owner(text) IS
'The user of an active principal, whom the session acts for. 22004 NULL, 22023 too long, 42704 there is none';

CREATE FUNCTION marketplace_private.hold_offers(user_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT bourse_private.hold_key(format('marketplace.bot_marketplace_registrations %s', user_id))
$$;
COMMENT ON FUNCTION marketplace_private.hold_offers(bigint) IS
'Has whoever offers bots for a user, or reviews one for him, do it one after the other, until the transaction ends';

CREATE FUNCTION marketplace_private.require_no_review(user_id bigint, bot_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM marketplace.bot_reviews r WHERE r.user_id = user_id AND r.bot_id = bot_id) THEN
        PERFORM bourse.refuse('55000', format('user %s has reviewed bot %s', user_id, bot_id),
            'Who offers a bot does not review it: marketplace.delete_review() takes that back.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_no_review(bigint, bigint) IS
'Refuses a user who has reviewed the bot that he wants to offer (55000). His offers are held';

CREATE FUNCTION marketplace.register_bot(principal_id text, bot_id bigint, name text, description text DEFAULT NULL,
                                         price numeric DEFAULT NULL, OUT id bigint, OUT api_key text)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    owner bigint;
    developer bigint;
    begins text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('register_bot()');
    owner := marketplace_private.principal_owner(principal_id);
    PERFORM bourse_private.require_given('name', name), marketplace_private.require_offer(name, description, price);
    PERFORM FROM identity.users u WHERE u.id = owner FOR KEY SHARE;
    PERFORM identity_private.require_active(owner);
    -- Two sessions that register one each: the second counts that of the first.
    PERFORM marketplace_private.hold_offers(owner);
    developer := marketplace_private.keep_sold_bot(bot_id);
    PERFORM marketplace_private.require_no_review(owner, bot_id);
    IF (SELECT count(*) FROM marketplace.bot_marketplace_registrations r WHERE r.user_id = owner) >= most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s registrations', owner, most),
            'Take another user, or offer fewer bots.');
    END IF;
    begins := CASE WHEN developer = owner THEN 'approved' ELSE 'pending' END;
    api_key := marketplace_private.new_registration_key();
    INSERT INTO marketplace.bot_marketplace_registrations AS r (
        user_id, user_principal_id, bot_id, developer_id, prefix, key_hash, status, marketplace_name,
        marketplace_description, price_on_marketplace, commission_rate)
    VALUES (owner, principal_id, bot_id, developer, left(api_key, 12), sha256(convert_to(api_key, 'UTF8')),
            begins, name, description, price, marketplace_private.commission_rate(bot_id))
    ON CONFLICT ON CONSTRAINT bot_marketplace_registrations_principal_key DO UPDATE
    SET prefix = excluded.prefix, key_hash = excluded.key_hash, key_rotated_at = clock_timestamp(),
        marketplace_name = excluded.marketplace_name, marketplace_description = excluded.marketplace_description,
        price_on_marketplace = excluded.price_on_marketplace,
        status = CASE WHEN r.status IN ('rejected', 'revoked') THEN 'pending' ELSE r.status END
    RETURNING r.id INTO id;
    -- What its user has given up himself, or somebody else has not let him have, waits for somebody else.
END
$$;
COMMENT ON FUNCTION marketplace.register_bot(text, bigint, text, text, numeric) IS
'Offers an approved bot under a principal, and returns the id of the registration and its API key, which is never '
'shown again. It is pending until the developer of the bot, or an admin, agrees; of one''s own bot it is approved. '
'Once more: the offer is changed, the key is another, and one that was rejected or revoked is pending again. name: 1 '
'to 255 characters; description: up to 10000; price: a month, as submit_bot(), NULL: what the bot costs. 22004 NULL, '
'22023 a bad value, 25001 not READ COMMITTED, 42501 the user is not active, 42704 no such active principal, or '
'somebody else''s, no such bot, or one that is not approved, 54000 1,000 registrations, 55000 the user has reviewed '
'the bot, or been erased';
GRANT EXECUTE ON FUNCTION marketplace.register_bot(text, bigint, text, text, numeric) TO bourse_trader;

CREATE FUNCTION marketplace.rotate_registration_key(registration_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    was text;
    owner bigint;
    fresh text;
BEGIN
    PERFORM bourse.require_installed();
    SELECT r.user_id, r.status INTO owner, was FROM marketplace.bot_marketplace_registrations r
    WHERE r.id = registration_id AND identity.acts_for(r.user_id) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_registration(registration_id);
    ELSIF was = 'revoked' THEN
        PERFORM bourse.refuse('55000', format('registration %s is revoked', registration_id),
            'marketplace.register_bot() offers the bot again, with a new key.');
    END IF;
    PERFORM identity_private.require_active(owner);
    fresh := marketplace_private.new_registration_key();
    UPDATE marketplace.bot_marketplace_registrations r
    SET prefix = left(fresh, 12), key_hash = sha256(convert_to(fresh, 'UTF8')), key_rotated_at = clock_timestamp()
    WHERE r.id = registration_id;
    RETURN fresh;
END
$$;
COMMENT ON FUNCTION marketplace.rotate_registration_key(bigint) IS
'A new API key of a registration, which is never shown again; the old one opens nothing from now on. 22004 NULL, '
'42501 the user is not active, 42704 no such registration, or of another user, 55000 it is revoked';
GRANT EXECUTE ON FUNCTION marketplace.rotate_registration_key(bigint) TO bourse_trader;

CREATE FUNCTION marketplace.authenticate_registration(api_key text)
RETURNS TABLE (id bigint, bot_id bigint, principal_id text)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, marketplace, pg_temp
SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM identity_private.require_operator();
    RETURN QUERY
    SELECT r.id, r.bot_id, r.user_principal_id::text
    FROM marketplace.bot_marketplace_registrations r
    JOIN marketplace.bots b ON b.id = r.bot_id AND b.is_public
    JOIN identity.users u ON u.id = r.user_id AND u.is_active
    JOIN identity.user_principals p
      ON p.user_id = r.user_id AND p.principal_id = r.user_principal_id AND p.status = 'ACTIVE'
    WHERE r.prefix || '' = left(authenticate_registration.api_key, 12) AND r.status = 'approved' AND r.is_active
      AND identity_private.is_key_of(authenticate_registration.api_key, r.key_hash);
END
$$;
COMMENT ON FUNCTION marketplace.authenticate_registration(text) IS
'The registration of an API key, its bot and its principal, when it is approved and active, the bot is approved, and '
'user and principal are active; otherwise no row. 42501 the session does not act for everybody';
GRANT EXECUTE ON FUNCTION marketplace.authenticate_registration(text) TO bourse_gateway, bourse_admin;
