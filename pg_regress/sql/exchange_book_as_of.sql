-- The book of any moment, from the tables alone.
INSERT INTO identity.users (name) SELECT 'aso ' || n FROM generate_series(1, 4) n;
SELECT person('aso 1') AS ann, person('aso 2') AS bob \gset
SELECT exchange.create_market('ASO-USD', 'ASO', 'USD', 1, 1), exchange.create_market('ASP-USD', 'ASP', 'USD', 1, 1);
SELECT count(exchange.deposit(person('aso ' || n), a, 1000000))
FROM generate_series(1, 4) n, unnest(ARRAY['ASO', 'ASP', 'USD']) a;
SELECT clock_timestamp() AS nothing \gset
SELECT status FROM exchange.place_order(:ann, 'ASO-USD', 'sell', 12, 2);
SELECT id AS amended, status FROM exchange.place_order(:ann, 'ASO-USD', 'sell', 11, 5) \gset
SELECT status FROM exchange.place_order(:bob, 'ASO-USD', 'buy', 9, 4);
SELECT status FROM exchange.place_order(:bob, 'ASO-USD', 'buy', 9, 2, client_order_id => 'aso cancelled');
SELECT status FROM exchange.place_order(:ann, 'ASO-USD', 'sell', 15, 20, display_amount => 6);
SELECT status FROM exchange.place_order(:ann, 'ASO-USD', 'sell', 8, 7, 'stop_limit', stop_price => 8);
SELECT clock_timestamp() AS full \gset
SELECT status FROM exchange.amend_order(:amended, 10, 6);
SELECT status FROM exchange.cancel_order(:bob, 'aso cancelled');
SELECT status FROM exchange.place_order(:bob, 'ASO-USD', 'buy', 10, 2);
SELECT clock_timestamp() AS changed \gset
-- The last trade at 8 triggers the stop: what it does not trade rests.
SELECT status FROM exchange.place_order(:ann, 'ASO-USD', 'sell', 9, 4);
SELECT status FROM exchange.place_order(:bob, 'ASO-USD', 'buy', 8, 3);
SELECT status FROM exchange.place_order(:ann, 'ASO-USD', 'sell', 8, 1);
SELECT clock_timestamp() AS triggered \gset
SELECT status FROM exchange.place_order(:bob, 'ASO-USD', 'buy', 15, 20);
SELECT * FROM exchange.book_as_of('ASO-USD', :'nothing');
SELECT * FROM exchange.book_as_of('ASO-USD', :'full');
SELECT * FROM exchange.book_as_of('ASO-USD', :'changed');
SELECT * FROM exchange.book_as_of('ASO-USD', :'triggered');
SELECT * FROM exchange.book_as_of('ASO-USD', clock_timestamp());
SELECT * FROM exchange.order_book('ASO-USD');
SELECT * FROM exchange.book_as_of('ASO-USD', '-infinity');
-- An order that has expired is gone at its end, whenever somebody notices.
SELECT status
FROM exchange.place_order(:bob, 'ASP-USD', 'buy', 9, 4, time_in_force => 'gtd',
                          expires_at => clock_timestamp() + interval '2 seconds');
SELECT clock_timestamp() AS alive, pg_sleep(2.05) \gset
SELECT * FROM exchange.book_as_of('ASP-USD', clock_timestamp());
SELECT exchange.expire_orders('ASP-USD');
SELECT * FROM exchange.book_as_of('ASP-USD', :'alive');

-- Anything at random, a photograph of order_book() after each step; then all of them out of the tables.
CREATE TEMP TABLE photographs (at timestamptz, side text, price numeric, amount numeric, orders bigint);
CREATE TEMP TABLE moments (at timestamptz);
SELECT setseed(0.5);
DO $$
DECLARE
    modes text[] := ARRAY['none', 'cancel_taker', 'cancel_maker', 'cancel_both', 'decrement'];
    someone bigint; side text; price numeric; amount numeric; live bigint; r float; moment timestamptz;
BEGIN
    FOR step IN 1 .. 400 LOOP
        r := random();
        someone := person('aso ' || 1 + floor(random() * 4));
        side := CASE WHEN random() < 0.5 THEN 'buy' ELSE 'sell' END;
        price := 100 + floor(random() * 11)::numeric - CASE side WHEN 'buy' THEN 8 ELSE 2 END;
        amount := 1 + floor(random() * 20)::numeric;
        live := (SELECT o.id FROM exchange.orders o WHERE o.symbol = 'ASP-USD' AND o.status IN ('open', 'pending')
                 ORDER BY random() LIMIT 1);
        BEGIN
            CASE
                WHEN r < 0.4 THEN PERFORM exchange.place_order(
                    someone, 'ASP-USD', side, price, amount, self_trade_prevention => modes[1 + floor(random() * 5)]);
                WHEN r < 0.6 THEN PERFORM exchange.place_order(
                    someone, 'ASP-USD', side, price, 3 * amount, display_amount => ceil(amount / 2),
                    self_trade_prevention => modes[1 + floor(random() * 5)]);
                WHEN r < 0.7 THEN PERFORM exchange.place_order(
                    someone, 'ASP-USD', side, price, 2 * amount, 'stop_limit', stop_price => price,
                    display_amount => amount);
                WHEN r < 0.75 THEN PERFORM exchange.place_order(someone, 'ASP-USD', side, NULL, amount, 'market');
                WHEN r < 0.85 THEN PERFORM exchange.amend_order(live, CASE WHEN random() < 0.5 THEN price END, amount);
                WHEN r < 0.95 THEN PERFORM exchange.cancel_order(live);
                ELSE PERFORM exchange.set_market_status('ASP-USD',
                                                        CASE WHEN m.status = 'open' THEN 'auction' ELSE 'open' END)
                FROM exchange.markets m WHERE m.symbol = 'ASP-USD';
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            NULL; -- refused: the book must be as it was
        END;
        moment := clock_timestamp();
        INSERT INTO moments VALUES (moment);
        INSERT INTO photographs SELECT moment, b.* FROM exchange.order_book('ASP-USD', 100) b;
    END LOOP;
END
$$;
SELECT count(*) > 50 AS many_trades, bool_or(t.amount > 1) AS some_large FROM exchange.trades t
WHERE t.symbol = 'ASP-USD';
SELECT count(DISTINCT at) > 350 AS mostly_not_empty FROM photographs;
CREATE TEMP TABLE rebuilt AS SELECT m.at, b.* FROM moments m, exchange.book_as_of('ASP-USD', m.at) b;
SELECT count(*) AS not_rebuilt FROM (TABLE photographs EXCEPT TABLE rebuilt) AS d;
SELECT count(*) AS never_stood FROM (TABLE rebuilt EXCEPT TABLE photographs) AS d;

SELECT call, refusal('SELECT exchange.book_as_of' || call) AS refusal
FROM unnest(ARRAY['(NULL, now())', '(''NO-MARKET'', now())', '(''ASO-USD'', NULL)']) call;
SELECT exchange.set_market_status('ASP-USD', 'open');
SELECT count(exchange.cancel_all_orders(person('aso ' || n))) FROM generate_series(1, 4) n;
SELECT * FROM exchange.book_as_of('ASO-USD', clock_timestamp()) UNION ALL SELECT *
FROM exchange.book_as_of('ASP-USD', clock_timestamp());
SELECT * FROM exchange.verify();
