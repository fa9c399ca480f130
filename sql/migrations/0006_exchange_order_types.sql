-- Market orders and stops have no limit price; a market buy by quote_amount has no quantity until it trades.
ALTER TABLE exchange.orders
    ALTER COLUMN price DROP NOT NULL,
    ALTER COLUMN amount DROP NOT NULL,
    ADD COLUMN quote_amount numeric(20,8)
        CONSTRAINT orders_quote_amount_check CHECK (quote_amount > 0 AND quote_amount < 'NaN'),
    ADD COLUMN accepted_status text COLLATE "C" NOT NULL DEFAULT 'open'
        CONSTRAINT orders_accepted_status_check CHECK (accepted_status IN ('open', 'pending', 'filled', 'cancelled')),
    ADD COLUMN visible_amount numeric(20,8)
        CONSTRAINT orders_visible_amount_check CHECK (visible_amount >= 0 AND visible_amount <= amount),
    DROP CONSTRAINT orders_filled_amount_check,
    ADD CONSTRAINT orders_filled_amount_check CHECK (filled_amount >= 0 AND filled_amount <= coalesce(amount, 0)),
    DROP CONSTRAINT orders_status_amount_check,
    ADD CONSTRAINT orders_status_amount_check CHECK ((status = 'filled') = (filled_amount = coalesce(amount, -1))),
    ADD CONSTRAINT orders_has_price_check CHECK ((price IS NOT NULL) = (order_type IN ('limit', 'stop_limit'))),
    ADD CONSTRAINT orders_has_amount_check CHECK (amount IS NOT NULL OR quote_amount IS NOT NULL),
    ADD CONSTRAINT orders_has_stop_price_check CHECK ((stop_price IS NOT NULL) = (order_type IN ('stop', 'stop_limit'))),
    ADD CONSTRAINT orders_pending_check CHECK (status <> 'pending' OR stop_price IS NOT NULL);
COMMENT ON COLUMN exchange.orders.quote_amount IS 'What a market buy may spend instead of a quantity, commission included';
COMMENT ON COLUMN exchange.orders.accepted_status IS 'The status right after the order was accepted: what place_order answered';
COMMENT ON COLUMN exchange.orders.visible_amount IS 'Of an iceberg: what is left of the slice that the book shows; NULL: all of the rest';
COMMENT ON COLUMN exchange.orders.cancel_reason IS
'user; ioc: rest of an immediate-or-cancel order; no_liquidity: rest of a market order; budget: a market buy had spent all; expired; self_trade_taker, self_trade_maker: it met an order of its own user; price_band; fok, post_only: a triggered stop could not keep its promise';

-- Stops by trigger; orders with an end by their end.
CREATE INDEX idx_orders_pending ON exchange.orders (symbol, side, stop_price, priority) WHERE status = 'pending';
CREATE INDEX idx_orders_expires_at ON exchange.orders (symbol, expires_at)
    WHERE expires_at IS NOT NULL AND status IN ('open', 'pending');

ALTER TABLE exchange.order_amendments
    ALTER COLUMN old_price DROP NOT NULL,
    ALTER COLUMN new_price DROP NOT NULL,
    ADD COLUMN at_acceptance boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN exchange.order_amendments.at_acceptance IS 'Self-trade prevention made the order smaller while it was being accepted';
COMMENT ON TABLE exchange.order_amendments IS 'Every change of price or amount of a live order, by its owner or by self-trade prevention (decrement). Append only';

ALTER TABLE exchange.markets
    ADD COLUMN band_action text COLLATE "C" NOT NULL DEFAULT 'refuse'
        CONSTRAINT markets_band_action_check CHECK (band_action IN ('refuse', 'halt')),
    ADD COLUMN max_open_orders integer CONSTRAINT markets_max_open_orders_check CHECK (max_open_orders > 0),
    DROP CONSTRAINT markets_maker_rate_check,
    ADD CONSTRAINT markets_maker_rate_check CHECK (maker_rate > -1 AND maker_rate <= 1),
    DROP CONSTRAINT markets_price_band_check,
    ADD CONSTRAINT markets_price_band_check CHECK (price_band > 0 AND price_band < 1);
COMMENT ON COLUMN exchange.markets.price_band IS 'How far from the last price a trade may be, as a fraction of it; NULL: any price';
COMMENT ON COLUMN exchange.markets.band_action IS 'What a price outside the band does: refuse the order, or halt the market when a trade would happen there';
COMMENT ON COLUMN exchange.markets.max_open_orders IS 'How many live orders a user may have in this market; NULL: any number';
COMMENT ON COLUMN exchange.markets.maker_rate IS 'Commission of the resting side of a trade, as a fraction of price x amount; negative: a rebate, paid out of the taker''s commission';

-- A rule is changed with an UPDATE, by an admin; the next order goes by it.
CREATE TRIGGER trigger_hold_markets BEFORE UPDATE OR DELETE ON exchange.markets
    FOR EACH STATEMENT EXECUTE FUNCTION exchange.hold_markets();
CREATE TRIGGER trigger_guard_market_rules BEFORE UPDATE ON exchange.markets
    FOR EACH ROW EXECUTE FUNCTION exchange.guard_market_rules();
GRANT UPDATE (tick_size, lot_size, min_amount, max_amount, min_notional, price_band, band_action, maker_rate, taker_rate,
              max_open_orders, calendar)
    ON exchange.markets TO bourse_admin;

-- Commission by group of users: rates by market, or '*' for all markets. They are frozen on the order when it is accepted.
CREATE TABLE exchange.fee_groups (
    user_id   bigint PRIMARY KEY CONSTRAINT fk_fee_groups_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    fee_group text COLLATE "C" NOT NULL CONSTRAINT fee_groups_fee_group_check CHECK (fee_group <> '')
);
COMMENT ON TABLE exchange.fee_groups IS 'Which users pay other rates than their markets''';
CREATE TABLE exchange.fee_schedules (
    fee_group  text COLLATE "C" NOT NULL,
    symbol     text COLLATE "C" NOT NULL DEFAULT '*',
    maker_rate numeric(9,8) NOT NULL CONSTRAINT fee_schedules_maker_rate_check CHECK (maker_rate > -1 AND maker_rate <= 1),
    taker_rate numeric(9,8) NOT NULL CONSTRAINT fee_schedules_taker_rate_check CHECK (taker_rate BETWEEN 0 AND 1),
    CONSTRAINT fee_schedules_pkey PRIMARY KEY (fee_group, symbol)
);
COMMENT ON TABLE exchange.fee_schedules IS 'The rates of a fee group, by market or for all (''*''); the market''s own row comes first';

ALTER TABLE exchange.fee_groups ENABLE ROW LEVEL SECURITY;
CREATE POLICY fee_groups_own ON exchange.fee_groups FOR SELECT USING (user_id = (SELECT identity.current_user_id()));
CREATE POLICY fee_groups_all ON exchange.fee_groups FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
CREATE POLICY fee_groups_admin ON exchange.fee_groups TO bourse_admin USING (true) WITH CHECK (true);
GRANT SELECT ON exchange.fee_groups, exchange.fee_schedules TO bourse_viewer;
GRANT INSERT, UPDATE, DELETE ON exchange.fee_groups, exchange.fee_schedules TO bourse_admin;

GRANT INSERT (quote_amount) ON exchange.orders TO bourse_trader;
