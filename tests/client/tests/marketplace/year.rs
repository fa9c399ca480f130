//! A year of bills: subscriptions that are renewed by two workers, who are killed at random, while some have no money,
//! some get it later, some cancel, and some are given theirs back. `BOURSE_SUBSCRIPTIONS=10000` for the long one.

use std::mem;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use client_tests::{Database, Random, Result, Session, setting};

const DAYS_OF_A_STEP: u64 = 5;
const STEPS: u64 = 74;
const RENEWERS: usize = 2;

/// Eight developers with a bot each, of various prices, which are sold by the month, the quarter in USD, and the year in BTC.
const SETUP: &str = "
    CREATE TABLE public.clock (began timestamptz NOT NULL);
    INSERT INTO public.clock VALUES (clock_timestamp());
    INSERT INTO identity.users (id, name, role)
    SELECT d, 'developer ' || d, 'developer' FROM generate_series(1, 8) d;
    SELECT marketplace.approve_bot(marketplace.submit_bot(
        d, 'Bot ' || d, 'Trades', 'TECHNICAL', 'Arbitrage', '{}', '{}', price_per_month => 9.99 + d))
    FROM generate_series(1, 8) d;
    SELECT marketplace.create_plan(d, 'quarter', 29.95 + d), marketplace.create_plan(d, 'year', 0.00123456 * d, 'BTC')
    FROM generate_series(1, 8) d;
    SELECT marketplace.create_promotion(d, 'START', 'PERCENTAGE', 33.3, max_uses => 1000000),
           marketplace.create_promotion(d, 'WEEKS', 'FREE_TRIAL', 21)
    FROM generate_series(1, 8) d;
    CREATE FUNCTION public.buy(n bigint) RETURNS void LANGUAGE sql AS $$
        SELECT FROM marketplace.subscribe(
            100 + n / 2, 1 + n % 8, 'number ' || n, 'BINANCE', 'BTC/USDT', '1d',
            '{\"buy_order_type\": \"PERCENTAGE\", \"buy_order_value\": 10, \"sell_order_type\": \"ALL\"}',
            '{\"stop_loss_percent\": 5}',
            plan => CASE WHEN n % 10 = 7 THEN 'quarter' WHEN n % 10 = 8 THEN 'year' ELSE 'month' END,
            promotion_code => CASE WHEN n % 10 = 3 THEN 'start' WHEN n % 10 = 5 THEN 'weeks' END)
    $$;";

/// Balances against bills, by sums of their own: what a user paid and got back, what a developer and the house got.
const DIFFERENCES: &str = "
    WITH moved AS (
        SELECT t.user_id, t.asset, t.amount FROM exchange.transfers t WHERE t.kind <> 'transfer'
        UNION ALL
        SELECT i.user_id, i.currency, i.refunded - i.final_price FROM marketplace.invoices i WHERE i.paid_at IS NOT NULL
        UNION ALL
        SELECT i.developer_id, i.currency, i.payout - (i.refunded - i.refunded_commission)
        FROM marketplace.invoices i WHERE i.paid_at IS NOT NULL
        UNION ALL
        SELECT -1, i.currency, i.commission - i.refunded_commission FROM marketplace.invoices i
        WHERE i.paid_at IS NOT NULL
    ), held AS (
        SELECT CASE WHEN h.user_id IS NULL THEN a.user_id ELSE -1 END AS user_id, a.symbol, sum(a.amount) AS amount
        FROM exchange.assets a LEFT JOIN marketplace.house_accounts h ON h.user_id = a.user_id GROUP BY 1, 2
    )
    SELECT * FROM (SELECT m.user_id, m.asset, sum(m.amount) AS amount FROM moved m GROUP BY 1, 2) m
    FULL JOIN held h ON h.user_id = m.user_id AND h.symbol = m.asset
    WHERE coalesce(m.amount, 0) <> coalesce(h.amount, 0)";

/// Periods that do not begin where the one before ended.
const GAPS: &str = "
    SELECT count(*) FROM (
        SELECT i.period_start, lag(i.period_end) OVER (PARTITION BY i.subscription_id ORDER BY i.period) AS before
        FROM marketplace.invoices i) i
    WHERE i.period_start <> i.before";

fn subscribe_all(session: &mut Session, subscriptions: u64) -> Result<()> {
    session.run(SETUP)?;
    session.run(&format!(
        "INSERT INTO identity.users (id, name)
         SELECT 100 + u, 'user ' || u FROM generate_series(0, {subscriptions} / 2) u;
         ALTER TABLE identity.users ALTER id RESTART WITH 1000000;
         -- Every sixth has not enough for a year.
         SELECT count(exchange.deposit(100 + u, 'USD', CASE WHEN u % 6 = 0 THEN 100 ELSE 5000 END)),
                count(exchange.deposit(100 + u, 'BTC', 1)) FROM generate_series(0, {subscriptions} / 2) u"
    ))?;
    for first in (0..subscriptions).step_by(500) {
        let last = (first + 500).min(subscriptions) - 1;
        session.run(&format!("SELECT count(public.buy(n)) FROM generate_series({first}, {last}) n"))?;
    }
    Ok(())
}

/// What the workers of a step are at.
#[derive(Default)]
struct Work {
    is_over: AtomicBool,
    /// The workers' backends; 0: none.
    pids: [AtomicU64; RENEWERS],
    /// How many batches are through.
    batches: AtomicU64,
}

