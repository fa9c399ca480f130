-- Whose a row is is asked before anything that a session asks of it: is_owner() costs least, and so goes first.
ALTER POLICY audit_logs_own ON webui.audit_logs
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY performance_snapshots_own ON webui.performance_snapshots
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY strategy_templates_read ON webui.strategy_templates
    USING ((is_public OR identity_private.is_owner(created_by, (SELECT identity.current_user_id())))
        AND (is_public OR created_by + 0 = (SELECT identity.current_user_id())));
ALTER POLICY strategy_templates_update ON webui.strategy_templates
    USING (created_by + 0 = (SELECT identity.current_user_id())
        AND identity_private.is_owner(created_by, (SELECT identity.current_user_id())));
