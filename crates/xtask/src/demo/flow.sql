-- An order flow that does not end: users who bid and offer around the middle, some who take what is there, some who go.
-- Which way they lean swings slowly, so that there is something to see. The same seed gives the same flow.
CREATE SEQUENCE demo.steps;

CREATE FUNCTION demo.somebody(market text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    number CONSTANT bigint := 1 + floor(random() * 100);
BEGIN
    RETURN (SELECT min(id) FROM identity.users
            WHERE name IN (format('user %s of %s', number, market), format('user %s', number)) AND
                  (name LIKE '% of %') = EXISTS (SELECT FROM identity.users WHERE name = format('user 1 of %s', market)));
END
$$;

CREATE FUNCTION demo.flow(market text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    tick CONSTANT numeric := 0.01;
    step CONSTANT bigint := nextval('demo.steps');
    lean CONSTANT double precision := 0.5 + 0.14 * sin(step / 120.0) + 0.06 * sin(step / 17.0);
    best record;
    middle numeric;
    side text;
    away numeric;
BEGIN
    FOR n IN 1 .. 4 LOOP
        SELECT * INTO best FROM exchange.best_bid_offer(market);
        middle := coalesce((best.bid_price + best.ask_price) / 2, best.bid_price, best.ask_price, 100);
        side := CASE WHEN random() < lean THEN 'buy' ELSE 'sell' END;
        IF n = 4 THEN
            PERFORM exchange.place_order(demo.somebody(market), market, side,
                round(middle * CASE side WHEN 'buy' THEN 1.002 ELSE 0.998 END, 2), 1 + floor(random() * 60)::numeric,
                time_in_force => 'ioc');
        ELSE
            away := tick * floor(exp(random() * 4.2))::numeric;
            PERFORM exchange.place_order(demo.somebody(market), market, side,
                greatest(tick, round(middle + CASE side WHEN 'buy' THEN -away ELSE away END, 2)),
                1 + floor(random() * 50)::numeric);
        END IF;
    END LOOP;
    IF step % 6 = 0 THEN
        PERFORM exchange.cancel_all_orders(demo.somebody(market), market);
    END IF;
END
$$;

-- The bot of the replay goes on, too, once a second.
CREATE FUNCTION demo.bot(bot bigint, market text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF currval('demo.steps') % 10 < 2 THEN
        PERFORM demo.trade(bot, market);
    END IF;
END
$$;
