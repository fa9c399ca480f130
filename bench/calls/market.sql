-- Two rich users, a market for each shape of calls, and one row to update. In an empty database with pg_bourse.
INSERT INTO identity.users (name) VALUES ('alice'), ('bob');
SELECT exchange.create_market(base || '-USD', base, 'USD') FROM unnest('{ONE,MANY,REST,GONE}'::text[]) AS base \g /dev/null
SELECT exchange.deposit(id, asset, 100000000000)
FROM identity.users, unnest('{ONE,MANY,REST,GONE,USD}'::text[]) AS asset \g /dev/null
CREATE TABLE hot (id integer PRIMARY KEY, n bigint) WITH (fillfactor = 50);
INSERT INTO hot VALUES (1, 0);
VACUUM ANALYZE;
CHECKPOINT;
