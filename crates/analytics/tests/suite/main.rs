//! Worked examples, series of every awkward kind, and random ones against what the definitions say word for word.

mod definitions;
mod equity;
mod frames;
mod parts;
mod series;
mod trades;
