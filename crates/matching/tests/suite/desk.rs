//! A market to place single orders in by hand: BTC-USD-like rules, whole numbers, generous funds.

use matching::{
    Accounts, Balance, Market, MarketStatus, Money, NewOrder, OrderId, OrderState, OrderType, Outcome, Rate, Rates,
    Refusal, Rules, SelfTrade, Side, TimeInForce, UserId,
};

use crate::driver::{BASE, QUOTE};

/// The default rates of a market: 0.015 on both sides.
pub const RATE: Rate = Rate(1_500_000);

/// A market, its accounts and a counter of order ids.
pub struct Desk {
    pub market: Market,
    pub accounts: Accounts,
    last_id: i64,
}

impl Desk {
    /// Tick 0.01, lot 0.000001, the default rates; users 1 to 3 have a million of each asset.
    pub fn new() -> Desk {
        let rules = Rules {
            tick: Money(1_000_000),
            lot: Money(100),
            min_amount: None,
            max_amount: None,
            min_notional: None,
            rates: Rates { maker: RATE, taker: RATE },
            status: MarketStatus::Open,
        };
        let mut desk = Desk { market: Market::new(rules, BASE, QUOTE, 0, 0), accounts: Accounts::new(), last_id: 0 };
        for user in 1..=3 {
            desk.fund(user, Money::whole(1_000_000), Money::whole(1_000_000));
        }
        desk
    }

    /// Sets what a user has available; nothing is locked.
    pub fn fund(&mut self, user: i64, base: Money, quote: Money) {
        for (asset, available) in [(BASE, base), (QUOTE, quote)] {
            self.accounts.load(UserId(user), asset, Balance { available, locked: Money::ZERO });
        }
    }

    /// A limit order, good till cancelled; `price` and `amount` as decimals.
    pub fn limit(&mut self, user: i64, side: Side, price: &str, amount: &str) -> NewOrder {
        self.last_id += 1;
        NewOrder {
            id: OrderId(self.last_id),
            user: UserId(user),
            side,
            price: money(price),
            amount: money(amount),
            order_type: OrderType::Limit,
            time_in_force: TimeInForce::Gtc,
            self_trade: SelfTrade::CancelTaker,
        }
    }

    pub fn place(&mut self, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.market.place(&mut self.accounts, new)
    }

    /// Places a limit order that must be accepted.
    pub fn enter(&mut self, user: i64, side: Side, price: &str, amount: &str) -> Outcome {
        let new = self.limit(user, side, price, amount);
        self.place(&new).expect("accepted")
    }

    pub fn cancel(&mut self, id: OrderId) -> Result<Outcome, Refusal> {
        self.market.cancel(&mut self.accounts, id)
    }

    pub fn amend(&mut self, id: OrderId, price: Option<&str>, amount: Option<&str>) -> Result<Outcome, Refusal> {
        self.market.amend(&mut self.accounts, id, price.map(money), amount.map(money))
    }

    /// The live orders of a side, best first.
    pub fn queue(&self, side: Side) -> Vec<OrderState> {
        self.market.book.queue(side).map(|place| *self.market.book.order(place)).collect()
    }

    /// The ids of the live orders of a side, best first.
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
            "{:?} {:?} {:?}",
            (self.queue(Side::Buy), self.queue(Side::Sell)),
            balances,
            (market.priority, market.sequence)
        )
    }
}

/// An amount from its decimal.
pub fn money(text: &str) -> Money {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    assert!(part.len() <= 8, "{text}");
    let units: i128 = format!("{whole}{part:0<8}").parse().expect("a decimal");
    Money(sign * units)
}
