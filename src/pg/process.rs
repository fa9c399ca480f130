//! Commands that a backend runs and waits for, without getting deaf to what the server tells it meanwhile.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::{Error, ErrorKind, Read, Result};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use pgrx::pg_sys;
use zeroize::Zeroizing;

use super::worker;

/// Opens a file without waiting, also one that is a pipe.
pub const NONBLOCK: i32 = libc::O_NONBLOCK;

/// How long to sleep, in milliseconds, before a look at whether the command has ended.
const PAUSE: std::ffi::c_long = 20;

thread_local! {
    /// The group of processes of the command that this session waits for.
    static RUNNING: Cell<Option<libc::pid_t>> = const { Cell::new(None) };
    /// Whether the end of this process ends it.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Ends every process of the group, whatever signals they ignore.
fn end_running() {
    if let Some(group) = RUNNING.take() {
        // SAFETY: a system call without pointers. The group is the command's own: see `Group::start`.
        unsafe { libc::kill(-group, libc::SIGKILL) };
    }
}

/// A command with all the processes that it has started; they end when it goes.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        end_running();
        // A zombie would stay otherwise; that there is none any more is no loss.
        let _ = self.0.wait();
    }
}

impl Group {
    /// Starts a command of the shell, in a group of its own: what cancels the statement is told to us alone, and we
    /// reach all of them.
    fn start(command: &OsStr) -> Result<Group> {
        if !GUARDED.replace(true) {
            // At the end of a backend nothing is unwound: nobody would drop the group.
            worker::on_exit(end_running);
        }
        let mut shell = Command::new("/bin/sh");
        shell.arg("-c").arg(command).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        let child = shell.spawn()?;
        RUNNING.set(Some(child.id() as libc::pid_t));
        Ok(Group(child))
    }
}

/// Sleeps until there is output, the server wants something or a while is over; raises what the server wants.
fn pause(output: Option<&ChildStdout>) {
    let common = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
    let events = if output.is_some() { common | pg_sys::WL_SOCKET_READABLE } else { common };
    let output = output.map_or(pg_sys::PGINVALID_SOCKET, AsRawFd::as_raw_fd);
    // SAFETY: the latch is this process's own, and the descriptor is open as long as its owner.
    unsafe {
        pg_sys::WaitLatchOrSocket(pg_sys::MyLatch, events as i32, output, PAUSE, pg_sys::PG_WAIT_EXTENSION);
        pg_sys::ResetLatch(pg_sys::MyLatch);
    }
    pgrx::check_for_interrupts!();
}

/// Has reads return what is there instead of waiting for more.
fn never_wait(output: &ChildStdout) -> Result<()> {
    // SAFETY: a system call without pointers, on a descriptor that is open.
    match unsafe { libc::fcntl(output.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) } {
        -1 => Err(Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Reads what is there. False at the end, when nobody can print any more.
fn read(output: &mut ChildStdout, bytes: &mut Vec<u8>, most: usize) -> Result<bool> {
    let mut buffer = Zeroizing::new([0; 4096]);
    loop {
        match output.read(&mut buffer[..]) {
            Ok(0) => return Ok(false),
            Ok(size) if bytes.len() + size > most => return Err(Error::other(format!("more than {most} bytes"))),
            Ok(size) => bytes.extend_from_slice(&buffer[..size]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Runs a command of the shell and waits for it to end. Gives its status and what it has printed, at most so many
/// bytes, in memory that never moves. A cancel, a timeout and the end of the session end the command too.
pub fn output(command: &OsStr, most: usize) -> Result<(ExitStatus, Zeroizing<Vec<u8>>)> {
    let mut group = Group::start(command)?;
    let mut output = group.0.stdout.take();
    output.as_ref().map_or(Ok(()), never_wait)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most));
    loop {
        pause(output.as_ref());
        // Asked before the output is read: what has been printed before the end is there then.
        let status = group.0.try_wait()?;
        let more = output.as_mut().map_or(Ok(false), |output| read(output, &mut bytes, most))?;
        // Whoever holds the output open after the command has ended, in the background, is not waited for.
        if let Some(status) = status {
            return Ok((status, bytes));
        }
        if !more {
            output = None;
        }
    }
}
