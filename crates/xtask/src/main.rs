//! Everything around pg_bourse that is not pg_bourse: set-up, demo, tests, benchmarks, conformance.

mod account;
mod backups;
mod bench;
mod bulk;
mod calendars;
mod chart;
mod check;
mod cluster;
mod conformance;
mod contents;
mod cron_peers;
mod demo;
mod failover;
mod failure;
mod fences;
mod flow;
mod fuzzing;
mod install;
mod live_screen;
mod manual;
mod metrics;
mod monitoring;
mod mutants;
mod orms;
mod package;
mod pg_upgrade;
mod pooler;
mod progress;
mod project;
mod psql;
mod python;
mod reference;
mod releases;
mod schemas;
mod setup;
mod started;
mod table;
#[cfg(test)]
mod tidy;
mod unpacked;
mod venues;
mod wheel;
mod written;

use std::env;
use std::process::ExitCode;

use failure::{Failure, Result};
use project::Project;

const USAGE: &str = "\
cargo xtask setup                                install what is missing
cargo xtask install [--again]                    build, and install into the server, which may be running
cargo xtask package [--installed] [--try]        make a package of Debian, and try it on a bare system
cargo xtask release [--installed]                keep what the version is, whose migrations never change again
cargo xtask pg-upgrade [--installed]             take every table of the manual from PostgreSQL 15 to 16 and 18
cargo demo [FILE]                                build, install, replay an order flow with a bot in it
cargo demo stop                                  stop the demo's server and screen
cargo xtask screen                               build the live screen
cargo check-all [--installed] [KIND …] [-- NAME …]
                                                 run every kind of test, or these
cargo xtask schema [--write] [--installed]       compare sql/<schema>/tables.sql with the catalog, or write it
cargo xtask cron                                 cron expressions beside croner, croniter and cronsim
cargo xtask backups [--installed] [NAME …]       follow the recipes of docs/backup.md, compare what comes back
cargo xtask failover [--installed] [ROUNDS]      leaders under Patroni are killed and relieved while orders come
cargo xtask venues [--installed]                 two venues behind PL/Proxy, money between them, what is killed
cargo xtask orms [--installed]                   six object-relational mappers and JDBC place orders
cargo xtask calendars [--installed]              compare every session with two Python libraries
cargo xtask metrics [--installed]                compare every metric with three Python libraries
cargo xtask monitoring [--installed]             Prometheus and its exporters read the figures, every alert fires
cargo xtask fuzz [SECONDS] [TARGET …]            the pure crates under libFuzzer
cargo xtask manual                               docs as a site, by mdBook
cargo xtask mutants [--all | --shard K/N] [PACKAGE …]
                                                 faults planted in the core, which some test must see
cargo bench-all [--quick | --full] [--flow FILE] [--calls] [--write] [--installed]
                                                 measure against peer and floor, write docs/benchmarks.md
cargo bench-jobs [--quick | --full] [--write] [--installed] [PART …]
                                                 measure jobs beside other queues, write docs/benchmarks-jobs.md
cargo bench-messages [--quick | --full] [--write] [--installed]
                                                 measure messages, write docs/benchmarks-messages.md
cargo bench-marketplace [--quick | --full] [--write] [--installed]
                                                 measure sums, searches, runs, write docs/benchmarks-marketplace.md
cargo bench-mirror [--quick | --full] [--write] [--installed]
                                                 measure reports of brokers, write docs/benchmarks-mirror.md
cargo bench-trading [--quick | --full] [--write] [--installed]
                                                 measure fills of bots, write docs/benchmarks-trading.md
cargo bench-analytics [--quick | --full] [--write] [--installed]
                                                 measure metrics, write docs/benchmarks-analytics.md
cargo bench-screen [--installed]                 a thousand viewers of one market beside orders
cargo xtask reference [--write] [--installed]    compare docs/reference.md with the catalog, or write it
cargo xtask conformance FILE [--batch N] [--bbo] canonical reports of an order flow, from the tables

PG_BOURSE_PG=16 chooses the major version of PostgreSQL, PG_BOURSE_PG=18 another; without it, 15.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(code) => code,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<ExitCode> {
    let project = Project::locate()?;
    let (task, rest) = match arguments.split_first() {
        Some((task, rest)) => (task.as_str(), rest),
        None => ("help", arguments),
    };
    match (task, rest) {
        ("help" | "--help" | "-h", _) => println!("{USAGE}"),
        ("setup", []) => setup::run(&project)?,
        ("install", []) => install::run(&project)?,
        ("install", [again]) if again == "--again" => install::again(&project)?,
        ("release", []) => install::run(&project).and_then(|()| releases::keep::run(&project))?,
        ("release", [installed]) if installed == "--installed" => releases::keep::run(&project)?,
        ("package", rest) => package::run(&project, &package::Request::parse(rest)?)?,
        ("pg-upgrade", rest) => pg_upgrade::run(&project, rest)?,
        ("screen", []) => live_screen::run(&project)?,
        ("demo", rest) => demo::run(&project, &demo::Request::parse(rest)?)?,
        ("check-all", rest) => return check::run(&project, &check::Request::parse(rest)?),
        ("schema", rest) => return schemas::TASK.run(&project, rest),
        ("reference", rest) => return reference::TASK.run(&project, rest),
        ("cron", []) => return cron_peers::run(&project),
        ("backups", rest) => return backups::run(&project, rest),
        ("failover", rest) => return failover::run(&project, rest),
        ("venues", rest) => return venues::run(&project, rest),
        ("orms", rest) => return orms::run(&project, rest),
        ("calendars", rest) => return calendars::run(&project, rest),
        ("metrics", rest) => return metrics::run(&project, rest),
        ("monitoring", rest) => return monitoring::run(&project, rest),
        ("fuzz", rest) => fuzzing::run(&project, &fuzzing::Request::parse(rest)?)?,
        ("manual", []) => manual::run(&project)?,
        ("mutants", rest) => mutants::run(&project, &mutants::Request::parse(rest)?)?,
        ("bench-all", rest) => bench::run(&project, &bench::Request::parse(rest)?)?,
        ("bench-jobs", rest) => bench::jobs::run(&project, &bench::jobs::Request::parse(rest)?)?,
        ("bench-marketplace", rest) => {
            bench::marketplace::run(&project, &bench::PacedRequest::parse("bench-marketplace", rest)?)?;
        }
        ("bench-mirror", rest) => bench::mirror::run(&project, &bench::PacedRequest::parse("bench-mirror", rest)?)?,
        ("bench-trading", rest) => bench::trading::run(&project, &bench::PacedRequest::parse("bench-trading", rest)?)?,
        ("bench-messages", rest) => {
            bench::messages::run(&project, &bench::PacedRequest::parse("bench-messages", rest)?)?
        }
        ("bench-analytics", rest) => {
            bench::analytics::run(&project, &bench::PacedRequest::parse("bench-analytics", rest)?)?
        }
        ("bench-screen", rest) => bench::screen::run(&project, rest)?,
        ("conformance", rest) => conformance::run(&project, &conformance::Request::parse(rest)?)?,
        _ => {
            return Err(Failure::new(
                format!("there is no task `{}`", arguments.join(" ")),
                format!("one of\n{USAGE}"),
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
