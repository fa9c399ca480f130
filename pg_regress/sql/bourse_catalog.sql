-- The house rules that the catalog can show.
SELECT p.oid, n.nspname AS schema, p.oid::regprocedure::text AS routine, p.prosecdef, p.proowner, p.proacl, p.proconfig,
       p.prorettype, l.lanname
INTO TEMP routines
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang
WHERE n.nspname IN ('bourse', 'identity', 'audit', 'exchange');
SELECT c.oid, n.nspname AS schema, c.oid::regclass::text AS relation, c.relkind, c.relowner, c.relrowsecurity, c.reloptions,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'user_id') AS has_user
INTO TEMP relations
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN ('bourse', 'identity', 'audit', 'exchange') AND c.relkind IN ('r', 'p', 'v', 'm');
SELECT r AS role INTO TEMP roles
FROM unnest(ARRAY['public', 'bourse_viewer', 'bourse_trader', 'bourse_gateway', 'bourse_admin', 'bourse_worker']) r;

-- Each of these lists what breaks a rule: 0 rows. Every routine, table and view has a COMMENT.
SELECT routine AS without_comment FROM routines WHERE obj_description(oid, 'pg_proc') IS NULL
UNION ALL SELECT relation FROM relations WHERE obj_description(oid, 'pg_class') IS NULL;
-- Nothing is open to PUBLIC.
SELECT routine AS executable_by_public FROM routines, aclexplode(coalesce(proacl, acldefault('f', proowner)))
WHERE grantee = 0;
SELECT relation AS open_to_public, v.verb FROM relations, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) v (verb)
WHERE has_table_privilege('public', oid, verb);
-- A SECURITY DEFINER function belongs to bourse_owner and looks names up in pg_catalog, its schema, then pg_temp.
SELECT routine AS careless_definer, proowner::regrole AS owner, proconfig FROM routines
WHERE prosecdef AND (proowner <> 'bourse_owner'::regrole
                     OR coalesce(proconfig, '{}') <> ARRAY[format('search_path=pg_catalog, %s, pg_temp', schema)]);
SELECT rolname, rolsuper, rolcanlogin, rolbypassrls, rolinherit FROM pg_roles WHERE rolname LIKE 'bourse\_%' ORDER BY rolname;
SELECT m.roleid::regrole AS member_of_owner, m.member::regrole FROM pg_auth_members m
WHERE m.roleid = 'bourse_owner'::regrole;
-- Every table and view belongs to bourse_owner; what tells of a user has row security, a view runs as its reader.
SELECT relation AS not_of_owner, relowner::regrole FROM relations WHERE relowner <> 'bourse_owner'::regrole;
SELECT relation AS reads_as_owner FROM relations
WHERE relkind = 'v' AND coalesce(array_position(reloptions, 'security_invoker=true'), 0) = 0;
-- order_commands alone has none: COPY is refused with row security, a trigger checks its users instead.
SELECT relation AS without_row_security FROM relations
WHERE relkind IN ('r', 'p') AND NOT relrowsecurity AND (has_user OR relation LIKE '%users' OR relation LIKE '%trades');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'exchange.order_commands'::regclass AND NOT tgisinternal;
-- Every foreign key of a table is served by an index that begins with its columns.
SELECT conrelid::regclass AS scanned_for, conname FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
WHERE c.contype = 'f' AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indpred IS NULL AND i.indkey[0] = c.conkey[1]);
-- A partial fill stays on its page (HOT): no index of orders, predicates included, knows what it changes.
SELECT d.objid::regclass AS index_that_fills_write, a.attname
FROM pg_index i
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE i.indrelid = 'exchange.orders'::regclass
  AND a.attname IN ('filled_amount', 'reserved', 'visible_amount', 'updated_at', 'amount');

-- Who may execute what. Trigger functions and helpers are nobody's.
SELECT routine, string_agg(replace(role, 'bourse_', ''), ' ' ORDER BY role) AS executable_by
FROM routines LEFT JOIN roles ON has_function_privilege(role, oid, 'EXECUTE')
WHERE prorettype <> 'trigger'::regtype
GROUP BY routine ORDER BY routine COLLATE "C";

-- Who may do what with which table; * only some columns. No UPDATE or DELETE where money stands, TRUNCATE nowhere.
SELECT relation, role,
       concat_ws(' ', CASE WHEN has_table_privilege(role, oid, 'SELECT') THEN 'select'
                           WHEN has_any_column_privilege(role, oid, 'SELECT') THEN 'select*' END,
                      CASE WHEN has_table_privilege(role, oid, 'INSERT') THEN 'insert'
                           WHEN has_any_column_privilege(role, oid, 'INSERT') THEN 'insert*' END,
                      CASE WHEN has_table_privilege(role, oid, 'UPDATE') THEN 'update'
                           WHEN has_any_column_privilege(role, oid, 'UPDATE') THEN 'update*' END,
                      CASE WHEN has_table_privilege(role, oid, 'DELETE') THEN 'delete' END,
                      CASE WHEN has_table_privilege(role, oid, 'TRUNCATE') THEN 'truncate' END) AS may
