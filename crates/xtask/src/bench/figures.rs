//! Everything that a run found out, as text for a terminal and as the parts of the page.

use super::calls::Calls;
use super::churn::{self, Churn};
use super::copy_floor::CopyFloor;
use super::grid::{self, Grid};
use super::growth::{self, Step};
use super::latency::{self, Latency};
use super::machine::Machine;
use super::request::Pace;
use super::statistics::median;
use super::throughput::{Contender, Throughput};
use super::verdict::{self, Bound, Verdict};

/// The goal of the first release: the peer's own orders, in batches, against the peer.
const BATCH_GOAL: f64 = 20.0;

/// A table, with its place on the page and its heading in a terminal.
type Section = (&'static str, &'static str, Grid);

/// The figures of one run.
pub struct Figures {
    /// How long was measured.
    pub pace: Pace,
    /// Where.
    pub machine: Machine,
    /// By clients.
    pub throughput: Throughput,
    /// At half load.
    pub latency: Latency,
    /// Orders per second of the bulk door with the peer's orders, by round.
    pub random_orders: Vec<f64>,
    /// The public flow.
    pub flow: CopyFloor,
    /// In one transaction, beside an old snapshot, and of stops.
    pub calls: Calls,
    /// By size.
    pub growth: Vec<Step>,
    /// After orders have come and gone.
    pub churn: Churn,
    /// Rows of `verify()` after the orders of all contenders.
    pub violations: usize,
}

impl Figures {
    /// All targets.
    pub fn verdicts(&self) -> Vec<Verdict> {
        let batch = median(&self.random_orders) / self.throughput.rate(Contender::Peer, 1);
        let mut verdicts = self.throughput.verdicts();
        verdicts.extend(self.latency.verdicts());
        verdicts.extend(self.flow.verdicts());
        verdicts.push(Verdict::new(
            "match_orders, the peer's own orders, to the peer with 1 client",
            batch,
            Bound::AtLeast(BATCH_GOAL),
            1,
            " x",
        ));
        verdicts.extend(self.calls.verdicts());
        verdicts.extend(growth::verdicts(&self.growth));
        verdicts
    }

    /// The peer's orders through the bulk door.
    fn batch_table(&self) -> Grid {
        let (ours, peer) = (median(&self.random_orders), self.throughput.rate(Contender::Peer, 1));
        let mut grid = Grid::new(&["orders per second", "match_orders", "PL/pgSQL peer, 1 client", "ratio"]);
        grid.push(vec![
            "the peer's own orders".to_owned(),
            grid::thousands(ours, 0),
            grid::thousands(peer, 0),
            grid::ratio(ours, peer, 1),
        ]);
        grid
    }

    /// The tables with their headings.
    fn sections(&self) -> Vec<Section> {
        let mut sections = vec![
            ("targets", "targets", verdict::table(&self.verdicts())),
            ("throughput", "transactions per second by clients on one market", self.throughput.table(self.pace)),
            ("latency", "latency of one order at half load", self.latency.table()),
            ("batch", "the bulk door, 10,000 commands to a transaction", self.batch_table()),
            ("copy", "the bulk door beside COPY of the same resulting rows", self.flow.table()),
        ];
        sections.extend(self.calls.sections(self.pace));
        sections.extend([
            ("growth", "microseconds per order, one client, by size", growth::cost_table(&self.growth)),
            ("reads", "milliseconds per read, one client, by size", growth::read_table(&self.growth)),
            ("churn", "tables and indexes after churn", self.churn.table()),
            ("settings", "settings", self.machine.table()),
        ]);
        sections
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        let mut text = format!(
            "\n{} cores, PostgreSQL {}; medians, rounds: {}, seconds of a turn: {}; every commit is on disk\n",
            self.machine.cores,
            self.machine.server,
            self.pace.rounds(),
            self.pace.seconds()
        );
        text.push_str(&listed(&self.sections()));
        text.push_str(&format!(
            "\nchurn for {}: {}\n\
             \nCOPY of the same resulting rows: exchange.assets, orders, order_amendments and trades of the finished run\n\
             of {}, from files on the server into tables with the same columns, checks, indexes, fill\n\
             factors and foreign keys, no triggers; four transactions. The door: COPY of {} messages into the\n\
             inbox, then match_orders in transactions of 10,000. Both begin after a checkpoint, both commit to disk.\n\
             \nverify(): {} rows after all orders\n",
            self.pace.churn_time(),
            self.churn.story(),
            self.flow.name,
            grid::count(self.flow.messages as u64),
            self.violations
        ));
        text
    }

    /// The places of the page's template, and what stands there.
    pub fn parts(&self) -> Vec<(&'static str, String)> {
        let number = |value: u32| value.to_string();
        let mut parts = vec![
            ("date", self.machine.date.clone()),
            ("cores", self.machine.cores.to_string()),
            ("server", self.machine.server.clone()),
            ("rounds", self.pace.rounds().to_string()),
            ("seconds", number(self.pace.seconds())),
            ("latency_seconds", number(self.pace.latency_seconds() - 1)),
            ("rate", grid::thousands(self.latency.rate, 0)),
            ("clients", number(latency::CLIENTS)),
            ("flow", self.flow.name.clone()),
            ("messages", grid::count(self.flow.messages as u64)),
            ("users", grid::count(self.pace.scale_users())),
            ("churn_size", grid::count(self.pace.churn_size().resting)),
            ("churn_time", self.pace.churn_time()),
            ("churn_rate", number(churn::RATE)),
            ("churn_story", self.churn.story()),
            ("violations", self.violations.to_string()),
            ("summary", verdict::summary(&self.verdicts())),
        ];
        parts.extend(Calls::parts(self.pace));
        let tables = self.sections().into_iter();
        parts.extend(tables.map(|(name, _, grid)| (name, grid.markdown().trim_end().to_owned())));
        parts
    }
}

/// What was measured when only calls were, for a terminal.
pub fn calls_text(calls: &Calls, pace: Pace) -> String {
    let mut sections = vec![("targets", "targets", verdict::table(&calls.verdicts()))];
    sections.extend(calls.sections(pace));
    listed(&sections)
}

fn listed(sections: &[Section]) -> String {
    sections.iter().map(|(_, heading, grid)| format!("\n{heading}\n{}", grid.text())).collect()
}
