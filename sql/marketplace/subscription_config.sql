-- What users say of their subscriptions. A rule that is misspelt rules nothing: what is not known is refused.

CREATE FUNCTION marketplace.config_fields()
RETURNS TABLE (config text, field text, kind text, minimum numeric, maximum numeric, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    VALUES
        ('execution_config', 'buy_order_type', 'PERCENTAGE|USDT_AMOUNT', NULL::numeric, NULL::numeric,
            'Whether an entry is a part of what is there, or an amount in the quote of the pair'),
        ('execution_config', 'buy_order_value', 'above', 0, 1000000000000,
            'How large an entry is: up to 100 percent, or the amount'),
        ('execution_config', 'sell_order_type', 'PERCENTAGE|ALL', NULL, NULL,
            'Whether an exit is a part of the position, or all of it'),
        ('execution_config', 'sell_order_value', 'above', 0, 100, 'How much of a position an exit sells, in percent'),
        ('risk_config', 'capital', 'above', 0, 1000000000000,
            'What percent of is meant, in the quote of the pair; without it the balance that was logged last'),
        ('risk_config', 'stop_loss_percent', 'above', 0, 100,
            'How far from its entry a trade stops that names no stop'),
        ('risk_config', 'take_profit_percent', 'above', 0, 10000,
            'How far from its entry a trade takes its profit that names no price'),
        ('risk_config', 'max_position_size', 'above', 0, 1000000000000,
            'What one trade may come to at its entry, in the quote of the pair'),
        ('risk_config', 'min_risk_reward_ratio', 'above', 0, 1000,
            'What a trade may win, for each unit that it may lose by its stop'),
        ('risk_config', 'risk_per_trade_percent', 'above', 0, 100, 'What one trade may lose by its stop'),
        ('risk_config', 'max_leverage', 'whole', 1, 125, 'The most leverage; with Margin and Futures only'),
        ('risk_config', 'max_portfolio_exposure', 'above', 0, 1000000000000,
            'What all open trades may come to at their entries, in the quote of the pair'),
        ('risk_config', 'daily_loss_limit_percent', 'above', 0, 100,
            'Once the trades that were closed today (UTC) have lost as much, none is opened'),
        ('risk_config', 'trailing_stop', 'object', NULL, NULL, 'A stop that follows the price'),
        ('risk_config', 'trailing_stop.activation_percent', 'above', 0, 10000, 'From how much ahead on it follows'),
        ('risk_config', 'trailing_stop.trailing_percent', 'above', 0, 100, 'How far behind the best price it is'),
        ('risk_config', 'trading_window', 'object', NULL, NULL, 'When trades are opened; without it at any time'),
        ('risk_config', 'trading_window.start', 'time', NULL, NULL, 'From when on: "22:00"'),
        ('risk_config', 'trading_window.end', 'time', NULL, NULL,
            'Until when; not after start: on the day that follows'),
        ('risk_config', 'trading_window.time_zone', 'zone', NULL, NULL, 'Whose clock, by its IANA name; UTC without'),
        ('risk_config', 'trading_window.days', 'days', NULL, NULL,
            'On which days it begins, from 1 (Monday) to 7; without them on all'),
        ('risk_config', 'cooldown', 'object', NULL, NULL, 'A rest after losses in a row'),
        ('risk_config', 'cooldown.trigger_loss_count', 'whole', 1, 1000, 'After how many'),
        ('risk_config', 'cooldown.cooldown_minutes', 'whole', 1, 527040, 'How long, from the last of them on')
$$;
COMMENT ON FUNCTION marketplace.config_fields() IS
'What may stand in execution_config and risk_config of a subscription, and of which kind it is: above, a number more '
'than minimum, up to maximum; whole, a whole number from minimum to maximum; one of the words that stand there; '
'object; time, a time of day (HH:MM); zone, a time zone; days, a list of days of the week. Nothing else is taken '
'(22023)';
GRANT EXECUTE ON FUNCTION marketplace.config_fields() TO bourse_viewer, bourse_worker, bourse_monitor;

CREATE FUNCTION marketplace_private.is_of_kind(kind text, minimum numeric, maximum numeric, value jsonb) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    number numeric;
    said text := value #>> '{}';
BEGIN
    IF kind IN ('above', 'whole') THEN
        IF jsonb_typeof(value) <> 'number' THEN
            RETURN false;
        END IF;
        number := said::numeric;
        RETURN number <= maximum AND scale(number) <= 8
           AND CASE kind WHEN 'above' THEN number > minimum ELSE number >= minimum AND number = trunc(number) END;
    ELSIF kind = 'object' THEN
        RETURN jsonb_typeof(value) = 'object' AND value <> '{}';
    ELSIF kind = 'days' THEN
        RETURN jsonb_typeof(value) = 'array' AND jsonb_array_length(value) BETWEEN 1 AND 7
           AND value <@ '[1, 2, 3, 4, 5, 6, 7]';
    ELSIF jsonb_typeof(value) <> 'string' THEN
        RETURN false;
    ELSIF kind = 'time' THEN
        RETURN said COLLATE "C" ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$';
    ELSIF kind = 'zone' THEN
        RETURN bourse_private.is_time_zone(said);
    END IF;
    RETURN said = ANY (string_to_array(kind, '|'));
END
$$;
COMMENT ON FUNCTION marketplace_private.is_of_kind(text, numeric, numeric, jsonb) IS
'Whether a value is what config_fields() says of a field';

CREATE FUNCTION marketplace_private.kind_in_words(kind text, minimum numeric, maximum numeric) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT CASE kind
        WHEN 'above' THEN format('Give a number above %s, up to %s, with up to 8 decimals.', minimum, maximum)
        WHEN 'whole' THEN format('Give a whole number from %s to %s.', minimum, maximum)
        WHEN 'object' THEN 'Give an object with at least one of its fields: marketplace.config_fields() has them.'
        WHEN 'days' THEN 'Give a list of days from 1 (Monday) to 7 (Sunday).'
        WHEN 'time' THEN 'Give a time of day like "09:30".'
        WHEN 'zone' THEN 'Give the name of a time zone, like "Europe/Berlin".'
        ELSE format('Give %s.', replace(kind, '|', ' or ')) END
$$;
COMMENT ON FUNCTION marketplace_private.kind_in_words(text, numeric, numeric) IS
'What is to be given for a field of this kind';

CREATE FUNCTION marketplace_private.require_fields(parameter text, value jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bad record;
BEGIN
    PERFORM bourse_private.require_given(parameter, value, 'Give a JSON object, were it an empty one: {}.');
    IF jsonb_typeof(value) <> 'object' OR octet_length(value::text) > 8192 THEN
        PERFORM bourse.refuse('22023',
            format('%s is a JSON %s of %s bytes', parameter, jsonb_typeof(value), octet_length(value::text)),
            'Give a JSON object of up to 8192 bytes.');
    END IF;
    SELECT v.path, v.value, f.kind, f.minimum, f.maximum INTO bad
    FROM (SELECT e.key AS path, e.value FROM jsonb_each(value) e
          UNION ALL
          SELECT e.key || '.' || i.key, i.value FROM jsonb_each(value) e
          CROSS JOIN LATERAL jsonb_each(CASE jsonb_typeof(e.value) WHEN 'object' THEN e.value ELSE '{}' END) i) v
    LEFT JOIN marketplace.config_fields() f ON f.config = parameter AND f.field = v.path
    WHERE f.field IS NULL OR NOT marketplace_private.is_of_kind(f.kind, f.minimum, f.maximum, v.value)
    ORDER BY f.field IS NOT NULL, v.path LIMIT 1;
    IF bad.kind IS NOT NULL THEN
        -- A number and what looks like one are told apart.
        PERFORM bourse.refuse('22023', format('%s.%s is %s', parameter, bad.path,
                                              CASE jsonb_typeof(bad.value)
                                                  WHEN 'string' THEN bourse_private.quoted(bad.value #>> '{}')
                                                  ELSE bourse_private.clip(bad.value::text) END),
            marketplace_private.kind_in_words(bad.kind, bad.minimum, bad.maximum));
    ELSIF FOUND THEN
        PERFORM bourse.refuse('22023', format('there is no %s in %s', bourse_private.quoted(bad.path), parameter),
            'marketplace.config_fields() lists what there is.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_fields(text, jsonb) IS
'Refuses NULL (22004), and what config_fields() does not have, or has otherwise (22023)';

CREATE FUNCTION marketplace_private.require_together(parameter text, value jsonb, fields text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF value ?| fields AND NOT value ?& fields THEN
        PERFORM bourse.refuse('22023', format('%s has some of %s only', parameter, array_to_string(fields, ', ')),
            'Give them together, or none of them.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_together(text, jsonb, text[]) IS
'Refuses an object that has some of these fields and lacks others (22023)';

CREATE FUNCTION marketplace_private.require_execution_config(execution_config jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_fields('execution_config', execution_config);
    PERFORM marketplace_private.require_together('execution_config', execution_config,
                                                 '{buy_order_type,buy_order_value}');
    IF execution_config ->> 'buy_order_type' = 'PERCENTAGE' AND (execution_config ->> 'buy_order_value')::numeric > 100
    THEN
        PERFORM bourse.refuse('22023', format('buy_order_value is %s percent', execution_config ->> 'buy_order_value'),
            'Give up to 100 percent, or an amount with the buy_order_type USDT_AMOUNT.');
    ELSIF execution_config ? 'sell_order_value'
          IS DISTINCT FROM coalesce(execution_config ->> 'sell_order_type' = 'PERCENTAGE', false) THEN
        PERFORM bourse.refuse('22023', 'sell_order_value goes with the sell_order_type PERCENTAGE, and with no other',
            'Give both, or {"sell_order_type": "ALL"} alone.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_execution_config(jsonb) IS
'Refuses what nobody could size an order by: NULL (22004), an unknown field or value, one without the other (22023)';

CREATE FUNCTION marketplace_private.require_risk_config(risk_config jsonb, trade_mode text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_fields('risk_config', risk_config);
    PERFORM marketplace_private.require_together('risk_config.cooldown', risk_config -> 'cooldown',
                                                 '{trigger_loss_count,cooldown_minutes}'),
            marketplace_private.require_together('risk_config.trading_window', risk_config -> 'trading_window',
                                                 '{start,end}');
    IF risk_config ? 'trading_window' AND NOT risk_config -> 'trading_window' ?| '{start,days}' THEN
        PERFORM bourse.refuse('22023', 'risk_config.trading_window has neither start and end nor days',
            'Give times of day, days of the week, or both.');
    ELSIF risk_config ? 'trailing_stop' AND NOT risk_config -> 'trailing_stop' ? 'trailing_percent' THEN
        PERFORM bourse.refuse('22023', 'risk_config.trailing_stop has no trailing_percent',
            'Say how far behind the best price it is.');
    ELSIF risk_config ? 'max_leverage' AND trade_mode = 'Spot' THEN
        PERFORM bourse.refuse('22023', 'max_leverage with the trade_mode Spot',
            'Spot has no leverage: leave it out, or give Margin or Futures.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_risk_config(jsonb, text) IS
'Refuses rules that nobody could keep: NULL (22004), an unknown field or value, one without the other, leverage with '
'Spot (22023)';

CREATE FUNCTION marketplace_private.require_timeframes(timeframe text, timeframes jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    known CONSTANT jsonb := '["1m", "5m", "15m", "1h", "2h", "4h", "6h", "8h", "12h", "1d", "1w"]';
    hint CONSTANT text := format('Timeframes are %s.', array_to_string(ARRAY(SELECT jsonb_array_elements_text(known)),
                                                                       ', '));
BEGIN
    PERFORM bourse_private.require_given('timeframe', timeframe, hint);
    IF NOT known ? timeframe THEN
        PERFORM bourse.refuse('22023', format('timeframe is %s', bourse_private.quoted(timeframe)), hint);
    ELSIF jsonb_typeof(timeframes) <> 'array' OR octet_length(timeframes::text) > 100
          OR NOT timeframes <@ known
          OR jsonb_array_length(timeframes) <> (SELECT count(DISTINCT t) FROM jsonb_array_elements(timeframes) t) THEN
        PERFORM bourse.refuse('22023', format('timeframes is %s', bourse_private.quoted(left(timeframes::text, 100))),
            'Give a list of them, each once. ' || hint);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_timeframes(text, jsonb) IS
'Refuses a timeframe that is NULL (22004), or that there is not, and no list of such (22023); the list may be NULL';

CREATE FUNCTION marketplace.normalise_pair(pair text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    -- Where no sign stands between, the quote is told by its name; longer names first.
    quotes CONSTANT text := 'FDUSD|USDT|USDC|BUSD|TUSD|USDP|DAI|USD|EUR|GBP|TRY|BRL|AUD|JPY|CHF|CAD|BTC|XBT|ETH|BNB';
    written text := upper(btrim(pair) COLLATE "C");
    parts text[];
BEGIN
    PERFORM bourse_private.require_given('trading_pair', pair),
            identity_private.require_length('trading_pair', pair, 40);
    parts := coalesce(regexp_match(written, '^([A-Z0-9]{1,10})[/_:-]([A-Z0-9]{2,10})$'),
                      regexp_match(written, format('^([A-Z0-9]{1,10}?)(%s)$', quotes)));
    IF parts IS NULL OR parts[1] = parts[2] THEN
        PERFORM bourse.refuse('22023', format('%s is no pair', bourse_private.quoted(pair)),
            'Give base and quote with a slash between them, like BTC/USDT.');
    END IF;
    RETURN parts[1] || '/' || parts[2];
END
$$;
COMMENT ON FUNCTION marketplace.normalise_pair(text) IS
'A pair as it is kept: BTC/USDT, also of BTCUSDT, btc-usdt and BTC_USDT. Without a sign between them the quote is one '
'of those that exchanges have. 22004 NULL, 22023 no pair';
GRANT EXECUTE ON FUNCTION marketplace.normalise_pair(text) TO bourse_viewer, bourse_worker;
