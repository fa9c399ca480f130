//! Tasks in the processes of the platform: with whose rights they work, how they end, and what ends them.

use std::time::{Duration, Instant};

use client_tests::sequencer::{PRELOAD, Venue};
use client_tests::{Result, Scratch, Session};

const WORKING: &str = "bourse.tasks = on";

/// A role whose procedures are tasks, and where it notes what it has seen.
const OWNER: &str = "
    CREATE ROLE task_owner;
    CREATE SCHEMA work AUTHORIZATION task_owner;
    SET ROLE task_owner;
    CREATE TABLE work.notes (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT clock_timestamp(),
        pid int DEFAULT pg_backend_pid(), who text DEFAULT current_user || ' ' || session_user, said text);
    CREATE PROCEDURE work.note(params jsonb) LANGUAGE sql AS
        'INSERT INTO work.notes (said) VALUES (params ->> ''say'' || '' '' || current_setting(''search_path''))';
    CREATE PROCEDURE work.fail(params jsonb) LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no luck''; END';
    CREATE PROCEDURE work.sleep() LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO work.notes (said) VALUES ('asleep'); COMMIT; PERFORM pg_sleep(600); END $$;
    CREATE PROCEDURE work.stubborn() LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO work.notes (said) VALUES ('stubborn'); COMMIT;
        LOOP BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;
    CREATE PROCEDURE work.suicide() LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(5); END';
    RESET ROLE;
    SELECT jobs.register_task('note', 'work.note(jsonb)'), jobs.register_task('fail', 'work.fail(jsonb)'),
        jobs.register_task('sleep', 'work.sleep()', true), jobs.register_task('stubborn', 'work.stubborn()', true),
        jobs.register_task('suicide', 'work.suicide()');";

fn open(name: &str, settings: &str) -> Result<(Venue, Session)> {
    let venue = Venue::open(name, settings)?;
    let mut session = venue.connect()?;
    session.run(OWNER)?;
    Ok((venue, session))
}

/// Waits for a run to be in a status; what it says of its end.
fn wait_for(session: &mut Session, run: i64, status: &str) -> Result<String> {
    session.wait_for(&format!("SELECT status = '{status}' FROM jobs.schedule_runs WHERE id = {run}"))?;
    session.line(&format!("SELECT coalesce(error, '') FROM jobs.schedule_runs WHERE id = {run}"))
}

fn wait_for_note(session: &mut Session, said: &str, times: i64) -> Result<()> {
    session.wait_for(&format!("SELECT count(*) >= {times} FROM work.notes WHERE said = '{said}'")).map(drop)
}

fn enqueue(session: &mut Session, arguments: &str) -> Result<i64> {
    session.number(&format!("SELECT jobs.enqueue('task', {arguments})"))
}

/// The process of the worker that runs tasks here, once it works and is not this one.
fn worker(session: &mut Session, not: i64) -> Result<i64> {
    let here = "FROM bourse.workers() WHERE database = current_database() AND kind = 'tasks'";
    session.wait_for(&format!("SELECT count(*) = 1 {here} AND state = 'working' AND pid <> {not}"))?;
    session.number(&format!("SELECT pid {here}"))
}

const CHILDREN: &str = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'pg_bourse task'";

