-- Bots on our own exchange: whose orders they are, what a bot may place in its status, and what becomes of its orders
-- when it is stopped.
INSERT INTO identity.users (id, name, db_role)
VALUES (101, 'ann', 'tords_ann'), (102, 'ben', 'tords_ben'), (103, 'house', NULL);
CREATE ROLE tords_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tords_ben LOGIN IN ROLE bourse_trader;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7301;
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', maker_rate => 0.001, taker_rate => 0.001),
       exchange.create_market('ETH-BTC', 'ETH', 'BTC');
SELECT exchange.deposit(u, a, n) > 0 AS paid
FROM (VALUES (101, 'USD', 10000), (102, 'USD', 1000), (103, 'USD', 10000), (103, 'BTC', 100)) v (u, a, n);

SET SESSION AUTHORIZATION tords_ann;
SELECT trading.create_bot(101, 'grid', '{}', trade_type => 'live', starting_balance => 10000) AS bot \gset
-- Nothing before it is started.
SELECT refusal($$SELECT trading.place_order(7301, 'BTC-USD', 'buy', 90, 1)$$);
SELECT trading.start_bot(:bot);
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 90, 1, client_order_id => 'entry 1');
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 80, 1);
-- The same again is the same order.
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 90, 1, client_order_id => 'entry 1');
SELECT o.symbol, o.side, o.is_exit, o.is_settled, x.price, x.status
FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id ORDER BY o.order_id;
SELECT status FROM exchange.place_order(101, 'BTC-USD', 'buy', 1, 1, client_order_id => 'by hand');
SELECT call, refusal('SELECT trading.place_order(' || call || ')') AS answer FROM unnest(ARRAY[
    $$NULL, 'BTC-USD', 'buy', 90, 1$$, $$1, 'BTC-USD', 'buy', 90, 1$$, $$7301, 'XXX-USD', 'buy', 90, 1$$,
    $$7301, 'ETH-BTC', 'buy', 1, 1$$, $$7301, 'BTC-USD', 'hold', 90, 1$$, $$7301, 'BTC-USD', 'buy', 90, 1000$$,
    $$7301, 'BTC-USD', 'buy', 90, 1, client_order_id => 'by hand'$$,
    $$7301, 'BTC-USD', 'buy', 95, 1, client_order_id => 'entry 1'$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal($$SELECT trading.place_order(trading.create_bot(101, 'x', '{}', trade_type => 'backtest'), 'BTC-USD',
                                            'buy', 90, 1)$$);
-- Labels are as long as apply_fill() takes them.
SELECT refusal(format('SELECT trading.place_order(7301, ''BTC-USD'', ''buy'', 90, 1, %s => %L)', label,
                      repeat('é', n)))
FROM (VALUES ('strategy_name', 101), ('exit_reason', 101), ('"interval"', 11)) l (label, n);
-- Others neither place its orders nor see them.
SET SESSION AUTHORIZATION tords_ben;
SELECT refusal($$SELECT trading.place_order(7301, 'BTC-USD', 'buy', 90, 1)$$);
SELECT count(*) FROM trading.bot_orders;
RESET SESSION AUTHORIZATION;

-- Traded while nobody looked, and booked once: by the next order, or by sync_fills().
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'sell', 90, 1);
SELECT trading.sync_fills(:bot);
SELECT trading.sync_fills(:bot);
SELECT symbol, direction, qty_open, avg_price, status FROM trading.positions WHERE bot_id = :bot;
SELECT current_balance, open_positions FROM trading.bots WHERE id = :bot;

-- Paused it keeps its exits and loses its entries: what only reduces the position may rest and be placed.
SET SESSION AUTHORIZATION tords_ann;
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'sell', 110, 0.5, exit_reason => 'take_profit');
SELECT trading.pause_bot(:bot);
SELECT o.side, o.is_exit, x.price, x.status
FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id ORDER BY o.order_id;
SELECT detail FROM trading.bot_events(:bot, 1);
SELECT refusal($$SELECT trading.place_order(7301, 'BTC-USD', 'buy', 90, 1)$$);
-- Half of the position rests: more than the other half would go beyond it.
SELECT refusal($$SELECT trading.place_order(7301, 'BTC-USD', 'sell', 120, 0.6)$$);
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'sell', 120, 0.5, client_order_id => 'exit 2',
                                       exit_reason => 'take_profit');

