CREATE FUNCTION messaging_private.quiet_until(quiet_from time, quiet_to time, timezone text, at timestamptz)
RETURNS timestamptz
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'messaging_quiet_until_wrapper';
COMMENT ON FUNCTION messaging_private.quiet_until(time, time, text, timestamptz) IS
'When quiet hours are over that hold at this time; NULL: they do not hold. 22023 no such time zone';

CREATE FUNCTION messaging.set_preferences(
    user_id bigint, channel text, enabled boolean DEFAULT true, quiet_from time DEFAULT NULL,
    quiet_to time DEFAULT NULL, timezone text DEFAULT 'UTC', digest interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    PERFORM messaging_private.require_channel(channel);
    PERFORM bourse_private.require_given('enabled', enabled), bourse_private.require_given('timezone', timezone);
    IF (quiet_from IS NULL) <> (quiet_to IS NULL) OR quiet_from = quiet_to
       OR time '24:00' IN (quiet_from, quiet_to) THEN
        PERFORM bourse.refuse('22023', format('quiet hours from %s to %s', coalesce(quiet_from::text, 'NULL'),
                                              coalesce(quiet_to::text, 'NULL')),
            'Give two times from 00:00 to 23:59:59 that differ, the second the next day if it is earlier; or none.');
    END IF;
    -- Months and days of opposite signs make a short interval that cannot be added to a time.
    IF digest NOT BETWEEN interval '1 minute' AND interval '7 days' OR extract(year FROM digest) <> 0
       OR extract(month FROM digest) <> 0 OR extract(day FROM digest) NOT BETWEEN 0 AND 7 THEN
        PERFORM bourse.refuse('22023', format('digest is %s', digest),
            'Give an interval from 1 minute to 7 days, or NULL to be told each by itself.');
    END IF;
    PERFORM bourse_private.require_time_zone(timezone);
    INSERT INTO messaging.preferences AS p (user_id, channel, enabled, quiet_from, quiet_to, timezone, digest)
    VALUES (user_id, channel, enabled, quiet_from, quiet_to, timezone, digest)
    ON CONFLICT ON CONSTRAINT preferences_pkey DO UPDATE
    SET enabled = excluded.enabled, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
        timezone = excluded.timezone, digest = excluded.digest;
END
$$;
COMMENT ON FUNCTION messaging.set_preferences(bigint, text, boolean, time, time, text, interval) IS
'Says what a user wants on a channel: whether anything at all; no message but CRITICAL ones from quiet_from until '
'quiet_to, over midnight if that is earlier, by the wall clock of timezone; digest: messages with one digest_key '
'together, once the first has waited so long. 22004 NULL, 22023 out of bounds, 42501 not a user you act for, 42704 '
'unknown user';
GRANT EXECUTE ON FUNCTION messaging.set_preferences(bigint, text, boolean, time, time, text, interval)
TO bourse_viewer, bourse_worker;
