CREATE FUNCTION exchange_private.place_many(
    user_id bigint, symbol text, side text, price numeric, amount numeric, order_type text, time_in_force text,
    client_order_id text, stop_price numeric, display_amount numeric, quote_amount numeric, post_only boolean,
    expires_at timestamptz, self_trade_prevention text, cancels bigint[], user_ids bigint[], amounts text[],
    quote_amounts text[])
RETURNS TABLE (n bigint, id bigint, status text, filled_amount numeric, remaining_amount numeric, average_price numeric,
               commission numeric, cancel_reason text, sqlstate text, message text)
LANGUAGE c AS 'MODULE_PATHNAME', 'place_many_wrapper';
COMMENT ON FUNCTION exchange_private.place_many(
    bigint, text, text, numeric, numeric, text, text, text, numeric, numeric, numeric, boolean, timestamptz, text,
    bigint[], bigint[], text[], text[]) IS
'Cancels these orders, places an order as place_order() does (n is 0; what refuses it is an error), and behind it one '
'like it for each of these users, without a client_order_id, in the amounts given: all in one pass over the book. An '
'order of theirs that is refused is a row with its SQLSTATE and message, and changes nothing. For what has asked '
'whether all of them want it';
