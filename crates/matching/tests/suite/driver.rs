//! Drives the engine and the naive model with the same operations and compares everything after each.

use std::collections::{BTreeMap, BTreeSet};

use ids::{AssetId, OrderId, UserId};
use matching::reference::{Asset, Reference};
use matching::{
    Accounts, Balance, Market, MarketStatus, NewOrder, OrderState, Outcome, Rates, Refusal, Side, Status, Trade,
};
use money::{MAX, Money};

use crate::flow::{Op, Setting, USERS, odd};
use crate::tally::Tally;

pub const BASE: AssetId = AssetId(0);
pub const QUOTE: AssetId = AssetId(1);
pub const ASSETS: [(Asset, AssetId); 2] = [(Asset::Base, BASE), (Asset::Quote, QUOTE)];

/// A call of the engine that an operation stands for.
#[derive(Clone, Copy, Debug)]
pub enum Call {
    Place(NewOrder),
    Cancel(OrderId),
    Amend(OrderId, Option<Money>, Option<Money>),
}

impl Call {
    pub fn on(&self, market: &mut Market, accounts: &mut Accounts) -> Result<Outcome, Refusal> {
        match self {
            Call::Place(new) => market.place(accounts, new),
            Call::Cancel(id) => market.cancel(accounts, *id),
            Call::Amend(id, price, amount) => market.amend(accounts, *id, *price, *amount),
        }
    }

    pub fn on_reference(&self, reference: &mut Reference) -> Result<Outcome, Refusal> {
        match self {
            Call::Place(new) => reference.place(new),
            Call::Cancel(id) => reference.cancel(*id),
            Call::Amend(id, price, amount) => reference.amend(*id, *price, *amount),
        }
    }
}

/// The model leaves it to the tests of `combinations` which of several arguments is blamed.
pub fn blamed<T>(result: Result<T, Refusal>) -> Result<T, Refusal> {
    result.map_err(|refusal| match refusal {
        Refusal::Combination(_) | Refusal::Missing(_) | Refusal::Expired { .. } => Refusal::Combination(""),
        other => other,
    })
}

/// The engine, the model, and what a caller would have written down.
pub struct Driver {
    pub setting: Setting,
    pub market: Market,
    pub accounts: Accounts,
    pub reference: Reference,
    pub tally: Tally,
    /// What every drain handed over, when a test asks for it.
    pub log: Option<String>,
    /// What was ever paid in.
    pub deposits: [i128; 2],
    rates: Rates,
    /// Whether orders have collected that may cross.
    pub collected: bool,
    next_id: i64,
    /// The tables of a caller that writes what the drains hand over.
    pub written_orders: BTreeMap<OrderId, OrderState>,
    pub written_trades: Vec<Trade>,
    written_balances: BTreeMap<(UserId, AssetId), Balance>,
}

impl Driver {
    pub fn new(setting: Setting) -> Driver {
        let last_price = setting.last_price();
        let mut driver = Driver {
            setting,
            market: Market::new(setting.rules, BASE, QUOTE, 0, 0, last_price),
            accounts: Accounts::new(),
            reference: Reference::new(setting.rules, last_price),
            tally: Tally::default(),
            log: None,
            deposits: [0; 2],
            rates: setting.rates,
            collected: false,
            next_id: 0,
            written_orders: BTreeMap::new(),
            written_trades: Vec::new(),
            written_balances: BTreeMap::new(),
        };
        (driver.market.steps, driver.reference.steps) = (setting.steps, setting.steps);
        for user in (1..=USERS).map(UserId) {
            for (asset, _) in ASSETS {
                driver.deposit(user, asset, setting.start(user, asset));
            }
        }
        driver
    }

    /// The call that an operation stands for in the present state, if it is one.
    pub fn call(&self, op: &Op) -> Option<Call> {
        let (setting, rules) = (&self.setting, &self.setting.rules);
        match *op {
            Op::Place(draft) => {
                let id = OrderId(self.next_id + 1);
                Some(Call::Place(draft.order(id, setting, self.market.now, self.rates)))
            }
            Op::Cancel { order } => Some(Call::Cancel(self.pick(order))),
            Op::Amend { order, level, lots } => {
                let id = self.pick(order);
                // A stop without a limit has no price to amend: try it only now and then.
                let level = level.filter(|_| order % 8 == 0 || self.has_price(id));
                let (price, amount) = (level.map(|l| setting.price(l)), lots.map(|l| setting.amount(l)));
                Some(Call::Amend(id, price, amount))
            }
            Op::AmendOdd { order, price, amount } => {
                let (price, amount) =
                    (odd(rules.tick, setting.price(1), price), odd(rules.lot, setting.amount(5), amount));
                Some(Call::Amend(self.pick(order), Some(price), Some(amount)))
            }
            _ => None,
        }
    }

