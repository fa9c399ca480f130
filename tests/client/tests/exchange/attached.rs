//! What others attach to the engine's tables sees every row that the engine writes: triggers, foreign keys, CHECKs, and
//! the tools that live on triggers. What would miss rows is refused.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use client_tests::load::{Actor, MONEY, prepare, settle};
use client_tests::{Database, Result, Session, setting};

/// The tables that the engine writes, with the columns of their key.
const TABLES: [&str; 7] =
    ["markets", "assets", "orders", "order_amendments", "trades", "order_commands", "command_rejections"];

const BUY: &str = "SELECT id FROM exchange.place_order(1, 'BTC-USD', 'buy', 100, 2)";
const SELL: &str = "SELECT id FROM exchange.place_order(2, 'BTC-USD', 'sell', 100, 1)";
const AMEND: &str = "SELECT exchange.amend_order(max(id), new_amount => 3) FROM exchange.orders WHERE status = 'open'";
const BULK: &str = "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
                    VALUES ('new', 1, 'BTC-USD', 'first', 'buy', 90, 1), ('new', 1, 'BTC-USD', 'second', 'buy', -1, 1)";
const INSERT: &str = "INSERT INTO exchange.orders (user_id, symbol, side, price, amount)
                      VALUES (1, 'BTC-USD', 'buy', 50, 1), (2, 'BTC-USD', 'sell', 100, 1)";

/// A market with two users who can trade in it.
fn open(name: &str) -> Result<(Database, Session)> {
    let database = Database::fresh(name)?;
    let mut root = database.connect()?;
    root.market("BTC-USD")?;
    for user in ["ann", "bob"] {
        let user = root.user(user)?;
        root.fund(user, &[("USD", "100000"), ("BTC", "1000")])?;
    }
    Ok((database, root))
}

/// Writes rows of every table that the engine writes, and changes some.
fn trade(session: &mut Session) -> Result<()> {
    for sql in [BUY, SELL, AMEND, INSERT, BULK, "CALL exchange.match_orders()", SELL] {
        session.run(sql)?;
    }
    Ok(())
}

/// A copy of each table, which a trigger keeps.
fn mirror(root: &mut Session) -> Result<()> {
    root.run(
        "CREATE SCHEMA copy;
         CREATE FUNCTION copy.follow() RETURNS trigger
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
         DECLARE
             gone bigint;
         BEGIN
             IF TG_OP <> 'INSERT' THEN
                 EXECUTE format('DELETE FROM copy.%I c WHERE c = $1', TG_TABLE_NAME) USING OLD;
                 GET DIAGNOSTICS gone = ROW_COUNT;
                 IF gone <> 1 THEN
                     RAISE EXCEPTION '% of %: the old row is unknown', TG_OP, TG_TABLE_NAME;
                 END IF;
             END IF;
             IF TG_OP <> 'DELETE' THEN
                 EXECUTE format('INSERT INTO copy.%I SELECT $1.*', TG_TABLE_NAME) USING NEW;
             END IF;
             RETURN NULL;
         END $$;
         GRANT USAGE ON SCHEMA copy TO bourse_owner",
    )?;
    for table in TABLES {
        root.run(&format!(
            "CREATE TABLE copy.{table} AS SELECT * FROM exchange.{table};
             ALTER TABLE copy.{table} OWNER TO bourse_owner;
             CREATE TRIGGER follow AFTER INSERT OR UPDATE OR DELETE ON exchange.{table}
                 FOR EACH ROW EXECUTE FUNCTION copy.follow()"
        ))?;
    }
    Ok(())
}

fn require_same_copies(root: &mut Session) -> Result<()> {
    for table in TABLES {
        let differing = root.lines(&format!(
            "(TABLE exchange.{table} EXCEPT ALL TABLE copy.{table}) UNION ALL
             (TABLE copy.{table} EXCEPT ALL TABLE exchange.{table})"
        ))?;
        assert!(differing.is_empty(), "{table}: {differing:?}");
    }
    Ok(())
}

