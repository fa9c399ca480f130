-- What a bot has beside its own books: those of another trade type, and of each run of a backtest. Its own stand in
-- trading.bot_accounts; no sum has both.
CREATE TABLE trading.balances (
    bot_id           bigint NOT NULL,
    user_id          bigint NOT NULL,
    trade_type       text COLLATE "C" NOT NULL
                     CONSTRAINT balances_trade_type_check CHECK (trade_type IN ('paper', 'live', 'backtest')),
    run_id           bigint NOT NULL DEFAULT 0 CONSTRAINT balances_run_id_check CHECK (run_id >= 0),
    starting_balance numeric(20,8) NOT NULL,
    current_balance  numeric(20,8) NOT NULL,
    total_pnl        numeric(20,8) NOT NULL DEFAULT 0,
    open_positions   integer NOT NULL DEFAULT 0
                     CONSTRAINT balances_open_positions_check CHECK (open_positions >= 0),
    fill_count       bigint NOT NULL DEFAULT 0,
    trade_count      bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, bot_id, trade_type, run_id),
    CONSTRAINT fk_balances_bot_id FOREIGN KEY (user_id, bot_id)
        REFERENCES trading.bot_accounts (user_id, id) ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE trading.balances IS
'Balance, result and counts of a bot by trade type and run of a backtest, as far as they are not those of the bot '
'itself (trading.bots): each begins with the bot''s starting_balance';

ALTER TABLE trading.balances ENABLE ROW LEVEL SECURITY;
CREATE POLICY balances_own ON trading.balances FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY balances_all ON trading.balances FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.balances TO bourse_viewer, bourse_worker;
