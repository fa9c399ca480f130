-- Transfers between users: a debit and a credit, both or neither.
INSERT INTO identity.users (name) VALUES ('trf ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('trf bob') RETURNING id AS bob \gset
SELECT exchange.create_market('TRF-USD', 'TRF', 'USD');
SELECT count(exchange.deposit(:ann, a, 100)) FROM unnest(ARRAY['TRF', 'USD']) a;
CREATE TEMP VIEW held AS
SELECT u.name, a.symbol, a.amount, a.locked_amount FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'trf %' ORDER BY u.name, a.symbol;

-- To somebody who never had the asset, and back: the sender may be the first or the second in the order of locks.
SELECT exchange.transfer(:ann, :bob, 'TRF', 40.00000001, 'trf 1') AS first \gset
SELECT exchange.transfer(:bob, :ann, 'TRF', 0.00000001) > :first AS transfer;
SELECT * FROM held;
-- The reference moves money once, for ever; it is the debit's. Another body is refused.
SELECT exchange.transfer(:ann, :bob, 'TRF', 40.00000001, 'trf 1') = :first AS the_same;
SELECT call, refusal('SELECT exchange.' || call) AS refusal
FROM unnest(ARRAY['transfer(person(''trf ann''), person(''trf bob''), ''TRF'', 40, ''trf 1'')',
                  'transfer(person(''trf ann''), person(''trf bob''), ''USD'', 40.00000001, ''trf 1'')']) call;
-- It is the sender's own: another sender's, and the operator's, are others.
BEGIN;
SELECT exchange.transfer(:bob, :ann, 'TRF', 1, 'trf 1') > :first AS bobs,
       exchange.withdraw(:ann, 'TRF', 1, 'trf 1') > :first AS withdrawn;
SELECT refusal(format('SELECT exchange.deposit(%s, ''TRF'', 1, ''trf 1'')', :bob));
ROLLBACK;
SELECT * FROM held;

-- What an order has locked does not leave; nothing of a refused transfer stays.
SELECT status FROM exchange.place_order(:ann, 'TRF-USD', 'sell', 10, 20);
SELECT refusal('SELECT exchange.transfer(person(''trf ann''), person(''trf bob''), ''TRF'', 40.00000001, ''trf 2'')');
SELECT refusal('SELECT exchange.transfer(person(''trf bob''), person(''trf ann''), ''USD'', 1, ''trf 2'')');
SELECT exchange.transfer(:ann, :bob, 'TRF', 40, 'trf 2') IS NOT NULL AS transfer;
SELECT * FROM held;
SELECT call, refusal('SELECT exchange.transfer' || call) AS refusal
FROM unnest(ARRAY['(NULL, 1, ''TRF'', 1)', '(person(''trf ann''), NULL, ''TRF'', 1)',
                  '(person(''trf ann''), 0, ''TRF'', 1)', '(0, person(''trf ann''), ''TRF'', 1)',
                  '(person(''trf ann''), person(''trf ann''), ''TRF'', 1)',
                  '(person(''trf ann''), person(''trf bob''), ''trf'', 1)',
                  '(person(''trf ann''), person(''trf bob''), ''TRF'', NULL)',
                  '(person(''trf ann''), person(''trf bob''), ''TRF'', -1)',
                  '(person(''trf ann''), person(''trf bob''), ''TRF'', ''NaN'')',
                  '(person(''trf ann''), person(''trf bob''), ''TRF'', 0.000000001)',
                  '(person(''trf ann''), person(''trf bob''), ''TRF'', 1, '''')']) call;
SELECT exchange.deposit(:bob, 'BIG', 999999999999), exchange.deposit(:ann, 'BIG', 1) \gset big_
SELECT refusal('SELECT exchange.transfer(person(''trf ann''), person(''trf bob''), ''BIG'', 1)');

-- The journal has two rows to a transfer; the ledger one source, whose lines add up to zero.
SELECT u.name, t.asset, t.amount, t.reference, c.name AS counterparty, t.debit_id IS NOT NULL AS credit
FROM exchange.transfers t JOIN identity.users u ON u.id = t.user_id JOIN identity.users c ON c.id = t.counterparty_id
WHERE t.kind = 'transfer' AND u.name LIKE 'trf %' ORDER BY t.id;
SELECT l.account, u.name, l.asset, l.amount FROM exchange.ledger_entries l JOIN identity.users u ON u.id = l.user_id
WHERE l.source = 'transfer' AND l.source_id = :first ORDER BY l.amount;
SELECT source, source_id, asset FROM exchange.ledger_entries GROUP BY source, source_id, asset HAVING sum(amount) <> 0;
-- What the CHECKs do not let stand, for a superuser either: half a pair, a pair with oneself, a second credit.
SELECT statement, split_part(refusal(replace(statement, 'FIRST', :'first')), ' /', 1) AS refusal
FROM unnest(ARRAY['INSERT INTO exchange.transfers (user_id, asset, kind, amount) VALUES (person(''trf ann''), ''TRF'', ''transfer'', -1)',
                  'INSERT INTO exchange.transfers (user_id, asset, kind, amount, counterparty_id) VALUES (person(''trf ann''), ''TRF'', ''transfer'', 1, person(''trf bob''))',
                  'INSERT INTO exchange.transfers (user_id, asset, kind, amount, counterparty_id) VALUES (person(''trf ann''), ''TRF'', ''transfer'', -1, person(''trf ann''))',
                  'INSERT INTO exchange.transfers (user_id, asset, kind, amount, counterparty_id) VALUES (person(''trf ann''), ''TRF'', ''deposit'', 1, person(''trf bob''))',
                  'INSERT INTO exchange.transfers (user_id, asset, kind, amount, counterparty_id, debit_id) VALUES (person(''trf bob''), ''TRF'', ''transfer'', 1, person(''trf ann''), FIRST)',
                  'INSERT INTO exchange.transfers (user_id, asset, kind, amount) VALUES (person(''trf ann''), ''TRF'', ''sweep'', -1)']) statement;

-- A trader sends what is hers, sees her half, and learns nothing of another user's reference: hers is another one.
CREATE ROLE regress_trf LOGIN IN ROLE bourse_trader;
UPDATE identity.users SET db_role = 'regress_trf' WHERE name = 'trf bob';
SELECT exchange.deposit(:ann, 'USD', 1, 'trf secret') IS NOT NULL AS deposited;
SET SESSION AUTHORIZATION regress_trf;
SELECT exchange.transfer(:bob, :ann, 'TRF', 1, 'trf secret') IS NOT NULL AS transfer;
SELECT split_part(refusal(format('SELECT exchange.transfer(%s, %s, ''TRF'', 1)', :ann, :bob)), ' /', 1) AS refusal;
SELECT kind, asset, amount FROM exchange.transfers ORDER BY id;
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET db_role = NULL WHERE name = 'trf bob';
DROP ROLE regress_trf;
SELECT exchange.cancel_all_orders(:ann);
SELECT * FROM exchange.verify();
