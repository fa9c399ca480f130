-- The hours of a market: its calendar says when it is open, and the bell (src/exchange/bell.rs) sets its status.

-- Outside the years that a calendar is loaded for, and while it is not active, nobody knows: no order is taken until
-- the calendar has changed.
CREATE FUNCTION exchange_private.bell_of(symbol text, at timestamptz, OUT status text, OUT bell_at timestamptz,
                                         OUT opens_at timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    market record;
    phase text;
BEGIN
    SELECT m.calendar, m.outside, m.opening INTO market FROM exchange.markets m WHERE m.symbol = symbol;
    status := 'cancel_only';
    BEGIN
        phase := calendar.phase(market.calendar, at);
        status := CASE WHEN phase = 'market' THEN 'open'
                       WHEN phase = 'pre_market' AND market.opening = 'auction' THEN 'auction'
                       WHEN market.outside = 'queue' THEN 'auction'
                       ELSE status END;
        bell_at := calendar.next_change(market.calendar, at);
        opens_at := calendar.next_open(market.calendar, at, breaks => true);
    EXCEPTION WHEN datetime_field_overflow OR object_not_in_prerequisite_state THEN
        -- What was found before the years ended stands.
        NULL;
    END;
END
$$;
COMMENT ON FUNCTION exchange_private.bell_of(text, timestamptz) IS
'What the calendar of a market has its status be at this time, when that changes next, and when the next session, or '
'the part of one after a break, begins; NULL: not in the years that the calendar is loaded for';

CREATE FUNCTION exchange_private.ring_bells(symbol text) RETURNS bigint
LANGUAGE c VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp
AS 'MODULE_PATHNAME', 'ring_bells_wrapper';
COMMENT ON FUNCTION exchange_private.ring_bells(text) IS
'Rings the bell of a market, if it is due. Returns in how many markets; NULL for NULL';

-- In the order in which everybody takes several. Whoever trades in one keeps nobody from the others for long.
CREATE FUNCTION exchange_private.hold_markets_of(cal text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    PERFORM FROM exchange.markets m WHERE m.calendar = cal ORDER BY m.symbol FOR NO KEY UPDATE;
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION exchange_private.hold_markets_of(text) IS
'Locks all markets of a calendar; false, and none is locked: somebody has had one for a tenth of a second';

CREATE FUNCTION exchange_private.await_market(symbol text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM FROM exchange.markets m WHERE m.symbol = await_market.symbol FOR NO KEY UPDATE;
    RAISE EXCEPTION USING ERRCODE = 'BB001', MESSAGE = 'the lock is let go';
EXCEPTION WHEN SQLSTATE 'BB001' THEN
    NULL;
END
$$;
COMMENT ON FUNCTION exchange_private.await_market(text) IS
'Waits until nobody has a market locked, and locks it no longer than that';

CREATE FUNCTION exchange_private.heed_calendar() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    WHILE NOT exchange_private.hold_markets_of(NEW.name) LOOP
        PERFORM exchange_private.await_market(m.symbol) FROM exchange.markets m WHERE m.calendar = NEW.name;
    END LOOP;
    UPDATE exchange.markets m SET bell_at = clock_timestamp() WHERE m.calendar = NEW.name;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION exchange_private.heed_calendar() IS
'Trigger: a calendar has changed, so the bells of its markets ring at once. Waits for whoever trades in one of them, '
'and keeps nobody from the others meanwhile';

CREATE FUNCTION exchange.set_market_calendar(symbol text, cal text, outside text DEFAULT NULL,
                                             opening text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    status text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('symbol', symbol);
    IF outside NOT IN ('reject', 'queue') THEN
        PERFORM bourse.refuse('22023', format('outside is %s', bourse_private.quoted(outside)),
            'reject refuses orders outside the sessions; queue keeps them for the next one.');
    END IF;
    IF opening NOT IN ('continuous', 'auction') THEN
        PERFORM bourse.refuse('22023', format('opening is %s', bourse_private.quoted(opening)),
            'continuous, or auction: orders are collected in the pre-market, and meet at the open.');
    END IF;
    IF cal IS NOT NULL THEN
        PERFORM calendar.coverage(cal);
        -- Before the market: whoever is just changing the calendar does not know yet of this one.
        PERFORM FROM calendar.trading_hours_templates t WHERE t.name = cal FOR SHARE;
    END IF;
    UPDATE exchange.markets m
    SET calendar = cal, outside = coalesce($3, m.outside), opening = coalesce($4, m.opening)
    WHERE m.symbol = symbol
      AND (m.calendar, m.outside, m.opening)
          IS DISTINCT FROM (cal, coalesce($3, m.outside), coalesce($4, m.opening));
    PERFORM exchange_private.ring_bells(symbol) WHERE cal IS NOT NULL;
    SELECT m.status INTO status FROM exchange.markets m WHERE m.symbol = symbol;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('market %s does not exist', bourse_private.clip(symbol)),
            'SELECT symbol FROM exchange.markets lists them; exchange.create_market() makes one.');
    END IF;
    RETURN status;
END
$$;
COMMENT ON FUNCTION exchange.set_market_calendar(text, text, text, text) IS
'Gives a market the hours of a calendar; NULL: none, and its status stays what it is. Outside the sessions, breaks '
'included, orders get 55000 with the next open in the HINT (outside reject: status cancel_only) or rest without '
'trading until the next session begins with their auction (outside queue: status auction). opening auction: in the '
'calendar''s pre_market orders are collected, and meet at the open. NULL leaves either as it is, which is reject and '
'continuous in a market that nobody has told otherwise. Resting orders stay, gtd orders end at their time, cancels '
'always work. The bell is rung by the first command after it, or by the sequencer; a market that is halted or closed '
'by set_market_status() stays so until that sets it to open, which gives it back to its hours. Beyond the years of '
'the calendar the market takes no orders, and alerts() tells. Returns the status. 22004 symbol is NULL, 22023 another '
'word, 42704 no such market or calendar';
GRANT EXECUTE ON FUNCTION exchange.set_market_calendar(text, text, text, text) TO bourse_admin;
