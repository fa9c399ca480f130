-- What fills come to: positions by average cost or first in, first out, and their round trips.
CREATE TEMP TABLE fills (n integer, side text, quantity numeric, price numeric, fee numeric);
INSERT INTO fills
VALUES (1, 'buy', 100, 10, 0), (2, 'buy', 100, 11, 0), (3, 'sell', 150, 12, 0), (4, 'sell', 50, 13, 0);

-- An exit over two entries is split at the lots that it closes; together it is the same by both methods.
SELECT m AS method, t.first_fill, t.last_fill, t.size, t.entry_price, t.exit_price, t.gross_pnl, t.mae, t.mfe
FROM unnest(ARRAY['fifo', 'average']) m,
     analytics.round_trips(ARRAY(SELECT ROW(side, quantity, price, fee)::analytics.fill FROM fills ORDER BY n), m) t;
SELECT m AS method, (analytics.position(side, quantity, price, fee, m ORDER BY n)).realized_pnl
FROM fills, unnest(ARRAY['average', 'fifo']) m GROUP BY m ORDER BY m;

-- Step by step, as an aggregate over a window.
SELECT n, (p).quantity, (p).average_price, (p).cost, (p).realized_pnl, analytics.unrealized_pnl(p, 12) AS unrealized,
       (p).lots
FROM (SELECT n, analytics.position(side, quantity, price, fee, 'fifo') OVER (ORDER BY n) AS p FROM fills) f ORDER BY n;

-- A flip closes at the old average and opens the rest at its price; the fee is split.
SELECT (analytics.position(side, q, p, fee)).* FROM (VALUES ('sell', 1.1, 2.781, 0), ('buy', 375.8, 2.662, 3.758))
    r (side, q, p, fee);
SELECT direction, size, gross_pnl, commission, net_pnl
FROM analytics.round_trips(ARRAY[('sell', 1.1, 2.781, 0), ('buy', 375.8, 2.662, 3.758)]::analytics.fill[]);

-- Realised and unrealised are what was got and what is held, to the last decimal, where no average has an end.
CREATE TEMP TABLE thirds (n integer, side text, q numeric, price numeric, fee numeric);
INSERT INTO thirds VALUES (1, 'buy', 1, 100, 0.1), (2, 'buy', 2, 101, -0.05), (3, 'sell', 1, 100.5, 0.1);
SELECT m AS method, (p).realized_pnl, (p).cost, (p).realized_pnl + analytics.unrealized_pnl(p, 99) - (p).fees AS total,
       cash + (p).quantity * 99 * 1250 AS got_and_held
FROM (SELECT m, analytics.position(side, q, price, fee, m, 1250 ORDER BY n) AS p,
             sum(CASE side WHEN 'buy' THEN -1 ELSE 1 END * q * price * 1250 - fee) AS cash
      FROM thirds, unnest(ARRAY['average', 'fifo']) m GROUP BY m) t ORDER BY m;

-- Over a window many open lots are not spelled: each row would have all of them.
SELECT n, (p).quantity, jsonb_array_length((p).lots) AS lots
FROM (SELECT n, analytics.position('buy', 1, 1, 0, 'fifo') OVER (ORDER BY n) AS p FROM generate_series(1, 4000) n) f
WHERE n IN (1, 100, 101, 4000);
SELECT jsonb_array_length((analytics.position('buy', 1, 1, 0, 'fifo')).lots) AS lots FROM generate_series(1, 4000);
-- Groups that are drawn at the same time share the room that a process has for rows.
SET enable_sort = off;
SELECT refusal($$ SELECT analytics.position('buy', 1, 1, 0, 'fifo') FROM generate_series(1, 4000000) n
                  GROUP BY n % 40 $$)
    AS answer;
RESET enable_sort;

-- No row, no fill; of NULLs none.
SELECT analytics.position(side, quantity, price, fee) FROM fills WHERE false;
SELECT (analytics.position(side, quantity, price, fee)).quantity
FROM (SELECT side, quantity, price, fee FROM fills WHERE n = 1 UNION ALL SELECT NULL, NULL, NULL, NULL) f;
SELECT count(*) FROM analytics.round_trips('{}');

SELECT fill, refusal(format('SELECT analytics.position(%s)', fill)) AS answer FROM unnest(ARRAY[
    $$'hold', 1, 1, 0$$, $$NULL, 1, 1, 0$$, $$'buy', NULL, 1, 0$$, $$'buy', 0, 1, 0$$, $$'buy', -1, 1, 0$$,
    $$'buy', 'NaN', 1, 0$$, $$'buy', 1, NULL, 0$$, $$'buy', 0.000000001, 1, 0$$, $$'buy', 1e11, 1e11, 0$$,
    $$'buy', 1, 1, 'Infinity'$$, $$'buy', 1, 1, 0, 'lifo'$$, $$'buy', 1, 1, 0, NULL$$, $$'buy', 1, 1, 0, 'fifo', 0$$,
    $$'buy', 1, 1, 0, 'fifo', NULL$$]) WITH ORDINALITY c (fill, n) ORDER BY n;
SELECT refusal('SELECT analytics.position(side, q, price, fee, CASE n WHEN 1 THEN ''fifo'' ELSE ''average'' END)
                FROM thirds') AS answer;
SELECT refusal('SELECT analytics.unrealized_pnl(analytics.position(side, q, price, fee), ''NaN'') FROM thirds')
    AS answer;
