-- What is due now.

-- From somewhere on, so that no group is always the last. Whoever holds one settles it himself, or is about to.
CREATE FUNCTION mirror_private.tick_copies() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET lock_timeout = '10ms' AS $$
DECLARE
    most CONSTANT integer := 100;
    until CONSTANT timestamptz := clock_timestamp() + interval '100 ms';
    first CONSTANT bigint := floor(random() * coalesce((SELECT max(g.id) FROM mirror.copy_groups g), 0));
    of_group bigint := first;
    wrapped boolean := false;
BEGIN
    PERFORM mirror_private.lapse_requests();
    FOR looked IN 1 .. most LOOP
        of_group := mirror_private.next_to_settle(of_group);
        IF of_group IS NULL AND NOT wrapped THEN
            wrapped := true;
            of_group := mirror_private.next_to_settle(0);
        END IF;
        EXIT WHEN of_group IS NULL OR wrapped AND of_group > first OR clock_timestamp() > until;
        BEGIN
            PERFORM mirror_private.hold_and_settle(of_group);
        EXCEPTION
            WHEN lock_not_available THEN
                NULL;
            WHEN OTHERS THEN
                RAISE WARNING 'copies of group % are not settled: % (%)', of_group, bourse_private.clip(SQLERRM),
                              SQLSTATE;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mirror_private.tick_copies() IS
'What the ticker of the platform does for copies: requests whose lease has ended are unknown or wait again, and '
'settle_copies(), group by group, 100 at a time or what a tenth of a second is enough for. Waits 10 ms for a lock; '
'what goes wrong with one group is a warning';

CREATE FUNCTION mirror_private.tick_exchange_copies() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off SET lock_timeout = '10ms' AS $$
DECLARE
    first CONSTANT bigint := floor(random() * coalesce((SELECT max(g.id) FROM mirror.copy_groups g), 0));
BEGIN
    PERFORM mirror_private.settle_exchange(e.group_id, e.symbol)
    FROM (SELECT c.group_id, c.symbol
          FROM (SELECT u.group_id, u.symbol, u.order_id FROM mirror.exchange_copies u
                WHERE NOT u.is_settled AND u.group_id > first ORDER BY u.group_id, u.symbol, u.side, u.id LIMIT 1000) c
          JOIN exchange.orders o ON o.id = c.order_id AND o.status IN ('filled', 'cancelled')
          ORDER BY c.group_id, c.symbol LIMIT 1) e;
EXCEPTION WHEN lock_not_available THEN
    -- Whoever copies there settles it.
    RETURN;
END
$$;
COMMENT ON FUNCTION mirror_private.tick_exchange_copies() IS
'What the ticker of the platform does for copies on our own exchange: those that fill no more are settled, in one '
'market of one group at a time. Retention takes what is settled';

CREATE FUNCTION mirror_private.on_tick() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM mirror_private.tick_connections();
    PERFORM mirror_private.tick_copies();
    PERFORM mirror_private.tick_exchange_copies();
    PERFORM mirror_private.cancel_unwanted_copies();
END
$$;
COMMENT ON FUNCTION mirror_private.on_tick() IS
'What the ticker of the platform does for mirror: connections that have gone silent fail, and others take over; copies '
'are settled; those that were to be cancelled while their market was halted are';
