//! The part of the exchange that one transaction works on: markets locked, orders and balances loaded.
//!
//! The order is fixed, so that no two transactions ever wait for each other in a circle: markets by lock key,
//! then balances by (user, asset). Everything is read after its lock, with a fresh snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use matching::accounts::AssetId;
use matching::book::IdMap;
use matching::{Accounts, Market, Money, OrderId, Side, UserId};

use super::command::{Action, Command, Target};
use super::demand::{Demand, Demands};
use super::rows::{self, MarketRow, OrderRow};
use crate::identity::{Standing, Users};
use crate::pg::lock::Lock;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// A market that this transaction holds.
pub struct OpenMarket {
    /// Its symbol.
    pub symbol: String,
    /// Its row as it was read under the lock.
    pub row: MarketRow,
    /// Its core, with the orders that the commands can meet.
    pub core: Market,
    /// The id of its base asset in the accounts.
    pub base: AssetId,
    /// The id of its quote asset in the accounts.
    pub quote: AssetId,
}

/// Everything that a set of commands works on.
pub struct Venue {
    /// The markets that exist, by symbol.
    pub markets: BTreeMap<String, OpenMarket>,
    /// The balances of everybody who can be part of a trade.
    pub accounts: Accounts,
    /// The orders that commands name, by id.
    pub named: IdMap<OrderId, OrderRow>,
    /// The orders that commands name or repeat, by user and client_order_id.
    pub client_ids: HashMap<(UserId, String), OrderId>,
    /// Who the placing users are.
    pub standing: HashMap<UserId, Standing>,
    /// Which balances are locked; every other one has no row, as far as this transaction has seen.
    pub locked: BTreeSet<(UserId, AssetId)>,
    /// Asset ids to symbols, in order.
    pub assets: Vec<String>,
    /// `exchange.markets`.
    pub markets_table: Table,
    /// `exchange.orders`.
    pub orders_table: Table,
    /// `exchange.assets`.
    pub assets_table: Table,
}

/// Locks markets in the one order that everybody uses.
pub fn lock_markets<'a>(symbols: impl Iterator<Item = &'a str>) {
    let mut locks: Vec<Lock<'_>> = symbols.map(Lock::Market).collect();
    locks.sort_unstable_by_key(|lock| lock.key());
    for lock in locks {
        lock.acquire();
    }
}

impl Venue {
    /// Locks and loads what these commands need.
    pub fn open(commands: &[Command]) -> Venue {
        let symbols: BTreeSet<&str> = commands.iter().map(|c| c.symbol.as_str()).collect();
        lock_markets(symbols.iter().copied());
        let mut venue = Venue {
            markets: BTreeMap::new(),
            accounts: Accounts::new(),
            named: IdMap::default(),
            client_ids: HashMap::new(),
            standing: HashMap::new(),
            locked: BTreeSet::new(),
            assets: Vec::new(),
            markets_table: Table::open(c"exchange", c"markets", rows::markets::NAMES),
            orders_table: Table::open(c"exchange", c"orders", rows::orders::NAMES),
            assets_table: Table::open(c"exchange", c"assets", rows::assets::NAMES),
        };
        venue.open_markets(&symbols);
        venue.load_users(commands);
        venue.load_named(commands);
        venue.load_books(commands);
        venue.lock_balances(commands);
        venue
    }

    fn open_markets(&mut self, symbols: &BTreeSet<&str>) {
        let index = self.markets_table.index(c"markets_pkey");
        let mut found = Vec::new();
        for symbol in symbols {
            if let Some(row) = self.markets_table.find_locked(index, &[Key::Text(symbol)], MarketRow::read) {
                found.push(((*symbol).to_owned(), row));
            }
        }
        let assets: BTreeSet<&str> = found.iter().flat_map(|(_, m)| [m.base.as_str(), m.quote.as_str()]).collect();
        self.assets = assets.into_iter().map(str::to_owned).collect();
        for (symbol, row) in found {
            let (base, quote) = (self.asset(&row.base), self.asset(&row.quote));
            let core = Market::new(row.rules, base, quote, row.last_priority, row.last_sequence);
            self.markets.insert(symbol.clone(), OpenMarket { symbol, row, core, base, quote });
        }
    }

