//! The positions of a user with many accounts, among those of others.

use client_tests::{Database, Result};

const USERS: u64 = 4;
const ACCOUNTS: u64 = 50;
const POSITIONS: u64 = 100;

#[test]
fn fifty_accounts_are_summed_up_from_their_own_rows() -> Result<()> {
    let database = Database::fresh("mirror_summary")?;
    let mut root = database.connect()?;
    root.run(&format!(
        "INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, {USERS}) n;
         SELECT mirror.create_account(u, 'account ' || n, 'Zerodha')
         FROM generate_series(1, {USERS}) u, generate_series(1, {ACCOUNTS}) n;
         INSERT INTO mirror.positions (account_id, user_id, symbol, exchange, product, quantity, average_price,
                                       current_price, as_of)
         SELECT a.id, a.user_id, 'S' || n, 'NSE', 'MIS', n - 50.5, 100, 100 + n * a.id / 1000.0, now()
         FROM mirror.trading_accounts a, generate_series(1, {POSITIONS}) n"
    ))?;
    root.run("ANALYZE mirror.positions, mirror.trading_accounts")?;
    // The query of the seed, word for word but for the user.
    let seeds = "SELECT a.account_name, count(p.id) AS position_count, sum(p.pnl) AS total_pnl
                 FROM mirror.trading_accounts a JOIN mirror.positions p ON a.id = p.account_id
                 WHERE a.user_id = 2 GROUP BY a.id ORDER BY a.account_name";
    let ours = "SELECT * FROM mirror.get_user_positions_summary(2)";
    let summary = root.lines(ours)?;
    assert_eq!(summary, root.lines(seeds)?);
    assert_eq!(summary.len() as u64, ACCOUNTS);
    // What the session has read and not yet reported: the server takes nothing of it away within a transaction.
    let read = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
                WHERE relid = 'mirror.positions'::regclass";
    root.run("BEGIN")?;
    let before = root.number(read)?;
    root.lines(ours)?;
    assert_eq!((root.number(read)? - before).unsigned_abs(), ACCOUNTS * POSITIONS, "rows of positions were read");
    root.run("COMMIT")?;
    Ok(())
}