#[test]
fn a_row_trigger_sees_every_row() -> Result<()> {
    let (database, mut root) = open("attached_rows")?;
    mirror(&mut root)?;
    trade(&mut root)?;
    for table in TABLES {
        assert!(root.number(&format!("SELECT count(*) FROM exchange.{table}"))? > 0 || table == "order_commands");
    }
    require_same_copies(&mut root)?;
    // What is undone leaves nothing behind, and the session goes on.
    root.run(&format!("BEGIN; SAVEPOINT s; {BUY}; ROLLBACK TO s; {SELL}; COMMIT"))?;
    let mut other = database.connect()?;
    other.run("SELECT exchange.cancel_all_orders(1); SELECT exchange.cancel_all_orders(2)")?;
    require_same_copies(&mut root)?;
    root.verify_is_empty()
}

#[test]
fn a_trigger_fires_when_its_columns_and_its_condition_say() -> Result<()> {
    let (_, mut root) = open("attached_when")?;
    root.run(
        "CREATE TABLE public.fired (name text, id bigint);
         GRANT INSERT ON public.fired TO bourse_owner;
         CREATE FUNCTION public.note() RETURNS trigger
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
         BEGIN INSERT INTO public.fired VALUES (TG_NAME, NEW.id); RETURN NULL; END $$;
         CREATE TRIGGER of_status AFTER UPDATE OF status ON exchange.orders FOR EACH ROW EXECUTE FUNCTION public.note();
         CREATE TRIGGER of_side AFTER UPDATE OF side ON exchange.orders FOR EACH ROW EXECUTE FUNCTION public.note();
         CREATE TRIGGER on_filled AFTER UPDATE ON exchange.orders FOR EACH ROW
             WHEN (NEW.status = 'filled' AND OLD.status <> 'filled') EXECUTE FUNCTION public.note();
         CREATE TRIGGER off AFTER UPDATE ON exchange.orders FOR EACH ROW EXECUTE FUNCTION public.note();
         ALTER TABLE exchange.orders DISABLE TRIGGER off;
         CREATE TRIGGER replica AFTER UPDATE ON exchange.orders FOR EACH ROW EXECUTE FUNCTION public.note();
         ALTER TABLE exchange.orders ENABLE REPLICA TRIGGER replica;
         CREATE TRIGGER or_insert AFTER INSERT OR UPDATE OF side ON exchange.orders FOR EACH ROW
             EXECUTE FUNCTION public.note()",
    )?;
    // The sales change the bid, and then insert themselves: the one does not switch the other off.
    for sql in [BUY, SELL, SELL, BUY] {
        root.run(sql)?;
    }
    let fired = root.lines("SELECT name, count(*) FROM public.fired GROUP BY name ORDER BY name")?;
    assert_eq!(fired, ["of_status|2", "on_filled|1", "or_insert|4"]);
    Ok(())
}

#[test]
fn a_trigger_that_fails_undoes_the_call_also_one_that_could_wait() -> Result<()> {
    let (_, mut root) = open("attached_failing")?;
    root.run(
        "CREATE FUNCTION public.refuse() RETURNS trigger
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
         BEGIN RAISE EXCEPTION 'not this one' USING ERRCODE = '22000'; END $$;
         CREATE TRIGGER now AFTER INSERT ON exchange.orders FOR EACH ROW WHEN (NEW.price = 13)
             EXECUTE FUNCTION public.refuse();
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON exchange.orders DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
             WHEN (NEW.price = 14) EXECUTE FUNCTION public.refuse()",
    )?;
    let place = |price: u32| format!("SELECT id FROM exchange.place_order(1, 'BTC-USD', 'buy', {price}, 1)");
    assert_eq!(root.refused(&place(13))?, "22000");
    // At the commit it would run with the rights of whoever commits, who could say when.
    root.run("BEGIN; SET CONSTRAINTS ALL DEFERRED")?;
    assert_eq!(root.refused(&place(14))?, "22000");
    root.run("ROLLBACK")?;
    root.run(&place(12))?;
    assert_eq!(root.lines("SELECT price FROM exchange.orders")?, ["12.00000000"]);
    // A command in the inbox that it refuses does not keep those behind it.
    root.run(
        "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
         SELECT 'new', 1, 'BTC-USD', 'c' || p, 'buy', p, 1 FROM generate_series(11, 15) p WHERE p <> 14",
    )?;
    root.run("CALL exchange.match_orders()")?;
    let placed = root.lines("SELECT client_order_id FROM exchange.orders WHERE client_order_id <> '' ORDER BY 1")?;
    assert_eq!(placed, ["c11", "c12", "c15"]);
    let kept = "SELECT count(*) FROM (SELECT client_order_id FROM exchange.command_rejections
                UNION ALL SELECT client_order_id FROM exchange.order_commands) c WHERE client_order_id = 'c13'";
    assert_eq!(root.number(kept)?, 1);
    root.verify_is_empty()
}

