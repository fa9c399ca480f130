-- A market with a calendar is open in its sessions. The calendar here has a session from midnight to midnight every
-- day, so that a holiday decides whether now is inside or outside.
SET timezone = 'UTC';
CREATE FUNCTION pg_temp.definition(is_holiday boolean) RETURNS jsonb
LANGUAGE sql AS $$
    SELECT jsonb_build_object('name', 'ALWAYS', 'exchange', 'TEST', 'timezone', 'UTC',
        'from', current_date - 30, 'to', current_date + 30,
        'weekly', '[{"days": [0, 1, 2, 3, 4, 5, 6], "open": "00:00", "close": "24:00"}]'::jsonb,
        'holidays', CASE WHEN is_holiday THEN (
            SELECT jsonb_agg(jsonb_build_object('date', current_date + n, 'type', 'full_day'))
            FROM generate_series(-1, 1) n)
            ELSE '[]' END,
        'special', '[]'::jsonb)
$$;
-- Dates change from day to day: digits are written as 9.
CREATE FUNCTION pg_temp.told(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN SQLSTATE || ' ' || SQLERRM || ': ' || regexp_replace(hint, '[0-9]', '9', 'g');
END
$$;
INSERT INTO identity.users (id, name) VALUES (1, 'ann'), (2, 'bob');
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', 1, 1, maker_rate => 0, taker_rate => 0);
SELECT exchange.deposit(1, 'USD', 100000), exchange.deposit(2, 'BTC', 1000);
SELECT calendar.load_calendar(pg_temp.definition(false));

-- Names and words are checked.
SELECT pg_temp.told($$SELECT exchange.set_market_calendar('BTC-USD', 'NONE')$$);
SELECT pg_temp.told($$SELECT exchange.set_market_calendar('BTC-EUR', 'ALWAYS')$$);
SELECT pg_temp.told($$SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS', 'drop')$$);
SELECT pg_temp.told($$SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS', 'reject', 'random')$$);
SELECT pg_temp.told($$SELECT exchange.set_market_calendar(NULL, 'ALWAYS')$$);
SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS');
SELECT status, calendar, outside, opening, bell_at > now() AS bell_is_to_come FROM exchange.markets;
SELECT status, filled_amount FROM exchange.place_order(2, 'BTC-USD', 'sell', 100, 5);

-- A holiday comes into the calendar: the very next order is refused, and told when the market opens. Cancels work.
SELECT calendar.load_calendar(pg_temp.definition(true));
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 5)$$);
-- A refused order leaves nothing, not even the bell that it has rung; the cancel below rings it for good.
SELECT pg_temp.told($$INSERT INTO exchange.orders (user_id, symbol, side, price, amount)
                      VALUES (1, 'BTC-USD', 'buy', 1, 1)$$);
SELECT exchange.cancel_all_orders(2, 'BTC-USD');
SELECT status, opens_at > now() AS opens_later, bell_at = opens_at AS bell_is_the_open FROM exchange.markets;

-- The trail has what the bell did, and nothing of bells that are only to ring at another time.
SELECT old_values, new_values FROM audit.audit_logs
WHERE table_name = 'exchange.markets' AND old_values ? 'status' ORDER BY id;
SELECT count(*) AS of_bells FROM audit.audit_logs
WHERE table_name = 'exchange.markets' AND NOT old_values ? 'status' AND NOT old_values ? 'calendar';

-- Queue: orders rest, and meet when the session begins.
SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS', 'queue');
SELECT status, filled_amount FROM exchange.place_order(2, 'BTC-USD', 'sell', 100, 5);
SELECT status, filled_amount FROM exchange.place_order(1, 'BTC-USD', 'buy', 110, 5);
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', NULL, 1, 'market')$$);
SELECT calendar.load_calendar(pg_temp.definition(false));
-- The first command rings, whatever it is; here an order at a price that meets nobody.
SELECT status, filled_amount FROM exchange.place_order(1, 'BTC-USD', 'buy', 1, 1);
SELECT price, amount FROM exchange.trades;
SELECT status FROM exchange.markets;

-- What an operator halts or closes stays so over the bell.
SELECT exchange.set_market_status('BTC-USD', 'halted');
SELECT calendar.load_calendar(pg_temp.definition(true));
SELECT exchange_private.ring_bells('BTC-USD');
SELECT status FROM exchange.markets;
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 1, 1)$$);
-- Until he opens it again: then it is what its hours say. Here they say that orders are collected.
SELECT exchange.set_market_status('BTC-USD', 'open');
SELECT status FROM exchange.place_order(1, 'BTC-USD', 'buy', 2, 1);
SELECT exchange.set_market_status('BTC-USD', 'closed'), exchange.set_market_calendar('BTC-USD', 'ALWAYS', 'reject');
SELECT exchange.set_market_status('BTC-USD', 'open');
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 2, 1)$$);
SELECT old_values ->> 'status' AS before, new_values ->> 'status' AS after FROM audit.audit_logs
WHERE table_name = 'exchange.markets' AND old_values ? 'status' ORDER BY id DESC LIMIT 1;
SELECT bell_at = opens_at AS bell_is_the_open FROM exchange.markets;
-- In a session open is open; any other status holds to the next bell.
SELECT calendar.load_calendar(pg_temp.definition(false));
SELECT exchange.set_market_status('BTC-USD', 'halted');
SELECT exchange.set_market_status('BTC-USD', 'open');
SELECT exchange.set_market_status('BTC-USD', 'cancel_only');
SELECT calendar.load_calendar(pg_temp.definition(true));

