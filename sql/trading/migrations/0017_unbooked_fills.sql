-- What bots have traded on our own exchange and cannot be booked, with the reason. It has happened all the same: a row
-- stays until retry_fills() has booked it.
CREATE TABLE trading.unbooked_fills (
    order_id     bigint NOT NULL,
    trade_id     bigint NOT NULL,
    user_id      bigint NOT NULL,
    bot_id       bigint NOT NULL,
    symbol       text COLLATE "C" NOT NULL,
    side         text COLLATE "C" NOT NULL,
    quantity     numeric(20,8) NOT NULL,
    price        numeric(20,8) NOT NULL,
    fee          numeric(20,8) NOT NULL,
    traded_at    timestamptz NOT NULL,
    sqlstate     text COLLATE "C" NOT NULL,
    reason       text NOT NULL,
    hint         text,
    tried_at     timestamptz NOT NULL DEFAULT clock_timestamp(),
    set_aside_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- An order has one bot, and a bot one user.
    CONSTRAINT unbooked_fills_pkey PRIMARY KEY (user_id, bot_id, order_id, trade_id),
    CONSTRAINT fk_unbooked_fills_bot_id FOREIGN KEY (user_id, bot_id) REFERENCES trading.bot_accounts (user_id, id)
        ON DELETE CASCADE
);
COMMENT ON TABLE trading.unbooked_fills IS
'Trades of our own exchange that are missing from the books of their bot, which has failed with them: sync_fills() has '
'set them aside, and retry_fills() books them once what is in their way is mended';
COMMENT ON COLUMN trading.unbooked_fills.trade_id IS
'exchange.trades.id; a trade with the same bot on both sides is two';
COMMENT ON COLUMN trading.unbooked_fills.fee IS
'The commission of the bot''s side, in the quote currency of the market';
COMMENT ON COLUMN trading.unbooked_fills.sqlstate IS
'Why it was not booked when it was tried last; reason and hint, too';
COMMENT ON COLUMN trading.unbooked_fills.tried_at IS 'When it was tried last';
ALTER TABLE trading.unbooked_fills ENABLE ROW LEVEL SECURITY;
CREATE POLICY unbooked_fills_own ON trading.unbooked_fills FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY unbooked_fills_all ON trading.unbooked_fills FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.unbooked_fills TO bourse_viewer, bourse_worker;
