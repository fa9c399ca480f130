-- The engine writes a market past all triggers. As record_change() would, and only where that one is at work.
CREATE FUNCTION exchange_private.record_market_status(symbol text, old_status text, new_status text, by_bell boolean,
                                                      reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    log_id bigint;
BEGIN
    -- Row triggers are those with the first bit of tgtype. An ordinary session runs what is enabled, or always is.
    IF EXISTS (SELECT FROM pg_trigger t
               WHERE t.tgrelid = 'exchange.markets'::regclass
                 AND t.tgfoid = 'audit_private.record_change()'::regprocedure
                 AND t.tgtype & 1 = 1 AND t.tgenabled IN ('O', 'A')) THEN
        log_id := audit_private.write_log('UPDATE', 'exchange.markets', symbol, NULL,
                                          jsonb_build_object('status', old_status),
                                          jsonb_strip_nulls(jsonb_build_object(
                                              'status', new_status, 'status_reason', reason,
                                              'bell_of', (SELECT m.calendar FROM exchange.markets m
                                                          WHERE m.symbol = record_market_status.symbol AND by_bell))));
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.record_market_status(text, text, text, boolean, text) IS
'Writes a row of audit_logs for a market whose status the engine has changed, while exchange.markets is audited, with '
'the reason that an operator has said; its bell_of names the calendar whose bell it was. For set_market_status() and '
'bells only';
