-- A database without data, which sends each call to the venue of its market: `psql -v east=… -v west=… -f router.sql`,
-- with the connection strings of the two. Other venues: more lines in venue_of_market and in the server.
CREATE EXTENSION plproxy;
CREATE SERVER venues FOREIGN DATA WRAPPER plproxy OPTIONS (p0 :'east', p1 :'west');
CREATE USER MAPPING FOR CURRENT_USER SERVER venues;

-- The map changes when a market is made, and is the same in all routers.
CREATE TABLE venue_of_market (symbol text PRIMARY KEY, venue text NOT NULL);

CREATE FUNCTION venue_number(venue text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN CASE venue WHEN 'east' THEN 0 WHEN 'west' THEN 1 END;
END
$$;
-- A market that nobody has is nobody's to trade: the map raises, rather than to guess.
CREATE FUNCTION market_number(market text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
    number integer := venue_number((SELECT m.venue FROM venue_of_market m WHERE m.symbol = market));
BEGIN
    IF number IS NULL THEN
        RAISE EXCEPTION 'no venue has market %', market USING ERRCODE = 'undefined_object';
    END IF;
    RETURN number;
END
$$;

-- What clients call: the names and arguments of the venues.
CREATE SCHEMA exchange;
CREATE FUNCTION exchange.place_order(user_id bigint, symbol text, side text, price numeric, amount numeric,
                                     client_order_id text, OUT id bigint, OUT status text)
LANGUAGE plproxy AS $$
    CLUSTER 'venues';
    RUN ON market_number(symbol);
    SELECT o.id, o.status
    FROM exchange.place_order(user_id, symbol, side, price, amount, 'limit', 'gtc', client_order_id) o;
$$;
CREATE FUNCTION exchange.cancel_order(user_id bigint, symbol text, client_order_id text, OUT status text)
LANGUAGE plproxy AS $$
    CLUSTER 'venues';
    RUN ON market_number(symbol);
    SELECT o.status FROM exchange.cancel_order(user_id, client_order_id) o;
$$;
CREATE FUNCTION exchange.best_bid_offer(symbol text, OUT bid_price numeric, OUT ask_price numeric)
LANGUAGE plproxy AS $$
    CLUSTER 'venues';
    RUN ON market_number(symbol);
    SELECT b.bid_price, b.ask_price FROM exchange.best_bid_offer(symbol) b;
$$;
-- from_venue: the venue that the money is in. The client makes transfer_id, and repeats the call until it is answered.
CREATE FUNCTION exchange.send_to_venue(from_venue text, transfer_id uuid, user_id bigint, venue text, asset text,
                                       amount numeric, OUT status text)
LANGUAGE plproxy AS $$
    CLUSTER 'venues';
    RUN ON venue_number(from_venue);
    SELECT exchange.send_to_venue(transfer_id, user_id, venue, asset, amount);
$$;
