//! Who may do what, through logins of their own.

use client_tests::{Database, Result, Session};

/// Two traders with an open order each, and a trade between two others.
struct House {
    database: Database,
    root: Session,
    alice: i64,
    bob: i64,
}

fn open(name: &str) -> Result<House> {
    let database = Database::fresh(name)?;
    for (login, group) in [
        ("role_alice", "bourse_trader"),
        ("role_bob", "bourse_trader"),
        ("role_viewer", "bourse_viewer"),
        ("role_gateway", "bourse_gateway"),
        ("role_admin", "bourse_admin"),
        ("role_worker", "bourse_worker"),
        // A member of nothing of ours.
        ("role_stranger", "pg_read_all_settings"),
    ] {
        database.login(login, group)?;
    }
    let mut root = database.connect()?;
    root.market("BTC-USD")?;
    let mut ids = Vec::new();
    for login in ["alice", "bob", "viewer", "dave"] {
        let user = root.user(login)?;
        root.fund(user, &[("USD", "10000"), ("BTC", "10")])?;
        root.run(&format!(
            "UPDATE identity.users SET db_role = 'role_{login}', password_hash = '$2b$05$x' WHERE id = {user}"
        ))?;
        ids.push(user);
    }
    let (alice, bob, viewer, dave) = (ids[0], ids[1], ids[2], ids[3]);
    for (user, side, price, amount, id) in [
        (dave, "sell", 100, 2, "d1"),
        (viewer, "buy", 100, 1, "v1"),
        (alice, "buy", 100, 1, "a1"),
        (alice, "buy", 90, 1, "a2"),
        (bob, "buy", 91, 1, "b1"),
    ] {
        root.run(&format!(
            "SELECT exchange.place_order({user}, 'BTC-USD', '{side}', {price}, {amount}, client_order_id => '{id}')"
        ))?;
    }
    Ok(House { database, root, alice, bob })
}

fn all_refused(session: &mut Session, sqlstate: &str, statements: &[String]) -> Result<()> {
    for sql in statements {
        assert_eq!(session.refused(sql)?, sqlstate, "{sql}");
    }
    Ok(())
}

/// Statements that nobody but the engine may run, whatever he may see.
fn engine_only(user: i64) -> Vec<String> {
    let columns = "(user_id, symbol, side, price, amount";
    [
        format!("UPDATE exchange.assets SET amount = amount + 1 WHERE user_id = {user}"),
        format!("INSERT INTO exchange.assets (user_id, symbol, amount) VALUES ({user}, 'EUR', 1)"),
        format!("INSERT INTO exchange.transfers (user_id, asset, kind, amount) VALUES ({user}, 'USD', 'deposit', 1)"),
        format!("INSERT INTO exchange.orders {columns}, priority) VALUES ({user}, 'BTC-USD', 'buy', 1, 1, 9)"),
        format!("INSERT INTO exchange.orders {columns}, id) VALUES ({user}, 'BTC-USD', 'buy', 1, 1, 9)"),
        format!("INSERT INTO exchange.orders {columns}, reserved) VALUES ({user}, 'BTC-USD', 'buy', 1, 1, 1)"),
        "UPDATE exchange.orders SET price = 1".into(),
        "DELETE FROM exchange.orders".into(),
        "DELETE FROM exchange.assets".into(),
        "DELETE FROM exchange.trades".into(),
        "DELETE FROM exchange.order_commands".into(),
        "TRUNCATE exchange.order_commands".into(),
        "TRUNCATE exchange.orders CASCADE".into(),
        "UPDATE exchange.markets SET last_price = 1".into(),
        "UPDATE exchange.markets SET status = 'open'".into(),
        "INSERT INTO exchange.trades (buy_order_id, sell_order_id, symbol, sequence, price, amount, buyer_commission,
             seller_commission, commission, taker_side) VALUES (1, 2, 'BTC-USD', 9, 1, 1, 0, 0, 0, 'buy')"
            .into(),
        format!("SELECT exchange_private.create_balance({user}, 'USD')"),
        format!("SELECT exchange_private.move_balance({user}, 'USD', 1, 0)"),
        format!("SELECT exchange_private.journal_transfer({user}, 'USD', 'deposit', 1, 0, NULL, NULL, NULL)"),
        format!("SELECT exchange_private.book_transfer({user}, 'USD', 'deposit', 1, 0, NULL)"),
        "SELECT exchange_private.place_inserted('{1}')".into(),
        "INSERT INTO bourse.schema_migrations (version) VALUES ('x')".into(),
        "SELECT password_hash FROM identity.users".into(),
        "SET ROLE bourse_owner".into(),
    ]
    .into()
}

