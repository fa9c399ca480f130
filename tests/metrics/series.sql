-- Series of returns that are compared with the libraries: place, return. And closed trades of a bot that began with 1000.
CREATE TABLE series (name text, place int, r float8);
INSERT INTO series
SELECT 'example', n, r
FROM unnest(ARRAY[.01, -.005, 0, .02, -.03, .004, .007, -.001, 0, .012]::float8[]) WITH ORDINALITY e (r, n) UNION ALL
SELECT 'year', n, sin(n::float8 * n) / 50 + 0.0004 FROM generate_series(1, 252) n UNION ALL
SELECT 'long', n, sin(n::float8 * n) / 80 + 0.0001 FROM generate_series(1, 10000) n UNION ALL
SELECT 'steps', n, (n * 7919 % 11 - 5) / 500.0::float8 FROM generate_series(1, 60) n UNION ALL
SELECT 'early loss', n, CASE n WHEN 1 THEN -0.5 WHEN 2 THEN 0.9 ELSE n % 3 / 100.0::float8 - 0.008 END
FROM generate_series(1, 30) n UNION ALL
SELECT 'with holes', n, CASE WHEN n % 5 <> 0 THEN cos(n::float8 * n) / 40 END FROM generate_series(1, 100) n UNION ALL
SELECT 'constant', n, 0.01 FROM generate_series(1, 12) n UNION ALL
SELECT 'one return', 1, 0.02 UNION ALL
SELECT 'only losses', n, -0.001 * n FROM generate_series(1, 9) n UNION ALL
SELECT 'only wins', n, 0.001 * n FROM generate_series(1, 9) n UNION ALL
SELECT 'tiny spread', n, 0.01 + (n % 3) * 2.0::float8 ^ -50 FROM generate_series(1, 50) n;

CREATE VIEW trades AS
SELECT name, place, timestamptz '2026-01-01 00:00+00' + place * interval '7 hours 13 minutes' AS closed_at,
       round((r * 1000)::numeric, 2) AS net_pnl
FROM series WHERE r IS NOT NULL AND name <> 'long';
