//! Transactions per second by number of clients: both doors on one market each, the peer, and the floor.

use std::collections::BTreeMap;

use super::grid::{self, Grid};
use super::pgbench::Pgbench;
use super::request::Pace;
use super::statistics::median;
use super::verdict::{Bound, Verdict};
use crate::failure::{Failure, Result};
use crate::project::Project;
use crate::psql::Database;

/// What submits a row or an order per transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contender {
    /// `exchange.place_order`.
    PlaceOrder,
    /// `exchange.submit_order`.
    SubmitOrder,
    /// The PL/pgSQL exchange in bench/peer.
    Peer,
    /// An INSERT of one row.
    Floor,
}

impl Contender {
    /// In the order of tables and legends.
    pub const ALL: [Self; 4] = [Self::SubmitOrder, Self::PlaceOrder, Self::Peer, Self::Floor];

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::PlaceOrder => "place_order",
            Self::SubmitOrder => "submit_order",
            Self::Peer => "PL/pgSQL peer",
            Self::Floor => "one-row INSERT",
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::PlaceOrder => "place_order.pgbench.sql",
            Self::SubmitOrder => "submit_order.pgbench.sql",
            Self::Peer => "peer/place_order.pgbench.sql",
            Self::Floor => "insert.pgbench.sql",
        }
    }
}

/// The database of the contenders, and who trades in it.
pub struct Arena<'a> {
    /// The repository.
    pub project: &'a Project,
    /// Where all contenders have their tables.
    pub database: &'a Database,
    /// Our users' ids in order, without a gap.
    pub users: &'a [String],
}

impl<'a> Arena<'a> {
    /// A run of one contender.
    pub fn pgbench(&self, contender: Contender, clients: u32, seconds: u32) -> Pgbench<'a> {
        let end = |user: Option<&String>| user.map_or("1", String::as_str).to_owned();
        Pgbench::new(self.project, self.database, contender.script(), seconds)
            .clients(clients)
            .variable("nsym", 1)
            .variable("first_user", end(self.users.first()))
            .variable("last_user", end(self.users.last()))
    }

    /// Fails when the installed extension lacks the sequencer's door, which every part of a run needs.
    pub fn require_submit_order(&self) -> Result<()> {
        let count = self.database.rows(
            "SELECT count(*) FROM pg_proc WHERE proname = 'submit_order' AND pronamespace = 'exchange'::regnamespace;\n",
        )?;
        if count.concat() != ["0"] {
            return Ok(());
        }
        Err(Failure::new(
            "the installed extension has no exchange.submit_order",
            "build and install this version of the extension (without --installed the benchmark does)",
        ))
    }
}

/// Rates of all rounds, by contender and number of clients.
#[derive(Default)]
pub struct Throughput(BTreeMap<(Contender, u32), Vec<f64>>);

impl Throughput {
    /// One turn for everybody with every number of clients.
    pub fn measure(&mut self, arena: &Arena<'_>, pace: Pace, round: usize) -> Result<()> {
        arena.database.run("CHECKPOINT;\n")?;
        for clients in pace.clients() {
            for contender in order(round) {
                if contender == Contender::Peer && !pace.peer_clients().contains(clients) {
                    continue;
                }
                let rate = arena.pgbench(contender, *clients, pace.seconds()).rate()?;
                println!("  {:<14} {clients:>2} clients  {rate:>8.0}/s", contender.name());
                self.0.entry((contender, *clients)).or_default().push(rate);
            }
        }
        Ok(())
    }

    /// The median rate; NaN where nothing was measured.
    pub fn rate(&self, contender: Contender, clients: u32) -> f64 {
        self.0.get(&(contender, clients)).map_or(f64::NAN, |rates| median(rates))
    }

    /// The curve of a contender: clients and median rate.
    pub fn curve(&self, contender: Contender) -> Vec<(f64, f64)> {
        let of_contender = self.0.iter().filter(|((who, _), _)| *who == contender);
        of_contender.map(|((_, clients), rates)| (f64::from(*clients), median(rates))).collect()
    }

    /// Medians by clients, with the ratios of the sequencer.
    pub fn table(&self, pace: Pace) -> Grid {
        let mut head = vec!["clients"];
        head.extend(Contender::ALL.map(Contender::name));
        head.extend(["submit_order to peer", "submit_order to INSERT"]);
        let mut grid = Grid::new(&head);
        for clients in pace.clients() {
            let rate = |contender| self.rate(contender, *clients);
            let shown = |value: f64| if value.is_nan() { String::new() } else { grid::thousands(value, 0) };
            let mut row = vec![clients.to_string()];
            row.extend(Contender::ALL.map(|contender| shown(rate(contender))));
            row.push(grid::ratio(rate(Contender::SubmitOrder), rate(Contender::Peer), 1));
            row.push(grid::ratio(rate(Contender::SubmitOrder), rate(Contender::Floor), 2));
            grid.push(row);
        }
        grid
    }

    /// The targets of the doors that take one order.
    pub fn verdicts(&self) -> Vec<Verdict> {
        use Contender::{Floor, Peer, PlaceOrder, SubmitOrder};
        let to =
            |ours: Contender, theirs: Contender, clients: u32| self.rate(ours, clients) / self.rate(theirs, clients);
        let against = |what: &str, value: f64, goal: f64, decimals: usize| {
            Verdict::new(what, value, Bound::AtLeast(goal), decimals, " x")
        };
        vec![
            against("submit_order, 16 clients on one market, to the peer", to(SubmitOrder, Peer, 16), 10.0, 1),
            against("submit_order, 16 clients, to one-row INSERTs", to(SubmitOrder, Floor, 16), 0.45, 2),
            against(
                "submit_order, 64 clients, to its 16 clients",
                self.rate(SubmitOrder, 64) / self.rate(SubmitOrder, 16),
                1.0,
                2,
            ),
            against("place_order, 1 client, to the peer", to(PlaceOrder, Peer, 1), 3.5, 1),
            against("place_order, 1 client, to one-row INSERTs", to(PlaceOrder, Floor, 1), 0.7, 2),
        ]
    }
}

/// Everybody begins a round once: what the one before leaves behind hits each in turn.
fn order(round: usize) -> [Contender; 4] {
    let mut order = Contender::ALL;
    order.rotate_left(round % Contender::ALL.len());
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Throughput {
        let mut figures = Throughput::default();
        let mut put = |contender, clients, rates: [f64; 3]| {
            figures.0.insert((contender, clients), rates.to_vec());
        };
        put(Contender::SubmitOrder, 16, [9_000.0, 11_000.0, 10_000.0]);
        put(Contender::SubmitOrder, 64, [9_900.0; 3]);
        put(Contender::Peer, 16, [1_000.0; 3]);
        put(Contender::Floor, 16, [20_000.0; 3]);
        figures
    }

    #[test]
    fn the_targets_go_by_the_medians() {
        let met: Vec<bool> = figures().verdicts().iter().map(Verdict::is_met).collect();
        assert_eq!(met, [true, true, false, false, false]);
    }

    #[test]
    fn what_was_not_measured_is_left_empty() {
        let text = figures().table(Pace::Quick).markdown();
        assert!(text.contains("| 16 | 10,000 |  | 1,000 | 20,000 | 10.0 x | 0.50 x |"), "{text}");
        assert!(text.contains("| 64 | 9,900 |  |  |  |  |  |"), "{text}");
    }

    #[test]
    fn nobody_is_always_first() {
        let first: Vec<Contender> = (0..4).map(|round| order(round)[0]).collect();
        assert_eq!(first, Contender::ALL);
    }
}
