-- How far trades on our own exchange were ahead and behind: by every price that was traded there from the entry to the
-- exit, not only by those of the bot's own fills and snapshots.
INSERT INTO identity.users (id, name) VALUES (101, 'ann'), (102, 'ben'), (103, 'cid');
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', maker_rate => 0, taker_rate => 0);
SELECT count(exchange.deposit(u, a, 10000000)) FROM generate_series(101, 103) u, unnest('{USD,BTC}'::text[]) a;
-- Others trade at this price, and nothing of it rests.
CREATE FUNCTION others_trade(price numeric, amount numeric DEFAULT 1) RETURNS numeric LANGUAGE plpgsql AS $$
BEGIN
    PERFORM exchange.place_order(102, 'BTC-USD', 'sell', price, amount);
    RETURN (exchange.place_order(103, 'BTC-USD', 'buy', price, amount)).filled_amount;
END
$$;
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS average,
       trading.create_bot(101, 'grid', '{}', method => 'fifo', starting_balance => 1000) AS fifo \gset
SELECT trading.start_bot(:average), trading.start_bot(:fifo);

-- Long of 2 at 100, with 90 and 130 in between; 50 was before the entry and 500 is after the exit. One order of
-- somebody else fills another's bid at 105 before it comes to the bot's: that price was before the entry too.
SELECT others_trade(50) AS traded;
SELECT status FROM exchange.place_order(103, 'BTC-USD', 'buy', 105, 1);
SELECT status FROM trading.place_order(:average, 'BTC-USD', 'buy', 100, 2);
SELECT filled_amount FROM exchange.place_order(102, 'BTC-USD', 'sell', 100, 3);
SELECT others_trade(p) AS traded FROM unnest(ARRAY[104, 90]) WITH ORDINALITY v (p, n) ORDER BY n;
SELECT status FROM trading.place_order(:average, 'BTC-USD', 'sell', 101, 1);
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 101, 1);
SELECT others_trade(130) AS traded;
SELECT status FROM trading.place_order(:average, 'BTC-USD', 'sell', 110, 1);
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 110, 1);
SELECT others_trade(500) AS traded;
SELECT trading.sync_fills(:average);
SELECT entry_price, exit_price, size, gross_pnl, mae, mfe FROM trading.trades WHERE bot_id = :average
ORDER BY exit_time;

-- Short, in two lots: each has seen what was traded while it was open.
SELECT status FROM trading.place_order(:fifo, 'BTC-USD', 'sell', 200, 1);
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 200, 1);
SELECT others_trade(260) AS traded;
SELECT status FROM trading.place_order(:fifo, 'BTC-USD', 'sell', 220, 2);
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 220, 2);
SELECT others_trade(p) AS traded FROM unnest(ARRAY[150, 230]) WITH ORDINALITY v (p, n) ORDER BY n;
SELECT trading.sync_fills(:fifo);
SELECT status FROM trading.place_order(:fifo, 'BTC-USD', 'buy', 210, 2);
SELECT filled_amount FROM exchange.place_order(102, 'BTC-USD', 'sell', 210, 2);
SELECT trading.sync_fills(:fifo);
SELECT direction, entry_price, exit_price, size, gross_pnl, mae, mfe, status FROM trading.trades
WHERE bot_id = :fifo ORDER BY first_fill, exit_time;
-- Fills that are booked again keep what was seen.
SELECT quantity FROM trading.apply_fill(:fifo, 'by hand', 'BTC-USD', 'sell', 1, 215);
SELECT trading.correct_fill(:fifo, 'by hand', NULL, 216, NULL, 'typed wrong') AS balance;
SELECT entry_price, size, mae, mfe, status FROM trading.trades WHERE bot_id = :fifo ORDER BY first_fill, exit_time;

-- A trade that is open for thousands of others costs no more: the ticker notes the range of each thousand, once.
SELECT status FROM trading.place_order(:average, 'BTC-USD', 'buy', 105, 1);
SELECT filled_amount FROM exchange.place_order(102, 'BTC-USD', 'sell', 105, 1);
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
SELECT 'new', CASE n % 2 WHEN 0 THEN 102 ELSE 103 END, 'BTC-USD', CASE n % 2 WHEN 0 THEN 'sell' ELSE 'buy' END,
       100 + (n / 2 * 7919) % 997 * 0.01, 1
FROM generate_series(2, 9001) n ORDER BY n;
CALL exchange.match_orders();
SELECT count(*) > 4000 AS many FROM exchange.trades;
CREATE FUNCTION differ() RETURNS TABLE (first bigint, last bigint) LANGUAGE sql AS $$
    SELECT s.first, s.first + s.length
    FROM (SELECT 1 + n * 37 % 2500 AS first, n * 53 % 1600 AS length FROM generate_series(0, 300) n
          UNION ALL VALUES (1, 999), (1, 1000), (1001, 1999), (1000, 1001), (999, 3002), (2001, 1000)) s
    CROSS JOIN LATERAL trading_private.price_range('BTC-USD', s.first, s.first + s.length) r
    CROSS JOIN LATERAL (SELECT min(t.price) AS low, max(t.price) AS high FROM exchange.trades t
                        WHERE t.symbol = 'BTC-USD' AND t.sequence BETWEEN s.first AND s.first + s.length) t
    WHERE (r.low, r.high) IS DISTINCT FROM (t.low, t.high)
$$;
SELECT * FROM differ();
SELECT trading_private.note_prices(2) AS noted, trading_private.note_prices(100) = m.last_sequence / 1000 - 2 AS rest,
       trading_private.note_prices(100) AS nothing FROM exchange.markets m;
SELECT count(*) = max(block) + 1 AS all_of_them FROM trading.price_ranges;
SELECT * FROM differ();
SELECT status FROM trading.place_order(:average, 'BTC-USD', 'sell', 106, 1);
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 106, 1);
SELECT trading.sync_fills(:average);
SELECT t.mae, t.mfe, t.mae = x.low - t.entry_price AS lowest, t.mfe = x.high - t.entry_price AS highest
FROM (SELECT * FROM trading.trades WHERE bot_id = :average ORDER BY exit_time DESC LIMIT 1) t
CROSS JOIN (SELECT min(price) AS low, max(price) AS high FROM exchange.trades WHERE sequence > (
    SELECT max(e.sequence) FROM exchange.trades e JOIN trading.bot_orders o ON o.order_id = e.buy_order_id)) x;
SELECT * FROM trading.verify();
