//! A naive model of a market: the oracle that the fast engine is tested against.
//!
//! It is written from the rules, not from the engine: one list of every order ever accepted, scanned and
//! sorted anew for each arrival, and money as plain units of 1e-8. It shares the plain types of the crate
//! and none of its matching, fee or reserve code. Slow on purpose; nothing but tests should use it.

use std::collections::BTreeMap;

use crate::{
    Balance, CancelReason, MarketStatus, Money, NewOrder, OrderId, OrderState, OrderType, Outcome, Rates, Refusal,
    Rules, SelfTrade, Side, Status, TimeInForce, Trade, UserId,
};

/// Units in one whole.
const UNITS: i128 = 10_i128.pow(8);

/// The first number of units that `NUMERIC(20,8)` does not hold.
const TOO_MUCH: i128 = 10_i128.pow(20);

/// One of the two assets of the market.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Asset {
    /// What is bought and sold.
    Base,
    /// What it is paid with.
    Quote,
}

/// A market, its orders, its trades and the balances of its users.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The rules; a test may change them between calls.
    pub rules: Rules,
    orders: Vec<OrderState>,
    trades: Vec<Trade>,
    balances: BTreeMap<(UserId, Asset), Balance>,
    priority: i64,
}

impl Reference {
    /// A market without orders, trades and balances.
    #[must_use]
    pub fn new(rules: Rules) -> Reference {
        Reference { rules, orders: Vec::new(), trades: Vec::new(), balances: BTreeMap::new(), priority: 0 }
    }

    /// Sets what a user has available; what is locked stays.
    pub fn set_balance(&mut self, user: UserId, asset: Asset, available: Money) {
        self.account(user, asset).available = available;
    }

    /// All live orders: bids, then asks, each side best price first, then earliest.
    #[must_use]
    pub fn book(&self) -> Vec<OrderState> {
        let (mut bids, asks) = (self.side(Side::Buy), self.side(Side::Sell));
        bids.extend(asks);
        bids
    }

    /// Every order ever accepted, as it is now.
    #[must_use]
    pub fn orders(&self) -> &[OrderState] {
        &self.orders
    }

    /// Every trade, in sequence.
    #[must_use]
    pub fn trades(&self) -> &[Trade] {
        &self.trades
    }

    /// Every balance that was ever set or touched.
    #[must_use]
    pub fn balances(&self) -> &BTreeMap<(UserId, Asset), Balance> {
        &self.balances
    }

    /// Places a new order.
    pub fn place(&mut self, new: &NewOrder) -> Result<Outcome, Refusal> {
        self.status_is_one_of(&[MarketStatus::Open])?;
        if new.order_type != OrderType::Limit {
            return Err(Refusal::NotSupported("order_type"));
        }
        if !matches!(new.time_in_force, TimeInForce::Gtc | TimeInForce::Ioc) {
            return Err(Refusal::NotSupported("time_in_force"));
        }
        if !matches!(new.self_trade, SelfTrade::None | SelfTrade::CancelTaker) {
            return Err(Refusal::NotSupported("self_trade_prevention"));
        }
        let (price, amount) = self.terms(new.price, new.amount)?;
        let rates = self.rules.rates;
        let reserved = self.reserve(new.side, price, amount, rates)?;
        let order = OrderState {
            id: new.id,
            user: new.user,
            side: new.side,
            price,
            amount,
            filled: 0,
            reserved,
            priority: 0,
            rates,
            self_trade: new.self_trade,
            status: Status::Open,
            cancel_reason: None,
        };
        self.can_pay(&order, reserved)?;
        let rest = (new.time_in_force == TimeInForce::Ioc).then_some(CancelReason::Ioc);
        self.enter(order, Money::ZERO, rest)
    }

    /// Cancels a live order.
    pub fn cancel(&mut self, id: OrderId) -> Result<Outcome, Refusal> {
        self.status_is_one_of(&[MarketStatus::Open, MarketStatus::CancelOnly, MarketStatus::Auction])?;
        self.live(id)?;
        self.end(id, CancelReason::User);
        Ok(Outcome { order: self.get(id), trades: 0 })
    }

