-- What users of trading bots have reported of other systems, and what holds here. More of it stands in
-- trading_positions (lots, flips, reopening, marks), trading_fills (fees, repeats) and trading_orders (stopping).
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'trep_ann');
CREATE ROLE trep_ann LOGIN IN ROLE bourse_trader;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7701;
SET SESSION AUTHORIZATION trep_ann;
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS bot,
       trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS lucky,
       trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS idle \gset
SELECT trading.start_bot(:bot), trading.start_bot(:lucky);

\echo 'an exit that spans two entries is split at the lots, and both methods come to the same together'
SELECT trading.create_bot(101, 'grid', '{}', method => 'fifo') AS fifo \gset
SELECT trading.start_bot(:fifo);
SELECT trading.apply_fills(jsonb_agg(jsonb_build_object('bot_id', bot, 'fill_id', 'lot ' || n, 'symbol', 'LOT-USD',
                                                        'side', side, 'quantity', quantity, 'price', price) ORDER BY n))
FROM unnest(ARRAY[:bot, :fifo]) bot, (VALUES (1, 'buy', 100, 10), (2, 'buy', 100, 11), (3, 'sell', 150, 12),
                                             (4, 'sell', 50, 13)) r (n, side, quantity, price);
SELECT b.method, array_agg(t.size::float8 ORDER BY t.last_fill, t.first_fill) AS sizes,
       array_agg(t.gross_pnl::float8 ORDER BY t.last_fill, t.first_fill) AS gains, sum(t.gross_pnl) AS together
FROM trading.trades t JOIN trading.bots b ON b.id = t.bot_id WHERE t.symbol = 'LOT-USD' GROUP BY b.method
ORDER BY b.method;

\echo 'a fill that is told again after a restart is booked once; the same id with other figures is refused'
SELECT balance FROM trading.apply_fill(:bot, 'again', 'OIL-USD', 'buy', 1, 100, 0.1);
SELECT balance FROM trading.apply_fill(:bot, 'again', 'OIL-USD', 'buy', 1, 100, 0.1);
SELECT refusal($$SELECT trading.apply_fill(7701, 'again', 'OIL-USD', 'buy', 1, 101, 0.1)$$);
SELECT qty_open FROM trading.positions WHERE symbol = 'OIL-USD';

\echo 'fees are taken off once: the balance moves by the net of the trade, to the last digit'
SELECT current_balance AS before FROM trading.bots WHERE id = :bot \gset
SELECT count(*) FROM (VALUES (1, 'buy', 0.12345678, 8123.45, 1.23456789), (2, 'sell', 0.12345678, 8234.56, 1.00000001))
    r (n, side, quantity, price, fee),
    LATERAL trading.apply_fill(:bot, 'once ' || n, 'BTC-USD', side, quantity, price, fee) f;
SELECT b.current_balance - :before AS moved, t.gross_pnl, t.commission, t.net_pnl,
       b.current_balance - :before = t.gross_pnl - t.commission AS is_net
FROM trading.bots b JOIN trading.trades t ON t.bot_id = b.id AND t.symbol = 'BTC-USD' WHERE b.id = :bot;

\echo 'a rebate has a minus sign and is a gain; a fee has none and is a loss'
SELECT f.commission, f.balance - lag(f.balance) OVER (ORDER BY n) AS moved
FROM (VALUES (1, 'buy', -0.02), (2, 'sell', -0.02), (3, 'buy', 0.1), (4, 'sell', 0.1)) r (n, side, fee),
    LATERAL trading.apply_fill(:bot, 'sign ' || n, 'ADA-USD', side, 1, 100, fee) f ORDER BY n;

\echo 'a fee in what is bought makes less of it; one in a third currency without a rate is told, and in no sum'
SELECT quantity, commission FROM trading.apply_fill(:bot, 'base', 'ETH-USD', 'buy', 1, 2000, 0.001, 'ETH');
SELECT quantity, commission FROM trading.apply_fill(:bot, 'third', 'ETH-USD', 'sell', 0.999, 2000, 0.01, 'BNB');
SELECT f.fee, f.fee_currency, f.commission FROM trading.fills f WHERE f.fill_id = 'third';
SELECT gross_pnl, commission, net_pnl, unconverted_fees FROM trading.trades WHERE symbol = 'ETH-USD';

\echo 'such a fee of an exit is not counted again in the trades after it, told one by one or together'
SELECT trading.create_bot(101, 'grid', '{}') AS single, trading.create_bot(101, 'grid', '{}') AS together \gset
SELECT trading.start_bot(:single), trading.start_bot(:together);
SELECT count(*) FROM generate_series(0, 3) n,
    LATERAL trading.apply_fill(:single, 'exit ' || n, 'FEE-USD', CASE n WHEN 0 THEN 'buy' ELSE 'sell' END,
                               CASE n WHEN 0 THEN 3 ELSE 1 END, 100 + n, CASE WHEN n < 2 THEN 0.01 ELSE 0 END, 'BNB');
