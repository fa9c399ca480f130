//! The list of CHECK constraints against the catalog, and each of them against a row that violates it.

#[pgrx::pg_schema]
mod tests {
    use std::collections::BTreeSet;

    use money::Money;
    use pgrx::prelude::*;

    use crate::exchange::fields::{
        assets, command_attempts, markets, order_amendments, order_commands, orders, trades,
    };
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
        (
            &tables::ASSETS,
            &[(assets::at::symbol, text("USD")), (assets::at::amount, money(1)), (assets::at::locked_amount, money(1))],
        ),
        (&tables::TRADES, TRADE),
        (
            &tables::ORDER_AMENDMENTS,
            &[
                (order_amendments::at::start_sequence, Value::Int(1)),
                (order_amendments::at::end_sequence, Value::Int(1)),
            ],
        ),
        (&tables::ORDER_COMMANDS, &[(order_commands::at::action, text("new"))]),
        (
            &tables::COMMAND_ATTEMPTS,
            &[
                (command_attempts::at::first_id, Value::Int(1)),
                (command_attempts::at::last_id, Value::Int(1)),
                (command_attempts::at::tries, Value::Int(1)),
            ],
        ),
    ];

    /// A stop with a limit that was triggered and filled.
    const ORDER: Changes = &[
        (orders::at::side, text("buy")),
        (orders::at::price, money(10)),
        (orders::at::amount, money(2)),
        (orders::at::filled_amount, money(2)),
        (orders::at::status, text("filled")),
        (orders::at::order_type, text("stop_limit")),
        (orders::at::time_in_force, text("gtc")),
        (orders::at::client_order_id, text("a")),
        (orders::at::self_trade_prevention, text("none")),
        (orders::at::reserved, money(0)),
        (orders::at::stop_price, money(9)),
        (orders::at::display_amount, money(1)),
        (orders::at::visible_amount, money(0)),
        (orders::at::accepted_status, text("pending")),
        (orders::at::triggered_at, NOW),
        (orders::at::ended_at, NOW),
        (orders::at::traded_until, NOW),
    ];

    const MARKET: Changes = &[
        (markets::at::symbol, text("BTC/USD")),
        (markets::at::base, text("BTC")),
        (markets::at::quote, text("USD")),
        (markets::at::tick_size, money(1)),
        (markets::at::lot_size, money(1)),
        (markets::at::min_amount, money(1)),
        (markets::at::max_amount, money(1)),
        (markets::at::maker_rate, money(0)),
        (markets::at::taker_rate, money(1)),
        (markets::at::status, text("open")),
        (markets::at::last_priority, Value::Int(0)),
        (markets::at::last_sequence, Value::Int(1)),
        (markets::at::stops_sequence, Value::Int(0)),
        (markets::at::swept_sequence, Value::Int(1)),
        (markets::at::price_band, Value::Money(Money::known_to_fit(1))),
        (markets::at::band_action, text("halt")),
        (markets::at::door, text("any")),
        (markets::at::outside, text("queue")),
        (markets::at::opening, text("auction")),
        (markets::at::calendar, text("XNYS")),
    ];

    const TRADE: Changes = &[
        (trades::at::buy_order_id, Value::Int(1)),
        (trades::at::sell_order_id, Value::Int(2)),
        (trades::at::sequence, Value::Int(1)),
        (trades::at::price, money(1)),
        (trades::at::amount, money(1)),
        (trades::at::buyer_commission, money(3)),
        (trades::at::seller_commission, money(-1)),
        (trades::at::commission, money(2)),
        (trades::at::taker_side, text("sell")),
    ];

    const LONG: &str = "0123456789012345678901234567890123456789012345678901234567890123456789";

    /// What violates each check, put into the row of its table.
    const VIOLATIONS: &[(&str, Changes)] = &[
        ("orders_accepted_status_check", &[(orders::at::accepted_status, text("done"))]),
        ("orders_amount_check", &[(orders::at::amount, money(0))]),
        ("orders_cancel_reason_check", &[(orders::at::cancel_reason, text("user"))]),
        ("orders_cancel_reason_check", &[(orders::at::status, text("cancelled"))]),
        ("orders_client_order_id_check", &[(orders::at::client_order_id, text(""))]),
        ("orders_client_order_id_check", &[(orders::at::client_order_id, text(LONG))]),
        ("orders_display_amount_check", &[(orders::at::display_amount, money(0))]),
        ("orders_ended_at_check", &[(orders::at::ended_at, Value::Null)]),
        ("orders_ended_at_check", &[(orders::at::status, text("open"))]),
        ("orders_filled_amount_check", &[(orders::at::filled_amount, money(3))]),
        ("orders_filled_amount_check", &[(orders::at::filled_amount, money(-1))]),
        ("orders_filled_amount_check", &[(orders::at::amount, Value::Null)]),
        ("orders_has_amount_check", &[(orders::at::amount, Value::Null)]),
        ("orders_has_price_check", &[(orders::at::price, Value::Null)]),
        ("orders_has_price_check", &[(orders::at::order_type, text("stop"))]),
        ("orders_has_stop_price_check", &[(orders::at::stop_price, Value::Null)]),
        ("orders_has_stop_price_check", &[(orders::at::order_type, text("limit"))]),
        ("orders_order_type_check", &[(orders::at::order_type, text("LIMIT"))]),
        ("orders_pending_check", &[(orders::at::status, text("pending")), (orders::at::stop_price, Value::Null)]),
        ("orders_price_check", &[(orders::at::price, money(0))]),
        ("orders_quote_amount_check", &[(orders::at::quote_amount, money(-1))]),
        ("orders_reserved_check", &[(orders::at::reserved, Value::Money(Money::known_to_fit(-1)))]),
        ("orders_self_trade_prevention_check", &[(orders::at::self_trade_prevention, text(""))]),
        ("orders_side_check", &[(orders::at::side, text("up"))]),
        ("orders_status_amount_check", &[(orders::at::filled_amount, money(1))]),
        ("orders_status_amount_check", &[(orders::at::status, text("open"))]),
        ("orders_status_check", &[(orders::at::status, text("done"))]),
        ("orders_stop_price_check", &[(orders::at::stop_price, money(0))]),
        ("orders_time_in_force_check", &[(orders::at::time_in_force, text("day"))]),
        ("orders_traded_until_check", &[(orders::at::traded_until, Value::Null)]),
        ("orders_traded_until_check", &[(orders::at::filled_amount, money(0))]),
        ("orders_triggered_at_check", &[(orders::at::stop_price, Value::Null)]),
        ("orders_triggered_at_check", &[(orders::at::status, text("pending"))]),
        ("orders_visible_amount_check", &[(orders::at::visible_amount, money(3))]),
        ("orders_visible_amount_check", &[(orders::at::visible_amount, money(-1))]),
        ("markets_band_action_check", &[(markets::at::band_action, text("stop"))]),
        ("markets_base_check", &[(markets::at::base, text("btc"))]),
        ("markets_base_quote_check", &[(markets::at::quote, text("BTC"))]),
        ("markets_door_check", &[(markets::at::door, text("shut"))]),
        ("markets_outside_check", &[(markets::at::outside, text("drop"))]),
        ("markets_opening_check", &[(markets::at::opening, text("random"))]),
        (
            "markets_exact_notional_check",
            &[
                (markets::at::tick_size, Value::Money(Money::known_to_fit(1))),
                (markets::at::lot_size, Value::Money(Money::known_to_fit(1))),
            ],
        ),
        ("markets_exact_notional_check", &[(markets::at::lot_size, money(0))]),
        (
            "markets_exact_notional_check",
            &[(markets::at::tick_size, money(1_000_000)), (markets::at::lot_size, money(1_000_000))],
        ),
        ("markets_last_priority_check", &[(markets::at::last_priority, Value::Int(-1))]),
        ("markets_last_sequence_check", &[(markets::at::last_sequence, Value::Int(-1))]),
        ("markets_maker_rate_check", &[(markets::at::maker_rate, money(-1))]),
        ("markets_maker_rate_check", &[(markets::at::maker_rate, money(2))]),
        ("markets_max_amount_check", &[(markets::at::max_amount, money(0))]),
        ("markets_max_open_orders_check", &[(markets::at::max_open_orders, Value::Int(0))]),
        ("markets_min_amount_check", &[(markets::at::min_amount, money(-1))]),
        ("markets_min_max_check", &[(markets::at::min_amount, money(2))]),
        ("markets_min_notional_check", &[(markets::at::min_notional, money(0))]),
        ("markets_price_band_check", &[(markets::at::price_band, money(1))]),
        ("markets_quote_check", &[(markets::at::quote, text("TOO-LONG-IT-IS"))]),
        ("markets_status_check", &[(markets::at::status, text("opened"))]),
        ("markets_stops_sequence_check", &[(markets::at::stops_sequence, Value::Int(1))]),
        ("markets_stops_sequence_check", &[(markets::at::stops_sequence, Value::Int(-1))]),
        ("markets_swept_sequence_check", &[(markets::at::swept_sequence, Value::Int(2))]),
        ("markets_symbol_check", &[(markets::at::symbol, text("-BTC"))]),
        ("markets_taker_rate_check", &[(markets::at::taker_rate, money(-1))]),
        ("assets_amount_check", &[(assets::at::amount, Value::Money(Money::known_to_fit(-1)))]),
        ("assets_locked_amount_check", &[(assets::at::locked_amount, Value::Money(Money::known_to_fit(-1)))]),
        ("assets_symbol_check", &[(assets::at::symbol, text("US/D"))]),
        ("assets_total_check", &[(assets::at::amount, money(999_999_999_999))]),
        ("order_amendments_sequence_check", &[(order_amendments::at::end_sequence, Value::Int(0))]),
        ("trades_amount_check", &[(trades::at::amount, money(0))]),
        ("trades_commission_check", &[(trades::at::commission, money(3))]),
        ("trades_commission_check", &[(trades::at::commission, money(-2)), (trades::at::buyer_commission, money(-1))]),
        ("trades_different_orders", &[(trades::at::buy_order_id, Value::Int(2))]),
        ("trades_price_check", &[(trades::at::price, money(-1))]),
        ("trades_sequence_check", &[(trades::at::sequence, Value::Int(0))]),
        ("trades_taker_side_check", &[(trades::at::taker_side, text("both"))]),
        ("command_attempts_check", &[(command_attempts::at::first_id, Value::Int(2))]),
        ("command_attempts_check", &[(command_attempts::at::tries, Value::Int(0))]),
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
        let of_texts: [(&str, Vec<(usize, Value<'static>)>); 3] = [
            ("order_commands_size_check", vec![(order_commands::at::side, text(long))]),
            ("markets_calendar_size_check", vec![(markets::at::calendar, text(long))]),
            ("markets_status_reason_check", vec![(markets::at::status_reason, text(long))]),
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
