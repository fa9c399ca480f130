-- Strategies and where they are at work: the steps of a deployment, and how many positions it may have.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mstr_ann'), (102, 'ben', 'trader', 'mstr_ben');
CREATE ROLE mstr_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mstr_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mstr_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE mstr_admin LOGIN IN ROLE bourse_admin;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
ALTER TABLE mirror.strategies ALTER id RESTART WITH 8001;
ALTER TABLE mirror.strategy_deployments ALTER id RESTART WITH 9001;
SET SESSION AUTHORIZATION mstr_ann;
SELECT mirror.create_account(101, 'first', 'Zerodha'), mirror.create_account(101, 'second', 'Upstox');
SET SESSION AUTHORIZATION mstr_ben;
SELECT mirror.create_account(102, 'first', 'Zerodha');

-- A strategy is its user's.
SET SESSION AUTHORIZATION mstr_ann;
SELECT mirror.create_strategy(101, 'Breakout', 'momentum', 'Buys what breaks out');
SELECT mirror.create_strategy(101, 'Pairs');
SELECT id, user_id, name, description, strategy_type, is_active FROM mirror.strategies ORDER BY id;
SELECT mirror.update_strategy(8002, strategy_type => 'mean_reversion', description => 'Buys the laggard');
SELECT mirror.update_strategy(8002, name => 'Pairs');
SELECT id, name, description, strategy_type, is_active FROM mirror.strategies WHERE id = 8002;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$create_strategy(NULL, 'x')$$, $$create_strategy(101, NULL)$$, $$create_strategy(101, ' ')$$,
    $$create_strategy(101, repeat('x', 101))$$, $$create_strategy(101, 'x', 'Momentum')$$,
    $$create_strategy(101, 'x', repeat('x', 51))$$, $$create_strategy(101, 'x', NULL, repeat('x', 10001))$$,
    $$create_strategy(101, 'x', NULL, 'token: abcdefgh')$$, $$create_strategy(101, E'a\u202eb')$$,
    $$create_strategy(102, 'x')$$,
    $$create_strategy(987654, 'x')$$, $$update_strategy(NULL, 'x')$$, $$update_strategy(8001, '')$$,
    $$update_strategy(8001, strategy_type => '1')$$, $$delete_strategy(NULL)$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal('UPDATE mirror.strategies SET is_active = false') AS strategy,
       refusal('UPDATE mirror.strategy_deployments SET status = $$active$$') AS deployment,
       refusal('DELETE FROM mirror.deployment_events') AS events,
       refusal('INSERT INTO mirror.deployment_positions SELECT') AS positions \gx

-- It is deployed on accounts of the same user, and stands still until it is started.
SELECT mirror.deploy_strategy(8001, 7001, 100000, max_positions => 2);
SELECT mirror.deploy_strategy(8001, 7001);
SELECT mirror.deploy_strategy(8002, 7002);
SELECT id, strategy_id, account_id, trim_scale(capital_allocated) AS capital, max_positions, status, started_at,
       stopped_at, total_pnl FROM mirror.strategy_deployments ORDER BY id;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$deploy_strategy(NULL, 7001)$$, $$deploy_strategy(8001, NULL)$$, $$deploy_strategy(987654, 7001)$$,
    $$deploy_strategy(8001, 7003)$$, $$deploy_strategy(8001, 7001, -1)$$, $$deploy_strategy(8001, 7001, 'NaN')$$,
    $$deploy_strategy(8001, 7001, 0.000000001)$$, $$deploy_strategy(8001, 7001, 1, 0)$$,
    $$deploy_strategy(8001, 7001, 1, 1001)$$, $$deploy_strategy(8001, 7001, 1, NULL)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION mstr_admin;
SELECT refusal('SELECT mirror.deploy_strategy(8001, 7003)');

-- The steps of its life.
SELECT * FROM mirror.deployment_transitions();
SET SESSION AUTHORIZATION mstr_ann;
SELECT refusal('SELECT mirror.pause_deployment(9001)') AS pause, refusal('SELECT mirror.stop_deployment(9001)') AS stop
    \gx
SELECT mirror.start_deployment(9001);
SELECT refusal('SELECT mirror.start_deployment(9001)') AS again,
       refusal('SELECT mirror.start_deployment(9002)') AS twice \gx