    /// Does one operation on both and compares.
    pub fn step(&mut self, op: &Op) {
        match *op {
            Op::Close(status) => self.close(status),
            Op::Open => self.reopen(),
            Op::Uncross if self.market.rules.status == MarketStatus::Open => self.uncross(),
            Op::Uncross => {}
            Op::Rates(pick) => self.rates = self.setting.rates(pick),
            Op::Clock(step) => {
                self.market.now += step;
                self.reference.now += step;
            }
            Op::Expire => {
                self.run_left();
                assert_eq!(self.market.expire(&mut self.accounts), self.reference.expire());
            }
            Op::Deposit { user, asset, lots } => {
                self.deposit(UserId(user), asset, self.setting.funds(asset, lots));
            }
            Op::Drain => self.drain(),
            Op::Place(_) | Op::Cancel { .. } | Op::Amend { .. } | Op::AmendOdd { .. } => {
                let call = self.call(op).expect("a call");
                self.run(&call);
            }
        }
        self.compare();
        self.check_invariants();
    }

    /// What every command begins with.
    fn run_left(&mut self) {
        let was = self.reference.clone();
        let left = self.reference.run_left();
        assert_eq!(self.market.run_left(&mut self.accounts), left, "the stops that were left");
        self.tally.add("stops left to a later command", left);
        self.tally.count_trades(&self.reference, was.trades().len());
        self.tally.count_changes(&was, &self.reference, None);
    }

    fn run(&mut self, call: &Call) {
        self.next_id += 1;
        self.run_left();
        let was = self.reference.clone();
        let before = was.trades().len();
        let expected = call.on_reference(&mut self.reference);
        let result = call.on(&mut self.market, &mut self.accounts);
        assert_eq!(blamed(result), blamed(expected), "{call:?}");
        let made = &self.reference.trades()[before..];
        if let Ok(outcome) = result {
            assert_eq!(self.market.last_trades(&outcome), &made[..outcome.trades], "{call:?}");
            let all = Outcome { trades: outcome.all_trades, ..outcome };
            assert_eq!(self.market.last_trades(&all), made, "{call:?}");
        }
        self.count(call, &result, &was);
    }

    fn count(&mut self, call: &Call, result: &Result<Outcome, Refusal>, was: &Reference) {
        let priority = |id| was.orders().iter().find(|o| o.id == id).map(|o| o.priority);
        let kind = match (call, result) {
            (Call::Place(_), _) => "place",
            (Call::Cancel(_), _) => "cancel",
            (Call::Amend(id, ..), Ok(o)) if priority(*id) != Some(o.order.priority) => "amend to the end",
            (Call::Amend(..), _) => "amend in place",
        };
        self.tally.count_call(kind, result);
        self.tally.count_trades(&self.reference, was.trades().len());
        let Ok(outcome) = result else { return };
        let order = &outcome.order;
        let own = (!matches!(call, Call::Cancel(_))).then_some(order);
        self.tally.count_changes(was, &self.reference, own);
        let halted = self.market.rules.status == MarketStatus::Halted;
        self.tally.add("halted by the band", usize::from(halted && own.is_some()));
        match call {
            Call::Place(new) => {
                self.tally.count_order(new, order);
                let shrunk = new.amount.is_some_and(|a| a != self.setting.amount(order.amount));
                self.tally.add("shrunk taker", usize::from(shrunk));
            }
            Call::Amend(..) => {
                self.tally.add("trade by amend", outcome.trades);
                self.tally.add("amend of a stop", usize::from(order.status == Status::Pending));
                self.tally.add("amend of an iceberg", usize::from(order.terms.display.is_some()));
                let auction = self.market.rules.status == MarketStatus::Auction;
                self.tally.add("amend in auction", usize::from(auction));
            }
            Call::Cancel(_) => {}
        }
    }

    /// Mostly a live order; sometimes one that has ended, was refused or never was.
    fn pick(&self, order: usize) -> OrderId {
        let mut live = self.reference.book();
        live.extend(self.reference.pending());
        if order < 58 && !live.is_empty() {
            return live[order % live.len()].id;
        }
        OrderId(self.next_id - order as i64 + 60)
    }

    fn has_price(&self, id: OrderId) -> bool {
        self.reference.orders().iter().any(|o| o.id == id && o.price.is_some())
    }

    fn close(&mut self, status: MarketStatus) {
        self.collected |= status == MarketStatus::Auction;
        self.set_status(status);
    }

