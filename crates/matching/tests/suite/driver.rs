//! Drives the engine and the naive model with the same operations and compares everything after each.

use std::collections::{BTreeMap, BTreeSet};

use matching::accounts::AssetId;
use matching::reference::{Asset, Reference};
use matching::{
    Accounts, Balance, Market, MarketStatus, Money, NewOrder, OrderId, OrderState, OrderType, Outcome, Rate, Rates,
    Refusal, SelfTrade, Side, Status, TimeInForce, Trade, UserId,
};

use crate::flow::{Op, Setting, USERS, odd};
use crate::tally::Tally;

pub const BASE: AssetId = AssetId(0);
pub const QUOTE: AssetId = AssetId(1);
const ASSETS: [(Asset, AssetId); 2] = [(Asset::Base, BASE), (Asset::Quote, QUOTE)];

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

    fn on_reference(&self, reference: &mut Reference) -> Result<Outcome, Refusal> {
        match self {
            Call::Place(new) => reference.place(new),
            Call::Cancel(id) => reference.cancel(*id),
            Call::Amend(id, price, amount) => reference.amend(*id, *price, *amount),
        }
    }
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
    deposits: [i128; 2],
    pause: usize,
    next_id: i64,
    /// The tables of a caller that writes what the drains hand over.
    written_orders: BTreeMap<OrderId, OrderState>,
    written_trades: Vec<Trade>,
    written_balances: BTreeMap<(UserId, AssetId), Balance>,
}

impl Driver {
    pub fn new(setting: Setting) -> Driver {
        let mut driver = Driver {
            setting,
            market: Market::new(setting.rules, BASE, QUOTE, 0, 0),
            accounts: Accounts::new(),
            reference: Reference::new(setting.rules),
            tally: Tally::default(),
            log: None,
            deposits: [0; 2],
            pause: 0,
            next_id: 0,
            written_orders: BTreeMap::new(),
            written_trades: Vec::new(),
            written_balances: BTreeMap::new(),
        };
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
        let right = (setting.price(1), setting.amount(5));
        match *op {
            Op::Place { user, side, level, lots, immediate, self_trade } => {
                let time_in_force = if immediate { TimeInForce::Ioc } else { TimeInForce::Gtc };
                let (price, amount) = (setting.price(level), setting.amount(lots));
                Some(Call::Place(NewOrder { time_in_force, self_trade, ..self.limit(user, side, price, amount) }))
            }
            Op::PlaceOdd { user, side, price, amount } => {
                let (price, amount) = (odd(rules.tick, right.0, price), odd(rules.lot, right.1, amount));
                Some(Call::Place(self.limit(user, side, price, amount)))
            }
            Op::Cancel { order } => Some(Call::Cancel(self.pick(order))),
            Op::Amend { order, level, lots } => {
                let (price, amount) = (level.map(|l| setting.price(l)), lots.map(|l| setting.amount(l)));
                Some(Call::Amend(self.pick(order), price, amount))
            }
            Op::AmendOdd { order, price, amount } => {
                let (price, amount) = (odd(rules.tick, right.0, price), odd(rules.lot, right.1, amount));
                Some(Call::Amend(self.pick(order), Some(price), Some(amount)))
            }
            Op::Pause(_) | Op::Rates(_) | Op::Deposit { .. } | Op::Drain => None,
        }
    }

    /// Does one operation on both and compares.
    pub fn step(&mut self, op: &Op) {
        self.pause = self.pause.saturating_sub(1);
        if self.pause == 0 {
            self.set_status(MarketStatus::Open);
        }
        match *op {
            Op::Pause(status) => {
                self.pause = 4;
                self.set_status(status);
            }
            Op::Rates(pick) => self.set_rates(pick),
            Op::Deposit { user, asset, lots } => {
                self.deposit(UserId(user), asset, self.setting.funds(asset, lots));
            }
            Op::Drain => self.drain(),
            _ => {
                let call = self.call(op).expect("every other operation is a call");
                self.run(&call);
            }
        }
        self.compare();
        self.check_invariants();
    }

