//! Tells a failing flow so that a human can follow it.

use std::fmt::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use matching::{NewOrder, OrderState};

use crate::driver::{Call, Driver};
use crate::flow::{Op, Setting};

/// The calls of a flow, in levels and lots, and what the model answers, up to the step that fails.
pub fn story(setting: Setting, ops: &[Op]) -> String {
    let mut text = format!("{setting:?}\n");
    let mut driver = Driver::new(setting);
    for op in ops {
        let told = match driver.call(op) {
            Some(call) => {
                let answer = call.on_reference(&mut driver.reference.clone());
                let answer = answer.map(|o| format!("{} trades {}/{}", short(&o.order), o.trades, o.all_trades));
                format!("{:?}: {}\n    -> {answer:?}", driver.reference.rules.status, call_told(&call))
            }
            None => format!("{op:?}"),
        };
        text.push_str(&told);
        text.push('\n');
        if catch_unwind(AssertUnwindSafe(|| driver.step(op))).is_err() {
            break;
        }
    }
    text
}

fn call_told(call: &Call) -> String {
    let Call::Place(new) = call else { return format!("{call:?}") };
    let NewOrder { id, user, side, order_type, time_in_force, self_trade, .. } = new;
    let mut text = format!("place {id:?} {user:?} {side:?} {order_type:?} {time_in_force:?} stp {self_trade:?}");
    let money = [
        ("price", new.price),
        ("amount", new.amount),
        ("quote_amount", new.quote_amount),
        ("stop_price", new.stop_price),
        ("display", new.display_amount),
    ];
    for (name, value) in money {
        if let Some(value) = value {
            let _ = write!(text, " {name} {value}");
        }
    }
    if new.post_only {
        text.push_str(" post_only");
    }
    if let Some(at) = new.expires_at {
        let _ = write!(text, " expires {at}");
    }
    text
}

fn short(o: &OrderState) -> String {
    format!(
        "{:?} price {:?} filled {}/{} visible {} reserved {} priority {} {:?}",
        o.status,
        o.price,
        o.filled,
        o.amount,
        o.visible,
        o.reserved.units(),
        o.priority,
        o.cancel_reason
    )
}
