//! The engine reads the part of a book that commands can reach: what it reads never shows in what happens.
//!
//! The same commands run one by one, in batches, and in batches that begin with refused orders so large that the
//! whole book is read for them.

use client_tests::door::{self, Door, Refusals};
use client_tests::flow::{Command, Flow, Order, SMALL, hundredths};
use client_tests::{Database, Failure, Random, Result, Server, Session};

const MARKET: &str = "BTC-USD";

/// How commands reach the engine.
#[derive(Clone, Copy, Debug)]
enum Way {
    OneByOne,
    Batches,
    /// The whole book is read for each batch.
    Whole,
}

/// Users with plenty of money, and the last of them with none.
struct Crowd {
    users: Vec<i64>,
    poor: i64,
}

fn people(session: &mut Session, count: usize) -> Result<Crowd> {
    let users = (0..count).map(|n| {
        let user = session.user(&format!("trader {n}"))?;
        session.fund(user, &[("USD", "10000000"), ("BTC", "100000")])?;
        Ok(user)
    });
    let users = users.collect::<Result<Vec<i64>>>()?;
    Ok(Crowd { users, poor: session.user("poor")? })
}

/// Copies a database in which nobody is connected.
fn copy(from: &str, name: &str) -> Result<Session> {
    let server = Server::of_suite()?;
    let mut root = server.connect("postgres", "postgres")?;
    root.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    root.run(&format!("CREATE DATABASE {name} TEMPLATE {from}"))?;
    let mut session = server.connect(name, "postgres")?;
    session.run("SET synchronous_commit = off")?;
    Ok(session)
}

fn send(session: &mut Session, way: Way, poor: i64, batch: usize, commands: &[Command]) -> Result<Refusals> {
    match way {
        Way::OneByOne => door::send(session, Door::Function, commands),
        Way::Batches => door::send(session, Door::Bulk(batch as u32), commands),
        Way::Whole => {
            let giant = |side| {
                let order = Order::limit(poor, "", MARKET, side, "1", "100000000000");
                Command::New(order.with("order_type", "market").without("price").without("client_order_id"))
            };
            let giants = [giant("buy"), giant("sell")];
            let mut refused = Vec::new();
            for (n, chunk) in commands.chunks(batch).enumerate() {
                for (index, sqlstate) in door::send(session, Door::Bulk(10_000), &[&giants[..], chunk].concat())? {
                    match index.checked_sub(giants.len()) {
                        Some(index) => refused.push((n * batch + index, sqlstate)),
                        None if sqlstate == "23514" => {}
                        None => return Err(Failure::new(format!("the giant was refused with {sqlstate}"))),
                    }
                }
            }
            Ok(refused)
        }
    }
}

/// What the commands do to copies of a database in each way; what differs from reading the whole book.
fn compare(from: &str, poor: i64, batch: usize, commands: &[Command]) -> Result<String> {
    let mut expected: Option<(Vec<String>, Refusals)> = None;
    for way in [Way::Whole, Way::Batches, Way::OneByOne] {
        let mut session = copy(from, &format!("{from}_{way:?}").to_lowercase())?;
        let refused = send(&mut session, way, poor, batch, commands)?;
        // Giants take ids and nothing else; states are without ids.
        let state = door::state(&mut session)?;
        session.verify_is_empty()?;
        let Some((whole, refusals)) = &expected else {
            expected = Some((state, refused));
            continue;
        };
        if let Some((a, b)) = refusals.iter().zip(&refused).find(|(a, b)| a != b) {
            return Ok(format!("{way:?}: {a:?} expected, {b:?} found, {:?}", commands[a.0.min(b.0)]));
        }
        if state != *whole || refused.len() != refusals.len() {
            return Ok(format!("{way:?}: {}", door::differing(whole, &state).concat()));
        }
    }
    Ok(String::new())
}