-- Why a market is not open is told to everybody, until its status changes; the bell changes neither while it is halted.
SELECT exchange.set_market_status('BTC-USD', 'halted', 'no price feed');
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 2, 1)$$);
SELECT pg_temp.told($$SELECT exchange.cancel_all_orders(1, 'BTC-USD')$$);
SELECT calendar.load_calendar(pg_temp.definition(false)), exchange_private.ring_bells('BTC-USD');
SELECT status, status_reason FROM exchange.markets;
SELECT exchange.set_market_status('BTC-USD', 'halted');
SELECT status, status_reason FROM exchange.markets;
SELECT exchange.set_market_status('BTC-USD', 'cancel_only', 'you may leave');
SELECT status, status_reason FROM exchange.markets;
SELECT calendar.load_calendar(pg_temp.definition(false) || '{"exchange": "TEST 2"}'),
    exchange_private.ring_bells('BTC-USD');
SELECT status, status_reason FROM exchange.markets;
SELECT pg_temp.told(format('SELECT exchange.set_market_status(''BTC-USD'', ''halted'', %L)', reason))
FROM unnest(ARRAY['', repeat('x', 201)]) reason;
SELECT old_values, new_values FROM audit.audit_logs
WHERE old_values ? 'status' AND new_values ? 'status_reason' ORDER BY id;
SELECT calendar.load_calendar(pg_temp.definition(true));

-- Tied again, or to another calendar: what it does outside, and how it opens, stays what it is.
SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS', 'queue', 'auction');
SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS'), exchange.set_market_calendar('BTC-USD', 'ALWAYS', NULL, NULL);
SELECT outside, opening FROM exchange.markets;
SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS', opening => 'continuous');
SELECT outside, opening FROM exchange.markets;
SELECT exchange.set_market_calendar('BTC-USD', NULL), exchange.set_market_calendar('BTC-USD', 'ALWAYS');
SELECT outside, opening FROM exchange.markets;

-- Beyond its years nobody knows: the market takes nothing, and says so.
SELECT calendar.load_calendar(pg_temp.definition(false) || jsonb_build_object('to', current_date - 2));
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', NULL, 1, 'market')$$);
SELECT exchange.cancel_all_orders(1, 'BTC-USD');
SELECT status, bell_at, opens_at FROM exchange.markets;
SELECT severity, alert, subject, detail, hint FROM bourse.alerts() WHERE alert = 'market_has_no_hours';
SELECT severity, alert, subject FROM bourse.alerts() WHERE alert LIKE 'calendar%';
-- So does one that is not active.
SELECT calendar.load_calendar(pg_temp.definition(false));
UPDATE calendar.trading_hours_templates SET is_active = false WHERE name = 'ALWAYS';
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 1, 1)$$);
SELECT severity, alert, subject, detail FROM bourse.alerts() WHERE alert = 'market_has_no_hours';
SELECT exchange_private.ring_bells('BTC-USD');
SELECT m.bell_at IS NULL AS rings_no_more, a.alert
FROM exchange.markets m, bourse.alerts() a WHERE a.alert = 'market_has_no_hours';
UPDATE calendar.trading_hours_templates SET is_active = true WHERE name = 'ALWAYS';
SELECT exchange_private.ring_bells('BTC-USD');
SELECT status FROM exchange.markets;

