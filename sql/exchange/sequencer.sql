-- The calls of doors.sql once more, carried out by the sequencer: many sessions' orders in one transaction.
CREATE FUNCTION exchange.submit_order(
    user_id bigint, symbol text, side text, price numeric, amount numeric, order_type text DEFAULT 'limit',
    time_in_force text DEFAULT 'gtc', client_order_id text DEFAULT NULL, stop_price numeric DEFAULT NULL,
    display_amount numeric DEFAULT NULL, quote_amount numeric DEFAULT NULL, post_only boolean DEFAULT false,
    expires_at timestamptz DEFAULT NULL, self_trade_prevention text DEFAULT 'cancel_taker')
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'submit_order_wrapper';
COMMENT ON FUNCTION exchange.submit_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric,
                                          numeric, boolean, timestamptz, text) IS
'place_order() through the sequencer: a transaction of its own, durable when it returns, whatever becomes of the '
'caller''s. After a timeout or a lost connection send it again with the same client_order_id. SQLSTATEs as '
'place_order, and 08007 the sequencer ended meanwhile: outcome unknown, 25001 after writes or locks of the same '
'transaction, 55000 library not preloaded, 57P03 no sequencer: not sent';
GRANT EXECUTE ON FUNCTION exchange.submit_order(bigint, text, text, numeric, numeric, text, text, text, numeric,
                                                numeric, numeric, boolean, timestamptz, text)
TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.submit_cancel(order_id bigint)
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'submit_cancel_wrapper';
COMMENT ON FUNCTION exchange.submit_cancel(bigint) IS
'cancel_order() through the sequencer. SQLSTATEs as cancel_order and submit_order';
GRANT EXECUTE ON FUNCTION exchange.submit_cancel(bigint) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.submit_cancel(user_id bigint, client_order_id text)
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'submit_client_cancel_wrapper';
COMMENT ON FUNCTION exchange.submit_cancel(bigint, text) IS
'cancel_order() by client_order_id through the sequencer. SQLSTATEs as cancel_order and submit_order';
GRANT EXECUTE ON FUNCTION exchange.submit_cancel(bigint, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.submit_amend(order_id bigint, new_price numeric DEFAULT NULL, new_amount numeric DEFAULT NULL)
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'submit_amend_wrapper';
COMMENT ON FUNCTION exchange.submit_amend(bigint, numeric, numeric) IS
'amend_order() through the sequencer. SQLSTATEs as amend_order and submit_order';
GRANT EXECUTE ON FUNCTION exchange.submit_amend(bigint, numeric, numeric) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.submit_cancel_all(user_id bigint, symbol text DEFAULT NULL)
RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'submit_cancel_all_wrapper';
COMMENT ON FUNCTION exchange.submit_cancel_all(bigint, text) IS
'Cancels the live orders that a user has when it is called, through the sequencer, in transactions of up to 1,000 '
'orders of one market; what comes meanwhile is served between two of them. Returns how many once all are durable. '
'Interrupted, it has cancelled some: call it again. SQLSTATEs as cancel_all_orders (but for 54000) and submit_order';
GRANT EXECUTE ON FUNCTION exchange.submit_cancel_all(bigint, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.submit_transfer(from_user_id bigint, to_user_id bigint, asset text, amount numeric,
                                         reference text DEFAULT NULL)
RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'submit_transfer_wrapper';
COMMENT ON FUNCTION exchange.submit_transfer(bigint, bigint, text, numeric, text) IS
'transfer() through the sequencer: a transaction of its own, durable when it returns. reference: at most 128 '
'characters; after a timeout or a lost connection send it again with the same one. SQLSTATEs as transfer and '
'submit_order';
GRANT EXECUTE ON FUNCTION exchange.submit_transfer(bigint, bigint, text, numeric, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.sequencer_status(
    OUT state text, OUT pid integer, OUT queued bigint, OUT batches bigint, OUT requests bigint,
    OUT largest_batch bigint, OUT setback text)
LANGUAGE c AS 'MODULE_PATHNAME', 'sequencer_status_wrapper';
COMMENT ON FUNCTION exchange.sequencer_status() IS
'The sequencer of this database: state (working; paused: bourse.pause(), or a restore is under way; wanted or '
'starting: soon; absent: no tables; barred: a command needs the database for itself; not preloaded), its process, '
'requests that wait to be taken, and since the server has started: transactions, requests answered, most requests in '
'one transaction; and why it cannot carry out the inbox, or has no process, NULL when nothing stands in its way';
GRANT EXECUTE ON FUNCTION exchange.sequencer_status() TO bourse_admin, bourse_worker, bourse_monitor;

-- The tables whose ids the engine gives.
CREATE FUNCTION exchange_private.table_behind() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT t.name FROM (
        SELECT 'exchange.orders', (SELECT max(o.id) FROM exchange.orders o),
               (SELECT s.last_value + s.is_called::integer FROM exchange.orders_id_seq s)
        UNION ALL SELECT 'exchange.trades', (SELECT max(t.id) FROM exchange.trades t),
            (SELECT s.last_value + s.is_called::integer FROM exchange.trades_id_seq s)
        UNION ALL SELECT 'exchange.order_amendments', (SELECT max(m.id) FROM exchange.order_amendments m),
                         (SELECT s.last_value + s.is_called::integer FROM exchange.order_amendments_id_seq s)
        UNION ALL SELECT 'exchange.assets', (SELECT max(a.id) FROM exchange.assets a),
            (SELECT s.last_value + s.is_called::integer FROM exchange.assets_id_seq s)
        UNION ALL SELECT 'exchange.transfers', (SELECT max(f.id) FROM exchange.transfers f),
            (SELECT s.last_value + s.is_called::integer FROM exchange.transfers_id_seq s)
        ) t (name, highest, next)
    WHERE t.next <= t.highest LIMIT 1
$$;
COMMENT ON FUNCTION exchange_private.table_behind() IS
'The first table of which the engine would use an id again, because rows have come without their sequences; NULL: '
'none. For the sequencer, before it does anything unasked';
