-- Microseconds a call, each a transaction of its own, while another session holds a snapshot, beside updates of one row.
-- After in_one_transaction.sql in the same database, as a superuser:  psql -X -v n=4000 -f held_snapshot.sql
\set QUIET 1
SET synchronous_commit = off;
SET client_min_messages = error;
\pset format unaligned
\pset tuples_only on
CREATE PROCEDURE pg_temp.run(label text, n integer) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
    orders numeric;
BEGIN
    FOR i IN 1..n LOOP
        PERFORM exchange.place_order(1 + i % 2, 'BTC-USD', CASE i % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 100, 1);
        COMMIT;
    END LOOP;
    orders := extract(epoch FROM clock_timestamp() - began);
    began := clock_timestamp();
    FOR i IN 1..n LOOP
        UPDATE hot SET n = hot.n + 1 WHERE hot.id = 1;
        COMMIT;
    END LOOP;
    RAISE WARNING '%|%|%', label, round(orders * 1e6 / n), round(extract(epoch FROM clock_timestamp() - began)::numeric * 1e6 / n);
END
$$;
SET client_min_messages = warning;
CALL pg_temp.run('nobody holds one', :n);
\! (psql -Xq -c "BEGIN ISOLATION LEVEL REPEATABLE READ" -c "SELECT count(*) FROM exchange.markets" -c "SELECT pg_sleep(600)" >/dev/null 2>&1 &) ; sleep 1
CALL pg_temp.run('held, first', :n);
CALL pg_temp.run('held, second', :n);
CALL pg_temp.run('held, third', :n);
CALL pg_temp.run('held, fourth', :n);
CALL pg_temp.run('held, fifth', :n);
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid() \g /dev/null
CALL pg_temp.run('let go', :n);
