-- Money between venues. This database plays both: what it sends to west it receives from east.
INSERT INTO identity.users (name) VALUES ('vnt ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('vnt bob') RETURNING id AS bob \gset
SELECT exchange.create_market('VNT-USD', 'VNT', 'USD');
SELECT count(exchange.deposit(:ann, a, 100)) FROM unnest(ARRAY['VNT', 'USD']) a;
CREATE TEMP VIEW held AS
SELECT u.name, a.symbol, a.amount, a.locked_amount FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'vnt %' AND a.symbol = 'VNT' ORDER BY u.name;
CREATE TEMP VIEW accounts AS
SELECT account, sum(amount) AS amount FROM exchange.ledger_entries WHERE asset = 'VNT' GROUP BY account
ORDER BY account;
\set one '00000000-0000-4000-8000-000000000001'
\set two '00000000-0000-4000-8000-000000000002'

-- A venue that nobody has registered gets nothing, gives nothing, and has nothing under way: the name may be misspelt.
SELECT refusal(format('SELECT exchange.send_to_venue(%L, %s, ''wst'', ''VNT'', 40)', :'one', :ann)) AS sent;
SELECT refusal(format('SELECT exchange.receive_from_venue(%L, %s, ''esat'', ''VNT'', 40)', :'one', :ann)) AS received;
SELECT refusal(format('SELECT exchange.refuse_from_venue(%L, %s, ''esat'', ''VNT'', 40)', :'one', :ann)) AS refused;
SELECT refusal('SELECT * FROM exchange.unsettled_venue_transfers(''wst'')') AS carried;
SELECT count(*) AS legs FROM exchange.venue_transfers;
SELECT exchange.register_venue(v) FROM unnest('{west,east,north}'::text[]) v;
SELECT exchange.register_venue('west') AS once_more, exchange.unregister_venue('wst') AS never_was;
SELECT venue, created_by = session_user AS mine FROM exchange.venues ORDER BY venue;
SELECT call, refusal('SELECT exchange.' || call) FROM unnest(ARRAY['register_venue(NULL)', 'register_venue(''West'')',
    'register_venue('''')', 'unregister_venue(NULL)', 'unregister_venue(''wes t'')']) call;

-- Sent: the user has it no more, it is in suspense, and the ledger adds up.
SELECT exchange.send_to_venue(:'one', :ann, 'west', 'VNT', 40);
SELECT exchange.send_to_venue(:'one', :ann, 'west', 'VNT', 40) AS once_more;
TABLE held;
TABLE accounts;
SELECT transfer_id, user_id = :ann AS ann, to_venue, asset, amount, age >= '0' AS age
FROM exchange.unsettled_venue_transfers();
SELECT (SELECT count(*) FROM exchange.unsettled_venue_transfers('west')) AS west,
       (SELECT count(*) FROM exchange.unsettled_venue_transfers('north')) AS north;
SELECT * FROM exchange.verify();
-- One that has something coming stays.
SELECT refusal('SELECT exchange.unregister_venue(''west'')');
-- Received, once.
SELECT exchange.receive_from_venue(:'one', :ann, 'east', 'VNT', 40);
SELECT exchange.receive_from_venue(:'one', :ann, 'east', 'VNT', 40) AS once_more;
TABLE held;
TABLE accounts;
SELECT * FROM exchange.verify();
-- Settled: nothing is under way, and what the venues owe each other is nothing, as both are this one.
SELECT exchange.settle_venue_transfer(:'one');
SELECT exchange.settle_venue_transfer(:'one') AS once_more, exchange.send_to_venue(:'one', :ann, 'west', 'VNT', 40);
TABLE held;
TABLE accounts;
SELECT count(*) FROM exchange.unsettled_venue_transfers();
SELECT * FROM exchange.verify();

-- Refused: it comes back, and never arrives.
SELECT exchange.send_to_venue(:'two', :ann, 'west', 'VNT', 60);
SELECT exchange.refuse_from_venue(:'two', :ann, 'east', 'VNT', 60);
SELECT exchange.refuse_from_venue(:'two', :ann, 'east', 'VNT', 60) AS once_more;
SELECT refusal(format('SELECT exchange.receive_from_venue(%L, %s, ''east'', ''VNT'', 60)', :'two', :ann));
SELECT exchange.return_venue_transfer(:'two');
SELECT exchange.return_venue_transfer(:'two') AS once_more, exchange.send_to_venue(:'two', :ann, 'west', 'VNT', 60);
TABLE held;
TABLE accounts;
SELECT direction, venue, amount, status, user_id IS NULL AS nobodys, ended_at IS NOT NULL AS ended
FROM exchange.venue_transfers WHERE asset = 'VNT' ORDER BY id;
SELECT source, amount, balance,
       replace(replace(description, :'one', 'ONE'), :'two', 'TWO') AS description
FROM exchange.account_statement(:ann, 'VNT', '-infinity', 'infinity');
SELECT source, source_id, asset FROM exchange.ledger_entries GROUP BY source, source_id, asset HAVING sum(amount) <> 0;
SELECT * FROM exchange.verify();

-- Everything they say no to. A venue refuses what is for somebody whom it does not know, and so the money comes back.
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(refusal('SELECT exchange.' || replace(replace(replace(call, '@ann', person('vnt ann')::text),
        '@bob', person('vnt bob')::text), '@id', '''00000000-0000-4000-8000-0000000000')),
        '00000000-0000-4000-8000-0000000000', 'id ')
$$;
CREATE FUNCTION pg_temp.detail(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN unique_violation THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN regexp_replace(detail, 'user \d+', 'user N');
END
$$;
SELECT call, pg_temp.refused(call) AS refusal
FROM (SELECT format('%s(%s)', f, CASE f WHEN 'send_to_venue' THEN a ELSE replace(a, 'west', 'east') END) AS call
      FROM unnest('{send_to_venue,receive_from_venue,refuse_from_venue}'::text[]) f,
           unnest(ARRAY['NULL, @ann, ''west'', ''VNT'', 1', '@id91'', NULL, ''west'', ''VNT'', 1',
                        '@id91'', @ann, NULL, ''VNT'', 1', '@id91'', @ann, ''west'', NULL, 1',
                        '@id91'', @ann, ''west'', ''VNT'', NULL', '@id91'', @ann, ''West'', ''VNT'', 1',
                        '@id91'', @ann, ''west'', ''vnt'', 1', '@id91'', @ann, ''west'', ''VNT'', 0',
                        '@id91'', @ann, ''west'', ''VNT'', ''NaN''', '@id91'', @ann, ''west'', ''VNT'', 0.000000001',
                        '@id91'', @ann, ''west'', ''VNT'', 1e12', '@id01'', @ann, ''west'', ''VNT'', 41',
                        '@id01'', @ann, ''west'', ''USD'', 40', '@id01'', @bob, ''west'', ''VNT'', 40']) a
      UNION ALL SELECT unnest(ARRAY[
          'send_to_venue(@id01'', @ann, ''north'', ''VNT'', 40)',
          'send_to_venue(@id91'', @ann, ''west'', ''VNT'', 100.00000001)',
          'send_to_venue(@id91'', 0, ''west'', ''VNT'', 1)', 'receive_from_venue(@id91'', 0, ''east'', ''VNT'', 1)',
          'refuse_from_venue(@id01'', @ann, ''east'', ''VNT'', 40)',
          'settle_venue_transfer(NULL)', 'settle_venue_transfer(@id91'')', 'settle_venue_transfer(@id02'')',
          'return_venue_transfer(NULL)', 'return_venue_transfer(@id91'')', 'return_venue_transfer(@id01'')',
          'unsettled_venue_transfers(n => 0)', 'unsettled_venue_transfers(n => NULL)',
          'unsettled_venue_transfers(n => 10001)'])) calls;
TABLE held;
SELECT exchange.refuse_from_venue('00000000-0000-4000-8000-000000000092', 0, 'east', 'VNT', 1) AS for_nobody;
-- What has come here was not sent from here, whatever its id.
SELECT call, pg_temp.refused(call) AS refusal
FROM unnest(ARRAY['settle_venue_transfer(@id92'')', 'return_venue_transfer(@id92'')']) call;
-- A client of a third venue may have chosen the same id: it is another transfer, and moves money once as well.
BEGIN;
SELECT exchange.receive_from_venue(:'two', :bob, 'north', 'VNT', 5);
SELECT exchange.receive_from_venue(:'two', :bob, 'north', 'VNT', 5) AS once_more;
SELECT refusal(format('SELECT exchange.receive_from_venue(%L, %s, ''north'', ''VNT'', 6)', :'two', :bob));
TABLE held;
SELECT * FROM exchange.verify();
ROLLBACK;
-- What a user cannot hold is refused, where it would arrive, and where it would come back, until there is room.
SELECT exchange.deposit(:bob, 'BIG', 999999999999) IS NOT NULL AS rich;
SELECT refusal(format('SELECT exchange.receive_from_venue(%L, %s, ''east'', ''BIG'', 1)', :'two', :bob)) AS used,
       refusal(format('SELECT exchange.receive_from_venue(%L, %s, ''east'', ''BIG'', 1)', gen_random_uuid(), :bob));
SELECT exchange.send_to_venue('00000000-0000-4000-8000-000000000003', :bob, 'west', 'BIG', 1);
SELECT exchange.deposit(:bob, 'BIG', 1) > 0 AS rich_again;
SELECT refusal('SELECT exchange.return_venue_transfer(''00000000-0000-4000-8000-000000000003'')');
SELECT exchange.withdraw(:bob, 'BIG', 1) > 0 AS withdrawn,
       exchange.return_venue_transfer('00000000-0000-4000-8000-000000000003');

-- One that is no longer known gets nothing more, and what was sent to it is told of as before.
BEGIN;
SELECT exchange.unregister_venue('west'), exchange.unregister_venue('west') AS once_more;
SELECT exchange.send_to_venue(:'one', :ann, 'west', 'VNT', 40) AS told, exchange.settle_venue_transfer(:'one');
SELECT refusal(format('SELECT exchange.send_to_venue(%L, %s, ''west'', ''VNT'', 1)', gen_random_uuid(), :ann));
SELECT action, record_id, old_values ->> 'venue' AS venue FROM audit.audit_logs WHERE table_name = 'exchange.venues'
AND action = 'DELETE';
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT exchange.unregister_venue(''west'')');
ROLLBACK;

-- What the constraints do not let stand, for a superuser either; and rows stay.
SELECT statement, split_part(refusal(statement), ' /', 1) AS refusal
FROM unnest(ARRAY[
    'UPDATE exchange.venue_transfers SET status = ''received'' WHERE direction = ''out''',
    'UPDATE exchange.venue_transfers SET ended_at = NULL WHERE status = ''settled''',
    'UPDATE exchange.venue_transfers SET status = ''received'' WHERE named_user_id = 0',
    'UPDATE exchange.venue_transfers SET amount = ''NaN''', 'UPDATE exchange.venue_transfers SET direction = ''up''',
    'DELETE FROM exchange.venue_transfers', 'TRUNCATE exchange.venue_transfers']) statement;
-- verify() sees a leg that has been changed by hand.
BEGIN;
UPDATE exchange.venue_transfers SET amount = amount + 1 WHERE transfer_id = :'one' AND direction = 'in';
SELECT check_name, regexp_replace(subject, '\d+', 'N') AS subject, expected, actual FROM exchange.verify();
ROLLBACK;

-- Who waits for too long is told of; who is erased has nothing under way.
SELECT exchange.send_to_venue('00000000-0000-4000-8000-000000000004', :ann, 'west', 'VNT', 100);
SELECT exchange.withdraw(:ann, 'USD', 100) IS NOT NULL AS withdrawn;
SELECT name, value FROM bourse.metrics() WHERE name = 'exchange_unsettled_venue_transfers';
SELECT value >= 0 AS age FROM bourse.metrics() WHERE name = 'exchange_unsettled_venue_transfer_age_seconds';
SELECT count(*) AS told FROM bourse.alerts() WHERE alert = 'venue_transfer_waits';
UPDATE exchange.venue_transfers SET created_at = created_at - interval '11 minutes' WHERE status = 'sent';
SELECT severity, alert, regexp_replace(detail, ' [\d.]+ secs', '') AS detail, hint FROM bourse.alerts()
WHERE alert = 'venue_transfer_waits';
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked'')', :ann));
SELECT exchange.refuse_from_venue('00000000-0000-4000-8000-000000000004', :ann, 'east', 'VNT', 100),
       exchange.return_venue_transfer('00000000-0000-4000-8000-000000000004');
SELECT count(*) AS told FROM bourse.alerts() WHERE alert = 'venue_transfer_waits';

-- Who may: a trader neither sends nor makes money; a gateway sends for whom it acts; a carrier does the rest, acts for
-- nobody, and reads no table.
CREATE ROLE regress_vnt_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_vnt_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE regress_vnt_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE regress_vnt_carrier LOGIN IN ROLE bourse_carrier;
UPDATE identity.users SET db_role = 'regress_vnt_trader' WHERE name = 'vnt ann';
CREATE TEMP TABLE calls (n serial, call text);
INSERT INTO calls (call)
SELECT replace(call, '@ann', :'ann') FROM unnest(ARRAY[
    'send_to_venue(''00000000-0000-4000-8000-000000000005'', @ann, ''west'', ''VNT'', 1)',
    'receive_from_venue(''00000000-0000-4000-8000-000000000005'', @ann, ''east'', ''VNT'', 1)',
    'refuse_from_venue(''00000000-0000-4000-8000-000000000006'', @ann, ''east'', ''VNT'', 1)',
    'settle_venue_transfer(''00000000-0000-4000-8000-000000000005'')',
    'return_venue_transfer(''00000000-0000-4000-8000-000000000004'')', 'unsettled_venue_transfers()',
    'register_venue(''south'')', 'unregister_venue(''north'')']) call;
GRANT SELECT ON calls TO PUBLIC;
SET SESSION AUTHORIZATION regress_vnt_trader;
SELECT split_part(call, '(', 1) AS call, split_part(refusal('SELECT exchange.' || call), ' /', 1) AS refusal FROM calls
ORDER BY n;
SELECT direction, status, amount FROM exchange.venue_transfers WHERE asset = 'VNT' ORDER BY id;
SELECT venue FROM exchange.venues ORDER BY venue;
SET SESSION AUTHORIZATION regress_vnt_worker;
SELECT split_part(call, '(', 1) AS call, split_part(refusal('SELECT exchange.' || call), ' /', 1) AS refusal FROM calls
ORDER BY n;
SET SESSION AUTHORIZATION regress_vnt_gateway;
SELECT split_part(call, '(', 1) AS call, split_part(refusal('SELECT exchange.' || call), ' /', 1) AS refusal FROM calls
ORDER BY n;
BEGIN;
SELECT identity.act_as(:ann) \g /dev/null
SELECT exchange.send_to_venue('00000000-0000-4000-8000-000000000005', :ann, 'west', 'VNT', 1);
COMMIT;
-- An id that was used for somebody else does not tell what for.
BEGIN;
SELECT identity.act_as(:ann) \g /dev/null
SELECT pg_temp.detail(format($$SELECT exchange.send_to_venue('00000000-0000-4000-8000-000000000005', %s, 'west', 'VNT',
    2)$$, :ann)) AS own;
SELECT identity.act_as(:bob) \g /dev/null
SELECT pg_temp.detail(format($$SELECT exchange.send_to_venue('00000000-0000-4000-8000-000000000005', %s, 'west', 'VNT',
    2)$$, :bob)) AS of_another;
COMMIT;
SET SESSION AUTHORIZATION regress_vnt_carrier;
SELECT split_part(call, '(', 1) AS call, split_part(refusal('SELECT exchange.' || call), ' /', 1) AS refusal FROM calls
ORDER BY n;
SELECT refusal(call)
FROM unnest(ARRAY['TABLE exchange.venue_transfers', 'TABLE exchange.assets', 'TABLE exchange.venues',
    'SELECT exchange.deposit(1, ''VNT'', 1)', 'UPDATE exchange.venue_transfers SET status = ''returned''']) call;
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET db_role = NULL WHERE name = 'vnt ann';
DROP ROLE regress_vnt_trader, regress_vnt_gateway, regress_vnt_worker, regress_vnt_carrier;
SELECT * FROM exchange.verify();
