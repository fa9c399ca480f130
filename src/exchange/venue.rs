//! The part of the exchange that one transaction works on: markets locked, orders and balances loaded.
//!
//! Locks are taken in a fixed order, so that no two calls ever wait for each other in a circle: client ids, then
//! markets, each by lock key, then the rows of the markets by symbol, then balances by (user, asset). Everything is
//! read after its lock, with a fresh snapshot.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::ControlFlow;

use ids::{AssetId, IdMap, OrderId, UserId};
use matching::{Accounts, Market, Rates, Side};

use super::balance_rows::{self, BalanceRows};
use super::bell::Bell;
use super::command::{Action, Command, Target};
use super::demand::Demands;
use super::fees::Fees;
use super::fields::{assets, orders};
use super::front::KnownFront;
use super::load::Reach;
use super::locks::CLIENTS;
use super::market_rows;
use super::rows::{self, MarketRow, OrderRow};
use super::tables;
use crate::error::Answer;
use crate::identity::{Standing, Users};
use crate::pg::lock;
use crate::pg::scan::{Key, Row};
use crate::pg::table::{Table, Tid};
use crate::pg::value::Timestamp;

/// A market that this transaction holds.
pub struct OpenMarket {
    /// Its symbol.
    pub symbol: String,
    /// Its row as it was read under the lock.
    pub row: MarketRow,
    /// Its core, with the orders that the commands can meet.
    pub core: Market,
    /// The bell that rings in this transaction.
    pub bell: Option<Bell>,
    /// Why it is not open, as an operator says.
    pub reason: Option<String>,
    /// What is known of the front of its book.
    pub known: KnownFront,
    /// The id of its base asset in the accounts.
    pub base: AssetId,
    /// The id of its quote asset in the accounts.
    pub quote: AssetId,
}

impl OpenMarket {
    /// The balances that commands to this market can move: both assets of everybody when something can trade,
    /// otherwise only what orders reserve.
    fn movable<'a>(
        &self,
        commands: impl Iterator<Item = &'a Command>,
        standing: &HashMap<UserId, Standing>,
    ) -> BTreeSet<(UserId, AssetId)> {
        let (mut arrivals, mut orders) = (0, Vec::new());
        for command in commands {
            arrivals += usize::from(!matches!(command.action, Action::Cancel(_) | Action::Expire | Action::Stops));
            if let Action::New { ticket, .. } = &command.action
                && standing.get(&ticket.user) == Some(&Standing::Active)
            {
                orders.push((ticket.user, ticket.body.side));
            }
        }
        let live = self.core.book.live();
        let trades = arrivals > 1 || (arrivals == 1 && !live.is_empty()) || self.core.book.first_trigger().is_some();
        orders.extend(live.into_iter().map(|place| self.core.book.order(place)).map(|o| (o.user, o.side)));
        let reserve = |side| if side == Side::Buy { self.quote } else { self.base };
        let assets = |(user, side)| {
            let other = trades.then_some((user, if side == Side::Buy { self.base } else { self.quote }));
            std::iter::once((user, reserve(side))).chain(other)
        };
        orders.into_iter().flat_map(assets).collect()
    }
}

/// Everything that a set of commands works on.
pub struct Venue {
    /// The markets that exist, by symbol.
    pub markets: BTreeMap<String, OpenMarket>,
    /// The balances of everybody who can be part of a trade.
    pub accounts: Accounts,
    /// Where the rows of those balances stand.
    pub balance_rows: BalanceRows,
    /// Where the rows of the loaded orders stand, and whether they say that the order has not been triggered yet.
    pub order_rows: IdMap<OrderId, (Tid, bool)>,
    /// The orders that commands name, by id.
    pub named: IdMap<OrderId, OrderRow>,
    /// The orders that commands name or repeat, by user and client_order_id.
    pub client_ids: HashMap<(UserId, String), OrderId>,
    /// Who the placing users are.
    pub standing: HashMap<UserId, Standing>,
    /// Asset ids to symbols, in order.
    pub assets: Vec<String>,
    /// The rates of users who do not pay their market's.
    pub rates: HashMap<(UserId, String), Rates>,
    /// Live orders of placing users that are not loaded, where a market limits them.
    pub unloaded: HashMap<(UserId, String), i64>,
    /// The time of all that happens here.
    pub now: Timestamp,
    /// `exchange.markets`.
    pub markets_table: Table,
    /// `exchange.orders`.
    pub orders_table: Table,
    /// `exchange.assets`.
    pub assets_table: Table,
}

