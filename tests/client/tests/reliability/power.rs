//! The power is cut under load: the disk has what was flushed, and nothing else.

use client_tests::siege::settings;
use client_tests::{Disk, Failure, Result, Scratch, Siege, Tally};

use crate::disk::made;

/// Cuts of one disk, before the next begins anew.
const PART: u64 = 25;
/// MiB of a disk.
const SIZE: u64 = 1024;
const VARIABLE: &str = "BOURSE_CUTS";
const LOG: &str = "max_wal_size = '128MB'\nmin_wal_size = '32MB'";

#[test]
fn acknowledged_orders_survive_a_power_cut() -> Result<()> {
    const NAME: &str = "power";
    if made(Disk::new(NAME, SIZE)?, VARIABLE)?.is_none() {
        return Ok(());
    }
    Tally::open(NAME, VARIABLE, 2)?.run(NAME, PART, |seed, count| {
        let disk = Disk::new(NAME, SIZE)?.ok_or_else(|| Failure::new("no disk any more"))?;
        let scratch = Scratch::furnished_on(disk, "power_server", &settings(&format!("{LOG}\nfsync = on")))?;
        let mut siege = Siege::open(scratch, seed)?;
        for round in 1..=count {
            let endured = siege.during(|scratch, _| scratch.cut_power());
            let endured = endured.and_then(|()| siege.scratch.resume()).and_then(|()| siege.check());
            endured.map_err(|failure| Failure::new(format!("{NAME}, seed {seed}, cut {round}: {failure}")))?;
            println!("{NAME}, seed {seed}, cut {round}: {} orders acknowledged", siege.orders());
        }
        siege.database.check_files()?;
        siege.misses_one()?;
        Ok(siege.orders())
    })
}

/// The control: who does not have the disk flush loses what was answered, and it is missed.
#[test]
fn orders_that_wait_for_no_disk_are_lost_with_the_power() -> Result<()> {
    let Some(disk) = made(Disk::new("power_control", SIZE)?, VARIABLE)? else { return Ok(()) };
    let scratch = Scratch::furnished_on(disk, "power_careless", &settings(&format!("{LOG}\nfsync = off")))?;
    let mut siege = Siege::open(scratch, 0)?;
    // Of what comes from here on the server has nothing flushed.
    siege.database.connect()?.run("CHECKPOINT")?;
    siege.scratch.disk()?.flush()?;
    siege.during(|scratch, _| scratch.cut_power())?;
    let all = siege.orders();
    let (lost, all) = match siege.scratch.resume().and_then(|()| siege.lost()) {
        Ok(counted) => counted,
        // The kernel may have written some pages of its own accord, and others not: the server does not start, or does
        // not find its own tables.
        Err(failure) => {
            println!("control of the power cuts: all {all} acknowledged orders lost: {failure}");
            return Ok(());
        }
    };
    println!("control of the power cuts: {lost} of {all} acknowledged orders lost");
    assert!(lost > 0, "no order is lost: the cuts prove nothing");
    assert!(siege.check().is_err(), "{lost} orders are not missed");
    Ok(())
}
