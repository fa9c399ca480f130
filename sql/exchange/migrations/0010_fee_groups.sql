-- Commission by group of users: rates by market, or '*' for all markets. They are frozen on the order when it is
-- accepted.
CREATE TABLE exchange.fee_groups (
    user_id   bigint PRIMARY KEY CONSTRAINT fk_fee_groups_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    fee_group text COLLATE "C" NOT NULL
              CONSTRAINT fee_groups_fee_group_check CHECK (fee_group <> '')
              CONSTRAINT fee_groups_size_check CHECK (char_length(fee_group) <= 128)
);
COMMENT ON TABLE exchange.fee_groups IS 'Which users pay other rates than their markets''';

ALTER TABLE exchange.fee_groups ENABLE ROW LEVEL SECURITY;
CREATE POLICY fee_groups_own ON exchange.fee_groups FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY fee_groups_all ON exchange.fee_groups FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY fee_groups_admin ON exchange.fee_groups TO bourse_admin USING (true) WITH CHECK (true);

GRANT SELECT ON exchange.fee_groups TO bourse_viewer;
GRANT INSERT, UPDATE, DELETE ON exchange.fee_groups TO bourse_admin;
