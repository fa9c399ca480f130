-- Whose a row is is asked before anything that a session asks of it: is_owner() costs least, and so goes first.
ALTER POLICY billings_own ON marketplace.billings
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_approval_events_own ON marketplace.bot_approval_events
    USING (developer_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_marketplace_registrations_own ON marketplace.bot_marketplace_registrations
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_performance_own ON marketplace.bot_performance
    USING (developer_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_reviews_own ON marketplace.bot_reviews
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY bot_versions_own ON marketplace.bot_versions
    USING (developer_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
ALTER POLICY bots_read ON marketplace.bots
    USING ((is_public OR identity_private.is_owner(developer_id, (SELECT identity.current_user_id())))
        AND (is_public OR developer_id + 0 = (SELECT identity.current_user_id())));
ALTER POLICY invoices_own ON marketplace.invoices
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY performance_logs_own ON marketplace.performance_logs
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY promotion_uses_own ON marketplace.promotion_uses
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY promotions_own ON marketplace.promotions
    USING (developer_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(developer_id, (SELECT identity.current_user_id())));
ALTER POLICY refunds_own ON marketplace.refunds
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY risk_states_own ON marketplace.risk_states
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY runs_own ON marketplace.runs
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY subscription_events_own ON marketplace.subscription_events
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY subscriptions_own ON marketplace.subscriptions
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY trade_keys_own ON marketplace.trade_keys
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY trades_own ON marketplace.trades
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY trials_own ON marketplace.trials
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
