-- Partitions are made ahead and dropped whole, rows that are too old go in batches, as bourse.policies says. What time
-- it is, is said to maintain_at(), which maintain() calls with the clock.
SELECT * FROM bourse.policies ORDER BY schema_name, table_name, name;
-- What schemas declare of their own tables is tested there.
DELETE FROM bourse.policies;
SELECT * FROM bourse.maintain();
CREATE TABLE exchange.ticks (at timestamptz NOT NULL, price numeric CHECK (price > 0), id bigint,
                             PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE exchange.ticks_default PARTITION OF exchange.ticks DEFAULT;
CREATE INDEX ON exchange.ticks (at);
ALTER TABLE exchange.ticks OWNER TO bourse_owner;
ALTER TABLE exchange.ticks_default OWNER TO bourse_owner;
ALTER TABLE exchange.ticks ENABLE ROW LEVEL SECURITY;
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by, ahead, keep)
VALUES ('exchange', 'ticks', 'at', 'month', 2, '60 days');
CREATE FUNCTION pg_temp.maintain(at timestamptz, most integer DEFAULT 20) RETURNS TABLE (
    relation text, step text, target text, rows bigint, problem text)
LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM bourse_private.maintain_at($1, $2) $$;
ALTER FUNCTION pg_temp.maintain(timestamptz, integer) OWNER TO bourse_owner;
CREATE VIEW pg_temp.parts AS SELECT p.partition, p.lower AT TIME ZONE 'UTC' AS lower,
p.upper AT TIME ZONE 'UTC' AS upper, p.is_default,
    (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = p.partition) AS secure,
            (SELECT c.relowner::regrole FROM pg_class c WHERE c.oid = p.partition) AS owner
FROM bourse_private.partitions('exchange.ticks') p;

-- This month and two more; a second time there is nothing to do.
SELECT * FROM pg_temp.maintain('2030-01-15');
SELECT * FROM pg_temp.maintain('2030-01-15');
SET timezone = 'America/New_York';
SELECT * FROM pg_temp.maintain('2030-01-31 23:30Z');
RESET timezone;
SELECT * FROM pg_temp.parts ORDER BY lower NULLS FIRST;
-- What is kept is counted in days of UTC, whatever the zone of the session: here is one whose day had 23 hours.
SET timezone = 'Europe/Berlin';
SELECT bourse_private.keep_since('2026-03-29 12:00Z', '1 day') AT TIME ZONE 'UTC' AS since;
RESET timezone;

-- Rows that came too early stand in the default partition, and move when their month is made. None is lost.
INSERT INTO exchange.ticks (at, price, id) SELECT '2030-01-01'::timestamptz + n * interval '1 day', 1, n
FROM generate_series(0, 200) n;
SELECT tableoid::regclass AS partition, count(*) FROM exchange.ticks GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
SELECT * FROM pg_temp.maintain('2030-02-10');
SELECT tableoid::regclass AS partition, count(*) FROM exchange.ticks GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
SELECT count(*) FROM exchange.ticks;

-- A month goes when its last row is too old, and not a day before; so do rows of the default partition, one by one.
INSERT INTO exchange.ticks VALUES ('2029-06-01', 1, 900), ('2029-06-02', 1, 901);
SELECT * FROM pg_temp.maintain('2030-04-01 23:00Z');
SELECT * FROM pg_temp.maintain('2030-04-02');
SELECT tableoid::regclass AS partition, count(*), min(at)::date FROM exchange.ticks GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";

-- Few steps in a call: the rest comes with the next, and until then the chore is not done.
SELECT step, target FROM pg_temp.maintain('2030-09-01', 2);
SELECT name, is_done, problems FROM bourse.chores;
SELECT step, target FROM pg_temp.maintain('2030-09-01', 3);
SELECT step, target FROM pg_temp.maintain('2030-09-01');
SELECT name, is_done, problems FROM bourse.chores;
SELECT * FROM pg_temp.parts ORDER BY lower NULLS FIRST;
SELECT * FROM bourse.verify();

