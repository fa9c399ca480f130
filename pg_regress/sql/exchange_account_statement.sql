-- A statement: the opening balance, every movement, the balance after each.
INSERT INTO identity.users (name) VALUES ('sta ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('sta bob') RETURNING id AS bob \gset
SELECT exchange.create_market('STA-USD', 'STA', 'USD'), exchange.create_market('STB-STA', 'STB', 'STA');
CREATE FUNCTION pg_temp.statement(person text, asset text, t0 timestamptz, t1 timestamptz)
RETURNS TABLE (source text, description text, amount numeric, balance numeric) LANGUAGE sql AS $$
SELECT source, regexp_replace(description, 'user \d+', 'user N'), amount, balance
FROM exchange.account_statement(person(person), asset, t0, t1)
$$;
SELECT exchange.deposit(:ann, 'USD', 1000, 'sta wire') IS NOT NULL AS done;
SELECT exchange.deposit(:bob, 'STA', 10) IS NOT NULL AS done;
SELECT clock_timestamp() AS t0 \gset
SELECT exchange.withdraw(:ann, 'USD', 100) IS NOT NULL AS done;
SELECT exchange.transfer(:ann, :bob, 'USD', 50, 'sta gift') IS NOT NULL AS done;
SELECT exchange.transfer(:bob, :ann, 'USD', 20, 'sta back') IS NOT NULL AS done;
-- A lock by hand moves nothing; nor does what an order reserves.
SELECT exchange.update_asset_balance(:ann, 'USD', -5, 5), exchange.update_asset_balance(:ann, 'USD', 1, 0);
SELECT status FROM exchange.place_order(:bob, 'STA-USD', 'sell', 10, 3);
SELECT clock_timestamp() AS t1 \gset
SELECT status, commission FROM exchange.place_order(:ann, 'STA-USD', 'buy', 11, 2.5);
SELECT status FROM exchange.place_order(:ann, 'STA-USD', 'sell', 9, 1);
SELECT status, filled_amount FROM exchange.place_order(:bob, 'STA-USD', 'buy', 9, 1, self_trade_prevention => 'none');
-- STA is the quote of another market.
SELECT exchange.deposit(:bob, 'STB', 4) IS NOT NULL AS done;
SELECT status FROM exchange.place_order(:bob, 'STB-STA', 'sell', 0.5, 2);
SELECT status FROM exchange.place_order(:ann, 'STB-STA', 'buy', 0.5, 2);
SELECT clock_timestamp() AS t2 \gset

SELECT * FROM pg_temp.statement('sta ann', 'USD', '-infinity', 'infinity');
SELECT * FROM pg_temp.statement('sta ann', 'USD', :'t0', :'t1');
SELECT * FROM pg_temp.statement('sta ann', 'USD', :'t1', :'t2');
SELECT * FROM pg_temp.statement('sta ann', 'STA', :'t0', :'t2');
SELECT * FROM pg_temp.statement('sta bob', 'STA', '-infinity', 'infinity');
SELECT * FROM pg_temp.statement('sta bob', 'USD', '-infinity', 'infinity');
-- Nothing in the period, or never: the opening balance alone.
SELECT * FROM pg_temp.statement('sta ann', 'USD', :'t2', :'t2');
SELECT * FROM pg_temp.statement('sta ann', 'NONE', '-infinity', 'infinity');
SELECT at = :'t1' AS opens_at_from, source_id IS NULL AS of_nothing
FROM exchange.account_statement(:ann, 'USD', :'t1', :'t2') LIMIT 1;
-- The movements are those of the trades and transfers, in their order; the last balance is what the user holds.
SELECT count(*) AS not_in_the_ledger FROM exchange.account_statement(:ann, 'USD', '-infinity', 'infinity') s
WHERE s.source <> 'opening' AND NOT EXISTS (SELECT FROM exchange.ledger_entries l
    WHERE (l.source, l.source_id, l.user_id, l.asset, l.amount, l.created_at)
    = (s.source, s.source_id, :ann, 'USD', s.amount, s.at));
SELECT a.user_id = :ann AS ann, a.symbol, a.amount + a.locked_amount = s.balance AS balance_is_held
FROM exchange.assets a,
     LATERAL (SELECT balance
              FROM exchange.account_statement(a.user_id, a.symbol, '-infinity', 'infinity') WITH ORDINALITY
              ORDER BY ordinality DESC LIMIT 1) s
WHERE a.user_id IN (:ann, :bob) ORDER BY a.user_id, a.symbol;

SELECT call, refusal('SELECT exchange.account_statement' || call) AS refusal
FROM unnest(ARRAY['(NULL, ''USD'', ''-infinity'', ''infinity'')', '(0, ''USD'', ''-infinity'', ''infinity'')',
                  '(person(''sta ann''), ''usd'', ''-infinity'', ''infinity'')',
                  '(person(''sta ann''), NULL, ''-infinity'', ''infinity'')',
                  '(person(''sta ann''), ''USD'', NULL, ''infinity'')',
                  '(person(''sta ann''), ''USD'', ''-infinity'', NULL)',
                  '(person(''sta ann''), ''USD'', ''infinity'', ''-infinity'')']) call;
-- One's own statement, nobody else's.
CREATE ROLE regress_sta LOGIN IN ROLE bourse_viewer;
UPDATE identity.users SET db_role = 'regress_sta' WHERE id = :ann;
SET SESSION AUTHORIZATION regress_sta;
SELECT count(*) > 1 AS own FROM exchange.account_statement(:ann, 'USD', '-infinity', 'infinity');
SELECT split_part(refusal(format('SELECT exchange.account_statement(%s, ''USD'', ''-infinity'', ''infinity'')', :bob)),
                  ' /', 1) AS refusal;
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE regress_sta;
SELECT exchange.cancel_all_orders(u) >= 0 AS cancelled FROM unnest(ARRAY[:ann, :bob]) u;
SELECT * FROM exchange.verify();
