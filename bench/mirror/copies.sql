-- A leader with a thousand followers on our own exchange, and one with a deep book to buy from. What copies is one call;
-- beside it a thousand calls of place_order(), each committed, for the same users.
INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1000, 2001) n;
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', 0.01, 0.001);
SELECT count(exchange.deposit(n, 'USD', 1000000000)) FROM generate_series(1000, 2000) n;
SELECT exchange.deposit(2001, 'BTC', 1000000000);
SELECT count(exchange.place_order(2001, 'BTC-USD', 'sell', 100, 1000000)) FROM generate_series(1, 10);
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
SELECT n, n, 'account ' || n, 'Zerodha' FROM generate_series(1000, 2000) n;
CREATE TABLE bench.groups AS SELECT mirror.create_group(1000, 'thousand', 1000) AS id;
SELECT count(mirror.share_group(g.id, n)) FROM bench.groups g, generate_series(1001, 2000) n;
SELECT count(mirror.follow_on_exchange(mirror.add_follower(g.id, n, 'multiplier', 1), true))
FROM bench.groups g, generate_series(1001, 2000) n;

-- And one who has fifty accounts with a hundred positions each.
CREATE ROLE bench_user LOGIN IN ROLE bourse_trader;
INSERT INTO identity.users (id, name, db_role) VALUES (1, 'fifty', 'bench_user');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
SELECT n, 1, 'account ' || n, 'Zerodha' FROM generate_series(1, 50) n;
INSERT INTO mirror.positions (account_id, user_id, symbol, exchange, product, quantity, average_price, current_price,
                              as_of)
SELECT a, 1, 'SYM' || n, 'NSE', 'MIS', n, 83.74, 83.72, now() FROM generate_series(1, 50) a, generate_series(1, 100) n;

-- Orders a second, of which 1,000 are copies.
CREATE PROCEDURE bench.copies() LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
    placed bigint;
BEGIN
    SELECT count(*) FILTER (WHERE (c.order_result).status = 'filled') INTO placed
    FROM bench.groups g, mirror.copy_on_exchange(g.id, 'BTC-USD', 'buy', 100, 1) c;
    COMMIT;
    ASSERT placed = 1001, placed;
    INSERT INTO bench.rates (what, rate) VALUES ('copies', 1000 / extract(epoch FROM clock_timestamp() - began));
END
$$;
CREATE PROCEDURE bench.places() LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
BEGIN
    FOR n IN 1001..2000 LOOP
        PERFORM exchange.place_order(n, 'BTC-USD', 'buy', 100, 1);
        COMMIT;
    END LOOP;
    INSERT INTO bench.rates (what, rate) VALUES ('places', 1000 / extract(epoch FROM clock_timestamp() - began));
END
$$;
CREATE PROCEDURE bench.places_together() LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
BEGIN
    FOR n IN 1001..2000 LOOP
        PERFORM exchange.place_order(n, 'BTC-USD', 'buy', 100, 1);
    END LOOP;
    COMMIT;
    INSERT INTO bench.rates (what, rate)
    VALUES ('places together', 1000 / extract(epoch FROM clock_timestamp() - began));
END
$$;
VACUUM (ANALYZE);
