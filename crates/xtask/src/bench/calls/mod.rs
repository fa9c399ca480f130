//! What a call costs where PostgreSQL keeps what was changed: in one long transaction, beside an old snapshot, and
//! when many stops trigger together.

mod snapshot;
mod stops;
mod transaction;

use super::grid::Grid;
use super::request::Pace;
use super::verdict::Verdict;
use crate::bulk;
use crate::cluster::Cluster;
use crate::failure::Result;
use crate::project::{self, Project};
use crate::psql::Database;

pub use snapshot::{Holder, Stretch};
pub use stops::Cascade;
pub use transaction::Shape;

/// The figures of all three.
#[derive(Default)]
pub struct Calls {
    /// Each shape of calls, in one transaction.
    pub shapes: Vec<Shape>,
    /// One after the other: nobody holds a snapshot, somebody does, nobody does any more.
    pub stretches: Vec<Stretch>,
    /// By number of stops.
    pub cascades: Vec<Cascade>,
}

impl Calls {
    /// Measures each in databases of its own.
    pub fn measure(project: &Project, cluster: &Cluster, pace: Pace) -> Result<Self> {
        println!("calls in one transaction");
        let shapes = transaction::measure(project, &fresh(cluster, "calls")?, pace)?;
        println!("calls beside an old snapshot, {}", snapshot::time(pace));
        let stretches = snapshot::measure(project, &fresh(cluster, "calls")?, pace)?;
        println!("stops that trigger together");
        let sizes = pace.stops().iter();
        let cascades =
            sizes.map(|stops| stops::measure(project, || fresh(cluster, "calls"), *stops, pace)).collect::<Result<_>>();
        cluster.database("postgres").run("DROP DATABASE IF EXISTS calls WITH (FORCE);\n")?;
        Ok(Self { shapes, stretches, cascades: cascades? })
    }

    /// All targets.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let all =
            [transaction::verdict(&self.shapes), snapshot::verdict(&self.stretches), stops::verdict(&self.cascades)];
        all.into_iter().flatten().collect()
    }

    /// The tables with their places on the page and their headings.
    pub fn sections(&self, pace: Pace) -> [(&'static str, &'static str, Grid); 3] {
        [
            ("transaction", "microseconds a call, by calls in one transaction", transaction::table(&self.shapes, pace)),
            (
                "snapshot",
                "microseconds a call while another session holds a snapshot",
                snapshot::table(&self.stretches),
            ),
            ("stops", "stops that trigger together", stops::table(&self.cascades)),
        ]
    }

    /// What the text of the page says of them.
    pub fn parts(pace: Pace) -> [(&'static str, String); 3] {
        [
            ("patience", pace.patience().to_string()),
            ("snapshot_time", snapshot::time(pace)),
            ("snapshot_rate", (2 * snapshot::RATE).to_string()),
        ]
    }
}

/// An empty database with the extension.
fn fresh(cluster: &Cluster, name: &str) -> Result<Database> {
    let database = cluster.fresh_database(name)?;
    bulk::install(&database)?;
    Ok(database)
}

/// A script of the folder `bench/calls`.
fn script(project: &Project, name: &str) -> Result<String> {
    project::read_text(&project.root.join("bench/calls").join(name))
}
