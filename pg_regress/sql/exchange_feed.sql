-- Publications for market data feeds. What a subscriber gets, a test with a real one shows.
SET client_min_messages = error; -- the server of this test need not have wal_level = logical
SELECT exchange.create_feed();
SELECT exchange.create_feed('fed second');
SELECT p.pubname, p.pubowner::regrole, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
       obj_description(p.oid, 'pg_publication') AS comment
FROM pg_publication p WHERE p.pubname IN ('bourse_feed', 'fed second') ORDER BY p.pubname;
SELECT t.tablename, array_to_string(t.attnames, ' ') AS columns FROM pg_publication_tables t
WHERE t.pubname = 'bourse_feed' ORDER BY t.tablename;
-- Nothing that names a user or was agreed with one.
SELECT t.tablename, c AS private FROM pg_publication_tables t, unnest(t.attnames) c
WHERE t.pubname = 'bourse_feed'
  AND (c LIKE '%user%' OR c LIKE 'client%' OR c LIKE '%commission%' OR c LIKE '%rate' OR c LIKE 'stop%'
       OR c = 'reserved');
-- Every column of a replica identity is there: an update of a published row is not refused.
SELECT i.indrelid::regclass AS table, a.attname AS missing FROM pg_index i
JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
JOIN pg_publication_tables t ON t.pubname = 'bourse_feed'
AND format('%I.%I', t.schemaname, t.tablename)::regclass = i.indrelid
WHERE i.indisprimary AND a.attname <> ALL (t.attnames);
SELECT call, refusal('SELECT exchange.' || call) AS refusal
FROM unnest(ARRAY['create_feed()', 'create_feed(NULL)', 'create_feed('''')', 'drop_feed(NULL)',
                  'drop_feed(''no feed'')']) call;
-- An admin may, nobody else; and a publication of somebody else is not a feed.
CREATE PUBLICATION regress_other;
SET ROLE bourse_admin;
SELECT refusal('SELECT exchange.drop_feed(''regress_other'')');
SELECT exchange.drop_feed('fed second');
SET ROLE bourse_gateway;
SELECT refusal('SELECT exchange.create_feed()'), refusal('SELECT exchange.drop_feed()');
RESET ROLE;
DROP PUBLICATION regress_other;
SELECT exchange.drop_feed();
SELECT pubname FROM pg_publication;
SELECT * FROM exchange.verify();