/// A trigger that fails in every way on what one user sends.
#[test]
fn what_a_trigger_says_of_one_user_keeps_nobody_elses_commands() -> Result<()> {
    let (_, mut root) = open("attached_poison")?;
    root.run(
        "CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
         BEGIN RAISE EXCEPTION 'so it is' USING ERRCODE = NEW.client_order_id; END $$;
         CREATE TRIGGER fail AFTER INSERT ON exchange.orders FOR EACH ROW WHEN (NEW.user_id = 1)
             EXECUTE FUNCTION public.fail()",
    )?;
    for sqlstate in ["08006", "25006", "42501", "55000", "P0002", "XX000", "XX001", "F0000"] {
        root.run(&format!(
            "INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
             SELECT 'new', 1, 'BTC-USD', '{sqlstate}', 'buy', 5, 1 FROM generate_series(1, 20);
             INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
             VALUES ('new', 2, 'BTC-USD', 'innocent {sqlstate}', 'sell', 50, 1)"
        ))?;
        root.run("CALL exchange.match_orders()")
            .or_else(|error| if error.is(sqlstate) { Ok(()) } else { Err(error) })?;
        let placed = format!("SELECT count(*) FROM exchange.orders WHERE client_order_id = 'innocent {sqlstate}'");
        assert_eq!(root.number(&placed)?, 1, "{sqlstate}");
        root.run("DELETE FROM exchange.order_commands")?;
    }
    root.verify_is_empty()
}

#[test]
fn a_trigger_may_call_the_exchange() -> Result<()> {
    let (_, mut root) = open("attached_calls")?;
    root.run(
        "CREATE FUNCTION public.follow() RETURNS trigger
         LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
         BEGIN PERFORM exchange.place_order(1, 'BTC-USD', 'buy', NEW.price - 1, 1); RETURN NULL; END $$;
         CREATE TRIGGER follow AFTER INSERT ON exchange.orders FOR EACH ROW WHEN (NEW.price > 38)
             EXECUTE FUNCTION public.follow()",
    )?;
    root.run("SELECT id FROM exchange.place_order(1, 'BTC-USD', 'buy', 40, 1)")?;
    assert_eq!(root.line("SELECT string_agg(price::int::text, ' ' ORDER BY id) FROM exchange.orders")?, "40 39 38");
    root.verify_is_empty()
}

