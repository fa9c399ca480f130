//! What clients know to have happened, beside what stands in the tables.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Database, Failure, Result, Session};

/// What a client knows to have happened.
#[derive(Default)]
pub struct Acknowledged {
    /// Orders by client_order_id.
    pub orders: BTreeMap<String, i64>,
    /// Orders whose cancellation was confirmed.
    pub cancelled: BTreeSet<i64>,
    /// client_order_ids that went through the bulk door.
    pub bulk: Vec<String>,
    /// client_order_ids and references that were sent and whose answer never came.
    pub unanswered: Vec<String>,
    /// Prices in hundredths to which orders were amended last; none where an answer never came.
    pub prices: BTreeMap<i64, i64>,
    /// Refusals by SQLSTATE.
    pub refused: BTreeMap<String, u64>,
    /// Deposits, withdrawals and gifts by reference, with their amount in hundredths of USD.
    pub transfers: BTreeMap<String, i64>,
}

impl Acknowledged {
    /// How many orders, by whatever door.
    #[must_use]
    pub fn count(&self) -> usize {
        self.orders.len() + self.bulk.len()
    }
}

/// What stands in the tables in one snapshot: the sequencer may be working.
struct Stored {
    /// Orders by client_order_id: id, status, price in hundredths.
    orders: BTreeMap<String, (i64, String, Option<i64>)>,
    /// Commands that were refused, or wait in the inbox.
    commands: BTreeSet<String>,
    /// Amounts in hundredths by reference; of a gift that of its debit.
    transfers: BTreeMap<String, i64>,
}

impl Stored {
    fn read(session: &mut Session) -> Result<Self> {
        session.run("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")?;
        let orders =
            session.rows("SELECT client_order_id, id, status, trunc(price * 100)::bigint FROM exchange.orders")?;
        let commands = session.lines(
            "SELECT client_order_id FROM exchange.command_rejections WHERE action = 'new'
             UNION ALL SELECT client_order_id FROM exchange.order_commands WHERE action = 'new'",
        )?;
        let transfers = session.rows(
            "SELECT reference, (amount * 100)::bigint FROM exchange.transfers WHERE reference <> '' AND debit_id IS NULL",
        )?;
        session.run("COMMIT")?;
        let mut stored = Self {
            orders: BTreeMap::new(),
            commands: commands.into_iter().collect(),
            transfers: transfers.into_iter().map(|mut row| (row.remove(0), number(&row[0]))).collect(),
        };
        for row in orders {
            let [client_id, id, status, price] = <[String; 4]>::try_from(row).expect("four columns");
            if stored.orders.contains_key(&client_id) {
                return Err(Failure::new(format!("order {client_id} stands twice")));
            }
            stored.orders.insert(client_id, (number(&id), status, price.parse().ok()));
        }
        Ok(stored)
    }

    /// What one client was told and is not so. What it knows of is taken out.
    fn contradict(&mut self, actor: &Acknowledged) -> Vec<String> {
        let mut wrong = Vec::new();
        for (client_id, id) in &actor.orders {
            match self.orders.remove(client_id) {
                Some((stored, status, price)) if stored == *id => {
                    if actor.cancelled.contains(id) && status != "cancelled" {
                        wrong.push(format!("order {client_id} was cancelled and is {status}"));
                    }
                    if actor.prices.get(id).is_some_and(|amended| price != Some(*amended)) {
                        wrong.push(format!("order {client_id} was amended and has the price {price:?}"));
                    }
                }
                other => wrong.push(format!("order {client_id} was answered {id} and is {other:?}")),
            }
        }
        // A command that the server has taken is an order, or rejected, or still in the inbox.
        for client_id in &actor.bulk {
            if self.orders.remove(client_id).is_some() == self.commands.contains(client_id) {
                wrong.push(format!("command {client_id} is not exactly one of order, rejection and waiting"));
            }
        }
        for (reference, amount) in &actor.transfers {
            if self.transfers.remove(reference) != Some(*amount) {
                wrong.push(format!("transfer {reference} of {amount} hundredths is missing"));
            }
        }
        for id in &actor.unanswered {
            self.orders.remove(id);
            self.transfers.remove(id);
        }
        wrong
    }
}

fn number(text: &str) -> i64 {
    text.parse().expect("a number")
}

/// Fails unless everything that was acknowledged is in the tables, once, and nothing else is but what was never
/// answered.
pub fn settle(database: &Database, actors: &[&Acknowledged]) -> Result<()> {
    let mut stored = Stored::read(&mut database.connect()?)?;
    let mut wrong: Vec<String> = actors.iter().flat_map(|actor| stored.contradict(actor)).collect();
    wrong.extend(stored.orders.keys().map(|client_id| format!("order {client_id} was never acknowledged")));
    wrong.extend(stored.transfers.keys().map(|reference| format!("transfer {reference} was never acknowledged")));
    if wrong.is_empty() {
        return Ok(());
    }
    let shown = wrong[..wrong.len().min(10)].join("\n  ");
    Err(Failure::new(format!("{} things are wrong:\n  {shown}", wrong.len())))
}

/// How many orders were acknowledged, and how many of them are nowhere.
pub fn lost(database: &Database, actors: &[&Acknowledged]) -> Result<(usize, usize)> {
    let stored = Stored::read(&mut database.connect()?)?;
    let all = actors.iter().flat_map(|actor| actor.orders.keys().chain(&actor.bulk));
    let lost = all.filter(|id| !stored.orders.contains_key(*id) && !stored.commands.contains(*id)).count();
    Ok((lost, actors.iter().map(|actor| actor.count()).sum()))
}

/// Money of each asset in one snapshot: what is held and earned minus what came in. Every difference is 0.
pub const MONEY: &str = "
    SELECT asset, sum(amount) FROM (
        SELECT symbol AS asset, amount + locked_amount AS amount FROM exchange.assets
        UNION ALL SELECT m.quote, t.commission FROM exchange.trades t JOIN exchange.markets m ON m.symbol = t.symbol
        UNION ALL SELECT asset, -(amount + locked_amount) FROM exchange.transfers
    ) AS held GROUP BY asset HAVING sum(amount) <> 0";
