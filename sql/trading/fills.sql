-- Booking fills. The functions are in src/trading/fills.

CREATE TYPE trading.fill_result AS (
    position_id   bigint,
    trade_id      bigint,
    quantity      numeric,
    average_price numeric,
    realized_pnl  numeric,
    commission    numeric,
    balance       numeric
);
COMMENT ON TYPE trading.fill_result IS
'What a fill has come to: its position (after a flip the new one) and trade (the open one, or the last that it has '
'closed); what is open, negative: short, and what one of it has cost, NULL: nothing is open; the gain of what the fill '
'has closed, without fees; its own fee as far as it could be converted; the balance after it';

CREATE FUNCTION trading.apply_fill(
    bot_id bigint, fill_id text, symbol text, side text, quantity numeric, price numeric, fee numeric DEFAULT 0,
    fee_currency text DEFAULT NULL, fee_rate numeric DEFAULT NULL, filled_at timestamptz DEFAULT now(),
    trade_type text DEFAULT NULL, strategy_name text DEFAULT NULL, entry_logic_name text DEFAULT NULL,
    exit_logic_name text DEFAULT NULL, "interval" text DEFAULT NULL, exit_reason text DEFAULT NULL,
    multiplier numeric DEFAULT 1, run_id bigint DEFAULT NULL)
RETURNS trading.fill_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'trading_apply_fill_wrapper';
COMMENT ON FUNCTION trading.apply_fill(bigint, text, text, text, numeric, numeric, numeric, text, numeric, timestamptz,
                                       text, text, text, text, text, text, numeric, bigint) IS
'Books an execution of a bot, once for ever: a repeat with the same figures gets the first answer. side: buy or sell; '
'fee: positive is paid, negative a rebate, in fee_currency (NULL: the quote of the bot; what is traded: taken off the '
'quantity; another: times fee_rate, or without one kept, counted and in no sum). trade_type: paper, live or backtest, '
'NULL: that of the bot; run_id: which run of a backtest. A fill against the open position closes it, and what is more '
'opens one the other way. multiplier: what one of the quantity stands for. Names and exit_reason lose characters that '
'nobody sees. 22003 overflow, 22004 NULL, 22023 bad '
'value, 23505 fill_id was booked with other figures, 25001 isolation, 42704 no such bot, or of another user, 55000 not '
'in its status';
GRANT EXECUTE ON FUNCTION trading.apply_fill(bigint, text, text, text, numeric, numeric, numeric, text, numeric,
                                             timestamptz, text, text, text, text, text, text, numeric, bigint)
TO bourse_trader, bourse_worker;

CREATE FUNCTION trading.apply_fills(fills jsonb) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_apply_fills_wrapper';
COMMENT ON FUNCTION trading.apply_fills(jsonb) IS
'Books fills of any bots of yours, in order, all or none: an array of up to 100000 objects whose fields are named as '
'the arguments of apply_fill(), and no others. Returns how many, repeats included. SQLSTATEs as apply_fill(), the '
'message says which fill; 22023 not an array of objects, a field that there is not, 22P02 and 22007 one that cannot '
'be read, 54000 too many';
GRANT EXECUTE ON FUNCTION trading.apply_fills(jsonb) TO bourse_trader, bourse_worker;

-- A field that is misspelt would say nothing: what is not known is refused.
CREATE FUNCTION trading_private.fills_of(fills jsonb, are_told boolean)
RETURNS TABLE (bot_id bigint, fill_id text, symbol text, side text, quantity numeric, price numeric, fee numeric,
               fee_currency text, fee_rate numeric, filled_at timestamptz, trade_type text, strategy_name text,
               entry_logic_name text, exit_logic_name text, "interval" text, exit_reason text, multiplier numeric,
               run_id bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
DECLARE
    known CONSTANT text[] := '{bot_id, fill_id, symbol, side, quantity, price, fee, fee_currency, fee_rate, filled_at,
                               trade_type, strategy_name, entry_logic_name, exit_logic_name, interval, exit_reason,
                               multiplier, run_id}';
    unknown record;
    fill record;
BEGIN
    IF jsonb_typeof(fills) <> 'array' OR jsonb_path_exists(fills, 'strict $[*] ? (@.type() <> "object")') THEN
        PERFORM bourse.refuse('22023', 'fills is not an array of objects',
            'Give [{"bot_id": …, "fill_id": …, "symbol": …, "side": …, "quantity": …, "price": …}, …].');
    END IF;
    IF are_told THEN
        SELECT f.n, k.key INTO unknown FROM jsonb_array_elements(fills) WITH ORDINALITY f (fill, n)
        CROSS JOIN LATERAL jsonb_object_keys(f.fill - known) k (key) LIMIT 1;
        IF FOUND THEN
            PERFORM bourse.refuse('22023',
                format('fill %s: there is no field %s', unknown.n, bourse_private.quoted(unknown.key)),
                format('Fields are named as the arguments of apply_fill(): %s.', array_to_string(known, ', ')));
        END IF;
    END IF;
    RETURN QUERY SELECT * FROM jsonb_to_recordset(fills) AS r (
        bot_id bigint, fill_id text, symbol text, side text, quantity numeric, price numeric, fee numeric,
        fee_currency text, fee_rate numeric, filled_at timestamptz, trade_type text, strategy_name text,
        entry_logic_name text, exit_logic_name text, "interval" text, exit_reason text, multiplier numeric,
        run_id bigint);
