//! The ends of types, as literals.

const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "'NaN'",
    "'Infinity'",
    "'-Infinity'",
    "1e-9",
    "0.00000001",
    "-0.00000001",
    "999999999999.99999999",
    "1e12",
    "1e20",
    "1e1000",
    "1e131071",
    "1e-16383",
    "0.123456789012345678",
];
const TEXTS: &[&str] = &[
    "''",
    "' '",
    "repeat('x', 100000)",
    "E'a\\nb\\tc'",
    "'%'",
    "E'\\\\'",
    "''''",
    "'🏦'",
    "U&'\\202Eabc\\FEFF'",
    "U&'\\FFFF'",
    "repeat('e' || chr(769), 500)",
    "'İ'",
    "repeat('(', 5000)",
    "'NaN'",
    "'-1'",
    "'null'",
    "'1e400'",
    "'../../etc/passwd'",
    "'{\"a\": 1}'",
    "'60 24 32 13 8'",
    "'*/0 * * * *'",
    "'Nowhere/Land'",
    "'$libdir/x'",
    "repeat('9', 400)",
    "chr(1)",
    "'infinity'",
    "'pg_catalog.now()'",
];
const TIMES: &[&str] = &[
    "'infinity'",
    "'-infinity'",
    "'4714-11-24 00:00:00+00 BC'",
    "'294276-12-31 23:59:59.999999+00'",
    "'epoch'",
    "'2025-03-30 02:30 Europe/Berlin'",
    "now()",
    "'0001-01-01 00:00:00+00'",
    "'9999-12-31 23:59:60+00'",
];
const INTERVALS: &[&str] = &[
    "'0'",
    "'-1 second'",
    "'1 microsecond'",
    "'178000000 years'",
    "'-178000000 years'",
    "'1 month -30 days'",
    "'2147483647 days'",
    "'-1 month'",
    "'1 year'",
];
/// Of every kind, and of none.
const RELATIONS: &[&str] = &[
    "0",
    "4000000000",
    "'pg_class'",
    "'exchange.orders'",
    "'audit.audit_logs'",
    "'exchange.orders_pkey'",
    "'information_schema.tables'",
    "'pg_toast.pg_toast_1255'",
];

/// Values at the ends of a type.
pub fn ends(kind: &str) -> &'static [&'static str] {
    match kind {
        "bigint" => &["0", "-1", "9223372036854775807", "(-9223372036854775808)", "2147483648", "1000000000000"],
        "integer" => &["0", "-1", "2147483647", "(-2147483648)", "100000", "65536"],
        "smallint" => &["0", "-1", "32767", "(-32768)"],
        "numeric" => NUMBERS,
        "double precision" | "real" => {
            &["0", "'-0'", "-1", "'NaN'", "'Infinity'", "'-Infinity'", "1e-9", "1e37", "-1e37", "1e-37"]
        }
        "text" | "character varying" => TEXTS,
        "timestamp with time zone" => TIMES,
        "interval" => INTERVALS,
        "date" => &["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'epoch'", "'1582-10-15'"],
        "time without time zone" => &["'00:00'", "'24:00'", "'23:59:59.999999'"],
        "boolean" => &["true", "false"],
        "uuid" => &["'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"],
        "regclass" => RELATIONS,
        "regprocedure" => &["0", "4000000000", "'now()'", "'bourse.install()'", "'pg_sleep(double precision)'"],
        "inet" => &["'0.0.0.0/0'", "'::1'", "'ffff:ffff::/16'"],
        "bytea" => &["''", "'\\x00'", "'\\xffffffff'", "decode(repeat('ff', 1000), 'hex')", "'\\x0100000000000000'"],
        _ => &["'1'", "NULL"],
    }
}
