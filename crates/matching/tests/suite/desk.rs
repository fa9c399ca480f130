//! A market to place single orders in by hand: BTC-USD-like rules, whole numbers, generous funds.

use ids::{OrderId, UserId};
use matching::{
    Accounts, Balance, Market, MarketStatus, NewOrder, OrderState, OrderType, Outcome, Rates, Refusal, Rules,
    SelfTrade, Side, Status, TimeInForce,
};
use money::{Money, Rate};

use crate::driver::{BASE, QUOTE};

/// The default rates of a market: 0.015 on both sides.
pub const RATE: Rate = rate(1_500_000);

/// The rules of an open market without any limit.
pub fn open_rules(tick: Money, lot: Money) -> Rules {
    Rules {
        tick,
        lot,
        min_amount: None,
        max_amount: None,
        min_notional: None,
        price_band: None,
        band_halts: false,
        status: MarketStatus::Open,
    }
}

/// A market, its accounts, the rates of new orders and a counter of order ids.
pub struct Desk {
    pub market: Market,
    pub accounts: Accounts,
    pub rates: Rates,
    last_id: i64,
}

impl Desk {
    /// Tick 0.01, lot 0.000001, the default rates, no last price; users 1 to 3 have a million of each asset.
    pub fn new() -> Desk {
        let rules = open_rules(units(1_000_000), units(100));
        let (market, rates) = (Market::new(rules, BASE, QUOTE, 0, 0, None), Rates { maker: RATE, taker: RATE });
        let mut desk = Desk { market, accounts: Accounts::new(), rates, last_id: 0 };
        for user in 1..=3 {
            desk.fund(user, Money::whole(1_000_000), Money::whole(1_000_000));
        }
        desk
    }

    /// A desk with other rates.
    pub fn with_rates(maker: Rate, taker: Rate) -> Desk {
        Desk { rates: Rates { maker, taker }, ..Desk::new() }
    }

    /// A desk whose orders cost no commission.
    pub fn without_fees() -> Desk {
        Desk::with_rates(rate(0), rate(0))
    }

    /// Sets what a user has available; nothing is locked.
    pub fn fund(&mut self, user: i64, base: Money, quote: Money) {
        for (asset, available) in [(BASE, base), (QUOTE, quote)] {
            self.accounts.load(UserId(user), asset, Balance { available, locked: Money::ZERO });
        }
    }

    /// A limit order, good till cancelled, that stops before its own; `price` and `amount` as decimals.
    pub fn limit(&mut self, user: i64, side: Side, price: &str, amount: &str) -> NewOrder {
        NewOrder { price: Some(money(price)), ..self.market(user, side, amount) }.of(OrderType::Limit)
    }

    /// A market order.
    pub fn market(&mut self, user: i64, side: Side, amount: &str) -> NewOrder {
        self.last_id += 1;
        NewOrder {
            id: OrderId(self.last_id),
            user: UserId(user),
            side,
            price: None,
            amount: Some(money(amount)),
            quote_amount: None,
            order_type: OrderType::Market,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTrade::CancelTaker,
            post_only: false,
            stop_price: None,
            display_amount: None,
            expires_at: None,
            rates: self.rates,
        }
    }

    /// A stop that becomes a market order.
    pub fn stop(&mut self, user: i64, side: Side, stop: &str, amount: &str) -> NewOrder {
        NewOrder { stop_price: Some(money(stop)), ..self.market(user, side, amount) }.of(OrderType::Stop)
    }

    /// A stop that becomes a limit order.
    pub fn stop_limit(&mut self, user: i64, side: Side, stop: &str, price: &str, amount: &str) -> NewOrder {
        NewOrder { stop_price: Some(money(stop)), ..self.limit(user, side, price, amount) }.of(OrderType::StopLimit)
    }

    pub fn place(&mut self, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.market.place(&mut self.accounts, new)
    }

    /// Places a limit order that must be accepted.
    pub fn enter(&mut self, user: i64, side: Side, price: &str, amount: &str) -> Outcome {
        let new = self.limit(user, side, price, amount);
        self.place(&new).expect("accepted")
    }

    /// Places an order that must be accepted.
    pub fn accept(&mut self, new: &NewOrder) -> Outcome {
        self.place(new).expect("accepted")
    }

    /// Places an order that must be refused and leave everything as it was.
    pub fn refuse(&mut self, new: &NewOrder) -> Refusal {
        let before = self.snapshot();
        let refusal = self.place(new).expect_err("refused");
        assert_eq!(self.snapshot(), before, "a refused order has changed something");
        refusal
    }

