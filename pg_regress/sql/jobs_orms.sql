-- What object-relational mappers send to create, change and delete a row by its id, word for word as the server saw it:
-- `cargo xtask orms` runs them and compares. Times are all set to 2001: the server's own count.
CREATE ROLE jobs_orm LOGIN IN ROLE bourse_trader;
CREATE ROLE jobs_orm_other LOGIN IN ROLE bourse_trader;
CREATE ROLE jobs_orm_admin LOGIN IN ROLE bourse_admin;
INSERT INTO identity.users (id, name, db_role) VALUES (7811, 'orm trader', 'jobs_orm'), (7812, 'orm maker', 'jobs_orm_other');
SELECT calendar.load_calendar('{"name": "ORM", "timezone": "UTC", "from": "2029-01-01", "to": "2029-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00"}]}');
DELETE FROM jobs.schedules;
ALTER SEQUENCE jobs.schedules_id_seq RESTART;
INSERT INTO jobs.schedules (user_id, name, job_type, target, cron) VALUES (7812, 'theirs', 'report', 'pnl', '@daily');
-- SQLAlchemy 2.1.9: a schedule of a trader
SET SESSION AUTHORIZATION jobs_orm;
PREPARE sqlalchemy_create_schedule AS INSERT INTO jobs.my_schedules (user_id, name, job_type, target, task_params, cron, enabled, next_run_at, created_at, updated_at, timezone, misfire, grace, max_catch_up, overlap, max_attempts, timeout, priority, calendar, keep_only_failures, problem, problem_at) VALUES ($1::BIGINT, $2::VARCHAR, $3::VARCHAR, $4::VARCHAR, $5::JSONB, $6::VARCHAR, $7, $8::TIMESTAMP WITH TIME ZONE, $9::TIMESTAMP WITH TIME ZONE, $10::TIMESTAMP WITH TIME ZONE, $11::VARCHAR, $12::VARCHAR, $13, $14::INTEGER, $15::VARCHAR, $16::INTEGER, $17, $18::SMALLINT, $19::VARCHAR, $20, $21::VARCHAR, $22::TIMESTAMP WITH TIME ZONE) RETURNING jobs.my_schedules.id;
EXECUTE sqlalchemy_create_schedule (7811, 'sqlalchemy', 'report', 'pnl', NULL, '@daily', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
SELECT name, cron, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, created_at > now() - interval '1 hour' AS created
FROM jobs.my_schedules;
PREPARE sqlalchemy_change_schedule AS UPDATE jobs.my_schedules SET cron=$1::VARCHAR WHERE jobs.my_schedules.id = $2::BIGINT;
EXECUTE sqlalchemy_change_schedule ('@hourly', 2);
SELECT name, cron, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, created_at > now() - interval '1 hour' AS created
FROM jobs.my_schedules;
PREPARE sqlalchemy_delete_schedule AS DELETE FROM jobs.my_schedules WHERE jobs.my_schedules.id = $1::BIGINT;
EXECUTE sqlalchemy_delete_schedule (2);
SELECT name, cron, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, created_at > now() - interval '1 hour' AS created
FROM jobs.my_schedules;
-- SQLAlchemy 2.1.9: a holiday, by an admin
SET SESSION AUTHORIZATION jobs_orm_admin;
PREPARE sqlalchemy_create_holiday AS INSERT INTO calendar.market_holidays (template_id, date, holiday_type, description) VALUES ($1::BIGINT, $2::DATE, $3::VARCHAR, $4::VARCHAR) RETURNING calendar.market_holidays.id;
EXECUTE sqlalchemy_create_holiday (1, '2029-12-24', 'full_day', NULL);
SELECT date, holiday_type, description FROM calendar.market_holidays;
PREPARE sqlalchemy_change_holiday AS UPDATE calendar.market_holidays SET description=$1::VARCHAR WHERE calendar.market_holidays.id = $2::BIGINT;
EXECUTE sqlalchemy_change_holiday ('by a mapper', 1);
SELECT date, holiday_type, description FROM calendar.market_holidays;
PREPARE sqlalchemy_delete_holiday AS DELETE FROM calendar.market_holidays WHERE calendar.market_holidays.id = $1::BIGINT;
EXECUTE sqlalchemy_delete_holiday (1);
SELECT date, holiday_type, description FROM calendar.market_holidays;
-- Django 5.2.19: a schedule of a trader
SET SESSION AUTHORIZATION jobs_orm;
PREPARE django_create_schedule AS INSERT INTO "jobs"."my_schedules" ("user_id", "name", "job_type", "target", "task_params", "cron", "enabled", "timezone", "next_run_at", "created_at", "updated_at") VALUES (7811, 'django', 'report', 'pnl', '{}'::jsonb, '@daily', true, 'UTC', NULL, '2001-01-01 00:00:00+00:00'::timestamptz, '2001-01-01 00:00:00+00:00'::timestamptz) RETURNING "jobs"."my_schedules"."id";
EXECUTE django_create_schedule;
SELECT name, cron, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, created_at > now() - interval '1 hour' AS created
FROM jobs.my_schedules;
PREPARE django_change_schedule AS UPDATE "jobs"."my_schedules" SET "user_id" = 7811, "name" = 'django', "job_type" = 'report', "target" = 'pnl', "task_params" = '{}'::jsonb, "cron" = '@hourly', "enabled" = true, "timezone" = 'UTC', "next_run_at" = '2001-01-01 00:00:00+00:00'::timestamptz, "created_at" = '2001-01-01 00:00:00+00:00'::timestamptz, "updated_at" = '2001-01-01 00:00:00+00:00'::timestamptz WHERE "jobs"."my_schedules"."id" = 3;
EXECUTE django_change_schedule;
SELECT name, cron, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, created_at > now() - interval '1 hour' AS created
FROM jobs.my_schedules;
PREPARE django_delete_schedule AS DELETE FROM "jobs"."my_schedules" WHERE "jobs"."my_schedules"."id" IN (3);
EXECUTE django_delete_schedule;
SELECT name, cron, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, created_at > now() - interval '1 hour' AS created
FROM jobs.my_schedules;
-- Django 5.2.19: a holiday, by an admin
SET SESSION AUTHORIZATION jobs_orm_admin;
PREPARE django_create_holiday AS INSERT INTO "calendar"."market_holidays" ("template_id", "date", "holiday_type", "description") VALUES (1, '2029-12-24'::date, 'full_day', NULL) RETURNING "calendar"."market_holidays"."id";
EXECUTE django_create_holiday;
SELECT date, holiday_type, description FROM calendar.market_holidays;
PREPARE django_change_holiday AS UPDATE "calendar"."market_holidays" SET "template_id" = 1, "date" = '2029-12-24'::date, "holiday_type" = 'full_day', "description" = 'by a mapper' WHERE "calendar"."market_holidays"."id" = 2;
EXECUTE django_change_holiday;
SELECT date, holiday_type, description FROM calendar.market_holidays;
PREPARE django_delete_holiday AS DELETE FROM "calendar"."market_holidays" WHERE "calendar"."market_holidays"."id" IN (2);
EXECUTE django_delete_holiday;
SELECT date, holiday_type, description FROM calendar.market_holidays;

-- The view has the columns of the table, and takes DELETE by id too. LOCK TABLE goes on to the table, and is refused.
SET SESSION AUTHORIZATION jobs_orm;
SELECT array_agg(a.attname::text ORDER BY a.attname) FILTER (WHERE a.attrelid = 'jobs.schedules'::regclass)
    = array_agg(a.attname::text ORDER BY a.attname) FILTER (WHERE a.attrelid = 'jobs.my_schedules'::regclass) AS all_columns
FROM pg_attribute a WHERE a.attnum > 0 AND NOT a.attisdropped;
INSERT INTO jobs.my_schedules (user_id, name, job_type, target, cron, next_run_at)
VALUES (7811, 'viewed', 'alert', 'btc', '@yearly', '2000-01-01') RETURNING next_run_at > now() AS is_next, enabled, misfire;
SELECT id AS viewed FROM jobs.my_schedules WHERE name = 'viewed' \gset
UPDATE jobs.my_schedules SET id = 1, target = 'eth', next_run_at = '2000-01-01' WHERE id = :viewed
RETURNING id = :viewed AS same_id, target, next_run_at > now() AS is_next;
SELECT call, refusal(call) FROM unnest(ARRAY[
    $$INSERT INTO jobs.my_schedules (user_id, name, job_type, target, cron) VALUES (7812, 'x', 'alert', 'btc', '@daily')$$,
    $$UPDATE jobs.my_schedules SET user_id = 7812$$, $$UPDATE jobs.my_schedules SET cron = 'never'$$,
    $$DELETE FROM jobs.schedules$$, $$TRUNCATE jobs.schedules$$,
    $$LOCK TABLE jobs.my_schedules$$, $$LOCK TABLE jobs.my_schedules IN ROW SHARE MODE$$,
    $$LOCK TABLE jobs.schedules IN ROW SHARE MODE$$]) WITH ORDINALITY c (call, n) ORDER BY n;
-- A mapper that has made one without its user sends NULL with the next change.
UPDATE jobs.my_schedules SET user_id = NULL, cron = '@hourly' WHERE id = :viewed RETURNING user_id;
SET SESSION AUTHORIZATION jobs_orm_other;
SELECT name FROM jobs.my_schedules;
DELETE FROM jobs.my_schedules WHERE id = :viewed RETURNING id;
SET SESSION AUTHORIZATION jobs_orm;
DELETE FROM jobs.my_schedules WHERE id = :viewed RETURNING id = :viewed AS deleted;
SELECT count(*) FROM jobs.my_schedules;
