//! `openapi.json` beside what the server really answers and takes.

use std::collections::BTreeSet;

use client_tests::{Result, Session};
use serde_json::{Map, Value, json};

use crate::client::{Browser, PASSWORD, Screen, house, limit};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
/// What is asked for where a parameter is wanted.
const WANTED: [(&str, &str); 2] = [("width", "1%20minute"), ("from", "2020-01-01")];

/// The document, as the server hands it out.
struct Contract(Value);

impl Contract {
    fn of(screen: &Screen) -> Result<Self> {
        Ok(Self(screen.viewer().get("/openapi.json")?.body))
    }

    fn paths(&self) -> &Map<String, Value> {
        self.0["paths"].as_object().expect("paths")
    }

    /// Each path and method, and what the document says of them.
    fn endpoints(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.paths().iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods");
            methods.iter().map(|(method, told)| (path.as_str(), method.as_str(), told))
        })
    }

    /// What a `$ref` stands for.
    fn resolve<'a>(&'a self, told: &'a Value) -> &'a Value {
        told["$ref"].as_str().map_or(told, |name| self.0.pointer(&name[1..]).expect("what is referred to is there"))
    }

    /// Where a value is not as a schema has it.
    fn faults(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut whole = schema.clone();
        whole["components"] = self.0["components"].clone();
        let validator = jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema");
        validator.iter_errors(value).map(|fault| format!("{} at {}", fault, fault.instance_path())).collect()
    }

    /// The parameters behind the question mark.
    fn asked<'a>(&'a self, told: &'a Value) -> Vec<&'a Value> {
        let all = told["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        all.iter().map(|one| self.resolve(one)).filter(|one| one["in"] == "query").collect()
    }

    /// The fields that a body needs.
    fn required(&self, schema: &Value) -> BTreeSet<String> {
        let schema = self.resolve(schema);
        let own = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        let parts = schema["allOf"].as_array().into_iter().flatten();
        own.chain(parts.flat_map(|part| self.required(part))).collect()
    }
}

/// What a body is like.
fn body(told: &Value) -> &Value {
    &told["requestBody"]["content"]["application/json"]["schema"]
}

