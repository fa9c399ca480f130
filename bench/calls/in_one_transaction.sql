-- Calls of every shape, each shape in one transaction, beside updates of one row. After market.sql, as a superuser:
--     psql -X -v calls=10000 -v seconds=60 -f in_one_transaction.sql
-- A row for every thousand calls: shape, calls so far, seconds so far. A shape ends after :calls, or after the thousand
-- in which :seconds have gone by.
CREATE FUNCTION pg_temp.marks(shape text, most integer, patience numeric)
RETURNS TABLE (name text, calls integer, seconds numeric) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz := clock_timestamp();
    placed bigint;
BEGIN
    name := shape;
    FOR i IN 1..most LOOP
        CASE shape
        WHEN 'pairs at one price' THEN
            PERFORM exchange.place_order(1 + i % 2, 'ONE-USD', CASE i % 2 WHEN 0 THEN 'buy' ELSE 'sell' END, 100, 1);
        WHEN 'pairs at 1,000 prices' THEN
            PERFORM exchange.place_order(1 + i % 2, 'MANY-USD', CASE i % 2 WHEN 0 THEN 'buy' ELSE 'sell' END,
                100 + i / 2 % 1000, 1);
        WHEN 'resting' THEN
            PERFORM exchange.place_order(1, 'REST-USD', 'buy', 50 + i % 1000 * 0.01, 0.001);
        WHEN 'placed and cancelled' THEN
            IF i % 2 = 1 THEN
                placed := (exchange.place_order(1, 'GONE-USD', 'buy', 90, 0.001)).id;
            ELSE
                PERFORM exchange.cancel_order(placed);
            END IF;
        WHEN 'UPDATE of one row' THEN
            UPDATE hot SET n = hot.n + 1 WHERE id = 1;
        END CASE;
        IF i % 1000 = 0 THEN
            calls := i;
            seconds := extract(epoch FROM clock_timestamp() - began);
            RETURN NEXT;
            EXIT WHEN seconds >= patience;
        END IF;
    END LOOP;
END
$$;
SELECT * FROM pg_temp.marks('pairs at one price', :calls, :seconds);
SELECT * FROM pg_temp.marks('pairs at 1,000 prices', :calls, :seconds);
SELECT * FROM pg_temp.marks('resting', :calls, :seconds);
SELECT * FROM pg_temp.marks('placed and cancelled', :calls, :seconds);
SELECT * FROM pg_temp.marks('UPDATE of one row', :calls, :seconds);
