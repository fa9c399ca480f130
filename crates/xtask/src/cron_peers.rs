//! Cron expressions over the changes of the clock, beside what other libraries make of them. Every difference is listed,
//! with which side is right; one that is not fails, and so does one that is listed and gone. Fetches the libraries, so it
//! is no part of `cargo check-all`.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, ExitCode, Stdio};

use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::install;
use crate::progress;
use crate::project::{self, Project};

const PYTHON: [&str; 3] = ["croniter==7.0.0", "cronsim==2.8", "tzdata==2026.6"];
const NODE: &str = "croner@11.0.1";
/// Zones, and times of which the next ticks are asked: ordinary ones, and right before changes and between them.
const TIMES: &str = "('UTC', '2026-07-01 12:00Z'), ('UTC', '2026-12-31 23:59:59Z'),
    ('Europe/Berlin', '2026-06-01 10:00Z'), ('Europe/Berlin', '2026-03-28 22:00Z'),
    ('Europe/Berlin', '2026-10-24 22:00Z'), ('Europe/Berlin', '2026-10-25 01:10Z'),
    ('America/New_York', '2026-03-08 04:00Z'), ('America/New_York', '2026-11-01 03:00Z'),
    ('America/New_York', '2026-11-01 06:10Z'), ('Australia/Lord_Howe', '2026-04-04 12:00Z'),
    ('Australia/Lord_Howe', '2026-10-03 12:00Z'), ('America/Santiago', '2026-04-04 22:00Z'),
    ('America/Santiago', '2026-09-05 22:00Z')";
/// How many zones these are.
const ZONES: usize = 5;
const OURS: &str = "
    CREATE EXTENSION pg_bourse;
    CREATE FUNCTION ticks(cron text, zone text, after timestamptz) RETURNS text LANGUAGE plpgsql AS $$
    BEGIN
        RETURN (SELECT string_agg(extract(epoch FROM t)::bigint::text, ' ' ORDER BY t)
                FROM jobs.next_ticks(cron, zone, after, 8) t);
    EXCEPTION WHEN invalid_parameter_value THEN
        RETURN 'refused';
    END $$;";

/// A question, and our answer.
struct Case {
    expression: String,
    zone: String,
    after: String,
    ticks: String,
}

/// Asks every library, and compares what differs with what is listed.
pub fn run(project: &Project) -> Result<ExitCode> {
    let peers = peers(project)?;
    install::run(project)?;
    let folder = project.root.join("tests/cron");
    let cases = ours(project, &project::read_text(&folder.join("expressions.txt"))?)?;
    let mut found = BTreeSet::new();
    for (peer, command) in peers {
        let answers = ask(command, &cases)?;
        if answers.len() != cases.len() {
            return Err(Failure::new(
                format!("{peer} has answered {} of {} questions", answers.len(), cases.len()),
                "",
            ));
        }
        let differing: Vec<_> = cases.iter().zip(&answers).filter(|(case, answer)| case.ticks != **answer).collect();
        println!("{peer}: {} of {} differ", differing.len(), cases.len());
        for (case, answer) in &differing {
            let is_everywhere = differing.iter().filter(|(other, _)| other.expression == case.expression);
            let zones: BTreeSet<&str> = is_everywhere.map(|(other, _)| other.zone.as_str()).collect();
            let zone = if zones.len() == ZONES { "*" } else { &case.zone };
            if found.insert(format!("{peer}\t{}\t{zone}", case.expression)) {
                println!("  {} {} {}", case.expression, case.zone, case.after);
                println!("    ours   {}\n    theirs {answer}", case.ticks);
            }
        }
    }
    let listed = project::read_text(&folder.join("differences.txt"))?;
    let listed = listed.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let listed: BTreeSet<String> = listed.map(|line| line.split('\t').take(3).collect::<Vec<_>>().join("\t")).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&found).collect();
    unlisted.iter().for_each(|difference| println!("  FAILED not listed: {difference}"));
    gone.iter().for_each(|difference| println!("  FAILED listed, and there is none: {difference}"));
    println!("{} differences listed, {} not, {} gone", listed.len(), unlisted.len(), gone.len());
    Ok(if unlisted.is_empty() && gone.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn peers(project: &Project) -> Result<Vec<(&'static str, Command)>> {
    let (folder, scripts) = (project.target.join("cron"), project.root.join("tests/cron"));
    let (python, node) = (folder.join("python"), folder.join("node"));
    project::make_folder(&node)?;
    let remedy = "apt-get install python3-venv npm; check the network";
    let mut venv = Command::new("python3");
    progress::run(project, "python3 -m venv", venv.args(["-m", "venv"]).arg(&python), remedy)?;
    let mut pip = Command::new(python.join("bin/pip"));
    progress::run(project, "pip install", pip.args(["install", "--quiet"]).args(PYTHON), remedy)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&node).arg(NODE);
    progress::run(project, "npm install", &mut npm, remedy)?;
    let program = |runner: &std::path::Path, script: &str| {
        let mut command = Command::new(runner);
        command.arg(scripts.join(script)).env("NODE_PATH", node.join("node_modules"));
        // The zones of the package, not those of the machine.
        command.env("PYTHONTZPATH", "");
        command
    };
    let python = python.join("bin/python");
    Ok(vec![
        ("croner", program(std::path::Path::new("node"), "croner_ticks.js")),
        ("croniter", program(&python, "croniter_ticks.py")),
        ("cronsim", program(&python, "cronsim_ticks.py")),
    ])
}

fn ours(project: &Project, expressions: &str) -> Result<Vec<Case>> {
    let cluster = Cluster::open(project, "cron")?;
    let _running = cluster.run_anew(&[])?;
    let database = cluster.fresh_database("cron")?;
    database.run(OURS)?;
    database.run("SELECT bourse.install()")?;
    let list: Vec<String> = expressions.lines().map(|line| format!("'{line}'")).collect();
    let rows = database.rows(&format!(
        "SELECT e, z, extract(epoch FROM t)::bigint, ticks(e, z, t)
         FROM unnest(ARRAY[{}]) WITH ORDINALITY x (e, n),
              (SELECT z, t::timestamptz FROM (VALUES {TIMES}) v (z, t)) v ORDER BY n, z, t",
        list.join(", ")
    ))?;
    let case = |row: Vec<String>| match <[String; 4]>::try_from(row) {
        Ok([expression, zone, after, ticks]) => Ok(Case { expression, zone, after, ticks }),
        Err(row) => Err(Failure::new(format!("{} columns", row.len()), "")),
    };
    rows.into_iter().map(case).collect()
}

fn ask(mut command: Command, cases: &[Case]) -> Result<Vec<String>> {
    let failed = || "python3 or node does not run".to_owned();
    let remedy = "apt-get install python3-venv nodejs";
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = child.or_fail(failed, remedy)?;
    let questions: String =
        cases.iter().map(|case| format!("{}\t{}\t{}\n", case.expression, case.zone, case.after)).collect();
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(questions.as_bytes()));
    let output = child.wait_with_output().or_fail(|| "a program of tests/cron".to_owned(), remedy)?;
    // Who does not read all of them has answered too few.
    let _ = writer.join();
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}
