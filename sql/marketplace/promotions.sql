-- Promotions. Of a code that cannot be used there is one answer, whatever stands in its way, and no lock was waited
-- for: who tries codes learns which ones work for him, and nothing of the others.

CREATE FUNCTION marketplace_private.refuse_code(code text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('42704', format('promotion code %s does not apply', bourse_private.quoted(code)),
        'It may be mistyped, not valid now, used up, or meant for something else: buy without it, or ask who gave it.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_code(text) IS 'Says that a promotion code cannot be used (42704)';

CREATE FUNCTION marketplace_private.promotion_for(user_id bigint, bot_id bigint, developer_id bigint, currency text,
                                                  code text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT p.id FROM marketplace.promotions p
    WHERE p.developer_id = promotion_for.developer_id AND p.code || '' = upper(promotion_for.code COLLATE "C")
      AND (p.bot_id IS NULL OR p.bot_id = promotion_for.bot_id)
      AND (p.currency IS NULL OR p.currency = promotion_for.currency)
      AND p.ended_at IS NULL AND p.valid_from <= clock_timestamp()
      AND (p.valid_until IS NULL OR p.valid_until > clock_timestamp())
      AND (p.max_uses IS NULL OR p.uses < p.max_uses)
      AND (p.max_uses_per_user IS NULL OR p.max_uses_per_user > (
          SELECT count(*) FROM marketplace.promotion_uses u
          WHERE u.user_id = promotion_for.user_id AND u.promotion_id = p.id AND u.returned_at IS NULL))
      AND (p.promotion_type <> 'FREE_TRIAL' OR NOT EXISTS (
          SELECT FROM marketplace.trials t
          WHERE t.user_id = promotion_for.user_id AND t.bot_id = promotion_for.bot_id))
$$;
COMMENT ON FUNCTION marketplace_private.promotion_for(bigint, bigint, bigint, text, text) IS
'The promotion of a code that a user can use now to buy a bot; NULL: there is none';

-- Who waits for the row could have used the code when it began to wait, and looks again when it has it.
CREATE FUNCTION marketplace_private.use_promotion(user_id bigint, bot_id bigint, developer_id bigint, currency text,
                                                  code text, subscription_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    promotion bigint := marketplace_private.promotion_for(user_id, bot_id, developer_id, currency, code);
    free interval;
BEGIN
    PERFORM FROM marketplace.promotions p WHERE p.id = promotion FOR NO KEY UPDATE;
    promotion := marketplace_private.promotion_for(user_id, bot_id, developer_id, currency, code);
    IF promotion IS NULL THEN
        PERFORM marketplace_private.refuse_code(code);
    END IF;
    UPDATE marketplace.promotions p SET uses = p.uses + 1 WHERE p.id = promotion
    RETURNING CASE p.promotion_type WHEN 'FREE_TRIAL' THEN p.value * interval '1 day' END INTO free;
    INSERT INTO marketplace.promotion_uses (promotion_id, user_id, subscription_id)
    VALUES (promotion, user_id, subscription_id);
    IF free IS NOT NULL THEN
        INSERT INTO marketplace.trials AS t (user_id, bot_id, subscription_id, expires_at)
        VALUES (user_id, bot_id, subscription_id, (clock_timestamp() AT TIME ZONE 'UTC' + free) AT TIME ZONE 'UTC')
        ON CONFLICT DO NOTHING;
        IF NOT FOUND THEN
            PERFORM marketplace_private.refuse_code(code);
        END IF;
    END IF;
    RETURN promotion;
END
$$;
COMMENT ON FUNCTION marketplace_private.use_promotion(bigint, bigint, bigint, text, text, bigint) IS
'Uses a promotion for a purchase, counted under its lock until the transaction ends, and returns it. A FREE_TRIAL is '
'the one trial of the user and the bot. 42704 the code does not apply';

CREATE FUNCTION marketplace_private.return_promotion(promotion_id bigint, user_id bigint, subscription_id bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM marketplace.promotions p WHERE p.id = promotion_id FOR NO KEY UPDATE;
    UPDATE marketplace.promotion_uses u SET returned_at = clock_timestamp()
    WHERE u.user_id = user_id AND u.promotion_id = promotion_id AND u.subscription_id = subscription_id
      AND u.returned_at IS NULL;
    UPDATE marketplace.promotions p SET uses = p.uses - 1 WHERE FOUND AND p.id = promotion_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.return_promotion(bigint, bigint, bigint) IS
'Gives back the use of a promotion, once. For refunds';

CREATE FUNCTION marketplace_private.require_promotion(code text, promotion_type text, value numeric, max_uses integer,
                                                      max_uses_per_user integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('code', code), bourse_private.require_given('promotion_type', promotion_type),
            bourse_private.require_given('value', value);
    IF upper(code COLLATE "C") !~ '^[A-Z0-9][A-Z0-9_-]{2,39}$' THEN
        PERFORM bourse.refuse('22023', format('code is %s', bourse_private.quoted(code)),
            'A code has 3 to 40 letters, digits, _ and -, and begins with a letter or a digit; case does not matter.');
    ELSIF promotion_type NOT IN ('PERCENTAGE', 'FIXED_AMOUNT', 'FREE_TRIAL') THEN
        PERFORM bourse.refuse('22023', format('promotion_type is %s', bourse_private.quoted(promotion_type)),
            'Give PERCENTAGE, FIXED_AMOUNT or FREE_TRIAL.');
    ELSIF NOT (value > 0 AND value <= CASE promotion_type WHEN 'PERCENTAGE' THEN 100 WHEN 'FREE_TRIAL' THEN 365
                                                          ELSE 999999999999 END)
          OR value <> round(value, CASE promotion_type WHEN 'FREE_TRIAL' THEN 0 ELSE 8 END) THEN
        PERFORM bourse.refuse('22023', format('value is %s', bourse_private.clip(value::text)),
            'PERCENTAGE is above 0 up to 100, FIXED_AMOUNT above 0 in its currency, FREE_TRIAL 1 to 365 days.');
    ELSIF max_uses < 1 OR max_uses_per_user < 1 THEN
        PERFORM bourse.refuse('22023', format('max_uses is %s, max_uses_per_user %s', coalesce(max_uses::text, 'NULL'),
                                              coalesce(max_uses_per_user::text, 'NULL')),
            'Give at least 1, or NULL for no end.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_promotion(text, text, numeric, integer, integer) IS
'Refuses what cannot be a promotion: NULL (22004), code, type, value or uses (22023)';

CREATE FUNCTION marketplace.create_promotion(
    developer_id bigint, code text, promotion_type text, value numeric, bot_id bigint DEFAULT NULL,
    currency text DEFAULT 'USD', max_uses integer DEFAULT NULL, max_uses_per_user integer DEFAULT 1,
    valid_from timestamptz DEFAULT now(), valid_until timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10000;
    plain CONSTANT text := upper(code COLLATE "C");
    created bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(developer_id);
    PERFORM marketplace_private.require_promotion(code, promotion_type, value, max_uses, max_uses_per_user);
    PERFORM bourse_private.require_given('currency', currency), exchange_private.require_asset(currency)
    WHERE promotion_type = 'FIXED_AMOUNT';
    PERFORM bourse_private.require_given('valid_from', valid_from);
    IF NOT isfinite(valid_from) OR NOT isfinite(valid_until) OR valid_until <= valid_from THEN
        PERFORM bourse.refuse('22023',
            format('valid from %s until %s', valid_from, coalesce(valid_until::text, 'NULL')),
            'Give two times, the second after the first, or NULL for no end.');
    ELSIF NOT EXISTS (SELECT FROM marketplace.bots b WHERE b.developer_id = developer_id AND b.id = bot_id)
          AND bot_id IS NOT NULL THEN
        PERFORM bourse.refuse('42704', format('user %s has no bot %s', developer_id, bot_id),
            'Name a bot of the developer, or none for all of them.');
    ELSIF (SELECT count(*) FROM (SELECT FROM marketplace.promotions p
                                 WHERE p.developer_id = developer_id LIMIT most) p) = most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s promotions', developer_id, most),
            'Go on with those: a code can be used by many.');
    END IF;
    INSERT INTO marketplace.promotions (developer_id, bot_id, code, promotion_type, value, currency, max_uses,
                                        max_uses_per_user, valid_from, valid_until)
    VALUES (developer_id, bot_id, plain, promotion_type, value,
            CASE promotion_type WHEN 'FIXED_AMOUNT' THEN currency END, max_uses, max_uses_per_user, valid_from,
            valid_until)
    -- Of unique keys there is the code: ids are drawn.
    ON CONFLICT DO NOTHING RETURNING id INTO created;
    IF created IS NULL THEN
        PERFORM bourse.refuse('23505', format('user %s has promotion code %s already', developer_id,
                                              bourse_private.quoted(plain)),
            'Take another code: one that was used stays what it was.');
    END IF;
    RETURN created;
END
$$;
COMMENT ON FUNCTION marketplace.create_promotion(
    bigint, text, text, numeric, bigint, text, integer, integer, timestamptz, timestamptz) IS
'Makes a code that makes the first period of a purchase cheaper, and returns its id. code: 3 to 40 letters and digits, '
'in any case; promotion_type and value: PERCENTAGE of the price, above 0 up to 100; FIXED_AMOUNT in currency, up to '
'the price; FREE_TRIAL: the first so many days cost nothing, once for a user and a bot. bot_id: for this bot; NULL: '
'all of the developer. max_uses in all and max_uses_per_user: NULL: without end. valid_from is included, valid_until '
'not. 22004 NULL, 22023 a bad value, 23505 the developer has the code, 42501 not a user you act for, 42704 unknown '
'user, or no bot of his, 54000 he has 10,000 promotions, 55000 he has been erased';

CREATE FUNCTION marketplace.end_promotion(promotion_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('promotion_id', promotion_id);
    UPDATE marketplace.promotions p SET ended_at = coalesce(p.ended_at, clock_timestamp())
    WHERE p.id = promotion_id AND identity.acts_for(p.developer_id);
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('promotion %s does not exist', promotion_id),
            'marketplace.promotions lists yours.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace.end_promotion(bigint) IS
'Ends a promotion: nobody uses it any more. 22004 NULL, 42704 no such promotion, or of another developer';
GRANT EXECUTE ON FUNCTION marketplace.create_promotion(
        bigint, text, text, numeric, bigint, text, integer, integer, timestamptz, timestamptz),
    marketplace.end_promotion(bigint) TO bourse_trader, bourse_worker;
