-- create_market and set_market_status.
\pset null -
SELECT exchange.create_market('MKT-USD', 'MKT', 'USD');
SELECT exchange.create_market(symbol => 'MKT/ETH', base => 'MKT', quote => 'ETH', tick_size => 0.0001, lot_size => 0.5,
    min_amount => 1, max_amount => 100,
    min_notional => 0.01, maker_rate => 0, taker_rate => 0.00001);
SELECT symbol, base, quote, tick_size, lot_size, min_amount, max_amount, min_notional, price_band, band_action,
       max_open_orders, maker_rate, taker_rate, status, calendar, last_priority, last_sequence, last_price
FROM exchange.markets WHERE symbol LIKE 'MKT%' ORDER BY symbol;

-- What cannot be a market.
SELECT arguments, refusal(format('SELECT exchange.create_market(%s)', arguments)) AS refusal
FROM unnest(ARRAY[
    $$'MKT-USD', 'MKT', 'USD'$$, $$'', 'MKT', 'EUR'$$, $$'mkt-eur', 'MKT', 'EUR'$$, $$repeat('X', 21), 'MKT', 'EUR'$$,
    $$'MKT-EUR', 'mkt', 'EUR'$$, $$'MKT-EUR', 'MKT', ''$$, $$'MKT-MKT', 'MKT', 'MKT'$$,
    $$'MKT-EUR', 'MKT', 'EUR', 0$$, $$'MKT-EUR', 'MKT', 'EUR', -0.01$$, $$'MKT-EUR', 'MKT', 'EUR', 'NaN'$$,
    $$'MKT-EUR', 'MKT', 'EUR', 'Infinity'$$, $$'MKT-EUR', 'MKT', 'EUR', 0.000000001$$,
    $$'MKT-EUR', 'MKT', 'EUR', NULL$$, $$'MKT-EUR', 'MKT', 'EUR', 0.01, 0$$, $$'MKT-EUR', 'MKT', 'EUR', 0.01, 'NaN'$$,
    $$'MKT-EUR', 'MKT', 'EUR', 0.01, NULL$$,
    $$'MKT-EUR', 'MKT', 'EUR', 0.01, 0.0000001$$, $$'MKT-EUR', 'MKT', 'EUR', 1000000, 1000000$$,
    $$'MKT-EUR', 'MKT', 'EUR', min_amount => 0$$, $$'MKT-EUR', 'MKT', 'EUR', max_amount => 'NaN'$$,
    $$'MKT-EUR', 'MKT', 'EUR', min_notional => -1$$,
    $$'MKT-EUR', 'MKT', 'EUR', min_amount => 2, max_amount => 1$$,
    $$'MKT-EUR', 'MKT', 'EUR', maker_rate => -1$$, $$'MKT-EUR', 'MKT', 'EUR', maker_rate => 1.01$$,
    $$'MKT-EUR', 'MKT', 'EUR', taker_rate => -0.01$$, $$'MKT-EUR', 'MKT', 'EUR', taker_rate => 1.01$$,
    $$'MKT-EUR', 'MKT', 'EUR', taker_rate => 'NaN'$$]) arguments;
-- NULL where a value must be: 22004. A rate finer than its column is not rounded in silence.
SELECT arguments, left(refusal(format('SELECT exchange.create_market(%s)', arguments)), 5) AS sqlstate
FROM unnest(ARRAY[$$NULL, 'MKT', 'EUR'$$, $$'MKT-EUR', NULL, 'EUR'$$, $$'MKT-EUR', 'MKT', NULL$$,
                  $$'MKT-EUR', 'MKT', 'EUR', maker_rate => NULL$$,
                  $$'MKT-EUR', 'MKT', 'EUR', maker_rate => 0.000000001$$]) arguments;
SELECT symbol FROM exchange.markets WHERE symbol LIKE 'MKT%' ORDER BY symbol;

-- What each status allows. In an auction orders collect: what must trade at once or never is not taken.
INSERT INTO identity.users (name) VALUES ('mkt ann') RETURNING id AS ann \gset
SELECT exchange.deposit(:ann, 'USD', 10000) > 0 AS deposited;
SELECT count(*)
FROM generate_series(1, 15) i, exchange.place_order(:ann, 'MKT-USD', 'buy', i, 1, client_order_id => 'mkt ' || i);
CREATE FUNCTION pg_temp.allows(new_status text) RETURNS TABLE (
    status text, place text, place_ioc text, amend text, cancel text, deposit text)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    live bigint;
BEGIN
    PERFORM exchange.set_market_status('MKT-USD', new_status);
    SELECT min(o.id) INTO live FROM exchange.orders o WHERE o.user_id = person('mkt ann') AND o.status = 'open';
    RETURN QUERY SELECT new_status,
        split_part(refusal('SELECT exchange.place_order(person(''mkt ann''), ''MKT-USD'', ''buy'', 1, 1)'), ' /', 1),
        split_part(refusal('SELECT exchange.place_order(person(''mkt ann''), ''MKT-USD'', ''buy'', 1, 1, time_in_force => ''ioc'')'),
                   ' /', 1),
        split_part(refusal(format('SELECT exchange.amend_order(%s, NULL, 0.5)', live)), ' /', 1),
        split_part(refusal(format('SELECT exchange.cancel_order(%s)', live)), ' /', 1),
        split_part(refusal('SELECT exchange.deposit(person(''mkt ann''), ''MKT'', 1)'), ' /', 1);
END
$$;
SELECT a.* FROM unnest(ARRAY['open', 'cancel_only', 'auction', 'halted', 'closed', 'open']) s, pg_temp.allows(s) a;
-- The book can be read whatever the status.
SELECT exchange.set_market_status('MKT-USD', 'closed');
SELECT bid_price FROM exchange.best_bid_offer('MKT-USD');
SELECT call, refusal('SELECT exchange.' || call) AS refusal
FROM unnest(ARRAY['set_market_status(''MKT-USD'', ''shut'')', 'set_market_status(''MKT-USD'', NULL)',
                  'set_market_status(''NO-MARKET'', ''open'')', 'set_market_status(NULL, ''open'')']) call;
SELECT exchange.set_market_status('MKT-USD', 'open');
SELECT exchange.set_market_status('MKT-USD', 'open');

-- Tick, lot and limits at work: prices by 0.0001, amounts by 0.5 from 1 to 100, at least 0.01 in all.
SELECT exchange.deposit(:ann, 'ETH', 1000) > 0 AS deposited;
SELECT price, amount,
       split_part(refusal(format('SELECT exchange.place_order(%s, %L, %L, %s, %s)', :ann, 'MKT/ETH', 'buy', price,
                                 amount)),
                  ' /', 1) AS answer
FROM (VALUES (0.0001, 100), (0.0002, 50), (0.00015, 50), (0.0001, 99.5), (1, 1.25), (1, 0.5), (1, 100),
             (1, 100.5)) AS v (price, amount);
SELECT exchange.cancel_all_orders(:ann);
SELECT * FROM exchange.verify();