SELECT mirror.pause_deployment(9001);
SELECT refusal('SELECT mirror.pause_deployment(9001)') AS again,
       refusal('SELECT mirror.start_deployment(9002)') AS twice \gx
SELECT mirror.start_deployment(9001);
SELECT mirror.stop_deployment(9001);
SELECT mirror.start_deployment(9002);
SELECT mirror.stop_deployment(9002);
SELECT mirror.start_deployment(9001);
SELECT event, old_status, new_status, actor, actor_id, at <= clock_timestamp() AS timed, detail
FROM mirror.deployment_events(9001);
SELECT e.event FROM mirror.deployment_events(9001, 2) e;
SELECT e.event FROM mirror.deployment_events(9001, 2, (SELECT min(l.id) FROM mirror.deployment_events(9001, 2) l)) e;
SELECT status, started_at > stopped_at AS restarted FROM mirror.strategy_deployments WHERE id = 9001;
SELECT mirror.set_deployment_pnl(9001, -123.45);
SELECT trim_scale(total_pnl) AS total_pnl FROM mirror.strategy_deployments WHERE id = 9001;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    'start_deployment(NULL)', 'pause_deployment(987654)', 'stop_deployment(NULL)', 'set_deployment_pnl(9001, NULL)',
    $$set_deployment_pnl(9001, 'Infinity')$$, 'set_deployment_pnl(9001, 1e12)', 'deployment_events(NULL)',
    'deployment_events(9001, 0)', 'deployment_events(9001, 10001)']) WITH ORDINALITY c (call, n) ORDER BY n;

-- A strategy that is at work is not put out of use, nor deleted; nor is one started that is, or on such an account.
SELECT refusal('SELECT mirror.update_strategy(8001, is_active => false)') AS off,
       refusal('SELECT mirror.delete_strategy(8001)') AS deleted \gx
SELECT mirror.update_strategy(8002, is_active => false);
SELECT refusal('SELECT mirror.start_deployment(9003)') AS started, refusal('SELECT mirror.deploy_strategy(8002, 7001)')
       AS deployed \gx
SELECT mirror.update_strategy(8002, is_active => true);
SELECT mirror.deactivate_account(7002);
SELECT refusal('SELECT mirror.start_deployment(9003)') AS started, refusal('SELECT mirror.deploy_strategy(8002, 7002)')
       AS deployed \gx
SELECT mirror.activate_account(7002);
SELECT mirror.start_deployment(9003);

-- Before an order is sent, its deployment asks whether it may open the position. It may have two.
SELECT mirror.open_position(9001, 'NSE', 'RELIANCE', 'MIS');
SELECT mirror.open_position(9001, 'NSE', 'RELIANCE', 'MIS') AS has_it_already;
SELECT mirror.open_position(9001, 'NSE', 'RELIANCE') AS of_another_product;
SELECT refusal('SELECT mirror.open_position(9001, $$NSE$$, $$TCS$$)');
SELECT mirror.close_position(9001, 'NSE', 'RELIANCE', 'MIS');
SELECT mirror.close_position(9001, 'NSE', 'RELIANCE', 'MIS') AS again;
SELECT mirror.open_position(9001, 'NSE', 'TCS');
SELECT exchange, symbol, product FROM mirror.deployment_positions WHERE deployment_id = 9001 ORDER BY symbol;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$open_position(NULL, 'NSE', 'TCS')$$, $$open_position(9001, NULL, 'TCS')$$, $$open_position(9001, 'NSE', NULL)$$,
    $$open_position(9001, 'nse', 'TCS')$$, $$open_position(9001, 'NSE', 'TCS', '')$$,
    $$open_position(9001, 'NSE', 'TCS', repeat('X', 11))$$, $$open_position(9002, 'NSE', 'TCS')$$,
    $$close_position(987654, 'NSE', 'TCS')$$, $$close_position(9001, 'NSE', '')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Paused it opens nothing, and closes what it has. Stopped and started it has what it had.