    /// Gives a live order another price, another total quantity, or both.
    pub fn amend(&mut self, id: OrderId, price: Option<Money>, amount: Option<Money>) -> Result<Outcome, Refusal> {
        self.status_is_one_of(&[MarketStatus::Open])?;
        let old = self.live(id)?;
        let price = price.unwrap_or(self.price(old.price));
        let total = amount.unwrap_or(self.quantity(old.amount));
        let (ticks, lots) = self.terms(price, total)?;
        if lots <= old.filled {
            return Err(Refusal::AmountNotAboveFilled { amount: total, filled: self.quantity(old.filled) });
        }
        let target = self.reserve(old.side, ticks, lots - old.filled, old.rates)?;
        if ticks == old.price && lots <= old.amount {
            let kept = target.min(old.reserved);
            let order = self.get_mut(id);
            order.amount = lots;
            order.reserved = kept;
            self.move_locked(&old, old.reserved.0 - kept.0);
            return Ok(Outcome { order: self.get(id), trades: 0 });
        }
        self.can_pay(&old, Money(target.0 - old.reserved.0))?;
        self.enter(OrderState { price: ticks, amount: lots, reserved: target, ..old }, old.reserved, None)
    }

    /// An order that holds `held` already and must hold `order.reserved` meets the book. A name that is
    /// in the list already is an amended order: it leaves its place and comes last.
    fn enter(&mut self, mut order: OrderState, held: Money, rest: Option<CancelReason>) -> Result<Outcome, Refusal> {
        let (fills, meets_own) = self.fills(&order);
        self.everybody_has_room(&order, &fills)?;
        self.move_locked(&order, held.0 - order.reserved.0);
        self.priority += 1;
        order.priority = self.priority;
        self.orders.retain(|o| o.id != order.id);
        self.orders.push(order);
        for (maker, lots) in &fills {
            self.trade(*maker, order.id, *lots);
        }
        let reason = if meets_own { Some(CancelReason::SelfTradeTaker) } else { rest };
        if let (Status::Open, Some(reason)) = (self.get(order.id).status, reason) {
            self.end(order.id, reason);
        }
        Ok(Outcome { order: self.get(order.id), trades: fills.len() })
    }

    /// Whom the order trades with and how many lots each; whether it is stopped by an order of its own user.
    fn fills(&self, order: &OrderState) -> (Vec<(OrderId, i64)>, bool) {
        let mut fills = Vec::new();
        let mut left = order.amount - order.filled;
        let other = if order.side == Side::Buy { Side::Sell } else { Side::Buy };
        for maker in self.side(other) {
            let too_dear = match order.side {
                Side::Buy => maker.price > order.price,
                Side::Sell => maker.price < order.price,
            };
            if too_dear || left == 0 {
                break;
            }
            if order.self_trade == SelfTrade::CancelTaker && maker.user == order.user {
                return (fills, true);
            }
            let lots = left.min(maker.amount - maker.filled);
            fills.push((maker.id, lots));
            left -= lots;
        }
        (fills, false)
    }

    /// Whoever takes part must be able to receive all that the whole call moves.
    fn everybody_has_room(&self, taker: &OrderState, fills: &[(OrderId, i64)]) -> Result<(), Refusal> {
        let (mut moved_base, mut moved_quote) = (0, 0);
        for (maker, lots) in fills {
            moved_base += self.quantity(*lots).0;
            moved_quote += self.worth(self.get(*maker).price, *lots);
        }
        let makers = fills.iter().map(|(maker, _)| self.get(*maker));
        for order in makers.chain([*taker]) {
            let (asset, receives) = match order.side {
                Side::Buy => (Asset::Base, moved_base),
                Side::Sell => (Asset::Quote, moved_quote),
            };
            let balance = self.balances.get(&(order.user, asset)).copied().unwrap_or_default();
            if balance.available.0 + balance.locked.0 + receives >= TOO_MUCH {
                return Err(Refusal::Overflow);
            }
        }
        Ok(())
    }

