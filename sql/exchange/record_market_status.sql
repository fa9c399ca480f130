-- The engine writes a market past all triggers. As record_change() would, and only where that one is at work.
CREATE FUNCTION exchange_private.record_market_status(symbol text, old_status text, new_status text, by_bell boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    log_id bigint;
BEGIN
    IF EXISTS (SELECT FROM pg_trigger t
               WHERE t.tgrelid = 'exchange.markets'::regclass
                 AND t.tgfoid = 'audit_private.record_change()'::regprocedure
                 AND t.tgtype & 1 = 1 AND t.tgenabled IN ('O', 'A')) THEN
        log_id := audit_private.write_log('UPDATE', 'exchange.markets', symbol, NULL,
                                          jsonb_build_object('status', old_status),
                                          jsonb_build_object('status', new_status) || CASE WHEN by_bell THEN (
                                              SELECT jsonb_build_object('bell_of', m.calendar) FROM exchange.markets m
                                              WHERE m.symbol = record_market_status.symbol) ELSE '{}' END);
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.record_market_status(text, text, text, boolean) IS
'Writes a row of audit_logs for a market whose status the engine has changed, while exchange.markets is audited; its '
'bell_of names the calendar whose bell it was. For set_market_status() and bells only';
