//! Post-only orders: refused rather than let them trade on arrival.

use ids::OrderId;
use matching::{Refusal, SelfTrade, Side, Status};

use crate::desk::{Desk, With, money, rate};

#[test]
fn refused_when_it_would_take() {
    let mut desk = Desk::new();
    desk.enter(1, Side::Sell, "101", "1");
    desk.enter(1, Side::Sell, "100", "1");
    for price in ["100", "105"] {
        let buy = desk.limit(2, Side::Buy, price, "1").post_only();
        assert_eq!(desk.refuse(&buy), Refusal::WouldTake { best: money("100") });
    }
    let buy = desk.limit(2, Side::Buy, "99.99", "1").post_only();
    assert_eq!(desk.accept(&buy).order.status, Status::Open);
    let sell = desk.limit(3, Side::Sell, "99.99", "1").post_only();
    assert_eq!(desk.refuse(&sell), Refusal::WouldTake { best: money("99.99") });
}

#[test]
fn it_makes_and_pays_as_a_maker() {
    let mut desk = Desk::new();
    desk.rates.maker = rate(0);
    let buy = desk.limit(2, Side::Buy, "100", "1").post_only();
    desk.accept(&buy);
    let sell = desk.enter(1, Side::Sell, "100", "1");
    assert_eq!(desk.market.last_trades(&sell)[0].buyer_commission, money("0"));
}

#[test]
fn its_own_owners_order_counts_whatever_the_mode() {
    for mode in [SelfTrade::None, SelfTrade::CancelTaker, SelfTrade::CancelMaker, SelfTrade::Decrement] {
        let mut desk = Desk::new();
        desk.enter(1, Side::Sell, "100", "1");
        let buy = desk.limit(1, Side::Buy, "100", "1").post_only().mode(mode);
        assert_eq!(desk.refuse(&buy), Refusal::WouldTake { best: money("100") }, "{mode:?}");
    }
}

#[test]
fn an_expired_maker_is_not_taken() {
    let mut desk = Desk::new();
    let dated = desk.limit(1, Side::Sell, "100", "1").gtd(10);
    desk.accept(&dated);
    desk.enter(1, Side::Sell, "101", "1");
    desk.market.now = 10;
    let buy = desk.limit(2, Side::Buy, "101", "1").post_only();
    assert_eq!(desk.refuse(&buy), Refusal::WouldTake { best: money("101") });
    assert_eq!(desk.ids(Side::Sell), [1, 2], "a refused order cancels nobody");
    let buy = desk.limit(2, Side::Buy, "100", "1").post_only();
    assert_eq!(desk.accept(&buy).trades, 0);
    assert_eq!((desk.ids(Side::Buy), desk.ids(Side::Sell)), (vec![4], vec![2]), "nor does the book cross");
    assert_eq!(desk.cancel(OrderId(1)), Err(Refusal::OrderNotLive));
}