-- An order becomes no larger: an exit would be an entry, an entry would meet no guard. Its price may change, and less
-- of it may be left. What is no bot's grows as ever.
SELECT max(order_id) FILTER (WHERE is_exit) AS exit, min(order_id) AS entry FROM trading.bot_orders \gset
SELECT regexp_replace(refusal(format('SELECT exchange.amend_order(%s, NULL, 5)', :exit)), 'order \d+', 'order …');
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, amount)
VALUES ('amend', 101, 'BTC-USD', 'exit 2', 5), ('amend', 101, 'BTC-USD', 'by hand', 2);
RESET SESSION AUTHORIZATION;
CALL exchange.match_orders();
SELECT client_order_id, sqlstate, regexp_replace(reason, 'order \d+', 'order …') AS reason
FROM exchange.command_rejections;
SET SESSION AUTHORIZATION tords_ann;
SELECT status, remaining_amount FROM exchange.amend_order(:exit, 119, 0.4);
SELECT refusal(format('SELECT exchange.amend_order(%s, 120, 0.5)', :exit)) LIKE '55000%' AS refused;
SELECT status FROM exchange.cancel_order(:exit);
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'sell', 120, 0.5, exit_reason => 'take_profit');

-- Stopped with its position: exits go on until it is flat, and with the last of them it is stopped.
SELECT trading.stop_bot(:bot, close_positions => true);
SELECT refusal($$SELECT trading.place_order(7301, 'BTC-USD', 'buy', 90, 1)$$);
RESET SESSION AUTHORIZATION;
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 110, 0.5);
SELECT trading.sync_fills();
SELECT status, open_positions FROM trading.bots WHERE id = :bot;
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 120, 0.5);
SELECT trading.sync_fills();
SELECT status, open_positions, current_balance, total_pnl FROM trading.bots WHERE id = :bot;
SELECT direction, entry_price, exit_price, size, gross_pnl, commission, net_pnl, exit_reason, status
FROM trading.trades WHERE bot_id = :bot ORDER BY exit_time;

-- Stopped at once: both orders are cancelled in the same transaction, their money is free.
SET SESSION AUTHORIZATION tords_ann;
SELECT trading.start_bot(:bot);
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 70, 1);
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 60, 1);
SELECT symbol, locked_amount FROM exchange.assets WHERE locked_amount > 0;
SELECT trading.stop_bot(:bot);
SELECT symbol, locked_amount FROM exchange.assets WHERE locked_amount > 0;
SELECT detail FROM trading.bot_events(:bot, 1);
SELECT refusal($$SELECT trading.place_order(7301, 'BTC-USD', 'buy', 70, 1)$$);
-- A retry of an order that was placed before still gets its answer.
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 90, 1, client_order_id => 'entry 1');

-- A market that is halted lets no order go: it is cancelled when the market takes cancels again.
SELECT trading.start_bot(:bot);
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 70, 1);
RESET SESSION AUTHORIZATION;
SELECT exchange.set_market_status('BTC-USD', 'halted');
SET SESSION AUTHORIZATION tords_ann;
SELECT trading.stop_bot(:bot);
SELECT detail FROM trading.bot_events(:bot, 1);
SELECT refusal('SELECT trading.delete_bot(7301)');
RESET SESSION AUTHORIZATION;
SELECT exchange.set_market_status('BTC-USD', 'open');
SELECT trading_private.on_tick();
SELECT x.status FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id ORDER BY o.order_id DESC LIMIT 1;
SELECT count(*) FROM trading.bot_orders WHERE NOT is_settled;
SELECT trading.delete_bot(:bot);
SELECT * FROM bourse.verify();

