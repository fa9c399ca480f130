//! `cargo bench-marketplace`: summaries of a user and of a bot over a million trades, searches through a hundred thousand
//! bots, as many subscriptions that are due at once beside an UPDATE of one row, and configs by a schema that is known
//! beside schemas that are not.

mod figures;

use std::time::Instant;

use crate::bench::jobs::Pace;
use crate::bench::paced::Request;
use crate::bench::report;
use crate::bench::timed::{milliseconds, prepared, rate};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::psql::Database;

use figures::Figures;

/// What is asked of the catalogue; the slowest counts.
const SEARCHES: [&str; 7] = [
    "",
    "query => 'grid'",
    "query => 'momentum strategy99'",
    "query => 'grid momentum scalper trend'",
    "category => 'Arbitrage', bot_type => 'ML', max_price => 10",
    "query => 'trend', min_rating => 4, min_trades => 100, order_by => 'trades'",
    "min_rating => 4.9, max_price => 1, order_by => 'price'",
];

/// Configs of a turn.
fn configs(pace: Pace) -> u32 {
    if pace == Pace::Quick { 200 } else { 1_000 }
}

/// Measures, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    let (figures, broken) = report::measure(project, request, "marketplace", |cluster, machine| {
        let mut figures = Figures::new(machine, request.pace);
        let arena = Arena {
            sums: prepared(project, cluster, "marketplace/sums")?,
            catalogue: prepared(project, cluster, "marketplace/catalogue")?,
            runs: prepared(project, cluster, "marketplace/runs")?,
        };
        for round in 0..request.pace.rounds() {
            println!("round {} of {}", round + 1, request.pace.rounds());
            arena.measure(request.pace, &mut figures)?;
        }
        let broken = arena.sums.rows("SELECT * FROM marketplace_private.verify_trades();\n")?;
        Ok((figures, broken))
    })?;
    figures.report().tell(project, request, start)?;
    if broken.is_empty() { Ok(()) } else { Err(Failure::new(format!("verify_trades(): {broken:?}"), "")) }
}

/// Where turns are made.
struct Arena {
    /// A million trades.
    sums: Database,
    /// A hundred thousand bots.
    catalogue: Database,
    /// A hundred thousand subscriptions that are due.
    runs: Database,
}

impl Arena {
    fn measure(&self, pace: Pace, figures: &mut Figures) -> Result<()> {
        let of_user = "SELECT * FROM marketplace.user_performance_summary WHERE user_id = 2";
        let of_bot = "SELECT * FROM marketplace.bot_performance_summary WHERE bot_id = 51";
        figures.user.push(milliseconds(&self.sums, "bench_user", of_user)?);
        figures.bot.push(milliseconds(&self.sums, "bench_developer", of_bot)?);
        let searches: Result<Vec<f64>> = SEARCHES
            .iter()
            .map(|terms| format!("SELECT * FROM marketplace.search_bots({terms})"))
            .map(|search| milliseconds(&self.catalogue, "postgres", &search))
            .collect();
        figures.search.push(searches?.into_iter().fold(0.0, f64::max));
        self.runs.run("CALL bench.make_due();\nVACUUM marketplace.runs, bench.bare;\n")?;
        let rate = |statement: &str| rate(&self.runs, statement);
        figures.runs.turn(|| rate("CALL bench.run_due()"), || rate("CALL bench.write_bare()"))?;
        let checked = |what| rate(&format!("CALL bench.check_configs('{what}', {})", configs(pace)));
        figures.configs.turn(|| checked("known"), || checked("new"))
    }
}
