//! A user's bots, and his accounts at brokers.

use axum::extract::State;
use axum::http::StatusCode;

use crate::Shared;
use crate::database::{Rows, Work};
use crate::problem::Problem;
use crate::sent::Named;
use crate::session::Key;

/// `GET /api/bots`
pub async fn list(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT id::text, type, status, trade_type, quote, starting_balance::text, current_balance::text,
            total_pnl::text, open_positions::text, last_heartbeat, last_error
        FROM trading.bots b WHERE user_id = $1 ORDER BY b.id LIMIT 200";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let rows = work.list(SQL, &[&work.user]).await?;
    work.commit().await?;
    Ok(rows)
}

/// `GET /api/bots/{id}/equity`: the last snapshots, oldest first.
pub async fn equity(State(screen): Shared, Named(bot): Named<i64>, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str = "SELECT * FROM (SELECT extract(epoch FROM e.at)::text AS at, e.equity::text, e.balance::text,
            e.unrealized_pnl::text
        FROM trading.equity_snapshots e JOIN trading.bots b ON b.id = e.bot_id AND b.trade_type = e.trade_type
        WHERE e.user_id = $1 AND e.bot_id = $2 AND e.run_id = 0 ORDER BY e.at DESC LIMIT 1000) s
        ORDER BY at::numeric";
    const THERE: &str = "SELECT EXISTS (SELECT FROM trading.bots WHERE user_id = $1 AND id = $2)::text";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    if work.text(THERE, &[&work.user, &bot]).await?.0 != "true" {
        let message = format!("bot {bot} does not exist");
        return Err(Problem::new(StatusCode::NOT_FOUND, "42704", &message, "trading.bots lists yours."));
    }
    let rows = work.list(SQL, &[&work.user, &bot]).await?;
    work.commit().await?;
    Ok(rows)
}

/// `GET /api/bots/{id}/metrics`: what its closed trades come to, every figure as text.
pub async fn metrics(State(screen): Shared, Named(bot): Named<i64>, Key(key): Key) -> Result<Rows, Problem> {
    // Of a bot that is not the user's, the function itself says that there is none.
    const SQL: &str =
        "SELECT (SELECT coalesce(json_object_agg(key, value), '{}') FROM jsonb_each_text(m - 'returns'))::text
        FROM (SELECT $1::bigint AS id) asked LEFT JOIN trading.bots b ON b.id = asked.id AND b.user_id = $2
        CROSS JOIN LATERAL trading.calculate_metrics(asked.id, coalesce(b.trade_type, 'live'), store => false) m";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let rows = work.text(SQL, &[&bot, &work.user]).await?;
    work.commit().await?;
    Ok(rows)
}

/// `GET /api/accounts`: accounts at brokers, how they are connected and what is open in them.
pub async fn accounts(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const SQL: &str =
        "SELECT a.id::text, a.account_name, a.broker, h.is_primary, h.in_use, h.connection_status, h.breaker,
            h.health_score, h.latency_ms, h.last_heartbeat, coalesce(p.position_count, 0)::text AS positions,
            p.total_pnl::text AS pnl
        FROM mirror.trading_accounts a JOIN mirror.account_health($1) h ON h.account_id = a.id
        LEFT JOIN mirror.get_user_positions_summary($1) p ON p.account_name = a.account_name
        WHERE a.user_id = $1 ORDER BY a.id LIMIT 200";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let rows = work.list(SQL, &[&work.user]).await?;
    work.commit().await?;
    Ok(rows)
}