    fn reopen(&mut self) {
        self.set_status(MarketStatus::Open);
        if std::mem::take(&mut self.collected) {
            self.uncross();
        }
    }

    fn uncross(&mut self) {
        let was = self.reference.clone();
        let before = was.trades().len();
        let trades = self.market.uncross(&mut self.accounts);
        assert_eq!(trades, self.reference.uncross());
        let made = &self.reference.trades()[before..];
        assert_eq!(made.len(), trades);
        if let Some(order) = self.market.book.live().first().map(|place| *self.market.book.order(*place)) {
            let all = Outcome { order, trades, all_trades: trades };
            assert_eq!(self.market.last_trades(&all), made);
        }
        let iceberg = |id| self.reference.orders().iter().any(|o| o.id == id && o.terms.display.is_some());
        self.tally.add("auction trade", trades);
        self.tally.add("clearing iceberg", made.iter().filter(|t| iceberg(t.maker) || iceberg(t.taker)).count());
        let partly = |o: &&OrderState| made.iter().any(|t| t.maker == o.id || t.taker == o.id);
        self.tally.add("auction with a surplus", self.reference.book().iter().filter(partly).count());
        self.tally.count_changes(&was, &self.reference, None);
        self.tally.count_trades(&self.reference, before);
    }

    fn set_status(&mut self, status: MarketStatus) {
        self.market.rules.status = status;
        self.reference.rules.status = status;
    }

    /// Pays in, as far as the account has room.
    fn deposit(&mut self, user: UserId, asset: Asset, amount: Money) {
        let id = ASSETS[asset as usize].1;
        let slot = self.accounts.slot(user, id);
        if self.accounts.total(slot).units() + amount.units() > MAX {
            return;
        }
        self.deposits[asset as usize] += amount.units();
        let Balance { available, locked } = self.accounts.get(slot);
        let available = available + amount;
        self.accounts.load(user, id, Balance { available, locked });
        self.written_balances.insert((user, id), Balance { available, locked });
        self.reference.set_balance(user, asset, available);
    }

    /// Writes down what has changed and compares what is written with what is.
    pub fn drain(&mut self) {
        let mut seen = BTreeSet::new();
        let (orders, balances) = (self.market.book.drain_changed(), self.accounts.drain_changed());
        let (trades, shrinks) = (self.market.drain_trades(), self.market.drain_shrinks());
        if let Some(log) = &mut self.log {
            log.push_str(&format!("{orders:?}\n{trades:?}\n{balances:?}\n{shrinks:?}\n"));
        }
        for changed in orders {
            assert!(seen.insert(changed.order.id), "handed over twice: {:?}", changed.order);
            let written = self.written_orders.insert(changed.order.id, changed.order);
            assert_eq!(changed.is_new, written.is_none());
            assert!(written.is_none_or(|w| w.status.is_live()), "changed after its end: {written:?}");
        }
        for (user, asset, balance) in balances {
            self.written_balances.insert((user, asset), balance);
        }
        self.written_trades.extend(trades);
        let orders: BTreeMap<_, _> = self.reference.orders().iter().map(|o| (o.id, *o)).collect();
        assert_eq!(self.written_orders, orders);
        assert_eq!(self.written_trades, self.reference.trades());
        for ((user, asset), balance) in &self.reference.balances() {
            let id = ASSETS[*asset as usize].1;
            assert_eq!(self.written_balances.get(&(*user, id)), Some(balance), "{user:?} {asset:?}");
        }
    }

    fn compare(&self) {
        let (market, reference) = (&self.market, &self.reference);
        let sides = [Side::Buy, Side::Sell].into_iter().flat_map(|side| market.book.queue(side));
        let book: Vec<_> = sides.map(|place| *market.book.order(place)).collect();
        assert_eq!(book, reference.book());
        let live: Vec<_> = market.book.live().into_iter().map(|place| *market.book.order(place)).collect();
        let pending: Vec<_> = live.iter().filter(|o| o.status == Status::Pending).copied().collect();
        assert_eq!(pending, reference.pending());
        assert_eq!(live.len(), book.len() + pending.len());
        let counters = (market.sequence, market.priority, market.last_price, market.rules.status, market.looked);
        let (sequence, looked) = (reference.trades().len() as i64, reference.looked());
        let expected = (sequence, reference.priority(), reference.last_price(), reference.rules.status, looked);
        assert_eq!(counters, expected, "sequence, priority, last price, status, last trade whose stops have entered");
        for ((user, asset), expected) in &reference.balances() {
            let balance = self.accounts.balance(*user, ASSETS[*asset as usize].1);
            assert_eq!(balance, *expected, "{user:?} {asset:?}");
        }
    }
}