    /// One trade of a thousandth between users 1 and 2, only to set the last price.
    pub fn last_price(&mut self, price: &str) {
        self.enter(1, Side::Sell, price, "0.001");
        self.enter(2, Side::Buy, price, "0.001");
        assert_eq!(self.market.last_price, Some(self.market.rules.ticks(money(price)).expect("on the tick")));
        self.market.drain_trades();
    }

    pub fn cancel(&mut self, id: OrderId) -> Result<Outcome, Refusal> {
        self.market.cancel(&mut self.accounts, id)
    }

    pub fn amend(&mut self, id: OrderId, price: Option<&str>, amount: Option<&str>) -> Result<Outcome, Refusal> {
        self.market.amend(&mut self.accounts, id, price.map(money), amount.map(money))
    }

    /// The open orders of a side, best first.
    pub fn queue(&self, side: Side) -> Vec<OrderState> {
        self.market.book.queue(side).map(|place| *self.market.book.order(place)).collect()
    }

    /// An order that has been touched since the last drain.
    pub fn touched(&mut self, id: i64) -> OrderState {
        let changed = self.market.book.drain_changed();
        changed.into_iter().find(|c| c.order.id.0 == id).expect("touched").order
    }

    /// Where a live order stands now.
    pub fn order(&self, id: i64) -> OrderState {
        *self.market.book.order(self.market.book.find(OrderId(id)).expect("live"))
    }

    /// (maker, taker, price in ticks, lots) of every trade since the last drain.
    pub fn trades(&mut self) -> Vec<(i64, i64, i64, i64)> {
        self.market.drain_trades().iter().map(|t| (t.maker.0, t.taker.0, t.price, t.amount)).collect()
    }

    /// The ids of the stops that wait, earliest first.
    pub fn stops(&self) -> Vec<i64> {
        let live = self.market.book.live().into_iter().map(|place| self.market.book.order(place));
        live.filter(|o| o.status == Status::Pending).map(|o| o.id.0).collect()
    }

    /// The ids of the open orders of a side, best first.
    pub fn ids(&self, side: Side) -> Vec<i64> {
        self.queue(side).iter().map(|o| o.id.0).collect()
    }

    /// The (base, quote) balances of a user.
    pub fn balances(&self, user: i64) -> (Balance, Balance) {
        (self.accounts.balance(UserId(user), BASE), self.accounts.balance(UserId(user), QUOTE))
    }

    /// Everything that a refused call must not change.
    pub fn snapshot(&self) -> String {
        let balances: Vec<_> = (1..=3).map(|user| self.balances(user)).collect();
        let market = &self.market;
        format!(
            "{:?} {:?} {:?} {:?}",
            market.book.live().into_iter().map(|place| *market.book.order(place)).collect::<Vec<_>>(),
            (self.queue(Side::Buy), self.queue(Side::Sell)),
            balances,
            (market.priority, market.sequence, market.last_price, market.rules.status)
        )
    }
}

/// Says of an order what differs from the plain one.
pub trait With: Sized {
    fn of(self, order_type: OrderType) -> Self;
    fn until(self, time_in_force: TimeInForce) -> Self;
    fn gtd(self, expires_at: i64) -> Self;
    fn mode(self, self_trade: SelfTrade) -> Self;
    fn shows(self, display: &str) -> Self;
    fn post_only(self) -> Self;
    fn spends(self, quote_amount: &str) -> Self;
}

impl With for NewOrder {
    fn of(self, order_type: OrderType) -> NewOrder {
        NewOrder { order_type, ..self }
    }

    fn until(self, time_in_force: TimeInForce) -> NewOrder {
        NewOrder { time_in_force, ..self }
    }

    fn gtd(self, expires_at: i64) -> NewOrder {
        NewOrder { time_in_force: TimeInForce::Gtd, expires_at: Some(expires_at), ..self }
    }

    fn mode(self, self_trade: SelfTrade) -> NewOrder {
        NewOrder { self_trade, ..self }
    }

    fn shows(self, display: &str) -> NewOrder {
        NewOrder { display_amount: Some(money(display)), ..self }
    }

    fn post_only(self) -> NewOrder {
        NewOrder { post_only: true, ..self }
    }

    fn spends(self, quote_amount: &str) -> NewOrder {
        NewOrder { amount: None, quote_amount: Some(money(quote_amount)), ..self }
    }
}

/// An amount from its decimal.
pub fn money(text: &str) -> Money {
    text.parse().expect("an amount")
}

/// An amount in units of 1e-8.
pub fn units(n: i128) -> Money {
    Money::from_units(n).expect("an amount")
}

/// A rate in units of 1e-8.
pub const fn rate(n: i64) -> Rate {
    match Rate::from_units(n) {
        Ok(rate) => rate,
        Err(_) => panic!("no rate"),
    }
}
