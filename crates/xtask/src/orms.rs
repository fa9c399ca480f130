//! Object-relational mappers and a driver, the real ones: each places orders, and what it sends is compared with what
//! the tests replay. Fetches the libraries that Debian does not package; so it is no part of `cargo check-all`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::cluster::{Cluster, PORT};
use crate::failure::{Failure, Result};
use crate::install;
use crate::progress;
use crate::project::{self, Project};
use crate::python;

/// The files that replay what is recorded here.
const REPLAYED: [&str; 2] = ["pg_regress/sql/exchange_orms.sql", "pg_regress/sql/jobs_orms.sql"];
const PYTHON: [&str; 3] = ["sqlalchemy==2.1.9", "django==5.2.19", "psycopg[binary]==3.3.9"];
const NODE: [&str; 3] = ["typeorm@0.3.31", "sequelize@6.37.8", "pg@8.23.1"];
const JDBC: &str = "/usr/share/java/postgresql.jar";
/// What a program of ours needs of Debian, and the packages that have it.
const DEBIAN: [(&str, &[&str], &str); 5] = [
    python::DEBIAN,
    ("npm", &["--version"], "npm"),
    ("ruby", &["-e", "require 'active_record'; require 'pg'"], "ruby-activerecord ruby-pg"),
    (
        "php",
        &["-r", "require 'Illuminate/Database/autoload.php'; exit(extension_loaded('pdo_pgsql') ? 0 : 1);"],
        "php-cli php-illuminate-database php-pgsql",
    ),
    ("java", &["--version"], "default-jdk-headless libpostgresql-jdbc-java"),
];
/// Six mappers send an order, a command and a user each; two of them create, change and delete a schedule and a holiday.
const SENT: usize = 18 + 12;
/// JDBC knows no Unix socket. On an address of its own the port is free.
const ADDRESS: &str = "127.0.0.54";
/// The users have the ids that the replayed statements have.
const SETUP: &str = "
    CREATE EXTENSION pg_bourse;
    SELECT bourse.install();
    CREATE ROLE orm_trader LOGIN IN ROLE bourse_trader;
    CREATE ROLE orm_admin LOGIN IN ROLE bourse_admin;
    CREATE ROLE orm_runner LOGIN IN ROLE bourse_runner;
    ALTER ROLE orm_trader SET log_statement = 'all';
    ALTER ROLE orm_admin SET log_statement = 'all';
    INSERT INTO identity.users (id, name, db_role) VALUES (7811, 'trader', 'orm_trader'), (7812, 'maker', NULL);
    SELECT exchange.create_market('ORM-USD', 'ORM', 'USD');
    SELECT exchange.deposit(7811, 'USD', 10000), exchange.deposit(7812, 'ORM', 1000);
    SELECT exchange.place_order(7812, 'ORM-USD', 'sell', 10, 500);
    SELECT calendar.load_calendar('{\"name\": \"ORM\", \"timezone\": \"UTC\", \"from\": \"2029-01-01\", \"to\": \"2029-12-31\",
        \"weekly\": [{\"days\": [0, 1, 2, 3, 4], \"open\": \"09:30\", \"close\": \"16:00\"}]}');
    DELETE FROM jobs.schedules;
    ALTER SEQUENCE jobs.schedules_id_seq RESTART;
    INSERT INTO jobs.schedules (user_id, name, job_type, target, cron) VALUES (7812, 'theirs', 'report', 'pnl', '@daily');
";

/// Runs every program and compares what came to the server with the files that the tests replay.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    install::unless_told(project, arguments, "cargo xtask orms [--installed]")?;
    let tools = Tools::prepare(project)?;
    let cluster = Cluster::open(project, "orms")?;
    let _running = cluster.run_anew(&[("listen_addresses", ADDRESS)])?;
    let database = cluster.fresh_database("orms")?;
    database.run(SETUP)?;
    let mut failed = 0;
    for (name, mut command) in tools.programs(project) {
        command
            .env("PGHOST", cluster.socket())
            .env("PGPORT", PORT.to_string())
            .env("PGDATABASE", "orms")
            .envs([("ORM_ADDRESS", ADDRESS), ("ORM_TRADER", "orm_trader"), ("ORM_ADMIN", "orm_admin")])
            .env("ORM_RUNNER", "orm_runner")
            .env("ORM_USER_ID", "7811");
        let finished = progress::watch(project, name, &mut command)?;
        if !finished.success || finished.output.is_empty() || !finished.output.lines().all(is_expected) {
            println!("  FAILED {name}:\n{}", progress::tail(&finished.output));
            failed += 1;
        }
    }
    database.run("CALL exchange.match_orders();")?;
    let replayed = REPLAYED.map(|file| project::read_text(&project.root.join(file)));
    let replayed = replayed.into_iter().collect::<Result<String>>()?;
    let log = project::read_text(&cluster.log())?;
    let sent = writes(&log);
    for sql in sent.iter().filter(|sql| !replayed.contains(&format!(" AS {sql};"))) {
        println!("  FAILED neither of {REPLAYED:?} has\n    {sql}");
        failed += 1;
    }
    println!("{} statements recorded, {failed} failed", sent.len());
    Ok(if failed == 0 && sent.len() == SENT { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a program that prints this has found what it should.
fn is_expected(line: &str) -> bool {
    let rows = [
        "user trader true",
        "schedule @hourly true 0",
        "holiday full_day by a mapper",
        "run completed 12",
        "run failed valueerror('no day')",
        "worker ended 0",
    ];
    line.starts_with("order filled 1") || rows.contains(&line.to_lowercase().as_str())
}

/// What is written, of a server's log. A mapper that writes values into its SQL writes the time: that is the same for all.
fn writes(log: &str) -> Vec<String> {
    let statements = log.lines().filter_map(|line| {
        let (_, logged) = line.split_once(" LOG:  ")?;
        let sql = logged.split_once(": ")?.1.trim_end_matches(';');
        let begins = |words: &str| sql.get(..words.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(words));
        ["insert into ", "update ", "delete from "].into_iter().any(begins).then(|| without_times(sql))
    });
    statements.collect()
}

fn without_times(sql: &str) -> String {
    let is_time = |literal: &str| {
        let shape: Vec<u8> = literal.bytes().take(10).map(|b| if b.is_ascii_digit() { b'9' } else { b }).collect();
        shape == b"9999-99-99" && literal.len() > 10
    };
    let parts = sql.split('\'').map(|part| if is_time(part) { "2001-01-01 00:00:00+00:00" } else { part });
    parts.collect::<Vec<_>>().join("'")
}

/// Where the libraries are.
struct Tools {
    python: PathBuf,
    node: PathBuf,
}

impl Tools {
    fn prepare(project: &Project) -> Result<Self> {
        let works = |program: &str, arguments: &[&str]| {
            let output = Command::new(program).args(arguments).output();
            output.is_ok_and(|output| output.status.success())
        };
        let missing = DEBIAN.iter().filter(|(program, arguments, _)| !works(program, arguments));
        let mut missing: Vec<&str> = missing.map(|(_, _, packages)| *packages).collect();
        if !Path::new(JDBC).exists() {
            missing.push("libpostgresql-jdbc-java");
        }
        if !missing.is_empty() {
            let list = missing.join(" ");
            return Err(Failure::new(format!("missing: {list}"), format!("apt-get install {list}")));
        }
        let tools = Self { python: python::prepare(project, "orms", &PYTHON)?, node: project.target.join("orms/node") };
        project::make_folder(&tools.node)?;
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(&tools.node).args(NODE);
        progress::run(project, "npm install", &mut npm, "check the network")?;
        Ok(tools)
    }

    /// The programs, by the name of what they use.
    fn programs(&self, project: &Project) -> Vec<(&'static str, Command)> {
        let folder = project.root.join("tests/orms");
        let program = |runner: &Path, file: &str| {
            let mut command = Command::new(runner);
            command.arg(folder.join(file));
            command
        };
        let node = |file: &str| {
            let mut command = program(Path::new("node"), file);
            command.env("NODE_PATH", self.node.join("node_modules"));
            command
        };
        let mut java = Command::new("java");
        java.args(["-cp", JDBC]).arg(folder.join("JdbcOrders.java"));
        vec![
            ("SQLAlchemy", program(&self.python, "sqlalchemy_orders.py")),
            ("Django", program(&self.python, "django_orders.py")),
            ("SQLAlchemy, rows", program(&self.python, "sqlalchemy_rows.py")),
            ("Django, rows", program(&self.python, "django_rows.py")),
            ("psycopg, the worker of docs/runs.md", program(&self.python, "jobs_worker.py")),
            ("TypeORM", node("typeorm_orders.js")),
            ("Sequelize", node("sequelize_orders.js")),
            ("ActiveRecord", program(Path::new("ruby"), "activerecord_orders.rb")),
            ("Eloquent", program(Path::new("php"), "eloquent_orders.php")),
            ("JDBC", java),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_found_whoever_sends_them_and_times_are_left_out() {
        let log = "x [1] LOG:  statement: BEGIN\n\
                   x [1] LOG:  statement: INSERT INTO a VALUES ('2026-11-28 11:08:03.04+00:00'::timestamptz, 'b')\n\
                   x [2] LOG:  execute s1: insert into \"a\" values ($1);\n\
                   x [2] DETAIL:  parameters: $1 = 'insert into'\n\
                   x [2] LOG:  execute s2: DELETE FROM a WHERE id = $1\n\
                   x [2] LOG:  statement: SELECT 'update'\n";
        let expected = [
            "INSERT INTO a VALUES ('2001-01-01 00:00:00+00:00'::timestamptz, 'b')",
            "insert into \"a\" values ($1)",
            "DELETE FROM a WHERE id = $1",
        ];
        assert_eq!(writes(log), expected);
    }
}
