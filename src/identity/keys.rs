//! Where the vault's keys come from: a file outside the data directory, or a command. Never a table, never a
//! setting that holds a key, and never a key that nobody has given.

use std::cell::RefCell;
use std::ffi::{CString, OsStr};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::rc::Rc;

use pgrx::PgSqlErrorCode;
use vault::ring::KeyRing;
use zeroize::Zeroizing;

use super::settings;
use crate::error::{Answer, Failure};
use crate::pg::{process, session};

/// More than any list of keys needs.
const MAX_BYTES: u64 = 64 * 1024;

const NO_KEY: &str = "Name the keys with bourse.vault_key_file or bourse.vault_key_command in postgresql.conf, \
                      put pg_bourse into shared_preload_libraries and restart the server.";
const FORMAT: &str = "One Fernet key a line, the newest first; a key is 32 random bytes in base64 with the URL alphabet: \
                      head -c 32 /dev/urandom | base64 | tr '+/' '-_'";

thread_local! {
    /// The keys of this backend, and when the configuration that they belong to was loaded.
    static KEYS: RefCell<Option<(i64, Rc<KeyRing>)>> = const { RefCell::new(None) };
}

/// The keys. Read at the first use in a session and again after each reload of the configuration.
pub fn ring() -> Answer<Rc<KeyRing>> {
    let loaded = session::configuration_loaded_at();
    let known = KEYS.with_borrow(|keys| keys.as_ref().filter(|(at, _)| *at == loaded).map(|(_, ring)| Rc::clone(ring)));
    if let Some(ring) = known {
        return Ok(ring);
    }
    // What was known must not outlive a failure to read what has come.
    KEYS.set(None);
    let ring = Rc::new(read()?);
    KEYS.set(Some((loaded, Rc::clone(&ring))));
    Ok(ring)
}

fn failure(message: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::new(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message, hint)
}

fn read() -> Answer<KeyRing> {
    let (text, source) = match (settings::key_file(), settings::key_command()) {
        (None, None) => return Err(failure("the vault has no key", NO_KEY)),
        (Some(_), Some(_)) => {
            return Err(failure(
                "bourse.vault_key_file and bourse.vault_key_command are both set",
                "Set one of them and restart the server.",
            ));
        }
        (Some(file), None) => {
            (of_file(Path::new(OsStr::from_bytes(file.as_bytes())))?, "the file of bourse.vault_key_file")
        }
        (None, Some(command)) => (of_command(&command)?, "the output of bourse.vault_key_command"),
    };
    let text = str::from_utf8(&text).map_err(|_| failure(format!("{source} is no text"), FORMAT))?;
    KeyRing::parse(text).map_err(|error| failure(format!("{source} {error}"), FORMAT))
}

/// The path is not told: only superusers see the setting.
fn of_file(path: &Path) -> Answer<Zeroizing<Vec<u8>>> {
    let unreadable = |error: std::io::Error| {
        failure(
            format!("the file of bourse.vault_key_file cannot be read: {error}"),
            "The user that runs the server must be able to read it.",
        )
    };
    if !path.is_absolute() {
        return Err(failure("bourse.vault_key_file is no absolute path", "Name the file from the root: /etc/…"));
    }
    let data = session::data_directory();
    let data = data.canonicalize().unwrap_or(data);
    // Opened by the name that has been looked at, so that no link leads back inside.
    let path = path.canonicalize().map_err(unreadable)?;
    if path.starts_with(&data) {
        return Err(failure(
            "bourse.vault_key_file stands inside the data directory",
            "Keep the keys where no backup of the data takes them along, for example below /etc.",
        ));
    }
    // A pipe that nobody writes to must not hold us: looked at after it is open, so that nobody changes it between.
    let mut file = OpenOptions::new().read(true).custom_flags(process::NONBLOCK).open(&path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(failure("bourse.vault_key_file names no regular file", "Name the file that holds the keys."));
    }
    let server = data.metadata().map_err(unreadable)?.uid();
    check_access(about.uid(), about.mode(), server)?;
    all_of(&mut file).map_err(unreadable)
}

/// The rule that PostgreSQL has for its SSL keys: the server's own file is nobody else's, root's may be read by
/// a group.
fn check_access(owner: u32, mode: u32, server: u32) -> Answer<()> {
    let (is_owned, excess) = match owner {
        owner if owner == server => (true, 0o077),
        0 => (true, 0o037),
        _ => (false, 0),
    };
    if is_owned && mode & excess == 0 {
        return Ok(());
    }
    let message = if is_owned {
        format!("the file of bourse.vault_key_file has mode {:04o}: others can get at it", mode & 0o7777)
    } else {
        "the file of bourse.vault_key_file belongs neither to the server's user nor to root".to_owned()
    };
    Err(failure(message, "chmod 0600 when the server's user owns it, 0640 when root does."))
}

/// Waits for the command to end, or for the end of the statement. What it says on its standard error goes to the
/// server's log.
fn of_command(command: &CString) -> Answer<Zeroizing<Vec<u8>>> {
    let failed = |what: String| {
        failure(
            format!("bourse.vault_key_command failed: {what}"),
            "The server's log has what it said; it must print the keys and end with status 0.",
        )
    };
    let (status, output) = process::output(OsStr::from_bytes(command.as_bytes()), MAX_BYTES as usize)
        .map_err(|error| failed(error.to_string()))?;
    if !status.success() {
        return Err(failed(status.to_string()));
    }
    Ok(output)
}

/// Reads into memory that never moves, so that all of it is wiped.
fn all_of(source: &mut impl Read) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
    source.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(std::io::Error::other(format!("more than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::*;
    use pgrx::prelude::*;

    #[pg_test]
    fn access_to_the_key_file_is_that_of_ssl_keys() {
        let (server, other) = (26, 1000);
        for (owner, mode, is_good) in [
            (server, 0o100600, true),
            (server, 0o100400, true),
            (server, 0o100640, false),
            (server, 0o100604, false),
            (0, 0o100640, true),
            (0, 0o100600, true),
            (0, 0o100660, false),
            (0, 0o100644, false),
            (other, 0o100600, false),
        ] {
            assert_eq!(check_access(owner, mode, server).is_ok(), is_good, "{owner} {mode:o}");
        }
    }
}
