-- Templates of strategies: a user's own, and those that others show. By functions, as a plain table, and deleted in a
-- view.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'webtpl_ann'), (102, 'ben', 'webtpl_ben');
CREATE ROLE webtpl_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE webtpl_ben LOGIN IN ROLE bourse_viewer;
CREATE ROLE webtpl_gateway LOGIN IN ROLE bourse_gateway;
ALTER TABLE webui.strategy_templates ALTER id RESTART WITH 50001;
SELECT webui.save_template(102, 'public of ben', '{"n": 1}', is_public => true) > 0 AS saved,
       webui.save_template(102, 'private of ben', '{"n": 2}') > 0 AS saved;

-- Saved again under its name it is the same template.
SET SESSION AUTHORIZATION webtpl_ann;
SELECT webui.save_template(101, 'grid', '{"step": 5}', 'five steps') AS grid \gset
SELECT webui.save_template(101, 'grid', '{"step": 7}', is_public => true) = :grid AS the_same;
SELECT name, description, template_data, is_public, created_by FROM webui.strategy_templates ORDER BY name;
SELECT name, is_public, created_by FROM webui.visible_templates(101);
SELECT name FROM webui.my_templates;
SELECT call, refusal('SELECT webui.' || call) FROM unnest(ARRAY[
    $$save_template(102, 'x', '1')$$, $$save_template(101, NULL, '1')$$, $$save_template(101, ' ', '1')$$,
    $$save_template(101, repeat('x', 101), '1')$$, $$save_template(101, 'x', NULL)$$,
    $$save_template(NULL, 'x', '1')$$,
    $$save_template(101, 'x', jsonb_build_object('a', repeat('x', 65536)))$$,
    $$save_template(101, 'x', '1', repeat('x', 10001))$$, $$visible_templates(102)$$, $$delete_template(NULL)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Of what is not hers she does not learn whether it is there.
RESET SESSION AUTHORIZATION;
SELECT id AS bens FROM webui.strategy_templates WHERE name = 'private of ben' \gset
SET SESSION AUTHORIZATION webtpl_ann;
SELECT replace(refusal(format('SELECT webui.delete_template(%s)', :bens)), :'bens', 'N') AS bens,
       replace(refusal('SELECT webui.delete_template(987654321)'), '987654321', 'N') AS nobodys;

-- As a plain table, the way object-relational mappers write it: every column is named, what is computed stays as it is.
INSERT INTO webui.strategy_templates (id, name, description, template_data, is_public, created_by, created_at,
                                      updated_at)
VALUES (NULL, 'mapped', NULL, '[1]', NULL, NULL, '2000-01-01', NULL)
RETURNING is_public, created_by, created_at = now() AS created, updated_at = now() AS updated;
SELECT id AS mapped FROM webui.strategy_templates WHERE name = 'mapped' \gset
SELECT pg_sleep(0.001);
UPDATE webui.strategy_templates SET id = 1, name = 'mapped', template_data = '[2]', created_by = 101,
    created_at = '2000-01-01', updated_at = '2000-01-01' WHERE id = :mapped
RETURNING id = :mapped AS same_id, template_data, created_at > '2020-01-01' AS kept, updated_at > created_at AS stamped;
SELECT call, refusal(format(call, :bens)) AS answer FROM unnest(ARRAY[
    $$INSERT INTO webui.strategy_templates (name, template_data, created_by) VALUES ('x', '1', 102)$$,
    $$INSERT INTO webui.strategy_templates (name, template_data) VALUES ('mapped', '1')$$,
    $$INSERT INTO webui.strategy_templates (id, name, template_data) VALUES (7, 'x', '1')$$,
    $$UPDATE webui.strategy_templates SET created_by = 102$$, $$DELETE FROM webui.strategy_templates$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Public or not, of ben's nothing changes.
UPDATE webui.strategy_templates SET name = 'mine' WHERE created_by = 102;
DELETE FROM webui.my_templates WHERE id = :bens;
-- Deleted by id, in the view; nobody locks the table by way of it.
INSERT INTO webui.my_templates (name, template_data) VALUES ('in the view', '1') RETURNING is_public, created_by;
UPDATE webui.my_templates SET is_public = true WHERE name = 'in the view';
DELETE FROM webui.my_templates WHERE id = :mapped RETURNING name;
SELECT webui.delete_template(id) FROM webui.my_templates WHERE name = 'in the view';
SELECT name FROM webui.my_templates;
SELECT mode, refusal(format('LOCK TABLE webui.my_templates IN %s MODE', mode)) AS view,
       refusal(format('LOCK TABLE webui.strategy_templates IN %s MODE', mode)) AS its_table
FROM unnest('{ROW EXCLUSIVE,SHARE,ACCESS EXCLUSIVE}'::text[]) mode;

-- What a call leaves out stays; JSON that clients cannot read is refused, by whichever way it comes.
SELECT webui.save_template(101, 'grid', '{"step": 8}', 'eight steps') = :grid AS the_same;
SELECT description, is_public FROM webui.my_templates WHERE name = 'grid';
SELECT webui.save_template(101, 'grid', '{"step": 9}', is_public => false) = :grid AS the_same;
SELECT description, is_public FROM webui.my_templates WHERE name = 'grid';
SELECT webui.save_template(101, 'bounds', '[1.7e308, -1.7e308, 2.3e-308, 0, 64000.00000001]') > 0 AS saved;
SELECT left(call, 60) AS call, refusal(call) FROM unnest(ARRAY[
    $$SELECT webui.save_template(101, 'x', (repeat('[', 65) || repeat(']', 65))::jsonb)$$,
    $$SELECT webui.save_template(101, 'x', '{"a": [1e5000]}')$$, $$SELECT webui.save_template(101, 'x', '-1.8e308')$$,
    $$SELECT webui.save_template(101, 'x', '1e-309')$$, $$SELECT webui.save_template(101, 'x', '{"a": -1e-309}')$$,
    $$UPDATE webui.my_templates SET template_data = '1e5000' WHERE name = 'grid'$$]) WITH ORDINALITY c (call, n)
ORDER BY n;
-- A mapper sends no owner with the change of what it has just made.
UPDATE webui.my_templates SET created_by = NULL, template_data = '[3]' WHERE name = 'bounds' RETURNING created_by;
-- Of public ones a user has 100, and everybody's list comes in pages.
SELECT count(webui.save_template(101, format('shown%s', to_char(n, '000')), to_jsonb(n), is_public => true))
FROM generate_series(1, 100) n;
SELECT refusal($$SELECT webui.save_template(101, 'one more', '1', is_public => true)$$) AS made,
       refusal($$UPDATE webui.my_templates SET is_public = true WHERE name = 'grid'$$) AS made_public;
SELECT webui.save_template(101, 'shown 100', '"changed"', is_public => true) > 0 AS changed;
SELECT count(*), min(name), max(name) FROM webui.visible_templates(101);
SELECT id AS reached FROM webui.visible_templates(101, 3) ORDER BY name DESC LIMIT 1 \gset
SELECT string_agg(name, ',') AS next_ones FROM webui.visible_templates(101, 2, :reached);
SELECT count(*) AS all_of_them, count(DISTINCT id) AS once,
       (array_agg(name ORDER BY is_mine DESC, name, id))[count(*)] AS last
FROM (SELECT id, name, created_by = 101 AS is_mine FROM webui.visible_templates(101, 100) UNION ALL
      SELECT id, name, created_by = 101 FROM webui.visible_templates(101, 100, (
          SELECT (array_agg(id))[100] FROM webui.visible_templates(101)))) t;
SELECT call, refusal('SELECT webui.visible_templates(' || call || ')') FROM unnest(ARRAY[
    '101, 0', '101, 1001', '101, NULL', '101, 1, -1']) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT count(webui.delete_template(id)) FROM webui.my_templates WHERE name LIKE 'shown %' OR name = 'bounds';
SELECT webui.save_template(101, 'grid', '{"step": 7}', is_public => true) = :grid AS the_same;

-- A viewer reads. A gateway acts for one, or for everybody.
SET SESSION AUTHORIZATION webtpl_ben;
SELECT name FROM webui.strategy_templates ORDER BY name;
SELECT call, refusal(call) FROM unnest(ARRAY[$$SELECT webui.save_template(102, 'x', '1')$$,
    $$DELETE FROM webui.my_templates$$,
    $$INSERT INTO webui.strategy_templates (name, template_data) VALUES ('x', '1')$$]) WITH ORDINALITY c (call, n)
ORDER BY n;
SET SESSION AUTHORIZATION webtpl_gateway;
SELECT name FROM webui.strategy_templates ORDER BY name;
BEGIN;
SELECT identity.act_as(102);
SELECT name FROM webui.strategy_templates ORDER BY name;
SELECT name FROM webui.my_templates ORDER BY name;
COMMIT;
BEGIN;
SELECT identity.act_for_everybody();
SELECT name FROM webui.strategy_templates ORDER BY name;
SELECT name FROM webui.my_templates ORDER BY name;
COMMIT;
RESET SESSION AUTHORIZATION;

-- Every check.
SELECT call, substring(refusal('INSERT INTO webui.strategy_templates (name, description, template_data, created_by) '
                               'VALUES (' || call || ')') FROM 'constraint "[a-z_]+"') AS violates
FROM unnest(ARRAY[$$' ', NULL, '1', 101$$, $$'x', repeat('x', 10001), '1', 101$$,
    $$'x', NULL, jsonb_build_object('a', repeat('x', 65536)), 101$$, $$'x', NULL, '1', 999$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- The policies by their indexes. The rest of a plan reads otherwise in another major version.
CREATE FUNCTION pg_temp.scans(of text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) SELECT * FROM ' || of LOOP
        IF line ~ 'Scan|Or$' THEN
            RETURN NEXT line;
        END IF;
    END LOOP;
END
$$;
SET enable_seqscan = off;
SET SESSION AUTHORIZATION webtpl_ann;
SELECT pg_temp.scans('webui.strategy_templates');
SELECT pg_temp.scans('webui.my_templates');
RESET SESSION AUTHORIZATION;
RESET enable_seqscan;

-- In the trail; told to the person, and gone with the person.
SELECT action, subject_id, coalesce(new_values, old_values) ->> 'name' AS name FROM audit.audit_logs
WHERE table_name = 'webui.strategy_templates'
  AND concat(new_values ->> 'name', old_values ->> 'name') NOT LIKE 'shown %' ORDER BY id;
SELECT jsonb_array_length(identity.export_user(102) #> '{tables,webui.strategy_templates}') AS told;
SELECT identity.erase_user(102, 'asked') #> '{deleted,webui.strategy_templates}' AS deleted;
SELECT name FROM webui.strategy_templates ORDER BY name;
SELECT refusal($$SELECT webui.save_template(102, 'x', '1')$$);
SELECT refusal($$INSERT INTO webui.strategy_templates (name, template_data, created_by) VALUES ('x', '1', 102)$$);
SELECT refusal($$UPDATE webui.strategy_templates SET created_by = 102$$);
SELECT * FROM bourse.verify();