impl Venue {
    /// Locks and loads what these commands need: so many orders of each side at least, if they cross.
    pub fn open(commands: &[Command], depth: usize) -> Answer<Venue> {
        let symbols: BTreeSet<&str> = commands.iter().map(|c| c.symbol.as_str()).collect();
        // A new order with a client_order_id waits here for another one of the same user, so that neither waits
        // for the other's index entry while it holds a market. An order that an INSERT has stored has waited before.
        let named = commands.iter().filter(|c| matches!(c.action, Action::New { stored: None, .. }));
        lock::acquire_all(named.filter(|c| c.client_order_id().is_some()).map(|c| CLIENTS.of(c.user.0)));
        let mut markets_table = Table::open(&tables::MARKETS);
        let found = market_rows::hold(&mut markets_table, &symbols)?;
        let mut venue = Venue {
            markets: BTreeMap::new(),
            accounts: Accounts::new(),
            balance_rows: BalanceRows::default(),
            order_rows: IdMap::default(),
            named: IdMap::default(),
            client_ids: HashMap::new(),
            standing: HashMap::new(),
            assets: Vec::new(),
            rates: HashMap::new(),
            unloaded: HashMap::new(),
            now: Timestamp::now(),
            markets_table,
            orders_table: Table::open(&tables::ORDERS),
            assets_table: Table::open(&tables::ASSETS),
        };
        venue.open_markets(found);
        venue.load_users(commands);
        venue.load_named(commands);
        venue.load_books(commands, depth);
        venue.load_limits(commands);
        venue.lock_balances(commands);
        Ok(venue)
    }

    /// Whether a command may have traded with more of a book than has been loaded: then what was done is thrown away,
    /// and more is loaded.
    pub fn is_short(&self, symbol: &str) -> bool {
        self.markets.get(symbol).is_some_and(|market| market.core.short)
    }

    /// Closes the tables and remembers where balances stand.
    pub fn close(mut self) {
        std::mem::take(&mut self.balance_rows).remember(std::mem::take(&mut self.assets));
        self.orders_table.close();
        self.assets_table.close();
        self.markets_table.close();
    }

    fn open_markets(&mut self, found: Vec<(String, MarketRow)>) {
        // Time never goes back in a market, whatever the clock does.
        let last = found.iter().map(|(_, row)| row.updated_at.0 + 1).max();
        self.now = Timestamp(self.now.0.max(last.unwrap_or_default()));
        let assets: BTreeSet<&str> = found.iter().flat_map(|(_, m)| [m.base.as_str(), m.quote.as_str()]).collect();
        self.assets = assets.into_iter().map(str::to_owned).collect();
        self.balance_rows = BalanceRows::recall(&self.assets);
        for (symbol, row) in found {
            let (base, quote) = (self.asset(&row.base), self.asset(&row.quote));
            let last_price = row.last_price.map(|price| row.rules.whole_ticks(price));
            let mut core = Market::new(row.rules, base, quote, row.last_priority, row.last_sequence, last_price);
            core.now = self.now.0;
            core.looked = row.stops_sequence.unwrap_or(row.last_sequence);
            core.pulse = heed;
            let known = KnownFront::recall(&symbol, (row.tid, row.writer));
            let (bell, reason) = (None, row.status_reason.clone());
            self.markets.insert(symbol.clone(), OpenMarket { symbol, row, core, bell, reason, known, base, quote });
        }
    }

    fn asset(&self, symbol: &str) -> AssetId {
        AssetId(self.assets.partition_point(|a| a.as_str() < symbol) as u32)
    }

