-- A cascade of stops past the bound of a command goes on with the commands that follow. Where: after this trade.
ALTER TABLE exchange.markets
    ADD COLUMN stops_sequence bigint
        CONSTRAINT markets_stops_sequence_check CHECK (stops_sequence >= 0 AND stops_sequence < last_sequence);
COMMENT ON COLUMN exchange.markets.stops_sequence IS
'The last trade whose stops have all been entered, while a cascade is not finished; NULL: none is left';
-- Whoever looks for stops that are left finds the markets without reading the others.
CREATE INDEX idx_markets_stops ON exchange.markets (symbol) WHERE stops_sequence IS NOT NULL;

COMMENT ON COLUMN exchange.orders.cancel_reason IS
'user; ioc: rest of an immediate-or-cancel order; no_liquidity: rest of a market order; budget: a market buy had spent all; expired; self_trade_taker, self_trade_maker: it met an order of its own user; price_band; fok, post_only: a triggered stop could not keep its promise; unsettleable: its owner''s balance had no room for what a trade would have brought';
COMMENT ON COLUMN exchange.orders.filled_amount IS
'What has traded. Of a pending stop: what has traded so far of one that takes more than one command to enter';

-- What is locked comes back to the available funds: there must always be room for it.
DO $$
DECLARE
    broken text;
BEGIN
    SELECT string_agg(format('%s %s', user_id, symbol), ', ' ORDER BY user_id, symbol) INTO broken FROM (
        SELECT a.user_id, a.symbol FROM exchange.assets a
        WHERE a.amount + a.locked_amount >= 1000000000000 ORDER BY a.user_id, a.symbol LIMIT 100) a;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'check_violation',
            MESSAGE = format('users hold 1000000000000 or more of an asset: %s', broken),
            HINT = 'Withdraw from these balances (at most 100 are named), available and locked together, until less is left; then run bourse.migrate() again.';
    END IF;
END
$$;
ALTER TABLE exchange.assets
    ADD CONSTRAINT assets_total_check CHECK (amount + locked_amount < 1000000000000);