SELECT trading.apply_fills(jsonb_agg(to_jsonb(f) - 'n' ORDER BY f.n)) FROM (
    SELECT n, :together AS bot_id, 'exit ' || n AS fill_id, 'FEE-USD' AS symbol,
           CASE n WHEN 0 THEN 'buy' ELSE 'sell' END AS side, CASE n WHEN 0 THEN 3 ELSE 1 END AS quantity,
           100 + n AS price, CASE WHEN n < 2 THEN 0.01 ELSE 0 END AS fee, 'BNB' AS fee_currency
    FROM generate_series(0, 3) n) f;
SELECT bot_id = :single AS one_by_one, array_agg(unconverted_fees ORDER BY last_fill) AS unconverted
FROM trading.trades WHERE symbol = 'FEE-USD' GROUP BY bot_id ORDER BY bot_id;
SELECT unconverted_fees, open_unconverted FROM trading.positions WHERE symbol = 'FEE-USD' ORDER BY id;

\echo 'who has won by less than both fees has lost'
SELECT count(*) FROM (VALUES (1, 'buy', 100), (2, 'sell', 100.15)) r (n, side, price),
    LATERAL trading.apply_fill(:bot, 'won ' || n, 'WON-USD', side, 1, price, 0.1) f;
SELECT m -> 'wins' AS wins, m -> 'losses' AS losses, m -> 'win_rate' AS win_rate, m -> 'profit_factor' AS profit_factor,
       m -> 'net_pnl' AS net_pnl
FROM trading.calculate_metrics(:bot, 'paper', 'WON-USD', store => false) m;

\echo 'a loss before the first gain is a drawdown: the peak begins with the starting balance'
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS early \gset
SELECT trading.start_bot(:early);
SELECT count(*)
FROM (VALUES (1, 'buy', 1000), (2, 'sell', 500), (3, 'buy', 1000), (4, 'sell', 10000)) r (n, side, price),
    LATERAL trading.apply_fill(:early, 'early ' || n, 'BTC-USD', side, 1, price,
                               filled_at => timestamptz '2026-01-01Z' + n * interval '1 day') f;
SELECT m -> 'max_drawdown' AS max_drawdown, m -> 'max_drawdown_relative' AS relative, m -> 'final_balance' AS balance
FROM trading.calculate_metrics(:early, 'paper', method => 'freqtrade', store => false) m;

\echo 'what is undefined is null, not infinite, and averages over bots go on'
SELECT count(*) FROM (VALUES (1, 'buy', 100), (2, 'sell', 110)) r (n, side, price),
    LATERAL trading.apply_fill(:lucky, 'luck ' || n, 'BTC-USD', side, 1, price) f;
SELECT b, m ->> 'trades' AS trades, m ->> 'profit_factor' AS profit_factor, m ->> 'win_rate' AS win_rate,
       m ->> 'sharpe_ratio' AS sharpe_ratio
FROM unnest(ARRAY[:lucky, :idle]) b, trading.calculate_metrics(b, 'paper') m ORDER BY b;
SELECT round(avg((m ->> 'profit_factor')::numeric), 4) AS average_of_those_that_have_one
FROM unnest(ARRAY[:early, :lucky, :idle]) b, trading.calculate_metrics(b, 'paper', store => false) m;

\echo 'the day of a trade is one of the zone that is named, and the days add up to the total'
SELECT trading.create_bot(101, 'grid', '{}') AS days \gset
SELECT trading.start_bot(:days);
SELECT count(*) FROM (VALUES (1, 'buy', 100, '2026-03-28 23:29+01'), (2, 'sell', 105, '2026-03-28 23:30+01'),
                             (3, 'buy', 100, '2026-03-29 00:29+01'), (4, 'sell', 93, '2026-03-29 00:30+01'))
    r (n, side, price, at), LATERAL trading.apply_fill(:days, 'day ' || n, 'BTC-USD', side, 1, price,
                                                       filled_at => at::timestamptz) f;
SELECT zone, period AT TIME ZONE zone AS day, trades, net_pnl, sum(net_pnl) OVER (PARTITION BY zone) AS together
FROM unnest('{Europe/Berlin,UTC}'::text[]) zone,
    trading.pnl_summary(:days, '2026-03-01Z', '2026-04-01Z', 'day', zone, 'paper') ORDER BY zone, period;

\echo 'a bot that is stopped takes no fill that opens, and every one that closes'
SELECT trading.stop_bot(:bot);
SELECT refusal($$SELECT trading.apply_fill(7701, 'late', 'NEW-USD', 'buy', 1, 100)$$) AS opening;
SELECT quantity AS closing FROM trading.apply_fill(:bot, 'out', 'OIL-USD', 'sell', 1, 100);
RESET SESSION AUTHORIZATION;
SELECT * FROM trading.verify();
DROP ROLE trep_ann;
