//! What an order would come to, as far as the public book tells. The order itself, placed and taken back, would tell more
//! than anybody may see: what icebergs hide, where stops wait. And it would hold the market with every key that is pressed.

use axum::extract::State;

use crate::Shared;
use crate::database::{Rows, Work};
use crate::orders::Order;
use crate::problem::Problem;
use crate::sent::Sent;
use crate::session::Key;

/// The taker walks through what the book shows; what is left waits, if it is an order that does, and locks what it can
/// cost. The user's own orders in the book count as those of others.
const PREVIEW: &str = "
    WITH rule AS (
        SELECT m.base, m.quote, m.lot_size, coalesce(s.maker_rate, m.maker_rate) AS maker_rate,
               coalesce(s.taker_rate, m.taker_rate) AS taker_rate
        FROM exchange.markets m
        LEFT JOIN LATERAL (
            SELECT f.maker_rate, f.taker_rate
            FROM exchange.fee_groups g JOIN exchange.fee_schedules f USING (fee_group)
            WHERE g.user_id = $1 AND f.symbol IN (m.symbol, '*') ORDER BY f.symbol = '*' LIMIT 1) s ON true
        WHERE m.symbol = $2),
    sent AS (
        SELECT $4::text::numeric AS price, $5::text::numeric AS amount, $6::text::numeric AS budget,
               $7::boolean AS takes, $8::boolean AS waits),
    levels AS (
        SELECT l.price, l.amount, sum(l.amount) OVER before AS amount_before,
               sum(l.price * l.amount) OVER before AS spent_before
        FROM sent, exchange.order_book($2, 1000) WITH ORDINALITY l (side, price, amount, orders, n)
        WHERE sent.takes AND l.side = CASE $3 WHEN 'buy' THEN 'sell' WHEN 'sell' THEN 'buy' END
          AND (sent.price IS NULL OR CASE $3 WHEN 'buy' THEN l.price <= sent.price ELSE l.price >= sent.price END)
        WINDOW before AS (ORDER BY l.n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)),
    wanted AS (
        SELECT l.price, l.amount, CASE WHEN sent.amount IS NOT NULL THEN sent.amount - coalesce(l.amount_before, 0)
               ELSE trunc((sent.budget / (1 + r.taker_rate) - coalesce(l.spent_before, 0)) / l.price / r.lot_size)
                    * r.lot_size END AS wanted
        FROM levels l, sent, rule r),
    fills AS (SELECT w.price, least(w.amount, w.wanted) AS amount FROM wanted w WHERE w.wanted > 0),
    filled AS (
        SELECT coalesce(sum(f.amount), 0) AS amount, sum(f.price * f.amount) / nullif(sum(f.amount), 0) AS average_price,
               coalesce(sum(exchange.calculate_commission(f.amount, f.price, r.taker_rate)), 0) AS commission
        FROM fills f, rule r),
    rest AS (SELECT sent.amount - f.amount AS amount FROM sent, filled f)
    SELECT json_build_object(
        'filled_amount', round(f.amount, 8)::text, 'average_price', round(f.average_price, 8)::text,
        'commission', round(f.commission, 8)::text, 'remaining_amount', round(rest.amount, 8)::text,
        'reserved', CASE WHEN sent.waits THEN round(CASE $3 WHEN 'sell' THEN rest.amount
            ELSE rest.amount * sent.price
                 + exchange.calculate_commission(rest.amount, sent.price, greatest(r.maker_rate, r.taker_rate)) END,
            8)::text END,
        'reserved_asset', CASE $3 WHEN 'sell' THEN r.base ELSE r.quote END)::text
    FROM rule r, sent, filled f, rest";

/// `POST /api/orders/preview`
pub async fn preview(State(screen): Shared, Key(key): Key, Sent(order): Sent<Order>) -> Result<Rows, Problem> {
    let kind = order.order_type.as_deref().unwrap_or("limit");
    let keeps = matches!(order.time_in_force.as_deref(), None | Some("gtc" | "gtd"));
    let takes = matches!(kind, "limit" | "market") && order.post_only != Some(true);
    let waits = keeps && matches!(kind, "limit" | "stop_limit");
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    // Refuses an unknown market.
    work.list("SELECT FROM exchange.best_bid_offer($1)", &[&order.symbol]).await?;
    let given: [&(dyn crate::database::Parameter + Sync); 8] =
        [&work.user, &order.symbol, &order.side, &order.price, &order.amount, &order.quote_amount, &takes, &waits];
    let told = work.text(PREVIEW, &given).await?;
    work.commit().await?;
    Ok(told)
}
