//! Somebody keeps a balance locked while a worker renews: what does not move that balance is renewed, and the wait for
//! it does not grow with the subscriptions that do.

use std::time::{Duration, Instant};

use client_tests::{Database, Result};

const SUBSCRIPTIONS: i64 = 60;

/// Two users with as many subscriptions each to the bots of two developers.
const SETUP: &str = "
    INSERT INTO identity.users (id, name, role)
    VALUES (1, 'dora', 'developer'), (2, 'dave', 'developer'), (3, 'ann', 'trader'), (4, 'ben', 'trader');
    ALTER TABLE identity.users ALTER id RESTART WITH 50;
    SELECT marketplace.approve_bot(marketplace.submit_bot(d, 'Grid', 'A grid', 'TECHNICAL', NULL, '{}', '{}', 1))
    FROM generate_series(1, 2) d;
    SELECT exchange.deposit(u, 'USD', 1000) FROM generate_series(3, 4) u;
    SELECT marketplace.subscribe(u, b, 'n' || n, 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')
    FROM (VALUES (3, 1), (4, 2)) v (u, b), generate_series(1, 60) n";

/// What a batch in a month comes to.
const RENEWS: &str = "SELECT outcome, count(*) FROM
    marketplace_private.renew_due(clock_timestamp() + interval '31 days', 1000) GROUP BY 1 ORDER BY 1";

#[test]
fn a_balance_that_somebody_keeps_locked_holds_up_its_own_renewals_only() -> Result<()> {
    for holds in [
        "SELECT FROM exchange.assets WHERE user_id = 3 FOR UPDATE",
        "SELECT exchange.deposit(1, 'USD', 1)",
        "UPDATE exchange.assets SET locked_amount = locked_amount WHERE user_id IN (1, 3)",
    ] {
        let database = Database::fresh("marketplace_renewals")?;
        let (mut root, mut holder) = (database.connect()?, database.connect()?);
        root.run(SETUP)?;
        holder.run(&format!("BEGIN; {holds}"))?;
        let began = Instant::now();
        let renewed = root.lines(RENEWS)?;
        let took = began.elapsed();
        assert_eq!(renewed, [format!("failed|{SUBSCRIPTIONS}"), format!("renewed|{SUBSCRIPTIONS}")], "{holds}");
        let unpaid = "SELECT count(*) FROM marketplace.invoices WHERE status <> 'paid'";
        assert_eq!(root.number(unpaid)?, 0, "nobody has failed to pay");
        holder.run("COMMIT")?;
        let later = RENEWS.replace("31 days", "31 days 2 minutes");
        let began = Instant::now();
        assert_eq!(root.lines(&later)?, [format!("renewed|{SUBSCRIPTIONS}")], "{holds}");
        // A tenth of a second for each that waits would be six seconds.
        let allowed = Duration::from_secs(3) + 2 * began.elapsed();
        assert!(took < allowed, "{took:?} while somebody has done {holds}, allowed {allowed:?}");
        assert_eq!(root.lines("SELECT v::text FROM marketplace.verify() v")?, Vec::<String>::new());
    }
    Ok(())
}