    fn asset(&self, symbol: &str) -> AssetId {
        AssetId(self.assets.partition_point(|a| a.as_str() < symbol) as u32)
    }

    fn load_users(&mut self, commands: &[Command]) {
        let mut users = Users::open();
        for command in commands {
            if matches!(command.action, Action::New { .. }) && !self.standing.contains_key(&command.user) {
                self.standing.insert(command.user, users.standing(command.user.0));
            }
        }
        users.close();
    }

    /// Reads the orders that commands name: the targets, and those that a new order may repeat.
    fn load_named(&mut self, commands: &[Command]) {
        let by_id = self.orders_table.index(c"orders_pkey");
        let by_client = self.orders_table.index(c"orders_client_order_id_key");
        for command in commands {
            let found = match (command.target(), command.client_order_id()) {
                (Some(Target::Id(id)), _) => self.orders_table.find(by_id, &[Key::Int(id.0)], OrderRow::read),
                (_, Some(id)) => {
                    let keys = [Key::Int(command.user.0), Key::Text(id)];
                    self.orders_table.find(by_client, &keys, OrderRow::read)
                }
                (_, None) => None,
            };
            if let Some(row) = found {
                if let Some(client_id) = &row.ticket.client_order_id {
                    self.client_ids.insert((row.ticket.user, client_id.clone()), row.id);
                }
                self.named.insert(row.id, row);
            }
        }
    }

    /// Loads, for each market, the orders that commands name and as much of each side, best first, as the
    /// commands can take. What lies behind is never reached: the loaded part alone outweighs every taker.
    fn load_books(&mut self, commands: &[Command]) {
        let demands = Demands::of(commands, &self.named, &self.client_ids);
        for (symbol, market) in &mut self.markets {
            let mut resting: Vec<OrderRow> =
                self.named.values().filter(|o| o.ticket.symbol == *symbol).cloned().collect();
            for side in [Side::Buy, Side::Sell] {
                if let Some(demand) = demands.on(symbol, side) {
                    load_side(&mut self.orders_table, symbol, side, demand, &mut resting);
                }
            }
            resting.sort_unstable_by_key(|o| (o.priority, o.id));
            resting.dedup_by_key(|o| o.id);
            for order in resting.iter().filter_map(|o| o.resting(&market.row.rules)) {
                market.core.load(&mut self.accounts, order);
            }
        }
    }

    /// Locks and reads every balance that the commands can move, in (user, asset) order.
    fn lock_balances(&mut self, commands: &[Command]) {
        let mut wanted = BTreeSet::new();
        for (symbol, market) in &self.markets {
            let owners: BTreeSet<UserId> = [Side::Buy, Side::Sell]
                .into_iter()
                .flat_map(|side| market.core.book.queue(side))
                .map(|place| market.core.book.order(place).user)
                .chain(commands.iter().filter(|c| c.symbol == *symbol).map(|c| c.user))
                .collect();
            wanted.extend(owners.into_iter().flat_map(|user| [(user, market.base), (user, market.quote)]));
        }
        let index = self.assets_table.index(c"assets_symbol_user_unique");
        for (user, asset) in wanted {
            let keys = [Key::Int(user.0), Key::Text(&self.assets[asset.0 as usize])];
            if let Some(balance) = self.assets_table.find_locked(index, &keys, rows::balance) {
                self.accounts.load(user, asset, balance);
                self.locked.insert((user, asset));
            }
        }
    }
}

/// Reads one side of a book, best price first, until it outweighs the demand or no longer crosses it.
fn load_side(orders: &mut Table, symbol: &str, side: Side, demand: &Demand, into: &mut Vec<OrderRow>) {
    let (index, limit) = match side {
        Side::Buy => (orders.index(c"idx_orders_orderbook_buy"), Key::AtLeast(demand.limit)),
        Side::Sell => (orders.index(c"idx_orders_orderbook_sell"), Key::AtMost(demand.limit)),
    };
    let mut loaded = Money::ZERO;
    orders.scan(index, &[Key::Text(symbol), limit], |row| {
        let order = OrderRow::read(row);
        if order.priority > 0 {
            loaded += order.ticket.amount - order.filled;
            into.push(order);
        }
        if loaded >= demand.amount { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
}
