-- What an erasure explains and what it does not: nobody blanks a row of the trail under cover of one.
CREATE ROLE regress_aer_gateway LOGIN IN ROLE bourse_gateway;
INSERT INTO identity.users (name) VALUES ('aer eve'), ('aer bob');
SELECT person('aer eve') AS eve, person('aer bob') AS bob \gset
SELECT audit.enable('exchange.transfers', '{created_by}');
SELECT exchange.deposit(:eve, 'USD', 5) IS NOT NULL AND exchange.withdraw(:eve, 'USD', 5) IS NOT NULL AS booked;
UPDATE identity.users SET developer_bio = 'eve''s life' WHERE id = :eve;
SELECT audit.log_activity(:eve, 'login', 'session', '17') IS NOT NULL AS logged;
-- A gateway writes for her, and says from where she came.
SET SESSION AUTHORIZATION regress_aer_gateway;
SET bourse.user_agent = 'eve''s phone';
SELECT identity.link_identity(:eve, 'telegram', 'aer account') IS NOT NULL AS linked,
       identity.issue_code(:eve, 'email') IS NOT NULL AS issued;
SET bourse.user_agent = 'bob''s phone';
SELECT identity.link_identity(:bob, 'telegram', 'aer bob''s account') IS NOT NULL AS linked;
RESET bourse.user_agent;
RESET SESSION AUTHORIZATION;
SELECT DISTINCT user_agent FROM audit.audit_logs WHERE user_agent LIKE '%''s phone' ORDER BY 1;
SELECT (identity.erase_user(:eve, 'asked by letter') ->> 'erasure')::bigint AS erasure \gset
SELECT DISTINCT user_agent FROM audit.audit_logs WHERE user_agent LIKE '%''s phone' ORDER BY 1;
-- The ERASE row says how far it went, and who wrote it stays, after another one too.
SELECT new_values - 'last_activity' AS told,
       (new_values ->> 'last_activity')::bigint = (SELECT max(id) FROM audit.activity_logs
                                                   WHERE subject_id = :eve) AS told_how_far
FROM audit.audit_logs WHERE id = :erasure;
SELECT identity.erase_user(:eve, 'once more') -> 'deleted' AS deleted;
SELECT login_role = session_user AS told_by_whom FROM audit.audit_logs WHERE id = :erasure;
SELECT count(*) AS later_than_the_erasure FROM audit.audit_logs WHERE values_erased_by <= id OR origin_erased_by <= id;
-- After the erasure: what a superuser can do who puts the guards out of action.
ALTER TABLE identity.users DISABLE TRIGGER trigger_keep_erased;
UPDATE identity.users SET role = 'admin' WHERE id = :eve;
ALTER TABLE identity.users ENABLE TRIGGER trigger_keep_erased;
SELECT max(id) AS promoted FROM audit.audit_logs WHERE subject_id = :eve \gset
SELECT audit_private.write_activity(:eve, 'left', 'session', '18', NULL) AS early \gset
SELECT audit_private.write_log('ERASE', 'identity.users', :'eve', :eve, NULL,
                               '{"reason": "asked long ago"}') AS old_erasure \gset
SELECT audit_private.write_activity(:eve, 'came back', 'session', '18', NULL) AS back \gset
SELECT min(id) AS booked FROM audit.audit_logs
WHERE table_name = 'exchange.transfers' AND subject_id = :eve AND action = 'INSERT' \gset
SELECT audit.head() AS anchor \gset
SELECT * FROM audit.verify(:'anchor');

-- told: what an ERASE row says that is written by hand.
CREATE FUNCTION pg_temp.blank(log_id bigint, part text, erasure bigint, with_triggers boolean,
                              about bigint DEFAULT NULL, told jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    erasure := coalesce(erasure, audit_private.write_log('ERASE', 'identity.users', about::text, about, NULL, told));
    PERFORM set_config('session_replication_role', CASE WHEN with_triggers THEN 'origin' ELSE 'replica' END, true);
    IF part = 'values' THEN
        UPDATE audit.audit_logs SET old_values = NULL, new_values = NULL, values_salt = NULL, values_erased_by = erasure
    WHERE id = log_id;
    ELSIF part = 'origin' THEN
        UPDATE audit.audit_logs
    SET login_role = NULL, ip_address = NULL, user_agent = NULL, origin_salt = NULL, origin_erased_by = erasure
    WHERE id = log_id;
    ELSIF part = 'activity' THEN
        UPDATE audit.activity_logs
    SET resource_id = NULL, details = NULL, login_role = NULL, ip_address = NULL, user_agent = NULL, salt = NULL,
        erased_by = erasure
    WHERE id = log_id;
    END IF;
    answer := coalesce((SELECT string_agg(DISTINCT v.check_name, ', ') FROM audit.verify() v), 'nothing is wrong');
    RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = 'undo';
EXCEPTION WHEN no_data_found THEN
    RETURN answer;
WHEN restrict_violation THEN
    RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '\d+', 'N');
END
$$;
SELECT a.what, pg_temp.blank(a.log_id, a.part, :erasure, false) AS past_the_triggers,
       pg_temp.blank(a.log_id, a.part, :erasure, true) AS with_them
FROM (VALUES (1, 'the ERASE row itself', :erasure, 'values'), (2, 'its origin', :erasure, 'origin'),
             (3, 'a row after it', :promoted, 'values'), (4, 'the origin of a row after it', :promoted, 'origin'),
             (5, 'a row of the books', :booked, 'values'),
             (6, 'an activity after it', :back, 'activity')) a (n, what, log_id, part)
ORDER BY a.n;
-- An ERASE row that nobody's erasure has left: about somebody who is there, or without saying how far it went.
SELECT max(id) AS linked FROM audit.audit_logs WHERE table_name = 'identity.auth_identities' AND subject_id = :bob \gset
SELECT audit_private.write_activity(:bob, 'login', 'session', '19', NULL) AS login \gset
SELECT a.what, pg_temp.blank(a.log_id, a.part, NULL, false, :bob, a.told) AS past_the_triggers,
       pg_temp.blank(a.log_id, a.part, NULL, true, :bob, a.told) AS with_them
FROM (VALUES (1, 'the row alone', NULL, 'nothing', '{}'::jsonb), (2, 'values', :linked, 'values', '{}'),
             (3, 'an origin', :linked, 'origin', '{}'),
             (4, 'an activity', :login, 'activity', '{}'),
             (5, 'an activity that it names', :login, 'activity',
              jsonb_build_object('last_activity', :login))) a (n, what, log_id, part, told)
ORDER BY a.n;
-- One from before it was said how far it went covers what was there, and not what came later.
SELECT pg_temp.blank(:early, 'activity', :old_erasure, false) AS past_the_triggers,
       pg_temp.blank(:early, 'activity', :old_erasure, true) AS with_them;
SELECT pg_temp.blank(:back, 'activity', :old_erasure, false) AS past_the_triggers,
       pg_temp.blank(:back, 'activity', :old_erasure, true) AS with_them;

SELECT audit.disable('exchange.transfers');
DROP ROLE regress_aer_gateway;
SELECT * FROM audit.verify(:'anchor');
