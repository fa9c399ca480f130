-- What users change about their subscriptions, and which version runs.

-- The status follows the times within moments: one that is over is over before it says so.
CREATE FUNCTION marketplace_private.require_unended(subscription_id bigint, status text, started_at timestamptz,
                                                    ends_at timestamptz, attempt text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF status NOT IN ('ACTIVE', 'PAUSED', 'ERROR') THEN
        PERFORM marketplace_private.refuse_subscription_step(subscription_id, status, attempt);
    END IF;
    PERFORM marketplace_private.require_entitled(subscription_id, started_at, ends_at);
END
$$;
COMMENT ON FUNCTION marketplace_private.require_unended(bigint, text, timestamptz, timestamptz, text) IS
'Refuses a subscription that is CANCELLED or EXPIRED, or is over and does not say so yet (55000)';

CREATE FUNCTION marketplace_private.require_config_of_version(bot_id bigint, version text, strategy_config jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM marketplace_private.require_config(v.config_schema, v.default_config || strategy_config)
    FROM marketplace.bot_versions v WHERE v.bot_id = bot_id AND v.version = version;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_config_of_version(bigint, text, jsonb) IS
'Refuses settings that do not fit the schema of a version of a bot, with its defaults for what is missing (22023)';

-- What a subscription is written with anew: a change never has it run at once, and never twice.
CREATE FUNCTION marketplace_private.reschedule(user_id bigint, subscription_id bigint, timeframe text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    due CONSTANT timestamptz := marketplace_private.next_tick(timeframe, clock_timestamp());
BEGIN
    -- One that runs is told by finish_run() when it is to run again.
    UPDATE marketplace.runs r SET claimable_at = due, next_run_at = due
    WHERE r.user_id = user_id AND r.subscription_id = subscription_id AND r.claimable_at IS NOT NULL
      AND r.lease IS NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.reschedule(bigint, bigint, text) IS
'Has a subscription that is locked and waits run at the next end of a candle of this timeframe';

CREATE FUNCTION marketplace.change_config(
    subscription_id bigint, strategy_config jsonb DEFAULT NULL, execution_config jsonb DEFAULT NULL,
    risk_config jsonb DEFAULT NULL, timeframe text DEFAULT NULL, timeframes jsonb DEFAULT NULL,
    instance_name text DEFAULT NULL, trade_evaluation_period integer DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    -- What is not given stays.
    changed text[] := ARRAY(SELECT c.name FROM (VALUES
        ('strategy_config', strategy_config IS NOT NULL), ('execution_config', execution_config IS NOT NULL),
        ('risk_config', risk_config IS NOT NULL), ('timeframe', timeframe IS NOT NULL),
        ('timeframes', timeframes IS NOT NULL), ('instance_name', instance_name IS NOT NULL),
        ('trade_evaluation_period', trade_evaluation_period IS NOT NULL)) c (name, is_given) WHERE c.is_given);
BEGIN
    SELECT * INTO held FROM marketplace_private.lock_subscription(subscription_id);
    PERFORM marketplace_private.require_unended(subscription_id, held.status, held.started_at, held.ends_at,
                                                'be changed');
    PERFORM marketplace_private.require_strategy_config(strategy_config),
            marketplace_private.require_config_of_version(held.bot_id, held.bot_version, strategy_config)
    WHERE strategy_config IS NOT NULL;
    PERFORM marketplace_private.require_execution_config(execution_config) WHERE execution_config IS NOT NULL;
    PERFORM marketplace_private.require_risk_config(risk_config, held.trade_mode) WHERE risk_config IS NOT NULL;
    PERFORM marketplace_private.require_timeframes(coalesce(timeframe, held.timeframe), timeframes),
            marketplace_private.require_evaluation_period(trade_evaluation_period);
    PERFORM identity_private.require_name('instance_name', instance_name, 255) WHERE instance_name IS NOT NULL;
    UPDATE marketplace.subscriptions s
    SET strategy_config = coalesce(strategy_config, s.strategy_config),
        execution_config = coalesce(execution_config, s.execution_config),
        risk_config = coalesce(risk_config, s.risk_config), timeframe = coalesce(timeframe, s.timeframe),
        timeframes = coalesce(timeframes, s.timeframes), instance_name = coalesce(instance_name, s.instance_name),
        trade_evaluation_period = coalesce(trade_evaluation_period, s.trade_evaluation_period)
    WHERE s.id = subscription_id AND cardinality(changed) > 0;
    IF timeframe <> held.timeframe THEN
        PERFORM marketplace_private.reschedule(held.user_id, subscription_id, timeframe);
    END IF;
    PERFORM marketplace_private.note_subscription_event(held.user_id, subscription_id, 'change_config', held.status,
                                                        held.status, jsonb_build_object('changed', changed))
    WHERE cardinality(changed) > 0;
END
$$;
COMMENT ON FUNCTION marketplace.change_config(bigint, jsonb, jsonb, jsonb, text, jsonb, text, integer) IS
'Puts these settings in the place of a subscription''s; what is NULL stays as it is. A run that is under way goes on '
'with what it was handed. Another timeframe counts from the next end of a candle on. Bot, exchange, pair, network and '
'mode stay: another subscription has others. 22004 NULL subscription, 22023 a bad value, 42704 no such subscription, '
'or of another user, 55000 it has ended';
GRANT EXECUTE ON FUNCTION marketplace.change_config(bigint, jsonb, jsonb, jsonb, text, jsonb, text, integer)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION marketplace.upgrade_version(subscription_id bigint, version text DEFAULT NULL,
                                            strategy_config jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    held record;
    wanted record;
BEGIN
    SELECT * INTO held FROM marketplace_private.lock_subscription(subscription_id);
    PERFORM marketplace_private.require_unended(subscription_id, held.status, held.started_at, held.ends_at,
                                                'be upgraded');
    PERFORM marketplace_private.require_strategy_config(strategy_config) WHERE strategy_config IS NOT NULL;
    -- A version is approved once, and never after that anything else.
    SELECT v.version, b.status INTO wanted
    FROM marketplace.bots b
    LEFT JOIN marketplace.bot_versions v
        ON v.bot_id = b.id AND v.version = coalesce(version, b.version) AND v.status = 'APPROVED'
    WHERE b.id = held.bot_id;
    IF wanted.status <> 'APPROVED' THEN
        PERFORM bourse.refuse('55000', format('bot %s is %s', held.bot_id, wanted.status),
            'Its subscriptions go on with the version that they have.');
    ELSIF wanted.version IS NULL THEN
        PERFORM bourse.refuse('42704', format('bot %s has no approved version %s', held.bot_id,
                                              bourse_private.quoted(version)),
            'marketplace.bot_versions() lists those that are approved.');
    END IF;
    PERFORM marketplace_private.require_config_of_version(held.bot_id, wanted.version,
                                                          coalesce(strategy_config, held.strategy_config));
    IF wanted.version <> held.bot_version OR strategy_config IS NOT NULL THEN
        UPDATE marketplace.subscriptions s
        SET bot_version = wanted.version, strategy_config = coalesce(strategy_config, s.strategy_config)
        WHERE s.id = subscription_id;
        PERFORM marketplace_private.note_subscription_event(
            held.user_id, subscription_id, 'upgrade_version', held.status, held.status,
            jsonb_build_object('from', held.bot_version, 'to', wanted.version));
    END IF;
    RETURN wanted.version;
END
$$;
COMMENT ON FUNCTION marketplace.upgrade_version(bigint, text, jsonb) IS
'Has another version of its bot run for a subscription from the next run on, by default the one that new subscriptions '
'get; nothing else ever does. Its settings, or those that are given in their place, must fit the schema of that '
'version. Returns the version. 22004 NULL subscription, 22023 the settings do not fit, 42704 no such subscription, or '
'of another user, or no such approved version, 55000 it has ended, or the bot is archived';
GRANT EXECUTE ON FUNCTION marketplace.upgrade_version(bigint, text, jsonb) TO bourse_trader, bourse_worker;
