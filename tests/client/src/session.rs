//! A session through the driver. Values come and go as text, so that no number is ever rounded on the way.

use std::io::Write;

use postgres::{Client, SimpleQueryMessage};

use crate::{Failure, Result};

/// One connection.
pub struct Session {
    client: Client,
    /// What is sent before each statement, in its transaction.
    before: String,
}

impl Session {
    /// A session over this connection.
    pub fn new(client: Client) -> Self {
        Self { client, before: String::new() }
    }

    /// The driver's own client.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Has every statement of a gateway's session act for this user.
    pub fn acting_as(mut self, user: i64) -> Result<Self> {
        // Loads the library, which knows the setting.
        self.run(&format!("SELECT identity.act_as({user})"))?;
        self.before = format!("SET LOCAL bourse.user_id = {user}; ");
        Ok(self)
    }

    /// Runs statements; what they return is dropped.
    pub fn run(&mut self, sql: &str) -> Result<()> {
        let sent = self.sent(sql);
        self.client.batch_execute(&sent).map_err(|error| Failure::of_statement(sql, &error))
    }

    /// A statement with what comes before it; the end of a transaction, which may have failed, comes alone.
    fn sent(&self, sql: &str) -> String {
        let ends = ["COMMIT", "ROLLBACK"].iter().any(|word| sql.starts_with(word));
        if ends { sql.to_owned() } else { format!("{}{sql}", self.before) }
    }

    /// Whether the server has the files of this extension. Where Debian has no package of the server, none has come
    /// with it.
    pub fn has_extension(&mut self, name: &str) -> Result<bool> {
        let has = self.number(&format!("SELECT count(*) FROM pg_available_extensions WHERE name = '{name}'"))? > 0;
        if !has {
            println!("no {name} for this server");
        }
        Ok(has)
    }

    /// The rows of a query; NULL comes as the text `NULL`.
    pub fn rows(&mut self, sql: &str) -> Result<Vec<Vec<String>>> {
        let sent = self.sent(sql);
        let messages = self.client.simple_query(&sent).map_err(|error| Failure::of_statement(sql, &error))?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(row),
                _ => None,
            })
            .map(|row| (0..row.len()).map(|i| row.get(i).unwrap_or("NULL").to_owned()).collect())
            .collect())
    }

    /// The rows of a query, each with its columns joined by `|`.
    pub fn lines(&mut self, sql: &str) -> Result<Vec<String>> {
        Ok(self.rows(sql)?.iter().map(|row| row.join("|")).collect())
    }

    /// The one row of a query, its columns joined by `|`.
    pub fn line(&mut self, sql: &str) -> Result<String> {
        let lines = self.lines(sql)?;
        match <[String; 1]>::try_from(lines) {
            Ok([line]) => Ok(line),
            Err(lines) => Err(Failure::new(format!("{} rows instead of one\n  in: {sql}", lines.len()))),
        }
    }

    /// The one number that a query returns.
    pub fn number(&mut self, sql: &str) -> Result<i64> {
        let text = self.line(sql)?;
        text.parse().map_err(|_| Failure::new(format!("{text:?} is no number\n  in: {sql}")))
    }

    /// The SQLSTATE with which a statement is refused; an error if it is not.
    pub fn refused(&mut self, sql: &str) -> Result<String> {
        match self.run(sql) {
            Ok(()) => Err(Failure::new(format!("not refused\n  in: {sql}"))),
            Err(Failure { sqlstate: Some(sqlstate), .. }) => Ok(sqlstate),
            Err(failure) => Err(failure),
        }
    }

    /// Sends lines of COPY's text format; the number of rows that were stored.
    pub fn copy_in(&mut self, sql: &str, lines: &[String]) -> Result<u64> {
        let failed = |error: &postgres::Error| Failure::of_statement(sql, error);
        let mut writer = self.client.copy_in(sql).map_err(|error| failed(&error))?;
        for line in lines {
            writeln!(writer, "{line}")?;
        }
        writer.finish().map_err(|error| failed(&error))
    }

    /// How many sessions of this database wait for a lock.
    pub fn waiters(&mut self) -> Result<i64> {
        self.number(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )
    }

    /// Fails unless every invariant of the exchange holds.
    pub fn verify_is_empty(&mut self) -> Result<()> {
        let broken = self.lines("SELECT * FROM exchange.verify()")?;
        if broken.is_empty() {
            return Ok(());
        }
        let shown = broken[..broken.len().min(10)].join("\n  ");
        Err(Failure::new(format!("exchange.verify() has {} rows:\n  {shown}", broken.len())))
    }
}
