//! Every session of the calendars that ship with pg_bourse, beside those of two Python libraries. Where they differ,
//! `tests/calendars/differences.tsv` says who is right: what stands there and is not so fails as well as what is so and
//! does not stand there. Fetches the libraries from PyPI; so it is no part of `cargo check-all`.

mod compare;
mod listed;

use std::process::{Command, ExitCode};

use compare::{Peers, Sessions};
use listed::Listed;

use crate::cluster::Cluster;
use crate::failure::Result;
use crate::project::{self, Project};
use crate::table::{layout, row};
use crate::{install, progress, python};

/// The folder of the comparison.
const FOLDER: &str = "tests/calendars";
/// With pandas 3, exchange_calendars 4.13.2 loses two Saturdays.
const PYTHON: [&str; 3] = ["exchange_calendars==4.13.2", "pandas_market_calendars==5.5.0", "pandas==2.3.3"];
/// Our sessions as `peers.py` prints those of the others.
const OURS: &str = "
    CREATE FUNCTION pg_temp.local(moment timestamptz, zone text, day date) RETURNS text LANGUAGE sql AS $$
        SELECT CASE WHEN there::date < day THEN '-' ELSE '' END
            || to_char(extract(hour FROM there) + 24 * greatest(there::date - day, 0), 'FM00')
            || to_char(there, ':MI')
        FROM (SELECT moment AT TIME ZONE zone) t (there)
    $$;
    SELECT t.name, s.session_date,
           pg_temp.local(s.opens_at, t.timezone, s.session_date) || ' to '
               || pg_temp.local(s.closes_at, t.timezone, s.session_date)
               || coalesce((SELECT string_agg(', break ' || pg_temp.local(lower(b), t.timezone, s.session_date) || ' to '
                                              || pg_temp.local(upper(b), t.timezone, s.session_date), '' ORDER BY b)
                            FROM unnest(s.breaks) b), ''),
           (SELECT string_agg(extract(epoch FROM m)::bigint::text, ' ' ORDER BY n)
            FROM (SELECT s.opens_at, 0 UNION ALL SELECT s.closes_at, 1
                  UNION ALL SELECT e.m, 2 + e.n
                  FROM unnest(s.breaks) b CROSS JOIN LATERAL (VALUES (lower(b), 0), (upper(b), 1)) e (m, n)) i (m, n)),
           calendar.trading_minutes(t.name, s.opens_at, s.closes_at)::bigint
    FROM calendar.trading_hours_templates t
    CROSS JOIN LATERAL calendar.sessions(t.name, t.first_date, t.last_date) s
    ORDER BY t.name, s.session_date;
";

/// Compares every session of every calendar.
pub fn run(project: &Project, arguments: &[String]) -> Result<ExitCode> {
    install::unless_told(project, arguments, "cargo xtask calendars [--installed]")?;
    let peers = peers(project)?;
    let ours = ours(project)?;
    let listed = listed::read(&project::read_text(&project.root.join(FOLDER).join("differences.tsv"))?)?;
    Ok(report(&ours, &peers, listed))
}

fn peers(project: &Project) -> Result<Peers> {
    let python = python::prepare(project, "calendars", &PYTHON)?;
    let told = project.target.join("calendars/peers.tsv");
    let mut command = Command::new(python);
    command.arg(project.root.join(FOLDER).join("peers.py")).arg(&told);
    progress::run(project, "peers.py", &mut command, "see what Python says")?;
    Peers::read(&project::read_text(&told)?)
}

fn ours(project: &Project) -> Result<Vec<(String, Sessions)>> {
    let cluster = Cluster::open(project, "calendars")?;
    let _running = cluster.run_anew(&[])?;
    let database = cluster.fresh_database("calendars")?;
    database.run(
        "CREATE EXTENSION pg_bourse;
         SELECT bourse.install();
         SELECT calendar.load_calendar(definition) FROM calendar.builtin_calendars();",
    )?;
    compare::by_calendar(database.rows(OURS)?)
}

fn report(ours: &[(String, Sessions)], peers: &Peers, mut listed: Vec<Listed>) -> ExitCode {
    let mut rows = vec![row(&["calendar", "beside", "sessions", "theirs", "differ", "not listed"])];
    let mut failed = Vec::new();
    for (calendar, sessions) in ours {
        let beside: Vec<_> = peers.of(calendar).collect();
        if beside.is_empty() {
            failed.push(format!("{calendar} is compared with nobody"));
        }
        for peer in beside {
            let differences = peer.differences(sessions);
            let strange = differences.iter().filter(|one| !listed.iter_mut().any(|row| row.takes(calendar, peer, one)));
            let strange: Vec<String> = strange.map(|one| format!("{calendar}\t{}\t{one}", peer.name)).collect();
            let count = |number: usize| number.to_string();
            let numbers = [peer.compared(sessions), peer.sessions.len(), differences.len(), strange.len()];
            rows.push([calendar.clone(), peer.name.clone()].into_iter().chain(numbers.map(count)).collect());
            failed.extend(strange);
        }
    }
    failed.extend(listed.iter().filter_map(Listed::fault));
    print!("{}", layout(&rows, 2));
    for line in &failed {
        println!("  FAILED {line}");
    }
    let compared: usize = peers.all().map(|peer| peer.sessions.len()).sum();
    println!("{compared} sessions of others compared, {} rows of differences, {} failed", listed.len(), failed.len());
    if failed.is_empty() && compared > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
