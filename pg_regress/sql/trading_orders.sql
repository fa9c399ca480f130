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
