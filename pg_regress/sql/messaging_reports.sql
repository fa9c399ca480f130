-- What workers and providers say of messages: twice, with a secret, of another channel; and who comes first.
SET client_min_messages = warning;
SELECT identity.register('report ann') AS ann \gset
CREATE ROLE report_monitor LOGIN IN ROLE bourse_monitor;

-- The answer to an ack was lost: the same again is no error, another lease is.
SELECT messaging.enqueue_message('note', '{fax}', '{}', :'ann') AS twice \gset
SELECT lease AS held FROM messaging.claim('w', 'fax') \gset
SELECT messaging.ack(:'held', :twice, 'fax-7');
SELECT messaging.ack(:'held', :twice, 'fax-7');
SELECT refusal(format('SELECT messaging.ack(%L, %s)', '00000000-0000-4000-8000-000000000000', :twice));
SELECT count(*) AS attempts FROM messaging.delivery_status s WHERE s.message_id = :twice;
-- One that has failed was not delivered.
SELECT messaging.enqueue_message('note', '{fax}', '{}', :'ann') AS failed \gset
SELECT lease AS held FROM messaging.claim('w', 'fax') \gset
SELECT messaging.fail(:'held', :failed, 'no', permanent => true);
SELECT replace(refusal(format('SELECT messaging.ack(%L, %s)', :'held', :failed)), :'held', 'its lease');

-- A provider names its own id.
SELECT messaging.find_message('fax', 'fax-7') = :twice AS found, messaging.find_message('sms', 'fax-7') AS of_another,
       messaging.find_message('fax', 'fax-8') AS none;
SELECT refusal($$ SELECT messaging.find_message('fax', NULL) $$);
SELECT messaging.record_delivery_status(messaging.find_message('fax', 'fax-7'), 'fax', 'BOUNCED') > 0 AS told;
SELECT refusal(format('SELECT messaging.record_delivery_status(%s, %L, %L)', :twice, 'sms', 'BOUNCED'));
SELECT refusal(format('SELECT messaging.record_delivery_status(%s, %L, %L)', :twice, 'fax', 'LOST'));
SELECT refusal(format('SELECT messaging.record_delivery_status(%s, %L, %L, -1)', :twice, 'fax', 'SENT'));
SELECT refusal(format('SELECT messaging.record_delivery_status(%s, %L, %L, external_id => repeat(%L, 256))', :twice,
                      'fax', 'SENT', 'x'));

-- Nothing is kept of an error that holds a secret: its user reads it, and operators do.
SELECT messaging.enqueue_message('note', '{sms}', '{}', :'ann') AS secret \gset
SELECT messaging.fail(lease, message_id, 'login failed: https://api:s3cretPassw0rd@sms.example.com', permanent => true)
FROM messaging.claim('w', 'sms');
SELECT m.last_error FROM messaging.messages m WHERE m.id = :secret;
SELECT s.error_message FROM messaging.delivery_status s WHERE s.message_id = :secret;
SELECT jobs.enqueue('report', 'secret') AS run \gset
SELECT jobs.fail(lease, run_id, 'password=hunter2hunter2', permanent => true) FROM jobs.claim('w', '{report}');
SELECT r.error FROM jobs.schedule_runs r WHERE r.id = :run;
-- A monitor hears how many, not what of whom.
SELECT messaging.enqueue_message('note', '{mail}', '{}', :'ann') AS refused \gset
SELECT messaging.fail(lease, message_id, '550 <bob@example.com>: no such user', permanent => true)
FROM messaging.claim('w', 'mail');
SELECT messaging.update_channel_health('mail', false, 10, '450 <bob@example.com>: greylisted')
FROM generate_series(1, 3);
SET SESSION AUTHORIZATION report_monitor;
SELECT a.alert, a.subject, a.detail FROM bourse.alerts() a WHERE a.subject IN ('mail', 'notification mail')
ORDER BY a.alert;
SELECT v.component, v.status, v.error_message FROM messaging.v_system_health v WHERE v.component = 'mail';
RESET SESSION AUTHORIZATION;
SELECT messaging_private.without_addresses($$b'<a.b+c@x.example.com>' and +49 (170) 123-4567: 550 5.1.1 no$$);

