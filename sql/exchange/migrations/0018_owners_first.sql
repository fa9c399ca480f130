-- Whose a row is is asked before anything that a session asks of it: is_owner() costs least, and so goes first.
ALTER POLICY assets_own ON exchange.assets
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY command_rejections_own ON exchange.command_rejections
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY fee_groups_own ON exchange.fee_groups
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY orders_own ON exchange.orders
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY transfers_own ON exchange.transfers
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY venue_transfers_own ON exchange.venue_transfers
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
