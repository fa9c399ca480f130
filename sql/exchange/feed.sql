-- A publication belongs to whoever makes it and needs the tables' owner: admins are neither, so the owner role makes it
-- for them. It is an object of the database, not of a schema.
DO $$
BEGIN
    EXECUTE pg_catalog.format('GRANT CREATE ON DATABASE %I TO bourse_owner', pg_catalog.current_database());
END
$$;

-- Columns by name: a subscriber learns what the market did, never who.
CREATE FUNCTION exchange.create_feed(name text DEFAULT 'bourse_feed') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF name IS NULL OR name = '' THEN
        PERFORM bourse.refuse('22023', 'a feed needs a name',
            'Give the name of the publication, or leave it out: bourse_feed.');
    END IF;
    PERFORM bourse_private.require_line('name', name);
    EXECUTE format($sql$
        CREATE PUBLICATION %I FOR TABLE
            exchange.trades (id, buy_order_id, sell_order_id, symbol, sequence, price, amount, taker_side, created_at),
            exchange.orders (id, symbol, side, price, amount, filled_amount, visible_amount, status, priority,
                             expires_at, created_at, updated_at),
            exchange.markets (symbol, base, quote, tick_size, lot_size, min_amount, max_amount, min_notional, status,
                              last_sequence, last_price, updated_at)
        WITH (publish = 'insert, update, delete')$sql$, name);
    EXECUTE format('COMMENT ON PUBLICATION %I IS %L', name, 'Market data of pg_bourse, without users');
    RETURN name;
EXCEPTION
    WHEN duplicate_object THEN
        PERFORM bourse.refuse('42710', format('publication %s exists', bourse_private.clip(name)),
            'Subscribe to it, or choose another name.');
END
$$;
COMMENT ON FUNCTION exchange.create_feed(text) IS
'Makes a publication of trades, orders and markets for logical replication (pgoutput), without users, client_order_ids '
'and commissions. Needs wal_level = logical to deliver. A subscriber is a trusted server: it sees the rest of icebergs '
'and waiting stops. Returns the name. 22023 no name, 42710 the publication exists';
GRANT EXECUTE ON FUNCTION exchange.create_feed(text) TO bourse_admin;

CREATE FUNCTION exchange.drop_feed(name text DEFAULT 'bourse_feed') RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM pg_publication p
                   WHERE p.pubname = drop_feed.name AND p.pubowner = 'bourse_owner'::regrole) THEN
        PERFORM bourse.refuse('42704', format('feed %s does not exist', coalesce(bourse_private.clip(name), 'NULL')),
            'SELECT pubname FROM pg_publication WHERE pubowner = ''bourse_owner''::regrole lists the feeds.');
    END IF;
    EXECUTE format('DROP PUBLICATION %I', name);
    RETURN name;
END
$$;
COMMENT ON FUNCTION exchange.drop_feed(text) IS
'Drops a publication that create_feed() has made. Its subscribers get no more changes. Returns the name. 42704 no such '
'feed';
GRANT EXECUTE ON FUNCTION exchange.drop_feed(text) TO bourse_admin;
