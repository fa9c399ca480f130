-- Time zones are PostgreSQL's: on every day on which the clocks of any zone change, a session closes when AT TIME
-- ZONE says so, also at
-- times that the clocks skip or show twice. (Names that are abbreviations too mean those to AT TIME ZONE; zones with
-- the same changes
-- are tried once.)
SET timezone = 'UTC';
CREATE TEMP TABLE changes AS
SELECT z.name, array_agg(d::date ORDER BY d) AS days,
       string_agg(format('%s %s', d::date, (d + interval '1 day') AT TIME ZONE z.name - d AT TIME ZONE z.name), ','
       ORDER BY d) AS changes
FROM pg_timezone_names z CROSS JOIN generate_series(timestamp '2022-01-01', '2024-12-30', '1 day') d
WHERE z.name !~ '^(posix|right)/' AND z.name NOT IN (SELECT a.abbrev
FROM pg_timezone_abbrevs a) AND z.name NOT IN ('localtime', 'posixrules')
  AND (d AT TIME ZONE z.name) + interval '1 day' <> (d + interval '1 day') AT TIME ZONE z.name
GROUP BY 1;
CREATE TEMP TABLE zones AS SELECT DISTINCT ON (changes) name, days FROM changes ORDER BY changes, name;
SELECT count(*) > 20 AS zones, sum(cardinality(days)) > 100 AS days FROM zones;

-- Sessions on these days, from noon of the day before to a time; what is wrong of them.
CREATE FUNCTION pg_temp.wrong(name text, days date[], ends text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM calendar.load_calendar(jsonb_build_object('name', name, 'timezone', name, 'from', '2022-01-01', 'to',
        '2024-12-31', 'special', (
        SELECT jsonb_agg(jsonb_build_object('date', d, 'open', '-12:00', 'close', ends)) FROM unnest(days) d)));
    RETURN QUERY
    SELECT format('%s %s: %s to %s', name, d, s.opens_at, s.closes_at)
    FROM unnest(days) d LEFT JOIN calendar.sessions(name, '2022-01-01', '2024-12-31') s ON s.session_date = d
    WHERE s.opens_at IS DISTINCT FROM (d - 1 + time '12:00') AT TIME ZONE name OR s.closes_at IS DISTINCT
    FROM (d + ends::time) AT TIME ZONE name;
END
$$;
SELECT w FROM zones z, unnest(ARRAY['00:00', '00:30', '01:00', '01:30', '01:59:59.999999', '02:00', '02:30', '03:00',
    '03:30']) t, pg_temp.wrong(z.name, z.days, t) w;
-- What is open all day is open 23 and 25 hours there.
SELECT calendar.load_calendar('{"name": "ALL", "timezone": "America/New_York", "from": "2024-03-09",
    "to": "2024-11-04", "weekly": [{"days": [0, 1, 2, 3, 4, 5, 6], "open": "00:00", "close": "24:00"}]}');
SELECT session_date, closes_at - opens_at
FROM calendar.sessions('ALL', '2024-03-09', '2024-11-04')
WHERE closes_at - opens_at <> '1 day' AND closes_at - opens_at <> '24 hours';