-- What cannot be done is said, changes nothing, and keeps nothing else from being done.
CREATE TABLE exchange.ticks_y2030m12 (unrelated text);
SELECT * FROM pg_temp.maintain('2030-10-10');
SELECT name, is_done, problems FROM bourse.chores;
SELECT alert, subject, detail FROM bourse.alerts() WHERE alert LIKE 'chore%';
DROP TABLE exchange.ticks_y2030m12;
SELECT * FROM pg_temp.maintain('2030-10-10');
-- A month of which somebody has made a part already is left to him.
CREATE TABLE exchange.ticks_by_hand PARTITION OF exchange.ticks FOR VALUES FROM ('2031-01-10') TO ('2031-01-20');
SELECT * FROM pg_temp.maintain('2030-11-10');
UPDATE bourse.policies SET is_enabled = false WHERE table_name = 'ticks';
SELECT * FROM pg_temp.maintain('2033-11-10');

-- Rows that others refer to do not move: by way of the foreign key they would take those along.
CREATE TABLE exchange.calls (at timestamptz PRIMARY KEY) PARTITION BY RANGE (at);
CREATE TABLE exchange.calls_default PARTITION OF exchange.calls DEFAULT;
CREATE TABLE exchange.remarks (at timestamptz CONSTRAINT of_call REFERENCES exchange.calls ON DELETE CASCADE);
ALTER TABLE exchange.calls OWNER TO bourse_owner;
ALTER TABLE exchange.remarks OWNER TO bourse_owner;
ALTER TABLE exchange.calls_default OWNER TO bourse_owner;
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by, ahead)
VALUES ('exchange', 'calls', 'at', 'month', 1);
INSERT INTO exchange.calls VALUES ('2050-01-05');
INSERT INTO exchange.remarks VALUES ('2050-01-05');
SELECT * FROM pg_temp.maintain('2050-01-10');
SELECT count(*) FROM exchange.remarks;
ALTER TABLE exchange.remarks DROP CONSTRAINT of_call;
SELECT * FROM pg_temp.maintain('2050-01-10');
ALTER TABLE exchange.remarks ADD CONSTRAINT of_call FOREIGN KEY (at) REFERENCES exchange.calls ON DELETE CASCADE;
-- Nor does a month go whose rows others refer to.
UPDATE bourse.policies SET keep = '30 days' WHERE table_name = 'calls';
SELECT step, target, regexp_replace(problem, 'constraint "[^"]*"', 'constraint') AS problem
FROM pg_temp.maintain('2050-06-10') WHERE step LIKE 'drop%';
SELECT count(*) FROM exchange.remarks;
DELETE FROM exchange.remarks;
SELECT step, target, problem FROM pg_temp.maintain('2050-06-10');
DELETE FROM bourse.policies WHERE table_name = 'calls';
DROP TABLE exchange.remarks, exchange.calls;

-- A table without partitions, by status; days and years.
CREATE TABLE exchange.notes (id bigint PRIMARY KEY, noted_on date, status text);
ALTER TABLE exchange.notes OWNER TO bourse_owner;
INSERT INTO exchange.notes SELECT n, '2030-01-01'::date + n % 100, CASE n % 2 WHEN 0 THEN 'sent' ELSE 'failed' END
FROM generate_series(0, 24999) n;
INSERT INTO bourse.policies (schema_name, table_name, name, time_column, keep, only_status)
VALUES ('exchange', 'notes', 'sent', 'noted_on', '30 days', '{sent,cancelled}'),
       ('exchange', 'notes', 'failed', 'noted_on', '90 days', '{failed}');