-- Beside a session: the pre-market collects orders where the market opens by auction, a break is outside, and what the
-- calendar says next is the end of the break. Hours are counted from the one that it is.
CREATE FUNCTION pg_temp.oclock(hour integer) RETURNS text LANGUAGE sql AS $$ SELECT to_char(hour, 'FM00":00"') $$;
CREATE FUNCTION pg_temp.today(pre_market int4range, session int4range, breaks int4range) RETURNS jsonb
LANGUAGE sql AS $$
    WITH hour AS (
        SELECT d.day, extract(hour FROM now())::integer + CASE WHEN d.day < current_date THEN 24 ELSE 0 END AS hour
        FROM (SELECT current_date - CASE WHEN extract(hour FROM now()) < 2 THEN 1 ELSE 0 END) d (day))
    SELECT pg_temp.definition(false) || jsonb_build_object('weekly', '[]'::jsonb, 'special', jsonb_build_array(
        jsonb_build_object('date', h.day,
            'open', pg_temp.oclock(h.hour + lower(session)), 'close', pg_temp.oclock(h.hour + upper(session)),
            'pre_market', CASE WHEN isempty(pre_market) THEN '[]'::jsonb ELSE jsonb_build_array(
                pg_temp.oclock(h.hour + lower(pre_market)), pg_temp.oclock(h.hour + upper(pre_market))) END,
            'breaks', CASE WHEN isempty(breaks) THEN '[]'::jsonb ELSE jsonb_build_array(jsonb_build_array(
                pg_temp.oclock(h.hour + lower(breaks)), pg_temp.oclock(h.hour + upper(breaks)))) END)))
    FROM hour h
$$;
SELECT exchange.cancel_all_orders(2, 'BTC-USD');
SELECT calendar.load_calendar(pg_temp.today('[-1,2)', '[2,4)', 'empty'));
SELECT exchange.set_market_calendar('BTC-USD', 'ALWAYS') AS pre_market,
    exchange.set_market_calendar('BTC-USD', 'ALWAYS', 'reject', 'auction') AS with_auction;
SELECT status, filled_amount FROM exchange.place_order(2, 'BTC-USD', 'sell', 100, 5);
SELECT status, filled_amount FROM exchange.place_order(1, 'BTC-USD', 'buy', 100, 5);
SELECT calendar.load_calendar(pg_temp.today('empty', '[-2,4)', 'empty'));
SELECT exchange_private.ring_bells('BTC-USD') AS rung;
SELECT m.status, t.price, t.amount FROM exchange.markets m, exchange.trades t ORDER BY t.id DESC LIMIT 1;
SELECT calendar.load_calendar(pg_temp.today('empty', '[-2,4)', '[-1,2)'));
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 1, 1)$$);
SELECT exchange_private.ring_bells('BTC-USD') AS rung;
SELECT status, bell_at = opens_at AS opens_after_the_break, opens_at < now() + interval '3 h' AS in_this_session
FROM exchange.markets;
-- A calendar that is switched off knows nothing.
UPDATE calendar.trading_hours_templates SET is_active = false WHERE name = 'ALWAYS';
SELECT pg_temp.told($$SELECT exchange.place_order(1, 'BTC-USD', 'buy', 1, 1)$$);
SELECT exchange_private.ring_bells('BTC-USD') AS rung;
SELECT status, bell_at, opens_at FROM exchange.markets;

-- Without a calendar the status is the operators' again.
SELECT exchange.set_market_calendar('BTC-USD', NULL);
SELECT exchange.set_market_status('BTC-USD', 'open');
SELECT status, bell_at FROM exchange.markets;
SELECT * FROM exchange.verify();
