//! Random bytes that nobody can guess.

use std::cell::RefCell;

use pgrx::pg_sys;

/// The operating system gives no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRandomness;

/// So many bytes are asked for at once: to ask costs more than the bytes do.
const STOCK: usize = 256;

thread_local! {
    /// What is left of the last ones: of the array so many.
    static LEFT: RefCell<([u8; STOCK], usize)> = const { RefCell::new(([0; STOCK], 0)) };
}

/// Random bytes of the server's own strong source.
pub fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

/// A few random bytes of the same source, out of a stock: for what is drawn again and again. A server process is forked
/// before it draws its first ones, and each of them is given once and forgotten.
pub fn few_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    const { assert!(N <= STOCK) };
    LEFT.with_borrow_mut(|(stock, left)| {
        if *left < N {
            fill(stock)?;
            *left = STOCK;
        }
        let given = &mut stock[*left - N..*left];
        let mut bytes = [0; N];
        bytes.swap_with_slice(given);
        *left -= N;
        Ok(bytes)
    })
}

fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    // SAFETY: the function writes as many bytes as the slice has.
    let is_filled = unsafe { pg_sys::pg_strong_random(bytes.as_mut_ptr().cast(), bytes.len()) };
    if is_filled { Ok(()) } else { Err(NoRandomness) }
}
