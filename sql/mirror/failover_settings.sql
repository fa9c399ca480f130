-- When connections and accounts are taken to have failed. What an account does not say is as for the platform, and what
-- the platform does not say is as default_limits().

CREATE TYPE mirror_private.limits AS (
    heartbeat_interval interval, heartbeat_timeout interval, connect_timeout interval, reconnect_delays interval[],
    max_latency_ms integer, failures_to_open integer, successes_to_close integer, open_for interval,
    silent_after interval, stale_after interval, cooldown interval, fail_back_after interval);
COMMENT ON TYPE mirror_private.limits IS
'The settings of failover, none of them NULL, as get_failover_settings() has them';

CREATE FUNCTION mirror_private.default_limits() RETURNS mirror_private.limits
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN ROW(interval '30 seconds', interval '10 seconds', interval '5 seconds',
               ARRAY[interval '1 second', interval '2 seconds', interval '4 seconds'], 1000, 3, 2,
               interval '30 seconds', interval '5 seconds', interval '2 seconds', interval '30 seconds',
               interval '0')::mirror_private.limits;
END
$$;
COMMENT ON FUNCTION mirror_private.default_limits() IS 'The settings of failover where nobody has said anything else';

CREATE FUNCTION mirror_private.limits_over(said mirror_private.limits, usual mirror_private.limits)
RETURNS mirror_private.limits
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN ROW(coalesce(said.heartbeat_interval, usual.heartbeat_interval),
               coalesce(said.heartbeat_timeout, usual.heartbeat_timeout),
               coalesce(said.connect_timeout, usual.connect_timeout),
               coalesce(said.reconnect_delays, usual.reconnect_delays),
               coalesce(said.max_latency_ms, usual.max_latency_ms),
               coalesce(said.failures_to_open, usual.failures_to_open),
               coalesce(said.successes_to_close, usual.successes_to_close),
               coalesce(said.open_for, usual.open_for), coalesce(said.silent_after, usual.silent_after),
               coalesce(said.stale_after, usual.stale_after), coalesce(said.cooldown, usual.cooldown),
               coalesce(said.fail_back_after, usual.fail_back_after))::mirror_private.limits;
END
$$;
COMMENT ON FUNCTION mirror_private.limits_over(mirror_private.limits, mirror_private.limits) IS
'What holds where only a part is said: the rest as usual';

CREATE FUNCTION mirror_private.limits_of(account_id bigint) RETURNS mirror_private.limits
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    holds mirror_private.limits := mirror_private.default_limits();
    said mirror_private.limits;
BEGIN
    FOR said IN
        SELECT s.heartbeat_interval, s.heartbeat_timeout, s.connect_timeout, s.reconnect_delays, s.max_latency_ms,
               s.failures_to_open, s.successes_to_close, s.open_for, s.silent_after, s.stale_after, s.cooldown,
               s.fail_back_after
        FROM mirror.failover_settings s WHERE s.account_id IS NULL OR s.account_id = account_id
        ORDER BY s.account_id NULLS FIRST LOOP
        holds := mirror_private.limits_over(said, holds);
    END LOOP;
    RETURN holds;
END
$$;
COMMENT ON FUNCTION mirror_private.limits_of(bigint) IS 'What holds for an account; NULL: for those that say nothing';

CREATE FUNCTION mirror_private.all_limits() RETURNS TABLE (account_id bigint, said mirror_private.limits)
LANGUAGE plpgsql STABLE ROWS 10 SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT s.account_id, mirror_private.limits_of(s.account_id) FROM mirror.failover_settings s
                 WHERE s.account_id IS NOT NULL
                 UNION ALL SELECT NULL, mirror_private.limits_of(NULL);
END
$$;
COMMENT ON FUNCTION mirror_private.all_limits() IS
'What holds for each account that says something itself, and, for account NULL, for all others';

CREATE FUNCTION mirror_private.require_limit(name text, value interval, lowest interval, most interval) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    -- A month is not always as long.
    IF value < lowest OR value > most OR extract(month FROM value) <> 0 OR extract(year FROM value) <> 0 THEN
        PERFORM bourse.refuse('22023', format('%s is %s', name, value), format('Give %s to %s.', lowest, most));
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_limit(text, interval, interval, interval) IS
'Refuses a time that is out of bounds (22023); NULL passes';

CREATE FUNCTION mirror_private.require_limits() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    delay interval;
    counted record;
BEGIN
    PERFORM mirror_private.require_limit(t.name, t.value, interval '0.1 seconds', interval '1 day')
    FROM (VALUES ('heartbeat_interval', NEW.heartbeat_interval), ('heartbeat_timeout', NEW.heartbeat_timeout),
                 ('connect_timeout', NEW.connect_timeout), ('open_for', NEW.open_for),
                 ('silent_after', NEW.silent_after), ('stale_after', NEW.stale_after)) t (name, value);
    PERFORM mirror_private.require_limit('cooldown', NEW.cooldown, interval '0', interval '1 day'),
            mirror_private.require_limit('fail_back_after', NEW.fail_back_after, interval '0', interval '30 days');
    IF cardinality(NEW.reconnect_delays) NOT BETWEEN 1 AND 10 OR array_position(NEW.reconnect_delays, NULL) > 0 THEN
        PERFORM bourse.refuse('22023', format('reconnect_delays is %s', NEW.reconnect_delays),
            'Give 1 to 10 delays, like {1s,2s,4s}.');
    END IF;
    FOREACH delay IN ARRAY coalesce(NEW.reconnect_delays, '{}') LOOP
        PERFORM mirror_private.require_limit('a delay', delay, interval '0.1 seconds', interval '1 hour');
    END LOOP;
    FOR counted IN SELECT * FROM (VALUES ('max_latency_ms', NEW.max_latency_ms, 600000),
                                         ('failures_to_open', NEW.failures_to_open, 1000),
                                         ('successes_to_close', NEW.successes_to_close, 1000)) t (name, value, most)
    LOOP
        IF counted.value NOT BETWEEN 1 AND counted.most THEN
            PERFORM bourse.refuse('22023', format('%s is %s', counted.name, counted.value),
                format('Give 1 to %s.', counted.most));
        END IF;
    END LOOP;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION mirror_private.require_limits() IS 'Trigger: refuses settings that are out of bounds (22023)';

