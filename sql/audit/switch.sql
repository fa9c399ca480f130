-- Which column says whom a row is about: user_id, or the first column that must name a user. Rows of the users
-- themselves are about themselves.
CREATE FUNCTION audit_private.subject_column(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT a.attname FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
      AND a.atttypid IN ('int8'::regtype, 'int4'::regtype)
      AND (a.attname = 'user_id'
           OR relation = 'identity.users'::regclass AND a.attname = 'id'
           OR a.attnotnull AND EXISTS (
                  SELECT FROM pg_constraint f
                  WHERE f.conrelid = relation AND f.contype = 'f' AND f.confrelid = 'identity.users'::regclass
                    AND f.conkey = ARRAY[a.attnum]))
    ORDER BY a.attname <> 'user_id', a.attnum LIMIT 1
$$;
COMMENT ON FUNCTION audit_private.subject_column(regclass) IS
'The column of a table that names the user whom a row is about, or NULL';

CREATE FUNCTION audit_private.attach(relation regclass, secrets text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    keys text[] := ARRAY(SELECT a.attname FROM pg_index i
                         CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (n, place)
                         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
                         WHERE i.indrelid = relation AND i.indisprimary ORDER BY k.place);
BEGIN
    PERFORM audit_private.detach(relation);
    EXECUTE format('CREATE TRIGGER trigger_audit AFTER INSERT OR UPDATE OR DELETE ON %s FOR EACH ROW '
                   'EXECUTE FUNCTION audit_private.record_change(%L, %L, %L)',
                   relation, coalesce(audit_private.subject_column(relation), ''), keys, coalesce(secrets, '{}'));
    EXECUTE format('CREATE TRIGGER trigger_audit_truncate AFTER TRUNCATE ON %s FOR EACH STATEMENT '
                   'EXECUTE FUNCTION audit_private.record_change()', relation);
END
$$;
COMMENT ON FUNCTION audit_private.attach(regclass, text[]) IS
'Makes the audit triggers of a table anew. For enable() and migrations';

CREATE FUNCTION audit_private.detach(relation regclass) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    audit_trigger name;
    any_found boolean := false;
BEGIN
    FOR audit_trigger IN SELECT t.tgname FROM pg_trigger t
                         WHERE t.tgrelid = relation AND t.tgfoid = 'audit_private.record_change()'::regprocedure LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', audit_trigger, relation);
        any_found := true;
    END LOOP;
    RETURN any_found;
END
$$;
COMMENT ON FUNCTION audit_private.detach(regclass) IS
'Drops the audit triggers of a table; whether there were any. For enable(), disable() and migrations';

CREATE FUNCTION audit_private.attach_defaults() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    relation regclass;
BEGIN
    -- What is audited already keeps its list of secrets, and what somebody has disabled stays so.
    FOR relation IN
        SELECT t.relation FROM bourse_private.declared_tables() t
        WHERE t.is_audited AND t.relation IS NOT NULL
          AND NOT EXISTS (SELECT FROM pg_trigger g
                          WHERE g.tgrelid = t.relation AND g.tgfoid = 'audit_private.record_change()'::regprocedure)
          AND NOT EXISTS (SELECT FROM audit.audit_logs l
                          WHERE l.action = 'DISABLE' AND l.table_name = t.module || '.' || t.name)
    LOOP
        PERFORM audit_private.attach(relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION audit_private.attach_defaults() IS
'Audits every table that is declared so: those of identity, and what operators change. Safe to repeat: '
'bourse.install() calls it when migrations have run';

-- Which tables can be switched: ours, but not those that the engine writes or that are the trail itself.
CREATE FUNCTION audit_private.require_switchable(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    class record;
BEGIN
    PERFORM bourse_private.require_given('relation', relation);
    SELECT c.relkind, c.relowner, n.nspname, c.relname INTO class
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
    IF class.relkind IS NULL OR class.relkind NOT IN ('r', 'p') THEN
        PERFORM bourse.refuse('42809', format('%s is no table', bourse_private.qualified_name(relation)),
            'Name a table: views and sequences have no rows of their own.');
    END IF;
    -- Of a table that is declared as both, like a market, what operators change is what the trail is for; of the
    -- engine's own columns there it says nothing.
    IF EXISTS (SELECT FROM bourse_private.declared_tables() t
               WHERE t.relation = require_switchable.relation AND t.engine_written AND NOT t.is_audited) THEN
        PERFORM bourse.refuse('0A000',
            format('%s cannot be audited: the engine writes it without triggers',
                   bourse_private.qualified_name(relation)),
            'Read exchange.trades and exchange.transfers: they are the journal of orders and balances already.');
    END IF;
    IF class.nspname = 'audit' THEN
        PERFORM bourse.refuse('0A000',
            format('%s cannot be audited: it is the trail', bourse_private.qualified_name(relation)),
            'audit.verify() watches over the trail.');
    END IF;
    IF class.relowner <> 'bourse_owner'::regrole THEN
        PERFORM bourse.refuse('42501',
            format('%s belongs to %s', bourse_private.qualified_name(relation), class.relowner::regrole),
            'ALTER TABLE … OWNER TO bourse_owner first: a trigger is made by the owner of its table.');
    END IF;
END
$$;
COMMENT ON FUNCTION audit_private.require_switchable(regclass) IS
'Refuses NULL (22004), what is no table (42809), tables of the engine and of the trail (0A000), tables of other owners '
'(42501)';

CREATE FUNCTION audit_private.require_own_types(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    strange name := bourse_private.strange_column(relation);
BEGIN
    IF strange IS NOT NULL THEN
        PERFORM bourse.refuse('42501',
            format('column %I of %s has a type that belongs to somebody else', strange,
                   bourse_private.qualified_name(relation)),
            'Writing it into the trail would run that owner''s code as bourse_owner: ALTER TYPE … OWNER TO '
            'bourse_owner, or audit.disable() the table.');
    END IF;
END
$$;
COMMENT ON FUNCTION audit_private.require_own_types(regclass) IS
'Refuses a table with a column whose type belongs neither to bourse_owner nor to a superuser (42501)';

CREATE FUNCTION audit.enable(relation regclass, secrets text[] DEFAULT '{}') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    unknown text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM audit_private.require_switchable(relation);
    PERFORM audit_private.require_own_types(relation);
    SELECT s INTO unknown FROM unnest(secrets) s
    WHERE NOT EXISTS (SELECT FROM pg_attribute a
                      WHERE a.attrelid = relation AND a.attname = s AND a.attnum > 0 AND NOT a.attisdropped) LIMIT 1;
    IF FOUND THEN
        PERFORM bourse.refuse('42703',
            format('%s has no column %s', bourse_private.qualified_name(relation), bourse_private.quoted(unknown)),
            'secrets names columns of the table.');
    END IF;
    PERFORM audit_private.attach(relation, secrets);
    PERFORM audit_private.write_log('ENABLE', relation_name, NULL, NULL, NULL,
                                    jsonb_build_object('secrets', to_jsonb(secrets)))
    FROM bourse_private.qualified_name(relation) AS relation_name;
END
$$;
COMMENT ON FUNCTION audit.enable(regclass, text[]) IS
'Audits every change of a table from now on. secrets: columns whose values never enter the trail, beside those that '
'are known by name. Repeat it to change secrets, or after the primary key has been renamed. The engine writes orders, '
'trades, assets and the counters of markets past all triggers, on purpose: they are refused, exchange.markets '
'excepted; exchange.trades and transfers are their journal; set_market_status() leaves the row that the trigger would. '
'Leaves an ENABLE row. 0A000 a table of the engine or of the trail, 22004 NULL, 42501 another owner than bourse_owner, '
'of the table or of a column''s type, 42703 unknown column, 42809 no table';
GRANT EXECUTE ON FUNCTION audit.enable(regclass, text[]) TO bourse_admin;

CREATE FUNCTION audit.disable(relation regclass) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM audit_private.require_switchable(relation);
    IF NOT audit_private.detach(relation) THEN
        RETURN false;
    END IF;
    PERFORM audit_private.write_log('DISABLE', relation_name, NULL, NULL, NULL, NULL)
    FROM bourse_private.qualified_name(relation) AS relation_name;
    RETURN true;
END
$$;
COMMENT ON FUNCTION audit.disable(regclass) IS
'Audits a table no longer; its rows in the trail stay. Returns whether it was audited. Leaves a DISABLE row. SQLSTATEs '
'as enable()';
GRANT EXECUTE ON FUNCTION audit.disable(regclass) TO bourse_admin;

CREATE FUNCTION audit.enabled()
RETURNS TABLE (table_name text, subject text, key text[], secrets text[], active boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp
SET standard_conforming_strings = on AS $$
BEGIN
    PERFORM bourse.require_installed();
    -- A trigger keeps its arguments one after the other, each ended by a zero byte.
    RETURN QUERY
    SELECT bourse_private.qualified_name(t.tgrelid), nullif(a.args[1], ''), a.args[2]::text[], a.args[3]::text[],
           t.tgenabled IN ('O', 'A')
    FROM pg_trigger t
    CROSS JOIN LATERAL (
        SELECT array_agg(convert_from(decode(w.word, 'hex'), getdatabaseencoding()) ORDER BY w.n) AS args
        FROM regexp_split_to_table(regexp_replace(encode(t.tgargs, 'hex'), '(..)', '\1 ', 'g'), '00 ')
             WITH ORDINALITY s (spaced, n)
        CROSS JOIN LATERAL (SELECT replace(s.spaced, ' ', '') AS word, s.n) w) a
    WHERE t.tgfoid = 'audit_private.record_change()'::regprocedure AND t.tgtype & 1 = 1
    ORDER BY bourse_private.qualified_name(t.tgrelid) COLLATE "C";
END
$$;
COMMENT ON FUNCTION audit.enabled() IS
'The audited tables: the column that names the user, the key columns, the columns that are secret beside those known '
'by name, whether the trigger is active';
GRANT EXECUTE ON FUNCTION audit.enabled() TO bourse_admin;
