//! Faults under load through every door: what was acknowledged stands, and a control that must lose does.

mod disk;
mod kills;
mod power;