/// Renews all that is due at a time, in small batches; whoever is killed connects again and goes on. What fails, because
/// the other worker has a balance for long, is due again a minute later: that is the next batch.
fn renew_all(database: &Database, at: &str, work: &Work, pid: &AtomicU64) -> Result<()> {
    let renew = |turn: u64| {
        format!("SELECT count(*) FROM marketplace_private.renew_due(({at}) + {turn} * interval '1 minute', 50)")
    };
    let mut turn = 0;
    let give_up = Instant::now() + Duration::from_secs(600);
    'connected: loop {
        let Ok(mut session) = database.connect() else { continue };
        let Ok(own) = session.number("SELECT pg_backend_pid()") else { continue };
        pid.store(own as u64, Ordering::Relaxed);
        loop {
            turn += 1;
            match session.number(&renew(turn)) {
                Ok(0) => break 'connected,
                Ok(_) => _ = work.batches.fetch_add(1, Ordering::Relaxed),
                Err(failure) if Instant::now() > give_up => return Err(failure),
                Err(failure) if failure.sqlstate.is_none() || failure.sqlstate.as_deref() == Some("57P01") => {
                    continue 'connected;
                }
                Err(failure) => return Err(failure),
            }
        }
    }
    pid.store(0, Ordering::Relaxed);
    Ok(())
}

/// Ends one of the workers now and then, until the step is over; how often. What is killed is done again: where that
/// takes long, it waits until something is through.
fn kill(database: &Database, work: &Work, random: &mut Random) -> Result<u64> {
    let (mut session, mut killed, mut through) = (database.connect()?, 0, 0);
    while !work.is_over.load(Ordering::Relaxed) {
        thread::sleep(Duration::from_millis(20 + random.below(200)));
        let before = mem::replace(&mut through, work.batches.load(Ordering::Relaxed));
        if through == before {
            continue;
        }
        let pid = work.pids[random.below(RENEWERS as u64) as usize].load(Ordering::Relaxed);
        // Asked apart: in one WHERE the server may end a session before it looks at its number.
        killed += session.number(&format!(
            "SELECT CASE WHEN EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = {pid}
                                                                      AND a.datname = current_database())
                         THEN pg_terminate_backend({pid})::integer ELSE 0 END"
        ))? as u64;
    }
    Ok(killed)
}

/// What people do between renewals: some cancel, some are given money back, some pay in.
fn live(session: &mut Session, step: u64) -> Result<()> {
    session.run(&format!(
        "SELECT count(marketplace.cancel_subscription(s.id)) FROM marketplace.subscriptions s
         WHERE s.id % 997 = {step} AND s.status = 'ACTIVE';
         SELECT count(marketplace.refund(i.id, round((i.final_price - i.refunded) / i.share, i.decimals), 'asked'))
         FROM (SELECT i.*, 1 + i.id % 3 AS share FROM marketplace.invoices i
               WHERE i.id % 211 = {step} AND i.status = 'paid' AND i.final_price > 0) i;
         SELECT count(exchange.deposit(p.user_id, 'USD', 200))
         FROM (SELECT DISTINCT b.user_id FROM marketplace.billings b
               WHERE b.status = 'past_due' AND b.user_id % 4 = 0) p"
    ))
}

#[test]
fn a_year_of_bills_comes_out_to_the_unit() -> Result<()> {
    let subscriptions = setting("BOURSE_SUBSCRIPTIONS", 300);
    let database = Database::fresh("marketplace_year")?;
    let mut session = database.connect()?;
    subscribe_all(&mut session, subscriptions)?;
    let (began, mut killed, mut random) = (Instant::now(), 0, Random::new(14));
    for step in 1..=STEPS {
        let at = format!("SELECT c.began + interval '{} days' FROM public.clock c", step * DAYS_OF_A_STEP);
        let work = Work::default();
        killed += thread::scope(|scope| -> Result<u64> {
            let (database, work, at, random) = (&database, &work, &at, &mut random);
            let killer = scope.spawn(move || kill(database, work, random));
            let workers: Vec<_> =
                work.pids.iter().map(|pid| scope.spawn(move || renew_all(database, at, work, pid))).collect();
            let renewed = workers.into_iter().try_for_each(|worker| worker.join().expect("no panic in a worker"));
            work.is_over.store(true, Ordering::Relaxed);
            renewed.and(killer.join().expect("no panic in who kills"))
        })?;
        live(&mut session, step)?;
    }
    let bills = "SELECT count(*) || ' invoices, ' || count(*) FILTER (WHERE status = 'paid') || ' paid, '
                 || count(*) FILTER (WHERE status = 'refunded') || ' refunded, '
                 || count(*) FILTER (WHERE status = 'unpaid') || ' unpaid, '
                 || count(*) FILTER (WHERE attempts > 1) || ' asked for more than once' FROM marketplace.invoices";
    let bills = session.line(bills)?;
    println!("{subscriptions} subscriptions, {killed} workers killed, {bills}, {:?}", began.elapsed());
    let nothing = Vec::<String>::new();
    assert_eq!(session.lines(DIFFERENCES)?, nothing, "balances are not what was billed");
    assert_eq!(session.number(GAPS)?, 0, "periods do not follow each other");
    assert_eq!(session.lines("SELECT * FROM marketplace.verify()")?, nothing);
    session.verify_is_empty()?;
    let ends = "SELECT count(DISTINCT i.status) = 3 AND max(i.period) >= 12 AND max(i.attempts) > 1
                FROM marketplace.invoices i WHERE i.status IN ('paid', 'refunded', 'unpaid')";
    assert!(killed > STEPS / 8, "{killed} workers killed");
    assert_eq!(session.line(ends)?, "t", "something never happened: {bills}");
    Ok(())
}