fn operator_only(user: i64) -> Vec<String> {
    [
        format!("SELECT exchange.deposit({user}, 'USD', 1)"),
        format!("SELECT exchange.withdraw({user}, 'USD', 1)"),
        format!("SELECT exchange.update_user_balance({user}, 1)"),
        format!("SELECT exchange.update_asset_balance({user}, 'USD', 1)"),
        "SELECT exchange.create_market('A-B', 'A', 'B')".into(),
        "SELECT exchange.expire_orders('BTC-USD')".into(),
        "UPDATE exchange.markets SET max_open_orders = 1000 WHERE symbol = 'BTC-USD'".into(),
        format!("SELECT exchange.sweep_fees({user})"),
        format!("INSERT INTO exchange.fee_groups VALUES ({user}, 'friends')"),
        "INSERT INTO exchange.fee_schedules VALUES ('friends', '*', 0, 0)".into(),
        "SELECT exchange.set_market_status('BTC-USD', 'halted')".into(),
        "SELECT exchange.verify()".into(),
        "SELECT bourse.install()".into(),
        "SELECT bourse.migrate()".into(),
        format!("UPDATE identity.users SET role = 'admin' WHERE id = {user}"),
        "INSERT INTO identity.users (name) VALUES ('me too')".into(),
        "SELECT * FROM exchange.order_commands".into(),
        "SET ROLE bourse_admin".into(),
    ]
    .into()
}

/// Everything by which a user's orders are placed and changed.
fn orders_for(user: i64) -> Vec<String> {
    let order = "'BTC-USD', 'buy', 50, 1";
    [
        format!("SELECT exchange.place_order({user}, {order}, client_order_id => 'x')"),
        format!("SELECT exchange.cancel_order({user}, 'x')"),
        format!("SELECT exchange.cancel_all_orders({user}, 'BTC-USD')"),
        format!("INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES ({user}, {order})"),
        format!(
            "INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
             VALUES ('new', {user}, {order})"
        ),
    ]
    .into()
}

#[test]
fn a_trader_acts_for_himself_and_nobody_else() -> Result<()> {
    let House { database, mut root, alice, bob } = open("roles_trader")?;
    let mut session = database.connect_as("role_alice")?;
    assert_eq!(session.number("SELECT identity.current_user_id()")?, alice);
    all_refused(&mut session, "42501", &orders_for(bob))?;
    orders_for(alice).iter().try_for_each(|sql| session.run(sql))?;
    session.run("CALL exchange.match_orders()")?;
    all_refused(&mut session, "42501", &engine_only(alice))?;
    all_refused(&mut session, "42501", &operator_only(alice))?;
    // A setting that any session can make proves nothing.
    session.run(&format!("SET bourse.user_id = {bob}"))?;
    assert_eq!(session.number("SELECT identity.current_user_id()")?, alice);
    all_refused(&mut session, "42501", &orders_for(bob))?;
    // Neither does another role of the same login.
    session.run("SET ROLE bourse_trader")?;
    assert_eq!(session.number("SELECT identity.current_user_id()")?, alice);
    assert_eq!(session.refused("SET SESSION AUTHORIZATION role_bob")?, "42501");
    root.verify_is_empty()
}

#[test]
fn a_foreign_order_looks_like_none() -> Result<()> {
    let House { database, mut root, alice, .. } = open("roles_foreign")?;
    let foreign = root.number("SELECT id FROM exchange.orders WHERE client_order_id = 'b1'")?;
    let mut session = database.connect_as("role_alice")?;
    for call in ["cancel_order(ID)", "amend_order(ID, 1, 1)"] {
        let said = |session: &mut Session, id: i64| {
            let sql = format!("SELECT exchange.{}", call.replace("ID", &id.to_string()));
            session.run(&sql).err().map(|failure| failure.to_string().replace(&id.to_string(), "ID"))
        };
        let (foreign, none) = (said(&mut session, foreign), said(&mut session, 987_654));
        assert!(foreign.as_ref().is_some_and(|text| text.starts_with("42704")), "{foreign:?}");
        assert_eq!(foreign, none);
    }
    session.run(&format!("SELECT exchange.cancel_all_orders({alice})"))?;
    assert_eq!(root.line("SELECT status FROM exchange.orders WHERE client_order_id = 'b1'")?, "open");
    root.verify_is_empty()
}

