CREATE FUNCTION mirror.get_user_positions_summary(user_id bigint)
RETURNS TABLE (account_name text, position_count bigint, total_pnl numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(get_user_positions_summary.user_id);
    RETURN QUERY
    -- Account by account, whatever is known of how many each user has: joined to the sums of all, it would be a nested
    -- loop over them as soon as the plan is made for any user.
    SELECT a.account_name::text, p.position_count, p.total_pnl
    FROM mirror.trading_accounts a
    CROSS JOIN LATERAL (SELECT count(*) AS position_count, sum(p.pnl) AS total_pnl FROM mirror.positions p
                        WHERE p.account_id = a.id AND p.quantity <> 0) p
    WHERE a.user_id = get_user_positions_summary.user_id AND p.position_count > 0 ORDER BY a.account_name, a.id;
END
$$;
COMMENT ON FUNCTION mirror.get_user_positions_summary(bigint) IS
'For each account of a user that has open positions: its name, how many, and what they have come to, the sum of their '
'pnl (NULL: of none of them is it known). What is flat does not count. 22004 NULL, 42501 not a user you act for, 42704 '
'unknown user';
GRANT EXECUTE ON FUNCTION mirror.get_user_positions_summary(bigint) TO bourse_viewer, bourse_worker;
