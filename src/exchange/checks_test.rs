//! The list of CHECK constraints against the catalog, and each of them against a row that violates it.

#[pgrx::pg_schema]
mod tests {
    use money::Money;
    use std::collections::BTreeSet;

    use pgrx::prelude::*;

    use crate::exchange::columns::{amendments, assets, attempts, commands, markets, orders, trades};
    use crate::exchange::tables::{self, WRITTEN};
    use crate::pg::check::Proposed;
    use crate::pg::definition::Definition;
    use crate::pg::value::{Timestamp, Value};

    type Changes = &'static [(usize, Value<'static>)];

    const fn money(n: i64) -> Value<'static> {
        Value::Money(Money::whole(n))
    }

    const fn text(text: &str) -> Value<'_> {
        Value::Text(text)
    }

    const NOW: Value<'static> = Value::Time(Timestamp(1));

    /// A row that holds every check of its table: what stands in its columns, all others being NULL.
    const ROWS: &[(&Definition, Changes)] = &[
        (&tables::ORDERS, ORDER),
        (&tables::MARKETS, MARKET),
        (&tables::ASSETS, &[(assets::SYMBOL, text("USD")), (assets::AMOUNT, money(1)), (assets::LOCKED, money(1))]),
        (&tables::TRADES, TRADE),
        (
            &tables::ORDER_AMENDMENTS,
            &[(amendments::START_SEQUENCE, Value::Int(1)), (amendments::END_SEQUENCE, Value::Int(1))],
        ),
        (&tables::ORDER_COMMANDS, &[(commands::ACTION, text("new"))]),
        (
            &tables::COMMAND_ATTEMPTS,
            &[
                (attempts::FIRST_ID, Value::Int(1)),
                (attempts::LAST_ID, Value::Int(1)),
                (attempts::TRIES, Value::Int(1)),
            ],
        ),
    ];

    /// A stop with a limit that was triggered and filled.
    const ORDER: Changes = &[
        (orders::SIDE, text("buy")),
        (orders::PRICE, money(10)),
        (orders::AMOUNT, money(2)),
        (orders::FILLED, money(2)),
        (orders::STATUS, text("filled")),
        (orders::ORDER_TYPE, text("stop_limit")),
        (orders::TIME_IN_FORCE, text("gtc")),
        (orders::CLIENT_ORDER_ID, text("a")),
        (orders::SELF_TRADE, text("none")),
        (orders::RESERVED, money(0)),
        (orders::STOP_PRICE, money(9)),
        (orders::DISPLAY_AMOUNT, money(1)),
        (orders::VISIBLE_AMOUNT, money(0)),
        (orders::ACCEPTED_STATUS, text("pending")),
        (orders::TRIGGERED_AT, NOW),
        (orders::ENDED_AT, NOW),
        (orders::TRADED_UNTIL, NOW),
    ];

    const MARKET: Changes = &[
        (markets::SYMBOL, text("BTC/USD")),
        (markets::BASE, text("BTC")),
        (markets::QUOTE, text("USD")),
        (markets::TICK, money(1)),
        (markets::LOT, money(1)),
        (markets::MIN_AMOUNT, money(1)),
        (markets::MAX_AMOUNT, money(1)),
        (markets::MAKER_RATE, money(0)),
        (markets::TAKER_RATE, money(1)),
        (markets::STATUS, text("open")),
        (markets::LAST_PRIORITY, Value::Int(0)),
        (markets::LAST_SEQUENCE, Value::Int(1)),
        (markets::STOPS_SEQUENCE, Value::Int(0)),
        (markets::SWEPT_SEQUENCE, Value::Int(1)),
        (markets::PRICE_BAND, Value::Money(Money::known_to_fit(1))),
        (markets::BAND_ACTION, text("halt")),
        (markets::DOOR, text("any")),
        (markets::CALENDAR, text("XNYS")),
    ];

    const TRADE: Changes = &[
        (trades::BUY_ORDER_ID, Value::Int(1)),
        (trades::SELL_ORDER_ID, Value::Int(2)),
        (trades::SEQUENCE, Value::Int(1)),
        (trades::PRICE, money(1)),
        (trades::AMOUNT, money(1)),
        (trades::BUYER_COMMISSION, money(3)),
        (trades::SELLER_COMMISSION, money(-1)),
        (trades::COMMISSION, money(2)),
        (trades::TAKER_SIDE, text("sell")),
    ];

    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123456789";

    /// What violates each check, put into the row of its table.
    const VIOLATIONS: &[(&str, Changes)] = &[
        ("orders_accepted_status_check", &[(orders::ACCEPTED_STATUS, text("done"))]),
        ("orders_amount_check", &[(orders::AMOUNT, money(0))]),
        ("orders_cancel_reason_check", &[(orders::CANCEL_REASON, text("user"))]),
        ("orders_cancel_reason_check", &[(orders::STATUS, text("cancelled"))]),
        ("orders_client_order_id_check", &[(orders::CLIENT_ORDER_ID, text(""))]),
        ("orders_client_order_id_check", &[(orders::CLIENT_ORDER_ID, text(LONG))]),
        ("orders_display_amount_check", &[(orders::DISPLAY_AMOUNT, money(0))]),
        ("orders_ended_at_check", &[(orders::ENDED_AT, Value::Null)]),
        ("orders_ended_at_check", &[(orders::STATUS, text("open"))]),
        ("orders_filled_amount_check", &[(orders::FILLED, money(3))]),
        ("orders_filled_amount_check", &[(orders::FILLED, money(-1))]),
        ("orders_filled_amount_check", &[(orders::AMOUNT, Value::Null)]),
        ("orders_has_amount_check", &[(orders::AMOUNT, Value::Null)]),
        ("orders_has_price_check", &[(orders::PRICE, Value::Null)]),
        ("orders_has_price_check", &[(orders::ORDER_TYPE, text("stop"))]),
        ("orders_has_stop_price_check", &[(orders::STOP_PRICE, Value::Null)]),
        ("orders_has_stop_price_check", &[(orders::ORDER_TYPE, text("limit"))]),
        ("orders_order_type_check", &[(orders::ORDER_TYPE, text("LIMIT"))]),
        ("orders_pending_check", &[(orders::STATUS, text("pending")), (orders::STOP_PRICE, Value::Null)]),
        ("orders_price_check", &[(orders::PRICE, money(0))]),
        ("orders_quote_amount_check", &[(orders::QUOTE_AMOUNT, money(-1))]),
        ("orders_reserved_check", &[(orders::RESERVED, Value::Money(Money::known_to_fit(-1)))]),
        ("orders_self_trade_prevention_check", &[(orders::SELF_TRADE, text(""))]),
        ("orders_side_check", &[(orders::SIDE, text("up"))]),
        ("orders_status_amount_check", &[(orders::FILLED, money(1))]),
        ("orders_status_amount_check", &[(orders::STATUS, text("open"))]),
        ("orders_status_check", &[(orders::STATUS, text("done"))]),
        ("orders_stop_price_check", &[(orders::STOP_PRICE, money(0))]),
        ("orders_time_in_force_check", &[(orders::TIME_IN_FORCE, text("day"))]),
        ("orders_traded_until_check", &[(orders::TRADED_UNTIL, Value::Null)]),
        ("orders_traded_until_check", &[(orders::FILLED, money(0))]),
        ("orders_triggered_at_check", &[(orders::STOP_PRICE, Value::Null)]),
        ("orders_triggered_at_check", &[(orders::STATUS, text("pending"))]),
        ("orders_visible_amount_check", &[(orders::VISIBLE_AMOUNT, money(3))]),
        ("orders_visible_amount_check", &[(orders::VISIBLE_AMOUNT, money(-1))]),
        ("markets_band_action_check", &[(markets::BAND_ACTION, text("stop"))]),
        ("markets_base_check", &[(markets::BASE, text("btc"))]),
        ("markets_base_quote_check", &[(markets::QUOTE, text("BTC"))]),
        ("markets_door_check", &[(markets::DOOR, text("shut"))]),
        (
            "markets_exact_notional_check",
            &[
                (markets::TICK, Value::Money(Money::known_to_fit(1))),
                (markets::LOT, Value::Money(Money::known_to_fit(1))),
            ],
        ),
        ("markets_exact_notional_check", &[(markets::LOT, money(0))]),
        ("markets_exact_notional_check", &[(markets::TICK, money(1_000_000)), (markets::LOT, money(1_000_000))]),
        ("markets_last_priority_check", &[(markets::LAST_PRIORITY, Value::Int(-1))]),
        ("markets_last_sequence_check", &[(markets::LAST_SEQUENCE, Value::Int(-1))]),
        ("markets_maker_rate_check", &[(markets::MAKER_RATE, money(-1))]),
        ("markets_maker_rate_check", &[(markets::MAKER_RATE, money(2))]),
        ("markets_max_amount_check", &[(markets::MAX_AMOUNT, money(0))]),
        ("markets_max_open_orders_check", &[(markets::MAX_OPEN_ORDERS, Value::Int(0))]),
        ("markets_min_amount_check", &[(markets::MIN_AMOUNT, money(-1))]),
        ("markets_min_max_check", &[(markets::MIN_AMOUNT, money(2))]),
        ("markets_min_notional_check", &[(markets::MIN_NOTIONAL, money(0))]),
        ("markets_price_band_check", &[(markets::PRICE_BAND, money(1))]),
        ("markets_quote_check", &[(markets::QUOTE, text("TOO-LONG-IT-IS"))]),
        ("markets_status_check", &[(markets::STATUS, text("opened"))]),
        ("markets_stops_sequence_check", &[(markets::STOPS_SEQUENCE, Value::Int(1))]),
        ("markets_stops_sequence_check", &[(markets::STOPS_SEQUENCE, Value::Int(-1))]),
        ("markets_swept_sequence_check", &[(markets::SWEPT_SEQUENCE, Value::Int(2))]),
        ("markets_symbol_check", &[(markets::SYMBOL, text("-BTC"))]),
        ("markets_taker_rate_check", &[(markets::TAKER_RATE, money(-1))]),
        ("assets_amount_check", &[(assets::AMOUNT, Value::Money(Money::known_to_fit(-1)))]),
        ("assets_locked_amount_check", &[(assets::LOCKED, Value::Money(Money::known_to_fit(-1)))]),
        ("assets_symbol_check", &[(assets::SYMBOL, text("US/D"))]),
        ("assets_total_check", &[(assets::AMOUNT, money(999_999_999_999))]),
        ("order_amendments_sequence_check", &[(amendments::END_SEQUENCE, Value::Int(0))]),
        ("trades_amount_check", &[(trades::AMOUNT, money(0))]),
        ("trades_commission_check", &[(trades::COMMISSION, money(3))]),
        ("trades_commission_check", &[(trades::COMMISSION, money(-2)), (trades::BUYER_COMMISSION, money(-1))]),
        ("trades_different_orders", &[(trades::BUY_ORDER_ID, Value::Int(2))]),
        ("trades_price_check", &[(trades::PRICE, money(-1))]),
        ("trades_sequence_check", &[(trades::SEQUENCE, Value::Int(0))]),
        ("trades_taker_side_check", &[(trades::TAKER_SIDE, text("both"))]),
        ("command_attempts_check", &[(attempts::FIRST_ID, Value::Int(2))]),
        ("command_attempts_check", &[(attempts::TRIES, Value::Int(0))]),
    ];

    fn row(table: &Definition, with: &[(usize, Value<'static>)]) -> Vec<Value<'static>> {
        let (_, given) = ROWS.iter().find(|(known, _)| known.name == table.name).expect("a row of this table");
        let mut values = vec![Value::Null; table.columns.len()];
        given.iter().chain(with).for_each(|(at, value)| values[*at] = *value);
        values
    }

    #[pg_test]
    fn a_row_that_can_be_holds_every_check() {
        for (table, _) in ROWS {
            let values = row(table, &[]);
            for check in table.checks {
                assert!((check.holds)(&Proposed::new(&values)), "{}", check.name);
            }
        }
    }

    #[pg_test]
    fn each_check_refuses_what_violates_it() {
        let long: &'static str = Box::leak("x".repeat(1001).into_boxed_str());
        let of_texts: [(&str, Vec<(usize, Value<'static>)>); 2] = [
            ("order_commands_size_check", vec![(commands::SIDE, text(long))]),
            ("markets_calendar_size_check", vec![(markets::CALENDAR, text(long))]),
        ];
        let listed = VIOLATIONS.iter().map(|(name, changes)| (*name, changes.to_vec()));
        let mut missed: BTreeSet<&str> =
            WRITTEN.iter().flat_map(|table| table.checks).map(|check| check.name).collect();
        for (name, changes) in listed.chain(of_texts) {
            let found = WRITTEN.iter().find_map(|table| Some((table, table.checks.iter().find(|c| c.name == name)?)));
            let (table, check) = found.unwrap_or_else(|| panic!("no check {name}"));
            let values = row(table, &changes);
            assert!(!(check.holds)(&Proposed::new(&values)), "{name} holds with {changes:?}");
            assert!(changes.iter().any(|(at, _)| check.columns.contains(at)), "{name} does not look at {changes:?}");
            missed.remove(name);
        }
        assert!(missed.is_empty(), "never violated: {missed:?}");
    }

    /// What the catalog has of these tables and the list has not, and the other way round.
    fn differences() -> Vec<String> {
        let mut listed: BTreeSet<String> = BTreeSet::new();
        for table in WRITTEN {
            let name = table.name.to_string_lossy();
            listed.extend(table.checks.iter().map(|check| format!("{name}: {}", check.name)));
        }
        let mut differ = Vec::new();
        for table in WRITTEN {
            let name = table.name.to_string_lossy();
            Spi::connect(|client| {
                let sql = "SELECT conname::text, pg_get_constraintdef(oid) FROM pg_constraint
                           WHERE contype = 'c' AND conrelid = ('exchange.' || $1)::regclass";
                for found in client.select(sql, None, &[name.as_ref().into()]).expect("the catalog") {
                    let text = |at| found.get::<String>(at).expect("a text").expect("that is not NULL");
                    let (constraint, definition) = (text(1), text(2));
                    let entry = format!("{name}: {constraint}");
                    let is_ours = table.checks.iter().any(|check| check.is(&constraint, &definition));
                    if !is_ours || !listed.remove(&entry) {
                        differ.push(entry);
                    }
                }
            });
        }
        differ.extend(listed);
        differ
    }

    #[pg_test]
    fn the_list_is_what_the_catalog_has() {
        Spi::run("SELECT bourse.install()").expect("the tables are made");
        assert_eq!(differences(), Vec::<String>::new());
        for (planted, differs) in [
            ("ADD CONSTRAINT own CHECK (amount < 7)", "orders: own"),
            ("DROP CONSTRAINT orders_reserved_check", "orders: orders_reserved_check"),
            ("ADD CONSTRAINT orders_reserved_check CHECK (reserved > 0)", "orders: orders_reserved_check"),
        ] {
            Spi::run(&format!("ALTER TABLE exchange.orders {planted}")).expect("the table is altered");
            assert!(differences().iter().any(|entry| entry == differs), "{planted}");
            Spi::run("ALTER TABLE exchange.orders DROP CONSTRAINT IF EXISTS own").expect("the table is altered");
        }
        let check = tables::ORDERS
            .checks
            .iter()
            .find(|check| check.name == "orders_reserved_check")
            .expect("a check of this name");
        assert!(check.is(check.name, check.definition) && !check.is("own", check.definition));
        assert!(check.is(check.name, &format!("{} NOT VALID", check.definition)));
    }
}
