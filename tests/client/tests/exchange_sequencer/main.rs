//! The sequencer, on servers that have preloaded the library.

mod chores;
mod databases;
mod death;
mod load;
mod races;
mod restore;
mod setbacks;
mod submissions;
mod sweeps;
mod waiting;
