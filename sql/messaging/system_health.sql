-- How the systems around are. Counts are moved by report_health() under the lock of the row, so that every report of
-- every session counts once; what they mean says derive_status() alone.

CREATE FUNCTION messaging_private.derive_status() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    NEW.recovering := NEW.failure_count >= NEW.down_after
                      OR NEW.recovering AND NEW.success_count < NEW.recovered_after;
    NEW.avg_response_time_ms := round(NEW.response_time_ewma);
    NEW.status := CASE
        WHEN NEW.last_success IS NULL AND NEW.last_failure IS NULL THEN 'UNKNOWN'
        WHEN NEW.recovering AND NEW.failure_count > 0 THEN 'DOWN'
        WHEN NEW.recovering OR NEW.failure_count >= NEW.degraded_after THEN 'DEGRADED'
        WHEN NEW.response_time_ewma > NEW.slow_after_ms THEN 'DEGRADED'
        ELSE 'HEALTHY' END;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION messaging_private.derive_status() IS
'Trigger: what the counts of failures and successes in a row, and the average, say of a system';

CREATE FUNCTION messaging_private.notify_health() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM bourse_private.notify('system_health', NEW.system);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION messaging_private.notify_health() IS
'Trigger: tells whoever listens on system_health which system has another status. A hint only';

