-- The house rules that the catalog can show.
SELECT p.oid, n.nspname AS schema, p.oid::regprocedure::text AS routine, p.prosecdef, p.proowner, p.proconfig
INTO TEMP routines
FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE split_part(n.nspname, '_', 1)
      IN (SELECT bourse_private.modules());
SELECT c.oid, n.nspname AS schema, c.oid::regclass::text AS relation, c.relkind, c.relowner, c.reloptions
INTO TEMP relations
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT bourse_private.modules())
  AND c.relkind IN ('r', 'p', 'v', 'm');

-- Each of these lists what breaks a rule: 0 rows. Every routine, table and view has a COMMENT.
SELECT routine AS without_comment FROM routines WHERE obj_description(oid, 'pg_proc') IS NULL
UNION ALL SELECT relation FROM relations WHERE obj_description(oid, 'pg_class') IS NULL;
-- A SECURITY DEFINER function belongs to bourse_owner and looks names up in pg_catalog, its schema, then pg_temp.
SELECT routine AS careless_definer, proowner::regrole AS owner, proconfig FROM routines
WHERE prosecdef AND (proowner <> 'bourse_owner'::regrole
                     OR (proconfig[1] = format('search_path=pg_catalog, %s, pg_temp',
                                               replace(schema, '_private', ''))) IS NOT true);
SELECT rolname, rolsuper, rolcanlogin, rolbypassrls, rolinherit FROM pg_roles WHERE rolname LIKE 'bourse\_%'
ORDER BY rolname;
SELECT m.roleid::regrole AS member_of_owner, m.member::regrole FROM pg_auth_members m
WHERE m.roleid = 'bourse_owner'::regrole;
-- Every table and view belongs to bourse_owner, a view runs as its reader.
SELECT relation AS not_of_owner, relowner::regrole FROM relations WHERE relowner <> 'bourse_owner'::regrole;
SELECT relation AS reads_as_owner FROM relations
WHERE relkind = 'v' AND coalesce(array_position(reloptions, 'security_invoker=true'), 0) = 0;
-- exchange.order_commands has no row security; a trigger checks whose commands they are.
SELECT tgname FROM pg_trigger WHERE tgrelid = 'exchange.order_commands'::regclass AND NOT tgisinternal;
-- Every foreign key of a table is served by an index that begins with its columns, but for these: by such an index
-- users could count rows of others, and only whoever deletes a person, a bot or a promotion as a plain table asks it.
SELECT conrelid::regclass AS scanned_for, conname FROM pg_constraint c JOIN relations r ON r.oid = c.conrelid
JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f' AND NOT EXISTS (
    SELECT FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
      AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)))
ORDER BY conrelid::regclass::text COLLATE "C", conname;
-- A partial fill stays on its page (HOT): no index of orders, predicates included, knows what it changes.
SELECT d.objid::regclass AS index_that_fills_write, a.attname
FROM pg_index i
JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid AND d.refobjid = i.indrelid
JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
WHERE i.indrelid = 'exchange.orders'::regclass
  AND a.attname IN ('filled_amount', 'reserved', 'visible_amount', 'updated_at', 'amount');

-- The public names that are missing: none.
SELECT s.relation || '.' || c.name AS missing_column
FROM (VALUES ('users', 'id name email email_verified_at password remember_token created_at updated_at balance'),
             ('assets', 'id user_id symbol amount locked_amount created_at updated_at'),
             ('orders', 'id user_id symbol side price amount filled_amount status created_at updated_at'),
             ('trades', 'id buy_order_id sell_order_id symbol price amount commission created_at'),
             ('order_book_view',
              'id user_id symbol side price amount filled_amount remaining_amount created_at user_name'),
             ('user_balance_view',
              'user_id name email usd_balance btc_amount btc_locked eth_amount eth_locked created_at updated_at')
     ) AS s (relation, columns), unnest(string_to_array(s.columns, ' ')) AS c (name)
WHERE NOT EXISTS (SELECT FROM pg_attribute a
                  WHERE a.attrelid = to_regclass('exchange.' || s.relation) AND a.attname = c.name);
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
WHERE coalesce(to_regprocedure('exchange.' || s.signature),
               to_regprocedure('exchange_private.' || s.signature)) IS NULL;
-- The money of the seed: numeric(20,8) wherever a balance, a price or a quantity stands.
SELECT a.attrelid::regclass AS table, a.attname AS not_money, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute a
WHERE a.attrelid IN ('exchange.assets'::regclass, 'exchange.orders'::regclass, 'exchange.trades'::regclass,
                     'exchange.transfers'::regclass)
  AND a.atttypid = 'numeric'::regtype AND a.attname NOT LIKE '%\_rate'
  AND format_type(a.atttypid, a.atttypmod) <> 'numeric(20,8)';
-- What the seed cascades and what it restricts.
SELECT conname, confdeltype AS on_delete FROM pg_constraint
WHERE contype = 'f' AND connamespace = 'exchange'::regnamespace ORDER BY conname;
-- What \dx says.
SELECT obj_description(oid, 'pg_extension') AS description FROM pg_extension WHERE extname = 'pg_bourse';
-- What may refuse is not IMMUTABLE: planning PERFORM … WHERE would ask it, whatever the WHERE says.
SELECT p.oid::regprocedure AS asked_too_early FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname ~ '_private$' AND p.proname ~ '^(require|refuse)_' AND p.provolatile = 'i';