SELECT mirror.pause_deployment(9001);
SELECT refusal('SELECT mirror.open_position(9001, $$NSE$$, $$INFY$$)');
SELECT mirror.close_position(9001, 'NSE', 'TCS');
SELECT mirror.stop_deployment(9001), mirror.start_deployment(9001);
SELECT count(*) FROM mirror.deployment_positions WHERE deployment_id = 9001;
SELECT mirror.deactivate_account(7001);
SELECT refusal('SELECT mirror.open_position(9001, $$NSE$$, $$INFY$$)');
SELECT mirror.activate_account(7001);

-- What is copied to an account takes room of one of its active deployments. This function is private.
RESET SESSION AUTHORIZATION;
SELECT n, mirror_private.take_position_room(7001, 'NSE', 'SYMBOL ' || n, 'MIS') AS has_room
FROM generate_series(1, 3) n;
SELECT mirror_private.take_position_room(7001, 'NSE', 'SYMBOL 1', 'MIS') AS has_it_already;
SELECT mirror_private.take_position_room(7003, 'NSE', 'ANYTHING', NULL) AS nobody_at_work;

-- Nobody else learns of them.
SET SESSION AUTHORIZATION mstr_ben;
SELECT (SELECT count(*) FROM mirror.strategies) AS strategies,
       (SELECT count(*) FROM mirror.strategy_deployments) AS deployments,
       (SELECT count(*) FROM mirror.deployment_events) AS events,
       (SELECT count(*) FROM mirror.deployment_positions) AS positions;
SELECT call, replace(refusal(format('SELECT mirror.' || call, id)), id::text, 'N')
           = replace(refusal(format('SELECT mirror.' || call, 987654)), '987654', 'N') AS alike,
       refusal(format('SELECT mirror.' || call, id)) AS answer
FROM unnest(ARRAY['update_strategy(%s, $$x$$)', 'delete_strategy(%s)', 'deploy_strategy(%s, 7003)',
    'start_deployment(%s)', 'pause_deployment(%s)', 'stop_deployment(%s)', 'set_deployment_pnl(%s, 1)',
    'deployment_events(%s)', 'open_position(%s, $$NSE$$, $$X$$)', 'close_position(%s, $$NSE$$, $$X$$)'],
    ARRAY[8001, 8001, 8001, 9001, 9001, 9001, 9001, 9001, 9001, 9001]) WITH ORDINALITY c (call, id, n) ORDER BY n;

-- The tables keep their own rules, whoever writes them.
RESET SESSION AUTHORIZATION;
SELECT changed, substring(answer FROM '^\d+') AS state, substring(answer FROM 'constraint "(\w+)"') AS rule
FROM unnest(ARRAY['{"name": " "}', '{"strategy_type": "A"}', '{"user_id": 987654}', '{"is_active": null}']::jsonb[])
    WITH ORDINALITY c (changed, n),
    LATERAL refusal(format('INSERT INTO mirror.strategies
    SELECT r.* FROM jsonb_populate_record(NULL::mirror.strategies, %L) r', jsonb_build_object('id', 1, 'user_id', 101,
        'name', 'direct', 'is_active', true, 'created_at', now(), 'updated_at', now()) || changed)) answer ORDER BY n;
SELECT refusal('INSERT INTO mirror.strategies (user_id, name, description) VALUES (101, $$x$$, repeat($$x$$, 10001))')
           LIKE '23514%strategies_description_check%' AS description;
SELECT changed, substring(answer FROM '^\d+') AS state, substring(answer FROM 'constraint "(\w+)"') AS rule
FROM unnest(ARRAY['{"capital_allocated": -1}', '{"capital_allocated": "NaN"}', '{"max_positions": 0}',
    '{"max_positions": 1001}', '{"status": "running", "started_at": "2026-01-01"}', '{"status": "active"}',
    '{"total_pnl": "NaN"}',
    '{"account_id": 7003}', '{"user_id": 102}', '{"strategy_id": 987654}',
    '{"status": "active", "started_at": "2026-01-01"}']::jsonb[]) WITH ORDINALITY c (changed, n),
    LATERAL refusal(format('INSERT INTO mirror.strategy_deployments
    SELECT r.* FROM jsonb_populate_record(NULL::mirror.strategy_deployments, %L) r', jsonb_build_object('id', 1,
        'user_id', 101, 'strategy_id', 8001, 'account_id', 7001, 'max_positions', 5, 'status', 'inactive', 'total_pnl',
        0, 'created_at', now(), 'updated_at', now()) || changed)) answer ORDER BY n;
