-- The engine locks the row of each market that it works in: an UPDATE of a market waits for that row, and for nothing else.
DROP TRIGGER trigger_hold_markets ON exchange.markets;

-- What a session knows of the front of a book holds for one version of its market's row. The engine writes that row with
-- every order; so does now whoever else changes orders.
CREATE TRIGGER trigger_touch_markets_of_insert AFTER INSERT ON exchange.orders
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION exchange.touch_markets();
CREATE TRIGGER trigger_touch_markets_of_update AFTER UPDATE ON exchange.orders
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION exchange.touch_markets();
CREATE TRIGGER trigger_touch_markets_of_delete AFTER DELETE ON exchange.orders
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION exchange.touch_markets();
