-- How somebody subscribes to a bot.

CREATE TYPE marketplace.subscription_result AS (
    id          bigint,
    status      text,
    bot_version text,
    is_trial    boolean,
    plan        text,
    price       numeric,
    started_at  timestamptz,
    expires_at  timestamptz,
    next_run_at timestamptz
);
COMMENT ON TYPE marketplace.subscription_result IS
'What subscribe() has made: the version that runs, what the first period has cost, until when it lasts (NULL: without '
'end), when it runs first';

CREATE FUNCTION marketplace_private.require_one_of(parameter text, value text, words text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given(parameter, value);
    IF value <> ALL (words) THEN
        PERFORM bourse.refuse('22023', format('%s is %s', parameter, bourse_private.quoted(value)),
            format('Give one of %s.', array_to_string(words, ', ')));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_one_of(text, text, text[]) IS
'Refuses NULL (22004), and what is none of these words (22023)';

-- What the schema of the bot says of it is asked where the version is known.
CREATE FUNCTION marketplace_private.require_strategy_config(strategy_config jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('strategy_config', strategy_config,
                                         'Give a JSON object, were it an empty one: {}.');
    PERFORM trading_private.require_open_object('strategy_config', strategy_config),
            bourse_private.require_plain_numbers('strategy_config', strategy_config);
END
$$;
COMMENT ON FUNCTION marketplace_private.require_strategy_config(jsonb) IS
'Refuses settings that are NULL (22004), no JSON object of up to 65536 bytes and 64 levels, hold a secret, or a number '
'that no double is (22023)';

CREATE FUNCTION marketplace_private.require_place(exchange_type text, network_type text, trade_mode text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_one_of('exchange_type', exchange_type,
                                               '{BINANCE,COINBASE,KRAKEN,BYBIT,HUOBI}'),
            marketplace_private.require_one_of('network_type', network_type, '{testnet,mainnet}'),
            marketplace_private.require_one_of('trade_mode', trade_mode, '{Spot,Margin,Futures}');
END
$$;
COMMENT ON FUNCTION marketplace_private.require_place(text, text, text) IS
'Refuses an exchange, a network or a mode of trading that there is not: NULL (22004), 22023';

CREATE FUNCTION marketplace_private.require_trial_hours(trial_hours numeric, network_type text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF trial_hours IS NULL THEN
        RETURN;
    ELSIF NOT trial_hours BETWEEN 0.1 AND 168 THEN
        PERFORM bourse.refuse('22023', format('trial_hours is %s', bourse_private.clip(trial_hours::text)),
            'A trial lasts 0.1 to 168 hours.');
    ELSIF network_type <> 'testnet' THEN
        PERFORM bourse.refuse('22023', 'a trial on mainnet', 'A trial runs on testnet.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_trial_hours(numeric, text) IS
'Refuses a trial of other than 0.1 to 168 hours, or on mainnet (22023); NULL passes: it is none';

CREATE FUNCTION marketplace_private.require_principal_of(user_id bigint, principal_id text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF principal_id IS NOT NULL
       AND NOT EXISTS (SELECT FROM identity.user_principals p
                       WHERE p.user_id = user_id AND p.principal_id = principal_id AND p.status = 'ACTIVE') THEN
        PERFORM bourse.refuse('42704',
            format('user %s has no active principal %s', user_id, bourse_private.quoted(principal_id)),
            'identity.user_principals lists them; identity.register_principal() adds one.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_principal_of(bigint, text) IS
'Refuses a principal that is not an active one of the user (42704); NULL passes';

-- The bot cannot go meanwhile; that it is archived at the same moment is as if it had been a little later.
CREATE FUNCTION marketplace_private.hold_bot_for(user_id bigint, bot_id bigint)
RETURNS TABLE (version text, is_own boolean, is_free boolean, config_schema jsonb, default_config jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    bot record;
BEGIN
    PERFORM bourse_private.require_given('bot_id', bot_id);
    SELECT b.version, b.developer_id, b.price_per_month, b.status, b.approved_at INTO bot
    FROM marketplace.bots b WHERE b.id = bot_id FOR KEY SHARE;
    IF NOT FOUND OR bot.approved_at IS NULL AND NOT identity.acts_for(bot.developer_id) THEN
        PERFORM bourse.refuse('42704', format('bot %s does not exist', bot_id),
            'marketplace.search_bots() finds those that are there.');
    ELSIF bot.status <> 'APPROVED' THEN
        PERFORM bourse.refuse('55000', format('bot %s is %s', bot_id, bot.status),
            'Only bots that are approved take subscriptions.');
    END IF;
    RETURN QUERY
    SELECT v.version::text, bot.developer_id = user_id, bot.price_per_month = 0, v.config_schema, v.default_config
    FROM marketplace.bot_versions v WHERE v.bot_id = bot_id AND v.version = bot.version;
END
$$;
COMMENT ON FUNCTION marketplace_private.hold_bot_for(bigint, bigint) IS
'Keeps a bot that a user wants to subscribe to, and says which version there is. 22004 NULL, 42704 no such bot, or it '
'has not been approved, 55000 it is archived';

CREATE FUNCTION marketplace_private.require_room(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most_alive CONSTANT integer := 1000;
    most CONSTANT integer := 20000;
    had record;
BEGIN
    IF identity.acts_for_all() THEN
        RETURN;
    END IF;
    SELECT count(*) AS rows, count(*) FILTER (WHERE s.status IN ('ACTIVE', 'PAUSED', 'ERROR')) AS alive INTO had
    FROM (SELECT a.status FROM marketplace.subscriptions a WHERE a.user_id = user_id LIMIT most) s;
    IF had.alive >= most_alive OR had.rows >= most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s subscriptions', user_id,
                                              CASE WHEN had.rows >= most THEN had.rows ELSE had.alive END),
            'Cancel some; who acts for everybody may make more.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_room(bigint) IS
'Refuses more than 1,000 subscriptions of a user that have not ended, and more than 20,000 in all (54000); not for who '
'acts for everybody. The user''s key is held';

-- The one writer of marketplace.trials.
CREATE FUNCTION marketplace_private.use_trial(user_id bigint, bot_id bigint, subscription_id bigint,
                                              started_at timestamptz, expires_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO marketplace.trials (user_id, bot_id, subscription_id, started_at, expires_at)
    VALUES (user_id, bot_id, subscription_id, started_at, expires_at)
    ON CONFLICT ON CONSTRAINT trials_pkey DO NOTHING;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('23505', format('user %s has had a trial of bot %s', user_id, bot_id),
            'There is one trial of a bot, ever, by whatever principal: subscribe with a plan.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.use_trial(bigint, bigint, bigint, timestamptz, timestamptz) IS
'Writes down that a user tries a bot; refuses a second time (23505)';

-- The first answer, for ever: what has become of the subscription since is another matter.
CREATE FUNCTION marketplace_private.answer_again(user_id bigint, client_id text, request_hash bytea)
RETURNS marketplace.subscription_result
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    made record;
BEGIN
    SELECT s.id, s.request_hash INTO made FROM marketplace.subscriptions s
    WHERE s.user_id = user_id AND s.client_id = client_id;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF made.request_hash <> request_hash THEN
        PERFORM bourse.refuse('23505',
            format('client_id %s was another request of user %s', bourse_private.quoted(client_id), user_id),
            'A retry says the same again; another request needs another client_id.');
    END IF;
    RETURN (SELECT jsonb_populate_record(NULL::marketplace.subscription_result, e.detail || jsonb_build_object(
                       'id', made.id, 'status', e.new_status))
            FROM marketplace.subscription_events e
            WHERE e.user_id = user_id AND e.subscription_id = made.id ORDER BY e.id LIMIT 1);
END
$$;
COMMENT ON FUNCTION marketplace_private.answer_again(bigint, text, bytea) IS
'What subscribe() has answered to a request before; NULL: it has not come before; 23505 another one has its client_id';

CREATE FUNCTION marketplace_private.require_evaluation_period(minutes integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF NOT minutes BETWEEN 1 AND 527040 THEN
        PERFORM bourse.refuse('22023', format('trade_evaluation_period is %s', minutes),
            'Give 1 to 527040 minutes.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_evaluation_period(integer) IS
'Refuses a stretch of other than a minute to a year (22023); NULL passes';

-- The request is one that may be made, the user's key is held.
CREATE FUNCTION marketplace_private.insert_subscription(
    wanted jsonb, bot_version text, is_own boolean, hours numeric, request_hash bytea) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    ending CONSTANT timestamptz := moment + hours * interval '1 hour';
    w record := jsonb_populate_record(NULL::marketplace.subscriptions, wanted);
    due CONSTANT timestamptz := marketplace_private.next_tick(w.timeframe, moment);
    made bigint;
BEGIN
    INSERT INTO marketplace.subscriptions AS s (
        user_id, user_principal_id, bot_id, instance_name, exchange_type, trading_pair, timeframe, timeframes,
        strategy_config, execution_config, risk_config, trade_evaluation_period, network_type, trade_mode, is_trial,
        started_at, expires_at, trial_expires_at, bot_version, is_own, client_id, request_hash)
    VALUES (
        w.user_id, w.user_principal_id, w.bot_id, w.instance_name, w.exchange_type, w.trading_pair, w.timeframe,
        w.timeframes, w.strategy_config, w.execution_config, w.risk_config, w.trade_evaluation_period, w.network_type,
        w.trade_mode, hours IS NOT NULL, moment, ending, ending, bot_version, is_own, w.client_id, request_hash)
    RETURNING s.id INTO made;
    INSERT INTO marketplace.runs (user_id, subscription_id, claimable_at, next_run_at)
    VALUES (w.user_id, made, due, due);
    IF hours IS NOT NULL THEN
        PERFORM marketplace_private.use_trial(w.user_id, w.bot_id, made, moment, ending);
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION marketplace_private.insert_subscription(jsonb, text, boolean, numeric, bytea) IS
'Writes a subscription as it is wanted, its place in the queue, and its trial if there are hours. 23505 no second '
'trial';

CREATE FUNCTION marketplace.subscribe(
    user_id bigint, bot_id bigint, instance_name text, exchange_type text, trading_pair text, timeframe text,
    execution_config jsonb, risk_config jsonb, strategy_config jsonb DEFAULT '{}',
    network_type text DEFAULT 'testnet', trade_mode text DEFAULT 'Spot', trial_hours numeric DEFAULT NULL,
    plan text DEFAULT 'month', promotion_code text DEFAULT NULL, client_id text DEFAULT NULL,
    timeframes jsonb DEFAULT NULL, trade_evaluation_period integer DEFAULT NULL, principal_id text DEFAULT NULL,
    max_price numeric DEFAULT NULL, currency text DEFAULT 'USD')
RETURNS marketplace.subscription_result
LANGUAGE plpgsql SECURITY DEFINER SUPPORT bourse_private.refuse_repeats
SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    hours CONSTANT numeric := CASE WHEN plan = 'trial' THEN coalesce(trial_hours, 24) ELSE trial_hours END;
    wanted jsonb;
    request_hash bytea;
    answer marketplace.subscription_result;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('subscribe');
    PERFORM identity_private.require_user(user_id);
    PERFORM identity_private.require_name('instance_name', instance_name, 255),
            marketplace_private.require_place(exchange_type, network_type, trade_mode),
            marketplace_private.require_timeframes(timeframe, timeframes),
            marketplace_private.require_execution_config(execution_config),
            marketplace_private.require_risk_config(risk_config, trade_mode),
            marketplace_private.require_strategy_config(strategy_config),
            marketplace_private.require_trial_hours(hours, network_type),
            marketplace_private.require_max_price(max_price, currency),
            marketplace_private.require_evaluation_period(trade_evaluation_period),
            marketplace_private.require_principal_of(user_id, principal_id);
    wanted := jsonb_build_object(
        'user_id', user_id, 'bot_id', bot_id, 'instance_name', instance_name, 'exchange_type', exchange_type,
        'trading_pair', marketplace.normalise_pair(trading_pair), 'timeframe', timeframe, 'timeframes', timeframes,
        'strategy_config', strategy_config, 'execution_config', execution_config, 'risk_config', risk_config,
        'network_type', network_type, 'trade_mode', trade_mode, 'trade_evaluation_period', trade_evaluation_period,
        'user_principal_id', principal_id, 'client_id', client_id);
    -- Two requests of a user at once: the second counts what the first has made, and finds its client_id.
    PERFORM bourse_private.hold_key(format('marketplace.subscriptions %s', user_id));
    IF client_id IS NOT NULL THEN
        PERFORM identity_private.require_text('client_id', client_id, 64);
        request_hash := sha256(convert_to((wanted || jsonb_build_object(
            'hours', trim_scale(hours), 'plan', plan, 'promotion_code', promotion_code,
            'max_price', trim_scale(max_price), 'currency', currency))::text, 'UTF8'));
        answer := marketplace_private.answer_again(user_id, client_id, request_hash);
    END IF;
    IF answer.id IS NULL THEN
        PERFORM bourse_private.require_line('client_id', client_id);
        answer := marketplace_private.make_subscription(wanted, hours, plan, promotion_code, request_hash,
                                                        max_price, currency);
    END IF;
    RETURN answer;
END
$$;
COMMENT ON FUNCTION marketplace.subscribe(
    bigint, bigint, text, text, text, text, jsonb, jsonb, jsonb, text, text, numeric, text, text, text, jsonb, integer,
    text, numeric, text) IS
'Subscribes a user to a bot, in the version that is approved now, and has it run from the next end of a candle on. '
'instance_name: how he calls it; exchange_type: BINANCE, COINBASE, KRAKEN, BYBIT or HUOBI; trading_pair: as '
'normalise_pair() takes it; timeframe and timeframes: 1m, 5m, 15m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 1w; execution_config '
'and risk_config: as config_fields() lists; strategy_config: as the config_schema of the bot says, with its '
'default_config for what is missing; network_type: testnet, or mainnet, which needs an active credential that has been '
'found valid; trade_mode: Spot, Margin or Futures; trial_hours: a trial of 0.1 to 168 hours on testnet, 24 with the '
'plan trial, one for a user and a bot, ever; plan: what a bot that is not free is paid by, at once, with '
'promotion_code; an own bot costs nothing. max_price: what a period may cost at most, in currency, before what a '
'promotion takes off; NULL: whatever it costs. client_id: up to 64 characters; the same request again has the answer '
'of the first, and makes nothing. 22004 NULL, 22023 a bad value, 23505 a second trial, or client_id with another '
'request, 25001 not READ COMMITTED, 42501 not a user you act for, or not active, 42704 unknown user, bot or principal, '
'54000 a user has 1,000 subscriptions, 55000 the bot is archived, costs more than max_price, no valid credential, the '
'user has been erased; and what charging refuses';
GRANT EXECUTE ON FUNCTION marketplace.subscribe(
    bigint, bigint, text, text, text, text, jsonb, jsonb, jsonb, text, text, numeric, text, text, text, jsonb, integer,
    text, numeric, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION marketplace_private.make_subscription(
    wanted jsonb, hours numeric, plan text, promotion_code text, request_hash bytea, max_price numeric, currency text)
RETURNS marketplace.subscription_result
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    user_id CONSTANT bigint := wanted ->> 'user_id';
    bot record;
    made bigint;
    answer marketplace.subscription_result;
BEGIN
    -- The user first, as whoever erases the user does.
    PERFORM FROM identity.users u WHERE u.id = user_id FOR KEY SHARE;
    PERFORM identity_private.require_not_erased(user_id), identity_private.require_active(user_id);
    SELECT * INTO bot FROM marketplace_private.hold_bot_for(user_id, (wanted ->> 'bot_id')::bigint);
    PERFORM marketplace_private.require_room(user_id),
            marketplace_private.require_config(bot.config_schema, bot.default_config || (wanted -> 'strategy_config')),
            marketplace_private.require_credential(user_id, wanted ->> 'user_principal_id', wanted ->> 'exchange_type',
                                                   wanted ->> 'network_type');
    IF promotion_code IS NOT NULL AND (hours IS NOT NULL OR bot.is_free OR bot.is_own) THEN
        PERFORM bourse.refuse('22023', 'a promotion_code for what costs nothing', 'Leave it out.');
    ELSIF hours IS NOT NULL AND bot.is_own THEN
        PERFORM bourse.refuse('22023', format('a trial of bot %s, which is one''s own', wanted -> 'bot_id'),
            'An own bot costs nothing: subscribe without trial_hours.');
    END IF;
    made := marketplace_private.insert_subscription(wanted, bot.version, bot.is_own, hours, request_hash);
    IF hours IS NULL AND NOT bot.is_free AND NOT bot.is_own THEN
        PERFORM marketplace_private.charge_subscription(made, plan, promotion_code, max_price, currency);
    END IF;
    SELECT s.id, s.status, s.bot_version, s.is_trial, s.plan, s.price, s.started_at, s.expires_at, r.next_run_at
    INTO answer
    FROM marketplace.subscriptions s JOIN marketplace.runs r ON r.user_id = s.user_id AND r.subscription_id = s.id
    WHERE s.id = made;
    PERFORM marketplace_private.note_subscription_event(user_id, made, 'subscribe', NULL, answer.status,
                                                        to_jsonb(answer) - '{id,status}'::text[]);
    RETURN answer;
END
$$;
COMMENT ON FUNCTION marketplace_private.make_subscription(jsonb, numeric, text, text, bytea, numeric, text) IS
'Makes the subscription that is wanted: asks for the bot, room, the schema of the bot, credentials, charges for it, '
'and writes the answer down. SQLSTATEs as subscribe()';
