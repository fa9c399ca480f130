-- Rows of tables that nothing of the manual and the tests leaves one in: queues that are empty when all is done. And a
-- test of what is watched has taken away what it has queued.
DELETE FROM mirror.copied_orders o
WHERE o.status = 'queued' AND NOT EXISTS (
    SELECT FROM mirror.order_requests r
    WHERE r.order_id = o.id AND r.action = 'new' AND r.status IN ('waiting', 'sending', 'unknown'));
INSERT INTO bourse.stalled_keys (queue, concurrency_key) VALUES ('messages', 'example') ON CONFLICT DO NOTHING;
INSERT INTO jobs.paused_types (job_type, reason) VALUES ('example', 'an example');
INSERT INTO exchange.command_attempts (first_id, last_id, tries) VALUES (1, 1, 1);
INSERT INTO exchange.fee_groups (user_id, fee_group) SELECT min(u.id), 'example' FROM identity.users u HAVING count(*) > 0;
INSERT INTO exchange.order_commands (action, symbol, set_aside_at, set_aside_sqlstate, set_aside_reason)
VALUES ('new', 'A-B', now(), '58000', 'an example');
INSERT INTO marketplace.subscriber_changes (bot_id, change) SELECT min(b.id), 0 FROM marketplace.bots b HAVING count(*) > 0;
INSERT INTO trading.fill_commands (bot_id, fill_id, symbol)
SELECT min(b.id), 'example', 'A/B' FROM trading.bot_accounts b HAVING count(*) > 0;
INSERT INTO trading.unbooked_fills (order_id, trade_id, user_id, bot_id, symbol, side, quantity, price, fee, traded_at,
                                    sqlstate, reason)
SELECT 1, 1, b.user_id, b.id, 'A-B', 'buy', 1, 1, 0, now(), '55000', 'an example' FROM trading.bot_accounts b LIMIT 1;
INSERT INTO exchange.fee_schedules (fee_group, maker_rate, taker_rate) VALUES ('example', 0.001, 0.002)
ON CONFLICT DO NOTHING;
INSERT INTO trading.price_ranges (symbol, block, low, high) VALUES ('EXAMPLE', 0, 1, 2);