-- A channel on which messages wait too long is named; one that is off has an alert of its own.
SELECT messaging.enqueue_message('note', '{slow,off}', '{}', :'ann') > 0 AS enqueued;
UPDATE messaging.deliveries d SET claimable_at = now() - interval '11 min' WHERE d.channel IN ('slow', 'off');
INSERT INTO messaging.channel_configs (channel, enabled) VALUES ('off', false);
SELECT a.module, a.alert, a.subject, a.detail LIKE 'the oldest message on channel slow has been due for %'
    AS named FROM bourse.alerts() a WHERE a.alert IN ('queue_lags', 'channel_is_off') ORDER BY a.alert;

-- Of one recipient a CRITICAL message has the next token, whatever has been put off before.
INSERT INTO messaging.channel_configs (channel, rate_limit_per_minute) VALUES ('slots', 1);
SELECT count(messaging.enqueue_message('fill', '{slots}', '{}', :'ann')) FROM generate_series(1, 8);
SELECT count(*) AS handed_out FROM messaging.claim('w', 'slots');
SELECT count(messaging.enqueue_message('call', '{slots}', '{}', :'ann', 'CRITICAL')) FROM generate_series(1, 2);
SELECT count(*) AS handed_out FROM messaging.claim('w', 'slots');
SELECT m.message_type, round(extract(epoch FROM d.claimable_at - now()) / 60) AS minutes
FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
WHERE d.channel = 'slots' AND d.status = 'pending' ORDER BY d.priority, d.claimable_at;

-- What somebody has scheduled for long ago stays as long as anything else that has just ended, and its key is its own.
SELECT messaging.enqueue_message('note', '{old}', '{}', :'ann', scheduled_for => '1999-01-01',
                                 idempotency_key => 'once')
    AS old \gset
SELECT messaging.ack(lease, message_id) FROM messaging.claim('w', 'old');
SELECT messaging.enqueue_message('note', '{old}', '{}', :'ann', scheduled_for => now() - interval '100 days')
    AS dead \gset
SELECT messaging.fail(lease, message_id, 'no', permanent => true) FROM messaging.claim('w', 'old');
SELECT messaging.cleanup_old_messages(1) AS moved;
SELECT bourse_private.delete_old_rows('messaging.messages', 'scheduled_for', '{FAILED}', now() - interval '90 days')
    AS deleted;
SELECT messaging.enqueue_message('note', '{old}', '{}', :'ann', scheduled_for => '1999-01-01',
                                 idempotency_key => 'once')
    = :old AS same;
UPDATE messaging.messages m SET processed_at = now() - interval '91 days' WHERE m.id IN (:old, :dead);
SELECT messaging.cleanup_old_messages(90) AS moved;
SELECT bourse_private.delete_old_rows('messaging.messages', 'scheduled_for', '{FAILED}', now() - interval '90 days')
    AS deleted;
SELECT bourse_private.delete_old_rows('messaging.messages_archive', 'scheduled_for', NULL, now() - interval '365 days')
    AS deleted;

-- The size of a message is that of its text, however small it is kept.
CREATE TEMP TABLE small (content jsonb COMPRESSION pglz) WITH (toast_tuple_target = 8160);
INSERT INTO small VALUES (jsonb_build_object('a', repeat('a', 300000)));
SELECT pg_column_size(content) < 8160 AS is_small FROM small;
SELECT refusal(format('SELECT messaging.enqueue_message(%L, %L, content, %L) FROM small', 'note', '{old}', :ann));

-- A user is told what leaves with the user.
INSERT INTO identity.auth_identities (user_id, provider, external_id) VALUES (:ann, 'telegram', '7001');
SELECT messaging.log_command('7001', '/start', '/start', true, 1) IS NULL AS logged;
UPDATE messaging.telegram_command_audits SET user_id = NULL WHERE telegram_user_id = '7001';
SELECT jsonb_path_query_array(e.data -> 'tables', '$."messaging.telegram_command_audits"[*].command') AS commands,
       jsonb_path_query_array(e.data -> 'tables', '$."messaging.rate_limits"[*].channel') AS buckets
FROM identity.export_user(:ann) e (data);
DROP OWNED BY report_monitor;
DROP ROLE report_monitor;
SELECT * FROM messaging.verify();
