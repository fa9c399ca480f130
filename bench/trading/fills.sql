-- What books fills, one by one and in bulk: ours, the peer's (plpgsql_fills.sql), and what the server can do.
CREATE SCHEMA bench;
INSERT INTO identity.users (id, name) SELECT n, 'trader ' || n FROM generate_series(1, 100) n;
SELECT count(trading.start_bot(trading.create_bot(n, 'grid', '{"steps": 5}', starting_balance => 100000000)))
FROM generate_series(1, 100) n;
SELECT bourse.maintain();
INSERT INTO fills_peer.bots (id, user_id, status, trade_type, current_balance)
SELECT b.id, b.user_id, 'running', b.trade_type, b.current_balance FROM trading.bot_accounts b;
-- One row with the indexes of the journal: what booking a fill cannot cost less than.
CREATE TABLE bench.bare (LIKE trading.fills INCLUDING ALL);
CREATE TABLE bench.rates (n bigint GENERATED ALWAYS AS IDENTITY, what text, rate numeric);

-- Each call commits; whether the disk is waited for says synchronous_commit.
CREATE PROCEDURE bench.one_by_one(what text, count integer) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    base text := what || random() || ':';
BEGIN
    FOR i IN -100 .. count LOOP
        IF i = 0 THEN
            began := clock_timestamp();
        END IF;
        IF what = 'ours' THEN
            PERFORM trading.apply_fill(1 + (i + 100) % 100, base || i, 'S' || (i + 100) % 3,
                CASE WHEN random() < 0.5 THEN 'buy' ELSE 'sell' END, 1 + (i + 100) % 5, 90 + (i + 100) % 20, 0.1);
        ELSIF what = 'peer' THEN
            PERFORM fills_peer.apply_fill(1 + (i + 100) % 100, base || i, 'S' || (i + 100) % 3,
                CASE WHEN random() < 0.5 THEN 'buy' ELSE 'sell' END, 1 + (i + 100) % 5, 90 + (i + 100) % 20, 0.1);
        ELSE
            INSERT INTO bench.bare (bot_id, user_id, fill_id, number, trade_type, symbol, side, quantity, price, fee,
                                    filled_at, position_id, trade_id, position_quantity, realized_pnl, commission,
                                    balance, created_at)
            VALUES (1 + (i + 100) % 100, 1, base || i, i, 'paper', 'S' || (i + 100) % 3, 'buy', 1 + (i + 100) % 5,
                    90 + (i + 100) % 20, 0.1, now(), 1, 1, 1, 1, 1, 1, now());
        END IF;
        COMMIT;
    END LOOP;
    INSERT INTO bench.rates (what, rate)
    VALUES (what, count / extract(epoch FROM clock_timestamp() - began));
END
$$;

-- The rows of a bulk run.
CREATE FUNCTION bench.rows(base text, count integer)
RETURNS TABLE (bot_id bigint, fill_id text, symbol text, side text, quantity numeric, price numeric, fee numeric)
LANGUAGE sql AS $$
    SELECT 1 + i % 100, base || i, 'S' || i % 3, CASE WHEN random() < 0.5 THEN 'buy' ELSE 'sell' END, 1 + i % 5,
           90 + i % 20, 0.1
    FROM generate_series(1, count) i
$$;

-- What stands in the inbox is booked by CALL trading.apply_pending() at the top level, between these two.
CREATE PROCEDURE bench.fill_inbox(count integer) LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO trading.fill_commands (bot_id, fill_id, symbol, side, quantity, price, fee)
    SELECT * FROM bench.rows('bulk' || random() || ':', count);
    INSERT INTO bench.rates (what, rate) VALUES ('began', extract(epoch FROM clock_timestamp()));
END
$$;
CREATE PROCEDURE bench.note_bulk(count integer) LANGUAGE sql AS $$
    INSERT INTO bench.rates (what, rate)
    SELECT 'bulk', count / (extract(epoch FROM clock_timestamp()) - r.rate)
    FROM bench.rates r WHERE r.what = 'began' ORDER BY r.n DESC LIMIT 1
$$;
CREATE PROCEDURE bench.peer_bulk(count integer) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
BEGIN
    CREATE TEMP TABLE told AS SELECT * FROM bench.rows('peer' || random() || ':', count);
    began := clock_timestamp();
    PERFORM fills_peer.apply_fill(t.bot_id, t.fill_id, t.symbol, t.side, t.quantity, t.price, t.fee) FROM told t;
    INSERT INTO bench.rates (what, rate)
    VALUES ('peer bulk', count / extract(epoch FROM clock_timestamp() - began));
    DROP TABLE told;
END
$$;

-- 100,000 closed trades, as a dump brings them: with the triggers of the table, and without.
CREATE PROCEDURE bench.copy_trades(what text, count integer) LANGUAGE plpgsql AS $$
DECLARE
    began timestamptz;
    columns CONSTANT text := 'bot_id, user_id, trade_type, symbol, entry_time, exit_time, entry_price, exit_price, '
        'size, direction, commission, gross_pnl, net_pnl, status';
BEGIN
    PERFORM set_config('session_replication_role', CASE what WHEN 'copy' THEN 'origin' ELSE 'replica' END, true);
    began := clock_timestamp();
    EXECUTE format('COPY trading.trades (%s) FROM %L', columns, current_setting('bench.file'));
    INSERT INTO bench.rates (what, rate)
    VALUES (what, count / extract(epoch FROM clock_timestamp() - began));
    DELETE FROM trading.trades t WHERE t.first_fill IS NULL;
END
$$;
