CREATE TABLE exchange.command_rejections (
    command_id            bigint PRIMARY KEY,
    sqlstate              text COLLATE "C" NOT NULL,
    reason                text NOT NULL,
    hint                  text,
    action                text COLLATE "C",
    user_id               bigint,
    symbol                text COLLATE "C",
    client_order_id       text COLLATE "C",
    side                  text COLLATE "C",
    price                 numeric,
    amount                numeric,
    order_type            text COLLATE "C",
    time_in_force         text COLLATE "C",
    stop_price            numeric,
    display_amount        numeric,
    quote_amount          numeric,
    post_only             boolean,
    expires_at            timestamptz,
    self_trade_prevention text COLLATE "C",
    created_at            timestamptz NOT NULL,
    rejected_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE exchange.command_rejections IS
'Commands of the bulk door that were refused, with the SQLSTATE that place_order, cancel_order or amend_order would '
'have raised';

CREATE INDEX idx_command_rejections_user_id ON exchange.command_rejections (user_id, command_id);

ALTER TABLE exchange.command_rejections ENABLE ROW LEVEL SECURITY;
CREATE POLICY command_rejections_own ON exchange.command_rejections FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY command_rejections_all ON exchange.command_rejections FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON exchange.command_rejections TO bourse_viewer;