/// A book of many prices and users with icebergs, stops and orders whose time is over.
fn deep_book(random: &mut Random, users: &[i64], count: usize) -> Vec<Order> {
    let far = |random: &mut Random| 1 + random.below(99) * random.below(100);
    (0..count)
        .map(|n| {
            let user = random.pick(users).copied().unwrap_or_default();
            let (buys, distance) = (random.percent(50), far(random));
            let side = if buys { "buy" } else { "sell" };
            let price = hundredths(if buys { 10_000 - distance } else { 10_000 + distance });
            let amount = 1 + random.below(300);
            let prevention = *random.pick(SMALL.preventions).unwrap_or(&"none");
            let order = Order::limit(user, &format!("b{n}"), MARKET, side, &price, &hundredths(amount))
                .with("self_trade_prevention", prevention);
            match random.below(100) {
                0..20 => order.with("display_amount", hundredths(1 + random.below(amount))),
                // Made to end before the commands come.
                20..25 => order.with("time_in_force", "gtd").with("expires_at", "2099-01-01 00:00:00+00"),
                25..35 => {
                    // A stop buy waits above, a stop sell below.
                    let stop = hundredths(if buys { 10_000 + distance } else { 10_000 - distance });
                    let order = order.with("stop_price", stop);
                    match random.percent(50) {
                        true => order.without("price").with("order_type", "stop"),
                        false => {
                            let near = random.below(500);
                            let limit =
                                if buys { 10_000 + distance + near } else { (10_000 - distance).max(near + 1) - near };
                            order.with("price", hundredths(limit)).with("order_type", "stop_limit")
                        }
                    }
                }
                _ => order,
            }
        })
        .collect()
}

/// Commands that reach far, wrong ones among them, against a book of 20,000 orders.
fn hold(name: &str, rules: &str, seed: u64) -> Result<()> {
    let mut session = Database::fresh(name)?.connect()?;
    session.run("SET synchronous_commit = off")?;
    session.market(MARKET)?;
    session.run(rules)?;
    let Crowd { users, poor } = people(&mut session, 40)?;
    let mut random = Random::new(seed);
    let book = deep_book(&mut random, &users, 20_000);
    let first = ["sell", "buy"].map(|side| {
        Command::New(Order::limit(users[0], side, MARKET, side, "100", "1").with("self_trade_prevention", "none"))
    });
    let placed: Vec<Command> = first.into_iter().chain(book.iter().cloned().map(Command::New)).collect();
    door::send(&mut session, Door::Bulk(5000), &placed)?;
    session.run("UPDATE exchange.orders SET expires_at = '2020-01-01' WHERE expires_at = '2099-01-01 00:00:00+00'")?;
    let live =
        "SELECT count(*) FILTER (WHERE status = 'open') > 15000 AND count(*) FILTER (WHERE status = 'pending') > 1000
                   AND count(*) FILTER (WHERE status = 'open' AND visible_amount < amount) > 2000
                   AND count(*) FILTER (WHERE status = 'open' AND expires_at < now()) > 500 FROM exchange.orders";
    assert_eq!(session.line(live)?, "t");
    drop(session);
    let flow = Flow { users: &users, prices: (60, 140), amounts: 60, house: false, ..SMALL };
    let commands: Vec<Command> =
        flow.commands(&mut random, 500, &book).into_iter().map(|c| wrong(&mut random, c)).collect();
    assert_eq!(compare(name, poor, 100, &commands)?, "", "seed {seed}");
    let mut session = Server::of_suite()?.connect(&format!("{name}_onebyone"), "postgres")?;
    let done = session.line(
        "SELECT (SELECT count(*) FROM exchange.trades), count(*) FILTER (WHERE triggered_at IS NOT NULL),
                count(*) FILTER (WHERE cancel_reason = 'expired') FROM exchange.orders",
    )?;
    println!("{name}: {done} trades, triggered stops, expired orders");
    Ok(())
}

/// Now and then a number that is refused: it must weigh nothing.
fn wrong(random: &mut Random, command: Command) -> Command {
    match command {
        Command::New(order) if random.percent(3) && order.get("amount").is_some() => {
            Command::New(order.with("amount", "-100000"))
        }
        Command::Amend(user, id, price, Some(_)) if random.percent(10) => {
            Command::Amend(user, id, price, Some("-100000".into()))
        }
        other => other,
    }
}

#[test]
fn a_deep_book_gives_the_same_trades_in_batches_and_one_by_one() -> Result<()> {
    hold("partial_deep", "", 31)
}

#[test]
fn a_deep_book_without_commission_gives_the_same_trades_in_batches_and_one_by_one() -> Result<()> {
    hold("partial_free", "UPDATE exchange.markets SET maker_rate = 0, taker_rate = 0", 32)
}

/// A small book and a batch made to break the reading.
struct Case {
    name: String,
    users: Vec<i64>,
    poor: i64,
    session: Session,
}

