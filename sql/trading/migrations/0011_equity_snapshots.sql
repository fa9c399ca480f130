-- What a bot was worth at moments: what returns are taken from.
CREATE TABLE trading.equity_snapshots (
    bot_id         bigint NOT NULL,
    user_id        bigint NOT NULL,
    trade_type     text COLLATE "C" NOT NULL,
    run_id         bigint NOT NULL DEFAULT 0,
    at             timestamptz NOT NULL CONSTRAINT equity_snapshots_at_check CHECK (isfinite(at)),
    equity         numeric(20,8) NOT NULL,
    balance        numeric(20,8) NOT NULL,
    unrealized_pnl numeric(20,8) NOT NULL,
    unmarked       integer NOT NULL DEFAULT 0 CONSTRAINT equity_snapshots_unmarked_check CHECK (unmarked >= 0),
    PRIMARY KEY (user_id, bot_id, trade_type, run_id, at),
    CONSTRAINT equity_snapshots_equity_check CHECK (equity = balance + unrealized_pnl),
    CONSTRAINT fk_equity_snapshots_bot_id FOREIGN KEY (user_id, bot_id)
        REFERENCES trading.bot_accounts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE trading.equity_snapshots IS
'What bots were worth at moments, in their quote currency: record_equity()';
COMMENT ON COLUMN trading.equity_snapshots.unmarked IS
'How many open positions had no price, and count as what they have cost';

ALTER TABLE trading.equity_snapshots ENABLE ROW LEVEL SECURITY;
CREATE POLICY equity_snapshots_own ON trading.equity_snapshots FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY equity_snapshots_all ON trading.equity_snapshots FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.equity_snapshots TO bourse_viewer, bourse_worker;