CREATE FUNCTION messaging_private.require_system(system text, component text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('system', system);
    IF length(system) > 50 OR system !~ '^[a-z][a-z0-9_]*$' THEN
        PERFORM bourse.refuse('22023', format('%s is no name of a system', bourse_private.quoted(system)),
            'Up to 50 small letters, digits and underscores, the first a letter.');
    END IF;
    IF component IS NOT NULL AND (btrim(component) = '' OR length(component) > 100) THEN
        PERFORM bourse.refuse('22023', format('component has %s characters', length(btrim(component))),
            'Give 1 to 100 characters, or NULL for the whole system.');
    END IF;
    PERFORM bourse_private.require_line('component', component);
END
$$;
COMMENT ON FUNCTION messaging_private.require_system(text, text) IS
'Refuses NULL (22004), what is no name of a system, and a component that is blank or too long (22023)';

-- Providers repeat to whom a message was to go. What systems report monitors read, who read nothing that names anybody,
-- and it stays when the person leaves.
CREATE FUNCTION messaging_private.without_addresses(error text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, messaging, pg_temp
SET standard_conforming_strings = on AS $$
    SELECT regexp_replace(regexp_replace(error, '[^[:space:]<>()"'',;:=/]+@[^[:space:]<>()"'',;:]+', '…', 'g'),
                          '(\+|\m00|\m(chat|tel):)[0-9][0-9 ()/-]{4,}[0-9]', '…', 'g')
$$;
COMMENT ON FUNCTION messaging_private.without_addresses(text) IS
'A text with … in the place of email addresses and of telephone numbers that begin with + or 00';

-- The caller has been asked for.
CREATE FUNCTION messaging_private.record_health(system text, component text, ok boolean, response_time_ms integer,
                                                error text, metadata jsonb) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_column
DECLARE
    moment timestamptz := clock_timestamp();
    told text := left(CASE WHEN bourse_private.secret_in(jsonb_build_object('error', error)) IS NOT NULL
                           THEN '[redacted]' ELSE messaging_private.without_addresses(error) END, 2000);
    outcome text;
BEGIN
    INSERT INTO messaging.system_health AS h (system, component, last_success, last_failure, failure_count,
                                              success_count, response_time_ewma, error_message, metadata, checked_at)
    VALUES (record_health.system, record_health.component, CASE WHEN ok THEN moment END,
            CASE WHEN NOT ok THEN moment END, (NOT ok)::integer, ok::integer, record_health.response_time_ms,
            CASE WHEN NOT ok THEN told END, bourse_private.redact(record_health.metadata), moment)
    ON CONFLICT (system, (coalesce(component, ''))) DO UPDATE
    SET last_success = coalesce(excluded.last_success, h.last_success),
        last_failure = coalesce(excluded.last_failure, h.last_failure),
        failure_count = CASE WHEN ok THEN 0 ELSE least(h.failure_count, 2147483646) + 1 END,
        success_count = CASE WHEN ok THEN least(h.success_count, 2147483646) + 1 ELSE 0 END,
        response_time_ewma = coalesce(0.7 * h.response_time_ewma + 0.3 * excluded.response_time_ewma,
                                      excluded.response_time_ewma, h.response_time_ewma),
        error_message = CASE WHEN ok THEN h.error_message ELSE told END,
        metadata = coalesce(excluded.metadata, h.metadata),
        -- Another session may have reported since this one looked at the clock.
        checked_at = greatest(excluded.checked_at, h.checked_at)
    RETURNING h.status INTO outcome;
    RETURN outcome;
EXCEPTION WHEN check_violation THEN
    -- PostgreSQL's own words would show the whole row.
    PERFORM bourse.refuse('23514', format('thresholds of %s are out of bounds', concat_ws(' ', system, component)),
        'Counts are 1 to 1000, degraded_after no more than down_after; slow_after_ms is 0 (never) or more, stale_after '
        '1 second to 30 days.');
END
$$;
COMMENT ON FUNCTION messaging_private.record_health(text, text, boolean, integer, text, jsonb) IS
'What report_health() does for a caller who may';

CREATE FUNCTION messaging_private.take_report(system text, component text, ok boolean, response_time_ms integer,
                                              error text, metadata jsonb) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM messaging_private.require_system(system, component), bourse_private.require_given('ok', ok);
    IF system IN ('database', 'worker', 'verify') THEN
        PERFORM bourse.refuse('22023', format('system %s reports on itself', system),
            'messaging.check_health() looks at it now; report on others under a name of their own.');
    END IF;
    IF response_time_ms < 0 THEN
        PERFORM bourse.refuse('22023', format('response_time_ms is %s', response_time_ms),
            'Give milliseconds from 0, or NULL.');
    END IF;
    IF jsonb_typeof(metadata) <> 'object' OR octet_length(metadata::text) > 65536 THEN
        PERFORM bourse.refuse('22023',
            format('metadata is a JSON %s of %s bytes', jsonb_typeof(metadata), octet_length(metadata::text)),
            'Give a JSON object of up to 65536 bytes, or NULL.');
    END IF;
    PERFORM bourse_private.require_shallow('metadata', metadata);
    RETURN messaging_private.record_health(system, component, ok, response_time_ms, error, metadata);
END
$$;
COMMENT ON FUNCTION messaging_private.take_report(text, text, boolean, integer, text, jsonb) IS
'A report of a caller who may, or a refusal of what is out of bounds (22004, 22023)';

CREATE FUNCTION messaging.report_health(system text, component text, ok boolean, response_time_ms integer DEFAULT NULL,
                                        error text DEFAULT NULL, metadata jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    PERFORM identity_private.require_operator();
    RETURN messaging_private.take_report(system, component, ok, response_time_ms, error, metadata);
END
$$;
COMMENT ON FUNCTION messaging.report_health(text, text, boolean, integer, text, jsonb) IS
'Says how a system, or a component of it, is doing: it has answered, or not, in so many milliseconds, with this error. '
'Returns its status now: DEGRADED after degraded_after failures in a row (1), or with an average over slow_after_ms, '
'DOWN after down_after (3), HEALTHY after a success, what was DOWN after recovered_after (2). Every report counts, '
'however many sessions report at once. error: 2000 characters are kept, … in the place of addresses and telephone '
'numbers, and nothing of one that holds a secret; '
'metadata: a JSON object of up to 65536 bytes. For gateways, workers and admins. 22004 NULL, 22023 a name, or one of '
'those that the platform reports on itself, a negative time, other metadata, 42501 a session that acts for one user, '
'55P03 somebody has reported on it in a transaction that goes on for 5 seconds';
GRANT EXECUTE ON FUNCTION messaging.report_health(text, text, boolean, integer, text, jsonb)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION messaging.update_channel_health(channel text, ok boolean, response_time_ms integer DEFAULT NULL,
                                                error text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET lock_timeout = '5s' AS $$
BEGIN
    -- A sender acts for nobody; of channels it may tell.
    IF identity_private.login_is('bourse_sender') THEN
        PERFORM bourse.require_installed();
        PERFORM messaging_private.require_channel(channel);
    ELSE
        PERFORM identity_private.require_operator();
    END IF;
    PERFORM bourse_private.require_given('channel', channel);
    RETURN messaging_private.take_report('notification', channel, ok, response_time_ms, error, NULL);
END
$$;
COMMENT ON FUNCTION messaging.update_channel_health(text, boolean, integer, text) IS
'report_health() of a channel: component channel of the system notification. SQLSTATEs as there';
GRANT EXECUTE ON FUNCTION messaging.update_channel_health(text, boolean, integer, text)
    TO bourse_admin, bourse_gateway, bourse_sender, bourse_worker;

-- Whoever reports on the channel just now says about the same: a worker waits for nobody.
CREATE FUNCTION messaging_private.note_attempt(channel text, ok boolean, response_time_ms integer, error text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    known bigint := (SELECT h.id FROM messaging.system_health h
                     WHERE h.system = 'notification' AND coalesce(h.component, '') = channel);
BEGIN
    IF known IS NOT NULL THEN
        PERFORM FROM messaging.system_health h WHERE h.id = known FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    PERFORM messaging_private.record_health('notification', channel, ok, response_time_ms, error, NULL);
END
$$;
COMMENT ON FUNCTION messaging_private.note_attempt(text, boolean, integer, text) IS
'Reports an attempt on a channel, unless somebody else is just reporting on it. Which attempts are worth a report says '
'src/messaging/health.rs';

CREATE FUNCTION messaging.set_health_thresholds(
    system text, component text, degraded_after integer DEFAULT NULL, down_after integer DEFAULT NULL,
    recovered_after integer DEFAULT NULL, slow_after_ms integer DEFAULT NULL, stale_after interval DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    outcome text;
BEGIN
    PERFORM messaging_private.require_system(system, component);
    PERFORM messaging_private.make_system(system, component);
    UPDATE messaging.system_health h
    SET degraded_after = coalesce(degraded_after, h.degraded_after), down_after = coalesce(down_after, h.down_after),
        recovered_after = coalesce(recovered_after, h.recovered_after),
        slow_after_ms = nullif(coalesce(slow_after_ms, h.slow_after_ms), 0),
        stale_after = coalesce(stale_after, h.stale_after)
    WHERE h.system = system AND coalesce(h.component, '') = coalesce(component, '')
    RETURNING h.status INTO outcome;
    RETURN outcome;
EXCEPTION WHEN check_violation THEN
    -- PostgreSQL's own words would show the whole row.
    PERFORM bourse.refuse('23514', format('thresholds of %s are out of bounds', concat_ws(' ', system, component)),
        'Counts are 1 to 1000, degraded_after no more than down_after; slow_after_ms is 0 (never) or more, stale_after '
        '1 second to 30 days.');
END
$$;
COMMENT ON FUNCTION messaging.set_health_thresholds(text, text, integer, integer, integer, integer, interval) IS
'Says when a system is DEGRADED, DOWN, HEALTHY again, too slow (0: never) and UNKNOWN, whether anybody has reported on '
'it or not; NULL leaves a value as it is. Returns its status now. 22004 NULL, 22023 a name, 23514 a value that its '
'column does not take';
GRANT EXECUTE ON FUNCTION messaging.set_health_thresholds(text, text, integer, integer, integer, integer, interval)
    TO bourse_admin;

CREATE FUNCTION messaging_private.make_system(system text, component text, stale_after interval DEFAULT NULL)
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, messaging, pg_temp AS $$
    INSERT INTO messaging.system_health (system, component, stale_after)
    VALUES (system, component, coalesce(stale_after, interval '5 minutes'))
    ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION messaging_private.make_system(text, text, interval) IS
'A system on which nobody has reported yet, unless it is there';
