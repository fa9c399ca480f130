-- From a curve of equity to returns, period by period, on the clocks of a time zone.
SET timezone = 'Europe/Berlin';
CREATE TABLE equity (bot text, at timestamptz, value numeric);
INSERT INTO equity VALUES
    ('a', '2026-03-27 10:00', 100), ('a', '2026-03-27 23:30', 110),
    ('a', '2026-03-28 23:30', 99), ('a', '2026-03-29 00:30', 108.9), ('a', '2026-03-29 23:30', 118.8),
    ('a', '2026-03-31 12:00', 59.4), ('b', '2026-03-29 12:00', 7), ('b', '2026-03-30 12:00', NULL);

-- The last value of each day beside that of the day before; 30 March has none and carries on. On the 29th clocks go
-- forward: 23:30 and 00:30 are two days all the same.
SELECT r.at, round(r.r::numeric, 9) AS r
FROM (SELECT analytics.equity_returns(value, at, '1 day', 'Europe/Berlin') AS list FROM equity WHERE bot = 'a') e,
     unnest(e.list) r;
-- In another zone they are other days.
SELECT r.at AT TIME ZONE 'Asia/Tokyo' AS in_tokyo, round(r.r::numeric, 9) AS r
FROM (SELECT analytics.equity_returns(value, at, '1 day', 'Asia/Tokyo') AS list FROM equity WHERE bot = 'a') e,
     unnest(e.list) r;
-- Bot by bot, and on to a metric. One period has no return: NULL, and no row of unnest().
SELECT e.bot, count(r.r), round(analytics.max_drawdown(r.r ORDER BY r.at)::numeric, 9) AS max_drawdown
FROM (SELECT bot, analytics.equity_returns(value, at, '1 day', 'Europe/Berlin') AS list FROM equity GROUP BY bot) e
LEFT JOIN LATERAL unnest(e.list) r ON true GROUP BY e.bot ORDER BY e.bot;
-- A day of 23 hours and one of 25, in quarters: those of the first and the last midnight.
SELECT r.at AS spring
FROM (SELECT analytics.equity_returns(1, at, '6 hours', 'Europe/Berlin') AS list
      FROM unnest('{2026-03-29 00:00,2026-03-30 00:00}'::timestamptz[]) at) e, unnest(e.list) r;
SELECT r.at AS autumn
FROM (SELECT analytics.equity_returns(1, at, '6 hours', 'Europe/Berlin') AS list
      FROM unnest('{2026-10-25 00:00,2026-10-26 00:00}'::timestamptz[]) at) e, unnest(e.list) r;
-- Weeks begin on Monday, months on their first day.
SELECT every, array_agg(r.at::date ORDER BY r.at) AS starts
FROM (SELECT every, analytics.equity_returns(1, at, every, 'Europe/Berlin') AS list
      FROM unnest('{2026-01-31,2026-03-01}'::timestamptz[]) at, unnest('{7 days,1 month}'::interval[]) every
      GROUP BY every) e, unnest(e.list) r GROUP BY every ORDER BY every;
-- There is no return on nothing.
SELECT r.at::date, r.r
FROM (SELECT analytics.equity_returns(v, at, '1 day', 'UTC') AS list
      FROM (VALUES (0, '2026-01-01 12:00'::timestamptz), (5, '2026-01-02 12:00'),
                   (10, '2026-01-03 12:00')) t (v, at)) e, unnest(e.list) r;
SELECT analytics.equity_returns(value, at, '1 day', 'UTC') FROM equity WHERE false;

SELECT arguments, refusal(format('SELECT analytics.equity_returns(%s) FROM equity', arguments))
FROM unnest(ARRAY['value, at, ''5 hours'', ''UTC''', 'value, at, ''1 month 1 day'', ''UTC''',
                  'value, at, ''0'', ''UTC''', 'value, at, ''-1 day'', ''UTC''', 'value, at, NULL, ''UTC''',
                  'value, at, ''1 day'', ''Mars/Olympus''', 'value, at, ''1 day'', NULL',
                  'value, NULL, ''1 day'', ''UTC''', 'value, ''infinity'', ''1 day'', ''UTC''',
                  '''NaN'', at, ''1 day'', ''UTC''', 'value, at, ''1 day'', bot']) arguments;
SELECT refusal($$ SELECT analytics.equity_returns(1, at, '1 second', 'UTC')
                  FROM unnest('{2025-01-01,2026-01-01}'::timestamptz[]) at $$);
