//! sqlx. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.

use rust_decimal::Decimal;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions, PgRow};
use sqlx::{Error, Executor, Postgres, Row, Transaction};

/// Who has logged in with the application.
const USER: i64 = 1;
const MARKET: &str = "BTC-USD";
const CUT: &str = "SELECT pg_terminate_backend(pg_backend_pid())";

/// Begins a transaction that acts for the user: the pooler gives it one connection, to its end.
async fn acting(pool: &PgPool) -> Result<Transaction<'static, Postgres>, Error> {
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT identity.act_as($1)").persistent(false).bind(USER).execute(&mut *transaction).await?;
    Ok(transaction)
}

/// What is not persistent has no name on the server: behind a pooler the next transaction may have another connection.
async fn place(
    transaction: &mut Transaction<'static, Postgres>,
    price: Decimal,
    amount: Decimal,
    id: &str,
) -> Result<PgRow, Error> {
    // In FROM, so that the answer has columns.
    sqlx::query("SELECT * FROM exchange.place_order($1, $2, 'buy', $3, $4, client_order_id => $5)")
        .persistent(false)
        .bind(USER)
        .bind(MARKET)
        .bind(price)
        .bind(amount)
        .bind(id)
        .fetch_one(&mut **transaction)
        .await
}

/// Whether nobody has answered, or the server has said that the connection ends.
fn is_lost(error: &Error) -> bool {
    match error.as_database_error().and_then(|said| said.code()) {
        Some(state) => state.starts_with("08") || ["57P01", "57P02"].contains(&&*state),
        None => matches!(error, Error::Io(_) | Error::Protocol(_) | Error::PoolTimedOut | Error::WorkerCrashed),
    }
}

/// Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
/// `client_order_id` makes them all one order.
async fn place_surely(pool: &PgPool, price: Decimal, amount: Decimal, id: &str) -> Result<u32, Error> {
    let mut tries = 1;
    loop {
        match attempt(pool, price, amount, id, tries).await {
            Err(error) if is_lost(&error) => tries += 1,
            answer => return answer.map(|()| tries),
        }
    }
}

async fn attempt(pool: &PgPool, price: Decimal, amount: Decimal, id: &str, tries: u32) -> Result<(), Error> {
    let mut transaction = acting(pool).await?;
    place(&mut transaction, price, amount, id).await?;
    if tries == 1 {
        transaction.execute(CUT).await?;
    }
    transaction.commit().await?;
    if tries == 2 {
        pool.execute(CUT).await?;
    }
    Ok(())
}

async fn bulk(pool: &PgPool) -> Result<(), Error> {
    let mut transaction = acting(pool).await?;
    let copy =
        "COPY exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id) FROM STDIN CSV";
    let mut inbox = transaction.copy_in_raw(copy).await?;
    let price = |n| if n == 1000 { "1.001" } else { "1.00" };
    let lines: String = (1..=1000).map(|n| format!("new,{USER},{MARKET},buy,{},0.01,bulk-{n}\n", price(n))).collect();
    inbox.send(lines.as_bytes()).await?;
    inbox.finish().await?;
    transaction.commit().await?;
    // It commits what it does, so it stands in no transaction; as text, because a pooler may give what is prepared outside
    // of one to another connection than what binds it.
    pool.execute(&*format!("CALL exchange.match_orders('{MARKET}')")).await?;
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pool = PgPoolOptions::new().max_connections(4).connect_with(PgConnectOptions::new()).await?;

    let mut transaction = acting(&pool).await?;
    let amount = "0.1".parse::<Decimal>()? + "0.2".parse::<Decimal>()?;
    let order = place(&mut transaction, "100.10".parse()?, amount, "alice-1").await?;
    transaction.commit().await?;
    let money = |column: &str| order.try_get::<Decimal, _>(column);
    let (filled, remaining) = (money("filled_amount")?, money("remaining_amount")?);
    // The digits are all there; the zeros behind them are not.
    println!("order: {}, {filled:.8} filled, {remaining:.8} remaining", order.try_get::<&str, _>("status")?);
    let paid = filled * money("average_price")? + money("commission")?;
    println!("paid: {paid:.8} USD");

    let mut transaction = acting(&pool).await?;
    if let Err(error) = place(&mut transaction, "100.10".parse()?, "1000".parse()?, "alice-2").await {
        let refused = error.as_database_error().ok_or("nobody has answered")?.downcast_ref::<PgDatabaseError>();
        println!("refused: {} {}", refused.code(), refused.hint().unwrap_or_default());
    }
    transaction.rollback().await?;

    // The inbox takes anything; what is wrong with a line is told when it is carried out.
    bulk(&pool).await?;
    let counts = "SELECT format('%s placed, %s refused: %s', (SELECT count(*) FROM exchange.orders
        WHERE user_id = $1 AND client_order_id LIKE 'bulk-%'), count(*), min(sqlstate))
        FROM exchange.command_rejections";
    println!("bulk: {}", line(&pool, counts).await?);

    let tries = place_surely(&pool, "99.00".parse()?, "0.5".parse()?, "alice-3").await?;
    let count = "SELECT count(*) || ' order' FROM exchange.orders WHERE user_id = $1 AND price = 99";
    println!("retried: {tries} tries, {}", line(&pool, count).await?);
    Ok(())
}

async fn line(pool: &PgPool, sql: &'static str) -> Result<String, Error> {
    let mut transaction = acting(pool).await?;
    let (line,) = sqlx::query_as(sql).persistent(false).bind(USER).fetch_one(&mut *transaction).await?;
    Ok(line)
}
