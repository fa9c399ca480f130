-- Sequences behind their rows, as after a restore of rows alone or on a logical subscriber: nobody is told that his id
-- was used, no command is refused, and one function moves them.
SELECT exchange.create_market('BHD-USD', 'BHD', 'USD');
INSERT INTO identity.users (name) VALUES ('behind ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('behind bob') RETURNING id AS bob \gset
SELECT exchange.deposit(:ann, 'USD', 1000, 'behind 1') > 0 AS deposited;
SELECT exchange.deposit(:bob, 'BHD', 1000, 'behind 2') > 0 AS deposited;
-- Rows enough: each attempt that is refused takes an id from its sequence.
INSERT INTO identity.users (name) SELECT 'behind ' || i FROM generate_series(1, 10) i;
SELECT count(exchange.deposit(:ann, 'USD', 1)) FROM generate_series(1, 10);
SELECT count(exchange.place_order(:ann, 'BHD-USD', 'buy', 10, 1, client_order_id => 'behind ' || i))
FROM generate_series(1, 3) i;
SELECT status FROM exchange.place_order(:bob, 'BHD-USD', 'sell', 10, 1);
SELECT * FROM bourse.align_sequences();

SELECT setval('exchange.orders_id_seq', 1, false), setval('exchange.trades_id_seq', 1, false),
       setval('exchange.transfers_id_seq', 1, false), setval('exchange.assets_id_seq', 1, false),
       setval('identity.users_id_seq', 1, false);
-- A new id is not one that stands for another order; one that is used still is told so, and a repetition is answered.
SELECT refusal(format('SELECT exchange.place_order(%s, ''BHD-USD'', ''buy'', 9, 1, client_order_id => ''behind new'')',
                      :ann));
SELECT refusal(format('SELECT exchange.place_order(%s, ''BHD-USD'', ''buy'', 9, 1, client_order_id => ''behind 1'')',
                      :ann));
SELECT filled_amount FROM exchange.place_order(:ann, 'BHD-USD', 'buy', 10, 1, client_order_id => 'behind 1');
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (%s, ''BHD-USD'', ''buy'', 9, 1)',
                      :ann));
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (%s, ''BHD-USD'', ''buy'', 9, 1) ON CONFLICT DO NOTHING',
                      :ann));
SELECT refusal(format('SELECT exchange.deposit(%s, ''USD'', 5, ''behind 3'')', :ann));
SELECT refusal(format('SELECT exchange.deposit(%s, ''USD'', 5)', :ann));
SELECT refusal(format('SELECT exchange.deposit(%s, ''USD'', 5, ''behind 1'')', :ann));
SELECT refusal(format('SELECT exchange.transfer(%s, %s, ''USD'', 5)', :ann, :bob));
SELECT refusal('SELECT identity.register(''behind cid'')');
SELECT refusal('SELECT identity.authenticate(''behind'', ''cid'')');
SELECT refusal('SELECT identity.register_principal(''behind cid'')');
-- An id that the caller gives is his own affair.
SELECT refusal(format('INSERT INTO exchange.orders (id, user_id, symbol, side, price, amount) SELECT max(id), %s, ''BHD-USD'', ''buy'', 9, 1 FROM exchange.orders',
                      :ann));

-- The inbox keeps its commands.
SELECT setval('exchange.orders_id_seq', 1, false);
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
SELECT 'new', :ann, 'BHD-USD', 'behind bulk ' || i, 'buy', 9, 1 FROM generate_series(1, 20) i;
CALL exchange.match_orders();
SELECT count(*) AS waiting, count(set_aside_at) AS set_aside FROM exchange.order_commands;
SELECT count(*) AS refused FROM exchange.command_rejections WHERE client_order_id LIKE 'behind%';

-- Only what is behind is moved, and only ahead.
SELECT setval('exchange.order_amendments_id_seq', 1000000), setval('exchange.orders_id_seq', 1, false),
       setval('exchange.trades_id_seq', 1, false);
SELECT sequence, was, now = (SELECT max(o.id) + 1 FROM exchange.orders o) AS before_orders,
       now = (SELECT max(t.id) + 1 FROM exchange.trades t) AS before_trades
FROM bourse.align_sequences()
WHERE sequence LIKE 'exchange.%' AND sequence NOT IN ('exchange.assets_id_seq', 'exchange.transfers_id_seq');
SELECT * FROM bourse.align_sequences();
SELECT nextval('exchange.order_amendments_id_seq');
CALL exchange.match_orders();
SELECT count(*) AS placed FROM exchange.orders WHERE client_order_id LIKE 'behind bulk %';
SELECT exchange.deposit(:ann, 'USD', 5, 'behind 3') > 0 AS deposited;
SELECT identity.register('behind cid') > :bob AS registered;

-- Columns and sequences that somebody has added to our tables count, and so do the ids of refused commands.
CREATE SEQUENCE exchange.tickets;
ALTER SEQUENCE exchange.tickets OWNER TO bourse_owner;
ALTER TABLE exchange.markets ADD COLUMN ticket bigint DEFAULT nextval('exchange.tickets');
UPDATE exchange.markets SET ticket = 70 WHERE symbol = 'BHD-USD';
INSERT INTO exchange.order_commands (id, action, user_id) VALUES (900000, 'behind', :ann);
CALL exchange.match_orders();
SELECT sequence, now FROM bourse.align_sequences();
-- Nothing is above the highest id that there can be.
UPDATE exchange.markets SET ticket = 9223372036854775807 WHERE symbol = 'BHD-USD';
SELECT * FROM bourse.align_sequences();
ALTER TABLE exchange.markets DROP COLUMN ticket;
DROP SEQUENCE exchange.tickets;
DELETE FROM exchange.command_rejections WHERE command_id = 900000;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT bourse.align_sequences();
ROLLBACK;
SELECT * FROM exchange.verify();

-- The database can be kept from the sequencer, and given back.
SELECT bourse.pause();
SELECT value AS at_work FROM bourse.status() WHERE item = 'at_work';
SELECT setval('exchange.orders_id_seq', 1, false);
SELECT sequence FROM bourse.resume();
SELECT value AS at_work FROM bourse.status() WHERE item = 'at_work';
SELECT * FROM bourse.at_work;
