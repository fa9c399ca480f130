CREATE TYPE exchange.order_result AS (
    id               bigint,
    status           text,
    filled_amount    numeric,
    remaining_amount numeric,
    average_price    numeric,
    commission       numeric,
    cancel_reason    text
);
COMMENT ON TYPE exchange.order_result IS
'An order right after a call: quantities in base; average_price of its fills in quote, NULL without fills, rounded to '
'8 decimals; commission of its fills in quote';

CREATE FUNCTION exchange.place_order(
    user_id bigint, symbol text, side text, price numeric, amount numeric, order_type text DEFAULT 'limit',
    time_in_force text DEFAULT 'gtc', client_order_id text DEFAULT NULL, stop_price numeric DEFAULT NULL,
    display_amount numeric DEFAULT NULL, quote_amount numeric DEFAULT NULL, post_only boolean DEFAULT false,
    expires_at timestamptz DEFAULT NULL, self_trade_prevention text DEFAULT 'cancel_taker')
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'place_order_wrapper';
COMMENT ON FUNCTION exchange.place_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric,
                                         numeric, boolean, timestamptz, text) IS
'Places an order: reserves its funds, trades what crosses, queues or cancels the rest. side: buy or sell; price, '
'stop_price: quote per base; amount, display_amount: in base; quote_amount: in quote; client_order_id: 1 to 64 '
'characters, a repeated one returns the first answer. NULL for a word means its default. 22003 overflow, 22004 NULL, '
'22023 bad value or combination, off tick or lot, outside the limits or the price band of the market, 23505 '
'client_order_id used for another order, 23514 insufficient funds, 25001 isolation, 42501 not your user, 42704 unknown '
'user or market, 54000 too many open orders, or more trades than one command makes, 55000 market not open, P0001 '
'post_only that would take, fok that cannot fill';
GRANT EXECUTE ON FUNCTION exchange.place_order(bigint, text, text, numeric, numeric, text, text, text, numeric, numeric,
                                               numeric, boolean, timestamptz, text)
TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.cancel_order(order_id bigint)
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'cancel_order_wrapper';
COMMENT ON FUNCTION exchange.cancel_order(bigint) IS
'Cancels a live order and releases what it locks. 42501 not your order, 42704 unknown order, 55000 not live or market '
'halted';
GRANT EXECUTE ON FUNCTION exchange.cancel_order(bigint) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange_private.hold_markets(symbols text[])
RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'hold_markets_wrapper';
COMMENT ON FUNCTION exchange_private.hold_markets(text[]) IS
'Holds markets to the end of the transaction, in the order of everybody who holds several. 55P03 lock_timeout';

CREATE FUNCTION exchange_private.hold_client_ids(user_id bigint)
RETURNS void LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'hold_client_ids_wrapper';
COMMENT ON FUNCTION exchange_private.hold_client_ids(bigint) IS
'Holds the client_order_ids of a user to the end of the transaction, as place_order() does before it holds a market: '
'nobody else uses one of them meanwhile. 55P03 lock_timeout';

CREATE FUNCTION exchange_private.cancel_for_platform(order_id bigint)
RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'cancel_for_platform_wrapper';
COMMENT ON FUNCTION exchange_private.cancel_for_platform(bigint) IS
'cancel_order() of anybody''s order, for what has asked whether the caller may have the platform do it. 42501 the '
'market is for the sequencer, 42704 unknown order, 55000 not live or market halted';

