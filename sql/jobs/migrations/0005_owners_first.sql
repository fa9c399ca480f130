-- Whose a row is is asked before anything that a session asks of it: is_owner() costs least, and so goes first.
ALTER POLICY schedule_runs_own ON jobs.schedule_runs
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
ALTER POLICY schedules_own ON jobs.schedules
    USING (user_id = (SELECT identity.current_user_id())
        AND identity_private.is_owner(user_id, (SELECT identity.current_user_id())));
