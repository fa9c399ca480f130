CREATE FUNCTION identity.current_user_id() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'current_user_id_wrapper';
COMMENT ON FUNCTION identity.current_user_id() IS
'The user of this session: for a member of bourse_gateway the one named by act_as() in this transaction; otherwise the '
'user whose db_role is the login. NULL: nobody';
GRANT EXECUTE ON FUNCTION identity.current_user_id() TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity_private.is_owner_support(request internal) RETURNS internal
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'is_owner_support_wrapper';
COMMENT ON FUNCTION identity_private.is_owner_support(internal) IS
'Tells the planner that is_owner() costs less than nothing';

-- Of the policy of a table and the conditions of a query PostgreSQL asks first what costs least and, in a UNION ALL, of
-- what costs the same what the query asks. EXPLAIN ANALYZE would tell whether a hidden row meets it.
CREATE FUNCTION identity_private.is_owner(owner bigint, user_id bigint) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE SUPPORT identity_private.is_owner_support AS 'int8eq';
COMMENT ON FUNCTION identity_private.is_owner(bigint, bigint) IS
'Whether the owner of a row is this user: owner = user_id, for policies. For the planner cheaper than anything else, '
'so that no row of somebody else is compared with anything. Where a policy asks it of every row, the planner uses no '
'index that begins with anything but the owner or a number, and no samples';
GRANT EXECUTE ON FUNCTION identity_private.is_owner(bigint, bigint) TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity_private.is_owner(owner text, user_id text) RETURNS boolean
LANGUAGE internal IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE SUPPORT identity_private.is_owner_support AS 'texteq';
COMMENT ON FUNCTION identity_private.is_owner(text, text) IS 'The same where the owner is kept as a text';
GRANT EXECUTE ON FUNCTION identity_private.is_owner(text, text) TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity.acts_for(user_id bigint) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'acts_for_wrapper';
COMMENT ON FUNCTION identity.acts_for(bigint) IS
'Whether this session may act for a user: its own, or anybody for an admin, a worker and a gateway that has called '
'act_for_everybody() in this transaction';
GRANT EXECUTE ON FUNCTION identity.acts_for(bigint) TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity.acts_for_all() RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'acts_for_all_wrapper';
COMMENT ON FUNCTION identity.acts_for_all() IS
'Whether this session may act for everybody: an admin, a worker, a gateway that has called act_for_everybody() in this '
'transaction';
GRANT EXECUTE ON FUNCTION identity.acts_for_all() TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity.act_as(user_id bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'act_as_wrapper';
COMMENT ON FUNCTION identity.act_as(bigint) IS
'Has a member of bourse_gateway act for one user until the transaction ends, or goes back to a savepoint from before. '
'The same as SET LOCAL bourse.user_id. 22004 NULL, 42501 not a member of bourse_gateway';
GRANT EXECUTE ON FUNCTION identity.act_as(bigint) TO bourse_gateway;

CREATE FUNCTION identity.act_for_everybody() RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'act_for_everybody_wrapper';
COMMENT ON FUNCTION identity.act_for_everybody() IS
'Has a member of bourse_gateway act for everybody until the transaction ends, or goes back to a savepoint from before. '
'42501 not a member of bourse_gateway';
GRANT EXECUTE ON FUNCTION identity.act_for_everybody() TO bourse_gateway;

CREATE FUNCTION identity_private.require_acts_for(user_id bigint) RETURNS void
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'require_acts_for_wrapper';
COMMENT ON FUNCTION identity_private.require_acts_for(bigint) IS
'Refuses a user whom the session may not act for (42501)';

CREATE FUNCTION identity_private.time_of_row(told timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    SELECT CASE WHEN identity.acts_for_all() THEN coalesce(told, now()) ELSE now() END
$$;
COMMENT ON FUNCTION identity_private.time_of_row(timestamptz) IS
'When a new row was made: now, or what whoever acts for everybody says, who brings back rows as they were';

CREATE FUNCTION identity_private.require_operator() RETURNS void
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'require_operator_wrapper';
COMMENT ON FUNCTION identity_private.require_operator() IS
'Refuses a session that neither acts for everybody nor is a gateway''s that has not said for whom it acts (42501), and '
'while the tables are missing (55000)';

CREATE FUNCTION identity_private.is_operator() RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'is_operator_wrapper';
COMMENT ON FUNCTION identity_private.is_operator() IS
'Whether require_operator() would pass: who acts for everybody, and a gateway that logs users in';

-- Rights are asked of the login by this function only: session_user alone is a superuser in autovacuum.
CREATE FUNCTION identity_private.login_is(role text) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'login_is_wrapper';
COMMENT ON FUNCTION identity_private.login_is(text) IS
'Whether the session''s login is a member of a role, and PostgreSQL is not running the code of somebody else for it '
'(VACUUM, REINDEX, a foreign key …)';

CREATE FUNCTION identity_private.author() RETURNS text
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'author_wrapper';
COMMENT ON FUNCTION identity_private.author() IS
'The login that a written row is put down to: the session''s, or whose request the sequencer carries out. Gives no '
'rights';

CREATE FUNCTION identity_private.author_id() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'author_id_wrapper';
COMMENT ON FUNCTION identity_private.author_id() IS
'The user whom a written row is put down to: as current_user_id(), also in the cascade of a foreign key, and whose '
'request the sequencer carries out. Gives no rights';