CREATE FUNCTION exchange.cancel_order(user_id bigint, client_order_id text)
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'cancel_client_order_wrapper';
COMMENT ON FUNCTION exchange.cancel_order(bigint, text) IS
'Cancels the order that the user placed under this client_order_id. SQLSTATEs as cancel_order(order_id)';
GRANT EXECUTE ON FUNCTION exchange.cancel_order(bigint, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.cancel_all_orders(user_id bigint, symbol text DEFAULT NULL)
RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'cancel_all_orders_wrapper';
COMMENT ON FUNCTION exchange.cancel_all_orders(bigint, text) IS
'Cancels all live orders of a user, in one market or in all that take cancels now. Returns how many. 42501 not your '
'user, 42704 unknown market, 55000 the named market takes no cancels, 54000 live orders in more than 1,000 markets';
GRANT EXECUTE ON FUNCTION exchange.cancel_all_orders(bigint, text) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange.amend_order(order_id bigint, new_price numeric DEFAULT NULL, new_amount numeric DEFAULT NULL)
RETURNS exchange.order_result LANGUAGE c SUPPORT bourse_private.refuse_repeats
AS 'MODULE_PATHNAME', 'amend_order_wrapper';
COMMENT ON FUNCTION exchange.amend_order(bigint, numeric, numeric) IS
'Changes the price, the total amount (what has traded included) or both. Less at the same price keeps priority; '
'anything else loses it and may trade. NULL: as it is. An order of a trading bot becomes no larger (55000). SQLSTATEs '
'as place_order and cancel_order';
GRANT EXECUTE ON FUNCTION exchange.amend_order(bigint, numeric, numeric) TO bourse_trader, bourse_worker;

CREATE FUNCTION exchange_private.check_inserted(
    user_id bigint, symbol text, side text, price numeric, amount numeric, order_type text, time_in_force text,
    client_order_id text, stop_price numeric, display_amount numeric, quote_amount numeric, post_only boolean,
    expires_at timestamptz, self_trade_prevention text)
RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'check_inserted_wrapper';
COMMENT ON FUNCTION exchange_private.check_inserted(bigint, text, text, numeric, numeric, text, text, text, numeric,
                                                    numeric, numeric, boolean, timestamptz, text) IS
'Refuses an order that a plain INSERT is about to store, as place_order() would. For the trigger of exchange.orders '
'only';

CREATE FUNCTION exchange_private.place_inserted(order_ids bigint[])
RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'place_inserted_wrapper';
COMMENT ON FUNCTION exchange_private.place_inserted(bigint[]) IS
'Places orders that a plain INSERT has just stored. For the trigger of exchange.orders only';

CREATE FUNCTION exchange_private.match_batch(symbol text, batch_size integer)
RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'match_batch_wrapper';
COMMENT ON FUNCTION exchange_private.match_batch(text, integer) IS
'Takes up to batch_size commands from exchange.order_commands in order of id and carries them out in this transaction. '
'Returns how many; 0: none left. Granted to nobody: who could roll it back would see for free what others have queued. '
'CALL match_orders() instead';

CREATE FUNCTION exchange.set_market_status(symbol text, status text, reason text DEFAULT NULL)
RETURNS text LANGUAGE c AS 'MODULE_PATHNAME', 'set_market_status_wrapper';
COMMENT ON FUNCTION exchange.set_market_status(text, text, text) IS
'Sets what a market allows. open: everything; auction: orders collect without trading, cancels, amends; cancel_only: '
'cancels; halted, closed: nothing. Opening a market uncrosses what its book has collected, at one price. A market '
'with a calendar goes by its hours from open on: outside its sessions it becomes what its calendar says, with a '
'NOTICE; halted and closed last until then, auction and cancel_only to the next bell. reason: why, for everybody to '
'see while the market is not open, in exchange.markets and in the HINT of what is refused, and in the trail; NULL: '
'none. Waits for the batch that is matching. A change leaves a row in audit_logs while exchange.markets is audited. '
'Returns the status that the market has now. 22004 symbol or status is NULL, 22023 unknown status, length of reason, '
'42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.set_market_status(text, text, text) TO bourse_admin;

CREATE FUNCTION exchange.expire_orders(symbol text)
RETURNS bigint LANGUAGE c AS 'MODULE_PATHNAME', 'expire_orders_wrapper';
COMMENT ON FUNCTION exchange.expire_orders(text) IS
'Cancels every order of a market whose expires_at has come, in any status of the market, and releases what they lock. '
'An expired order never trades, whether this has run or not. At most 10,000 at a time: call it again while it returns '
'so many. Returns how many. 22004 NULL, 42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.expire_orders(text) TO bourse_admin, bourse_worker;

CREATE FUNCTION exchange_private.require_amount(name text, amount numeric)
RETURNS void LANGUAGE c AS 'MODULE_PATHNAME', 'require_amount_wrapper';
COMMENT ON FUNCTION exchange_private.require_amount(text, numeric) IS
'Refuses what is no exact positive amount: 22004 NULL, 22023 NaN, infinity, more than 8 decimals, not positive, 22003 '
'too large';