#[test]
fn a_task_runs_as_its_owner_and_is_tried_again_when_it_fails() -> Result<()> {
    let (_venue, mut session) = open("tasks_run", "bourse.tasks = on\nbourse.ticker = on")?;
    let noted = enqueue(&mut session, "'note', '{\"say\": \"hello\"}'")?;
    wait_for(&mut session, noted, "completed")?;
    let notes = "SELECT who, said FROM work.notes";
    assert_eq!(session.lines(notes)?, ["task_owner task_owner|hello pg_catalog, pg_temp"]);
    let result = format!("SELECT result ? 'seconds', worker_id FROM jobs.schedule_runs WHERE id = {noted}");
    assert_eq!(session.lines(&result)?, ["t|tasks"]);
    let failed = enqueue(&mut session, "'fail', max_attempts => 2")?;
    session
        .wait_for(&format!("SELECT attempt = 1 AND status = 'pending' FROM jobs.schedule_runs WHERE id = {failed}"))?;
    let waits = format!("SELECT error, next_retry_at > now() FROM jobs.schedule_runs WHERE id = {failed}");
    assert_eq!(session.lines(&waits)?, ["no luck (P0001)|t"]);
    session.run(&format!("UPDATE jobs.schedule_runs SET claimable_at = now() WHERE id = {failed}"))?;
    assert_eq!(wait_for(&mut session, failed, "failed")?, "no luck (P0001)");
    // One that ends its process has failed like any other, and the worker has not noticed.
    let tasks = worker(&mut session, 0)?;
    let ended = enqueue(&mut session, "'suicide', max_attempts => 1")?;
    assert_eq!(wait_for(&mut session, ended, "failed")?, "its process was ended (57P01)");
    assert_eq!(worker(&mut session, 0)?, tasks);
    // By a schedule.
    session.run("SELECT jobs.create_schedule(NULL, 'often', 'task', 'note', '* * * * * *', '{\"say\": \"tick\"}')")?;
    wait_for_note(&mut session, "tick pg_catalog, pg_temp", 3)?;
    session.verify_is_empty()
}

/// What a procedure tries that is called outside of a transaction, before and after it has ended one.
const ATTACK: &str = "
    CREATE TABLE work.attacks (n int, what text, said text, after text);
    ALTER TABLE work.attacks OWNER TO task_owner;
    SET ROLE task_owner;
    CREATE PROCEDURE work.attack() LANGUAGE plpgsql AS $$
    DECLARE
        attack text;
        ending text;
        answer text;
    BEGIN
        FOREACH ending IN ARRAY '{none,commit,rollback}'::text[] LOOP
            FOREACH attack IN ARRAY ARRAY['RESET ROLE', 'RESET SESSION AUTHORIZATION', 'RESET ALL', 'DISCARD ALL',
                'SET SESSION AUTHORIZATION DEFAULT', 'SET ROLE NONE', 'SET SESSION AUTHORIZATION postgres',
                'SET ROLE postgres', 'SET ROLE bourse_owner', 'SET LOCAL ROLE bourse_owner',
                'SELECT set_config(''session_authorization'', ''postgres'', false)',
                'SELECT set_config(''role'', ''bourse_owner'', false)', 'SELECT count(*) FROM pg_authid',
                'UPDATE jobs.tasks SET owner = ''postgres''', 'CREATE ROLE task_made SUPERUSER',
                'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()']
            LOOP
                IF ending = 'commit' THEN COMMIT; ELSIF ending = 'rollback' THEN ROLLBACK; END IF;
                BEGIN
                    EXECUTE attack;
                    answer := 'accepted';
                EXCEPTION WHEN OTHERS THEN answer := SQLSTATE;
                END;
                INSERT INTO work.attacks VALUES (1, attack, answer, current_user || ' ' || session_user || ' '
                    || current_setting('is_superuser'));
                COMMIT;
            END LOOP;
        END LOOP;
    END $$;
    RESET ROLE;
    SELECT jobs.register_task('attack', 'work.attack()', true);";

#[test]
fn a_task_wins_no_rights_by_ending_its_transaction() -> Result<()> {
    let (venue, mut session) = open("tasks_attack", WORKING)?;
    session.run(ATTACK)?;
    // What the owner of the database could have it begin with, and go back to.
    session.run("ALTER DATABASE venue SET role = 'postgres'")?;
    session.run("ALTER ROLE task_owner SET role = 'bourse_owner'")?;
    session.run("ALTER ROLE task_owner SET search_path = work")?;
    drop(session);
    let mut session = venue.connect()?;
    let run = enqueue(&mut session, "'attack', max_attempts => 1")?;
    assert_eq!(wait_for(&mut session, run, "completed")?, "");
    let seen = "SELECT DISTINCT after FROM work.attacks";
    assert_eq!(session.lines(seen)?, ["task_owner task_owner off"]);
    let accepted = "SELECT DISTINCT what FROM work.attacks WHERE said = 'accepted' ORDER BY what";
    let harmless = [
        "RESET ALL",
        "RESET ROLE",
        "RESET SESSION AUTHORIZATION",
        "SET ROLE NONE",
        "SET SESSION AUTHORIZATION DEFAULT",
    ];
    assert_eq!(session.lines(accepted)?, harmless);
    assert_eq!(session.number("SELECT count(*) FROM work.attacks")?, 48);
    session.verify_is_empty()
}