impl Case {
    fn open(name: &str) -> Result<Self> {
        let name = format!("partial_{name}");
        let mut session = Database::fresh(&name)?.connect()?;
        session.run("SET synchronous_commit = off")?;
        session.market(MARKET)?;
        let Crowd { users, poor } = people(&mut session, 3)?;
        let mut case = Self { name, users, poor, session };
        // There is a last price: 100.
        case.rest(&[case.order(0, "first", "sell", "100", "1"), case.order(1, "second", "buy", "100", "1")])?;
        // A giant that buys is refused when there is something to buy.
        case.rest(&[case.order(0, "far", "sell", "900", "1")])?;
        Ok(case)
    }

    fn order(&self, user: usize, id: &str, side: &str, price: &str, amount: &str) -> Order {
        Order::limit(self.users[user], id, MARKET, side, price, amount)
    }

    fn rest(&mut self, orders: &[Order]) -> Result<()> {
        orders.iter().try_for_each(|order| self.session.run(&format!("SELECT {}", order.call())))
    }

    /// So many sell orders of 1 from this price on, a unit apart.
    fn ladder(&mut self, user: usize, from: u64, count: u64) -> Result<()> {
        let orders: Vec<Order> = (from..from + count)
            .map(|price| self.order(user, &format!("ask {price}"), "sell", &price.to_string(), "1"))
            .collect();
        self.rest(&orders)
    }

    fn hold(self, commands: &[Command]) -> Result<()> {
        let Self { name, poor, session, .. } = self;
        drop(session);
        assert_eq!(compare(&name, poor, 1000, commands)?, "");
        Ok(())
    }
}

/// The order as a market order.
fn market(order: Order) -> Order {
    order.with("order_type", "market").without("price")
}

#[test]
fn a_budget_that_is_spent_before_a_quantity_leaves_enough_to_read() -> Result<()> {
    let mut case = Case::open("budget")?;
    case.rest(&[case.order(0, "cheap", "sell", "1", "10")])?;
    case.ladder(0, 101, 30)?;
    let budget = market(case.order(1, "budget", "buy", "1", "1")).without("amount").with("quote_amount", 10);
    let quantity = market(case.order(1, "quantity", "buy", "1", "10"));
    case.hold(&[Command::New(budget), Command::New(quantity)])
}

#[test]
fn a_stop_that_a_later_command_names_reaches_as_far() -> Result<()> {
    let mut case = Case::open("named_stop")?;
    case.ladder(0, 101, 30)?;
    let stop = market(case.order(1, "stop", "buy", "1", "10")).with("order_type", "stop").with("stop_price", 101);
    case.rest(&[stop])?;
    let trigger = Command::New(case.order(2, "trigger", "buy", "101", "1"));
    let cancel = Command::Cancel(case.users[1], "stop".into());
    case.hold(&[trigger, cancel])
}

#[test]
fn an_order_that_leaves_before_a_stop_comes_is_not_counted() -> Result<()> {
    let mut case = Case::open("leaving")?;
    case.ladder(0, 106, 10)?;
    let stop = market(case.order(1, "stop", "buy", "1", "2")).with("order_type", "stop").with("stop_price", 103);
    case.rest(&[stop, case.order(1, "bid", "buy", "105", "1")])?;
    let leave = |id: &str| Command::Cancel(case.users[0], id.into());
    let trigger = Command::New(case.order(2, "trigger", "sell", "105", "1"));
    let commands = [leave("ask 106"), leave("ask 107"), trigger];
    case.hold(&commands)
}

#[test]
fn a_refused_negative_amount_weighs_nothing() -> Result<()> {
    let mut case = Case::open("negative")?;
    case.ladder(0, 101, 10)?;
    let negative = Command::New(case.order(1, "negative", "buy", "120", "-1000"));
    let order = Command::New(case.order(1, "order", "buy", "120", "5"));
    case.hold(&[negative, order])
}

#[test]
fn a_budget_that_is_used_up_exactly_meets_nothing_more() -> Result<()> {
    let mut case = Case::open("exact_budget")?;
    case.session.run("UPDATE exchange.markets SET maker_rate = 0, taker_rate = 0")?;
    case.rest(&[case.order(0, "other", "sell", "100", "1"), case.order(1, "own", "sell", "101", "1")])?;
    let budget = market(case.order(1, "budget", "buy", "1", "1")).without("amount").with("quote_amount", 100);
    let budget = Command::New(budget.with("self_trade_prevention", "cancel_maker"));
    let order = Command::New(case.order(2, "order", "buy", "101", "1"));
    case.hold(&[budget, order])
}