SELECT refusal('UPDATE mirror.strategy_deployments SET status = $$paused$$ WHERE id = 9002') AS step,
       refusal('UPDATE mirror.deployment_events SET event = $$stop$$') AS event,
       refusal('DELETE FROM mirror.deployment_events') AS deleted, refusal('TRUNCATE mirror.deployment_events')
       AS truncated \gx
SELECT refusal('INSERT INTO mirror.deployment_events (user_id, deployment_id, event, new_status)
                VALUES (101, 9001, $$explode$$, $$active$$)') LIKE '23514%deployment_events_event_check%' AS event;
UPDATE mirror.strategy_deployments SET id = 1, user_id = 102, strategy_id = 8002, account_id = 7002,
                                       created_at = '2000-01-01' WHERE id = 9002;
SELECT id, user_id, strategy_id, account_id, created_at > '2020-01-01' AS kept FROM mirror.strategy_deployments
WHERE id = 9002;

-- A user has 1,000 strategies, an account as many deployments.
SET SESSION AUTHORIZATION mstr_ben;
SELECT count(mirror.create_strategy(102, 'strategy ' || n)) FROM generate_series(1, 1000) n;
SELECT refusal('SELECT mirror.create_strategy(102, $$one more$$)');
SELECT min(id) AS one FROM mirror.strategies \gset
SELECT count(mirror.deploy_strategy(:one, 7003)) FROM generate_series(1, 1000) n;
SELECT replace(refusal(format('SELECT mirror.deploy_strategy(%s, 7003)', :one)), '7003', 'N');

-- A strategy goes with its deployments, a user who is erased with all of them.
SET SESSION AUTHORIZATION mstr_ann;
SELECT mirror.stop_deployment(9003);
SELECT mirror.delete_strategy(8002);
SELECT count(*) FROM mirror.strategy_deployments WHERE strategy_id = 8002;
SET SESSION AUTHORIZATION mstr_admin;
SELECT r.table_name, count(*) FROM identity.export_user_rows(101) r WHERE r.table_name LIKE 'mirror.%'
GROUP BY 1 ORDER BY 1;
SELECT refusal('SELECT mirror.verify()') AS checked;
SELECT * FROM mirror.verify();
SELECT key, value FROM jsonb_each(identity.erase_user(101, 'asked for it') -> 'deleted') WHERE key LIKE 'mirror.%'
ORDER BY key;
SELECT count(*) FROM mirror.strategies WHERE user_id = 101;

-- What verify() and integrity() find when somebody has written past all of it.
RESET SESSION AUTHORIZATION;
BEGIN;
SET LOCAL session_replication_role = replica;
DROP INDEX mirror.idx_is_primary, mirror.strategy_deployments_at_work_key;
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker, is_primary) OVERRIDING SYSTEM VALUE
VALUES (1, 102, 'one', 'Nobody', true), (2, 102, 'two', 'Zerodha', true), (3, 987654, 'three', 'Zerodha', false);
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker, is_primary, is_active)
VALUES (4, 102, 'four', 'Zerodha', true, false);
INSERT INTO mirror.strategies (id, user_id, name, is_active)
VALUES (5, 987654, 'nobody''s', true), (6, 102, 'off', false);
INSERT INTO mirror.strategy_deployments (id, user_id, strategy_id, account_id, max_positions, status, started_at)
VALUES (7, 102, 6, 2, 1, 'active', now()), (8, 102, 6, 2, 1, 'paused', now()), (9, 102, 5, 2, 1, 'inactive', NULL);
INSERT INTO mirror.deployment_events (user_id, deployment_id, event, new_status)
VALUES (102, 7, 'start', 'active'), (102, 9, 'deploy', 'inactive');
INSERT INTO mirror.deployment_positions (user_id, deployment_id, exchange, symbol) VALUES
    (102, 7, 'NSE', 'A'), (102, 7, 'NSE', 'B');
SELECT * FROM mirror_private.verify_accounts();
SELECT * FROM mirror_private.own_integrity();
ROLLBACK;
