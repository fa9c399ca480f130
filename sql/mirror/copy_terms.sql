-- How much of an order a follower takes.

CREATE FUNCTION mirror_private.copied_quantity(
    share numeric, lot_size numeric, min_notional numeric, unit_value numeric, max_quantity numeric,
    below_minimum text, OUT quantity numeric, OUT skipped numeric, OUT reason text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    too_large CONSTANT numeric := 1000000000000;
    most numeric := mirror_private.round_to_lot(least(max_quantity, too_large - 1), lot_size);
    least_lots numeric := lot_size;
BEGIN
    -- A division is rounded: one lot more, where it has come out a little short.
    IF min_notional IS NOT NULL AND unit_value > 0 THEN
        least_lots := greatest(lot_size, lot_size * ceil(min_notional / (unit_value * lot_size)));
        least_lots := least_lots + CASE WHEN least_lots * unit_value < min_notional THEN lot_size ELSE 0 END;
    END IF;
    quantity := least(mirror_private.round_to_lot(share, lot_size), most);
    reason := CASE WHEN quantity = most AND share - most >= lot_size
                   THEN format('%s is more than the most of %s', trim_scale(round(share, 8)), most) END;
    IF quantity < least_lots THEN
        reason := format('%s is less than %s', trim_scale(round(share, 8)),
                         CASE WHEN least_lots = lot_size THEN format('a lot of %s', trim_scale(lot_size))
                              ELSE format('%s, which the minimum notional of %s takes', trim_scale(least_lots),
                                          trim_scale(min_notional)) END);
        quantity := 0;
        IF below_minimum = 'round_up' AND least_lots <= most AND share > 0 THEN
            quantity := least_lots;
            reason := reason || ', rounded up';
        END IF;
    END IF;
    quantity := trim_scale(quantity);
    skipped := trim_scale(least(greatest(trunc(share - quantity, 8), 0), too_large - 1));
END
$$;
COMMENT ON FUNCTION mirror_private.copied_quantity(numeric, numeric, numeric, numeric, numeric, text) IS
'A share in whole lots, no more than max_quantity; what is below a lot, or below what the minimum notional takes, is '
'0, or rounded up. unit_value: what 1 comes to; NULL: not known, and no minimum is asked. skipped: how much less than '
'the share it is; reason: why it is not simply the share in whole lots';

-- A day, for funds change with every trade; what nobody has told for longer is not gone by.
CREATE FUNCTION mirror_private.share_of_funds(account_id bigint, leader_account_id bigint, at timestamptz,
                                              OUT own numeric, OUT leaders numeric, OUT reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    oldest timestamptz := at - interval '1 day';
BEGIN
    own := (SELECT f.funds FROM mirror.account_funds f WHERE f.account_id = account_id AND f.as_of >= oldest);
    leaders := (SELECT f.funds FROM mirror.account_funds f
                WHERE f.account_id = leader_account_id AND f.as_of >= oldest AND f.funds > 0);
    -- Nobody learns here what another has.
    reason := CASE WHEN own IS NULL THEN 'nobody has told the funds of the account within a day'
                   WHEN leaders IS NULL THEN 'nobody has told the funds of the leader within a day' END;
END
$$;
COMMENT ON FUNCTION mirror_private.share_of_funds(bigint, bigint, timestamptz) IS
'What a follower and its leader are worth, as told within a day; reason: why that is not known';

CREATE FUNCTION mirror_private.copied_share(
    follower_id bigint, leader_account_id bigint, exchange text, symbol text, quantity numeric,
    of_order numeric, at timestamptz, OUT share numeric, OUT reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    follower record;
    funds record;
    ratio numeric := 1;
BEGIN
    SELECT f.mode, f.value, f.account_id INTO follower FROM mirror.followers f WHERE f.id = follower_id;
    IF follower.mode = 'fixed' THEN
        share := follower.value * quantity / of_order;
        RETURN;
    ELSIF follower.mode = 'proportional' THEN
        SELECT * INTO funds FROM mirror_private.share_of_funds(follower.account_id, leader_account_id, at);
        reason := funds.reason;
        share := quantity * follower.value * funds.own / funds.leaders;
        RETURN;
    ELSIF follower.mode = 'custom' THEN
        ratio := (SELECT r.ratio FROM mirror.follower_ratios r
                  WHERE r.follower_id = follower_id AND r.exchange = exchange AND r.symbol = symbol);
        reason := CASE WHEN ratio IS NULL THEN 'there is no ratio for the symbol' END;
    END IF;
    share := quantity * follower.value * ratio;
END
$$;
COMMENT ON FUNCTION mirror_private.copied_share(bigint, bigint, text, text, numeric, numeric, timestamptz) IS
'What a quantity of a leader comes to for a follower, before lots and bounds; of_order: all that the order opens. '
'NULL: nothing, for this reason';