    fn trade(&mut self, maker: OrderId, taker: OrderId, lots: i64) {
        let (resting, arriving) = (self.get(maker), self.get(taker));
        let (mut buyer_fee, mut seller_fee) = (0, 0);
        let value = self.worth(resting.price, lots);
        for (order, rate) in [(resting, resting.rates.maker), (arriving, arriving.rates.taker)] {
            let fee = round(value * i128::from(rate.0));
            match order.side {
                Side::Buy => buyer_fee = self.bought(&order, lots, value, fee),
                Side::Sell => seller_fee = self.sold(&order, lots, value, fee),
            }
        }
        self.trades.push(Trade {
            sequence: self.trades.len() as i64 + 1,
            maker,
            taker,
            taker_side: arriving.side,
            price: resting.price,
            amount: lots,
            buyer_commission: Money(buyer_fee),
            seller_commission: Money(seller_fee),
        });
    }

    /// The buyer's side of a trade. Returns the commission it could be charged.
    fn bought(&mut self, buyer: &OrderState, lots: i64, value: i128, fee: i128) -> i128 {
        let rest = self.worth(buyer.price, buyer.amount - buyer.filled - lots);
        let fee = fee.min(buyer.reserved.0 - value - rest);
        let left = buyer.reserved.0 - value - fee;
        let kept = left.min(rest + round(rest * larger(buyer.rates)));
        let quantity = self.quantity(lots).0;
        self.account(buyer.user, Asset::Quote).locked.0 -= buyer.reserved.0 - kept;
        self.account(buyer.user, Asset::Quote).available.0 += left - kept;
        self.account(buyer.user, Asset::Base).available.0 += quantity;
        self.progress(buyer.id, lots, kept);
        fee
    }

    /// The seller's side of a trade. Returns the commission.
    fn sold(&mut self, seller: &OrderState, lots: i64, value: i128, fee: i128) -> i128 {
        let quantity = self.quantity(lots).0;
        self.account(seller.user, Asset::Base).locked.0 -= quantity;
        self.account(seller.user, Asset::Quote).available.0 += value - fee;
        self.progress(seller.id, lots, seller.reserved.0 - quantity);
        fee
    }

    fn progress(&mut self, id: OrderId, lots: i64, reserved: i128) {
        let order = self.get_mut(id);
        order.filled += lots;
        order.reserved = Money(reserved);
        if order.filled == order.amount {
            order.status = Status::Filled;
        }
    }

    fn end(&mut self, id: OrderId, reason: CancelReason) {
        let order = self.get(id);
        self.move_locked(&order, order.reserved.0);
        let order = self.get_mut(id);
        order.status = Status::Cancelled;
        order.cancel_reason = Some(reason);
        order.reserved = Money::ZERO;
    }

    /// Price and quantity in ticks and lots, if the rules allow them.
    fn terms(&self, price: Money, amount: Money) -> Result<(i64, i64), Refusal> {
        let rules = &self.rules;
        if price.0 <= 0 {
            return Err(Refusal::PriceNotPositive(price));
        }
        if price.0 % rules.tick.0 != 0 {
            return Err(Refusal::OffTick { price, tick: rules.tick });
        }
        let ticks = i64::try_from(price.0 / rules.tick.0).or(Err(Refusal::Overflow))?;
        if amount.0 <= 0 {
            return Err(Refusal::AmountNotPositive(amount));
        }
        if amount.0 % rules.lot.0 != 0 {
            return Err(Refusal::OffLot { amount, lot: rules.lot });
        }
        let lots = i64::try_from(amount.0 / rules.lot.0).or(Err(Refusal::Overflow))?;
        match (rules.min_amount, rules.max_amount) {
            (Some(minimum), _) if amount < minimum => return Err(Refusal::BelowMinimum { amount, minimum }),
            (_, Some(maximum)) if amount > maximum => return Err(Refusal::AboveMaximum { amount, maximum }),
            _ => {}
        }
        let notional = Money(price.0.checked_mul(amount.0).ok_or(Refusal::Overflow)? / UNITS);
        if notional.0 >= TOO_MUCH {
            return Err(Refusal::Overflow);
        }
        match rules.min_notional {
            Some(minimum) if notional < minimum => Err(Refusal::BelowMinimumNotional { notional, minimum }),
            _ => Ok((ticks, lots)),
        }
    }

