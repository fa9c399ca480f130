CREATE FUNCTION identity.current_user_id() RETURNS bigint
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'current_user_id_wrapper';
COMMENT ON FUNCTION identity.current_user_id() IS
'The user of this session: for a member of bourse_gateway the setting bourse.user_id, when it is set; otherwise the user whose db_role is the login. NULL: nobody';

CREATE FUNCTION identity.acts_for(user_id bigint) RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'acts_for_wrapper';
COMMENT ON FUNCTION identity.acts_for(bigint) IS
'Whether this session may act for a user: its own user, or anybody for an admin, a worker and a gateway without bourse.user_id';

CREATE FUNCTION identity.acts_for_all() RETURNS boolean
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'acts_for_all_wrapper';
COMMENT ON FUNCTION identity.acts_for_all() IS
'Whether this session may act for everybody: an admin, a worker, a gateway without bourse.user_id';
