-- The public tape: what traded, never who.
INSERT INTO identity.users (name) VALUES ('tap ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('tap bob') RETURNING id AS bob \gset
SELECT exchange.create_market('TAP-USD', 'TAP', 'USD');
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['TAP', 'USD']) a;
SELECT * FROM exchange.trade_tape('TAP-USD');
SELECT status FROM exchange.place_order(:ann, 'TAP-USD', 'sell', 10, 3);
SELECT count(exchange.place_order(:bob, 'TAP-USD', 'buy', 10, n)) FROM generate_series(1, 2) n;
SELECT status FROM exchange.place_order(:bob, 'TAP-USD', 'buy', 9, 3);
SELECT count(exchange.place_order(:ann, 'TAP-USD', 'sell', 9, n)) FROM generate_series(1, 2) n;
-- The latest first; after a sequence, those that follow it, oldest first.
SELECT sequence, price, amount, taker_side FROM exchange.trade_tape('TAP-USD');
SELECT sequence FROM exchange.trade_tape('TAP-USD', "limit" => 2);
SELECT sequence FROM exchange.trade_tape('TAP-USD', 1, 2);
SELECT sequence FROM exchange.trade_tape('TAP-USD', after_sequence => 0);
SELECT sequence FROM exchange.trade_tape('TAP-USD', 4);
SELECT count(*) AS with_another_time FROM exchange.trade_tape('TAP-USD') s
JOIN exchange.trades t ON t.symbol = 'TAP-USD' AND t.sequence = s.sequence
WHERE t.created_at <> s.created_at;
-- The first trade at a moment or later.
SELECT exchange_private.sequence_since('TAP-USD', '-infinity') AS first,
       exchange_private.sequence_since('TAP-USD', 'infinity') AS none_yet;
SELECT count(*) AS wrong
FROM exchange.trades t, LATERAL (VALUES (t.created_at), (t.created_at + interval '1 microsecond')) AS m (at)
WHERE t.symbol = 'TAP-USD' AND exchange_private.sequence_since('TAP-USD', m.at)
      <> (SELECT coalesce(min(s.sequence), 5) FROM exchange.trades s
          WHERE s.symbol = 'TAP-USD' AND s.created_at >= m.at);
-- Everybody who may look may read it.
SET ROLE bourse_viewer;
SELECT count(*) FROM exchange.trade_tape('TAP-USD');
RESET ROLE;
SELECT call, refusal('SELECT exchange.trade_tape' || call) AS refusal
FROM unnest(ARRAY['(NULL)', '(''NO-MARKET'')', '(''TAP-USD'', NULL, 0)', '(''TAP-USD'', NULL, 10001)',
                  '(''TAP-USD'', NULL, NULL)']) call;
SELECT * FROM exchange.verify();