#[test]
fn a_repeated_stop_reaches_as_far() -> Result<()> {
    let mut case = Case::open("repeated_stop")?;
    case.ladder(0, 101, 30)?;
    let stop = market(case.order(1, "stop", "buy", "1", "10")).with("order_type", "stop").with("stop_price", 101);
    case.rest(std::slice::from_ref(&stop))?;
    let trigger = Command::New(case.order(2, "trigger", "buy", "101", "1"));
    case.hold(&[trigger, Command::New(stop)])
}

#[test]
fn an_amended_bid_is_hit_at_its_price_and_triggers_stops() -> Result<()> {
    let mut case = Case::open("amended_bid")?;
    let stop = market(case.order(1, "stop", "sell", "1", "3")).with("order_type", "stop").with("stop_price", 80);
    let bids = ["79", "78", "77", "76"].map(|price| case.order(0, price, "buy", price, "1"));
    case.rest(&[stop, case.order(0, "best", "buy", "99", "1")])?;
    case.rest(&bids)?;
    let amend = Command::Amend(case.users[0], "76".into(), Some("80".into()), None);
    let cancel = Command::Cancel(case.users[0], "best".into());
    let sell = Command::New(market(case.order(2, "sell", "sell", "1", "1")));
    case.hold(&[amend, cancel, sell])
}

#[test]
fn an_uncrossing_reads_all_that_crosses() -> Result<()> {
    let mut case = Case::open("uncrossing")?;
    case.session.run(&format!("SELECT exchange.set_market_status('{MARKET}', 'auction')"))?;
    let mut random = Random::new(61);
    let flow = Flow { users: &case.users, prices: (90, 110), amounts: 20, end: "2099-01-01 00:00:00+00", ..SMALL };
    let orders = (0..400).map(|n| flow.order(&mut random, case.users[n % 3], &format!("c{n}")));
    let limits = orders.filter(|order| order.get("order_type") == Some("limit")).map(Command::New);
    door::send(&mut case.session, Door::Bulk(1000), &limits.collect::<Vec<_>>())?;
    let expired = "UPDATE exchange.orders SET expires_at = '2020-01-01' WHERE expires_at IS NOT NULL AND id % 3 = 0";
    case.session.run(expired)?;
    let (name, user) = (case.name.clone(), case.users[0]);
    drop(case);
    // Where a stop waits, the whole book is read.
    let stop = Order::limit(user, "stop", MARKET, "sell", "1", "1").with("order_type", "stop").without("price");
    let mut states = Vec::new();
    for (copied, whole) in [(format!("{name}_part"), false), (format!("{name}_whole"), true)] {
        let mut session = copy(&name, &copied)?;
        if whole {
            session.run(&format!("SELECT {}", stop.clone().with("stop_price", "0.01").call()))?;
        }
        session.run(&format!("SELECT exchange.set_market_status('{MARKET}', 'open')"))?;
        session.verify_is_empty()?;
        let state = door::state(&mut session)?.into_iter();
        states.push(state.filter(|line| line.starts_with("trade ") || line.starts_with("level ")).collect::<Vec<_>>());
    }
    let trades = states[0].iter().filter(|line| line.starts_with("trade ")).count();
    assert!(trades > 30, "{trades} trades prove too little");
    assert_eq!(door::differing(&states[1], &states[0]).concat(), "");
    Ok(())
}

#[test]
fn a_stop_limit_that_is_named_triggers_others_where_it_rests() -> Result<()> {
    let mut case = Case::open("named_rest")?;
    case.ladder(0, 101, 30)?;
    // The trigger at 101 lets the stop limit bid 60; the seller hits it there, which is far below all other prices.
    let named = case.order(1, "named", "buy", "60", "5").with("order_type", "stop_limit").with("stop_price", 101);
    let far = market(case.order(0, "far stop", "sell", "1", "3")).with("order_type", "stop").with("stop_price", 65);
    case.rest(&[named, far])?;
    let trigger = Command::New(case.order(2, "trigger", "buy", "101", "1"));
    let sell = Command::New(market(case.order(2, "sell", "sell", "1", "1")));
    let cancel = Command::Cancel(case.users[1], "named".into());
    case.hold(&[trigger, sell, cancel])
}
