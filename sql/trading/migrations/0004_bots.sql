CREATE VIEW trading.bots WITH (security_invoker = true) AS
    SELECT b.id, b.user_id, b.type, b.status, b.started_at, h.last_heartbeat, b.error_count, b.current_balance,
           b.total_pnl, b.extra_metadata, b.config, b.description, b.created_at, b.updated_at, b.trade_type, b.quote,
           b.method, b.starting_balance, b.open_positions, b.last_error, b.stopped_at, h.progress
    FROM trading.bot_accounts b LEFT JOIN trading.bot_heartbeats h ON h.bot_id = b.id;
COMMENT ON VIEW trading.bots IS
'Bots, one''s own or for whoever acts for everybody all: settings, status, sums, the last heartbeat. Can be inserted, '
'updated and deleted as a table: what users do not write stays as it is, and steps of its life go by start_bot() and '
'the like';
CREATE TRIGGER trigger_insert_bot INSTEAD OF INSERT ON trading.bots
    FOR EACH ROW EXECUTE FUNCTION trading_private.insert_bot();
CREATE TRIGGER trigger_update_bot INSTEAD OF UPDATE ON trading.bots
    FOR EACH ROW EXECUTE FUNCTION trading_private.update_bot();
CREATE TRIGGER trigger_delete_bot INSTEAD OF DELETE ON trading.bots
    FOR EACH ROW EXECUTE FUNCTION trading_private.delete_bot();
GRANT SELECT ON trading.bots TO bourse_viewer, bourse_worker;
-- Who locks a view needs the privilege on its table as well.
GRANT INSERT, UPDATE, DELETE ON trading.bots TO bourse_trader, bourse_worker;
