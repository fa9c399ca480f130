//! How functions of aggregates are made known: `sql/analytics/` declares each by the name of its wrapper.

/// The functions that take rows in: alone, into moving frames, and from parallel workers.
macro_rules! transitions {
    ($($name:ident = $function:path;)+) => {
        $(#[pgrx::pg_extern(sql = false)]
        fn $name(call: pgrx::pg_sys::FunctionCallInfo) -> $crate::pg::aggregate::Answered {
            $function($crate::pg::aggregate::Call::of(call))
        })+
    };
}
pub(super) use transitions;

/// The functions that end an aggregate with a ratio, or with a count.
macro_rules! metrics {
    ($kind:ty, $answer:ty, $of:path: $($name:ident = $figure:expr;)+) => {
        $(#[pgrx::pg_extern(sql = false)]
        fn $name(call: pgrx::pg_sys::FunctionCallInfo) -> Option<$answer> {
            $of($crate::pg::aggregate::Call::of(call), ($figure) as fn(&super::state::State<$kind>) -> _)
        })+
    };
}
pub(super) use metrics;
