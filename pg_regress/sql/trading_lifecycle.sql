-- The life of bots: each step is in one table, and each that was taken among the bot's events.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tlife_ann');
CREATE ROLE tlife_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tlife_admin LOGIN IN ROLE bourse_admin;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7101;
SET SESSION AUTHORIZATION tlife_ann;
SELECT * FROM trading.bot_transitions();

-- From its making to its end.
SELECT trading.create_bot(101, 'grid', '{}') AS bot \gset
SELECT trading.start_bot(:bot);
SELECT trading.pause_bot(:bot);
SELECT trading.resume_bot(:bot);
SELECT trading.fail_bot(:bot, 'the exchange answers 503');
SELECT status, error_count, last_error, started_at > created_at AS started, stopped_at FROM trading.bots;
SELECT trading.start_bot(:bot, await_heartbeat => true);
SELECT trading.heartbeat(:bot);
SELECT trading.stop_bot(:bot);
SELECT status, error_count, last_error, stopped_at > started_at AS stopped FROM trading.bots;
SELECT event, old_status, new_status, actor, actor_id, detail FROM trading.bot_events(:bot);
SELECT event FROM trading.bot_events(:bot, 2);
SELECT event FROM trading.bot_events(:bot, 2, (SELECT min(id) FROM trading.bot_events(:bot, 2)));
-- What an error says is kept, but for secrets.
SELECT trading.start_bot(:bot);
SELECT trading.fail_bot(:bot, 'refused: Bearer abcdefgh12345678');
SELECT last_error, error_count FROM trading.bots;
SELECT detail FROM trading.bot_events(:bot, 1);

-- Every step from every status: what is not in the table is refused, and the hint says what can be done.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION answer(call text, status text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    SET LOCAL session_replication_role = replica;
    UPDATE trading.bot_accounts SET status = answer.status, open_positions = (answer.status = 'stopping')::integer;
    SET LOCAL session_replication_role = origin;
    EXECUTE call INTO said;
    -- Whatever it has done is undone.
    RAISE EXCEPTION '%', said USING ERRCODE = 'P0099';
EXCEPTION WHEN SQLSTATE 'P0099' THEN
    RETURN SQLERRM;
WHEN OTHERS THEN
    RETURN SQLSTATE;
END
$$;
SELECT * FROM (
    SELECT s AS status, answer('SELECT trading.start_bot(7101)', s) AS start,
           answer('SELECT trading.start_bot(7101, true)', s) AS await,
           answer('SELECT trading.pause_bot(7101)', s) AS pause, answer('SELECT trading.resume_bot(7101)', s) AS resume,
           answer('SELECT trading.stop_bot(7101)', s) AS stop,
           answer('SELECT trading.fail_bot(7101, ''x'')', s) AS fail,
           answer('SELECT trading.disable_bot(7101)', s) AS disable,
           answer('SELECT trading.enable_bot(7101)', s) AS enable
    FROM unnest('{created,starting,running,paused,stopping,stopped,error,disabled}'::text[]) s) t;
-- Whoever writes the column, the table of steps holds.
RESET SESSION AUTHORIZATION;
SELECT refusal($$UPDATE trading.bot_accounts SET status = 'paused' WHERE id = 7101$$);
SET SESSION AUTHORIZATION tlife_ann;
SELECT refusal('SELECT trading.pause_bot(7101)');
SELECT trading.stop_bot(7101);
SELECT refusal('SELECT trading.stop_bot(7101)');
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY['start_bot(NULL)', 'start_bot(7101, NULL)',
    'stop_bot(7101, NULL)', 'fail_bot(7101, NULL)', 'pause_bot(1)', 'bot_events(7101, 0)', 'bot_events(7101, NULL)',
    'bot_events(NULL)', 'disable_bot(7101)', 'enable_bot(7101)']) WITH ORDINALITY c (call, n) ORDER BY n;

-- With positions open a bot that is stopped may get out of them first: it is stopping until it is flat.
SELECT trading.start_bot(:bot);
RESET SESSION AUTHORIZATION;
UPDATE trading.bot_accounts SET open_positions = 1 WHERE id = :bot;
SET SESSION AUTHORIZATION tlife_ann;
SELECT trading.stop_bot(:bot, close_positions => true);
SELECT refusal('SELECT trading.start_bot(7101)');
RESET SESSION AUTHORIZATION;
UPDATE trading.bot_accounts SET open_positions = 0 WHERE id = :bot;
SELECT trading_private.settle(:bot);
SET SESSION AUTHORIZATION tlife_ann;
SELECT event, old_status, new_status FROM trading.bot_events(:bot, 2);
-- One that is flat has nothing to close.
SELECT trading.start_bot(:bot);
SELECT trading.stop_bot(:bot, close_positions => true);

-- What operators take out of use no user starts.
SET SESSION AUTHORIZATION tlife_admin;
SELECT trading.disable_bot(:bot, 'it floods the market');
SELECT refusal(format('SELECT trading.disable_bot(7101, %L)', repeat('x', 2001)));
SELECT refusal('SELECT trading.apply_fill(7101, ''late'', ''BTC-USD'', ''buy'', 1, 100)');
SET SESSION AUTHORIZATION tlife_ann;
SELECT refusal('SELECT trading.start_bot(7101)');
SELECT event, new_status, actor, actor_id, detail FROM trading.bot_events(:bot, 1);
SET SESSION AUTHORIZATION tlife_admin;
SELECT trading.enable_bot(:bot);
SET SESSION AUTHORIZATION tlife_ann;
SELECT trading.start_bot(:bot);
RESET SESSION AUTHORIZATION;
SELECT * FROM bourse.integrity() WHERE module = 'trading';
