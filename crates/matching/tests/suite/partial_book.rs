//! A door that places one order loads only the makers that the order can meet, and only their balances.
//! It must get what a door with the whole book gets.

use matching::{Accounts, Balance, Market, Money, OrderId, OrderState, Side, UserId};

use crate::driver::{BASE, Call, Driver, QUOTE};
use crate::flow::flow;
use crate::oracle::runner;

/// How much of the book is loaded.
#[derive(Clone, Copy, Debug)]
enum Load {
    /// Every maker at a crossing price.
    Crossing,
    /// The best crossing makers, until they hold the whole quantity.
    Enough,
}

/// Who calls, on which side, up to which price and quantity in units; the order when it is in the book.
fn reach(driver: &Driver, call: &Call) -> Option<(UserId, Side, Money, Money, Option<OrderState>)> {
    let rules = &driver.setting.rules;
    match call {
        Call::Place(new) => Some((new.user, new.side, new.price, new.amount, None)),
        Call::Cancel(_) => None,
        Call::Amend(id, price, amount) => {
            let old = driver.reference.book().into_iter().find(|o| o.id == *id)?;
            let price = price.unwrap_or(rules.price(old.price));
            let total = amount.unwrap_or(rules.quantity(old.amount));
            Some((old.user, old.side, price, total - rules.quantity(old.filled), Some(old)))
        }
    }
}

/// A market that has loaded no more than the call needs.
fn partial(driver: &Driver, call: &Call, load: Load) -> Option<(Market, Accounts, Vec<UserId>)> {
    let rules = driver.market.rules;
    let (user, side, limit, quantity, own) = reach(driver, call)?;
    let mut market = Market::new(rules, BASE, QUOTE, driver.market.priority, driver.market.sequence);
    let mut accounts = Accounts::new();
    let mut users = vec![user];
    let mut loaded = Money::ZERO;
    for maker in driver.reference.book().into_iter().filter(|o| o.side == side.opposite()) {
        let price = rules.price(maker.price);
        let crosses = if side == Side::Buy { price <= limit } else { price >= limit };
        if crosses && (matches!(load, Load::Crossing) || loaded < quantity) {
            loaded += rules.quantity(maker.remaining());
            users.push(maker.user);
            market.load(&mut accounts, maker);
        }
    }
    if let Some(own) = own {
        market.load(&mut accounts, own);
    }
    for user in &users {
        for asset in [BASE, QUOTE] {
            accounts.load(*user, asset, driver.accounts.balance(*user, asset));
        }
    }
    Some((market, accounts, users))
}

fn same_with_part_of_the_book(driver: &Driver, call: &Call, load: Load) {
    let Some((mut market, mut accounts, users)) = partial(driver, call, load) else { return };
    let mut whole = driver.reference.clone();
    let before = whole.trades().len();
    let expected = match call {
        Call::Place(new) => whole.place(new),
        Call::Cancel(id) => whole.cancel(*id),
        Call::Amend(id, price, amount) => whole.amend(*id, *price, *amount),
    };
    assert_eq!(call.on(&mut market, &mut accounts), expected, "{load:?} {call:?}");
    assert_eq!(market.drain_trades(), &whole.trades()[before..], "{load:?} {call:?}");
    for ((user, asset), balance) in whole.balances().iter().filter(|((user, _), _)| users.contains(user)) {
        let id = [BASE, QUOTE][*asset as usize];
        assert_eq!(accounts.balance(*user, id), *balance, "{load:?} {call:?}");
    }
    let find = |id: OrderId| whole.orders().iter().find(|o| o.id == id).copied();
    for changed in market.book.drain_changed() {
        assert_eq!(Some(changed.order), find(changed.order.id), "{load:?} {call:?}");
    }
    // What was not loaded has not changed either.
    for ((user, asset), balance) in whole.balances().iter().filter(|((user, _), _)| !users.contains(user)) {
        let old: Balance = driver.accounts.balance(*user, [BASE, QUOTE][*asset as usize]);
        assert_eq!(old, *balance, "{load:?} {call:?}");
    }
}

#[test]
fn part_of_the_book_gives_what_the_whole_book_gives() {
    let result = runner(3_000).run(&flow(), |(setting, ops)| {
        let mut driver = Driver::new(setting);
        for op in &ops {
            if let Some(call) = driver.call(op) {
                same_with_part_of_the_book(&driver, &call, Load::Crossing);
                same_with_part_of_the_book(&driver, &call, Load::Enough);
            }
            driver.step(op);
        }
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}