#[test]
fn a_trader_copies_commands_for_himself_only() -> Result<()> {
    let House { database, mut root, alice, bob } = open("roles_copy")?;
    let mut session = database.connect_as("role_alice")?;
    let copy =
        "COPY exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount) FROM STDIN";
    let line = |user: &dyn std::fmt::Display, id: &str| format!("new\t{user}\tBTC-USD\t{id}\tbuy\t50\t1");
    assert_eq!(session.copy_in(copy, &[line(&alice, "c1"), line(&alice, "c2")])?, 2);
    for lines in [vec![line(&bob, "c3")], vec![line(&alice, "c4"), line(&bob, "c5")], vec![line(&"\\N", "c6")]] {
        let failure = session.copy_in(copy, &lines).expect_err("another user's command");
        assert!(failure.is("42501"), "{failure}");
    }
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(
        root.lines("SELECT client_order_id FROM exchange.orders WHERE client_order_id LIKE 'c%' ORDER BY 1")?,
        ["c1", "c2"]
    );
    // His own refused commands he sees, with the reason.
    session.copy_in(copy, &["new\t1\tXXX\tc7\tbuy\t50\t1".replace("\t1\tXXX", &format!("\t{alice}\tXXX"))])?;
    session.run("CALL exchange.match_orders()")?;
    assert_eq!(session.lines("SELECT sqlstate FROM exchange.command_rejections")?, ["42704"]);
    assert!(database.connect_as("role_bob")?.lines("SELECT * FROM exchange.command_rejections")?.is_empty());
    root.verify_is_empty()
}

#[test]
fn a_viewer_looks_and_touches_nothing() -> Result<()> {
    let House { database, alice, .. } = open("roles_viewer")?;
    let mut session = database.connect_as("role_viewer")?;
    let own = session.number("SELECT identity.current_user_id()")?;
    assert_eq!(session.lines("SELECT * FROM exchange.order_book('BTC-USD')")?.len(), 2);
    assert_eq!(session.lines("SELECT client_order_id FROM exchange.orders")?, ["v1"]);
    for user in [own, alice] {
        all_refused(&mut session, "42501", &orders_for(user))?;
        all_refused(&mut session, "42501", &engine_only(user))?;
        all_refused(&mut session, "42501", &operator_only(user))?;
    }
    Ok(())
}

#[test]
fn a_stranger_is_not_let_in() -> Result<()> {
    let House { database, alice, .. } = open("roles_stranger")?;
    let mut session = database.connect_as("role_stranger")?;
    all_refused(&mut session, "42501", &orders_for(alice))?;
    all_refused(&mut session, "42501", &engine_only(alice))?;
    all_refused(&mut session, "42501", &operator_only(alice))?;
    for sql in [
        "SELECT * FROM exchange.order_book('BTC-USD')",
        "SELECT * FROM exchange.markets",
        "SELECT * FROM exchange.users",
        "SELECT * FROM bourse.status()",
        "SELECT identity.current_user_id()",
        "CALL exchange.match_orders()",
    ] {
        assert_eq!(session.refused(sql)?, "42501", "{sql}");
    }
    Ok(())
}

#[test]
fn a_gateway_acts_for_whom_its_transaction_names_and_for_nobody_until_then() -> Result<()> {
    let House { database, mut root, alice, bob } = open("roles_gateway")?;
    let mut session = database.connect_as("role_gateway")?;
    // Nothing said: nobody's rows and nobody's orders, but users log in.
    assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 0);
    all_refused(&mut session, "42501", &orders_for(alice))?;
    let user = session.number("SELECT identity.register('erin')")?;
    assert_eq!(session.refused(&format!("SELECT exchange.deposit({user}, 'USD', 100)"))?, "42501");
    // A whole session's setting, and what an ended transaction has said, are leftovers.
    for said in [format!("SET bourse.user_id = {alice}"), format!("SELECT identity.act_as({alice})")] {
        session.run(&said)?;
        all_refused(&mut session, "42501", &orders_for(alice))?;
        assert_eq!(session.number("SELECT count(*) FROM exchange.orders")?, 0);
    }
    // For everybody.
    session.run("BEGIN; SELECT identity.act_for_everybody()")?;
    assert_eq!(session.number("SELECT count(DISTINCT user_id) FROM exchange.orders")?, 4);
    session.run(&format!("SELECT exchange.deposit({user}, 'USD', 100)"))?;
    for user in [alice, bob, user] {
        orders_for(user).iter().try_for_each(|sql| session.run(sql))?;
    }
    session.run("COMMIT")?;
    session.run("CALL exchange.match_orders()")?;
    // For one.
    let mut hers = database.connect_as("role_gateway")?.acting_as(alice)?;
    assert_eq!(hers.line("SELECT count(DISTINCT user_id), min(user_id) FROM exchange.orders")?, format!("1|{alice}"));
    all_refused(&mut hers, "42501", &engine_only(alice))?;
    all_refused(&mut hers, "42501", &orders_for(bob))?;
    for sql in ["INSERT INTO identity.users (name) VALUES ('fred')", "SELECT identity.register('fred')"] {
        assert_eq!(hers.refused(sql)?, "42501", "{sql}");
    }
    hers.run(&orders_for(alice)[3])?;
    assert_eq!(session.refused("SET bourse.user_id = 'nobody'")?, "22023");
    root.verify_is_empty()
}

