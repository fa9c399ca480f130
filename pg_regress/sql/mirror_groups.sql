-- Groups and followers: a leader lets somebody join, who joins with an account of his own; nobody makes another's
-- account trade, and nobody sees another's.
INSERT INTO identity.users (id, name, db_role)
VALUES (901, 'lea', 'tgroups_lea'), (902, 'ann', 'tgroups_ann'), (903, 'ben', 'tgroups_ben');
CREATE ROLE tgroups_lea LOGIN IN ROLE bourse_trader;
CREATE ROLE tgroups_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tgroups_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE tgroups_eve LOGIN IN ROLE bourse_viewer;
CREATE ROLE tgroups_worker LOGIN IN ROLE bourse_worker;
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 901, 'lead', 'Zerodha'), (12, 902, 'ann', 'Zerodha'), (13, 903, 'ben', 'Upstox'), (14, 901, 'own', 'Fyers');
INSERT INTO mirror.positions (account_id, user_id, exchange, symbol, product, quantity, average_price, as_of)
VALUES (11, 901, 'NSE', 'TCS', 'CNC', 30, 100, now());

-- What the leader holds already is noted: it is nobody's exit that others have not bought.
SET SESSION AUTHORIZATION tgroups_lea;
SELECT mirror.create_group(901, 'shares', 11) AS g \gset
SELECT name, leader_account_id, copy, status FROM mirror.copy_groups;
SELECT exchange, symbol, product, trim_scale(quantity) AS quantity FROM mirror.leader_positions;
SELECT mirror.share_group(:g, 902), mirror.share_group(:g, 902);
SELECT mirror.add_follower(:g, 14, 'fixed', 5) AS own \gset

-- Ann sees the group and joins it, Ben sees nothing.
SET SESSION AUTHORIZATION tgroups_ann;
SELECT name, copy, status FROM mirror.shared_groups(902);
SELECT refusal('SELECT mirror.shared_groups(903)'), refusal('SELECT mirror.shared_groups(902, 0)'),
       (SELECT count(*) FROM mirror.shared_groups(902, after => :g)) AS behind;
SELECT mirror.add_follower(:g, 12, 'multiplier', 0.5, max_quantity => 100, below_minimum => 'round_up') AS ann \gset
SELECT mirror.set_ratio(:ann, 'NSE', 'TCS', 0.25), mirror.set_ratio(:ann, 'NSE', 'TCS', 0.5),
       mirror.set_ratio(:ann, 'NSE', 'INFY', 2), mirror.set_ratio(:ann, 'NSE', 'INFY', NULL);
SELECT symbol, trim_scale(ratio) AS ratio FROM mirror.follower_ratios;
SELECT (SELECT count(*) FROM mirror.followers) AS followers,
       (SELECT count(*) FROM mirror.leader_positions) AS positions;
SET SESSION AUTHORIZATION tgroups_ben;
SELECT (SELECT count(*) FROM mirror.copy_groups) AS groups, (SELECT count(*) FROM mirror.followers) AS followers,
       (SELECT count(*) FROM mirror.group_shares) AS shares;
