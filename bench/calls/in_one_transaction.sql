-- Microseconds a call for :n calls in one transaction, beside :n updates of one row in one. In an empty database, as a
-- superuser:  psql -X -v n=16000 -f in_one_transaction.sql
\set QUIET 1
SET client_min_messages = error;
CREATE EXTENSION pg_bourse;
SELECT bourse.install() \g /dev/null
INSERT INTO identity.users (name) VALUES ('alice'), ('bob');
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD') \g /dev/null
SELECT exchange.deposit(u, a, 100000000000) FROM generate_series(1, 2) u, unnest('{BTC,USD}'::text[]) a \g /dev/null
CREATE TABLE hot (id integer PRIMARY KEY, n bigint) WITH (fillfactor = 50);
INSERT INTO hot VALUES (1, 0);
CREATE FUNCTION pg_temp.took(what text, statement text, n integer) RETURNS TABLE (what text, calls integer, us numeric)
LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
BEGIN
    FOR i IN 1..n LOOP
        EXECUTE statement USING i;
    END LOOP;
    RETURN QUERY SELECT took.what, took.n, round(extract(epoch FROM clock_timestamp() - began)::numeric * 1e6 / n);
END
$$;
\pset format unaligned
\pset tuples_only on
SELECT * FROM pg_temp.took('pairs at one price',
    'SELECT exchange.place_order(1 + $1 % 2, ''BTC-USD'', CASE $1 % 2 WHEN 0 THEN ''buy'' ELSE ''sell'' END, 100, 1)', :n);
SELECT * FROM pg_temp.took('pairs at 1,000 prices',
    'SELECT exchange.place_order(1 + $1 % 2, ''BTC-USD'', CASE $1 % 2 WHEN 0 THEN ''buy'' ELSE ''sell'' END, 100 + ($1 / 2) % 1000, 1)', :n);
SELECT * FROM pg_temp.took('resting', 'SELECT exchange.place_order(1, ''BTC-USD'', ''buy'', 50 + $1 % 1000 * 0.01, 0.001)', :n);
SELECT * FROM pg_temp.took('placed and cancelled',
    'SELECT exchange.cancel_order((exchange.place_order(1, ''BTC-USD'', ''buy'', 90, 0.001)).id)', :n);
SELECT * FROM pg_temp.took('UPDATE of one row', 'UPDATE hot SET n = n + 1 WHERE id = 1', :n);
