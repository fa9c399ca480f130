//! The open lots of a position, as its row keeps them.

use analytics::position::{Exact, Lot};
use money::Money;
use serde_json::{Value, json};

use crate::pg::value::Json;

/// As JSON, amounts as text: exact ones.
pub fn written(lots: &[Lot]) -> Json {
    let lots: Vec<Value> = lots.iter().map(one).collect();
    Json::of_text(&Value::from(lots).to_string())
}

/// What was written; none: it cannot have been.
pub fn read(lots: Json) -> Option<Vec<Lot>> {
    let lots: Vec<Value> = serde_json::from_str(&lots.spelled()).ok()?;
    lots.iter().map(lot).collect()
}

fn one(lot: &Lot) -> Value {
    json!({
        "fill": lot.first_fill, "opened_at": lot.entry_at, "quantity": lot.quantity.to_string(),
        "cost": lot.cost.units().to_string(), "fees": lot.fees.to_string(), "unconverted_fees": lot.unconverted,
        "low": lot.low.to_string(), "high": lot.high.to_string(),
    })
}

fn lot(value: &Value) -> Option<Lot> {
    let text = |name: &str| value.get(name)?.as_str();
    let money = |name: &str| text(name)?.parse::<Money>().ok();
    Some(Lot {
        quantity: money("quantity")?,
        cost: Exact::from_units(text("cost")?.parse().ok()?).ok()?,
        fees: money("fees")?,
        unconverted: u32::try_from(value.get("unconverted_fees")?.as_u64()?).ok()?,
        first_fill: value.get("fill")?.as_i64()?,
        entry_at: value.get("opened_at")?.as_i64()?,
        low: money("low")?,
        high: money("high")?,
    })
}
