-- What the positions of a user's accounts have come to.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'msum_ann'), (102, 'ben', 'trader', 'msum_ben');
CREATE ROLE msum_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE msum_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
ALTER TABLE mirror.strategies ALTER id RESTART WITH 8001;
ALTER TABLE mirror.strategy_deployments ALTER id RESTART WITH 9001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(101, 'an empty one', 'Zerodha'),
       mirror.create_account(101, 'hedge', 'Upstox'), mirror.create_account(102, 'of ben', 'Upstox');

-- Brokers report positions; a copy of the seed's query says the same as the function.
SET SESSION AUTHORIZATION msum_worker;
SELECT action, count(*) FROM mirror.sync_positions(7001, '[
    {"symbol": "RELIANCE", "exchange": "NSE", "product": "MIS", "quantity": "10", "average_price": "100.00",
     "ltp": "103.50"},
    {"symbol": "TCS", "exchange": "NSE", "product": "MIS", "quantity": "-5", "average_price": "200.00",
     "ltp": "210.00"}]',
    clock_timestamp()) GROUP BY action;
SELECT action, count(*) FROM mirror.sync_positions(7003, '[
    {"symbol": "INFY", "exchange": "NSE", "product": "CNC", "quantity": "3", "average_price": "50.00",
     "ltp": "49.99"}]',
    clock_timestamp()) GROUP BY action;
SET SESSION AUTHORIZATION msum_ann;
SELECT account_name, position_count, trim_scale(total_pnl) AS total_pnl FROM mirror.get_user_positions_summary(101);
SELECT a.account_name, count(p.id) AS position_count, trim_scale(sum(p.pnl)) AS total_pnl
FROM mirror.trading_accounts a JOIN mirror.positions p ON a.id = p.account_id
WHERE a.user_id = 101 GROUP BY a.id ORDER BY a.account_name;
SELECT refusal('SELECT mirror.get_user_positions_summary(NULL)') AS of_nobody,
       refusal('SELECT mirror.get_user_positions_summary(102)') AS of_another,
       refusal('SELECT mirror.get_user_positions_summary(987654)') AS of_none \gx

-- A report is never refused. More positions than the deployments of the account may have are a breach, once, until they
-- are fewer; positions that are flat make room again, and those in which an order may still be do not.
SELECT mirror.create_strategy(101, 'Breakout');
SELECT mirror.deploy_strategy(8001, 7001, max_positions => 2), mirror.start_deployment(9001);
SELECT mirror.open_position(9001, 'NSE', 'RELIANCE', 'MIS'), mirror.open_position(9001, 'NSE', 'WIPRO', 'MIS');
SET SESSION AUTHORIZATION msum_worker;
SELECT broker_key, action FROM mirror.sync_positions(7001, '[
    {"symbol": "RELIANCE", "exchange": "NSE", "product": "MIS", "quantity": "10", "average_price": "100.00",
     "ltp": "103.50"},
    {"symbol": "TCS", "exchange": "NSE", "product": "MIS", "quantity": "-5", "average_price": "200.00",
     "ltp": "210.00"},
    {"symbol": "WIPRO", "exchange": "NSE", "product": "MIS", "quantity": "1", "average_price": "20.00",
     "ltp": "20.00"}]',
    clock_timestamp());
SET SESSION AUTHORIZATION msum_ann;
SELECT event, detail FROM mirror.deployment_events(9001);
SELECT breached_at IS NOT NULL AS in_breach FROM mirror.strategy_deployments;
SELECT refusal('SELECT mirror.open_position(9001, $$NSE$$, $$INFY$$, $$MIS$$)');
SET SESSION AUTHORIZATION msum_worker;
SELECT broker_key, action FROM mirror.sync_positions(7001, '[
    {"symbol": "WIPRO", "exchange": "NSE", "product": "MIS", "quantity": "1", "average_price": "20.00",
     "ltp": "20.00"}]',
    clock_timestamp());
SET SESSION AUTHORIZATION msum_ann;
SELECT count(*) FILTER (WHERE e.event = 'breach') AS breaches FROM mirror.deployment_events(9001) e;
SELECT breached_at IS NOT NULL AS in_breach FROM mirror.strategy_deployments;
SELECT symbol FROM mirror.deployment_positions;
SELECT mirror.open_position(9001, 'NSE', 'INFY', 'MIS');
SET SESSION AUTHORIZATION msum_worker;
SELECT broker_key, action FROM mirror.sync_orders(7001, '[
    {"orderid": "1", "symbol": "INFY", "exchange": "NSE", "action": "BUY", "quantity": "1", "price": "50",
     "trigger_price": "0", "pricetype": "LIMIT", "product": "MIS", "order_status": "open",
     "timestamp": "28-Aug-2025 09:59:10"}]', clock_timestamp());
SELECT broker_key, action FROM mirror.sync_positions(7001, '[]', clock_timestamp());
SELECT symbol AS has_a_place FROM mirror.deployment_positions;
SELECT broker_key, action FROM mirror.sync_orders(7001, '[
    {"orderid": "1", "symbol": "INFY", "exchange": "NSE", "action": "BUY", "quantity": "1", "price": "50",
     "trigger_price": "0", "pricetype": "LIMIT", "product": "MIS", "order_status": "cancelled",
     "timestamp": "28-Aug-2025 09:59:10"}]', clock_timestamp());
SELECT broker_key, action FROM mirror.sync_positions(7001, '[]', clock_timestamp());
SELECT count(*) AS have_a_place FROM mirror.deployment_positions;
RESET SESSION AUTHORIZATION;
SELECT * FROM mirror.verify();

-- What is copied to an account takes a place of one of its active deployments; without one it is skipped.
SELECT mirror.open_position(9001, 'NSE', 'WIPRO', 'MIS');
SELECT mirror.create_group(101, 'followed', 7002) AS followed \gset
SELECT mirror.add_follower(:followed, 7001) AS follower \gset
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, price,
                           product, status, placed_at)
SELECT 7002, 101, 'leader ' || symbol, 'NSE', symbol, 'BUY', 3, 'LIMIT', 50, 'MIS', 'OPEN', clock_timestamp()
FROM unnest(ARRAY['INFY', 'TCS']) symbol;
SELECT o.order_id, o.symbol, c.quantity, c.status, c.reason
FROM mirror.orders o CROSS JOIN LATERAL mirror.copy_order(o.id) c WHERE o.account_id = 7002 ORDER BY o.order_id;
SELECT symbol AS has_a_place FROM mirror.deployment_positions ORDER BY symbol;
SELECT * FROM mirror.verify();