-- What is kept for longer than there is time is kept for ever.
UPDATE bourse.policies SET keep = '170000000 years' WHERE table_name = 'notes';
SELECT * FROM pg_temp.maintain('2030-04-30');
UPDATE bourse.policies SET keep = CASE name WHEN 'sent' THEN interval '30 days' ELSE '90 days' END
WHERE table_name = 'notes';
-- A stranger's trigger below would run with our rights.
CREATE ROLE maintain_stranger;
CREATE TABLE public.copies (note bigint REFERENCES exchange.notes ON DELETE CASCADE);
CREATE FUNCTION public.fire() RETURNS trigger LANGUAGE plpgsql
AS 'BEGIN RAISE EXCEPTION ''fired as %'', current_user; END';
ALTER FUNCTION public.fire() OWNER TO maintain_stranger;
ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE;
CREATE TRIGGER fire AFTER DELETE ON public.copies FOR EACH STATEMENT EXECUTE FUNCTION public.fire();
ALTER EVENT TRIGGER bourse_refuse_strange_code ENABLE;
SELECT relation, step, rows, problem FROM pg_temp.maintain('2030-04-30');
DROP TABLE public.copies;
DROP FUNCTION public.fire();
DROP ROLE maintain_stranger;
SELECT * FROM pg_temp.maintain('2030-04-30');
SELECT is_done FROM bourse.chores;
SELECT * FROM pg_temp.maintain('2030-04-30');
SELECT status, count(*), min(noted_on) FROM exchange.notes GROUP BY status ORDER BY status;
-- A journal keeps its rows, whatever the policy says.
CREATE TRIGGER keep BEFORE DELETE ON exchange.notes FOR EACH STATEMENT EXECUTE FUNCTION bourse_private.refuse_change();
SELECT * FROM pg_temp.maintain('2031-04-30');
SELECT count(*) FROM exchange.notes;
CREATE TABLE exchange.days (day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE exchange.years (at timestamp NOT NULL) PARTITION BY RANGE (at);
ALTER TABLE exchange.days OWNER TO bourse_owner;
ALTER TABLE exchange.years OWNER TO bourse_owner;
DELETE FROM bourse.policies;
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by, ahead)
VALUES ('exchange', 'days', 'day', 'day', 1), ('exchange', 'years', 'at', 'year', 1);
SELECT * FROM pg_temp.maintain('2030-12-31');
INSERT INTO exchange.days VALUES ('2030-12-31'), ('2031-01-01');
INSERT INTO exchange.years VALUES ('2030-12-31 23:59:59.999'), ('2031-01-01');
SELECT tableoid::regclass AS partition, count(*) FROM exchange.years GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
-- More than a call moves: the default partition becomes that day, with what it has from before, and a new one takes
-- what is of other days.
CREATE TABLE exchange.days_default PARTITION OF exchange.days DEFAULT;
COMMENT ON TABLE exchange.days_default IS 'Days without a partition';
ALTER TABLE exchange.days_default OWNER TO bourse_owner;
INSERT INTO exchange.days SELECT '2031-01-02' FROM generate_series(1, 100001);
INSERT INTO exchange.days VALUES ('2040-05-05'), ('2001-01-01');
SELECT step, target, rows, problem FROM pg_temp.maintain('2031-01-01');
SELECT tableoid::regclass AS partition, obj_description(tableoid), count(*) FROM exchange.days GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
SELECT step, target, rows, problem FROM pg_temp.maintain('2031-01-01');
-- Too much of too many days is left to somebody; so is a name that is too long.
INSERT INTO exchange.days SELECT '2031-01-04' FROM generate_series(1, 100001);
INSERT INTO exchange.days SELECT '2031-02-04' FROM generate_series(1, 100001);
SELECT step, target, rows, problem FROM pg_temp.maintain('2031-01-03');
SELECT count(*) FROM exchange.days_default;
TRUNCATE exchange.days_default;
-- A journal that lets no row go: the default partition becomes the day, however few there are. The new one is one too.
CREATE TRIGGER keep BEFORE DELETE ON exchange.days_default FOR EACH STATEMENT
    EXECUTE FUNCTION bourse_private.refuse_change();
INSERT INTO exchange.days VALUES ('2031-01-04');
SELECT step, target, rows, problem FROM pg_temp.maintain('2031-01-03');
SELECT tgrelid::regclass AS kept FROM pg_trigger WHERE tgname = 'keep' AND tgrelid::regclass::text LIKE '%days%'
ORDER BY tgrelid::regclass::text COLLATE "C";
-- What is too old stays as a table of its own when the policy says so.
UPDATE bourse.policies SET keep = '1 day', old_partitions = 'detach' WHERE table_name = 'days';
SELECT step, target, problem FROM pg_temp.maintain('2031-01-04');
SELECT count(*), obj_description('exchange.days_y2031m01d02'::regclass) FROM exchange.days_y2031m01d02;
SELECT count(*) FROM exchange.days WHERE day < '2031-01-03' AND day > '2001-01-01';
DROP TABLE exchange.days_y2030m12d31, exchange.days_y2031m01d01, exchange.days_y2031m01d02;
SELECT refusal(format('SELECT bourse_private.create_partition(''exchange.days'', %L, ''2032-01-01'', ''2032-01-02'', ''day'')',
                      repeat('x', 64)));
DROP VIEW pg_temp.parts;
DROP TABLE exchange.notes, exchange.days, exchange.years, exchange.ticks;

