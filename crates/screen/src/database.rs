//! Connections of one login, and transactions in which it acts for the user of a request.

use std::str::FromStr;
use std::time::Duration;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use deadpool_postgres::{Client, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime, Timeouts, Transaction};
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{GenericClient, NoTls, Row};

use crate::problem::Problem;

/// What a statement may take, where the DSN says nothing: no request may hold others up for longer. And times are UTC.
const LIMITS: &str =
    "-c statement_timeout=5s -c lock_timeout=4s -c idle_in_transaction_session_timeout=5s -c timezone=UTC";
/// How long a request waits for a connection.
const QUEUE: Duration = Duration::from_secs(3);

/// What a statement is given.
pub type Given<'a> = &'a [&'a (dyn Parameter + Sync)];

/// A value that says which type of SQL it is.
pub trait Parameter: ToSql {
    /// Which.
    fn of_sql(&self) -> Type;
}

macro_rules! parameters {
    ($($value:ty => $of_sql:ident),*) => {
        $(impl Parameter for $value {
            fn of_sql(&self) -> Type {
                Type::$of_sql
            }
        }

        impl Parameter for Option<$value> {
            fn of_sql(&self) -> Type {
                Type::$of_sql
            }
        })*
    };
}

parameters!(bool => BOOL, i32 => INT4, i64 => INT8, f64 => FLOAT8, &str => TEXT, String => TEXT);

/// The only row of a statement. It is prepared without a name: one with a name stands in a connection, and behind a
/// pooler the next transaction has another connection, where the name may be that of a statement of another screen.
async fn only_row(client: &impl GenericClient, sql: &str, given: Given<'_>) -> Result<Row, Problem> {
    row_or_none(client, sql, given).await?.ok_or_else(|| Problem::fault("a statement has given no row"))
}

async fn row_or_none(client: &impl GenericClient, sql: &str, given: Given<'_>) -> Result<Option<Row>, Problem> {
    let given: Vec<(&(dyn ToSql + Sync), Type)> = given.iter().map(|value| (*value as _, value.of_sql())).collect();
    Ok(client.query_typed(sql, &given).await?.into_iter().next())
}

/// JSON that the database has made, numbers in it as text.
#[derive(Debug)]
pub struct Rows(pub String);

impl IntoResponse for Rows {
    fn into_response(self) -> Response {
        let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
        (headers, self.0).into_response()
    }
}

/// Reads a DSN; adds the limits.
pub fn config(dsn: &str) -> Result<tokio_postgres::Config, String> {
    let mut config = tokio_postgres::Config::from_str(dsn).map_err(|error| format!("the DSN: {error}"))?;
    if config.get_options().is_none() {
        config.options(LIMITS);
    }
    if config.get_application_name().is_none() {
        config.application_name("pg_bourse screen");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(QUEUE);
    }
    Ok(config)
}

/// The connections of one login.
#[derive(Clone)]
pub struct Database(Pool);

impl Database {
    /// Connects when somebody asks, not now.
    pub fn new(dsn: &str, connections: usize) -> Result<Self, String> {
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config(dsn)?, NoTls, manager))
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait: Some(QUEUE), create: Some(QUEUE), recycle: Some(QUEUE) });
        pool.build().map(Self).map_err(|error| error.to_string())
    }

    /// A connection, for one request.
    pub async fn client(&self) -> Result<Client, Problem> {
        Ok(self.0.get().await?)
    }

    /// Rows of public data: nobody is acted for.
    pub async fn list(&self, sql: &str, given: Given<'_>) -> Result<Rows, Problem> {
        Ok(Rows(self.row(&as_list(sql), given).await?.try_get(0)?))
    }

    /// One row, as it is.
    pub async fn row(&self, sql: &str, given: Given<'_>) -> Result<Row, Problem> {
        only_row(&**self.client().await?, sql, given).await
    }
}

/// A transaction that acts for the user of an API key, until it ends. Dropped, it is rolled back.
pub struct Work<'a> {
    transaction: Transaction<'a>,
    /// For whom.
    pub user: i64,
}

impl<'a> Work<'a> {
    /// Begins one for a user who has proved who he is.
    pub async fn of(client: &'a mut Client, user: i64) -> Result<Work<'a>, Problem> {
        let transaction = client.transaction().await?;
        only_row(&*transaction, "SELECT identity.act_as($1)", &[&user]).await?;
        Ok(Self { transaction, user })
    }

    /// Begins one for the user of a key. A key that is not good is nobody's.
    pub async fn acting(client: &'a mut Client, key: &str) -> Result<Work<'a>, Problem> {
        const ACT: &str = "SELECT u, identity.act_as(u)
            FROM (SELECT identity.verify_api_key($1)) v(u) WHERE u IS NOT NULL";
        let transaction = client.transaction().await?;
        let row = row_or_none(&*transaction, ACT, &[&key]).await?.ok_or_else(Problem::nobody)?;
        let user = row.try_get(0)?;
        Ok(Self { transaction, user })
    }

    /// The rows of a statement.
    pub async fn list(&self, sql: &str, given: Given<'_>) -> Result<Rows, Problem> {
        self.text(&as_list(sql), given).await
    }

    /// The only row of a statement.
    pub async fn one(&self, sql: &str, given: Given<'_>) -> Result<Rows, Problem> {
        self.text(&format!("SELECT row_to_json(q)::text FROM ({sql}) q"), given).await
    }

    /// The only value of a statement, JSON as text.
    pub async fn text(&self, sql: &str, given: Given<'_>) -> Result<Rows, Problem> {
        Ok(Rows(only_row(&*self.transaction, sql, given).await?.try_get(0)?))
    }

    /// What was done stands.
    pub async fn commit(self) -> Result<(), Problem> {
        Ok(self.transaction.commit().await?)
    }
}

fn as_list(sql: &str) -> String {
    format!("SELECT coalesce(json_agg(q), '[]')::text FROM ({sql}) q")
}