    fn run(&mut self, call: &Call) {
        self.next_id += 1;
        let before = self.reference.trades().len();
        let expected = call.on_reference(&mut self.reference);
        let result = call.on(&mut self.market, &mut self.accounts);
        assert_eq!(result, expected, "{call:?}");
        let made = &self.reference.trades()[before..];
        if let Ok(outcome) = result {
            assert_eq!(self.market.last_trades(&outcome), made, "{call:?}");
        }
        let amended = matches!(call, Call::Amend(..));
        let last = result.is_ok_and(|o| o.order.priority == self.market.priority);
        let kind = match call {
            Call::Place(_) => "place",
            Call::Cancel(_) => "cancel",
            Call::Amend(..) if last => "amend to the end",
            Call::Amend(..) => "amend in place",
        };
        self.tally.count_call(kind, &result);
        let user_of = |id| self.reference.orders().iter().find(|o| o.id == id).map(|o| o.user);
        self.tally.add("trade", made.len());
        self.tally.add("trade by amend", if amended { made.len() } else { 0 });
        self.tally.add("trade with own", made.iter().filter(|t| user_of(t.maker) == user_of(t.taker)).count());
    }

    fn limit(&self, user: i64, side: Side, price: Money, amount: Money) -> NewOrder {
        NewOrder {
            id: OrderId(self.next_id + 1),
            user: UserId(user),
            side,
            price,
            amount,
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTrade::CancelTaker,
        }
    }

    /// Mostly a live order; sometimes one that has ended, was refused or never was.
    fn pick(&self, order: usize) -> OrderId {
        let live = self.reference.book();
        if order < 56 && !live.is_empty() {
            return live[order % live.len()].id;
        }
        OrderId(self.next_id - order as i64 + 60)
    }

    fn set_status(&mut self, status: MarketStatus) {
        self.market.rules.status = status;
        self.reference.rules.status = status;
    }

    fn set_rates(&mut self, pick: usize) {
        let Rates { maker, taker } = self.setting.rules.rates;
        let rates = [Rates { maker, taker }, Rates { maker: taker, taker: maker }, Rates { maker, taker: Rate(0) }];
        self.market.rules.rates = rates[pick];
        self.reference.rules.rates = rates[pick];
    }

    /// Pays in, as far as the account has room.
    fn deposit(&mut self, user: UserId, asset: Asset, amount: Money) {
        let (at, id) =
            ASSETS.iter().enumerate().find(|(_, (a, _))| *a == asset).map(|(n, (_, id))| (n, *id)).expect("one of two");
        let slot = self.accounts.slot(user, id);
        if self.accounts.has_room(slot, amount).is_err() {
            return;
        }
        self.deposits[at] += amount.0;
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
        let trades = self.market.drain_trades();
        if let Some(log) = &mut self.log {
            log.push_str(&format!("{orders:?}\n{trades:?}\n{balances:?}\n"));
        }
        for changed in orders {
            assert!(seen.insert(changed.order.id), "handed over twice: {:?}", changed.order);
            let written = self.written_orders.insert(changed.order.id, changed.order);
            assert_eq!(changed.is_new, written.is_none());
            assert!(written.is_none_or(|w| w.status == Status::Open), "changed after its end: {written:?}");
        }
        for (user, asset, balance) in balances {
            self.written_balances.insert((user, asset), balance);
        }
        self.written_trades.extend(trades);
        let orders: BTreeMap<_, _> = self.reference.orders().iter().map(|o| (o.id, *o)).collect();
        assert_eq!(self.written_orders, orders);
        assert_eq!(self.written_trades, self.reference.trades());
        for ((user, asset), balance) in self.reference.balances() {
            let id = ASSETS[*asset as usize].1;
            assert_eq!(self.written_balances.get(&(*user, id)), Some(balance), "{user:?} {asset:?}");
        }
    }

