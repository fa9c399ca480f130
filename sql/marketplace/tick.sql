-- What is due now.

CREATE FUNCTION marketplace_private.on_tick() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    -- Once: a condition on what changes while it is asked is none for an index.
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    -- Who pays in time does not expire.
    IF EXISTS (SELECT FROM marketplace.billings b
               WHERE b.next_attempt_at AT TIME ZONE 'UTC' <= moment AT TIME ZONE 'UTC') THEN
        PERFORM marketplace_private.renew_due(moment, 100);
    END IF;
    PERFORM marketplace_private.expire(1000);
    PERFORM marketplace_private.record_failures(1000);
    PERFORM marketplace_private.fold_subscribers(100);
END
$$;
COMMENT ON FUNCTION marketplace_private.on_tick() IS
'What the ticker of the platform does for marketplace: renewals, 100 at a time, expiries and failures, 1000, and '
'counts of subscribers that were left beside the rows of bots, 100';
