-- Plans: what a bot costs for a month, a quarter, a year. A change is for whoever buys later.

CREATE FUNCTION marketplace_private.plan_length(plan text) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT CASE plan WHEN 'month' THEN interval '1 month' WHEN 'quarter' THEN interval '3 months'
                     WHEN 'year' THEN interval '1 year' END
$$;
COMMENT ON FUNCTION marketplace_private.plan_length(text) IS
'How long a period of a plan is; NULL: there is no such plan';

CREATE FUNCTION marketplace_private.require_plan(plan text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('plan', plan);
    IF marketplace_private.plan_length(plan) IS NULL THEN
        PERFORM bourse.refuse('22023', format('plan is %s', bourse_private.quoted(plan)),
            'Give month, quarter or year.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_plan(text) IS 'Refuses what is no plan: NULL (22004), 22023';

CREATE FUNCTION marketplace_private.plans_of(bot_id bigint)
RETURNS TABLE (plan text, price numeric, currency text, decimals smallint)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT p.plan, p.price, p.currency, p.decimals FROM marketplace.pricing_plans p WHERE p.bot_id + 0 = plans_of.bot_id
    UNION ALL
    SELECT 'month', b.price_per_month, 'USD', 2::smallint FROM marketplace.bots b
    WHERE b.id = plans_of.bot_id AND NOT EXISTS (
        SELECT FROM marketplace.pricing_plans p WHERE p.bot_id + 0 = plans_of.bot_id AND p.plan = 'month')
$$;
COMMENT ON FUNCTION marketplace_private.plans_of(bigint) IS
'The plans of a bot: its rows, and its price_per_month in USD unless it has a month in another currency';

CREATE FUNCTION marketplace_private.refuse_unknown_bot_to_buy(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('bot_id', bot_id);
    PERFORM bourse.refuse('42704', format('there is no bot %s to buy', bot_id),
        'marketplace.search_bots() finds those that are approved.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown_bot_to_buy(bigint) IS
'Says that there is no such bot, or that it cannot be bought: NULL (22004), 42704';

CREATE FUNCTION marketplace.plans(bot_id bigint)
RETURNS TABLE (plan text, price numeric, currency text, decimals smallint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM marketplace.bots b
                   WHERE b.id = plans.bot_id AND (b.status = 'APPROVED' OR identity.acts_for(b.developer_id))) THEN
        PERFORM marketplace_private.refuse_unknown_bot_to_buy(plans.bot_id);
    END IF;
    RETURN QUERY SELECT p.* FROM marketplace_private.plans_of(plans.bot_id) p
    ORDER BY marketplace_private.plan_length(p.plan);
END
$$;
COMMENT ON FUNCTION marketplace.plans(bigint) IS
'What a bot costs now, the shortest plan first: price of a period, the asset that it is paid in, to how many decimals '
'discounts and commission are rounded. Of bots that are approved, and one''s own. 22004 NULL, 42704 no such bot';
GRANT EXECUTE ON FUNCTION marketplace.plans(bigint) TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace_private.require_price(price numeric, currency text, decimals integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('price', price), bourse_private.require_given('currency', currency),
            exchange_private.require_asset(currency);
    IF decimals NOT IN (2, 8) THEN
        PERFORM bourse.refuse('22023', format('decimals is %s', decimals), 'Give 2 or 8.');
    -- NaN is above every number.
    ELSIF NOT (price >= 0 AND price < 1000000000000) OR price <> round(price, decimals) THEN
        PERFORM bourse.refuse('22023', format('price is %s', bourse_private.clip(price::text)),
            format('Give an amount from 0 to less than 1000000000000, with up to %s decimals.', decimals));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_price(numeric, text, integer) IS
'Refuses a price that is NULL (22004), negative, not finite, too large or too fine, and what is no asset (22023)';

CREATE FUNCTION marketplace_private.lock_own_bot(bot_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    held record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('bot_id', lock_own_bot.bot_id);
    PERFORM bourse_private.require_read_committed('a change of a bot');
    SELECT b.developer_id, b.status INTO held FROM marketplace.bots b
    WHERE b.id = lock_own_bot.bot_id AND identity.acts_for(b.developer_id) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('bot %s does not exist', lock_own_bot.bot_id),
            'marketplace.bots lists yours.');
    ELSIF held.status = 'ARCHIVED' THEN
        PERFORM bourse.refuse('55000', format('bot %s is archived', lock_own_bot.bot_id),
            'Nobody buys it any more: submit another.');
    END IF;
    RETURN held.developer_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_own_bot(bigint) IS
'Locks a bot whose developer the session acts for, and returns the developer. 22004 NULL, 25001 not READ COMMITTED, '
'42704 no such bot, or of another developer, 55000 it is archived';

CREATE FUNCTION marketplace.create_plan(bot_id bigint, plan text, price numeric, currency text DEFAULT 'USD',
                                        decimals integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    fine CONSTANT integer := coalesce(create_plan.decimals, CASE create_plan.currency WHEN 'USD' THEN 2 ELSE 8 END);
BEGIN
    PERFORM bourse.require_installed();
    PERFORM marketplace_private.lock_own_bot(create_plan.bot_id), marketplace_private.require_plan(create_plan.plan),
            marketplace_private.require_price(create_plan.price, create_plan.currency, fine);
    IF create_plan.plan = 'month' AND create_plan.currency = 'USD' THEN
        IF fine <> 2 OR create_plan.price >= 100000000 THEN
            PERFORM bourse.refuse('22023', format('a month for %s USD, to %s decimals', create_plan.price, fine),
                'A month in USD is bots.price_per_month: less than 100000000, with 2 decimals.');
        END IF;
        UPDATE marketplace.bots b SET price_per_month = create_plan.price
        WHERE b.id = create_plan.bot_id AND b.price_per_month <> create_plan.price;
        DELETE FROM marketplace.pricing_plans p WHERE p.bot_id + 0 = create_plan.bot_id AND p.plan = 'month';
        RETURN;
    ELSIF (SELECT b.is_free FROM marketplace.bots b WHERE b.id = create_plan.bot_id) THEN
        PERFORM bourse.refuse('55000', format('bot %s is free', create_plan.bot_id),
            'A bot whose price_per_month is 0 costs nothing by any plan: give it a month in USD first.');
    END IF;
    INSERT INTO marketplace.pricing_plans AS p (bot_id, plan, price, currency, decimals)
    VALUES (create_plan.bot_id, create_plan.plan, create_plan.price, create_plan.currency, fine)
    ON CONFLICT ((bot_id + 0), plan) DO UPDATE
    SET price = excluded.price, currency = excluded.currency, decimals = excluded.decimals
    WHERE (p.price, p.currency, p.decimals) IS DISTINCT FROM (excluded.price, excluded.currency, excluded.decimals);
END
$$;
COMMENT ON FUNCTION marketplace.create_plan(bigint, text, numeric, text, integer) IS
'Says what a bot costs by a plan: month, quarter or year. price: of a period, 0: nothing; currency: an asset of the '
'exchange; decimals: to how many discounts and commission are rounded, half away from zero, 2 or 8; NULL: 2 for USD, '
'else 8. A plan that the bot has gets this price, for whoever buys later: who has bought goes on with his own. A month '
'in USD is bots.price_per_month; while that is 0 the bot is free, by whatever plan. 22004 NULL, 22023 plan, price, '
'currency or decimals, 25001 not READ COMMITTED, 42704 no such bot, or of another developer, 55000 it is archived, or '
'free';

CREATE FUNCTION marketplace.remove_plan(bot_id bigint, plan text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM marketplace_private.lock_own_bot(bot_id), marketplace_private.require_plan(plan);
    DELETE FROM marketplace.pricing_plans p WHERE p.bot_id + 0 = bot_id AND p.plan = plan;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION marketplace.remove_plan(bigint, text) IS
'Takes a plan from a bot: nobody buys it any more, who has bought it goes on. Of a month, what is left is '
'bots.price_per_month in USD. Returns whether it was there. SQLSTATEs as create_plan()';
GRANT EXECUTE ON FUNCTION marketplace.create_plan(bigint, text, numeric, text, integer),
    marketplace.remove_plan(bigint, text) TO bourse_trader, bourse_worker;
