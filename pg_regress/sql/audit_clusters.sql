-- A chain belongs to a server that was registered when it was sealed; nothing can be put into the past of another one.
INSERT INTO identity.users (name) VALUES ('acl ann');
SELECT audit.head() AS anchor \gset
SELECT log, length, first_id, horizon, next_id,
       cluster = (SELECT system_identifier FROM pg_control_system()) AS is_this_server
FROM audit.seals WHERE log = 'clusters';
CREATE FUNCTION pg_temp.forge(cluster bigint, xid bigint, at timestamptz,
                              id bigint DEFAULT nextval('audit.audit_logs_id_seq')) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO audit.audit_logs (id, action, table_name, record_id, "timestamp", cluster, transaction_id, position,
                                  values_salt, values_digest, origin_salt, origin_digest, hash)
    SELECT id, 'UPDATE', 'exchange.markets', 'ACL', at, cluster, xid, 1, s, audit_private.values_digest(s, NULL, NULL),
           s, audit_private.origin_digest(s, NULL, NULL, NULL),
           audit_private.log_hash(NULL, cluster, xid, 1, id, NULL, NULL, 'UPDATE', 'exchange.markets', 'ACL', at,
                                  audit_private.values_digest(s, NULL, NULL),
                                  audit_private.origin_digest(s, NULL, NULL, NULL))
    FROM gen_random_uuid() s $$;
CREATE FUNCTION pg_temp.registered(cluster bigint) RETURNS void
LANGUAGE sql AS $$ SELECT audit_private.register_cluster(cluster, clock_timestamp()) $$;
CREATE FUNCTION pg_temp.found(change text, anchor text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    findings text[];
BEGIN
    EXECUTE change;
    findings := ARRAY(SELECT DISTINCT v.check_name FROM audit.verify(anchor) v);
    PERFORM audit.seal();
    findings := findings || ' then'::text || ARRAY(SELECT DISTINCT v.check_name FROM audit.verify(anchor) v);
    RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = 'undo';
EXCEPTION WHEN no_data_found THEN
    RETURN QUERY SELECT array_to_string(findings, ' ');
END
$$;
CREATE FUNCTION pg_temp.own() RETURNS bigint LANGUAGE sql AS $$ SELECT system_identifier FROM pg_control_system() $$;
CREATE FUNCTION pg_temp.next() RETURNS bigint
LANGUAGE sql AS $$ SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 100 $$;
-- A server that never was; with a seal that registers it: then nothing of the past can be claimed.
SELECT * FROM pg_temp.found($$SELECT pg_temp.forge(4711, 5, '2026-01-01')$$, :'anchor');
SELECT * FROM pg_temp.found($$SELECT pg_temp.registered(4711), pg_temp.forge(4711, 5, '2026-01-01')$$, :'anchor');
SELECT * FROM pg_temp.found($$
    SELECT pg_temp.registered(4711); SELECT pg_temp.forge(4711, 5, '2026-01-01');
    SELECT audit_private.seal_cluster(4711, clock_timestamp())
$$, :'anchor');
-- Written in time in an era that is over: by the seal that ended it nothing was left.
SELECT * FROM pg_temp.found($$
    SELECT pg_temp.registered(4711); SELECT pg_temp.registered(pg_temp.own()) FROM (SELECT pg_sleep(0)) s;
    SELECT pg_temp.forge(4711, 5, now())
$$, :'anchor');
-- On this server: a transaction that has long ended, an old time, a number that was left free long ago.
SELECT * FROM pg_temp.found($$SELECT pg_temp.forge(pg_temp.own(), 5, now())$$, :'anchor');
SELECT * FROM pg_temp.found($$SELECT pg_temp.forge(pg_temp.own(), pg_temp.next(), '2026-01-01')$$, :'anchor');
SELECT * FROM pg_temp.found($$SELECT pg_temp.forge(pg_temp.own(), pg_temp.next(), clock_timestamp(), -1)$$, :'anchor');
-- Restored from another server: what that one has left is sealed as its own, then this one is registered.
SELECT * FROM pg_temp.found($$
    SELECT pg_temp.registered(4711); SELECT pg_temp.forge(4711, 5, clock_timestamp())
$$, :'anchor');
SELECT * FROM audit.verify(:'anchor');
