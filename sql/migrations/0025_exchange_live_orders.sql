-- What is locked in assets is the sum of what live orders reserve. Only the engine changes the two together: who deletes a
-- live order, ends or revives one by hand, or makes it another's, would leave funds locked that nothing unlocks. Ended
-- orders hold nothing: they can be deleted, and pruning them costs one comparison for each row.
CREATE TRIGGER trigger_guard_live_orders_of_delete BEFORE DELETE ON exchange.orders FOR EACH ROW
    WHEN (OLD.status IN ('open', 'pending')) EXECUTE FUNCTION exchange.guard_live_orders();
CREATE TRIGGER trigger_guard_live_orders_of_update BEFORE UPDATE ON exchange.orders FOR EACH ROW
    WHEN ((OLD.status IN ('open', 'pending')) IS DISTINCT FROM (NEW.status IN ('open', 'pending'))
          OR NEW.status IN ('open', 'pending') AND (OLD.user_id <> NEW.user_id OR OLD.symbol <> NEW.symbol
                                                    OR OLD.side <> NEW.side OR OLD.reserved <> NEW.reserved))
    EXECUTE FUNCTION exchange.guard_live_orders();
