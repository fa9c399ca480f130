-- Roles and schemas. Roles belong to the cluster, not to the extension: they are made when absent and stay
-- when the extension goes.
-- The path is for this whole script; CREATE EXTENSION puts back the caller's.
SET LOCAL search_path = pg_catalog, pg_temp;
-- The lock is for two databases of a new cluster that do it at once.
LOCK TABLE pg_catalog.pg_authid, pg_catalog.pg_auth_members IN SHARE ROW EXCLUSIVE MODE;
DO $$
DECLARE
    role_name text;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['bourse_owner', 'bourse_viewer', 'bourse_trader', 'bourse_admin',
                                     'bourse_gateway', 'bourse_worker', 'bourse_runner', 'bourse_sender',
                                     'bourse_carrier', 'bourse_monitor'] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = role_name) THEN
            EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', role_name);
        END IF;
    END LOOP;
END
$$;
-- Whoever takes dumps reads all rows of everything, and does nothing. With policies in place of BYPASSRLS a dump would
-- lack, without a word, what one of them does not show. A member has the attribute only once he has said SET ROLE.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'bourse_backup') THEN
        CREATE ROLE bourse_backup NOLOGIN BYPASSRLS;
    END IF;
END
$$;
GRANT pg_read_all_data TO bourse_backup;
-- To watch, our functions see what sessions are at; what they tell of it names nobody.
GRANT pg_read_all_stats TO bourse_owner;
GRANT bourse_viewer TO bourse_trader;
GRANT bourse_trader TO bourse_admin, bourse_gateway;

CREATE SCHEMA bourse AUTHORIZATION bourse_owner;
CREATE SCHEMA identity AUTHORIZATION bourse_owner;
CREATE SCHEMA audit AUTHORIZATION bourse_owner;
CREATE SCHEMA calendar AUTHORIZATION bourse_owner;
CREATE SCHEMA analytics AUTHORIZATION bourse_owner;
CREATE SCHEMA messaging AUTHORIZATION bourse_owner;
CREATE SCHEMA jobs AUTHORIZATION bourse_owner;
CREATE SCHEMA exchange AUTHORIZATION bourse_owner;
CREATE SCHEMA trading AUTHORIZATION bourse_owner;
CREATE SCHEMA marketplace AUTHORIZATION bourse_owner;
CREATE SCHEMA mirror AUTHORIZATION bourse_owner;
CREATE SCHEMA webui AUTHORIZATION bourse_owner;
GRANT USAGE ON SCHEMA bourse, identity, audit, calendar, analytics, messaging, jobs, exchange, trading, marketplace,
                      mirror, webui
    TO bourse_viewer, bourse_worker, bourse_monitor;
-- Whoever works off jobs acts for nobody, and sees nothing but what it has claimed.
GRANT USAGE ON SCHEMA jobs TO bourse_runner;
-- So does whoever sends messages.
GRANT USAGE ON SCHEMA messaging TO bourse_sender;
-- And whoever carries transfers between venues.
GRANT USAGE ON SCHEMA exchange TO bourse_carrier;

-- What nobody is to call by hand stands apart, so that the others show what there is to call.
CREATE SCHEMA bourse_private AUTHORIZATION bourse_owner;
CREATE SCHEMA identity_private AUTHORIZATION bourse_owner;
CREATE SCHEMA audit_private AUTHORIZATION bourse_owner;
CREATE SCHEMA calendar_private AUTHORIZATION bourse_owner;
CREATE SCHEMA analytics_private AUTHORIZATION bourse_owner;
CREATE SCHEMA messaging_private AUTHORIZATION bourse_owner;
CREATE SCHEMA jobs_private AUTHORIZATION bourse_owner;
CREATE SCHEMA exchange_private AUTHORIZATION bourse_owner;
CREATE SCHEMA trading_private AUTHORIZATION bourse_owner;
CREATE SCHEMA marketplace_private AUTHORIZATION bourse_owner;
CREATE SCHEMA mirror_private AUTHORIZATION bourse_owner;
CREATE SCHEMA webui_private AUTHORIZATION bourse_owner;
-- For require_drawn(), which triggers call with the rights of whoever inserts.
GRANT USAGE ON SCHEMA bourse_private TO bourse_trader;

COMMENT ON SCHEMA bourse IS 'Installation, migrations, health of the platform';
COMMENT ON SCHEMA identity IS 'Users: one row per person, whatever they do here';
COMMENT ON SCHEMA audit IS 'Who did what, in a way that tampering shows';
COMMENT ON SCHEMA calendar IS 'When a market is open: trading hours, holidays, special sessions';
COMMENT ON SCHEMA analytics IS 'What returns, trades and fills come to: ratios, drawdowns, positions';
COMMENT ON SCHEMA messaging IS 'Messages to people and systems: the channels they take, what became of them';
COMMENT ON SCHEMA jobs IS 'What is to be done, when, by whom: schedules and the runs that workers claim';
COMMENT ON SCHEMA exchange IS 'The exchange: markets, funds, orders, trades';
COMMENT ON SCHEMA trading IS 'Trading bots: their life, their books, what they have come to';
COMMENT ON SCHEMA marketplace IS 'Bots that are sold: catalogue, subscriptions, trades, reviews, bills';
COMMENT ON SCHEMA mirror IS 'Accounts at brokers: what they hold, whose orders are copied, which connection is used';
COMMENT ON SCHEMA webui IS 'What a web application keeps: logs, snapshots, templates, settings';
COMMENT ON SCHEMA bourse_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA identity_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA audit_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA calendar_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA analytics_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA messaging_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA jobs_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA exchange_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA trading_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA marketplace_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA mirror_private IS 'Private: what only functions of ours call';
COMMENT ON SCHEMA webui_private IS 'Private: what only functions of ours call';
