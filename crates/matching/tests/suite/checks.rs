//! What must hold whatever the rules say, computed from the engine's own state.

use std::collections::BTreeMap;

use ids::{AssetId, OrderId, UserId};
use matching::{CancelReason, OrderState, Side, Status, Trade};
use money::{MAX, Money};

use crate::desk::units;
use crate::driver::{ASSETS, BASE, Driver, QUOTE};
use crate::flow::USERS;

impl Driver {
    /// After every operation.
    pub fn check_invariants(&self) {
        let book = &self.market.book;
        let mut locked: BTreeMap<(UserId, AssetId), i128> = BTreeMap::new();
        for order in book.live().into_iter().map(|place| book.order(place)) {
            self.check_live(order);
            let asset = if order.side == Side::Buy { QUOTE } else { BASE };
            *locked.entry((order.user, asset)).or_default() += order.reserved.units();
        }
        // An order stops before its own, so not even one user's orders cross.
        if let (Some(bid), Some(ask)) = (book.best(Side::Buy), book.best(Side::Sell)) {
            assert!(bid < ask || self.collected, "crossed: {bid} {ask}");
        }
        let charged =
            self.reference.trades().iter().map(|t| t.buyer_commission.units() + t.seller_commission.units()).sum();
        for ((_, asset), (deposits, commission)) in ASSETS.iter().zip(self.deposits.iter().zip([0, charged])) {
            let mut held: i128 = commission;
            for user in (1..=USERS).map(UserId) {
                let balance = self.accounts.balance(user, *asset);
                assert!(
                    balance.available.units() >= 0 && balance.locked.units() >= 0,
                    "{user:?} {asset:?} {balance:?}"
                );
                assert!(balance.available.units() + balance.locked.units() <= MAX, "{user:?} {asset:?} {balance:?}");
                assert_eq!(
                    balance.locked.units(),
                    locked.get(&(user, *asset)).copied().unwrap_or(0),
                    "{user:?} {asset:?}"
                );
                held += balance.available.units() + balance.locked.units();
            }
            assert_eq!(held, *deposits, "{asset:?} has come or gone");
        }
    }

    fn check_live(&self, order: &OrderState) {
        let rules = &self.setting.rules;
        assert!(order.remaining() > 0 && order.filled >= 0, "{order:?}");
        let most = order.terms.display.unwrap_or(i64::MAX).min(order.remaining());
        let whole = order.terms.display.is_none();
        assert!(order.visible > 0 && order.visible <= most && (!whole || order.visible == most), "{order:?}");
        let least = match (order.side, order.price.or(order.terms.stop_price)) {
            (Side::Buy, Some(price)) => rules.value(price, order.remaining()),
            (Side::Sell, Some(_)) => rules.quantity(order.remaining()),
            (_, None) => panic!("a market order is live: {order:?}"),
        };
        let waits = order.status == Status::Pending;
        // A stop buy that has begun to trade spends what it has locked, above its trigger too.
        let spends = waits && order.filled > 0 && order.price.is_none() && order.side == Side::Buy;
        assert!(spends || order.reserved >= least, "{order:?} locks less than {least}");
        assert!(!waits || order.terms.stop_price.is_some(), "{order:?}");
    }

    /// Of the whole history: sequences without a gap, filled = Σ trades, statuses that agree with quantities,
    /// the house pays nobody, and it forgoes at most one unit of commission for each fill of a buyer.
    pub fn check_history(&mut self) {
        let mut filled: BTreeMap<OrderId, i64> = BTreeMap::new();
        let mut forgone: BTreeMap<OrderId, (i128, i128)> = BTreeMap::new();
        let orders: BTreeMap<_, _> = self.reference.orders().iter().map(|o| (o.id, *o)).collect();
        for (n, trade) in self.written_trades.iter().enumerate() {
            assert_eq!(trade.sequence, n as i64 + 1);
            assert!(
                trade.amount > 0 && trade.buyer_commission.units() + trade.seller_commission.units() >= 0,
                "{trade:?}"
            );
            *filled.entry(trade.maker).or_default() += trade.amount;
            *filled.entry(trade.taker).or_default() += trade.amount;
            let full = self.full_commission(trade, &orders[&trade.buy_order()]);
            let (dust, fills) = forgone.entry(trade.buy_order()).or_default();
            *dust += full.units() - trade.buyer_commission.units();
            *fills += 1;
            assert!(full >= trade.buyer_commission && *dust <= *fills, "{trade:?} forgoes {dust}");
            if full > trade.buyer_commission {
                self.tally.add("capped commission", 1);
            }
        }
        for order in self.written_orders.values() {
            check_end(order, filled.get(&order.id).copied().unwrap_or(0));
        }
    }

    /// What the buyer would be charged if it always had enough locked.
    fn full_commission(&self, trade: &Trade, buyer: &OrderState) -> Money {
        let value = self.setting.rules.value(trade.price, trade.amount);
        match trade.taker_side {
            Side::Buy => value.commission(buyer.rates.taker),
            Side::Sell => units(value.commission(buyer.rates.maker).units().max(-trade.seller_commission.units())),
        }
    }
}

fn check_end(order: &OrderState, filled: i64) {
    assert_eq!(order.filled, filled, "{order:?}");
    assert_eq!(order.status == Status::Cancelled, order.cancel_reason.is_some(), "{order:?}");
    if order.status.is_live() {
        return;
    }
    assert!(order.reserved == Money::ZERO && order.visible == 0, "{order:?}");
    // An order that says what it may spend has no quantity but what it has bought.
    let by_quote = order.status == Status::Cancelled && order.amount == 0;
    assert_eq!(order.status == Status::Filled, order.filled == order.amount && !by_quote, "{order:?}");
    let cannot_rest = order.price.is_none();
    assert!(cannot_rest || order.cancel_reason != Some(CancelReason::Budget), "{order:?}");
}
