-- Everything that place_order says no to: SQLSTATE, message, hint; and nothing has changed.
SELECT exchange.create_market('REF-USD', 'REF', 'USD', 0.01, 0.001, min_amount => 0.01, max_amount => 1000,
                              min_notional => 0.1);
SELECT exchange.create_market('REF-BIG', 'REF', 'BIG', 1, 1);
INSERT INTO identity.users (name) VALUES ('ref ann'), ('ref bob'), ('ref idle');
UPDATE identity.users SET is_active = false WHERE name = 'ref idle';
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['ref ann', 'ref bob']) u, unnest(ARRAY['REF', 'USD', 'BIG']) a;
SELECT status FROM exchange.place_order(person('ref ann'), 'REF-USD', 'sell', 10, 1, client_order_id => 'taken');
SELECT exchange.create_market('REF-' || upper(left(s, 4)), 'REF', 'USD')
FROM unnest(ARRAY['halted', 'cancel_only', 'auction', 'closed']) s;
SELECT exchange.set_market_status('REF-' || upper(left(s, 4)), s)
FROM unnest(ARRAY['halted', 'cancel_only', 'auction', 'closed']) s;

CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    of_table text;
    state text := '';
    source text;
BEGIN
    FOREACH source IN ARRAY ARRAY['markets', 'assets', 'transfers', 'orders', 'order_amendments', 'trades',
                                  'order_commands', 'command_rejections'] LOOP
        EXECUTE format('SELECT md5(string_agg(t::text, '','' ORDER BY t::text)) FROM exchange.%I t',
                       source) INTO of_table;
        state := md5(concat(state, of_table));
    END LOOP;
    RETURN state;
END
$$;
SELECT pg_temp.state() AS before \gset

-- ann, bob, idle stand for their ids.
SELECT arguments,
       refusal(format('SELECT exchange.place_order(%s)',
                      regexp_replace(arguments, '\m(ann|bob|idle)\M', 'person(''ref \1'')'))) AS refusal