FROM relations CROSS JOIN roles
WHERE role <> 'public'
ORDER BY relation COLLATE "C", role COLLATE "C" \crosstabview relation role may
-- The columns that a trader may give, and those of users that nobody reads.
SELECT a.attrelid::regclass, string_agg(attname, ' ' ORDER BY attnum) AS a_trader_may_insert
FROM pg_attribute a JOIN relations r ON r.oid = a.attrelid
WHERE attnum > 0 AND has_column_privilege('bourse_trader', a.attrelid, attnum, 'INSERT') GROUP BY 1 ORDER BY 1;
SELECT attname AS nobody_reads FROM pg_attribute
WHERE attrelid = 'identity.users'::regclass AND attnum > 0
  AND NOT EXISTS (SELECT FROM roles WHERE role <> 'public' AND has_column_privilege(role, attrelid, attnum, 'SELECT'));
SELECT role, string_agg(n.nspname, ' ' ORDER BY n.nspname) AS uses_schemas
FROM roles CROSS JOIN pg_namespace n
WHERE n.nspname IN ('bourse', 'identity', 'audit', 'exchange') AND has_schema_privilege(role, n.oid, 'USAGE') GROUP BY role ORDER BY role;
SELECT n.nspname AS writable, role FROM roles CROSS JOIN pg_namespace n
WHERE n.nspname IN ('bourse', 'identity', 'audit', 'exchange') AND has_schema_privilege(role, n.oid, 'CREATE');

-- The public names that are missing: none.
SELECT s.relation || '.' || c.name AS missing_column
FROM (VALUES ('users', 'id name email email_verified_at password remember_token created_at updated_at balance'),
             ('assets', 'id user_id symbol amount locked_amount created_at updated_at'),
             ('orders', 'id user_id symbol side price amount filled_amount status created_at updated_at'),
             ('trades', 'id buy_order_id sell_order_id symbol price amount commission created_at'),
             ('order_book_view', 'id user_id symbol side price amount filled_amount remaining_amount created_at user_name'),
             ('user_balance_view', 'user_id name email usd_balance btc_amount btc_locked eth_amount eth_locked created_at updated_at')
     ) AS s (relation, columns), unnest(string_to_array(s.columns, ' ')) AS c (name)
WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = to_regclass('exchange.' || s.relation) AND a.attname = c.name);
SELECT s.name AS missing_constraint
FROM unnest(ARRAY['fk_assets_user_id', 'assets_amount_check', 'assets_locked_amount_check', 'assets_symbol_user_unique',
                  'fk_orders_user_id', 'orders_price_check', 'orders_amount_check', 'orders_filled_amount_check',
                  'fk_trades_buy_order_id', 'fk_trades_sell_order_id', 'trades_price_check', 'trades_amount_check',
                  'trades_commission_check', 'trades_different_orders']) AS s (name)
WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conname = s.name AND connamespace = 'exchange'::regnamespace);
SELECT s.name AS missing_trigger
FROM unnest(ARRAY['trigger_validate_order_before_insert', 'trigger_update_order_timestamp']) AS s (name)
WHERE NOT EXISTS (SELECT FROM pg_trigger WHERE tgname = s.name AND tgrelid = 'exchange.orders'::regclass);
SELECT s.signature AS missing_function
FROM unnest(ARRAY['calculate_commission(numeric, numeric, numeric)', 'update_user_balance(bigint, numeric)',
                  'update_asset_balance(bigint, text, numeric, numeric)', 'validate_order_before_insert()',
                  'update_order_timestamp()']) AS s (signature)
WHERE to_regprocedure('exchange.' || s.signature) IS NULL;
-- The money of the seed: numeric(20,8) wherever a balance, a price or a quantity stands.
SELECT a.attrelid::regclass AS table, a.attname AS not_money, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
WHERE a.attrelid IN ('exchange.assets'::regclass, 'exchange.orders'::regclass, 'exchange.trades'::regclass, 'exchange.transfers'::regclass)
  AND a.atttypid = 'numeric'::regtype AND a.attname NOT LIKE '%\_rate'
  AND format_type(a.atttypid, a.atttypmod) <> 'numeric(20,8)';
-- What the seed cascades and what it restricts.
SELECT conname, confdeltype AS on_delete FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'exchange'::regnamespace ORDER BY conname;
