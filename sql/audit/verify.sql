-- Each check is a query of its own that returns nothing when all is well, the first bad row first. A row names what is
-- wrong: the subject, what the chain says, what the tables hold. All of it works on a restored database and a standby.
-- Compiling these queries takes seconds, running them on a short trail does not.
CREATE FUNCTION audit.verify(anchor text DEFAULT NULL)
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp SET jit = off AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF anchor !~ '^[0-9]{1,18}:[0-9a-f]{64}$' THEN
        PERFORM bourse.refuse('22023', format('%s is no anchor', bourse_private.quoted(anchor)),
            'Give what audit.head() returned: a number, a colon, 64 hexadecimal digits.');
    END IF;
    RETURN QUERY SELECT * FROM audit_private.verify_anchor(anchor);
    RETURN QUERY SELECT * FROM audit_private.verify_seals();
    RETURN QUERY SELECT * FROM audit_private.verify_months();
    RETURN QUERY SELECT * FROM audit_private.verify_chains();
    RETURN QUERY SELECT * FROM audit_private.verify_rows();
END
$$;
COMMENT ON FUNCTION audit.verify(text) IS
'What was tampered with in audit_logs, activity_logs and seals: 0 rows when nothing. Names the row, or the seal, what '
'the chain says and what is there. anchor: what head() returned once; then nothing up to that seal can have been '
'rewritten. Without one, who can write everything (a superuser) can rewrite everything. 22023 no anchor';
GRANT EXECUTE ON FUNCTION audit.verify(text) TO bourse_admin, bourse_worker, bourse_monitor;

CREATE FUNCTION audit_private.verify_anchor(anchor text)
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT 'anchor_holds', 'seal ' || a.id, a.hash, coalesce(encode(s.hash, 'hex'), 'none')
    FROM (SELECT split_part(anchor, ':', 1)::bigint AS id, split_part(anchor, ':', 2) AS hash) a
    LEFT JOIN audit.seals s ON s.id = a.id
    WHERE a.hash IS DISTINCT FROM CASE WHEN a.id = 0 THEN repeat('00', 32) ELSE encode(s.hash, 'hex') END
      AND anchor IS NOT NULL
$$;
COMMENT ON FUNCTION audit_private.verify_anchor(text) IS 'The part of verify() that compares a seal with an anchor';

CREATE FUNCTION audit_private.verify_seals() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    WITH linked AS (
        SELECT s.*, lag(s.hash) OVER w AS previous, coalesce(lag(s.id) OVER w, 0) + 1 AS expected_id
        FROM audit.seals s WINDOW w AS (ORDER BY s.id)
    ), computed AS (
        SELECT l.*, audit_private.seal_hash(l.previous, l.id, l.log, l.cluster, l.transaction_id, l.length, l.first_id,
                                            l.head, l.horizon, l.next_id, l.sealed_at) AS computed
        FROM linked l
    )
    SELECT c.check_name, 'seal ' || s.id, c.expected, c.actual
    FROM computed s
    CROSS JOIN LATERAL (VALUES
        ('seal_follows_seal', s.id = s.expected_id, 'seal ' || s.expected_id, 'seal ' || s.id),
        ('seal_is_unchanged', s.id <> s.expected_id OR s.hash = s.computed, encode(s.computed, 'hex'),
         encode(s.hash, 'hex'))
    ) AS c (check_name, holds, expected, actual)
    WHERE NOT c.holds
    ORDER BY s.id
$$;
COMMENT ON FUNCTION audit_private.verify_seals() IS 'The part of verify() that follows the global chain';