#[test]
fn a_gateway_moves_no_money_of_others_than_the_user_that_it_names() -> Result<()> {
    let House { database, alice, bob, .. } = open("roles_gateway_money")?;
    let mut session = database.connect_as("role_gateway")?.acting_as(alice)?;
    for function in ["deposit", "withdraw"] {
        session.run(&format!("SELECT exchange.{function}({alice}, 'USD', 1)"))?;
        assert_eq!(session.refused(&format!("SELECT exchange.{function}({bob}, 'USD', 1)"))?, "42501");
    }
    Ok(())
}

/// Whoever is a member of every role acts for everybody while nothing is said, and for one user when that is said.
#[test]
fn a_superuser_and_an_admin_who_is_a_gateway_act_for_everybody_until_they_say_otherwise() -> Result<()> {
    let House { database, mut root, alice, bob } = open("roles_both")?;
    database.login("role_both", "bourse_gateway, bourse_admin")?;
    for session in [&mut root, &mut database.connect_as("role_both")?] {
        assert_eq!(session.line("SELECT identity.acts_for_all()")?, "t");
        session.run(&format!("BEGIN; SELECT identity.act_as({alice})"))?;
        assert_eq!(session.number("SELECT identity.current_user_id()")?, alice);
        assert_eq!(session.line(&format!("SELECT identity.acts_for({bob})"))?, "f");
        session.run("COMMIT")?;
        assert_eq!(session.line("SELECT identity.acts_for_all()")?, "t");
    }
    Ok(())
}

/// A gateway's login that somebody has made a user's as well is nobody until it says so.
#[test]
fn a_gateway_whose_login_is_a_users_acts_for_nobody_by_itself() -> Result<()> {
    let House { database, mut root, alice, .. } = open("roles_mapped_gateway")?;
    root.run(&format!("UPDATE identity.users SET db_role = 'role_gateway' WHERE id = {alice}"))?;
    let mut session = database.connect_as("role_gateway")?;
    assert_eq!(session.line(&format!("SELECT identity.current_user_id(), identity.acts_for({alice})"))?, "NULL|f");
    all_refused(&mut session, "42501", &orders_for(alice))
}

#[test]
fn an_admin_runs_the_house_but_not_around_the_journal() -> Result<()> {
    let House { database, mut root, alice, bob } = open("roles_admin")?;
    let mut session = database.connect_as("role_admin")?;
    for user in [alice, bob] {
        orders_for(user).iter().try_for_each(|sql| session.run(sql))?;
    }
    for sql in operator_only(alice).iter().filter(|sql| !sql.starts_with("SET ROLE")) {
        session.run(sql)?;
    }
    assert!(session.refused("SELECT exchange.place_order(1, 'BTC-USD', 'buy', 50, 1)")? == "55000", "halted");
    all_refused(&mut session, "42501", &engine_only(alice))?;
    assert_eq!(session.number("SELECT count(DISTINCT user_id) FROM exchange.orders")?, 4);
    session.run("SELECT exchange.set_market_status('BTC-USD', 'open')")?;
    session.run(&format!("SELECT exchange.place_order({bob}, 'BTC-USD', 'buy', 50, 1, client_order_id => 'b2')"))?;
    // A user who is put out of action places nothing and still gets out.
    session.run(&format!("UPDATE identity.users SET is_active = false WHERE id = {bob}"))?;
    let mut his = database.connect_as("role_bob")?;
    assert_eq!(his.refused(&orders_for(bob)[0].replace("'x'", "'y'"))?, "42501");
    his.run(&format!("SELECT exchange.cancel_order({bob}, 'b2')"))?;
    root.verify_is_empty()
}

#[test]
fn a_worker_drains_and_verifies() -> Result<()> {
    let House { database, alice, .. } = open("roles_worker")?;
    let mut session = database.connect_as("role_worker")?;
    session.run("CALL exchange.match_orders()")?;
    session.verify_is_empty()?;
    all_refused(&mut session, "42501", &engine_only(alice))?;
    assert_eq!(session.refused("SELECT * FROM exchange.orders")?, "42501");
    Ok(())
}