-- A gateway that acts for nobody sweeps and disables as other operators do; what it cancels is anybody's.
CREATE ROLE tords_gateway LOGIN IN ROLE bourse_gateway;
SELECT trading.create_bot(101, 'one', '{}') AS one, trading.create_bot(101, 'two', '{}') AS two \gset
SELECT trading.start_bot(:one), trading.start_bot(:two);
SELECT count(trading.place_order(b, 'BTC-USD', 'buy', 70, 1)) FROM unnest(ARRAY[:one, :two]) b;
SELECT trading.heartbeat(:one);
UPDATE trading.bot_heartbeats SET last_heartbeat = now() - interval '5 minutes' WHERE bot_id = :one;
SET SESSION AUTHORIZATION tords_gateway;
SELECT count(*) AS silent FROM trading.sweep_bots();
SELECT trading.disable_bot(:two, 'kill');
SELECT trading.enable_bot(:two);
RESET SESSION AUTHORIZATION;
SELECT b.id - :one AS bot, b.status, x.status, o.is_unwanted
FROM trading.bot_accounts b JOIN trading.bot_orders o ON o.bot_id = b.id JOIN exchange.orders x ON x.id = o.order_id
ORDER BY b.id;

-- Orders that a halted market does not let go keep no other from going, however many they are.
SELECT exchange.create_market(s || '-USD', s, 'USD') FROM unnest('{AAA,ZZZ}'::text[]) s;
SELECT trading.create_bot(101, 'stuck', '{}') AS stuck, trading.create_bot(101, 'silent', '{}') AS silent \gset
SELECT trading.start_bot(:stuck), trading.start_bot(:silent), trading.heartbeat(:silent);
SELECT count(trading.place_order(:stuck, 'AAA-USD', 'buy', 1, 1)) FROM generate_series(1, 101);
SELECT status FROM trading.place_order(:silent, 'ZZZ-USD', 'buy', 1, 1);
SELECT exchange.set_market_status('AAA-USD', 'halted');
SELECT trading.stop_bot(:stuck);
SELECT detail FROM trading.bot_events(:stuck, 1);
UPDATE trading.bot_heartbeats SET last_heartbeat = now() - interval '5 minutes' WHERE bot_id = :silent;
SELECT count(*) AS silent FROM trading.sweep_bots();
SELECT symbol, count(*) AS live FROM exchange.orders WHERE status = 'open' AND symbol IN ('AAA-USD', 'ZZZ-USD')
GROUP BY symbol;
SELECT exchange.set_market_status('AAA-USD', 'open');
SELECT trading_private.cancel_unwanted(100), trading_private.cancel_unwanted(100), trading_private.cancel_unwanted(100);
SELECT issue, count FROM bourse.integrity() WHERE module = 'trading' AND count > 0;

-- Two exits of one position: once the other has closed it, the one that rests would open. It goes as soon as what has
-- closed the position is booked, of a running bot as well.
SELECT trading.create_bot(101, 'both', '{}', trade_type => 'live') AS both,
       exchange.deposit(101, 'BTC', 5) > 0 AS paid \gset
SELECT trading.start_bot(:both);
SELECT status FROM exchange.place_order(103, 'BTC-USD', 'sell', 100, 1);
SELECT filled_amount FROM trading.place_order(:both, 'BTC-USD', 'buy', 100, 1);
SELECT status FROM trading.place_order(:both, 'BTC-USD', 'sell', 120, 1);
SELECT status FROM trading.place_order(:both, 'BTC-USD', 'sell', 110, 1);
SELECT filled_amount FROM exchange.place_order(103, 'BTC-USD', 'buy', 110, 1);
SELECT trading.sync_fills(:both), trading_private.cancel_unwanted(100) AS cancelled;
SELECT trading.pause_bot(:both);
SELECT o.is_exit, x.price, x.status FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id
WHERE o.bot_id = :both ORDER BY o.order_id;
SELECT trading.resume_bot(:both);
SELECT status FROM exchange.place_order(103, 'BTC-USD', 'sell', 100, 1);
SELECT filled_amount FROM trading.place_order(:both, 'BTC-USD', 'buy', 100, 1);
SELECT status FROM trading.place_order(:both, 'BTC-USD', 'sell', 120, 1);
SELECT trading.pause_bot(:both);
SELECT realized_pnl FROM trading.apply_fill(:both, 'elsewhere', 'BTC-USD', 'sell', 1, 115);
SELECT trading_private.cancel_unwanted(100) AS cancelled;
SELECT o.is_exit, x.price, x.status FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id
WHERE o.bot_id = :both ORDER BY o.order_id;
SELECT direction, qty_open, status FROM trading.positions WHERE bot_id = :both ORDER BY id;
