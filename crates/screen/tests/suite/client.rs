//! A screen of its own for a test, and what a browser does with it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use client_tests::{Database, Failure, Result, Session};
use serde_json::{Value, json};

/// Everybody's.
pub const PASSWORD: &str = "correct horse battery";

/// A running server; it ends with the test.
pub struct Screen {
    /// The process.
    pub server: Child,
    /// Where it listens.
    pub address: String,
}

impl Screen {
    /// Starts one on this database, with these flags, on a free port.
    pub fn start(database: &Database, flags: &[&str]) -> Result<Self> {
        database.login("screen_gateway", "bourse_gateway")?;
        database.login("screen_monitor", "bourse_monitor")?;
        let dsn =
            |login| format!("host={} port=5432 dbname={} user={login}", database.server.host.display(), database.name);
        let mut server = Command::new(env!("CARGO_BIN_EXE_screen"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--database",
                &dsn("screen_gateway"),
                "--monitor",
                &dsn("screen_monitor"),
            ])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()?;
        let mut said = String::new();
        BufReader::new(server.stdout.take().expect("piped")).read_line(&mut said)?;
        let address = said.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Ok(Self { server, address })
    }

    /// Ends it as a power cut would.
    pub fn kill(mut self) -> Result<()> {
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }

    /// Somebody who is not logged in.
    pub fn viewer(&self) -> Browser {
        let config = ureq::Agent::config_builder().http_status_as_error(false).build();
        Browser { agent: config.new_agent(), address: self.address.clone(), headers: Vec::new() }
    }

    /// Somebody who is.
    pub fn log_in(&self, login: &str) -> Result<Browser> {
        self.viewer().with_login(&json!({ "login": login, "password": PASSWORD }))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Killed already, in some tests.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// What the server has said.
#[derive(Debug)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    /// All of them.
    pub headers: ureq::http::HeaderMap,
    /// JSON; null where there was none.
    pub body: Value,
}

impl Answer {
    /// A field, as text.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    /// Status and SQLSTATE of a refusal.
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.text("sqlstate"))
    }

    /// Whether it says what was refused, why, and what to do, as every refusal does.
    fn is_problem(&self) -> bool {
        let sqlstate = self.text("sqlstate");
        self.header("content-type") == "application/json"
            && sqlstate.len() == 5
            && sqlstate.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
            && ["message", "hint"].iter().all(|name| !self.text(name).is_empty())
    }

    /// A header, as text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A browser with its cookie and token.
#[derive(Clone)]
pub struct Browser {
    agent: ureq::Agent,
    address: String,
    /// Sent with each request.
    pub headers: Vec<(String, String)>,
}

impl Browser {
    /// The same, logged in.
    pub fn with_login(mut self, login: &Value) -> Result<Self> {
        let answer = self.send("POST", "/api/session", Some(login))?;
        if answer.status != 200 {
            return Err(Failure::new(format!("no login: {answer:?}")));
        }
        let cookie = answer.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        self.headers = vec![("cookie".to_owned(), cookie), ("x-csrf-token".to_owned(), answer.text("csrf"))];
        Ok(self)
    }

    /// The same without one of its headers.
    pub fn without(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.headers.retain(|(header, _)| header != name);
        other
    }

    /// The same with one more.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((name.to_owned(), value.to_owned()));
        other
    }

    /// A request; no answer is an error.
    pub fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Answer> {
        self.send_text(method, path, body.map(Value::to_string))
    }

    /// The same with any body.
    pub fn send_text(&self, method: &str, path: &str, body: Option<String>) -> Result<Answer> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let failed = |error: &dyn std::fmt::Display| Failure::new(format!("{method} {path}: {error}"));
        let answer = match body {
            Some(body) => {
                let request = request.header("content-type", "application/json").body(body);
                self.agent.run(request.map_err(|error| failed(&error))?)
            }
            None => self.agent.run(request.body(()).map_err(|error| failed(&error))?),
        };
        let mut answer = answer.map_err(|error| failed(&error))?;
        let text = answer.body_mut().read_to_string().map_err(|error| failed(&error))?;
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status: answer.status().as_u16(), headers: answer.headers().clone(), body };
        if answer.status >= 400 && !answer.is_problem() {
            return Err(failed(&format!("a refusal without a word: {answer:?} {text}")));
        }
        Ok(answer)
    }

    /// What a path shows.
    pub fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None)
    }

    /// Places an order.
    pub fn place(&self, order: &Value) -> Result<Answer> {
        self.send("POST", "/api/orders", Some(order))
    }

    /// A stream of a market, from after this trade on.
    pub fn stream(&self, symbol: &str, last: Option<i64>) -> Result<impl Iterator<Item = Event> + use<>> {
        let mut request = self.agent.get(format!("http://{}/api/markets/{symbol}/stream", self.address));
        if let Some(last) = last {
            request = request.header("last-event-id", last.to_string());
        }
        let answer = request.call().map_err(|error| Failure::new(error.to_string()))?;
        if answer.status() != 200 {
            return Err(Failure::new(format!("no stream: {}", answer.status())));
        }
        let lines = BufReader::new(answer.into_body().into_reader()).lines();
        let mut id = None;
        Ok(lines.map_while(std::result::Result::ok).filter_map(move |line| {
            if let Some(number) = line.strip_prefix("id: ") {
                id = number.parse().ok();
            }
            let data = line.strip_prefix("data: ")?;
            Some(Event { id: id.take()?, data: serde_json::from_str(data).ok()? })
        }))
    }
}

/// A message of a stream.
#[derive(Debug)]
pub struct Event {
    /// The sequence of the last trade.
    pub id: i64,
    /// What it tells.
    pub data: Value,
}

impl Event {
    /// The sequences of the trades that it tells of.
    pub fn sequences(&self) -> Vec<i64> {
        let trades = self.data["trades"].as_array().cloned().unwrap_or_default();
        trades.iter().filter_map(|trade| trade["sequence"].as_str()?.parse().ok()).collect()
    }
}

/// A database with a market BTC-USD, and users who can log in, each with money of both kinds.
pub fn house(name: &str, users: &[&str]) -> Result<(Database, Session)> {
    let database = Database::fresh(name)?;
    let session = people(&database, users)?;
    Ok((database, session))
}

/// The same in a database that is there.
pub fn people(database: &Database, users: &[&str]) -> Result<Session> {
    let mut session = database.connect()?;
    session.market("BTC-USD")?;
    for user in users {
        let sql = format!("SELECT identity.register('{user}', '{user}@example.org', '{user}', '{PASSWORD}')");
        let id = session.number(&sql)?;
        session.fund(id, &[("USD", "100000"), ("BTC", "100")])?;
    }
    Ok(session)
}

/// A limit order.
pub fn limit(side: &str, price: &str, amount: &str, id: &str) -> Value {
    json!({ "symbol": "BTC-USD", "side": side, "price": price, "amount": amount, "client_order_id": id })
}
