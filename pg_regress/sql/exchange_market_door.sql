-- A market that logins without a trusted role trade in through the sequencer only.
CREATE ROLE regress_door_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_door_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE regress_door_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_door_worker LOGIN IN ROLE bourse_worker;
INSERT INTO identity.users (id, name, db_role)
VALUES (7401, 'door ann', 'regress_door_trader'), (7402, 'door bob', NULL);
SELECT exchange.create_market('DOOR-USD', 'DOOR', 'USD'), exchange.create_market('OPEN-USD', 'DOOR', 'USD');
SELECT exchange.deposit(u, a, 1000) > 0 AS deposited FROM unnest(ARRAY[7401, 7402]) u, unnest(ARRAY['DOOR', 'USD']) a;
SELECT status FROM exchange.place_order(7401, 'DOOR-USD', 'buy', 10, 1, client_order_id => 'ann 1');
SELECT max(id) AS mine FROM exchange.orders WHERE user_id = 7401 \gset

-- An admin sets it as any other rule; what it can say is fixed.
SET SESSION AUTHORIZATION regress_door_admin;
UPDATE exchange.markets SET door = 'sequencer' WHERE symbol = 'DOOR-USD' RETURNING door;
SELECT refusal('UPDATE exchange.markets SET door = ''back'' WHERE symbol = ''DOOR-USD''');
SET SESSION AUTHORIZATION regress_door_trader;
SELECT refusal('UPDATE exchange.markets SET door = ''any''');
-- Every way to hold the market, or to look at what a ROLLBACK takes back, is closed to a trader.
SELECT s, refusal(replace(s, 'MINE', :'mine')) FROM unnest(ARRAY[
    'SELECT exchange.place_order(7401, ''DOOR-USD'', ''sell'', 10, 1)', 'SELECT exchange.cancel_order(MINE)',
    'SELECT exchange.cancel_order(7401, ''ann 1'')',
    'SELECT exchange.amend_order(MINE, 9)', 'SELECT exchange.cancel_all_orders(7401)',
    'SELECT exchange.cancel_all_orders(7401, ''DOOR-USD'')',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (7401, ''DOOR-USD'', ''buy'', 1, 1)',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (7401, ''OPEN-USD'', ''buy'', 1, 1), (7401, ''DOOR-USD'', ''buy'', 1, 1)',
    'CALL exchange.match_orders(''DOOR-USD'')', 'CALL exchange.match_orders()']) s;
-- The others stay open, and so does the inbox; a transfer belongs to no market.
SELECT status FROM exchange.place_order(7401, 'OPEN-USD', 'buy', 10, 1);
SELECT exchange.cancel_all_orders(7401, 'OPEN-USD');
INSERT INTO exchange.order_commands (action, user_id, client_order_id) VALUES ('cancel', 7401, 'ann 1');
SELECT exchange.transfer(7401, 7402, 'USD', 1, 'door 1') > 0 AS moved;
SELECT refusal('SELECT exchange.submit_cancel_all(7401, ''DOOR-USD'')'),
       refusal('SELECT exchange.submit_cancel_all(7402)'), refusal('SELECT exchange.submit_cancel_all(NULL)');
SELECT s, refusal(s)
FROM unnest(ARRAY['SELECT exchange.submit_transfer(7401, 7402, ''USD'', 1)',
    'SELECT exchange.submit_transfer(7402, 7401, ''USD'', 1)',
    'SELECT exchange.submit_transfer(NULL, 7401, ''USD'', 1)',
    'SELECT exchange.submit_transfer(7401, NULL, ''USD'', 1)', 'SELECT exchange.submit_transfer(7401, 7402, NULL, 1)',
    'SELECT exchange.submit_transfer(7401, 7402, ''USD'', 0)',
    'SELECT exchange.submit_transfer(7401, 7402, ''USD'', ''NaN'')',
    'SELECT exchange.submit_transfer(7401, 7402, ''ELEVENCHARS'', 1)',
    'SELECT exchange.submit_transfer(7401, 7402, ''USD'', 1, repeat(''x'', 129))']) s;
-- Trusted logins come through every door.
SET SESSION AUTHORIZATION regress_door_gateway;
BEGIN;
SELECT identity.act_as(7402);
SELECT status FROM exchange.place_order(7402, 'DOOR-USD', 'sell', 20, 1);
COMMIT;
CALL exchange.match_orders();
SET SESSION AUTHORIZATION regress_door_worker;
SELECT status FROM exchange.place_order(7402, 'DOOR-USD', 'sell', 21, 1);
SET SESSION AUTHORIZATION regress_door_admin;
SELECT exchange.cancel_all_orders(7402, 'DOOR-USD');
UPDATE exchange.markets SET door = 'any' WHERE symbol = 'DOOR-USD';
RESET SESSION AUTHORIZATION;
SELECT status, cancel_reason FROM exchange.orders WHERE id = :mine;
-- A role for those who watch: figures, no table, no order, nobody's rights.
CREATE ROLE regress_door_monitor LOGIN IN ROLE bourse_monitor;
UPDATE identity.users SET db_role = 'regress_door_monitor' WHERE id = 7402;
SET SESSION AUTHORIZATION regress_door_monitor;
SELECT * FROM exchange.verify();
SELECT * FROM audit.verify();
SELECT state FROM exchange.sequencer_status();
SELECT count(*) > 5 AS items, (SELECT count(*) > 15 FROM bourse.migrations()) AS migrations FROM bourse.status();
SELECT s, split_part(refusal(s), ' /', 1)
FROM unnest(ARRAY['SELECT exchange.place_order(7402, ''DOOR-USD'', ''buy'', 1, 1)',
    'SELECT exchange.submit_order(7402, ''DOOR-USD'', ''buy'', 1, 1)',
    'SELECT exchange.transfer(7402, 7401, ''USD'', 1)', 'SELECT * FROM exchange.orders',
    'SELECT * FROM exchange.markets', 'SELECT * FROM identity.users', 'SELECT identity.current_user_id()',
    'SELECT audit.seal()',
    'SELECT * FROM exchange.order_book(''DOOR-USD'')', 'CALL exchange.match_orders()',
    'SELECT identity.act_as(7401)']) s;
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET db_role = NULL WHERE id IN (7401, 7402);
DROP ROLE regress_door_trader, regress_door_gateway, regress_door_admin, regress_door_worker, regress_door_monitor;
SELECT * FROM exchange.verify();
