-- Whether a subscription may open a trade: asked when it is about to, by the clock of the server. Whoever asks has
-- locked the subscription, so that two trades at once are counted one after the other.

CREATE FUNCTION marketplace_private.refuse_trade(subscription_id bigint, rule text, reason text, hint text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000', format('subscription %s may not open this trade: %s (%s)', subscription_id, reason,
                                          rule), hint);
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_trade(bigint, text, text, text) IS
'Says that a rule of risk_config keeps a trade from being opened, and why (55000)';

CREATE FUNCTION marketplace_private.is_in_window(trading_window jsonb, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    there CONSTANT timestamp := at AT TIME ZONE coalesce(trading_window ->> 'time_zone', 'UTC');
    clock CONSTANT time := there::time;
    opens CONSTANT time := trading_window ->> 'start';
    closes CONSTANT time := trading_window ->> 'end';
    days CONSTANT jsonb := coalesce(trading_window -> 'days', '[1, 2, 3, 4, 5, 6, 7]');
    today CONSTANT boolean := days @> to_jsonb(extract(isodow FROM there));
    yesterday CONSTANT boolean := days @> to_jsonb(extract(isodow FROM there - interval '1 day'));
BEGIN
    IF opens IS NULL THEN
        RETURN today;
    ELSIF opens < closes THEN
        RETURN today AND clock >= opens AND clock < closes;
    END IF;
    -- Over midnight: what is left of the window belongs to the day on which it has begun.
    RETURN today AND clock >= opens OR yesterday AND clock < closes;
END
$$;
COMMENT ON FUNCTION marketplace_private.is_in_window(jsonb, timestamptz) IS
'Whether a time is in a trading window, by the clock of its zone; the start is, the end is not';

CREATE FUNCTION marketplace_private.cooldown_until(cooldown jsonb, losses bigint, last_loss_at timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    RETURN CASE WHEN losses >= (cooldown ->> 'trigger_loss_count')::integer
                THEN last_loss_at + (cooldown ->> 'cooldown_minutes')::integer * interval '1 minute' END;
END
$$;
COMMENT ON FUNCTION marketplace_private.cooldown_until(jsonb, bigint, timestamptz) IS
'Until when a subscription rests after so many losses in a row; NULL: it does not';

CREATE FUNCTION marketplace_private.require_time_to_trade(subscription_id bigint, rules jsonb, losses bigint,
                                                          last_loss_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    rests_until CONSTANT timestamptz := marketplace_private.cooldown_until(rules -> 'cooldown', losses, last_loss_at);
BEGIN
    IF rules ? 'trading_window' AND NOT marketplace_private.is_in_window(rules -> 'trading_window', moment) THEN
        PERFORM marketplace_private.refuse_trade(subscription_id, 'trading_window', 'it is outside its hours',
            'Wait for them, or change risk_config: marketplace.change_config(). Open trades may be closed.');
    ELSIF rests_until > moment THEN
        PERFORM marketplace_private.refuse_trade(subscription_id, 'cooldown',
            format('it rests until %s, trades lost in a row: %s', rests_until, losses),
            'Wait for it. Open trades may be closed.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_time_to_trade(bigint, jsonb, bigint, timestamptz) IS
'Refuses a trade outside the trading window, or in the rest after losses (55000)';

-- What percent are of: what the user says, or what the bot has logged.
CREATE FUNCTION marketplace_private.capital_of(user_id bigint, subscription_id bigint, rules jsonb) RETURNS numeric
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    RETURN coalesce((rules ->> 'capital')::numeric,
        (SELECT l.balance FROM marketplace.performance_logs l
         WHERE l.user_id = user_id AND l.subscription_id = subscription_id
         ORDER BY l."timestamp" DESC LIMIT 1));
END
$$;
COMMENT ON FUNCTION marketplace_private.capital_of(bigint, bigint, jsonb) IS
'What a subscription trades with, in the quote of the pair: capital of its risk_config, or the balance that was logged '
'last; NULL: neither is there';

CREATE FUNCTION marketplace_private.require_loss_bearable(subscription_id bigint, rules jsonb, capital numeric,
                                                          day_pnl numeric, day_cost numeric) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    -- Without capital the trades of the day are all there is to measure by.
    bearable CONSTANT numeric := (rules ->> 'daily_loss_limit_percent')::numeric / 100 * coalesce(capital, day_cost);
BEGIN
    IF day_pnl < 0 AND -day_pnl >= bearable THEN
        PERFORM marketplace_private.refuse_trade(subscription_id, 'daily_loss_limit_percent',
            format('it has lost %s today', trim_scale(-day_pnl)),
            'Wait for the next day in UTC, or change risk_config: marketplace.change_config().');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_loss_bearable(bigint, jsonb, numeric, numeric, numeric) IS
'Refuses a trade on a day that has lost as much as daily_loss_limit_percent of the capital, or, if that is not known, '
'of what the trades that were closed that day had cost (55000)';

CREATE FUNCTION marketplace_private.require_size(subscription_id bigint, rules jsonb, capital numeric, cost numeric,
                                                 exposure numeric) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF cost > (rules ->> 'max_position_size')::numeric THEN
        PERFORM marketplace_private.refuse_trade(subscription_id, 'max_position_size',
            format('it comes to %s', trim_scale(cost)), format('Give up to %s.', rules ->> 'max_position_size'));
    ELSIF exposure + cost > (rules ->> 'max_portfolio_exposure')::numeric THEN
        PERFORM marketplace_private.refuse_trade(subscription_id, 'max_portfolio_exposure',
            format('all open trades would come to %s', trim_scale(exposure + cost)),
            format('Close some: up to %s may be open.', rules ->> 'max_portfolio_exposure'));
    ELSIF exposure + cost > (rules ->> 'max_leverage')::numeric * capital THEN
        PERFORM marketplace_private.refuse_trade(subscription_id, 'max_leverage',
            format('all open trades would come to %s of a capital of %s', trim_scale(exposure + cost),
                   trim_scale(capital)),
            format('Up to %s times the capital may be open.', rules ->> 'max_leverage'));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_size(bigint, jsonb, numeric, numeric, numeric) IS
'Refuses a trade that is too large, or too large together with those that are open (55000)';

CREATE FUNCTION marketplace_private.require_worth_its_risk(
    subscription_id bigint, rules jsonb, capital numeric, side text, quantity numeric, entry_price numeric,
    stop_loss_price numeric, take_profit_price numeric) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    -- What a trade does not say, risk_config does.
    loss CONSTANT numeric := coalesce(
        CASE side WHEN 'BUY' THEN entry_price - stop_loss_price ELSE stop_loss_price - entry_price END,
        entry_price * (rules ->> 'stop_loss_percent')::numeric / 100);
    gain CONSTANT numeric := coalesce(
        CASE side WHEN 'BUY' THEN take_profit_price - entry_price ELSE entry_price - take_profit_price END,
        entry_price * (rules ->> 'take_profit_percent')::numeric / 100);
BEGIN
    IF rules ? 'min_risk_reward_ratio' THEN
        IF loss IS NULL OR gain IS NULL THEN
            PERFORM marketplace_private.refuse_trade(subscription_id, 'min_risk_reward_ratio',
                'it has no stop-loss or no take-profit',
                'Give stop_loss_price and take_profit_price, or percentages in risk_config.');
        ELSIF gain < loss * (rules ->> 'min_risk_reward_ratio')::numeric THEN
            PERFORM marketplace_private.refuse_trade(subscription_id, 'min_risk_reward_ratio',
                format('it may win %s and lose %s for each unit', trim_scale(gain), trim_scale(loss)),
                format('It must win %s times what it may lose.', rules ->> 'min_risk_reward_ratio'));
        END IF;
    END IF;
    IF rules ? 'risk_per_trade_percent' THEN
        IF loss IS NULL OR capital IS NULL THEN
            PERFORM marketplace_private.refuse_trade(subscription_id, 'risk_per_trade_percent',
                CASE WHEN loss IS NULL THEN 'it has no stop-loss' ELSE 'its capital is not known' END,
                'Give stop_loss_price, or stop_loss_percent in risk_config; capital there, or log a balance.');
        ELSIF loss * quantity > capital * (rules ->> 'risk_per_trade_percent')::numeric / 100 THEN
            PERFORM marketplace_private.refuse_trade(subscription_id, 'risk_per_trade_percent',
                format('it may lose %s of a capital of %s', trim_scale(loss * quantity), trim_scale(capital)),
                format('It may risk %s percent of it.', rules ->> 'risk_per_trade_percent'));
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_worth_its_risk(
    bigint, jsonb, numeric, text, numeric, numeric, numeric, numeric) IS
'Refuses a trade that may win too little for what it may lose, or lose too much by its stop (55000)';

CREATE FUNCTION marketplace_private.require_may_trade(
    subscription_id bigint, side text, quantity numeric, entry_price numeric, stop_loss_price numeric DEFAULT NULL,
    take_profit_price numeric DEFAULT NULL, entry_time timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    held record;
    capital numeric;
BEGIN
    SELECT s.user_id, s.user_principal_id, s.exchange_type, s.network_type, s.status, s.started_at, s.ends_at,
           s.risk_config AS rules, coalesce(r.exposure, 0) AS exposure, coalesce(r.losses, 0) AS losses,
           r.last_loss_at,
           CASE r.day WHEN (clock_timestamp() AT TIME ZONE 'UTC')::date THEN r.day_pnl ELSE 0 END AS day_pnl,
           r.day_cost
    INTO held
    FROM marketplace.subscriptions s
    LEFT JOIN marketplace.risk_states r ON r.user_id = s.user_id AND r.subscription_id = s.id
    WHERE s.id = subscription_id;
    IF held.status <> 'ACTIVE' THEN
        PERFORM marketplace_private.refuse_subscription_step(subscription_id, held.status, 'open a trade');
    END IF;
    PERFORM marketplace_private.require_entitled(subscription_id, held.started_at, held.ends_at),
            marketplace_private.require_credential(held.user_id, held.user_principal_id, held.exchange_type,
                                                   held.network_type);
    IF held.rules = '{}' THEN
        RETURN;
    END IF;
    capital := marketplace_private.capital_of(held.user_id, subscription_id, held.rules)
        WHERE held.rules ?| '{daily_loss_limit_percent,risk_per_trade_percent,max_leverage}';
    PERFORM marketplace_private.require_time_to_trade(subscription_id, held.rules, held.losses, held.last_loss_at),
            marketplace_private.require_loss_bearable(subscription_id, held.rules, capital, held.day_pnl,
                                                      held.day_cost),
            marketplace_private.require_size(subscription_id, held.rules, capital, quantity * entry_price,
                                             held.exposure),
            marketplace_private.require_worth_its_risk(subscription_id, held.rules, capital, side, quantity,
                                                       entry_price, stop_loss_price, take_profit_price);
END
$$;
COMMENT ON FUNCTION marketplace_private.require_may_trade(bigint, text, numeric, numeric, numeric, numeric, timestamptz)
IS
'Refuses a trade that a subscription which is locked may not open now: it is not ACTIVE, has ended, has no valid '
'credential on mainnet, or a rule of its risk_config is against it (55000). entry_time is what somebody says: no rule '
'looks at it';