#[test]
fn foreign_keys_of_others_hold() -> Result<()> {
    let (_, mut root) = open("attached_keys")?;
    root.run(&format!(
        "{BUY}; CREATE TABLE public.tags (tag text PRIMARY KEY); INSERT INTO public.tags VALUES ('known');
         ALTER TABLE exchange.orders ADD FOREIGN KEY (client_order_id) REFERENCES public.tags;
         ALTER TABLE exchange.orders ADD parent bigint REFERENCES exchange.orders, ALTER parent SET DEFAULT 1;
         CREATE TABLE public.notes (command bigint REFERENCES exchange.order_commands)"
    ))?;
    let place = |id: &str| {
        format!("SELECT id FROM exchange.place_order(1, 'BTC-USD', 'buy', 90, 1, client_order_id => '{id}')")
    };
    assert_eq!(root.refused(&place("unknown"))?, "23503");
    root.run(&place("known"))?;
    // A column of theirs, by its default.
    root.run("ALTER TABLE exchange.orders ALTER parent SET DEFAULT 4711")?;
    assert_eq!(root.refused(BUY)?, "23503");
    root.run("ALTER TABLE exchange.orders ALTER parent DROP DEFAULT")?;
    root.run(BUY)?;
    // A row that the engine deletes, and that somebody refers to.
    root.run(BULK)?;
    root.run("INSERT INTO public.notes SELECT id FROM exchange.order_commands WHERE client_order_id = 'first'")?;
    root.run("CALL exchange.match_orders()")?;
    let dangling = "SELECT count(*) FROM public.notes n WHERE NOT EXISTS (
                        SELECT FROM exchange.order_commands c WHERE c.id = n.command)";
    assert_eq!(root.number(dangling)?, 0);
    root.verify_is_empty()
}

#[test]
fn checks_of_others_hold_and_come_back_from_a_dump() -> Result<()> {
    let (database, mut root) = open("attached_checks")?;
    root.run(
        "ALTER TABLE exchange.orders ADD CONSTRAINT round CHECK (amount = trunc(amount));
         ALTER TABLE exchange.trades ADD CONSTRAINT cheap CHECK (price < 500) NOT VALID;
         ALTER TABLE exchange.assets ADD CONSTRAINT thrifty CHECK (user_id <> 2 OR amount > 900)",
    )?;
    let place = |user: u32, side: &str, price: &str, amount: &str| {
        format!("SELECT id FROM exchange.place_order({user}, 'BTC-USD', '{side}', {price}, {amount})")
    };
    assert_eq!(root.refused(&place(1, "buy", "100", "1.5"))?, "23514");
    root.run(&place(1, "buy", "600", "50"))?;
    assert_eq!(root.refused(&place(2, "sell", "600", "1"))?, "23514");
    assert_eq!(root.refused(&place(2, "sell", "700", "100"))?, "23514");
    root.run(&place(2, "sell", "700", "1"))?;
    // One of ours that says something else now is somebody else's.
    root.run(
        "ALTER TABLE exchange.orders DROP CONSTRAINT orders_reserved_check;
         ALTER TABLE exchange.orders ADD CONSTRAINT orders_reserved_check CHECK (reserved < 31000)",
    )?;
    assert_eq!(root.refused(&place(1, "buy", "400", "100"))?, "23514");
    root.verify_is_empty()?;
    let dump = std::env::temp_dir().join(format!("attached-{}.dump", std::process::id()));
    let path = dump.to_string_lossy();
    database.program("pg_dump", &["-Fc", "-f", &path])?;
    let restored = Database::empty(&database.server, "attached_checks_restored")?;
    restored.program("pg_restore", &["--exit-on-error", &path])?;
    std::fs::remove_file(&dump)?;
    assert_eq!(restored.connect()?.number("SELECT count(*) FROM exchange.orders")?, 2);
    restored.connect()?.verify_is_empty()
}