/// The path with all that it needs behind the question mark, but for one.
fn with_wanted(path: &str, parameters: &[&Value], without: Option<&str>) -> String {
    let wanted = parameters.iter().filter(|one| one["required"] == true).filter_map(|one| one["name"].as_str());
    let value = |name| WANTED.iter().find(|(known, _)| *known == name).expect("WANTED has each").1;
    let pairs = wanted.filter(|name| Some(*name) != without).map(|name| format!("{name}={}", value(name)));
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Ann is an admin and has one of each; the ids of her bot and of a live order.
fn furnish(sql: &mut Session, ann: &Browser) -> Result<(String, String)> {
    sql.run("UPDATE identity.users SET role = 'admin' WHERE id = 1")?;
    let bot = sql.number("SELECT trading.create_bot(1, 'market maker', '{}', starting_balance => 1000)")?;
    sql.run(&format!("SELECT trading.start_bot({bot})"))?;
    sql.run(&format!("SELECT trading.record_equity({bot})"))?;
    let broker = sql.line("SELECT min(name) FROM mirror.brokers")?;
    sql.run(&format!("SELECT mirror.create_account(1, 'main account', '{broker}')"))?;
    sql.run("SELECT jobs.enqueue('report', 'daily', '{}', 1)")?;
    sql.run("SELECT messaging.enqueue_message('fill', '{email}', '{}', 'ann@example.org')")?;
    sql.run(
        "SELECT exchange.place_order(2, 'BTC-USD', 'sell', 100, 1);
         SELECT exchange.place_order(1, 'BTC-USD', 'buy', 100, 0.5);
         INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         VALUES ('new', 1, 'BTC-USD', 'refused', 'buy', 100.005, 1)",
    )?;
    sql.run("CALL exchange.match_orders()")?;
    let order = ann.place(&limit("buy", "90", "1", "live"))?.text("id");
    Ok((bot.to_string(), order))
}

/// Bodies that are good: with all that an endpoint takes, and with no more than it needs.
fn bodies(path: &str, method: &str) -> [Value; 2] {
    let order = json!({ "symbol": "BTC-USD", "side": "buy", "price": "91", "amount": "2", "order_type": "limit",
        "time_in_force": "gtd", "client_order_id": "full", "display_amount": "1", "post_only": false,
        "expires_at": "2099-01-01T00:00:00Z", "self_trade_prevention": "cancel_maker" });
    match (path, method) {
        ("/api/session", "post") => {
            [json!({ "login": "ann", "password": PASSWORD }), json!({ "login": "ann", "password": PASSWORD })]
        }
        ("/api/orders", "post") => {
            // The schema wants less, the exchange does not: an order has an amount or what it may spend, and a price.
            [order, limit("buy", "92", "1", "least")]
        }
        ("/api/orders/preview", "post") => {
            [order, json!({ "symbol": "BTC-USD", "side": "buy", "price": "92", "amount": "1" })]
        }
        ("/api/orders/{id}", "patch") => [json!({ "price": "89", "amount": "1.5" }), json!({ "amount": "1.25" })],
        _ => panic!("no body is known for {method} {path}"),
    }
}

#[test]
fn every_endpoint_answers_as_openapi_json_says() -> Result<()> {
    let (database, mut sql) = house("screen_contract", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let (bot, order) = furnish(&mut sql, &ann)?;
    let contract = Contract::of(&screen)?;
    let mut endpoints: Vec<_> = contract.endpoints().collect();
    // What is read first, what ends something last, the session last of all.
    let place = |method: &str, path: &str| {
        (["get", "post", "patch", "delete"].iter().position(|one| *one == method), path == "/api/session")
    };
    endpoints.sort_by_key(|(path, method, _)| (place(method, path), std::cmp::Reverse(path.len())));
    assert!(endpoints.len() > 20, "{}", endpoints.len());
    for (path, method, told) in endpoints {
        let id = if path.starts_with("/api/bots") { &bot } else { &order };
        let named = path.replace("{symbol}", "BTC-USD").replace("{id}", id);
        let named = with_wanted(&named, &contract.asked(told), None);
        if told["responses"]["200"]["content"]["text/event-stream"].is_object() {
            assert!(screen.viewer().stream("BTC-USD", None)?.next().is_some());
            continue;
        }
        let sent = if told["requestBody"].is_object() { Some(&bodies(path, method)[0]).cloned() } else { None };
        if let Some(sent) = &sent {
            assert_eq!(contract.faults(body(told), sent), [""; 0], "{method} {path}: {sent}");
        }
        let answer = ann.send(&method.to_uppercase(), &named, sent.as_ref())?;
        let as_told = &told["responses"][answer.status.to_string()];
        assert!(as_told.is_object(), "{method} {path}: {answer:?}");
        let schema = &as_told["content"]["application/json"]["schema"];
        assert_eq!(schema.is_null(), answer.status == 204, "{method} {path} has a schema");
        if answer.status != 204 {
            assert_eq!(answer.header("content-type"), "application/json", "{method} {path}");
            assert_eq!(contract.faults(schema, &answer.body), [""; 0], "{method} {path}: {}", answer.body);
            // An empty list is valid, whatever its rows should be.
            assert_ne!(answer.body, json!([]), "{method} {path}");
        }
        if path == "/api/admin" {
            for part in ["health", "jobs", "messages"] {
                assert_ne!(answer.body[part], json!([]), "{part}");
            }
        }
    }
    Ok(())
}

/// No answer has a field that its schema does not name, nor is without one that it does.
#[test]
fn what_is_answered_is_told_to_the_last_field() -> Result<()> {
    let file = serde_json::from_slice(include_bytes!("../../openapi.json")).expect("JSON");
    let contract = Contract(file);
    let sent = ["Login", "Order", "NewOrder"];
    for (name, schema) in contract.0["components"]["schemas"].as_object().expect("schemas") {
        let Some(properties) = schema["properties"].as_object() else { continue };
        assert_eq!(schema["additionalProperties"], false, "{name}");
        if !sent.contains(&name.as_str()) {
            assert_eq!(contract.required(schema), properties.keys().cloned().collect(), "{name}");
        }
    }
    let balance = json!({ "$ref": "#/components/schemas/Balance" });
    let good = json!({ "asset": "USD", "available": "1.00", "locked": "0.00", "total": "1.00" });
    assert_eq!(contract.faults(&balance, &good), [""; 0]);
    for (field, value) in [("total", json!(1.0)), ("total", Value::Null), ("colour", json!("red"))] {
        let mut wrong = good.clone();
        wrong[field] = value;
        assert_ne!(contract.faults(&balance, &wrong), [""; 0], "{wrong}");
    }
    Ok(())
}

#[test]
fn a_path_takes_the_methods_that_are_told_and_no_other() -> Result<()> {
    let (database, _) = house("screen_methods", &["ann"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let contract = Contract::of(&screen)?;
    for (path, told) in contract.paths() {
        let named = path.replace("{symbol}", "BTC-USD").replace("{id}", "1");
        for method in METHODS.iter().filter(|method| told[**method].is_null()) {
            let answer = ann.send(&method.to_uppercase(), &named, None)?;
            assert_eq!(answer.refusal(), (405, "0A000".to_owned()), "{method} {path}");
            let allowed: BTreeSet<String> =
                answer.header("allow").to_lowercase().split(',').map(str::to_owned).collect();
            let mut expected: BTreeSet<String> = told.as_object().expect("methods").keys().cloned().collect();
            if expected.contains("get") {
                expected.insert("head".to_owned());
            }
            assert_eq!(allowed, expected, "{path}");
        }
    }
    Ok(())
}

#[test]
fn a_body_needs_what_openapi_json_says_and_takes_nothing_else() -> Result<()> {
    let (database, mut sql) = house("screen_bodies", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    let (_, order) = furnish(&mut sql, &ann)?;
    let contract = Contract::of(&screen)?;
    let mut seen = 0;
    for (path, method, told) in contract.endpoints().filter(|(_, _, told)| told["requestBody"].is_object()) {
        let send = |sent: &Value| ann.send(&method.to_uppercase(), &path.replace("{id}", &order), Some(sent));
        let [full, least] = bodies(path, method);
        let schema = contract.resolve(body(told));
        let forms = schema["oneOf"].as_array().map_or_else(|| vec![schema], |forms| forms.iter().collect());
        for required in contract.required(forms[0]) {
            let mut wrong = full.clone();
            wrong.as_object_mut().expect("an object").remove(&required);
            assert_ne!(contract.faults(schema, &wrong), [""; 0], "{method} {path} without {required}");
            assert_eq!(send(&wrong)?.status, 400, "{method} {path} without {required}");
            seen += 1;
        }
        let fields: Vec<String> = full.as_object().expect("an object").keys().cloned().collect();
        for field in fields {
            let mut wrong = full.clone();
            wrong[&field] = json!({ "no": "such" });
            assert_ne!(contract.faults(schema, &wrong), [""; 0], "{method} {path}: {wrong}");
            assert_eq!(send(&wrong)?.refusal(), (400, "22023".to_owned()), "{method} {path}: {wrong}");
        }
        let mut strange = full.clone();
        strange["colour"] = json!("red");
        assert_ne!(contract.faults(schema, &strange), [""; 0], "{method} {path}: {strange}");
        assert_eq!(send(&strange)?.refusal(), (400, "22023".to_owned()), "{method} {path}: {strange}");
        assert_eq!(contract.faults(schema, &least), [""; 0], "{method} {path}: {least}");
        assert_eq!(send(&least)?.status, 200, "{method} {path}: {least}");
    }
    assert_eq!(seen, 7, "fields that are required");
    Ok(())
}

#[test]
fn what_is_asked_for_is_what_openapi_json_says() -> Result<()> {
    let (database, mut sql) = house("screen_asked", &["ann", "bob"])?;
    let screen = Screen::start(&database, &[])?;
    let ann = screen.log_in("ann")?;
    furnish(&mut sql, &ann)?;
    let contract = Contract::of(&screen)?;
    let mut seen = 0;
    for (path, method, told) in contract.endpoints() {
        let parameters = contract.asked(told);
        if parameters.is_empty() {
            continue;
        }
        let path = path.replace("{symbol}", "BTC-USD");
        let send = |path: &str| ann.send(&method.to_uppercase(), path, None);
        let good = with_wanted(&path, &parameters, None);
        for parameter in &parameters {
            let name = parameter["name"].as_str().expect("a name");
            if parameter["required"] == true {
                let answer = send(&with_wanted(&path, &parameters, Some(name)))?;
                assert_eq!(answer.refusal(), (400, "22023".to_owned()), "{path} without {name}");
            }
            if parameter["schema"]["type"] == "integer" {
                let answer = send(&format!("{good}&{name}=many"))?;
                assert_eq!(answer.refusal(), (400, "22023".to_owned()), "{path} {name}=many");
            }
            seen += 1;
        }
        assert_eq!(send(&format!("{good}&colour=red"))?.refusal(), (400, "22023".to_owned()), "{path} colour=red");
    }
    assert_eq!(seen, 14, "parameters");
    assert_eq!(sql.number("SELECT count(*) FROM exchange.orders WHERE status = 'open' AND user_id = 1")?, 1);
    Ok(())
}
