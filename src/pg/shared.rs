//! A value in shared memory behind one lock, for every process of the server.

use std::ops::DerefMut;

use pgrx::lwlock::PgLwLock;
use pgrx::shmem::{AssertPGRXSharedMemory, PgSharedMemoryInitialization};

/// A value that all processes share. It is there only when the server has preloaded the library, and empty again
/// after every restart and crash: the truth stands in tables.
pub struct Shared<T: Copy + 'static>(PgLwLock<AssertPGRXSharedMemory<T>>);

impl<T: Copy + 'static> Shared<T> {
    /// A value under this name, which nothing else may use. `T` holds no reference and no pointer but those that
    /// mean the same in every process ([`super::latch::Latch`]).
    pub const fn new(name: &'static std::ffi::CStr) -> Shared<T> {
        // SAFETY: one static per name.
        Shared(unsafe { PgLwLock::new(name) })
    }

    /// Works on the value alone. What runs here must be short and must not raise.
    pub fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let mut guard = self.0.exclusive();
        work(guard.deref_mut())
    }
}

/// Wraps a first value for `pg_shmem_init!`.
pub fn first<T: Copy + 'static>(value: T) -> AssertPGRXSharedMemory<T> {
    // SAFETY: a Copy value without references owns nothing that belongs to one process.
    unsafe { AssertPGRXSharedMemory::new(value) }
}

impl<T: Copy + 'static> PgSharedMemoryInitialization for Shared<T> {
    type Value = AssertPGRXSharedMemory<T>;

    // SAFETY: as the trait asks; passed on as it came.
    unsafe fn on_shmem_request(&'static self) {
        // SAFETY: the caller is the server's request hook.
        unsafe { self.0.on_shmem_request() }
    }

    // SAFETY: as the trait asks; passed on as it came.
    unsafe fn on_shmem_startup(&'static self, value: Self::Value) {
        // SAFETY: the caller is the server's startup hook.
        unsafe { self.0.on_shmem_startup(value) }
    }
}

/// Text of a fixed size. What does not fit is cut off at a character: only messages can be that long.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Text<const N: usize> {
    length: u16,
    bytes: [u8; N],
}

impl<const N: usize> Text<N> {
    /// The text, as far as it fits.
    pub fn new(text: &str) -> Text<N> {
        let length = text.floor_char_boundary(N.min(text.len()));
        let mut bytes = [0; N];
        bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        Text { length: length as u16, bytes }
    }

    /// What was put in.
    pub fn read(&self) -> String {
        String::from_utf8_lossy(&self.bytes[..usize::from(self.length)]).into_owned()
    }
}