FROM unnest(ARRAY[
    $$NULL, 'REF-USD', 'buy', 10, 1$$, $$ann, NULL, 'buy', 10, 1$$, $$ann, 'REF-USD', NULL, 10, 1$$,
    $$ann, 'REF-USD', 'buy', NULL, 1$$, $$ann, 'REF-USD', 'buy', 10, NULL$$,
    $$ann, 'REF-USD', 'Buy', 10, 1$$, $$ann, 'REF-USD', '', 10, 1$$,
    $$ann, 'REF-USD', 'buy', 10, 1, 'iceberg'$$, $$ann, 'REF-USD', 'buy', 10, 1, time_in_force => 'day'$$,
    $$ann, 'REF-USD', 'buy', 10, 1, self_trade_prevention => 'yes'$$,
    $$ann, 'REF-USD', 'buy', 10, 1, client_order_id => ''$$,
    -- What does not go together. A stop needs its trigger, a gtd its end; only a market buy takes a budget.
    $$ann, 'REF-USD', 'buy', 10, 1, 'market'$$, $$ann, 'REF-USD', 'buy', NULL, NULL, 'market'$$,
    $$ann, 'REF-USD', 'buy', NULL, 1, 'market', quote_amount => 5$$,
    $$ann, 'REF-USD', 'sell', NULL, NULL, 'market', quote_amount => 5$$,
    $$ann, 'REF-USD', 'buy', NULL, NULL, 'market', 'fok', quote_amount => 5$$,
    $$ann, 'REF-USD', 'buy', 10, 1, quote_amount => 5$$,
    $$ann, 'REF-USD', 'buy', NULL, 1, 'stop'$$, $$ann, 'REF-USD', 'buy', 10, 1, 'stop', stop_price => 9$$,
    $$ann, 'REF-USD', 'buy', NULL, 1, 'stop_limit', stop_price => 9$$,
    $$ann, 'REF-USD', 'buy', 10, 1, stop_price => 9$$,
    $$ann, 'REF-USD', 'buy', 10, 1, time_in_force => 'gtd'$$,
    $$ann, 'REF-USD', 'buy', 10, 1, expires_at => '9999-12-30'$$,
    $$ann, 'REF-USD', 'buy', NULL, 1, 'market', 'gtd', expires_at => '9999-12-30'$$,
    $$ann, 'REF-USD', 'buy', 10, 1, time_in_force => 'gtd', expires_at => '2001-01-01'$$,
    $$ann, 'REF-USD', 'buy', 10, 1, time_in_force => 'ioc', post_only => true$$,
    $$ann, 'REF-USD', 'buy', 10, 1, time_in_force => 'fok', display_amount => 1$$,
    $$ann, 'REF-USD', 'buy', 10, 1, display_amount => 1.001$$,
    -- What cannot be kept: a post-only order that would take, a fok that cannot be filled.
    $$bob, 'REF-USD', 'buy', 10, 0.5, post_only => true$$, $$bob, 'REF-USD', 'buy', 11, 1.5, time_in_force => 'fok'$$,
    -- Numbers.
    $$ann, 'REF-USD', 'buy', 'NaN', 1$$, $$ann, 'REF-USD', 'buy', 'Infinity', 1$$,
    $$ann, 'REF-USD', 'buy', '-Infinity', 1$$,
    $$ann, 'REF-USD', 'buy', 10, 'NaN'$$, $$ann, 'REF-USD', 'buy', 10, 'Infinity'$$,
    $$ann, 'REF-USD', 'buy', 10, '-Infinity'$$,
    $$ann, 'REF-USD', 'buy', 10.000000001, 1$$, $$ann, 'REF-USD', 'buy', 10, 1.000000001$$,
    $$ann, 'REF-USD', 'buy', 1000000000000, 1$$, $$ann, 'REF-USD', 'buy', 10, 1e30$$,
    $$ann, 'REF-USD', 'buy', 0, 1$$, $$ann, 'REF-USD', 'buy', -10, 1$$, $$ann, 'REF-USD', 'buy', 10, 0$$,
    $$ann, 'REF-USD', 'sell', 10, -1$$,
    -- The rules of the market.
    $$ann, 'REF-USD', 'buy', 10.001, 1$$, $$ann, 'REF-USD', 'buy', 10, 1.0001$$,
    $$ann, 'REF-USD', 'buy', 100, 0.009$$, $$ann, 'REF-USD', 'buy', 10, 1000.001$$,
    $$ann, 'REF-USD', 'buy', 0.99, 0.1$$,
    $$ann, 'REF-BIG', 'sell', 999999999999, 999999999999$$, $$ann, 'REF-BIG', 'buy', 1000000, 999999$$,
    $$ann, 'NO-MARKET', 'buy', 10, 1$$, $$ann, 'ref-usd', 'buy', 10, 1$$,
    $$ann, 'REF-HALT', 'buy', 10, 1$$, $$ann, 'REF-CANC', 'buy', 10, 1$$,
    $$ann, 'REF-AUCT', 'buy', 10, 1, time_in_force => 'ioc'$$, $$ann, 'REF-CLOS', 'buy', 10, 1$$,
    -- The user and the funds.
    $$0, 'REF-USD', 'buy', 10, 1$$, $$idle, 'REF-USD', 'buy', 10, 1$$,
    $$ann, 'REF-USD', 'buy', 10, 99$$, $$ann, 'REF-USD', 'sell', 10, 999.001$$,
    $$ann, 'REF-USD', 'sell', 10, 1, client_order_id => 'taken', time_in_force => 'ioc'$$
    ]) arguments;
SELECT pg_temp.state() = :'before' AS unchanged;

-- A credit that would leave the range of NUMERIC(20,8) is refused before anything moves.
SELECT exchange.deposit(person('ref bob'), 'BIG', 999999998999) IS NOT NULL AS deposited;
SELECT status FROM exchange.place_order(person('ref ann'), 'REF-BIG', 'buy', 500, 1);
SELECT pg_temp.state() AS before \gset
SELECT refusal('SELECT exchange.place_order(person(''ref bob''), ''REF-BIG'', ''sell'', 500, 1)');
SELECT pg_temp.state() = :'before' AS unchanged;
-- Refused again at the top of a transaction of its own: nothing is left behind there either.
\set VERBOSITY sqlstate
SELECT status FROM exchange.place_order(person('ref bob'), 'REF-BIG', 'sell', 500, 1);
SELECT status FROM exchange.place_order(person('ref ann'), 'REF-USD', 'buy', 10, 99);
\set VERBOSITY default
SELECT pg_temp.state() = :'before' AS unchanged;
SELECT * FROM exchange.verify();
