-- What no message may be, so that none stops those of others; what only the platform may say.
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT identity.register('bounds ann') AS ann \gset
CREATE ROLE bounds_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE bounds_gateway LOGIN IN ROLE bourse_gateway;
UPDATE identity.users SET db_role = 'bounds_ann' WHERE id = :ann;
CREATE FUNCTION enqueued(arguments text) RETURNS text LANGUAGE sql AS
$$ SELECT refusal('SELECT messaging.enqueue_message(''note'', ' || arguments || ')') $$;
GRANT EXECUTE ON FUNCTION enqueued(text) TO bounds_ann, bounds_gateway;

-- Places of channels are counted from 1.
SELECT enqueued($$ '[0:1]={email,sms}', '{}' $$);
SELECT enqueued($$ '[5:6]={email,sms}', '{}' $$);
SELECT enqueued($$ '{{email,sms}}', '{}' $$);
-- JSON of 64 levels passes, one more does not.
SELECT enqueued(format($$ '{email}', '{"a": %s1%s}' $$, repeat('[', 62), repeat(']', 62)));
SELECT enqueued(format($$ '{email}', '{"a": %s1%s}' $$, repeat('[', 64), repeat(']', 64)));
SELECT enqueued(format($$ '{email}', '{}', metadata => '{"a": %s1%s}' $$, repeat('[', 64), repeat(']', 64)));
-- Times that a dump brings back.
SELECT enqueued($$ '{email}', '{}', scheduled_for => '294276-12-31 23:59:59.999999+00' $$);
SELECT enqueued($$ '{email}', '{}', scheduled_for => '4713-01-01 BC' $$);
SELECT enqueued($$ '{email}', '{}', scheduled_for => 'infinity' $$);
SELECT enqueued($$ '{email}', '{}', scheduled_for => '2026-01-01', expires_at => 'infinity' $$);
SELECT enqueued($$ '{email}', '{}', scheduled_for => '9999-12-31 23:59:59+00' $$);

-- A recipient is written in one way.
SELECT enqueued($$ '{email}', '{}', ' 42' $$);
SELECT enqueued($$ '{email}', '{}', '4791234567' $$);

-- A user: channels that somebody has named, no priority before NORMAL, nobody but himself.
SET SESSION AUTHORIZATION bounds_ann;
SELECT enqueued($$ '{email}', '{}' $$);
RESET SESSION AUTHORIZATION;
INSERT INTO messaging.channel_configs (channel) VALUES ('email');
SET SESSION AUTHORIZATION bounds_ann;
SELECT enqueued($$ '{email}', '{}' $$);
SELECT enqueued($$ '{email,nowhere}', '{}' $$);
SELECT enqueued($$ '{email}', '{}', priority => 'CRITICAL' $$);
SELECT enqueued($$ '{email}', '{}', priority => 'HIGH' $$);
SELECT enqueued($$ '{email}', '{}', priority => 'LOW' $$);
SELECT enqueued($$ '{email}', '{}', 'desk@example.com' $$);
RESET SESSION AUTHORIZATION;
-- A gateway that has not said for whom it acts sends nothing; for everybody it is the platform.
SET SESSION AUTHORIZATION bounds_gateway;
SELECT enqueued($$ '{email}', '{}', 'desk@example.com' $$);
SELECT enqueued($$ '{desk}', '{}' $$);
BEGIN;
SELECT identity.act_for_everybody();
SELECT enqueued($$ '{desk}', '{}', 'desk@example.com', 'CRITICAL' $$);
COMMIT;
RESET SESSION AUTHORIZATION;

-- An interval that cannot be added to a time.
SELECT refusal(format($$ SELECT messaging.set_preferences(%s, 'email',
    digest => interval '71582788 months -2147483640 days 1 minute') $$, :ann));
SELECT refusal(format($$ SELECT messaging.set_preferences(%s, 'email', digest => interval '1 day 12 hours') $$, :ann));
-- A digest is full with 1 MiB: whoever claims it can read it. The next message begins another.
SELECT count(messaging.enqueue_message('note', '{email}', jsonb_build_object('t', repeat('a', 262000)), :'ann',
                                       digest_key => 'k')) FROM generate_series(1, 6);
SELECT d.digest_count, d.digest_bytes, d.claimable_at <= clock_timestamp() AS due FROM messaging.deliveries d
WHERE d.digest_key = 'k' ORDER BY d.id;
SELECT jsonb_array_length(m.content -> 'messages') AS told FROM messaging.claim('w1', 'email') m
WHERE m.message_type = 'digest';
SELECT * FROM messaging.verify();
DROP OWNED BY bounds_ann, bounds_gateway;
