-- The journal: what a bot was told of its executions, and what it was answered. Append only; a fill is booked once for
-- ever. Everything else that trading keeps of positions can be made of it again.
CREATE TABLE trading.fills (
    bot_id            bigint NOT NULL,
    user_id           bigint NOT NULL,
    fill_id           text COLLATE "C" NOT NULL
                      CONSTRAINT fills_fill_id_check CHECK (length(fill_id) BETWEEN 1 AND 128),
    number            bigint NOT NULL,
    trade_type        text COLLATE "C" NOT NULL,
    run_id            bigint NOT NULL DEFAULT 0,
    symbol            text COLLATE "C" NOT NULL,
    side              text COLLATE "C" NOT NULL CONSTRAINT fills_side_check CHECK (side IN ('buy', 'sell')),
    quantity          numeric(20,8) NOT NULL CONSTRAINT fills_quantity_check CHECK (quantity > 0 AND quantity < 'NaN'),
    price             numeric(20,8) NOT NULL CONSTRAINT fills_price_check CHECK (price >= 0 AND price < 'NaN'),
    fee               numeric(20,8) NOT NULL DEFAULT 0,
    fee_currency      text COLLATE "C",
    fee_rate          numeric(20,8),
    filled_at         timestamptz NOT NULL,
    multiplier        numeric(20,8) NOT NULL DEFAULT 1,
    strategy_name     text COLLATE "C",
    entry_logic_name  text COLLATE "C",
    exit_logic_name   text COLLATE "C",
    "interval"        text COLLATE "C",
    exit_reason       text COLLATE "C",
    position_id       bigint NOT NULL,
    trade_id          bigint NOT NULL,
    position_quantity numeric(20,8) NOT NULL,
    average_price     numeric(20,8),
    realized_pnl      numeric(20,8) NOT NULL,
    commission        numeric(20,8) NOT NULL,
    balance           numeric(20,8) NOT NULL,
    created_at        timestamptz NOT NULL,
    -- A bot has one user: so a fill is unique by bot and fill_id.
    PRIMARY KEY (user_id, bot_id, fill_id),
    CONSTRAINT fk_fills_bot_id FOREIGN KEY (user_id, bot_id)
        REFERENCES trading.bot_accounts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE trading.fills IS
'Executions as bots were told of them, with the first answer of apply_fill(). Append only, unique by bot and fill_id '
'for ever; trading.fill_corrections has what was changed since';
COMMENT ON COLUMN trading.fills.fill_id IS 'What whoever executed it calls it, 1 to 128 characters';
COMMENT ON COLUMN trading.fills.number IS 
'The place among the fills of its bot, trade type and run, from 1: the order in which they were booked';
COMMENT ON COLUMN trading.fills.fee IS 'In fee_currency. Positive is paid, negative is a rebate';
COMMENT ON COLUMN trading.fills.fee_currency IS
'NULL: that of the price. In what is traded: it is taken off the quantity. Another: fee_rate says what one is worth, '
'or it is kept, counted as unconverted and in no sum';
COMMENT ON COLUMN trading.fills.position_id IS
'The position right after it; without a foreign key, for the journal stays';
COMMENT ON COLUMN trading.fills.position_quantity IS 'What was open then; negative: short';
COMMENT ON COLUMN trading.fills.realized_pnl IS 'Gain of what it has closed, without fees';
COMMENT ON COLUMN trading.fills.commission IS
'Its own fee in the quote currency of the bot, as far as it could be converted';
COMMENT ON COLUMN trading.fills.balance IS 'The balance after it';

CREATE TRIGGER trigger_append_only BEFORE UPDATE OR TRUNCATE ON trading.fills
    FOR EACH STATEMENT EXECUTE FUNCTION bourse_private.refuse_change('It goes with its bot only.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON trading.fills
    FOR EACH ROW EXECUTE FUNCTION trading_private.refuse_delete_of_living();

ALTER TABLE trading.fills ENABLE ROW LEVEL SECURITY;
CREATE POLICY fills_own ON trading.fills FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY fills_all ON trading.fills FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.fills TO bourse_viewer, bourse_worker;
