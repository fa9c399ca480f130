//! A door that places one order loads only the makers that the order can meet, and only their balances.
//! It must get what a door with the whole book gets, as long as nothing triggers a stop.

use ids::{OrderId, UserId};
use matching::reference::Reference;
use matching::{Accounts, Balance, Market, OrderState, SelfTrade, Side};

use crate::driver::{BASE, Call, Driver, QUOTE, blamed};
use crate::oracle::check;

/// How much of the book is loaded.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// Every maker at a crossing price.
    Crossing,
    /// The best crossing makers, until they show the whole quantity.
    Enough,
}

/// Who calls and how far the call reaches, in units of price and quantity; none: as far as there is a book.
struct Reach {
    user: UserId,
    side: Side,
    price: Option<i128>,
    quantity: Option<i128>,
    self_trade: SelfTrade,
    own: Option<OrderState>,
}

fn reach(driver: &Driver, call: &Call) -> Option<Reach> {
    let rules = &driver.setting.rules;
    match call {
        Call::Place(new) => Some(Reach {
            user: new.user,
            side: new.side,
            price: new.price.map(|p| p.units()),
            quantity: new.amount.map(|a| a.units()),
            self_trade: new.self_trade,
            own: None,
        }),
        Call::Cancel(_) => None,
        Call::Amend(id, price, amount) => {
            let old = driver.reference.orders().iter().find(|o| o.id == *id && o.status.is_live()).copied()?;
            let total = amount.unwrap_or(rules.quantity(old.amount));
            Some(Reach {
                user: old.user,
                side: old.side,
                price: price.map(|p| p.units()).or(old.price.map(|p| rules.price(p).units())),
                quantity: Some(total.units() - rules.quantity(old.filled).units()),
                self_trade: old.terms.self_trade,
                own: Some(old),
            })
        }
    }
}

/// A market that has loaded no more than the call needs.
fn partial(driver: &Driver, reach: &Reach, load: Load) -> (Market, Accounts, Vec<UserId>) {
    let whole = &driver.market;
    let rules = whole.rules;
    let mut market = Market::new(rules, BASE, QUOTE, whole.priority, whole.sequence, whole.last_price);
    (market.now, market.steps, market.looked) = (whole.now, whole.steps, whole.looked);
    let mut accounts = Accounts::new();
    let mut users = vec![reach.user];
    let mut shown = 0;
    for maker in driver.reference.book().into_iter().filter(|o| o.side == reach.side.opposite()) {
        let price = maker.price.map_or(0, |p| rules.price(p).units());
        let crosses =
            reach.price.is_none_or(|limit| if reach.side == Side::Buy { price <= limit } else { price >= limit });
        let enough = matches!(load, Load::Enough) && reach.quantity.is_some_and(|q| shown >= q);
        if crosses && !enough {
            let skipped = maker.user == reach.user && reach.self_trade != SelfTrade::None;
            if !skipped && !maker.has_expired(market.now) {
                shown += rules.quantity(maker.visible).units();
            }
            users.push(maker.user);
            market.load(&mut accounts, maker);
        } else if enough {
            // Of the last price not everything has been loaded.
            let last = market.book.queue(maker.side).last().and_then(|place| market.book.order(place).price);
            let better = if maker.side == Side::Buy { 1 } else { -1 };
            market.loaded[maker.side as usize] = Some(last.or(maker.price).unwrap_or_default() + better);
        }
    }
    if let Some(own) = reach.own {
        market.load(&mut accounts, own);
    }
    for user in &users {
        for asset in [BASE, QUOTE] {
            accounts.load(*user, asset, driver.accounts.balance(*user, asset));
        }
    }
    (market, accounts, users)
}

/// Whether the call changes stops other than its own.
fn triggers_others(driver: &Driver, whole: &Reference, own: Option<OrderId>) -> bool {
    let others = |r: &Reference| r.pending().into_iter().filter(|o| Some(o.id) != own).collect::<Vec<_>>();
    others(whole) != others(&driver.reference)
}

fn same_with_part_of_the_book(driver: &Driver, call: &Call, load: Load) -> bool {
    let Some(reach) = reach(driver, call).filter(|_| driver.market.looked == driver.market.sequence) else {
        return false;
    };
    let mut whole = driver.reference.clone();
    let before = whole.trades().len();
    let expected = call.on_reference(&mut whole);
    let own = expected.ok().map(|outcome| outcome.order.id);
    if triggers_others(driver, &whole, own) {
        return false;
    }
    let (mut market, mut accounts, users) = partial(driver, &reach, load);
    let got = call.on(&mut market, &mut accounts);
    if market.short {
        // Somebody could not be credited and has left, and the caller loads more.
        assert!(matches!(load, Load::Enough), "{call:?}");
        return false;
    }
    assert_eq!(blamed(got), blamed(expected), "{load:?} {call:?}");
    assert_eq!(market.drain_trades(), &whole.trades()[before..], "{load:?} {call:?}");
    for ((user, asset), balance) in &whole.balances() {
        let id = [BASE, QUOTE][*asset as usize];
        // What was not loaded has not changed.
        let old: Balance = driver.accounts.balance(*user, id);
        let new = if users.contains(user) { accounts.balance(*user, id) } else { old };
        assert_eq!(new, *balance, "{load:?} {call:?}");
    }
    let find = |id: OrderId| whole.orders().iter().find(|o| o.id == id).copied();
    for changed in market.book.drain_changed() {
        assert_eq!(Some(changed.order), find(changed.order.id), "{load:?} {call:?}");
    }
    expected.is_ok()
}

#[test]
fn part_of_the_book_gives_what_the_whole_book_gives() {
    let compared = std::cell::Cell::new(0);
    check(3_000, |setting, ops| {
        let mut driver = Driver::new(setting);
        for op in ops {
            if let Some(call) = driver.call(op) {
                let crossing = same_with_part_of_the_book(&driver, &call, Load::Crossing);
                let enough = same_with_part_of_the_book(&driver, &call, Load::Enough);
                compared.set(compared.get() + usize::from(crossing) + usize::from(enough));
            }
            driver.step(op);
        }
    });
    assert!(compared.get() > 1_000, "only {} calls compared", compared.get());
}
