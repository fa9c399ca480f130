//! Calendars through a real driver: backups, standbys, parallel workers.

mod dump;
mod elsewhere;

use client_tests::{Result, Session};

/// A calendar with everything in it: eras, breaks, a night, holidays, sessions with hours of their own.
const DEFINITION: &str = r#"{
    "name": "ALL", "exchange": "XX", "timezone": "America/New_York", "from": "2024-01-01", "to": "2024-12-31",
    "weekly": [
        {"days": [0, 1, 2, 3], "to": "2024-06-30", "open": "09:30", "close": "16:00", "breaks": [["12:00", "13:00"]],
         "pre_market": ["04:00", "09:30"], "post_market": ["16:00", "20:00"]},
        {"days": [0, 1, 2, 3], "from": "2024-07-01", "open": "-18:00", "close": "16:00"},
        {"days": [4], "open": "09:30", "close": "16:00"}],
    "holidays": [{"date": "2024-12-25", "description": "Christmas"}],
    "special": [{"date": "2024-07-03", "open": "09:30", "close": "13:00"},
                {"date": "2024-06-01", "type": "muhurat", "open": "18:00", "close": "26:30"}]
}"#;

/// What the calendar answers, as one line.
const ANSWERS: &str = "SELECT count(*) FILTER (WHERE calendar.is_open('ALL', t)), \
    md5(string_agg(calendar.phase('ALL', t) || coalesce(calendar.session_of('ALL', t)::text, ''), ',' ORDER BY t)), \
    calendar.trading_minutes('ALL', '2024-01-02', '2024-12-31') \
    FROM generate_series(timestamptz '2024-01-02 00:00Z', '2024-12-30 00:00Z', '7 minutes') t";

fn load(session: &mut Session) -> Result<()> {
    session.run(&format!("SELECT calendar.load_calendar('{DEFINITION}')"))
}

/// All rows, but for the time at which a template was touched.
fn rows(session: &mut Session) -> Result<Vec<String>> {
    session.lines(
        "SELECT to_jsonb(t) - 'updated_at' FROM calendar.trading_hours_templates t
         UNION ALL SELECT to_jsonb(s) FROM calendar.trading_sessions s
         UNION ALL SELECT to_jsonb(h) FROM calendar.market_holidays h ORDER BY 1",
    )
}
