//! Commands that a backend runs and waits for, without getting deaf to what the server tells it meanwhile.

use std::ffi::OsStr;
use std::io::{Error, Read, Result};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use pgrx::pg_sys;
use zeroize::Zeroizing;

/// Opens a file without waiting, also one that is a pipe.
pub const NONBLOCK: i32 = libc::O_NONBLOCK;

/// How long to sleep, in milliseconds, before a look at whether the command has ended.
const PAUSE: std::ffi::c_long = 20;

/// A command with all the processes that it has started; they end when it goes.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        // A zombie would stay otherwise; that there is none any more is no loss.
        let _ = self.0.wait();
    }
}

impl Group {
    /// Ends every process of the group, whatever signals they ignore.
    fn kill(&self) {
        // SAFETY: a system call without pointers. The group is the command's own: see `output`.
        unsafe { libc::kill(-(self.0.id() as libc::pid_t), libc::SIGKILL) };
    }

    /// Sleeps until there is output, the server wants something or a while is over; raises what the server wants.
    fn pause(&self, output: Option<&ChildStdout>) -> bool {
        let common = pg_sys::WL_LATCH_SET | pg_sys::WL_TIMEOUT | pg_sys::WL_EXIT_ON_PM_DEATH;
        let events = if output.is_some() { common | pg_sys::WL_SOCKET_READABLE } else { common };
        let output = output.map_or(pg_sys::PGINVALID_SOCKET, AsRawFd::as_raw_fd);
        // SAFETY: the latch is this process's own, and the descriptor is open as long as its owner.
        let (came, ends) = unsafe {
            let came =
                pg_sys::WaitLatchOrSocket(pg_sys::MyLatch, events as i32, output, PAUSE, pg_sys::PG_WAIT_EXTENSION);
            pg_sys::ResetLatch(pg_sys::MyLatch);
            (came, pg_sys::ProcDiePending != 0)
        };
        if ends {
            // Nothing is unwound at the end of a backend: nobody would drop the group.
            self.kill();
        }
        pgrx::check_for_interrupts!();
        came & pg_sys::WL_SOCKET_READABLE as i32 != 0
    }
}

/// Runs a command of the shell and waits for it to end. Gives its status and what it has printed, at most so many
/// bytes, in memory that never moves. A cancel, a timeout and the end of the session end the command too.
pub fn output(command: &OsStr, most: usize) -> Result<(ExitStatus, Zeroizing<Vec<u8>>)> {
    let mut shell = Command::new("/bin/sh");
    // A group of its own: what cancels the statement is told to us alone, and we reach all of them.
    shell.arg("-c").arg(command).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut group = Group(shell.spawn()?);
    let mut output = group.0.stdout.take();
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 1));
    let mut buffer = Zeroizing::new([0; 4096]);
    loop {
        // Asked before the look at the output: what is printed before the end is read.
        let status = group.0.try_wait()?;
        let is_readable = group.pause(output.as_ref());
        match output.as_mut().filter(|_| is_readable).map(|output| output.read(&mut buffer[..])) {
            Some(read) => match read? {
                0 => output = None,
                size => bytes.extend_from_slice(&buffer[..size]),
            },
            // Whoever holds the output open after the command has ended, in the background, is not waited for.
            None => {
                if let Some(status) = status {
                    return Ok((status, bytes));
                }
            }
        }
        if bytes.len() > most {
            return Err(Error::other(format!("more than {most} bytes")));
        }
    }
}
