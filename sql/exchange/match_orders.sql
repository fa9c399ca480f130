-- No SECURITY DEFINER and no SET: a procedure with either cannot commit. Every name is qualified.
CREATE PROCEDURE exchange.match_orders(symbol text DEFAULT NULL, batch_size integer DEFAULT 10000)
LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        EXIT WHEN exchange.match_batch(symbol, batch_size) OPERATOR(pg_catalog.=) 0;
        COMMIT;
    END LOOP;
END
$$;
COMMENT ON PROCEDURE exchange.match_orders(text, integer) IS
'Drains exchange.order_commands in order of id, batch_size commands to a transaction; NULL symbol: all markets. Refused commands go to exchange.command_rejections. 2D000 inside a transaction block, 22023 batch_size below 1, 42704 unknown market';
