-- Whose a row is is asked before anything that a session asks of it: is_owner() costs least, and so goes first.
ALTER POLICY balances_own ON trading.balances
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_accounts_own ON trading.bot_accounts
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_events_own ON trading.bot_events
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_heartbeats_own ON trading.bot_heartbeats
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_markets_own ON trading.bot_markets
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_orders_own ON trading.bot_orders
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY cash_events_own ON trading.cash_events
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY equity_snapshots_own ON trading.equity_snapshots
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY fill_corrections_own ON trading.fill_corrections
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY fill_rejections_own ON trading.fill_rejections
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY fills_own ON trading.fills
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY pair_locks_own ON trading.pair_locks
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY performance_metrics_own ON trading.performance_metrics
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY positions_own ON trading.positions
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY trades_own ON trading.trades
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY unbooked_fills_own ON trading.unbooked_fills
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
