//! Promotions from many sessions at once: as many uses as there are, and not one more.

use std::thread;

use client_tests::{Database, Result};

const SESSIONS: u64 = 20;

#[test]
fn twenty_sessions_share_five_uses_of_a_promotion() -> Result<()> {
    let database = Database::fresh("marketplace_promotion")?;
    let mut session = database.connect()?;
    session.run(&format!(
        "INSERT INTO identity.users (id, name, role) VALUES (1, 'dora', 'developer');
         INSERT INTO identity.users (id, name) SELECT 100 + u, 'user ' || u FROM generate_series(1, {SESSIONS}) u;
         ALTER TABLE identity.users ALTER id RESTART WITH 1000;
         SELECT marketplace.approve_bot(marketplace.submit_bot(
             1, 'Grid', 'A grid', 'TECHNICAL', 'Arbitrage', '{{}}', '{{}}', price_per_month => 10));
         SELECT marketplace.create_promotion(1, 'FIVE', 'FIXED_AMOUNT', 50, max_uses => 5);
         SELECT marketplace.create_promotion(1, 'HALF', 'PERCENTAGE', 50, max_uses => 5);
         SELECT exchange.deposit(100 + u, 'USD', 100) FROM generate_series(1, {SESSIONS}) u"
    ))?;
    // One code makes it free, with the other money moves.
    let database = &database;
    let answers: Vec<_> = thread::scope(|scope| {
        let buyers: Vec<_> = (1..=SESSIONS)
            .map(|n| {
                scope.spawn(move || -> Result<Vec<Option<String>>> {
                    let mut session = database.connect()?;
                    let mut answers = Vec::new();
                    for code in ["five", "half"] {
                        let buy = format!(
                            "SELECT FROM marketplace.subscribe(100 + {n}, 1, '{code}', 'BINANCE', 'BTC/USDT', '1h',
                                 '{{\"buy_order_type\": \"PERCENTAGE\", \"buy_order_value\": 10,
                                    \"sell_order_type\": \"ALL\"}}',
                                 '{{\"stop_loss_percent\": 5}}', promotion_code => '{code}')"
                        );
                        answers.push(session.run(&buy).err().map(|failure| failure.sqlstate.unwrap_or_default()));
                    }
                    Ok(answers)
                })
            })
            .collect();
        buyers.into_iter().map(|buyer| buyer.join().expect("no panic in a buyer")).collect::<Result<_>>()
    })?;
    for code in 0..2 {
        let granted = answers.iter().filter(|answer| answer[code].is_none()).count();
        assert_eq!(granted, 5, "{answers:?}");
    }
    let others = answers.iter().flatten().flatten().all(|sqlstate| sqlstate == "42704");
    assert!(others, "{answers:?}");
    assert_eq!(session.lines("SELECT code, uses FROM marketplace.promotions ORDER BY 1")?, ["FIVE|5", "HALF|5"]);
    let bills = "SELECT final_price, count(*) FROM marketplace.invoices GROUP BY 1 ORDER BY 1";
    assert_eq!(session.lines(bills)?, ["0.00000000|5", "5.00000000|5"]);
    assert_eq!(session.lines("SELECT * FROM marketplace.verify()")?, Vec::<String>::new());
    session.verify_is_empty()
}
