//! What is measured beside what.

/// Two queries, and how many times as many rows a second the first should make.
pub struct Case {
    /// What the first says.
    pub what: &'static str,
    /// Ours.
    pub ours: &'static str,
    /// The other one.
    pub theirs: &'static str,
    /// At least so many times as many rows a second.
    pub goal: f64,
}

/// Cases of one kind, with a place on the page.
pub struct Group {
    /// The place.
    pub name: &'static str,
    /// What stands above the table: the queries, ours and the other.
    pub head: [&'static str; 3],
    /// The cases.
    pub cases: &'static [Case],
    /// Whether they go through a tenth of the rows.
    pub is_few: bool,
}

const BUILT_IN: &str = "SELECT avg(r), stddev_samp(r) FROM returns";
const SORTED: &str = "SELECT array_agg(r ORDER BY t) FROM returns";
const BUILT_IN_WINDOW: &str =
    "SELECT avg(r) OVER w / nullif(stddev_samp(r) OVER w, 0) FROM few WINDOW w AS (ORDER BY t ROWS 125 PRECEDING)";

const fn order_free(what: &'static str, ours: &'static str) -> Case {
    Case { what, ours, theirs: BUILT_IN, goal: 0.5 }
}

const fn ordered(what: &'static str, ours: &'static str) -> Case {
    // No more than 1.3 times as long.
    Case { what, ours, theirs: SORTED, goal: 0.77 }
}

/// All that is measured inside the server.
pub const GROUPS: [Group; 5] = [
    Group {
        name: "order_free",
        head: ["rows per second", "metric", "avg, stddev_samp"],
        cases: &[
            order_free("volatility", "SELECT analytics.volatility(r) FROM returns"),
            order_free("sharpe_ratio", "SELECT analytics.sharpe_ratio(r, 252, 0.02) FROM returns"),
            order_free("sortino_ratio", "SELECT analytics.sortino_ratio(r, 252, 0.02) FROM returns"),
            order_free("omega_ratio", "SELECT analytics.omega_ratio(r) FROM returns"),
            order_free("kurtosis", "SELECT analytics.kurtosis(r) FROM returns"),
            order_free("kelly_criterion", "SELECT analytics.kelly_criterion(r) FROM returns"),
            order_free("value_at_risk, normal", "SELECT analytics.value_at_risk(r) FROM returns"),
            order_free(
                "value_at_risk, historical",
                "SELECT analytics.value_at_risk(r, 0.95, 'historical') FROM returns",
            ),
            order_free("tail_ratio", "SELECT analytics.tail_ratio(r) FROM returns"),
        ],
        is_few: false,
    },
    Group {
        name: "plpgsql",
        head: ["rows per second", "metric", "in PL/pgSQL"],
        cases: &[Case {
            what: "sharpe_ratio",
            ours: "SELECT analytics.sharpe_ratio(r) FROM returns",
            theirs: "SELECT plpgsql_sharpe_ratio(r) FROM returns",
            goal: 10.0,
        }],
        is_few: false,
    },
    Group {
        name: "ordered",
        head: ["rows per second", "metric", "array_agg"],
        cases: &[
            ordered("total_return", "SELECT analytics.total_return(r ORDER BY t) FROM returns"),
            ordered("max_drawdown", "SELECT analytics.max_drawdown(r ORDER BY t) FROM returns"),
            ordered("calmar_ratio", "SELECT analytics.calmar_ratio(r ORDER BY t) FROM returns"),
            ordered("ulcer_index", "SELECT analytics.ulcer_index(r ORDER BY t) FROM returns"),
            ordered("longest_losing_streak", "SELECT analytics.longest_losing_streak(r ORDER BY t) FROM returns"),
        ],
        is_few: false,
    },
    Group {
        name: "windows",
        head: ["rows per second", "frame of 126", "avg/stddev_samp"],
        cases: &[
            Case {
                what: "sharpe_ratio",
                ours: "SELECT analytics.sharpe_ratio(r) OVER (ORDER BY t ROWS 125 PRECEDING) FROM few",
                theirs: BUILT_IN_WINDOW,
                goal: 15.0,
            },
            Case {
                what: "max_drawdown",
                ours: "SELECT analytics.max_drawdown(r) OVER (ORDER BY t ROWS 125 PRECEDING) FROM few",
                theirs: BUILT_IN_WINDOW,
                goal: 15.0,
            },
        ],
        is_few: true,
    },
    Group {
        name: "flat",
        head: ["rows per second", "frame of 10,000", "frame of 10"],
        cases: &[
            Case {
                what: "sharpe_ratio",
                ours: "SELECT analytics.sharpe_ratio(r) OVER (ORDER BY t ROWS 9999 PRECEDING) FROM few",
                theirs: "SELECT analytics.sharpe_ratio(r) OVER (ORDER BY t ROWS 9 PRECEDING) FROM few",
                goal: 0.7,
            },
            Case {
                what: "max_drawdown",
                ours: "SELECT analytics.max_drawdown(r) OVER (ORDER BY t ROWS 9999 PRECEDING) FROM few",
                theirs: "SELECT analytics.max_drawdown(r) OVER (ORDER BY t ROWS 9 PRECEDING) FROM few",
                goal: 0.7,
            },
        ],
        is_few: true,
    },
];

/// All figures in one pass, beside quantstats.
pub const ALL: &str = "SELECT analytics.return_statistics(r, t) FROM returns";
/// How many times as many rows a second.
pub const ALL_GOAL: f64 = 5.0;