#[test]
fn a_task_without_end_hears_cancels_and_its_timeout() -> Result<()> {
    let (_venue, mut session) = open("tasks_endless", WORKING)?;
    let cancelled = enqueue(&mut session, "'sleep', timeout => NULL")?;
    wait_for_note(&mut session, "asleep", 1)?;
    let at = Instant::now();
    session.run(&format!("SELECT jobs.cancel({cancelled})"))?;
    assert_eq!(wait_for(&mut session, cancelled, "cancelled")?, "cancelled (57014)");
    assert!(at.elapsed() < Duration::from_secs(40), "{:?}", at.elapsed());
    let slow = enqueue(&mut session, "'sleep', timeout => '2 s', max_attempts => 1")?;
    assert_eq!(wait_for(&mut session, slow, "failed")?, "ended by its timeout (57014)");
    // One that hears no cancel is ended; another one runs beside it.
    let stubborn = enqueue(&mut session, "'stubborn', timeout => NULL, max_attempts => 1")?;
    wait_for_note(&mut session, "stubborn", 1)?;
    let beside = enqueue(&mut session, "'note', '{\"say\": \"beside\"}'")?;
    wait_for(&mut session, beside, "completed")?;
    session.run(&format!("SELECT jobs.cancel({stubborn})"))?;
    assert_eq!(wait_for(&mut session, stubborn, "cancelled")?, "cancelled (57014)");
    assert_eq!(session.number(CHILDREN)?, 0);
    session.verify_is_empty()
}

#[test]
fn a_worker_that_is_ended_is_back_in_seconds_and_its_runs_with_it() -> Result<()> {
    let (_venue, mut session) = open("tasks_ended", WORKING)?;
    let run = enqueue(&mut session, "'sleep'")?;
    wait_for_note(&mut session, "asleep", 1)?;
    let ended = worker(&mut session, 0)?;
    let at = Instant::now();
    session.run(&format!("SELECT pg_terminate_backend({ended})"))?;
    worker(&mut session, ended)?;
    assert!(at.elapsed() < Duration::from_secs(40), "{:?}", at.elapsed());
    session.wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = (SELECT min(pid) FROM work.notes)")?;
    wait_for_note(&mut session, "asleep", 2)?;
    assert!(at.elapsed() < Duration::from_secs(55), "{:?}", at.elapsed());
    assert_eq!(session.number(&format!("SELECT attempt FROM jobs.schedule_runs WHERE id = {run}"))?, 2);
    // Switched off, it gives back what runs, and the attempt does not count.
    session.run("ALTER SYSTEM SET bourse.tasks = off")?;
    session.run("SELECT pg_reload_conf()")?;
    wait_for(&mut session, run, "pending")?;
    assert_eq!(session.number(&format!("SELECT attempt FROM jobs.schedule_runs WHERE id = {run}"))?, 1);
    session.wait_for("SELECT count(*) = 0 FROM bourse.workers() WHERE kind = 'tasks'")?;
    assert_eq!(session.number(CHILDREN)?, 0);
    session.verify_is_empty()
}

