//! Rows that are kept until all have come, as many as there is room for.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicUsize, Ordering};

/// All series of a process take up to so many bytes: who groups rows has many of them. A value of PostgreSQL holds 1 GB,
/// so that a worker can hand on what it has.
pub const MOST_BYTES: usize = 1000 << 20;

static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// Why there is no room for one row more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// [`MOST_BYTES`] are taken.
    Bound,
    /// The machine has no more memory.
    Memory,
}

/// Bytes of [`MOST_BYTES`] that somebody has taken.
#[derive(Debug, Default)]
pub struct Room(usize);

impl Room {
    /// Takes so many, instead of those that it has.
    pub fn resize(&mut self, bytes: usize) -> Result<(), Full> {
        if bytes > self.0 {
            let more = bytes - self.0;
            let fits = |taken: usize| taken.checked_add(more).filter(|taken| *taken <= MOST_BYTES);
            TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).map_err(|_| Full::Bound)?;
        } else {
            TAKEN.fetch_sub(self.0 - bytes, Ordering::Relaxed);
        }
        self.0 = bytes;
        Ok(())
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Ordering::Relaxed);
    }
}

/// Rows in the order in which they came. One for which there is no room is refused: a process that is out of memory
/// would end, and a server with it.
#[derive(Debug)]
pub struct Series<T> {
    rows: Vec<T>,
    room: Room,
}

impl<T> Default for Series<T> {
    fn default() -> Series<T> {
        Series { rows: Vec::new(), room: Room::default() }
    }
}

impl<T> Series<T> {
    /// One row more.
    #[inline]
    pub fn push(&mut self, row: T) -> Result<(), Full> {
        self.reserve(1)?;
        self.rows.push(row);
        Ok(())
    }

    /// One row more, in the midst of the others.
    pub fn insert(&mut self, at: usize, row: T) -> Result<(), Full> {
        self.reserve(1)?;
        self.rows.insert(at, row);
        Ok(())
    }

    /// Makes room for so many more.
    #[inline]
    pub fn reserve(&mut self, more: usize) -> Result<(), Full> {
        if more <= self.rows.capacity() - self.rows.len() { Ok(()) } else { self.grow(more) }
    }

    #[cold]
    fn grow(&mut self, more: usize) -> Result<(), Full> {
        // By a part of what is there, so that a row is moved a few times at most: by all of it, or less where that is too
        // much.
        let count = self.rows.len();
        let least = count.saturating_add(more).max(4);
        self.grow_to(least.max(2 * count)).or_else(|_| self.grow_to(least.max(count + count / 4)))
    }

    fn grow_to(&mut self, count: usize) -> Result<(), Full> {
        let before = self.room.0;
        self.room.resize(count.saturating_mul(size_of::<T>()))?;
        self.rows.try_reserve_exact(count - self.rows.len()).map_err(|_| {
            // Fewer always fit.
            let _ = self.room.resize(before);
            Full::Memory
        })
    }

    /// The last one leaves.
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.rows.pop()
    }

    /// One leaves from the midst of the others.
    pub fn remove(&mut self, at: usize) -> T {
        self.rows.remove(at)
    }

    /// All leave.
    pub fn drain(&mut self) -> impl DoubleEndedIterator<Item = T> + ExactSizeIterator + '_ {
        self.rows.drain(..)
    }

    /// Puts rows in the order of their keys; of equal ones that in which they came.
    pub fn sort_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) -> Result<(), Full> {
        if self.rows.is_sorted_by_key(&key) {
            return Ok(());
        }
        // What the sort takes for as long as it lasts; where that can be had now it can a moment later.
        let mut scratch = Series::<T>::default();
        scratch.grow_to(self.rows.len())?;
        drop(scratch);
        self.rows.sort_by_key(key);
        Ok(())
    }
}

impl<T: Copy> Series<T> {
    /// Those of another one follow.
    pub fn extend(&mut self, others: &[T]) -> Result<(), Full> {
        self.reserve(others.len())?;
        self.rows.extend_from_slice(others);
        Ok(())
    }
}

impl<T> Deref for Series<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}

impl<T> DerefMut for Series<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.rows
    }
}