    fn compare(&self) {
        let sides = [Side::Buy, Side::Sell].into_iter().flat_map(|side| self.market.book.queue(side));
        let book: Vec<_> = sides.map(|place| *self.market.book.order(place)).collect();
        assert_eq!(book, self.reference.book());
        assert_eq!(self.market.book.len(), book.len());
        assert_eq!(self.market.sequence, self.reference.trades().len() as i64);
        for ((user, asset), expected) in self.reference.balances() {
            let balance = self.accounts.balance(*user, ASSETS[*asset as usize].1);
            assert_eq!(balance, *expected, "{user:?} {asset:?}");
        }
    }

    /// What must hold whatever the rules say, computed from the engine's own state.
    fn check_invariants(&self) {
        let book = &self.market.book;
        let mut locked: BTreeMap<(UserId, AssetId), i128> = BTreeMap::new();
        for side in [Side::Buy, Side::Sell] {
            for order in book.queue(side).map(|place| book.order(place)) {
                assert!(order.status == Status::Open && order.remaining() > 0 && order.filled >= 0);
                let asset = if side == Side::Buy { QUOTE } else { BASE };
                *locked.entry((order.user, asset)).or_default() += order.reserved.0;
                let least = match side {
                    Side::Buy => self.setting.rules.value(order.price, order.remaining()),
                    Side::Sell => self.setting.rules.quantity(order.remaining()),
                };
                assert!(order.reserved >= least, "{order:?} locks less than {least}");
            }
        }
        // An order stops before its own, so not even one user's orders cross.
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) {
            assert!(bid < ask, "crossed: {bid} {ask}");
        }
        let charged = self.reference.trades().iter().map(|t| t.buyer_commission.0 + t.seller_commission.0).sum();
        for ((_, asset), (deposits, commission)) in ASSETS.iter().zip(self.deposits.iter().zip([0, charged])) {
            let mut held: i128 = commission;
            for user in (1..=USERS).map(UserId) {
                let balance = self.accounts.balance(user, *asset);
                assert!(balance.available.0 >= 0 && balance.locked.0 >= 0, "{user:?} {asset:?} {balance:?}");
                assert_eq!(balance.locked.0, locked.get(&(user, *asset)).copied().unwrap_or(0), "{user:?} {asset:?}");
                held += balance.available.0 + balance.locked.0;
            }
            assert_eq!(held, *deposits, "{asset:?} has come or gone");
        }
    }

    /// What must hold of the whole history: sequences without a gap, filled = Σ trades, and the house
    /// forgoes at most one unit of commission for each fill of a buyer.
    pub fn check_history(&mut self) {
        let mut filled: BTreeMap<OrderId, i64> = BTreeMap::new();
        let mut forgone: BTreeMap<OrderId, (i128, i128)> = BTreeMap::new();
        let orders: BTreeMap<_, _> = self.reference.orders().iter().map(|o| (o.id, *o)).collect();
        for (n, trade) in self.written_trades.iter().enumerate() {
            assert_eq!(trade.sequence, n as i64 + 1);
            *filled.entry(trade.maker).or_default() += trade.amount;
            *filled.entry(trade.taker).or_default() += trade.amount;
            let rates = orders[&trade.buy_order()].rates;
            let rate = if trade.taker_side == Side::Buy { rates.taker } else { rates.maker };
            let full = self.setting.rules.value(trade.price, trade.amount).commission(rate);
            let (dust, fills) = forgone.entry(trade.buy_order()).or_default();
            *dust += full.0 - trade.buyer_commission.0;
            *fills += 1;
            assert!(full >= trade.buyer_commission && *dust <= *fills, "{trade:?} forgoes {dust}");
            if full > trade.buyer_commission {
                self.tally.add("capped commission", 1);
            }
        }
        for order in self.written_orders.values() {
            assert_eq!(order.filled, filled.get(&order.id).copied().unwrap_or(0), "{order:?}");
            assert_eq!(order.status == Status::Filled, order.filled == order.amount, "{order:?}");
            assert_eq!(order.status == Status::Cancelled, order.cancel_reason.is_some(), "{order:?}");
            assert!(order.status == Status::Open || order.reserved == Money::ZERO, "{order:?}");
        }
    }
}
