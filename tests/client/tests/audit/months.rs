//! A month of the trail that has been dropped, in a database that came back from a dump: its closing hash holds, and
//! whoever touches what is kept of it is found out.

use std::path::PathBuf;

use client_tests::{Database, Result, Session};

/// A change of a month that is over: what `write_log()` would have written in it.
const WRITTEN: &str = "
    INSERT INTO audit.audit_logs (id, action, table_name, record_id, \"timestamp\", cluster, transaction_id, position,
                                  values_salt, values_digest, origin_salt, origin_digest, hash)
    SELECT f.id, 'INSERT', 'exchange.markets', 'ACL', f.at, f.cluster, f.xid, 1, f.salt, f.values, f.salt, f.origin,
           audit_private.log_hash(NULL, f.cluster, f.xid, 1, f.id, NULL, NULL, 'INSERT', 'exchange.markets', 'ACL',
                                  f.at, f.values, f.origin)
    FROM (SELECT nextval('audit.audit_logs_id_seq') AS id, s.salt, c.system_identifier AS cluster,
                 pg_current_xact_id()::text::bigint AS xid, timestamptz '2025-01-05 12:00Z' AS at,
                 audit_private.values_digest(s.salt, NULL, NULL) AS values,
                 audit_private.origin_digest(s.salt, NULL, NULL, NULL) AS origin
          FROM gen_random_uuid() AS s (salt), pg_control_system() c) f";

/// A database whose trail has dropped its oldest month, and an anchor of it.
fn with_a_dropped_month(name: &str) -> Result<(Database, String)> {
    let database = Database::fresh(name)?;
    let mut session = database.connect()?;
    session.run("SET ROLE bourse_owner; SELECT * FROM bourse_private.maintain_at('2025-01-10', 40); RESET ROLE")?;
    session.run(WRITTEN)?;
    session.run("SELECT audit.seal()")?;
    let dropped = "SELECT audit.drop_month('audit_logs', '2025-01-01', audit.export_digest(line))
                   FROM audit.export_month('audit_logs', '2025-01-01') AS e (line)";
    assert_eq!(session.line(dropped)?.len(), 64);
    let anchor = session.line("SELECT audit.head()")?;
    Ok((database, anchor))
}

fn findings(session: &mut Session, anchor: &str) -> Result<Vec<String>> {
    session.lines(&format!("SELECT DISTINCT check_name FROM audit.verify('{anchor}') ORDER BY 1"))
}

/// What `verify()` finds after a change behind the triggers, which is undone.
fn findings_after(session: &mut Session, change: &str, anchor: &str) -> Result<Vec<String>> {
    session.run(&format!("BEGIN; SET LOCAL session_replication_role = replica; {change}"))?;
    let found = findings(session, anchor);
    session.run("ROLLBACK")?;
    found
}

#[test]
fn the_closing_hash_of_a_dropped_month_holds_in_a_restored_database() -> Result<()> {
    let (from, anchor) = with_a_dropped_month("audit_months")?;
    let dump = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("audit_months.sql").to_string_lossy().into_owned();
    from.program("pg_dump", &["-f", &dump])?;
    let to = Database::empty(&from.server, "audit_months_restored")?;
    to.program("psql", &["-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", &dump])?;
    let mut restored = to.connect()?;
    assert_eq!(restored.number("SELECT sum(rows)::bigint FROM audit.dropped_months")?, 1);
    assert_eq!(findings(&mut restored, &anchor)?, [""; 0]);
    for (change, found) in [
        ("UPDATE audit.dropped_months SET hash = sha256('x')", &["month_is_sealed"][..]),
        // As somebody does it who knows how the hash is made: the seal has another.
        (
            "UPDATE audit.dropped_months SET digest = repeat('0', 64);
             UPDATE audit.dropped_months m SET hash = audit_private.month_hash(to_jsonb(m))",
            &["month_is_sealed"],
        ),
        // And with a seal that fits: the anchor and the chain of seals have another.
        (
            "UPDATE audit.dropped_months SET rows = 2;
             UPDATE audit.dropped_months m SET hash = audit_private.month_hash(to_jsonb(m));
             UPDATE audit.seals s SET head = m.hash FROM audit.dropped_months m WHERE s.log = 'dropped audit_logs'",
            &["month_is_complete", "seal_is_unchanged"],
        ),
        ("DELETE FROM audit.dropped_months", &["chain_is_complete", "month_is_sealed"]),
    ] {
        assert_eq!(findings_after(&mut restored, change, &anchor)?, found, "{change}");
    }
    assert_eq!(findings(&mut restored, &anchor)?, [""; 0]);
    // The trail goes on from there.
    restored.user("restored")?;
    restored.run("SELECT audit.seal()")?;
    assert_eq!(findings(&mut restored, &anchor)?, [""; 0]);
    Ok(())
}
