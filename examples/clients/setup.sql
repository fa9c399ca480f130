-- What the programs of this folder find, in an empty database: a login of an application, two users, a market with an
-- offer in it. A superuser runs this with psql.
CREATE EXTENSION pg_bourse;
SELECT bourse.install();

-- Acts for no user until its transaction says for whom, so it may come through a pooler.
CREATE ROLE shop LOGIN IN ROLE bourse_gateway;

INSERT INTO identity.users (name) VALUES ('alice') RETURNING id AS alice \gset
INSERT INTO identity.users (name) VALUES ('bob') RETURNING id AS bob \gset
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
SELECT exchange.deposit(:alice, 'USD', 1000), exchange.deposit(:bob, 'BTC', 10);
SELECT exchange.place_order(:bob, 'BTC-USD', 'sell', 100.10, 0.2);
