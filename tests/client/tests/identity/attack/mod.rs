//! One user attacks another, as a trader, as a trader who pretends to be a gateway, through a gateway that acts for the
//! attacker, and as a viewer: through every routine, table, view, error, unique key, plan and name. He learns nothing
//! of the other and changes nothing.

mod borrowed;
mod calls;
mod planner;
mod plans;
mod probes;
mod reading;
mod shadow;