EXCEPTION WHEN data_exception THEN
    -- Which one it was: alone it cannot be read either.
    FOR fill IN SELECT e.n, e.value FROM jsonb_array_elements(fills) WITH ORDINALITY e (value, n)
                WHERE are_told AND SQLSTATE <> '22023' LOOP
        BEGIN
            PERFORM FROM trading_private.fills_of(jsonb_build_array(fill.value), false);
        EXCEPTION WHEN data_exception THEN
            PERFORM bourse.refuse(SQLSTATE, format('fill %s: %s', fill.n, bourse_private.clip(SQLERRM)),
                'Fields are as the arguments of apply_fill(): ids are whole numbers, times have their zone.');
        END;
    END LOOP;
    RAISE;
END
$$;
COMMENT ON FUNCTION trading_private.fills_of(jsonb, boolean) IS
'The fills of an array, as rows; are_told: refuses fields that a fill has not (22023). For apply_fills(), and without '
'that for apply_facts()';

CREATE PROCEDURE trading.apply_pending(batch_size integer DEFAULT 10000)
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_apply_pending_wrapper';
COMMENT ON PROCEDURE trading.apply_pending(integer) IS
'Commits, then books the fills of trading.fill_commands in order of id, up to batch_size to a transaction of their '
'own. What is refused goes to trading.fill_rejections, with the SQLSTATE that apply_fill() would have raised. Those of '
'a bot that somebody holds are passed over; where that is for more than a second they are left to the next call. 2D000 '
'inside a transaction block, a function or an EXCEPTION block, 22023 batch_size not 1 to 100000';
GRANT EXECUTE ON PROCEDURE trading.apply_pending(integer) TO bourse_trader, bourse_worker;

CREATE FUNCTION trading_private.acts_for_bot(bot_id bigint) RETURNS boolean
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_acts_for_bot_wrapper';
COMMENT ON FUNCTION trading_private.acts_for_bot(bigint) IS
'Whether there is such a bot, and the session acts for its user. For the trigger of trading.fill_commands only';
GRANT EXECUTE ON FUNCTION trading_private.acts_for_bot(bigint) TO bourse_trader;

CREATE FUNCTION trading_private.refuse_foreign_fill() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    -- A restore brings what has waited.
    IF pg_has_role(session_user, 'bourse_owner', 'MEMBER') THEN
        RETURN NEW;
    END IF;
    PERFORM bourse.refuse('42704', format('bot %s does not exist', coalesce(NEW.bot_id::text, 'NULL')),
        'trading.bots lists yours.');
END
$$;
COMMENT ON FUNCTION trading_private.refuse_foreign_fill() IS
'Refuses a fill of a bot that is not there, or that the session does not act for';

CREATE FUNCTION trading_private.refold(bot_id bigint, trade_type text, symbol text, run_id bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_refold_wrapper';
COMMENT ON FUNCTION trading_private.refold(bigint, text, text, bigint) IS
'Books what a bot has filled in a symbol again, as corrections have it: positions and trades keep their ids in order. '
'For correct_fill() and bust_fill(), which hold the bot';

CREATE FUNCTION trading_private.folded()
RETURNS TABLE (is_trade boolean, bot_id bigint, trade_type text, run_id bigint, symbol text, first_fill bigint,
               last_fill bigint, direction text, quantity numeric, price numeric, began_at timestamptz,
               ended_at timestamptz, unconverted_fees bigint, strategy_name text, entry_logic_name text,
               "interval" text, multiplier numeric, cost numeric, gain numeric, realized_pnl numeric, fees numeric,
               closed_fees numeric, open_unconverted bigint, low numeric, high numeric, lots jsonb,
               exit_price numeric, gross_pnl numeric, commission numeric, pnl_percentage numeric, mae numeric,
               mfe numeric, exit_logic_name text, exit_reason text)
LANGUAGE c AS 'MODULE_PATHNAME', 'trading_folded_wrapper';
COMMENT ON FUNCTION trading_private.folded() IS
'What all positions would be if the journal, as corrections have it, were booked again, and all round trips '
'(is_trade); what the one or the other has not is NULL. is_trade is NULL: the fills of that bot cannot be, and symbol '
'says why. For verify() only';
