-- Names and labels that a reader would not see as they are: refused wherever somebody gives one.
INSERT INTO identity.users (name) VALUES ('hid ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('hid bob') RETURNING id AS bob \gset
SELECT identity.register_principal('hid-ann', :ann) = :ann AS known;
UPDATE identity.users SET role = 'developer' WHERE id = :ann;
INSERT INTO mirror.trading_accounts (user_id, account_name, broker) VALUES (:ann, 'lead', 'Zerodha')
RETURNING id AS account \gset
SELECT exchange.create_market('HID-USD', 'HID', 'USD');
SELECT count(exchange.deposit(u.id, 'USD', 1000)) FROM unnest(ARRAY[:ann, :bob]) u (id);
SELECT trading.create_bot(:ann, 'grid', '{}', trade_type => 'live') AS bot \gset
SELECT trading.start_bot(:bot);
SELECT jobs.create_schedule(:ann, 'seen', 'report', 'x', '@daily') > 0 AS made;
CREATE FUNCTION pg_temp.calls(ann bigint, bob bigint, account bigint, bot bigint)
RETURNS TABLE (n bigint, call text, statement text) LANGUAGE sql AS $$
    SELECT c.n, c.call,
           CASE WHEN c.call !~ '^(INSERT|UPDATE) ' THEN 'SELECT ' ELSE '' END
           || replace(replace(replace(replace(c.call, '@ann', ann::text), '@account', account::text),
                              '@bot', bot::text), '@bob', bob::text)
    FROM unnest(ARRAY[
        'bourse.record_backup(''dump'', %s, now())', 'exchange.create_feed(%s)', 'identity.register(%s)',
        'identity.register(''x'', %s || ''@example.org'')', 'identity.register(''x'', NULL, %s)',
        'identity.issue_api_key(@ann, %s)', 'identity.register_principal(%s)',
        'jobs.create_schedule(@ann, %s, ''report'', ''x'', ''@daily'')', 'jobs.claim(%s, NULL)',
        'messaging.claim(%s, ''email'')', 'messaging.report_health(''hid'', %s, true)',
        'marketplace.submit_bot(@ann, %s, ''x'', ''ML'', NULL, ''{}'', ''{}'')',
        'marketplace.register_bot(''hid-ann'', 1, %s)', 'marketplace.claim_runs(%s)',
        'mirror.create_account(@ann, %s, ''Zerodha'')', 'mirror.create_strategy(@ann, %s)',
        'mirror.create_group(@ann, %s, @account)', 'mirror.claim_orders(%s)', 'webui.save_template(@ann, %s, ''{}'')',
        'webui.set_config(%s, ''1'')',
        'exchange.deposit(@ann, ''USD'', 1, %s)', 'exchange.withdraw(@ann, ''USD'', 1, %s)',
        'exchange.transfer(@ann, @bob, ''USD'', 1, %s)',
        'exchange.place_order(@ann, ''HID-USD'', ''buy'', 1, 1, client_order_id => %s)',
        'trading.create_bot(@ann, %s, ''{}'')',
        'trading.place_order(@bot, ''HID-USD'', ''buy'', 1, 1, strategy_name => %s)',
        'trading.place_order(@bot, ''HID-USD'', ''sell'', 1, 1, exit_reason => %s)',
        'messaging.enqueue_message(''note'', ''{email}'', ''{}'', template_name => %s)',
        'messaging.enqueue_message(''note'', ''{email}'', ''{}'', digest_key => %s)',
        'messaging.set_setting(%s, ''x'')', 'messaging.add_feedback(@ann, %s, ''x'')',
        'messaging.log_broadcast(''x'', %s, 0, 0)', 'mirror.connect(@account, %s)',
        'webui.save_snapshot(%s, ''1'', user_id => @ann)',
        'marketplace.subscribe(@ann, 1, %s, ''BINANCE'', ''BTC/USDT'', ''1h'', ''{}'', ''{}'')',
        -- Whoever writes the tables themselves.
        'INSERT INTO exchange.orders (user_id, symbol, side, price, amount, client_order_id) VALUES '
        '(@ann, ''HID-USD'', ''buy'', 1, 1, %s)',
        'INSERT INTO identity.users (name) VALUES (%s)',
        'INSERT INTO identity.users (name, email) VALUES (''x'', %s || ''@example.org'')',
        'INSERT INTO identity.users (name, username) VALUES (''x'', %s)',
        'UPDATE identity.users SET name = %s WHERE id = @ann',
        'UPDATE identity.users SET developer_name = %s WHERE id = @ann',
        'UPDATE identity.users SET developer_website = %s WHERE id = @ann',
        'INSERT INTO jobs.schedules (user_id, name, job_type, target, cron) VALUES '
        '(@ann, %s, ''report'', ''x'', ''@daily'')',
        'UPDATE jobs.schedules SET name = %s WHERE user_id = @ann',
        'INSERT INTO webui.strategy_templates (name, template_data, created_by) VALUES (%s, ''{}'', @ann)',
        'INSERT INTO webui.system_config (key, value) VALUES (%s, ''1'')',
        'INSERT INTO webui.performance_snapshots (strategy_id, pnl, user_id) VALUES (%s, ''1'', @ann)',
        'INSERT INTO messaging.telegram_settings (key) VALUES (%s)',
        'INSERT INTO messaging.telegram_feedbacks (user_id, type, message) VALUES (@ann, %s, ''x'')',
        'INSERT INTO calendar.trading_hours_templates (name) VALUES (%s)',
        'INSERT INTO calendar.trading_hours_templates (name, exchange) VALUES (''HID'', %s)'])
        WITH ORDINALITY c (call, n) $$;
-- What turns the rest around, has no width, ends a line, or is a tag; and nothing at all to be read.
SELECT c.call, refusal(format(c.statement, quote_literal('abc' || chr(8238) || 'def'))) AS turned
FROM pg_temp.calls(:ann, :bob, :account, :bot) c ORDER BY c.n;
SELECT c.call, h.code
FROM pg_temp.calls(:ann, :bob, :account, :bot) c
CROSS JOIN unnest(ARRAY[7, 9, 10, 127, 133, 173, 8203, 8206, 8232, 8288, 8294, 10240, 12644, 65279, 917569]) h (code)
WHERE refusal(format(c.statement, quote_literal('abc' || chr(h.code)))) NOT LIKE '22023 %'
ORDER BY c.n, h.code;
SELECT c.call, b.blank
FROM pg_temp.calls(:ann, :bob, :account, :bot) c CROSS JOIN unnest(ARRAY[160, 8195, 12288, 8205]) b (blank)
WHERE c.call NOT LIKE '%@example.org%'
  AND refusal(format(c.statement, quote_literal(repeat(chr(b.blank), 4)))) NOT LIKE '22023 %'
ORDER BY c.n, b.blank;
-- What some scripts are not written without stays; a username, which is one person's, has none of it.
SELECT identity.register(U&'\0645\06CC\200C\062E\0648\0627\0647\0645') > 0 AS persian,
       identity.register(U&'\+01F468\200D\+01F469\200D\+01F467') > 0 AS family;
SELECT refusal(format('SELECT identity.register(''x'', NULL, %L)', 'ann' || chr(8204)));
-- Who calls himself so elsewhere gets in, and is called by what can be seen.
SELECT identity.authenticate('telegram', 'hid ' || n.n, n.name) > 0 AS made
FROM unnest(ARRAY['abc' || chr(8238) || 'def', chr(8203) || chr(8203), NULL, chr(160) || chr(160)])
     WITH ORDINALITY n (name, n);
-- Nor does the number stay as it is that stands in the place of a name.
SELECT identity.authenticate('telegram', 'hid 5' || chr(8238) || '!') > 0 AS made;
SELECT u.name, length(u.name) FROM identity.auth_identities i JOIN identity.users u ON u.id = i.user_id
WHERE i.external_id LIKE 'hid %' ORDER BY i.external_id;

-- The bulk door says so as well.
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
VALUES ('new', :ann, 'HID-USD', 'bulk' || chr(8203), 'buy', 1, 1), ('new', :ann, 'HID-USD', 'bulk', 'buy', 1, 1);
CALL exchange.match_orders();
SELECT sqlstate, reason FROM exchange.command_rejections;
SELECT client_order_id FROM exchange.orders WHERE user_id = :ann;

-- A fill has happened, whatever its strategy is called: it is called by what can be seen.
SELECT trading.create_bot(:ann, 'paper', '{}', starting_balance => 100) AS paper \gset
SELECT trading.start_bot(:paper);
SELECT quantity FROM trading.apply_fill(:paper, 'f1', 'HID-USD', 'buy', 1, 1,
                                        strategy_name => 'my' || chr(8238) || ' grid', exit_reason => chr(8203));
SELECT strategy_name, exit_reason FROM trading.fills WHERE bot_id = :paper;

-- What is there stays as it is, and what was once answered is answered again.
SELECT exchange.deposit(:ann, 'USD', 1, 'slip') AS slip \gset
SELECT webui.save_template(:ann, 'seen', '{}') > 0 AS saved;
SET session_replication_role = replica;
UPDATE identity.users SET name = name || chr(8203) WHERE id = :ann;
UPDATE jobs.schedules SET name = name || chr(8203) WHERE user_id = :ann;
UPDATE webui.strategy_templates SET name = name || chr(8203) WHERE created_by = :ann;
UPDATE exchange.transfers SET reference = reference || chr(8203) WHERE id = :slip;
UPDATE exchange.orders SET client_order_id = client_order_id || chr(8203) WHERE user_id = :ann;
RESET session_replication_role;
UPDATE identity.users SET email = 'hid@example.org', name = name WHERE id = :ann;
UPDATE jobs.schedules SET enabled = false, name = name WHERE user_id = :ann;
UPDATE webui.strategy_templates SET description = 'x', name = name WHERE created_by = :ann;
SELECT exchange.deposit(:ann, 'USD', 1, 'slip' || chr(8203)) = :slip AS is_the_same;
SELECT status, amount FROM exchange.orders o
WHERE o.id = (exchange.place_order(:ann, 'HID-USD', 'buy', 1, 1, client_order_id => 'bulk' || chr(8203))).id;
SELECT status FROM exchange.cancel_order(:ann, 'bulk' || chr(8203));
