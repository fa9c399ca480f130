//! Random bytes that nobody can guess.

use pgrx::pg_sys;

/// The operating system gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

/// Random bytes of the server's own strong source.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    // SAFETY: the function writes N bytes, which the array has.
    let filled = unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), N) };
    if filled { Ok(bytes) } else { Err(NoRandomness) }
}
