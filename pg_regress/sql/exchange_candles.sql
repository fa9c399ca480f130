-- Candles: any fixed width, whole, without those that nothing traded in.
INSERT INTO identity.users (name) VALUES ('cnd ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('cnd bob') RETURNING id AS bob \gset
SELECT exchange.create_market('CND-USD', 'CND', 'USD');
SELECT count(exchange.deposit(u, a, 10000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['CND', 'USD']) a;
SELECT * FROM exchange.candles('CND-USD', '1 day', '-infinity', 'infinity');
-- Nine trades; then their times, as if a day had passed.
SELECT count(*) FROM unnest(ARRAY[10, 12, 9, 11, 20, 19, 21, 15, 16]) WITH ORDINALITY AS p (price, n),
    LATERAL exchange.place_order(:ann, 'CND-USD', 'sell', p.price, p.n) s,
    LATERAL exchange.place_order(:bob, 'CND-USD', 'buy', p.price, s.remaining_amount) b;
BEGIN;
SET LOCAL timezone = 'UTC';
SET LOCAL session_replication_role = replica;
UPDATE exchange.trades t SET created_at = at
FROM unnest(ARRAY['2026-03-01 10:00:00', '2026-03-01 10:00:00', '2026-03-01 10:00:59.999999', '2026-03-01 10:01:00',
                  '2026-03-01 10:04:30',
                  '2026-03-01 10:04:30', '2026-03-01 11:59:59', '2026-03-02 00:00:00',
                  '2026-03-02 23:59:59.999999']::timestamptz[]) WITH ORDINALITY AS v (at, sequence)
WHERE t.symbol = 'CND-USD' AND t.sequence = v.sequence;
SELECT * FROM exchange.candles('CND-USD', '1 minute', '2026-03-01', '2026-03-02');
SELECT * FROM exchange.candles('CND-USD', '1 hour', '2026-03-01', '2026-03-03');
SELECT * FROM exchange.candles('CND-USD', '1 day', '-infinity', 'infinity');
-- Any length counts from 2000-01-01: seven days, seven minutes, a microsecond.
SELECT * FROM exchange.candles('CND-USD', '7 days', '-infinity', 'infinity');
SELECT start, open, close, trades FROM exchange.candles('CND-USD', '7 minutes', '2026-03-01', '2026-03-02');
SELECT count(*), sum(trades) FROM exchange.candles('CND-USD', '1 microsecond', '-infinity', 'infinity');
-- The candles that start from the first moment to before the last: never a part of one.
SELECT start, trades FROM exchange.candles('CND-USD', '1 hour', '2026-03-01 10:00', '2026-03-01 10:00:01');
SELECT start, trades FROM exchange.candles('CND-USD', '1 hour', '2026-03-01 10:00:00.000001', '2026-03-01 12:00');
SELECT start, trades FROM exchange.candles('CND-USD', '1 hour', '2026-03-01 10:00', '2026-03-01 11:00');
SELECT start, trades FROM exchange.candles('CND-USD', '1 hour', '2026-03-01 10:00', '2026-03-01 10:00');
-- What all widths agree on: volume, turnover, number of trades, extremes. And the caller's time zone changes nothing.
SELECT DISTINCT sum(c.volume), sum(c.quote_volume), sum(c.trades), max(c.high), min(c.low)
FROM unnest(ARRAY['1 second', '1 minute', '13 minutes', '1 hour', '1 day', '1000 days']::interval[]) w,
     exchange.candles('CND-USD', w, '-infinity', 'infinity') c
GROUP BY w;
SET LOCAL timezone = 'Asia/Kolkata';
SELECT start AT TIME ZONE 'UTC' AS start, trades FROM exchange.candles('CND-USD', '1 day', '-infinity', 'infinity');
-- Time that goes back would hide trades: verify() watches it.
UPDATE exchange.trades SET created_at = '2026-03-01 09:00+00' WHERE symbol = 'CND-USD' AND sequence = 5;
SELECT check_name, subject FROM exchange.verify() WHERE subject LIKE 'CND%';
ROLLBACK;
SELECT call, refusal('SELECT exchange.candles(' || call || ')') AS refusal
FROM unnest(ARRAY['NULL, ''1 hour'', ''-infinity'', ''infinity''',
                  '''NO-MARKET'', ''1 hour'', ''-infinity'', ''infinity''',
                  '''CND-USD'', NULL, ''-infinity'', ''infinity''', '''CND-USD'', ''0'', ''-infinity'', ''infinity''',
                  '''CND-USD'', ''-1 hour'', ''-infinity'', ''infinity''',
                  '''CND-USD'', ''1 month'', ''-infinity'', ''infinity''',
                  '''CND-USD'', ''1 year'', ''-infinity'', ''infinity''',
                  '''CND-USD'', ''1 month -1 day'', ''-infinity'', ''infinity''',
                  '''CND-USD'', ''1 hour'', NULL, ''infinity''', '''CND-USD'', ''1 hour'', ''-infinity'', NULL',
                  '''CND-USD'', ''1 hour'', ''2026-01-02'', ''2026-01-01''']) call;
SELECT * FROM exchange.verify();
