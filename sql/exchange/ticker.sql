CREATE FUNCTION exchange.ticker(
    INOUT symbol text, OUT last numeric, OUT bid numeric, OUT ask numeric, OUT open_24h numeric, OUT high_24h numeric,
    OUT low_24h numeric, OUT volume_24h numeric, OUT quote_volume_24h numeric, OUT change_24h numeric,
    OUT change_percent_24h numeric, OUT trades_24h bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    first bigint;
BEGIN
    PERFORM exchange_private.require_market(symbol);
    SELECT m.last_price INTO last FROM exchange.markets m WHERE m.symbol = ticker.symbol;
    SELECT b.bid_price, b.ask_price INTO bid, ask FROM exchange.best_bid_offer(symbol) b;
    first := exchange_private.sequence_since(symbol, clock_timestamp() - interval '24 hours');
    SELECT max(t.price), min(t.price), coalesce(sum(t.amount), 0), round(coalesce(sum(t.price * t.amount), 0), 8),
           count(*)
    INTO high_24h, low_24h, volume_24h, quote_volume_24h, trades_24h
    FROM exchange.trades t WHERE t.symbol = ticker.symbol AND t.sequence >= first;
    SELECT t.price, last - t.price, round((last - t.price) * 100 / t.price, 2)
    INTO open_24h, change_24h, change_percent_24h
    FROM exchange.trades t WHERE t.symbol = ticker.symbol AND t.sequence = first;
END
$$;
COMMENT ON FUNCTION exchange.ticker(text) IS
'A market at a glance. last, bid, ask: prices now, NULL when there is none; the rest over the trades of the last 24 '
'hours: first, highest, lowest price, volume in base and in quote, change from open to last in quote and in percent (2 '
'decimals). Without such a trade prices and changes are NULL. 42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.ticker(text) TO bourse_viewer, bourse_worker;