-- An era is the time that the database has lived on one server: from the seal that registers the server to the next
-- such seal. Seals from before there were eras are held by the anchors that there are of them.
CREATE FUNCTION audit_private.eras() RETURNS TABLE (seal bigint, next_seal bigint, cluster bigint, since timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT s.id, lead(s.id) OVER w, s.cluster,
           -- On the first server transactions may have been open while it was registered.
           CASE WHEN row_number() OVER w > 1 THEN (SELECT max(p.sealed_at) FROM audit.seals p WHERE p.id < s.id) END
    FROM audit.seals s WHERE s.log = 'clusters' WINDOW w AS (ORDER BY s.id)
    UNION ALL
    -- Restored on another server, which has not sealed yet.
    SELECT NULL, NULL, c.system_identifier, (SELECT max(p.sealed_at) FROM audit.seals p)
    FROM pg_control_system() c
    WHERE c.system_identifier <> (SELECT s.cluster FROM audit.seals s WHERE s.log = 'clusters'
                                  ORDER BY s.id DESC LIMIT 1)
$$;
COMMENT ON FUNCTION audit_private.eras() IS
'The servers on which this database has lived: the seal that registers each, that of the next one, its system '
'identifier, and since when nothing can have been written there. Without a seal: this server, before its first seal';

CREATE FUNCTION audit_private.verify_chains() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    WITH seals AS (
        SELECT s.*, coalesce(d.gone, 0) AS gone
        FROM audit.seals s LEFT JOIN audit_private.dropped_chains() d ON d.seal = s.id
        WHERE s.log IN ('activity_logs', 'audit_logs')
    ), chains AS (
        SELECT s.id AS seal, log, cluster, transaction_id, s.gone, s.length - s.gone AS sealed_length,
               s.first_id AS sealed_id,
               s.head AS sealed_head, c.length, c.first_id, c.first_time, c.head, s.next_id,
               max(s.horizon) OVER (PARTITION BY cluster) AS horizon
        FROM seals s
        FULL JOIN (SELECT k.cluster, a.* FROM audit_private.clusters() k (cluster)
                   CROSS JOIN LATERAL audit_private.chains(k.cluster, 0) a) c
            USING (log, cluster, transaction_id)
    ), timed AS (
        -- When the last seal was made before this transaction began to write, and the highest number that a row had
        -- then.
        SELECT e.log, e.cluster, e.transaction_id, e.first_time,
               max(e.sealed_at) OVER (PARTITION BY e.cluster
                                      ORDER BY e.transaction_id, e.first_time NULLS FIRST) AS begun_after,
               max(e.sealed_id) OVER (PARTITION BY e.cluster, e.log
                                      ORDER BY e.transaction_id, e.first_time NULLS FIRST) AS above
        FROM (SELECT s.log, s.cluster, s.next_id AS transaction_id, NULL::timestamptz AS first_time, s.sealed_at,
                     s.first_id AS sealed_id
              FROM seals s
              UNION ALL
              SELECT c.log, c.cluster, c.transaction_id, c.first_time, NULL, NULL FROM chains c
              WHERE c.first_time IS NOT NULL) e
    ), named AS (
        SELECT c.*, format('%s %s', c.log, coalesce(c.sealed_id, c.first_id)) AS name, t.above, era.cluster AS era,
               greatest(t.begun_after, era.since) AS begun_after,
               -- Sealed before there were eras, or in the era of its server; not sealed, in the last era or on this
               -- server.
               c.seal < (SELECT min(e.seal) FROM audit_private.eras() e) IS TRUE OR era.cluster IS NOT NULL
                   OR NOT EXISTS (SELECT FROM audit_private.eras()) AS is_of_an_era,
               -- Before there were eras a number was drawn before the transaction had its own.
               (c.seal > (SELECT min(e.seal) FROM audit_private.eras() e)) IS NOT FALSE AS is_numbered
        FROM chains c
        LEFT JOIN timed t ON t.log = c.log AND t.cluster = c.cluster AND t.transaction_id = c.transaction_id
            AND t.first_time IS NOT NULL
        LEFT JOIN audit_private.eras() era ON era.cluster = c.cluster
            AND (c.seal > era.seal AND (c.seal < era.next_seal) IS NOT FALSE
                 OR c.seal IS NULL AND era.next_seal IS NULL)
    )
    SELECT k.check_name, n.name, k.expected, k.actual
    FROM named n
    CROSS JOIN LATERAL (VALUES
        ('chain_is_complete', n.seal IS NULL
         OR coalesce(n.length, 0) = n.sealed_length AND (n.gone > 0 OR n.first_id = n.sealed_id),
         format('%s rows of transaction %s', n.sealed_length, n.transaction_id),
         CASE WHEN n.length IS NULL THEN 'none' ELSE format('%s rows, the first is %s', n.length, n.first_id) END),
        ('chain_is_unchanged', n.seal IS NULL OR n.length IS DISTINCT FROM n.sealed_length OR n.head = n.sealed_head,
         encode(n.sealed_head, 'hex'), encode(n.head, 'hex')),
        ('chain_was_there', n.seal IS NOT NULL OR n.horizon IS NULL OR n.transaction_id >= n.horizon,
         'no row of transaction ' || n.transaction_id, n.length || ' rows'),
        ('chain_had_begun', n.transaction_id < n.next_id, 'transactions below ' || n.next_id,
         'transaction ' || n.transaction_id),
        ('chain_is_of_its_server', n.is_of_an_era, 'a server that was registered when it was written',
         'server ' || n.cluster),
        -- A clock may be set back a little.
        ('chain_is_not_backdated', n.first_time >= n.begun_after - interval '5 minutes',
         to_char(n.begun_after AT TIME ZONE 'UTC', '"not before" YYYY-MM-DD HH24:MI:SS UTC'),
         to_char(n.first_time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS UTC')),
        ('id_is_of_its_time', NOT n.is_numbered OR n.first_id > n.above, 'a number above ' || n.above,
         'row ' || n.first_id)
    ) AS k (check_name, holds, expected, actual)
    WHERE NOT k.holds
    ORDER BY n.seal NULLS LAST, n.first_id
$$;
COMMENT ON FUNCTION audit_private.verify_chains() IS
'The part of verify() that compares the transactions with their seals';

-- The rows of a chain that went with a dropped month are not there, what has to come after them is.
CREATE FUNCTION audit_private.verify_rows(only_log text DEFAULT NULL, since timestamptz DEFAULT '-infinity',
                                          until timestamptz DEFAULT 'infinity')
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    WITH gone AS MATERIALIZED (
        SELECT * FROM audit_private.last_crossings()
    ), rows AS (
        SELECT 'audit_logs' AS log, l.transaction_id, l.position, l.id, l.hash,
               coalesce(lag(l.position) OVER w, g.last, 0) + 1 AS expected_position,
               audit_private.log_hash(coalesce(lag(l.hash) OVER w, g.hash), l.cluster, l.transaction_id, l.position,
                                      l.id, l.user_id, l.subject_id, l.action, l.table_name, l.record_id,
                                      l."timestamp", l.values_digest,
                                      l.origin_digest, l.operator) AS computed,
               CASE WHEN l.values_salt IS NULL
                    THEN audit_private.values_are_personal(l.action, l.table_name)
                         AND audit_private.erasure_of(l.values_erased_by, l.subject_id, l.id)
                    ELSE l.values_digest = audit_private.values_digest(l.values_salt, l.old_values, l.new_values)
               END AS values_hold,
               CASE WHEN l.origin_salt IS NULL
                    THEN audit_private.erasure_of(l.origin_erased_by,
                             audit_private.origin_person(l.user_id, l.subject_id, l.action, l.operator), l.id)
                    ELSE l.origin_digest = audit_private.origin_digest(l.origin_salt, l.login_role, l.ip_address,
                                                                       l.user_agent)
               END AS origin_holds,
               true AS user_holds,
               l.action <> 'ERASE' OR audit_private.is_erased(l.subject_id) AS erasure_holds
        FROM audit.audit_logs l
        LEFT JOIN gone g ON g.log = 'audit_logs' AND g.cluster = l.cluster AND g.transaction_id = l.transaction_id
        WHERE coalesce(only_log, 'audit_logs') = 'audit_logs' AND l."timestamp" >= since AND l."timestamp" < until
        WINDOW w AS (PARTITION BY l.cluster, l.transaction_id ORDER BY l.position)
        UNION ALL
        SELECT 'activity_logs', l.transaction_id, l.position, l.id, l.hash,
               coalesce(lag(l.position) OVER w, g.last, 0) + 1,
               audit_private.activity_hash(coalesce(lag(l.hash) OVER w, g.hash), l.cluster, l.transaction_id,
                                           l.position, l.id,
                                           l.subject_id, l.action,
                                           l.resource_type, l."timestamp", l.digest, l.operator),
               CASE WHEN l.salt IS NULL
                    THEN audit_private.activity_erasure_of(l.erased_by, l.subject_id, l.id, l."timestamp")
                    ELSE l.digest = audit_private.activity_digest(l.salt, l.resource_id, l.details, l.login_role,
                                                                  l.ip_address, l.user_agent) END,
               true,
               l.user_id IS NOT DISTINCT FROM l.subject_id
                   OR l.user_id IS NULL AND NOT EXISTS (SELECT FROM identity.users u WHERE u.id = l.subject_id),
               true
        FROM audit.activity_logs l
        LEFT JOIN gone g ON g.log = 'activity_logs' AND g.cluster = l.cluster AND g.transaction_id = l.transaction_id
        WHERE coalesce(only_log, 'activity_logs') = 'activity_logs' AND l."timestamp" >= since AND l."timestamp" < until
        WINDOW w AS (PARTITION BY l.cluster, l.transaction_id ORDER BY l.position)
    )
    SELECT c.check_name, format('%s %s', l.log, l.id), c.expected, c.actual
    FROM rows l
    CROSS JOIN LATERAL (VALUES
        ('row_follows_row', l.position = l.expected_position,
         format('position %s of transaction %s', l.expected_position, l.transaction_id),
         'position ' || l.position),
        -- What does not follow cannot have the right hash either: said once.
        ('row_is_unchanged', l.position <> l.expected_position OR l.hash = l.computed, encode(l.computed, 'hex'),
         encode(l.hash, 'hex')),
        ('values_are_unchanged', l.values_hold, 'the values that were written, or their erasure', 'other values'),
        ('origin_is_unchanged', l.origin_holds, 'the origin that was written, or its erasure', 'another origin'),
        ('user_is_unchanged', l.user_holds, 'the user who was written', 'another user, or none'),
        ('user_was_erased', l.erasure_holds, 'a user who has been erased', 'a user who is still there')
    ) AS c (check_name, holds, expected, actual)
    WHERE NOT c.holds
    ORDER BY l.log DESC, l.id
$$;
COMMENT ON FUNCTION audit_private.verify_rows(text, timestamptz, timestamptz) IS
'The part of verify() that recomputes every row, of both logs and all times or of one and a month';
