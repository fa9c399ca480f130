-- Money that moves without a trade: what a bot is given and gives back, and what it gets and pays for holding.
CREATE TABLE trading.cash_events (
    bot_id      bigint NOT NULL,
    user_id     bigint NOT NULL,
    cash_id     text COLLATE "C" NOT NULL
                CONSTRAINT cash_events_cash_id_check CHECK (length(cash_id) BETWEEN 1 AND 128),
    kind        text COLLATE "C" NOT NULL
                CONSTRAINT cash_events_kind_check
                CHECK (kind IN ('funding', 'dividend', 'interest', 'deposit', 'withdrawal')),
    amount      numeric(20,8) NOT NULL CONSTRAINT cash_events_amount_check CHECK (amount <> 0 AND amount < 'NaN'),
    symbol      text COLLATE "C",
    at          timestamptz NOT NULL CONSTRAINT cash_events_at_check CHECK (isfinite(at)),
    trade_type  text COLLATE "C" NOT NULL,
    run_id      bigint NOT NULL DEFAULT 0,
    position_id bigint,
    fill_number bigint NOT NULL DEFAULT 0,
    balance     numeric(20,8) NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- A bot has one user: so a cash_id is unique by bot.
    PRIMARY KEY (user_id, bot_id, cash_id),
    CONSTRAINT cash_events_sign_check CHECK (
        kind NOT IN ('deposit', 'withdrawal') OR (kind = 'deposit') = (amount > 0)),
    CONSTRAINT fk_cash_events_bot_id FOREIGN KEY (user_id, bot_id)
        REFERENCES trading.bot_accounts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE trading.cash_events IS
'Money of bots that moves without a trade, once for each cash_id: apply_cash(). Append only. Funding, dividends and '
'interest are results, deposits and withdrawals are not';
COMMENT ON COLUMN trading.cash_events.amount IS 'In the quote currency of the bot: got, or paid where it is negative';
COMMENT ON COLUMN trading.cash_events.position_id IS
'The position that was open in the symbol, whose funding it is; NULL: none was. Corrections of fills find it anew';
COMMENT ON COLUMN trading.cash_events.fill_number IS
'How many fills its book had: trading.fills.number of the last one before it';
COMMENT ON COLUMN trading.cash_events.balance IS 'The balance after it';
CREATE INDEX ix_trading_cash_events_at ON trading.cash_events (user_id, bot_id, trade_type, at);
COMMENT ON INDEX trading.ix_trading_cash_events_at IS 'What a bot got and paid in a span of time';

-- Whose funding it is follows from the fills, as they are corrected; what was told stays.
CREATE TRIGGER trigger_append_only BEFORE TRUNCATE OR UPDATE OF bot_id, user_id, cash_id, kind, amount, symbol, at,
        trade_type, run_id, fill_number, balance, created_at ON trading.cash_events
    FOR EACH STATEMENT EXECUTE FUNCTION bourse_private.refuse_change('It goes with its bot only.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON trading.cash_events
    FOR EACH ROW EXECUTE FUNCTION trading_private.refuse_delete_of_living();

ALTER TABLE trading.cash_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY cash_events_own ON trading.cash_events FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY cash_events_all ON trading.cash_events FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.cash_events TO bourse_viewer, bourse_worker;