SELECT refusal(format('SELECT mirror.add_follower(%s, 13)', :g));
SELECT refusal(format('SELECT mirror.add_follower(%s, 12)', :g));
SELECT call, refusal('SELECT mirror.' || format(call, :ann)) FROM unnest(ARRAY[
    'set_follower_status(%s, ''active'')', 'set_follower_terms(%s, ''equal'')', 'set_ratio(%s, ''NSE'', ''TCS'', 1)',
    'follow_on_exchange(%s, true)', 'close_follower(%s)', 'remove_follower(%s)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- The leader sees who follows, nothing more, and changes nothing for them but that they may no longer.
SET SESSION AUTHORIZATION tgroups_lea;
SELECT follower_id, user_id, status, created_at IS NOT NULL AS has_joined FROM mirror.group_followers(:g);
SELECT follower_id FROM mirror.group_followers(:g, :own, 1);
SELECT id, user_id, mode FROM mirror.followers;
SELECT call, refusal('SELECT mirror.' || format(call, :ann)) FROM unnest(ARRAY[
    'set_follower_status(%s, ''stopped'')', 'set_follower_terms(%s, ''fixed'', 1000000)',
    'follow_on_exchange(%s, true)']) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal(format('SELECT mirror.copy_order(%s)', 1)), refusal(format('SELECT mirror.close_followers(%s)', :g)),
       refusal('SELECT mirror.settle_copies()'), refusal('SELECT mirror.report_funds(11, 1)');
SELECT mirror.unshare_group(:g, 902), mirror.unshare_group(:g, 902);
SET SESSION AUTHORIZATION tgroups_ann;
SELECT mode, trim_scale(value) AS value, status FROM mirror.followers;
SELECT refusal(format('SELECT mirror.set_follower_status(%s, ''active'')', :ann));
SELECT mirror.set_follower_status(:ann, 'stopped');
SET SESSION AUTHORIZATION tgroups_lea;
SELECT mirror.share_group(:g, 902);
SET SESSION AUTHORIZATION tgroups_ann;
SELECT mirror.set_follower_status(:ann, 'active');
SELECT mirror.follow_on_exchange(:ann, true), mirror.set_follower_terms(:ann, 'proportional', 2);
SELECT mirror.close_follower(:ann);
SELECT mode, trim_scale(value) AS value, max_quantity, below_minimum, status, on_exchange,
       closes_at IS NOT NULL AS closes
FROM mirror.followers;
SELECT mirror.set_follower_status(:ann, 'active');
SELECT status, closes_at FROM mirror.followers;

-- The status of a group.
SET SESSION AUTHORIZATION tgroups_lea;
SELECT mirror.pause_group(:g);
SELECT mirror.kill_group(:g);
SELECT mirror.pause_group(:g);
SELECT status FROM mirror.copy_groups;
SELECT mirror.resume_group(:g);
SELECT status FROM mirror.copy_groups;
SET SESSION AUTHORIZATION tgroups_ann;
SELECT call, refusal('SELECT mirror.' || format(call, :g)) FROM unnest(ARRAY[
    'pause_group(%s)', 'kill_group(%s)', 'resume_group(%s)', 'delete_group(%s)', 'share_group(%s, 903)',
    'unshare_group(%s, 902)', 'group_followers(%s)', 'pause_group(NULL)']) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION tgroups_eve;
SELECT refusal(format('SELECT mirror.pause_group(%s)', :g));

-- Refusals of groups.
SET SESSION AUTHORIZATION tgroups_lea;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    'create_group(NULL, ''x'', 11)', 'create_group(902, ''x'', 12)', 'create_group(901, NULL, 11)',
    'create_group(901, '' '', 11)', 'create_group(901, repeat(''x'', 101), 11)', 'create_group(901, ''x'', NULL)',
    'create_group(901, ''x'', 12)', 'create_group(901, ''shares'', 11)', 'create_group(901, ''x'', 11, ''trades'')',
    'create_group(901, ''x'', 14)', 'share_group(1, NULL)', 'share_group(1, 999)', 'group_followers(1, 0, 0)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Refusals of terms.
SELECT call, refusal(format('SELECT mirror.add_follower(%s, %s)', :g, call)) FROM unnest(ARRAY[
    '11', '14', '99', 'NULL', '14, ''some''', '14, NULL', '14, ''equal'', 2', '14, ''fixed'', NULL', '14, ''fixed'', 0',
    '14, ''fixed'', ''NaN''', '14, ''fixed'', 1e12', '14, ''fixed'', 0.000000001', '14, ''fixed'', 1, -1',
    '14, ''fixed'', 1, 1, ''drop''']) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT call, refusal(format('SELECT mirror.set_ratio(%s, %s)', :own, call)) FROM unnest(ARRAY[
    'NULL, ''TCS'', 1', '''nse'', ''TCS'', 1', '''NSE'', '''', 1', '''NSE'', ''TCS'', 0',
    '''NSE'', ''TCS'', ''Infinity'''])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal(format('SELECT mirror.set_follower_status(%s, ''gone'')', :own)),
       refusal('SELECT mirror.set_follower_status(NULL, ''active'')'),
       refusal(format('SELECT mirror.follow_on_exchange(%s, NULL)', :own));
SET SESSION AUTHORIZATION tgroups_worker;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    'report_funds(NULL, 1)', 'report_funds(11, NULL)', 'report_funds(11, -1)', 'report_funds(11, ''NaN'')',
    'report_funds(11, 1, NULL)', 'report_funds(11, 1, ''infinity'')', 'report_funds(11, 0)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;

-- What changes groups and followers is in the trail; both sides take what is theirs with them, and leave what is not.
SELECT table_name, action, count(*) FROM audit.audit_logs WHERE table_name ~ '^mirror.*(group|follower)'
GROUP BY table_name, action ORDER BY table_name, action;
SELECT key AS exported FROM jsonb_each(identity.export_user(902) -> 'tables')
WHERE key LIKE 'mirror.%' AND jsonb_array_length(value) > 0
ORDER BY key;
SELECT mirror.remove_follower(:own);
SELECT identity.erase_user(902, 'asked for it') ->> 'user_id' AS erased;
SELECT (SELECT count(*) FROM mirror.followers) AS followers, (SELECT count(*) FROM mirror.copy_groups) AS groups;
SELECT mirror.delete_group(:g);
SELECT count(*) FROM mirror.leader_positions;
