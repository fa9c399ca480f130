-- Whose a row is is asked before anything that a session asks of it: is_owner() costs least, and so goes first.
ALTER POLICY cancel_requests_own ON messaging.cancel_requests
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY deliveries_own ON messaging.deliveries
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY delivery_status_own ON messaging.delivery_status
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY messages_own ON messaging.messages
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY messages_archive_own ON messaging.messages_archive
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY preferences_own ON messaging.preferences
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY rate_limits_own ON messaging.rate_limits
    USING (user_id = (SELECT identity.current_user_id())::text
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id()::text)));
ALTER POLICY telegram_command_audits_own ON messaging.telegram_command_audits
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY telegram_feedbacks_own ON messaging.telegram_feedbacks
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
