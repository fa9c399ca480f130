//! tokio-postgres. Where the server or the pooler is, and the login, say PGHOST, PGPORT, PGDATABASE and PGUSER.

use std::env;

use futures_util::SinkExt;
use rust_decimal::Decimal;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Config, Error, NoTls, Row, Transaction};

/// Who has logged in with the application.
const USER: i64 = 1;
const MARKET: &str = "BTC-USD";
const CUT: &str = "SELECT pg_terminate_backend(pg_backend_pid())";

/// A value and its type. Statements whose types are given need no name: behind a pooler the next transaction may have
/// another connection.
type Typed<'a> = (&'a (dyn ToSql + Sync), Type);

async fn connect() -> Result<Client, Box<dyn std::error::Error>> {
    let variable = |name: &str| env::var(name).map_err(|_| format!("{name} is not set"));
    let mut config = Config::new();
    config.host(variable("PGHOST")?).port(variable("PGPORT")?.parse()?);
    config.dbname(variable("PGDATABASE")?).user(variable("PGUSER")?);
    let (client, connection) = config.connect(NoTls).await?;
    // Whoever waits for an answer hears of a connection that ends.
    tokio::spawn(connection);
    Ok(client)
}

/// Begins a transaction that acts for the user: the pooler gives it one connection, to its end.
async fn acting(client: &mut Client) -> Result<Transaction<'_>, Error> {
    let transaction = client.transaction().await?;
    transaction.query_typed("SELECT identity.act_as($1)", &[(&USER, Type::INT8)]).await?;
    Ok(transaction)
}

async fn place(transaction: &Transaction<'_>, price: Decimal, amount: Decimal, id: &str) -> Result<Row, Error> {
    // In FROM, so that the answer has columns.
    let sql = "SELECT * FROM exchange.place_order($1, $2, 'buy', $3, $4, client_order_id => $5)";
    let values: [Typed<'_>; 5] = [
        (&USER, Type::INT8),
        (&MARKET, Type::TEXT),
        (&price, Type::NUMERIC),
        (&amount, Type::NUMERIC),
        (&id, Type::TEXT),
    ];
    let mut rows = transaction.query_typed(sql, &values).await?;
    Ok(rows.remove(0))
}

/// Whether nobody has answered, or the server has said that the connection ends.
fn is_lost(error: &Error) -> bool {
    let state = error.code().map(|state| state.code());
    state.is_none_or(|state| state.starts_with("08") || ["57P01", "57P02"].contains(&state))
}

/// Sends the order until it is answered. The first try loses its connection before the commit, the second after it; the
/// `client_order_id` makes them all one order.
async fn place_surely(price: Decimal, amount: Decimal, id: &str) -> Result<u32, Box<dyn std::error::Error>> {
    let mut tries = 1;
    while let Err(error) = attempt(&mut connect().await?, price, amount, id, tries).await {
        if !is_lost(&error) {
            return Err(error.into());
        }
        tries += 1;
    }
    Ok(tries)
}

async fn attempt(client: &mut Client, price: Decimal, amount: Decimal, id: &str, tries: u32) -> Result<(), Error> {
    let transaction = acting(client).await?;
    place(&transaction, price, amount, id).await?;
    if tries == 1 {
        transaction.batch_execute(CUT).await?;
    }
    transaction.commit().await?;
    if tries == 2 {
        client.batch_execute(CUT).await?;
    }
    Ok(())
}

async fn bulk(client: &mut Client) -> Result<(), Error> {
    let transaction = acting(client).await?;
    let copy =
        "COPY exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id) FROM STDIN CSV";
    let mut inbox = Box::pin(transaction.copy_in(copy).await?);
    let price = |n| if n == 1000 { "1.001" } else { "1.00" };
    let lines: String = (1..=1000).map(|n| format!("new,{USER},{MARKET},buy,{},0.01,bulk-{n}\n", price(n))).collect();
    inbox.send(std::io::Cursor::new(lines)).await?;
    inbox.as_mut().finish().await?;
    transaction.commit().await?;
    // It commits what it does, so it stands in no transaction.
    client.batch_execute(&format!("CALL exchange.match_orders('{MARKET}')")).await
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut client = connect().await?;

    let transaction = acting(&mut client).await?;
    let amount = "0.1".parse::<Decimal>()? + "0.2".parse::<Decimal>()?;
    let order = place(&transaction, "100.10".parse()?, amount, "alice-1").await?;
    transaction.commit().await?;
    let money = |column: &str| order.try_get::<_, Decimal>(column);
    let (filled, remaining) = (money("filled_amount")?, money("remaining_amount")?);
    println!("order: {}, {filled} filled, {remaining} remaining", order.try_get::<_, &str>("status")?);
    let mut paid = filled * money("average_price")? + money("commission")?;
    paid.rescale(8);
    println!("paid: {paid} USD");

    let transaction = acting(&mut client).await?;
    if let Err(error) = place(&transaction, "100.10".parse()?, "1000".parse()?, "alice-2").await {
        let refused = error.as_db_error().ok_or("nobody has answered")?;
        println!("refused: {} {}", refused.code().code(), refused.hint().unwrap_or_default());
    }
    transaction.rollback().await?;

    // The inbox takes anything; what is wrong with a line is told when it is carried out.
    bulk(&mut client).await?;
    let counts = "SELECT format('%s placed, %s refused: %s', (SELECT count(*) FROM exchange.orders
        WHERE user_id = $1 AND client_order_id LIKE 'bulk-%'), count(*), min(sqlstate))
        FROM exchange.command_rejections";
    println!("bulk: {}", line(&mut client, counts).await?);

    let tries = place_surely("99.00".parse()?, "0.5".parse()?, "alice-3").await?;
    let count = "SELECT count(*) || ' order' FROM exchange.orders WHERE user_id = $1 AND price = 99";
    println!("retried: {tries} tries, {}", line(&mut client, count).await?);
    Ok(())
}

async fn line(client: &mut Client, sql: &str) -> Result<String, Error> {
    let transaction = acting(client).await?;
    transaction.query_typed(sql, &[(&USER, Type::INT8)]).await?.remove(0).try_get(0)
}
