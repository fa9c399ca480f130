-- The rows that a flow left behind go to files, and tables like theirs are made in the schema copied: the same
-- columns, checks, defaults, indexes, fill factors and foreign keys, without triggers and policies.
\set QUIET on
SELECT regexp_replace(current_setting('data_directory'), '[^/]+$', 'copy_') AS place \gset
\set assets :place assets
\set orders :place orders
\set order_amendments :place order_amendments
\set trades :place trades
COPY exchange.assets TO :'assets';
COPY exchange.orders TO :'orders';
COPY exchange.order_amendments TO :'order_amendments';
COPY exchange.trades TO :'trades';

CREATE SCHEMA copied;
SELECT format('CREATE TABLE copied.%1$I (LIKE exchange.%1$I INCLUDING ALL)%2$s', relname,
              ' WITH (' || array_to_string(reloptions, ', ') || ')')
FROM (SELECT relname, coalesce(reloptions, '{fillfactor=100}') AS reloptions FROM pg_class
      WHERE oid IN ('exchange.assets'::regclass, 'exchange.orders'::regclass, 'exchange.order_amendments'::regclass,
                    'exchange.trades'::regclass)) AS real_tables \gexec
SELECT format('ALTER TABLE copied.%I ADD CONSTRAINT %I %s', t.relname, c.conname,
              regexp_replace(pg_get_constraintdef(c.oid), 'REFERENCES exchange\.(assets|orders|order_amendments|trades)\(',
                             'REFERENCES copied.\1('))
FROM pg_constraint c
JOIN pg_class t ON t.oid = c.conrelid
JOIN pg_class copied ON copied.relname = t.relname AND copied.relnamespace = 'copied'::regnamespace
WHERE c.contype = 'f' AND t.relnamespace = 'exchange'::regnamespace \gexec
CHECKPOINT;