    fn load_users(&mut self, commands: &[Command]) {
        let mut users = Users::open();
        for command in commands {
            let trades = matches!(command.action, Action::New { .. } | Action::Amend { .. });
            if trades && !self.standing.contains_key(&command.user) {
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

    /// Loads of each market the orders that commands name and all that they can reach.
    fn load_books(&mut self, commands: &[Command], depth: usize) {
        let demands = Demands::of(commands, &self.named, &self.client_ids);
        for (symbol, market) in &mut self.markets {
            let sides = [demands.on(symbol, Side::Buy), demands.on(symbol, Side::Sell)];
            let mine: Vec<&Command> = commands.iter().filter(|c| c.symbol == *symbol).collect();
            let counts = (mine.len(), depth);
            let mut reach = Reach::new(symbol, &mut self.orders_table, &mut market.known, sides, self.now, counts);
            self.named.values().filter(|o| o.ticket.symbol == *symbol).for_each(|o| reach.add(o));
            reach.load(&mine, &market.row);
            let mut live: Vec<_> = reach.orders.values().filter_map(|o| o.live(&market.row.rules)).collect();
            live.sort_unstable_by_key(|order| (order.priority, order.id));
            self.order_rows.extend(reach.orders.values().map(|o| (o.id, (o.tid, o.waited))));
            (market.core.known, market.core.loaded) = (reach.known, reach.loaded);
            for order in live {
                match reach.triggered.get(&order.id) {
                    Some(trade) => market.core.load_triggered(&mut self.accounts, order, *trade),
                    None => market.core.load(&mut self.accounts, order),
                }
            }
        }
    }

    /// Reads what applies to placing users: their rates, and how many live orders they have where it matters.
    fn load_limits(&mut self, commands: &[Command]) {
        let mut fees = Fees::open();
        for command in commands.iter().filter(|c| matches!(c.action, Action::New { .. })) {
            let Some(market) = self.markets.get(&command.symbol) else { continue };
            let key = (command.user, command.symbol.clone());
            if self.unloaded.contains_key(&key) {
                continue;
            }
            if let Some(rates) = fees.rates(command.user, &command.symbol) {
                self.rates.insert(key.clone(), rates);
            }
            let mut live = 0;
            if let Some(limit) = market.row.max_open_orders {
                let index = self.orders_table.index(c"idx_orders_user_live");
                let keys = [Key::Int(command.user.0), Key::Text(&command.symbol)];
                let loaded = market.core.book.live_of(command.user);
                self.orders_table.scan(index, &keys, |row| {
                    live += i64::from(orders::of(row).priority() > 0);
                    if live > limit + loaded { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                live -= loaded;
            }
            self.unloaded.insert(key, live);
        }
        fees.close();
    }

    /// Locks and reads every balance that the commands can move, in (user, asset) order.
    fn lock_balances(&mut self, commands: &[Command]) {
        let mut wanted = BTreeSet::new();
        for (symbol, market) in &self.markets {
            wanted.extend(market.movable(commands.iter().filter(|c| c.symbol == *symbol), &self.standing));
        }
        let index = self.assets_table.index(c"assets_symbol_user_unique");
        for (user, asset) in wanted {
            let symbol = self.assets[asset.0 as usize].as_str();
            let keys = [Key::Int(user.0), Key::Text(symbol)];
            let read = |row: &Row<'_>| (row.tid(), rows::balance(row));
            let is_it = |row: &Row<'_>| {
                row.some_int(assets::at::user_id) == Some(user.0) && row.some_text(assets::at::symbol) == Some(symbol)
            };
            let known = self.balance_rows.recalled(user, asset);
            let found = known
                .and_then(|tid| self.assets_table.relock(tid, is_it, read))
                .or_else(|| self.assets_table.find_locked(index, &keys, read))
                .or_else(|| {
                    // A first balance takes its place in the order of locks as an empty row.
                    balance_rows::create_balance(user, symbol);
                    self.assets_table.find_locked(index, &keys, read)
                });
            if let Some((tid, balance)) = found {
                self.accounts.load(user, asset, balance);
                self.balance_rows.set(user, asset, tid);
            }
        }
    }
}

/// Cancel and timeout are heard in the middle of a long plan.
fn heed() {
    pgrx::check_for_interrupts!();
}
