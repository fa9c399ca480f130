-- What every spec has in its database before it begins.

-- Takes away what a permutation has left, behind every guard, so that the next one finds new tables.
CREATE PROCEDURE clear() LANGUAGE plpgsql AS $$
DECLARE
    tables text := (SELECT string_agg(c.oid::regclass::text, ', ') FROM pg_class c
                    WHERE c.relkind IN ('r', 'p')
                      AND c.oid NOT IN ('marketplace.bot_categories'::regclass,
                                        'marketplace.billing_settings'::regclass, 'mirror.brokers'::regclass)
                      AND c.relnamespace::regnamespace::text
                          IN ('identity', 'audit', 'calendar', 'messaging', 'jobs', 'exchange', 'trading',
                              'marketplace', 'mirror', 'webui'));
BEGIN
    SET LOCAL client_min_messages = warning;
    SET LOCAL session_replication_role = replica;
    EXECUTE format('TRUNCATE %s RESTART IDENTITY CASCADE', tables);
END
$$;
