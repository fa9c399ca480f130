//! From the arguments of a SQL call to the command that it asks for.

use ids::{OrderId, UserId};

use super::command::{Action, Command, Target};
use super::fields::orders;
use super::refusals;
use super::rows::OrderRow;
use super::tables;
use super::ticket::{OrderArguments, exact_if_given, require_short};
use crate::error::{Answer, Failure, clip};
use crate::identity;
use crate::pg::arguments::Arguments;
use crate::pg::numeric::Numeric;
use crate::pg::scan::Key;
use crate::pg::table::Table;

/// A new order of a user whom the session acts for, by the arguments of `place_order()`.
pub fn new_order(arguments: &Arguments) -> Answer<Command> {
    let ticket = OrderArguments::of_call(arguments).ticket()?;
    identity::require_acts_for(ticket.user.0)?;
    Ok(Command::new(ticket, None))
}

/// A cancel by the id of the order.
pub fn cancel(order_id: Option<i64>) -> Answer<Command> {
    by_id(order_id, Action::Cancel)
}

/// A cancel by what the user calls the order.
pub fn cancel_by_client(user_id: Option<i64>, client_order_id: Option<&str>) -> Answer<Command> {
    let user = user_id.ok_or_else(|| Failure::null("user_id"))?;
    let client_id = client_order_id.ok_or_else(|| Failure::null("client_order_id"))?;
    require_short("client_order_id", Some(client_id))?;
    identity::require_acts_for(user)?;
    let symbol =
        symbol_of(UserId(user), client_id).ok_or_else(|| refusals::unknown_order(&format!("{:?}", clip(client_id))))?;
    Ok(Command { user: UserId(user), symbol, action: Action::Cancel(Target::Client(client_id.to_owned())) })
}

/// New terms for an order.
pub fn amend(order_id: Option<i64>, new_price: Option<Numeric>, new_amount: Option<Numeric>) -> Answer<Command> {
    let price = exact_if_given("new_price", new_price)?;
    let amount = exact_if_given("new_amount", new_amount)?;
    if price.is_none() && amount.is_none() {
        return Err(Failure::null("new_price and new_amount together"));
    }
    by_id(order_id, |target| Action::Amend { target, price, amount })
}

/// A command for an order that is named by its id. An order that the session may not act for is treated as one
/// that does not exist.
fn by_id(order_id: Option<i64>, action: impl FnOnce(Target) -> Action) -> Answer<Command> {
    let command = of_anybody(order_id, action)?;
    let unknown = |_| refusals::unknown_order(&order_id.unwrap_or_default().to_string());
    identity::require_acts_for(command.user.0).map_err(unknown)?;
    Ok(command)
}

/// A cancel of an order that the platform itself does not want to rest any longer, whoever the session acts for.
pub fn cancel_for_platform(order_id: Option<i64>) -> Answer<Command> {
    of_anybody(order_id, Action::Cancel)
}

fn of_anybody(order_id: Option<i64>, action: impl FnOnce(Target) -> Action) -> Answer<Command> {
    let id = order_id.ok_or_else(|| Failure::null("order_id"))?;
    let order = find_order(c"orders_pkey", &[Key::Int(id)]);
    let order = order.ok_or_else(|| refusals::unknown_order(&id.to_string()))?;
    Ok(Command { user: order.ticket.user, symbol: order.ticket.symbol, action: action(Target::Id(OrderId(id))) })
}

/// The market of the order that a user calls by this id.
pub fn symbol_of(user: UserId, client_order_id: &str) -> Option<String> {
    let mut table = Table::open(&tables::ORDERS);
    let index = table.index(c"orders_client_order_id_key");
    let keys = [Key::Int(user.0), Key::Text(client_order_id)];
    let symbol = table.find(index, &keys, |row| orders::of(row).symbol().to_owned());
    table.close();
    symbol
}

/// A stored order by a unique index.
pub fn find_order(index: &'static std::ffi::CStr, keys: &[Key<'_>]) -> Option<OrderRow> {
    let mut table = Table::open(&tables::ORDERS);
    let index = table.index(index);
    let order = table.find(index, keys, OrderRow::read);
    table.close();
    order
}
