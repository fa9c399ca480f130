-- The house's income: commission that no user holds, until it is swept.
INSERT INTO identity.users (name) VALUES ('swp ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('swp bob') RETURNING id AS bob \gset
INSERT INTO identity.users (name) VALUES ('swp house') RETURNING id AS house \gset
-- Two markets with one quote, one with another.
SELECT exchange.create_market(m || '-' || q, m, q)
FROM (VALUES ('SWA', 'SWQ'), ('SWB', 'SWQ'), ('SWA', 'SWB')) AS v (m, q);
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['SWA', 'SWB', 'SWQ']) a;
CREATE TEMP VIEW unswept AS SELECT symbol, asset, swept_sequence, last_sequence, amount FROM exchange.unswept_fees()
WHERE symbol LIKE 'SW%';
CREATE TEMP VIEW house AS SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = person('swp house')
ORDER BY symbol;
-- Nothing has traded: nothing to book.
SELECT * FROM unswept;
SELECT * FROM exchange.sweep_fees(:house, 'SWQ');

SELECT count(exchange.place_order(:ann, m, 'sell', 10, 4)) FROM unnest(ARRAY['SWA-SWQ', 'SWB-SWQ', 'SWA-SWB']) m;
SELECT count(exchange.place_order(:bob, m, 'buy', 10, 1))
FROM unnest(ARRAY['SWA-SWQ', 'SWA-SWQ', 'SWB-SWQ', 'SWA-SWB']) m;
SELECT * FROM unswept;
-- One asset: both of its markets, and no other.
SELECT * FROM exchange.sweep_fees(:house, 'SWQ');
SELECT * FROM unswept;
SELECT * FROM house;
-- Again: nothing. Then what has traded since, to whomever.
SELECT * FROM exchange.sweep_fees(:house, 'SWQ');
SELECT sequence, commission FROM exchange.trades WHERE symbol = 'SWA-SWQ' ORDER BY sequence;
SELECT commission FROM exchange.place_order(:bob, 'SWA-SWQ', 'buy', 10, 1.5);
SELECT * FROM exchange.sweep_fees(user_id => :house, asset => 'SWQ');
SELECT * FROM house;
-- All assets; afterwards the house has nothing left anywhere.
SELECT * FROM exchange.sweep_fees(:house) WHERE asset = 'SWB';
SELECT count(*) AS unswept FROM exchange.unswept_fees();
SELECT asset, sum(amount) AS left FROM exchange.ledger_entries WHERE account = 'commission' GROUP BY asset
HAVING sum(amount) <> 0;
-- A rebate: the maker gets a part of the taker's commission, the house sweeps the rest.
SELECT exchange.create_market('SWR-SWQ', 'SWR', 'SWQ', maker_rate => -0.005, taker_rate => 0.015);
SELECT exchange.deposit(:ann, 'SWR', 10) IS NOT NULL AS deposited;
SELECT status FROM exchange.place_order(:ann, 'SWR-SWQ', 'sell', 10, 1);
SELECT status, commission FROM exchange.place_order(:bob, 'SWR-SWQ', 'buy', 10, 1);
SELECT * FROM exchange.sweep_fees(:house, 'SWQ');

-- The journal and the ledger: a sweep comes out of the commission.
SELECT t.kind, t.asset, t.amount, l.account, l.amount AS line FROM exchange.transfers t
JOIN exchange.ledger_entries l ON l.source = 'transfer' AND l.source_id = t.id
WHERE t.user_id = :house AND t.asset LIKE 'SW_' ORDER BY t.id, l.account DESC;
SELECT call, refusal('SELECT exchange.sweep_fees' || call) AS refusal
FROM unnest(ARRAY['(NULL)', '(0)', '(person(''swp house''), ''usd'')', '(person(''swp house''), '''')',
                  '(person(''swp house''), ''NONE'')']) call;
-- A trader is no admin.
SET ROLE bourse_trader;
SELECT refusal('SELECT exchange.sweep_fees(1)'), refusal('SELECT exchange.unswept_fees()');
RESET ROLE;
SELECT exchange.cancel_all_orders(:ann) AS cancelled;
SELECT * FROM exchange.verify();
