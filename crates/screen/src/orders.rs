//! What a user does and has: orders, balances, trades.

use axum::extract::{Path, Query, State};
use serde::Deserialize;

use crate::Shared;
use crate::config::Door;
use crate::database::{Rows, Work};
use crate::problem::Problem;
use crate::sent::Sent;
use crate::session::Key;

/// `exchange.order_result` as JSON has it.
const RESULT: &str = "id::text, status, filled_amount::text, remaining_amount::text, average_price::text,
    commission::text, cancel_reason";
/// What an order is, without the user.
const ORDER: &str = "$2, $3, $4::text::numeric, $5::text::numeric, $6, $7, $8, $9::text::numeric, $10::text::numeric,
    $11::text::numeric, $12, $13::text::timestamptz, $14";

/// An order as it is sent. What is left out is what `place_order()` takes for it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub symbol: String,
    pub side: String,
    pub price: Option<String>,
    pub amount: Option<String>,
    pub order_type: Option<String>,
    pub time_in_force: Option<String>,
    /// The browser's own id: the same again is the same order, however often it is sent.
    client_order_id: Option<String>,
    stop_price: Option<String>,
    display_amount: Option<String>,
    pub quote_amount: Option<String>,
    pub post_only: Option<bool>,
    expires_at: Option<String>,
    self_trade_prevention: Option<String>,
}

impl Order {
    /// Hands it to a function of the exchange.
    async fn through(&self, work: &Work<'_>, function: &str) -> Result<Rows, Problem> {
        let sql = format!("SELECT {RESULT} FROM exchange.{function}($1, {ORDER})");
        let post_only = self.post_only.unwrap_or(false);
        work.one(
            &sql,
            &[
                &work.user,
                &self.symbol,
                &self.side,
                &self.price,
                &self.amount,
                &self.order_type,
                &self.time_in_force,
                &self.client_order_id,
                &self.stop_price,
                &self.display_amount,
                &self.quote_amount,
                &post_only,
                &self.expires_at,
                &self.self_trade_prevention,
            ],
        )
        .await
    }
}

/// `POST /api/orders`
pub async fn place(State(screen): Shared, Key(key): Key, Sent(order): Sent<Order>) -> Result<Rows, Problem> {
    if order.client_order_id.is_none() {
        return Err(Problem::new(
            axum::http::StatusCode::BAD_REQUEST,
            "22004",
            "client_order_id is missing",
            "Make one before the order is sent, and send the same one again until there is an answer.",
        ));
    }
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let function = match screen.config.door {
        Door::Place => "place_order",
        Door::Submit => "submit_order",
    };
    let result = order.through(&work, function).await?;
    work.commit().await?;
    Ok(result)
}

/// What of an order is changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amendment {
    price: Option<String>,
    amount: Option<String>,
}

/// `PATCH /api/orders/{id}`
pub async fn amend(
    State(screen): Shared,
    Path(id): Path<i64>,
    Key(key): Key,
    Sent(change): Sent<Amendment>,
) -> Result<Rows, Problem> {
    let function = match screen.config.door {
        Door::Place => "amend_order",
        Door::Submit => "submit_amend",
    };
    let sql = format!("SELECT {RESULT} FROM exchange.{function}($1, $2::text::numeric, $3::text::numeric)");
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let result = work.one(&sql, &[&id, &change.price, &change.amount]).await?;
    work.commit().await?;
    Ok(result)
}

/// `DELETE /api/orders/{id}`
pub async fn cancel(State(screen): Shared, Path(id): Path<i64>, Key(key): Key) -> Result<Rows, Problem> {
    let function = match screen.config.door {
        Door::Place => "cancel_order",
        Door::Submit => "submit_cancel",
    };
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let result = work.one(&format!("SELECT {RESULT} FROM exchange.{function}($1)"), &[&id]).await?;
    work.commit().await?;
    Ok(result)
}

/// `GET /api/orders`: the live ones.
pub async fn open(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT id::text, symbol, side, order_type, time_in_force, status, price::text, stop_price::text,
            amount::text, filled_amount::text, display_amount::text, quote_amount::text, post_only, expires_at,
            reserved::text, client_order_id, created_at
        FROM exchange.orders WHERE user_id = $1 AND status IN ('open', 'pending') ORDER BY id DESC LIMIT 500";
    of_user(&screen, &key, SQL).await
}

/// `GET /api/balances`
pub async fn balances(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT symbol AS asset, amount::text AS available, locked_amount::text AS locked,
            (amount + locked_amount)::text AS total
        FROM exchange.assets WHERE user_id = $1 ORDER BY symbol LIMIT 1000";
    of_user(&screen, &key, SQL).await
}

async fn of_user(screen: &crate::Screen, key: &str, sql: &str) -> Result<Rows, Problem> {
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, key).await?;
    let rows = work.list(sql, &[&work.user]).await?;
    work.commit().await?;
    Ok(rows)
}

/// Which page of one's own trades.
#[derive(Deserialize)]
pub struct Page {
    before: Option<i64>,
    limit: Option<i32>,
}

/// `GET /api/trades`: one's own, newest first.
pub async fn trades(State(screen): Shared, Key(key): Key, Query(page): Query<Page>) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT trade_id::text, order_id::text, symbol, side, price::text, amount::text,
            commission::text, was_taker, created_at AS at FROM exchange.my_trades($1, $2, $3)";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let rows = work.list(SQL, &[&work.user, &page.limit.unwrap_or(100), &page.before]).await?;
    work.commit().await?;
    Ok(rows)
}
