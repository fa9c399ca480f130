-- Bots: what their users say of them. Whoever may not act for a bot's user does not learn whether there is the bot.

CREATE FUNCTION trading_private.refuse_unknown(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('bot_id', bot_id);
    PERFORM bourse.refuse('42704', format('bot %s does not exist', bot_id), 'trading.bots lists yours.');
END
$$;
COMMENT ON FUNCTION trading_private.refuse_unknown(bigint) IS
'Says that there is no such bot, or not for this session: NULL (22004), 42704';

-- Fills, steps and orders of a bot come one after the other: each begins with this lock.
CREATE FUNCTION trading_private.lock_bot(bot_id bigint, for_anybody boolean DEFAULT false)
RETURNS TABLE (user_id bigint, status text, trade_type text, quote text, open_positions integer, config jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    -- What others have done before the lock is held must be seen: an order that has just been placed, above all.
    PERFORM bourse_private.require_read_committed('a step of a bot');
    RETURN QUERY
    SELECT b.user_id, b.status, b.trade_type, b.quote, b.open_positions, b.config
    FROM trading.bot_accounts b WHERE b.id = lock_bot.bot_id AND (for_anybody OR identity.acts_for(b.user_id))
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM trading_private.refuse_unknown(lock_bot.bot_id);
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.lock_bot(bigint, boolean) IS
'Locks a bot until the transaction ends, and says how it is now. for_anybody: the caller has been asked what he may. '
'22004 NULL, 42704 no such bot, or of a user whom the session does not act for, 25001 not READ COMMITTED';

CREATE FUNCTION trading_private.require_bot(bot_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM trading.bot_accounts b
                   WHERE b.id = require_bot.bot_id AND identity.acts_for(b.user_id)) THEN
        PERFORM trading_private.refuse_unknown(require_bot.bot_id);
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_bot(bigint) IS
'Refuses a bot that is NULL (22004), or is not there for this session (42704)';

CREATE FUNCTION trading_private.require_open_object(parameter text, value jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    secret text;
BEGIN
    IF jsonb_typeof(value) <> 'object' OR octet_length(value::text) > 65536 THEN
        PERFORM bourse.refuse('22023',
            format('%s is a JSON %s of %s bytes', parameter, jsonb_typeof(value), octet_length(value::text)),
            'Give a JSON object of up to 65536 bytes.');
    END IF;
    PERFORM bourse_private.require_shallow(parameter, value);
    secret := bourse_private.secret_in(value);
    IF secret IS NOT NULL THEN
        -- The key may be one as well.
        PERFORM bourse.refuse('22023',
            CASE WHEN bourse_private.secret_in(jsonb_build_object('key', secret)) IS NULL
                 THEN format('there is a secret in %s at %s', parameter, bourse_private.quoted(secret))
                 ELSE format('there is a secret in %s', parameter) END,
            'Keep it in the vault: identity.store_credentials(). What is none needs a name without words like key, '
            'token or password.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_open_object(text, jsonb) IS
'Refuses what is no JSON object of up to 65536 bytes and 64 levels, or holds a secret, by a name or the look of a '
'value (22023); NULL passes';

CREATE FUNCTION trading_private.require_config(config jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('config', config, 'A bot has settings, were it an empty object: {}.');
    PERFORM trading_private.require_open_object('config', config), trading_private.require_guards(config -> 'guards');
END
$$;
COMMENT ON FUNCTION trading_private.require_config(jsonb) IS
'Refuses settings that are NULL (22004), no JSON object of up to 65536 bytes and 64 levels, or hold a secret, or '
'guards that there are not (22023)';

CREATE FUNCTION trading_private.require_terms(quote text, method text, trade_type text, starting_balance numeric)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('quote', quote), bourse_private.require_given('method', method),
            bourse_private.require_given('trade_type', trade_type),
            bourse_private.require_given('starting_balance', starting_balance);
    IF quote COLLATE "C" !~ '^[A-Z0-9][A-Z0-9._-]{0,9}$' THEN
        PERFORM bourse.refuse('22023', format('%s is no currency', bourse_private.quoted(quote)),
            'A currency is 1 to 10 capital letters and digits, like USD or USDT.');
    ELSIF method NOT IN ('average', 'fifo') THEN
        PERFORM bourse.refuse('22023', format('method is %s', bourse_private.quoted(method)),
            'A reduced position gives up its average cost, or that of its first lots: average or fifo.');
    ELSIF trade_type NOT IN ('paper', 'live', 'backtest') THEN
        PERFORM bourse.refuse('22023', format('trade_type is %s', bourse_private.quoted(trade_type)),
            'Give paper, live or backtest.');
    ELSIF NOT (starting_balance >= 0 AND starting_balance < 1000000000000) OR scale(starting_balance) > 8 THEN
        PERFORM bourse.refuse('22023', format('starting_balance is %s', bourse_private.clip(starting_balance::text)),
            'Give an amount from 0 to less than 1000000000000, with up to 8 decimals.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_terms(text, text, text, numeric) IS
'Refuses what the books of a bot cannot be kept in: NULL (22004), no currency, method, type or amount (22023)';

CREATE FUNCTION trading.create_bot(
    user_id bigint, type text, config jsonb, description text DEFAULT NULL, quote text DEFAULT 'USD',
    method text DEFAULT 'average', trade_type text DEFAULT 'paper', starting_balance numeric DEFAULT 0) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    created bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    PERFORM identity_private.require_name('type', type, 50), trading_private.require_config(config),
            trading_private.require_terms(quote, method, trade_type, starting_balance);
    IF NOT identity.acts_for_all()
       AND (SELECT count(*) FROM (SELECT FROM trading.bot_accounts b WHERE b.user_id = user_id LIMIT most) b) = most
    THEN
        PERFORM bourse.refuse('54000', format('user %s has %s bots', user_id, most),
            'Delete some; who acts for everybody may make more.');
    END IF;
    INSERT INTO trading.bot_accounts (user_id, type, config, description, quote, method, trade_type, starting_balance,
                                      current_balance)
    VALUES (user_id, type, config, description, quote, method, trade_type, starting_balance, starting_balance)
    RETURNING id INTO created;
    INSERT INTO trading.bot_heartbeats (bot_id, user_id) VALUES (created, user_id);
    INSERT INTO trading.bot_events (user_id, bot_id, event, new_status)
    VALUES (user_id, created, 'created', 'created');
    RETURN created;
END
$$;
COMMENT ON FUNCTION trading.create_bot(bigint, text, jsonb, text, text, text, text, numeric) IS
'Makes a bot of a user and returns its id. type: what its program calls it, 1 to 50 characters; config: its settings, '
'a JSON object of up to 65536 bytes without secrets, guards as locked_until() has them; description: up to 10000 '
'characters; quote: the currency of its balance and sums; method: average or fifo, the cost that a reduced position '
'gives up; trade_type: paper, live or backtest; starting_balance: in quote. It stands still until start_bot(). 22004 '
'NULL, 22023 a bad value, or a secret, 42501 not a user you act for, 42704 unknown user, 54000 a user has 1,000 bots, '
'55000 the user has been erased';
GRANT EXECUTE ON FUNCTION trading.create_bot(bigint, text, jsonb, text, text, text, text, numeric)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION trading.set_config(bot_id bigint, config jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM trading_private.lock_bot(bot_id);
    PERFORM trading_private.require_config(config);
    UPDATE trading.bot_accounts b SET config = config WHERE b.id = bot_id AND b.config <> config;
END
$$;
COMMENT ON FUNCTION trading.set_config(bigint, jsonb) IS
'Puts these settings in the place of a bot''s: a JSON object of up to 65536 bytes without secrets. The same again '
'leaves no trace. 22004 NULL, 22023 no such object, or a secret, 42704 no such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.set_config(bigint, jsonb) TO bourse_trader, bourse_worker;

CREATE FUNCTION trading_private.require_idle(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := (SELECT b.user_id FROM trading.bot_accounts b WHERE b.id = bot_id);
    active record;
BEGIN
    SELECT (SELECT count(*) FROM trading.trades t
            WHERE t.user_id = owner AND t.bot_id = bot_id AND t.status NOT IN ('closed', 'cancelled')) AS trades,
           (SELECT count(*) FROM trading.bot_orders o
            WHERE o.user_id = owner AND o.bot_id = bot_id AND NOT o.is_settled) AS orders
    INTO active;
    IF active.trades > 0 THEN
        PERFORM bourse.refuse('23503', format('bot %s has %s active trades', bot_id, active.trades),
            'Stop it with trading.stop_bot(bot_id, close_positions => true), close its positions, then delete it.');
    ELSIF active.orders > 0 THEN
        PERFORM bourse.refuse('23503', format('bot %s has %s orders that are not settled', bot_id, active.orders),
            'Stop it: that cancels its orders. trading.sync_fills() settles those that have ended.');
    END IF;
END
$$;
COMMENT ON FUNCTION trading_private.require_idle(bigint) IS
'Refuses a bot that has active trades, or orders on our exchange that may trade or have trades which are not booked '
'(23503)';

CREATE FUNCTION trading.delete_bot(bot_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM trading_private.lock_bot(bot_id);
    PERFORM trading_private.sync(bot_id, thorough => true);
    DELETE FROM trading.bot_accounts b WHERE b.id = bot_id;
END
$$;
COMMENT ON FUNCTION trading.delete_bot(bigint) IS
'Deletes a bot with its books and events. 22004 NULL, 23503 it has active trades, or orders on our exchange, 42704 no '
'such bot, or of another user';
GRANT EXECUTE ON FUNCTION trading.delete_bot(bigint) TO bourse_trader, bourse_worker;
