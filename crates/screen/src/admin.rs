//! How the platform is, for users who are admins: jobs, messages, health, alerts.

use axum::extract::State;
use axum::http::StatusCode;

use crate::Shared;
use crate::database::{Rows, Work};
use crate::problem::Problem;
use crate::session::Key;

/// `GET /api/admin`: by a login that may see this and nothing else, for whom the database says is an admin.
pub async fn overview(State(screen): Shared, Key(key): Key) -> Result<Rows, Problem> {
    const ROLE: &str = "SELECT role FROM identity.users WHERE id = $1";
    const SQL: &str = "SELECT json_build_object(
        'health', (SELECT coalesce(json_agg(h), '[]') FROM bourse.health() h),
        'alerts', (SELECT coalesce(json_agg(a), '[]') FROM bourse.alerts() a),
        'jobs', (SELECT coalesce(json_agg(j), '[]') FROM
            (SELECT job_type, status, runs::text, oldest FROM jobs.stats() LIMIT 200) j),
        'messages', (SELECT coalesce(json_agg(m), '[]') FROM (SELECT channel, pending::text, due::text, retrying::text,
            processing::text, failed::text, oldest_due FROM messaging.get_queue_statistics()) m))::text";
    let mut client = screen.database.client().await?;
    let work = Work::acting(&mut client, &key).await?;
    let role = work.text(ROLE, &[&work.user]).await?;
    work.commit().await?;
    if role.0 != "admin" {
        return Err(Problem::new(StatusCode::FORBIDDEN, "42501", "this is for admins", "Log in as one."));
    }
    let monitor = screen.monitor.as_ref().ok_or_else(|| {
        Problem::new(StatusCode::CONFLICT, "55000", "the screen has no login that may see this", "Give it --monitor.")
    })?;
    Ok(Rows(monitor.row(SQL, &[]).await?.try_get(0)?))
}
