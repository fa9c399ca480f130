CREATE PROCEDURE exchange.match_orders(symbol text DEFAULT NULL, batch_size integer DEFAULT 10000)
LANGUAGE c AS 'MODULE_PATHNAME', 'match_orders_wrapper';
COMMENT ON PROCEDURE exchange.match_orders(text, integer) IS
'Commits, then drains exchange.order_commands in order of id, up to batch_size commands to a transaction of their own; '
'symbol: commands of this market only, NULL: of all. Refused commands go to exchange.command_rejections. 2D000 inside '
'a transaction block, a function or an EXCEPTION block, 22023 batch_size below 1, 42704 unknown market';
GRANT EXECUTE ON PROCEDURE exchange.match_orders(text, integer) TO bourse_trader, bourse_worker;
