//! Tasks: registered procedures that the platform runs itself.

mod in_session;