#[test]
fn what_would_miss_rows_is_refused() -> Result<()> {
    let (database, mut root) = open("attached_unseeing")?;
    database.login("client_attached_shop", "bourse_viewer")?;
    root.run(
        "CREATE FUNCTION public.note() RETURNS trigger
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NEW; END $$;
         CREATE SCHEMA shop AUTHORIZATION client_attached_shop; SET ROLE client_attached_shop;
         CREATE FUNCTION shop.note() RETURNS trigger
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN NEW; END $$; RESET ROLE",
    )?;
    let unseeing = [
        "CREATE TRIGGER t BEFORE INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION public.note()",
        "CREATE TRIGGER t AFTER UPDATE ON exchange.assets EXECUTE FUNCTION public.note()",
        "CREATE TRIGGER t AFTER INSERT ON exchange.trades REFERENCING NEW TABLE AS n EXECUTE FUNCTION public.note()",
        "CREATE TRIGGER t AFTER INSERT ON exchange.trades REFERENCING NEW TABLE AS n FOR EACH ROW
         EXECUTE FUNCTION public.note()",
        "CREATE RULE r AS ON UPDATE TO exchange.markets DO ALSO NOTHING",
    ];
    let strange = "CREATE TRIGGER t AFTER INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION shop.note()";
    for sql in unseeing {
        assert_eq!(root.refused(sql)?, "0A000", "{sql}");
    }
    // A function that finds its tables by the caller's path would find the caller's temporary ones.
    let careless = "CREATE TRIGGER t AFTER INSERT ON exchange.orders FOR EACH ROW EXECUTE FUNCTION public.careless()";
    root.run("CREATE FUNCTION public.careless() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$")?;
    for path in ["public", "pg_temp, public", "public, pg_temp_1", "'public, pg_temp'"] {
        assert_eq!(root.refused(careless)?, "42501");
        root.run(&format!("ALTER FUNCTION public.careless SET search_path = {path}"))?;
    }
    assert_eq!(root.refused(careless)?, "42501");
    assert_eq!(root.refused(strange)?, "42501");
    // They see no row that is truncated either, but the engine truncates none.
    root.run("CREATE TRIGGER ok BEFORE TRUNCATE ON exchange.orders EXECUTE FUNCTION public.note()")?;
    // What has come while nobody looked stops the engine: a sale writes all four tables.
    root.run(BUY)?;
    root.run("ALTER EVENT TRIGGER exchange_refuse_unfired_code DISABLE; ALTER EVENT TRIGGER bourse_refuse_strange_code DISABLE")?;
    for sql in unseeing.iter().chain([&strange, &careless]) {
        root.run(&format!("BEGIN; {sql}"))?;
        assert_eq!(root.refused(SELL)?, "55000", "{sql}");
        root.run("ROLLBACK")?;
    }
    trade(&mut root)?;
    root.verify_is_empty()
}

#[test]
fn pg_repack_under_load_loses_nothing() -> Result<()> {
    let database = Database::fresh("attached_repack")?;
    let mut root = database.connect()?;
    if !database.server.has("pg_repack") {
        // Debian has it for the default version; `cargo xtask setup` installs it.
        println!("no pg_repack for this server");
        return Ok(());
    }
    root.run("CREATE EXTENSION pg_repack")?;
    let markets = ["BTC-USD", "ETH-USD"];
    let users = prepare(&mut root, &markets, 3)?;
    let over = AtomicBool::new(false);
    let actors = thread::scope(|scope| {
        let trading: Vec<_> = users
            .iter()
            .map(|user| {
                let (session, over) = (database.connect(), &over);
                scope.spawn(move || {
                    let mut actor = Actor::new(session?, *user, &markets);
                    let mut steps = 0;
                    while !over.load(Ordering::Relaxed) || steps < 200 {
                        actor.step()?;
                        steps += 1;
                    }
                    Result::Ok(actor)
                })
            })
            .collect();
        let repacked = (0..setting("BOURSE_REPACKS", 2)).try_for_each(|_| {
            ["exchange.orders", "exchange.trades", "exchange.assets", "exchange.markets"].iter().try_for_each(|table| {
                database.program("pg_repack", &["--no-kill-backend", "-T", "600", "-t", table]).map(drop)
            })
        });
        over.store(true, Ordering::Relaxed);
        let actors = trading.into_iter().map(|t| t.join().expect("no panic")).collect::<Result<Vec<_>>>();
        repacked.and(actors)
    })?;
    let known: Vec<_> = actors.iter().map(|actor| &actor.acknowledged).collect();
    settle(&database, &known)?;
    assert!(known.iter().map(|k| k.orders.len()).sum::<usize>() > 100);
    assert!(root.lines(MONEY)?.is_empty());
    root.verify_is_empty()?;
    database.check_files()
}
