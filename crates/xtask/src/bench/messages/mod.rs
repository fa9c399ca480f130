//! `cargo bench-messages`: messages beside two statements on a bare table, with many that wait, and buckets beside an
//! UPDATE of one row; in one server with full durability, in turns; the median of the ratios of the rounds counts.

mod figures;

use std::time::Instant;

use crate::bench::copies;
use crate::bench::jobs::Pace;
use crate::bench::paced::Request;
use crate::bench::pairs::Pairs;
use crate::bench::pgbench::Pgbench;
use crate::bench::report;
use crate::cluster::Cluster;
use crate::failure::Result;
use crate::project::{self, Project};
use crate::psql::Database;

use figures::Figures;

/// Sessions of pgbench.
const CLIENTS: [u32; 2] = [1, 8];
/// One below the other, by number of clients.
type Both = [Pairs; CLIENTS.len()];

/// Measures, prints it, and writes the page.
pub fn run(project: &Project, request: &Request) -> Result<()> {
    let start = Instant::now();
    let figures = report::measure(project, request, "messages", |cluster, machine| {
        let mut figures = Figures::new(machine, request.pace);
        Arena { project, cluster, request }.measure(&mut figures)?;
        Ok(figures)
    })?;
    figures.report().tell(project, request, start)
}

/// Where turns are made.
struct Arena<'a> {
    project: &'a Project,
    cluster: &'a Cluster,
    request: &'a Request,
}

/// A script below bench/messages, and the database that its turns are copies of.
#[derive(Clone, Copy)]
struct Side {
    script: &'static str,
    database: &'static str,
}

const OURS: Side = Side { script: "messages/claim_ack.pgbench.sql", database: "ours" };
const LIMITED: Side = Side { database: "limited", ..OURS };
const FLOOR: Side = Side { script: "messages/floor.pgbench.sql", database: "bare" };
const TOKENS: Side = Side { script: "messages/take_tokens.pgbench.sql", database: "limited" };
const BARE_TOKENS: Side = Side { script: "messages/bucket_floor.pgbench.sql", database: "bare" };

impl Arena<'_> {
    fn measure(&self, figures: &mut Figures) -> Result<()> {
        let few = Pace::room(self.request.pace.seconds());
        self.prepare(OURS.database, "messages/ours.sql", few)?;
        self.prepare(LIMITED.database, "messages/limited.sql", few)?;
        self.prepare(FLOOR.database, "messages/floor.sql", few)?;
        self.prepare("many", "messages/ours.sql", self.request.pace.rows())?;
        let many = copies::copy(self.cluster, "many", "crowded")?;
        many.run("VACUUM (ANALYZE);\nCHECKPOINT;\n")?;
        for _ in 0..self.request.pace.rounds() {
            for (index, clients) in CLIENTS.into_iter().enumerate() {
                let turn = |side| self.turn(side, clients);
                figures.floor[index].turn(|| turn(OURS), || turn(FLOOR))?;
                figures.limited[index].turn(|| turn(LIMITED), || turn(FLOOR))?;
                figures.rows[index].turn(|| self.rate(&many, OURS.script, clients), || turn(OURS))?;
                figures.buckets[index].turn(|| turn(TOKENS), || turn(BARE_TOKENS))?;
            }
        }
        Ok(())
    }

    /// Makes a database that is copied for every turn.
    fn prepare(&self, name: &str, script: &str, messages: u32) -> Result<()> {
        println!("  {name}, {messages} messages");
        let database = self.cluster.fresh_database(name)?;
        let script = project::read_text(&self.project.root.join("bench").join(script))?;
        database.run(&format!("\\set messages {messages}\n{script}\nVACUUM (ANALYZE);\n"))?;
        copies::close(self.cluster, name)
    }

    fn turn(&self, side: Side, clients: u32) -> Result<f64> {
        self.rate(&copies::copy(self.cluster, side.database, "turn")?, side.script, clients)
    }

    fn rate(&self, database: &Database, script: &str, clients: u32) -> Result<f64> {
        Pgbench::new(self.project, database, script, self.request.pace.seconds()).clients(clients).rate()
    }
}
