//! Expressions against a table of the changes of the clock, and against a model that looks at every minute.

mod clock;
mod dst;
mod model;
mod random;
mod refusals;
