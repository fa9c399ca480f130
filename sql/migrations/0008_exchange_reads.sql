-- An index on updated_at, which every fill changes, kept each partial fill from staying on its page (HOT): it wrote
-- an entry into every index of orders. What has ended is never changed again, so its end may be indexed.
ALTER TABLE exchange.orders
    ADD COLUMN ended_at timestamptz,
    ADD COLUMN traded_until timestamptz;
COMMENT ON COLUMN exchange.orders.ended_at IS 'When it was filled or cancelled; NULL: live';
COMMENT ON COLUMN exchange.orders.traded_until IS 'Of an ended order that has traded: its end, no trade of it is later. NULL: live, or it never traded';
ALTER TABLE exchange.orders DISABLE TRIGGER trigger_update_order_timestamp;
UPDATE exchange.orders SET ended_at = updated_at, traded_until = CASE WHEN filled_amount > 0 THEN updated_at END
WHERE status IN ('filled', 'cancelled');
ALTER TABLE exchange.orders ENABLE TRIGGER trigger_update_order_timestamp;
ALTER TABLE exchange.orders
    ADD CONSTRAINT orders_ended_at_check CHECK ((status IN ('filled', 'cancelled')) = (ended_at IS NOT NULL)),
    ADD CONSTRAINT orders_traded_until_check CHECK (
        traded_until IS NOT DISTINCT FROM CASE WHEN filled_amount > 0 THEN ended_at END);

-- book_as_of() puts back what was cancelled after a moment; my_trades() finds whose trades may be later than one.
DROP INDEX exchange.idx_orders_cancelled;
CREATE INDEX idx_orders_cancelled ON exchange.orders (symbol, ended_at) WHERE status = 'cancelled';
CREATE INDEX idx_orders_traded ON exchange.orders (user_id, traded_until) WHERE traded_until IS NOT NULL;

-- Asked once for each query and hashed, not once for each trade.
DROP POLICY trades_own ON exchange.trades;
CREATE POLICY trades_own ON exchange.trades FOR SELECT
    USING (buy_order_id IN (SELECT o.id FROM exchange.orders o WHERE o.user_id = (SELECT identity.current_user_id()))
        OR sell_order_id IN (SELECT o.id FROM exchange.orders o WHERE o.user_id = (SELECT identity.current_user_id())));
