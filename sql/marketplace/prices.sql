-- What a purchase comes to: exact, rounded twice, half away from zero, to the decimals of the plan: discount,
-- commission.

CREATE FUNCTION marketplace_private.commission_rate(bot_id bigint) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT coalesce((SELECT b.commission_rate FROM marketplace.bots b WHERE b.id = commission_rate.bot_id),
                    (SELECT s.commission_rate FROM marketplace.billing_settings s WHERE s.only_row))
$$;
COMMENT ON FUNCTION marketplace_private.commission_rate(bigint) IS
'The part of the price of a bot that the house gets: what an admin has said of a registration that its developer has '
'of it, or else that of billing_settings';

CREATE FUNCTION marketplace_private.discount_of(list numeric, decimals integer, promotion_type text, value numeric)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT CASE promotion_type
        WHEN 'PERCENTAGE' THEN round(list * value / 100, decimals)
        -- No price is below nothing.
        WHEN 'FIXED_AMOUNT' THEN least(round(value, decimals), list)
        WHEN 'FREE_TRIAL' THEN list
        ELSE 0 END
$$;
COMMENT ON FUNCTION marketplace_private.discount_of(numeric, integer, text, numeric) IS
'What a promotion takes off a price: from 0 to all of it; NULL promotion: 0';

CREATE FUNCTION marketplace_private.price_purchase(
    user_id bigint, bot_id bigint, plan text, promotion_code text, OUT developer_id bigint, OUT currency text,
    OUT decimals smallint, OUT list numeric, OUT discount numeric, OUT final numeric, OUT rate numeric,
    OUT commission numeric, OUT payout numeric, OUT promotion_id bigint, OUT free_for interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    free boolean;
    promotion record;
BEGIN
    PERFORM marketplace_private.require_plan(plan);
    SELECT b.developer_id, b.is_free INTO developer_id, free FROM marketplace.bots b
    WHERE b.id = bot_id AND b.status = 'APPROVED';
    IF developer_id IS NULL THEN
        PERFORM marketplace_private.refuse_unknown_bot_to_buy(bot_id);
    ELSIF developer_id = user_id THEN
        PERFORM bourse.refuse('22023', format('user %s has made bot %s', user_id, bot_id),
            'Nobody buys what is his own: it costs him nothing.');
    END IF;
    SELECT CASE WHEN free THEN 0 ELSE p.price END, p.currency, p.decimals INTO list, currency, decimals
    FROM marketplace_private.plans_of(bot_id) p WHERE p.plan = plan;
    IF list IS NULL THEN
        PERFORM bourse.refuse('42704', format('bot %s has no plan %s', bot_id, plan),
            'marketplace.plans(bot_id) lists what there is.');
    END IF;
    IF promotion_code IS NOT NULL THEN
        promotion_id := marketplace_private.promotion_for(user_id, bot_id, developer_id, currency, promotion_code);
        IF promotion_id IS NULL OR list = 0 THEN
            PERFORM marketplace_private.refuse_code(promotion_code);
        END IF;
    END IF;
    SELECT p.promotion_type, p.value INTO promotion FROM marketplace.promotions p WHERE p.id = promotion_id;
    discount := marketplace_private.discount_of(list, decimals, promotion.promotion_type, promotion.value);
    free_for := CASE promotion.promotion_type WHEN 'FREE_TRIAL' THEN promotion.value * interval '1 day' END;
    final := list - discount;
    rate := marketplace_private.commission_rate(bot_id);
    commission := round(final * rate, decimals);
    payout := final - commission;
END
$$;
COMMENT ON FUNCTION marketplace_private.price_purchase(bigint, bigint, text, text) IS
'What a purchase of the first period comes to now, by a promotion code or without (NULL); free_for: how long it lasts '
'when it is free. 22004 NULL, 22023 plan, or the user''s own bot, 42704 no such bot, plan, or code that applies';

CREATE FUNCTION marketplace.preview_price(
    user_id bigint, bot_id bigint, plan text DEFAULT 'month', promotion_code text DEFAULT NULL, OUT list numeric,
    OUT discount numeric, OUT final numeric, OUT commission numeric, OUT payout numeric, OUT currency text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    SELECT p.list, p.discount, p.final, p.commission, p.payout, p.currency
    INTO list, discount, final, commission, payout, currency
    FROM marketplace_private.price_purchase(user_id, bot_id, plan, promotion_code) p;
END
$$;
COMMENT ON FUNCTION marketplace.preview_price(bigint, bigint, text, text) IS
'What the first period of a bot would cost a user now: list - discount = final, which he pays in currency; of that '
'commission goes to the house and payout to the developer. Later periods cost list. Uses no promotion and locks '
'nothing. 22004 NULL, 22023 plan, or the user''s own bot, 42501 not a user you act for, 42704 unknown user, no such '
'bot, plan, or code that applies to this purchase';
GRANT EXECUTE ON FUNCTION marketplace.preview_price(bigint, bigint, text, text) TO bourse_viewer, bourse_worker;
