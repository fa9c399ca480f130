-- A row for each user who has ever connected an account, so that a sweep locks it and never waits for one that another
-- session is about to make.
CREATE TABLE mirror.failover_states (
    user_id         bigint PRIMARY KEY
                    CONSTRAINT fk_failover_states_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    switched_at     timestamptz,
    told_account_id bigint,
    told_at         timestamptz,
    CONSTRAINT failover_states_told_check CHECK ((told_account_id IS NULL) = (told_at IS NULL))
) WITH (fillfactor = 80);
COMMENT ON TABLE mirror.failover_states IS
'Users whose accounts are watched: whoever changes the account in use holds the row';
COMMENT ON COLUMN mirror.failover_states.switched_at IS 'When it was changed last: the cooldown counts from then';
COMMENT ON COLUMN mirror.failover_states.told_account_id IS
'The account in use that has failed and has no backup, of which an event has told; NULL: none. Without a foreign key: '
'once it is deleted, another account is in use';

CREATE INDEX idx_failover_states_told ON mirror.failover_states (user_id) WHERE told_account_id IS NOT NULL;
COMMENT ON INDEX mirror.idx_failover_states_told IS 'Users whose account has failed, and who have no other';

ALTER TABLE mirror.failover_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY failover_states_own ON mirror.failover_states FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY failover_states_all ON mirror.failover_states
    FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON mirror.failover_states TO bourse_viewer, bourse_worker;
