-- Accounts that stand in for the primary account of their user. The primary account is the user's choice, and failover
-- leaves it alone; once the user has chosen another one, or either of the two is deleted, nothing stands in for it.
-- Written under the lock of the user's row in failover_states.
CREATE TABLE mirror.stand_ins (
    user_id            bigint PRIMARY KEY,
    primary_account_id bigint NOT NULL,
    account_id         bigint NOT NULL,
    since              timestamptz NOT NULL,
    primary_well_since timestamptz,
    CONSTRAINT fk_stand_ins_primary_account_id FOREIGN KEY (user_id, primary_account_id)
        REFERENCES mirror.trading_accounts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_stand_ins_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT stand_ins_account_id_check CHECK (account_id <> primary_account_id)
) WITH (fillfactor = 80);
COMMENT ON TABLE mirror.stand_ins IS
'Accounts that stand in for the primary account of their user since a failover';
COMMENT ON COLUMN mirror.stand_ins.primary_account_id IS
'The primary account at the time. The row counts for nothing while another one is primary';
COMMENT ON COLUMN mirror.stand_ins.primary_well_since IS
'Since when the sweep has found the primary account well again; NULL: it is not';

ALTER TABLE mirror.stand_ins ENABLE ROW LEVEL SECURITY;
CREATE POLICY stand_ins_own ON mirror.stand_ins FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY stand_ins_all ON mirror.stand_ins
    FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON mirror.stand_ins TO bourse_viewer, bourse_worker;

CREATE VIEW mirror.active_accounts WITH (security_invoker = true) AS
SELECT p.user_id, p.id AS primary_account_id, coalesce(s.account_id, p.id) AS account_id,
       s.account_id IS NOT NULL AS stands_in, s.since
FROM mirror.trading_accounts p
LEFT JOIN mirror.stand_ins s ON s.user_id = p.user_id AND s.primary_account_id = p.id
WHERE p.is_primary AND p.is_active;
COMMENT ON VIEW mirror.active_accounts IS
'The account of each user that is in use: the primary one, or the one that stands in for it. Market data comes from '
'it, and new orders of the user''s own go there. Users without an active primary account are not there. Orders of '
'followers stay with their account, whatever is in use';
COMMENT ON COLUMN mirror.active_accounts.account_id IS 'The account in use';
COMMENT ON COLUMN mirror.active_accounts.stands_in IS 'It is not the primary account';
COMMENT ON COLUMN mirror.active_accounts.since IS 'Since when it stands in; NULL: it does not';
GRANT SELECT ON mirror.active_accounts TO bourse_viewer, bourse_worker;
