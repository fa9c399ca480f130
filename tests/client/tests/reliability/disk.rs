//! A disk is full under load: statements fail, or the server ends. Once there is room again nothing is missing.

use std::thread;
use std::time::Duration;

use client_tests::siege::{DISK_FULL, settings};
use client_tests::{Disk, Failure, Result, Scratch, Session, Siege, Tally};

/// How often one disk is full, before the next begins anew.
const PART: u64 = 10;
/// MiB of a disk.
const SIZE: u64 = 512;
const VARIABLE: &str = "BOURSE_FULL_DISKS";
const LOG: &str = "max_wal_size = '64MB'\nmin_wal_size = '32MB'";

/// A disk, if there may be none in a short run.
pub fn made(disk: Option<Disk>, variable: &str) -> Result<Option<Disk>> {
    if disk.is_none() && is_long(variable) {
        return Err(Failure::new(format!("{variable} is set, and no disk can be made here")));
    }
    Ok(disk)
}

fn is_long(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}

/// What lies on the disk that gets full.
#[derive(Clone, Copy, PartialEq)]
enum OnDisk {
    Rows,
    Log,
    Both,
}

fn endure(name: &str, what: OnDisk) -> Result<()> {
    if made(Disk::new(name, SIZE)?, VARIABLE)?.is_none() {
        return Ok(());
    }
    let settings = settings(LOG);
    Tally::open(name, VARIABLE, 1)?.run(name, PART, |seed, count| {
        let disk = Disk::new(name, SIZE)?.ok_or_else(|| Failure::new("no disk any more"))?;
        let server = format!("{name}_server");
        let (scratch, log) = match what {
            OnDisk::Log => (Scratch::furnished(&server, &settings)?, Some(disk)),
            OnDisk::Rows | OnDisk::Both => (Scratch::furnished_on(disk, &server, &settings)?, None),
        };
        match &log {
            Some(disk) => scratch.log_to(disk.folder())?,
            None if what == OnDisk::Rows => scratch.log_to(&scratch.server.host)?,
            None => {}
        }
        let mut siege = Siege::open(scratch, seed)?;
        siege.database.connect()?.run("CREATE TABLE public.filler (line text)")?;
        for round in 1..=count {
            // A checkpoint that finds no room ends the server.
            siege.checkpoints = what != OnDisk::Rows || round % 2 == 0;
            let endured = fill(&mut siege, log.as_ref()).and_then(|said| siege.check().map(|()| said));
            let context = |failure| Failure::new(format!("{name}, seed {seed}, round {round}: {failure}"));
            let (said, refused) = (endured.map_err(context)?, siege.refused(DISK_FULL));
            println!(
                "{name}, seed {seed}, round {round}: {said}, {refused} of the clients' statements were refused so far, \
                 {} orders acknowledged",
                siege.orders()
            );
        }
        siege.database.check_files()?;
        siege.misses_one()?;
        let orders = siege.orders();
        // The server goes before the disk of its log.
        drop(siege);
        drop(log);
        Ok(orders)
    })
}

/// Fills the disk under load, gives the room back, and has the server recover; how it took it.
fn fill(siege: &mut Siege, log: Option<&Disk>) -> Result<&'static str> {
    // Segments of the log are used again, and the log needs no more room, unless somebody has yet to read them.
    let slot = "SELECT pg_create_physical_replication_slot('late', true)";
    if log.is_some() {
        siege.database.connect()?.run(slot)?;
    }
    let said = siege.during(|scratch, database| {
        let (disk, mut session) = (log.map_or_else(|| scratch.disk(), Ok)?, database.connect()?);
        disk.fill()?;
        let mut survives = false;
        if until_full(&mut session)? {
            thread::sleep(Duration::from_secs(1));
            disk.empty()?;
            survives = goes_on(&mut session)?;
        }
        match scratch.kill() {
            Err(failure) if scratch.is_running() => Err(failure),
            // It may have ended by itself.
            _ => Ok(if survives { "statements failed" } else { "the server ended" }),
        }
    })?;
    log.map_or_else(|| siege.scratch.disk(), Ok)?.empty()?;
    siege.scratch.resume()?;
    let mut session = siege.database.connect()?;
    if log.is_some() {
        session.run("SELECT pg_drop_replication_slot('late')")?;
    }
    session.run("TRUNCATE public.filler")?;
    Ok(said)
}

/// Writes rows until there is no room; whether the server has survived it.
fn until_full(session: &mut Session) -> Result<bool> {
    for _ in 0..2000 {
        let rows = "INSERT INTO public.filler SELECT repeat(md5(n::text), 20) FROM generate_series(1, 500) n";
        match session.run(rows) {
            Ok(()) => {}
            Err(failure) if failure.is(DISK_FULL) => return Ok(true),
            Err(failure) if failure.sqlstate.as_deref().is_none_or(|code| code.starts_with("57P")) => return Ok(false),
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::new("the disk does not get full"))
}

/// Whether the clients' orders come again. The server may still end of what it could not write.
fn goes_on(session: &mut Session) -> Result<bool> {
    let orders = "SELECT count(*) FROM exchange.orders";
    let come =
        session.number(orders).and_then(|count| session.wait_for(&format!("SELECT ({orders}) > {}", count + 20)));
    match come {
        Ok(_) => Ok(true),
        Err(failure) if session.run("SELECT 1").is_ok() => Err(failure),
        Err(_) => Ok(false),
    }
}

#[test]
fn acknowledged_orders_survive_a_full_disk() -> Result<()> {
    endure("full", OnDisk::Both)
}

#[test]
fn acknowledged_orders_survive_a_full_disk_of_rows() -> Result<()> {
    endure("full_rows", OnDisk::Rows)
}

#[test]
fn acknowledged_orders_survive_a_full_disk_of_the_log() -> Result<()> {
    endure("full_log", OnDisk::Log)
}

#[test]
fn a_statement_without_the_temporary_room_it_needs_leaves_nothing() -> Result<()> {
    const LARGE: &str = "INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount, client_order_id)
        SELECT 'new', 1, 'BTC-USD', 'buy', 100, 1, 'large ' || n FROM generate_series(1, 20000) n ORDER BY md5(n::text)";
    let mut siege = Siege::open(Scratch::furnished("temporary", &settings(""))?, 0)?;
    siege.during(|_, database| {
        let mut session = database.connect()?;
        session.run(&format!("BEGIN; {LARGE}; ROLLBACK"))?;
        session.run("SET work_mem = '64kB'; SET temp_file_limit = '128kB'")?;
        match session.refused(LARGE)?.as_str() {
            "53400" => Ok(()),
            other => Err(Failure::new(format!("refused with {other}"))),
        }
    })?;
    siege.check()?;
    siege.misses_one()
}