CREATE FUNCTION mirror.set_failover_settings(
    account_id bigint DEFAULT NULL, heartbeat_interval interval DEFAULT NULL, heartbeat_timeout interval DEFAULT NULL,
    connect_timeout interval DEFAULT NULL, reconnect_delays interval[] DEFAULT NULL,
    max_latency_ms integer DEFAULT NULL, failures_to_open integer DEFAULT NULL,
    successes_to_close integer DEFAULT NULL, open_for interval DEFAULT NULL, silent_after interval DEFAULT NULL,
    stale_after interval DEFAULT NULL, cooldown interval DEFAULT NULL, fail_back_after interval DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse.require_installed();
    IF account_id IS NOT NULL THEN
        owner := mirror_private.require_account(account_id);
    ELSIF NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', 'the settings of the platform are for admins', 'Name one of your accounts.');
    END IF;
    INSERT INTO mirror.failover_settings AS s (
        user_id, account_id, heartbeat_interval, heartbeat_timeout, connect_timeout, reconnect_delays, max_latency_ms,
        failures_to_open, successes_to_close, open_for, silent_after, stale_after, cooldown, fail_back_after)
    VALUES (owner, account_id, heartbeat_interval, heartbeat_timeout, connect_timeout, reconnect_delays,
            max_latency_ms, failures_to_open, successes_to_close, open_for, silent_after, stale_after, cooldown,
            fail_back_after)
    ON CONFLICT ON CONSTRAINT failover_settings_account_id_key DO UPDATE
    SET heartbeat_interval = coalesce(excluded.heartbeat_interval, s.heartbeat_interval),
        heartbeat_timeout = coalesce(excluded.heartbeat_timeout, s.heartbeat_timeout),
        connect_timeout = coalesce(excluded.connect_timeout, s.connect_timeout),
        reconnect_delays = coalesce(excluded.reconnect_delays, s.reconnect_delays),
        max_latency_ms = coalesce(excluded.max_latency_ms, s.max_latency_ms),
        failures_to_open = coalesce(excluded.failures_to_open, s.failures_to_open),
        successes_to_close = coalesce(excluded.successes_to_close, s.successes_to_close),
        open_for = coalesce(excluded.open_for, s.open_for),
        silent_after = coalesce(excluded.silent_after, s.silent_after),
        stale_after = coalesce(excluded.stale_after, s.stale_after),
        cooldown = coalesce(excluded.cooldown, s.cooldown),
        fail_back_after = coalesce(excluded.fail_back_after, s.fail_back_after);
END
$$;
COMMENT ON FUNCTION mirror.set_failover_settings(
    bigint, interval, interval, interval, interval[], integer, integer, integer, interval, interval, interval,
    interval, interval) IS
'Says when an account has failed; without an account: when all have that say nothing else, for admins. NULL leaves a '
'value as it is. heartbeat_interval (30 s) and heartbeat_timeout (10 s): without a heartbeat for both together a '
'connection has failed; connect_timeout (5 s) and reconnect_delays (1, 2, 4 s): how long an attempt to connect may '
'take, and how long to wait before each; max_latency_ms (1000): a slower heartbeat is a failure; failures_to_open (3), '
'successes_to_close (2), open_for (30 s): the circuit breaker; silent_after (5 s), stale_after (2 s): for how long '
'data may be missing in session; cooldown (30 s): between two changes of the account in use; fail_back_after (0, '
'never): for how long the primary account must be well to be used again. Intervals are 0.1 seconds to a day, cooldown '
'from 0 on, fail_back_after up to 30 days, delays up to an hour, 10 at most. 22023 out of bounds, 42501 not an admin, '
'42704 no such account, or of another user';

CREATE FUNCTION mirror.get_failover_settings(account_id bigint DEFAULT NULL)
RETURNS TABLE (heartbeat_interval interval, heartbeat_timeout interval, connect_timeout interval,
               reconnect_delays interval[], max_latency_ms integer, failures_to_open integer,
               successes_to_close integer, open_for interval, silent_after interval, stale_after interval,
               cooldown interval, fail_back_after interval)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM mirror_private.require_account(get_failover_settings.account_id)
    WHERE get_failover_settings.account_id IS NOT NULL;
    RETURN QUERY SELECT l.* FROM mirror_private.limits_of(get_failover_settings.account_id) l;
END
$$;
COMMENT ON FUNCTION mirror.get_failover_settings(bigint) IS
'What holds for an account, by its own settings, those of the platform, and the defaults; without an account: for all '
'that say nothing else. 42704 no such account, or of another user';
GRANT EXECUTE ON FUNCTION mirror.set_failover_settings(
    bigint, interval, interval, interval, interval[], integer, integer, integer, interval, interval, interval,
    interval, interval) TO bourse_trader, bourse_worker;
GRANT EXECUTE ON FUNCTION mirror.get_failover_settings(bigint) TO bourse_viewer, bourse_worker;
