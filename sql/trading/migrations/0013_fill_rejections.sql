-- Fills of the bulk door that could not be booked, as they came, with the reason.
CREATE TABLE trading.fill_rejections (
    command_id       bigint PRIMARY KEY,
    sqlstate         text COLLATE "C" NOT NULL,
    reason           text NOT NULL,
    hint             text,
    rejected_at      timestamptz NOT NULL,
    bot_id           bigint,
    user_id          bigint,
    fill_id          text COLLATE "C",
    symbol           text COLLATE "C",
    side             text COLLATE "C",
    quantity         numeric,
    price            numeric,
    fee              numeric,
    fee_currency     text COLLATE "C",
    fee_rate         numeric,
    filled_at        timestamptz,
    trade_type       text COLLATE "C",
    strategy_name    text COLLATE "C",
    entry_logic_name text COLLATE "C",
    exit_logic_name  text COLLATE "C",
    "interval"       text COLLATE "C",
    exit_reason      text COLLATE "C",
    multiplier       numeric,
    run_id           bigint,
    created_at       timestamptz NOT NULL
);
COMMENT ON TABLE trading.fill_rejections IS
'Fills of trading.fill_commands that were refused, with SQLSTATE, reason and hint; the columns are as they came';
CREATE INDEX ix_trading_fill_rejections_bot_id ON trading.fill_rejections (user_id, command_id);
COMMENT ON INDEX trading.ix_trading_fill_rejections_bot_id IS 'What was refused of a user';

ALTER TABLE trading.fill_rejections ENABLE ROW LEVEL SECURITY;
CREATE POLICY fill_rejections_own ON trading.fill_rejections FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY fill_rejections_all ON trading.fill_rejections FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.fill_rejections TO bourse_viewer, bourse_worker;
