-- A transaction that reads an old snapshot would decide by what is no more: every call that decides refuses it (25001),
-- and changes nothing.
INSERT INTO identity.users (id, name) VALUES (981, 'lea'), (982, 'ann');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 981, 'lead', 'Zerodha'), (12, 982, 'ann', 'Zerodha'), (13, 982, 'spare', 'Upstox');
SELECT mirror.create_group(981, 'shares', 11) AS g, mirror.create_strategy(982, 'way') AS strategy \gset
SELECT mirror.deploy_strategy(:strategy, 12) AS deployment, mirror.share_group(:g, 982),
       mirror.add_follower(:g, 12) AS follower \gset
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, product,
                           status, filled_quantity, placed_at)
VALUES (11, 981, 'L1', 'NSE', 'TCS', 'BUY', 10, 'MARKET', 'MIS', 'EXECUTED', 10, clock_timestamp())
RETURNING id AS entry \gset
SELECT order_id AS copied FROM mirror.copy_order(:entry) \gset
SELECT lease FROM mirror.claim_orders('sender') \gset
CREATE FUNCTION says(call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'SELECT * FROM mirror.' || call;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
CREATE TABLE calls (call text);
INSERT INTO calls VALUES
    ('create_account(982, ''more'', ''Zerodha'')'), ('update_account(12, account_name => ''other'')'),
    ('set_primary_account(12)'), ('deactivate_account(12)'), ('activate_account(12)'), ('delete_account(13)'),
    ('set_api_key(12, ''k'')'), (format('deploy_strategy(%s, 13)', :strategy)),
    (format('start_deployment(%s)', :deployment)), (format('pause_deployment(%s)', :deployment)),
    (format('stop_deployment(%s)', :deployment)), (format('update_strategy(%s, ''other'')', :strategy)),
    (format('delete_strategy(%s)', :strategy)), (format('open_position(%s, ''NSE'', ''TCS'')', :deployment)),
    (format('close_position(%s, ''NSE'', ''TCS'')', :deployment)),
    ('sync_orders(12, ''[]'', now())'), ('sync_positions(12, ''[]'', now())'), ('sync_holdings(12, ''[]'', now())'),
    ('sync_executions(12, ''[]'', now())'), ('record_execution(12, ''o'', ''e'', 1, 1, now())'),
    ('update_prices(''[]'')'), ('archive_orders()'),
    ('create_group(981, ''other'', 11)'), (format('add_follower(%s, 13)', :g)), (format('copy_order(%s)', :entry)),
    (format('settle_copies(%s)', :g)), ('settle_copies()'), (format('close_followers(%s)', :g)),
    (format('close_orphans(%s)', :g)), (format('reconcile(%s)', :g)),
    ('claim_orders(''sender'')'), (format('ack_order(''%s'', %s, ''B'')', :'lease', :copied)),
    (format('reject_order(''%s'', %s, ''no'')', :'lease', :copied)), (format('resolve_order(%s, NULL)', :copied)),
    (format('copy_on_exchange(%s, ''X-Y'', ''buy'', 1, 1)', :g)), (format('cancel_on_exchange(%s, 1)', :g)),
    (format('follow_on_exchange(%s, true)', :follower)),
    ('connect(12, ''one'')'), ('sweep()'), ('fail_back(12)');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT call, says(call) FROM calls WHERE says(call) <> '25001';
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM calls WHERE says(call) = '25001';
COMMIT;
-- All are among them that their COMMENT says it of.
SELECT p.proname FROM pg_proc p
WHERE p.pronamespace = 'mirror'::regnamespace AND obj_description(p.oid, 'pg_proc') LIKE '%25001%'
  AND NOT EXISTS (SELECT FROM calls c WHERE split_part(c.call, '(', 1) = p.proname);
SELECT status FROM mirror.order_requests;
