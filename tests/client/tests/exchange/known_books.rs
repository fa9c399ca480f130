//! What a session knows of a book from its last call never shows: one random run, in two sessions that take turns and undo
//! much of it, comes to the same orders and trades when every session is made to forget its books before each act.

use client_tests::{Database, Random, Result, Session, setting};

/// A market, and two users who can trade in it for long.
fn prepare(name: &str) -> Result<(Database, Session)> {
    Database::with_traders(name, &["BTC-USD"], &[("USD", "900000000"), ("BTC", "9000000")])
}

/// One act: an order, a cancel, an amendment, or a transaction or savepoint that is begun, kept or undone. `depth` counts
/// the transaction and its savepoints.
fn act(random: &mut Random, depth: &mut usize) -> String {
    let (user, side) = (1 + random.below(2), if random.percent(50) { "buy" } else { "sell" });
    match (random.below(20), *depth) {
        (0, 0) => {
            *depth = 1;
            "BEGIN".to_owned()
        }
        (1 | 2, open @ 1..4) => {
            *depth += 1;
            format!("SAVEPOINT s{open}")
        }
        (3, open @ 2..) => {
            *depth -= 1;
            format!("ROLLBACK TO s{0}; RELEASE s{0}", open - 1)
        }
        (4, open @ 2..) => {
            *depth -= 1;
            format!("RELEASE s{}", open - 1)
        }
        (5, 1..) => {
            *depth = 0;
            (if random.percent(50) { "COMMIT" } else { "ROLLBACK" }).to_owned()
        }
        (choice, _) => command(random, choice, user, side),
    }
}

/// One command to the market.
fn command(random: &mut Random, choice: u64, user: u64, side: &str) -> String {
    match choice {
        6 => format!("SELECT exchange.cancel_all_orders({user})"),
        7 | 8 => format!(
            "SELECT count(exchange.cancel_order(id)) FROM (SELECT id FROM exchange.orders WHERE status IN ('open', 'pending')
             ORDER BY priority DESC OFFSET {} LIMIT 1) o",
            random.below(4)
        ),
        9 => format!(
            "SELECT count(exchange.amend_order(id, new_amount => amount + 1)) FROM (SELECT id, amount FROM exchange.orders
             WHERE status = 'open' ORDER BY priority OFFSET {} LIMIT 1) o",
            random.below(4)
        ),
        10 => format!(
            "SELECT exchange.place_order({user}, 'BTC-USD', '{side}', {}, 5, display_amount => 1)",
            96 + random.below(8)
        ),
        11 => format!("SELECT exchange.place_order({user}, 'BTC-USD', '{side}', {}, 3, time_in_force => 'fok')", 96 + random.below(8)),
        12 => format!(
            "SELECT exchange.place_order({user}, 'BTC-USD', '{side}', NULL, 1, 'stop', stop_price => {})",
            96 + random.below(8)
        ),
        _ => format!(
            "SELECT exchange.place_order({user}, 'BTC-USD', '{side}', {}, {}, self_trade_prevention => 'none')",
            96 + random.below(8),
            1 + random.below(4)
        ),
    }
}

/// Every order and trade, as they came out.
const OUTCOME: &str = "SELECT * FROM (
    SELECT 'trade', sequence, price, amount, buy_order_id, sell_order_id FROM exchange.trades
    UNION ALL
    SELECT status, priority, price, filled_amount, id, user_id FROM exchange.orders) o ORDER BY 1, 2, 5";

/// Carries out one random run in two sessions that take turns. With `blind`, the market's row is written before each
/// act, so that no session knows anything of its book.
fn play(name: &str, seed: u64, blind: bool) -> Result<Vec<Vec<String>>> {
    let (database, session) = prepare(name)?;
    let (mut random, mut sessions) = (Random::new(seed), [session, database.connect()?]);
    let mut depth = 0;
    let mut turn = 0;
    for _ in 0..setting("BOURSE_ACTS", 400) {
        if depth == 0 {
            turn = random.below(2) as usize;
        }
        let act = act(&mut random, &mut depth);
        let act = if blind && act.starts_with("SELECT") {
            format!("UPDATE exchange.markets SET max_open_orders = max_open_orders; {act}")
        } else {
            act
        };
        // A refusal undoes the whole transaction: that, too, is an act.
        if sessions[turn].run(&act).is_err() && depth > 0 {
            sessions[turn].run("ROLLBACK")?;
            depth = 0;
        }
    }
    if depth > 0 {
        sessions[turn].run("COMMIT")?;
    }
    sessions[0].verify_is_empty()?;
    sessions[0].rows(OUTCOME)
}

#[test]
fn what_is_known_of_a_book_is_what_stands_in_it() -> Result<()> {
    for seed in 1..=setting("BOURSE_SEEDS", 5) {
        let (known, read) = (play("hot_known", seed, false)?, play("hot_blind", seed, true)?);
        println!("seed {seed}: {} rows", known.len());
        assert!(known.len() > 50, "seed {seed}: only {} rows", known.len());
        assert_eq!(known, read, "seed {seed}");
    }
    Ok(())
}