-- A policy that fits no table, or not its table, is a problem and nothing else.
DELETE FROM bourse.policies;
CREATE TABLE exchange.strangers (at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE public.elsewhere (at timestamptz);
ALTER TABLE public.elsewhere OWNER TO bourse_owner;
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by, keep) VALUES
    ('exchange', 'nowhere', 'at', NULL, '1 year'), ('exchange', 'strangers', 'at', 'month', '1 year'),
    ('public', 'elsewhere', 'at', NULL, '1 day'),
    ('exchange', 'trades', 'symbol', NULL, '1 year'), ('exchange', 'order_amendments', 'created_at', 'month', '1 year'),
    ('exchange', 'order_book_view', 'created_at', NULL, '1 year');
SELECT relation, step, problem FROM pg_temp.maintain('2040-01-01');
SELECT is_done, cardinality(problems) FROM bourse.chores;
-- What cannot even be looked at keeps no other from its turn.
ALTER TABLE exchange.strangers OWNER TO bourse_owner;
INSERT INTO bourse.policies (schema_name, table_name, name, time_column, keep, only_status)
VALUES ('exchange', 'order_amendments', 'old', 'created_at', '1 year', '{old}');
SELECT relation, step, problem FROM pg_temp.maintain('2040-01-01') WHERE relation ~ 'strangers|amendments';
DELETE FROM bourse.policies;
DROP TABLE exchange.strangers, public.elsewhere;
-- What a policy may not say.
\set VERBOSITY terse
INSERT INTO bourse.policies (schema_name, table_name, time_column, keep) VALUES ('exchange', 'x', 'at', '1 hour');
INSERT INTO bourse.policies (schema_name, table_name, time_column, keep) VALUES ('exchange', 'x', 'at', '-1 year');
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by) VALUES ('exchange', 'x', 'at', 'week');
INSERT INTO bourse.policies (schema_name, table_name, time_column, partition_by, only_status)
VALUES ('exchange', 'x', 'at', 'month', '{sent}');
INSERT INTO bourse.policies (schema_name, table_name, time_column, ahead) VALUES ('exchange', 'x', 'at', 367);

-- An admin changes how long, not what. Declared policies are adopted once.
CREATE ROLE maintain_admin LOGIN IN ROLE bourse_admin;
BEGIN;
CREATE OR REPLACE FUNCTION identity_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, identity, pg_temp AS
$$ SELECT ARRAY[bourse_private.declare_table('api_keys', time_column => 'expires_at', keep => '1 year')] $$;
SELECT bourse_private.adopt_policies();
SET LOCAL ROLE maintain_admin;
UPDATE bourse.policies SET keep = '2 years' WHERE table_name = 'api_keys';
SELECT refusal('UPDATE bourse.policies SET table_name = ''users''');
SELECT refusal('INSERT INTO bourse.policies (schema_name, table_name, time_column) VALUES (''a'', ''b'', ''c'')');
SELECT refusal('DELETE FROM bourse.policies');
RESET ROLE;
SELECT bourse_private.adopt_policies();
SELECT schema_name, table_name, name, time_column, partition_by, ahead, keep FROM bourse.policies
ORDER BY schema_name, table_name, name;
ROLLBACK;
DROP ROLE maintain_admin;

-- tick() maintains once an hour, at once when more is to be done, and not while the platform is paused.
UPDATE bourse.chores SET ran_at = now() - interval '59 minutes', is_done = true;
SELECT bourse_private.tick();
SELECT ran_at < now() - interval '50 minutes' AS not_yet FROM bourse.chores;
UPDATE bourse.chores SET is_done = false;
SELECT bourse_private.tick();
SELECT ran_at > now() - interval '1 minute' AS ran, is_done FROM bourse.chores;
UPDATE bourse.chores SET ran_at = now() - interval '61 minutes';
BEGIN;
REFRESH MATERIALIZED VIEW bourse.at_work WITH NO DATA;
SELECT bourse_private.tick();
SELECT ran_at < now() - interval '50 minutes' AS paused FROM bourse.chores;
ROLLBACK;
SELECT bourse_private.tick();
SELECT ran_at > now() - interval '1 minute' AS ran FROM bourse.chores;

-- What it keeps others out of is one table at a time: the next call goes on with the next.
BEGIN;
SELECT bourse_private.adopt_policies();
UPDATE bourse.policies SET is_enabled = true;
SELECT count(DISTINCT relation) AS tables, count(*) > 1 AS more, count(problem) AS problems
FROM bourse_private.maintain_at(now() + interval '1 year', 40, true);
SELECT is_done FROM bourse.chores;
SELECT count(DISTINCT relation) > 1 AS all_at_once FROM bourse_private.maintain_at(now() + interval '1 year', 40);
ROLLBACK;
