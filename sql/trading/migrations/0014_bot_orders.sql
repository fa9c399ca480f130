-- Whose orders on our own exchange they are. No foreign key to exchange.orders: it would be a trigger there.
CREATE TABLE trading.bot_orders (
    order_id         bigint PRIMARY KEY,
    user_id          bigint NOT NULL,
    bot_id           bigint NOT NULL,
    symbol           text COLLATE "C" NOT NULL,
    side             text COLLATE "C" NOT NULL CONSTRAINT bot_orders_side_check CHECK (side IN ('buy', 'sell')),
    is_exit          boolean NOT NULL,
    is_settled       boolean NOT NULL DEFAULT false,
    is_unwanted      boolean NOT NULL DEFAULT false,
    strategy_name    varchar(100),
    entry_logic_name varchar(100),
    exit_logic_name  varchar(100),
    "interval"       varchar(10),
    exit_reason      varchar(100),
    placed_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT fk_bot_orders_bot_id FOREIGN KEY (user_id, bot_id) REFERENCES trading.bot_accounts (user_id, id)
        ON DELETE CASCADE
);
COMMENT ON TABLE trading.bot_orders IS
'The orders that bots have placed on our own exchange, written by place_order() and sync_fills(). exchange.orders has '
'the orders themselves';
COMMENT ON COLUMN trading.bot_orders.is_exit IS
'When it was placed it could do no more than reduce the position of the bot: a paused bot keeps it, and it goes once '
'it would open one the other way';
COMMENT ON COLUMN trading.bot_orders.is_settled IS 'It has ended, and all its trades are booked';
COMMENT ON COLUMN trading.bot_orders.is_unwanted IS
'It is to be cancelled: its bot has been stopped, or may open nothing, or it would close more than is open. Where a '
'market takes no cancels, later';
COMMENT ON COLUMN trading.bot_orders.strategy_name IS 'What its fills are booked with; the four that follow as well';

CREATE INDEX idx_bot_orders_user_id ON trading.bot_orders (user_id, bot_id, order_id);
COMMENT ON INDEX trading.idx_bot_orders_user_id IS 'The orders of a bot';
CREATE INDEX idx_bot_orders_unsettled ON trading.bot_orders (bot_id, symbol, order_id) WHERE NOT is_settled;
COMMENT ON INDEX trading.idx_bot_orders_unsettled IS 'Those that may still trade, or have trades that are not booked';
CREATE INDEX idx_bot_orders_unwanted ON trading.bot_orders (symbol, order_id) WHERE is_unwanted AND NOT is_settled;
COMMENT ON INDEX trading.idx_bot_orders_unwanted IS 'Those that are to be cancelled still';

ALTER TABLE trading.bot_orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_orders_own ON trading.bot_orders FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY bot_orders_all ON trading.bot_orders FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.bot_orders TO bourse_viewer, bourse_worker;

-- How far the trades of each market are booked for a bot. One row is written with what it books.
CREATE TABLE trading.bot_markets (
    bot_id          bigint NOT NULL,
    symbol          text COLLATE "C" NOT NULL,
    user_id         bigint NOT NULL,
    booked_sequence bigint NOT NULL CONSTRAINT bot_markets_booked_sequence_check CHECK (booked_sequence >= 0),
    CONSTRAINT bot_markets_pkey PRIMARY KEY (bot_id, symbol),
    CONSTRAINT fk_bot_markets_bot_id FOREIGN KEY (user_id, bot_id) REFERENCES trading.bot_accounts (user_id, id)
        ON DELETE CASCADE
) WITH (fillfactor = 50);
COMMENT ON TABLE trading.bot_markets IS
'The markets of our own exchange in which a bot has placed orders, and how far their trades are booked';
COMMENT ON COLUMN trading.bot_markets.booked_sequence IS
'Trades of the market up to this one, by sequence, are booked where they are the bot''s';
CREATE INDEX idx_bot_markets_user_id ON trading.bot_markets (user_id, bot_id);
COMMENT ON INDEX trading.idx_bot_markets_user_id IS 'The markets of a user''s bots';

ALTER TABLE trading.bot_markets ENABLE ROW LEVEL SECURITY;
CREATE POLICY bot_markets_own ON trading.bot_markets FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY bot_markets_all ON trading.bot_markets FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON trading.bot_markets TO bourse_viewer, bourse_worker;