#[test]
fn vacuum_analyze_and_reindex_run_outside_of_a_transaction() -> Result<()> {
    let (_venue, mut session) = open("tasks_vacuum", WORKING)?;
    session.run("INSERT INTO identity.users (name) SELECT n FROM generate_series(1, 1000) n")?;
    let tables = "'{\"tables\": [\"identity.users\", \"jobs.schedules\"]}'";
    let counts = "SELECT relname, vacuum_count, analyze_count FROM pg_stat_user_tables
                  WHERE relid IN ('identity.users'::regclass, 'jobs.schedules'::regclass) ORDER BY relname";
    assert_eq!(session.lines(counts)?, ["schedules|0|0", "users|0|0"]);
    let files = "SELECT count(*) FROM pg_class WHERE relfilenode IN (SELECT node FROM public.before)";
    session.run(
        "CREATE TABLE public.before AS SELECT c.relfilenode AS node FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indrelid = 'identity.users'::regclass",
    )?;
    let indexes = session.number(files)?;
    assert!(indexes > 2, "{indexes}");
    for task in ["vacuum", "analyze", "reindex"] {
        let run = enqueue(&mut session, &format!("'{task}', {tables}, max_attempts => 1"))?;
        assert_eq!(wait_for(&mut session, run, "completed")?, "", "{task}");
    }
    session.wait_for(&format!(
        "SELECT array_agg(s::text) = '{{\"(schedules,1,1)\",\"(users,1,1)\"}}' FROM ({counts}) s"
    ))?;
    assert_eq!(session.number(files)?, 0);
    // All tables of the platform, and nothing else.
    session.run("CREATE TABLE public.other ()")?;
    let run = enqueue(&mut session, "'vacuum', max_attempts => 1, timeout => NULL")?;
    assert_eq!(wait_for(&mut session, run, "completed")?, "");
    session.wait_for(
        "SELECT bool_and((s.vacuum_count > 0) = (c.relowner = 'bourse_owner'::regrole))
         FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid AND c.relkind = 'r'",
    )?;
    // One that was stopped half-way leaves an index that is not valid; the next one takes it away.
    session.run(
        "SET allow_system_table_mods = on;
         CREATE INDEX idx_users_name_ccnew ON identity.users (name);
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'identity.idx_users_name_ccnew'::regclass",
    )?;
    let run = enqueue(&mut session, &format!("'reindex', {tables}, max_attempts => 1"))?;
    assert_eq!(wait_for(&mut session, run, "completed")?, "");
    assert_eq!(session.line("SELECT to_regclass('identity.idx_users_name_ccnew') IS NULL")?, "t");
    session.verify_is_empty()
}

#[test]
fn a_task_at_work_keeps_nobody_from_dropping_its_database() -> Result<()> {
    let (venue, mut session) = open("tasks_dropped", WORKING)?;
    enqueue(&mut session, "'sleep'")?;
    wait_for_note(&mut session, "asleep", 1)?;
    drop(session);
    let mut outside = venue.scratch.server.connect("postgres", "postgres")?;
    outside.run("ALTER DATABASE venue RENAME TO elsewhere")?;
    let mut session = venue.scratch.server.connect("elsewhere", "postgres")?;
    wait_for_note(&mut session, "asleep", 2)?;
    drop(session);
    outside.run("DROP DATABASE elsewhere")?;
    outside.wait_for("SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'pg_bourse task'").map(drop)
}

#[test]
fn a_standby_runs_no_task_until_it_is_promoted() -> Result<()> {
    let (venue, mut session) = open("tasks_primary", "wal_level = replica\nmax_wal_senders = 4")?;
    let run = enqueue(&mut session, "'note', '{\"say\": \"promoted\"}'")?;
    let standby = Scratch::standby(&venue.scratch.server, "tasks_standby", &format!("{PRELOAD}\n{WORKING}"))?;
    let mut there = standby.server.connect("venue", "postgres")?;
    there.wait_for(&format!("SELECT count(*) = 1 FROM jobs.schedule_runs WHERE id = {run}"))?;
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(there.number("SELECT count(*) FROM pg_stat_activity WHERE backend_type LIKE 'pg_bourse%'")?, 0);
    there.run("SELECT pg_promote()")?;
    wait_for(&mut there, run, "completed").map(drop)
}