    /// What an order with so many lots to go locks.
    fn reserve(&self, side: Side, price: i64, lots: i64, rates: Rates) -> Result<Money, Refusal> {
        if side == Side::Sell {
            return Ok(self.quantity(lots));
        }
        let notional = self.worth(price, lots);
        let all = notional + round(notional * larger(rates));
        if all < TOO_MUCH { Ok(Money(all)) } else { Err(Refusal::Overflow) }
    }

    fn can_pay(&self, order: &OrderState, needed: Money) -> Result<(), Refusal> {
        let balance = self.balances.get(&(order.user, pays_in(order.side)));
        let available = balance.map_or(Money::ZERO, |b| b.available);
        if needed > available {
            return Err(Refusal::InsufficientFunds { side: order.side, needed, available });
        }
        Ok(())
    }

    fn status_is_one_of(&self, allowed: &[MarketStatus]) -> Result<(), Refusal> {
        if allowed.contains(&self.rules.status) { Ok(()) } else { Err(Refusal::MarketNotOpen(self.rules.status)) }
    }

    /// Frees `units` of what the order's owner has locked for it; locks when negative.
    fn move_locked(&mut self, order: &OrderState, units: i128) {
        let account = self.account(order.user, pays_in(order.side));
        account.locked.0 -= units;
        account.available.0 += units;
    }

    fn side(&self, side: Side) -> Vec<OrderState> {
        let mut live: Vec<_> =
            self.orders.iter().filter(|o| o.status == Status::Open && o.side == side).copied().collect();
        live.sort_by_key(|o| (if side == Side::Buy { -o.price } else { o.price }, o.priority));
        live
    }

    fn live(&self, id: OrderId) -> Result<OrderState, Refusal> {
        let found = self.orders.iter().find(|o| o.id == id && o.status == Status::Open);
        found.copied().ok_or(Refusal::OrderNotLive)
    }

    fn position(&self, id: OrderId) -> usize {
        self.orders.iter().position(|o| o.id == id).expect("the order has been accepted")
    }

    fn get(&self, id: OrderId) -> OrderState {
        self.orders[self.position(id)]
    }

    fn get_mut(&mut self, id: OrderId) -> &mut OrderState {
        let at = self.position(id);
        &mut self.orders[at]
    }

    fn account(&mut self, user: UserId, asset: Asset) -> &mut Balance {
        self.balances.entry((user, asset)).or_default()
    }

    fn price(&self, ticks: i64) -> Money {
        Money(i128::from(ticks) * self.rules.tick.0)
    }

    fn quantity(&self, lots: i64) -> Money {
        Money(i128::from(lots) * self.rules.lot.0)
    }

    /// Price × quantity in units of the quote asset; exact, because tick × lot is.
    fn worth(&self, price: i64, lots: i64) -> i128 {
        self.price(price).0 * self.quantity(lots).0 / UNITS
    }
}

fn pays_in(side: Side) -> Asset {
    if side == Side::Buy { Asset::Quote } else { Asset::Base }
}

/// The rate that a buy reserves for.
fn larger(rates: Rates) -> i128 {
    [0, rates.maker.0, rates.taker.0].into_iter().max().map_or(0, i128::from)
}

/// A product of units and a rate, in units: half away from zero.
fn round(product: i128) -> i128 {
    product.signum() * ((2 * product.abs() + UNITS) / (2 * UNITS))
}
