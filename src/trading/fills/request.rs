//! A fill as it comes from SQL, and what it says when every argument can be read.

use analytics::position::Side;
use money::{Money, ONE};

use super::tables::{TradeType, fill_commands};
use crate::bourse::amounts;
use crate::bourse::hidden::without_hidden;
use crate::error::{Answer, Failure, clip};
use crate::pg::arguments::{Argument, Arguments};
use crate::pg::fields::{Field, Int, Numeric, Text, Time, Words};
use crate::pg::numeric;
use crate::pg::row::Row;
use crate::pg::value::Timestamp;
use crate::trading::times::that_has_come;

/// Declares the arguments of a fill, and from where they come: each once, in the order of `apply_fill()`.
macro_rules! fill_arguments {
    ($($name:ident: $kind:ident),+ $(,)?) => {
        /// The arguments of a fill, as they came.
        #[derive(Default)]
        pub struct FillArguments<'a> {
            $(pub $name: Option<<$kind as Field>::Of<'a>>),+
        }

        /// Their positions in the signature.
        #[allow(non_camel_case_types, reason = "an argument has its name in SQL")]
        enum Position {
            $($name),+
        }

        impl<'a> FillArguments<'a> {
            /// Those of a SQL call.
            pub fn of_call(arguments: &'a Arguments) -> FillArguments<'a> {
                FillArguments { $($name: <$kind as Argument>::of(arguments, Position::$name as usize)),+ }
            }

            /// Those of a row of the inbox.
            pub fn of_command(row: &'a Row<'_>) -> FillArguments<'a> {
                FillArguments { $($name: <$kind as Field>::some(row, fill_commands::at::$name)),+ }
            }
        }
    };
}

fill_arguments! {
    bot_id: Int,
    fill_id: Text,
    symbol: Text,
    side: Text,
    quantity: Numeric,
    price: Numeric,
    fee: Numeric,
    fee_currency: Text,
    fee_rate: Numeric,
    filled_at: Time,
    trade_type: Text,
    strategy_name: Text,
    entry_logic_name: Text,
    exit_logic_name: Text,
    interval: Text,
    exit_reason: Text,
    multiplier: Numeric,
    run_id: Int,
}

/// What a fill says, beside of which bot it is. A repeat says the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// None: that of the bot.
    pub trade_type: Option<TradeType>,
    /// Which run of a backtest; 0: none.
    pub run_id: i64,
    pub symbol: String,
    pub side: Side,
    pub quantity: Money,
    pub price: Money,
    pub fee: Money,
    pub fee_currency: Option<String>,
    pub fee_rate: Option<Money>,
    pub multiplier: Money,
}

/// What is noted of a fill, and changes no figure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub strategy_name: Option<String>,
    pub entry_logic_name: Option<String>,
    pub exit_logic_name: Option<String>,
    pub interval: Option<String>,
    pub exit_reason: Option<String>,
}

/// A fill whose arguments can all be read.
#[derive(Clone, Debug)]
pub struct Request {
    pub bot_id: i64,
    pub fill_id: String,
    pub terms: Terms,
    pub labels: Labels,
    pub filled_at: Timestamp,
    pub told_at: Timestamp,
}

/// What to do about an amount that is too large.
pub const TOO_LARGE: &str = "No quantity, price, fee, cost or balance may reach 1000000000000.";

impl FillArguments<'_> {
    /// Reads every argument; refuses what is missing or malformed.
    pub fn request(&self) -> Answer<Request> {
        let side = self.side.ok_or_else(|| Failure::null("side"))?;
        let side = Side::parse(side)
            .ok_or_else(|| Failure::invalid(format!("side is {:?}", clip(side)), "A side is buy or sell."))?;
        let trade_type = self.trade_type.map(|word| {
            TradeType::parse(word).ok_or_else(|| {
                Failure::invalid(format!("trade_type is {:?}", clip(word)), "A trade_type is paper, live or backtest.")
            })
        });
        let run_id = self.run_id.unwrap_or(0);
        if run_id < 0 {
            return Err(Failure::invalid(format!("run_id is {run_id}"), "Give the number of a run, or none."));
        }
        let terms = Terms {
            trade_type: trade_type.transpose()?,
            run_id,
            symbol: required("symbol", self.symbol, 64)?,
            side,
            quantity: positive("quantity", self.quantity)?,
            price: not_negative("price", self.price)?,
            fee: self.fee.map_or(Ok(Money::ZERO), |fee| exact("fee", Some(fee)))?,
            fee_currency: short("fee_currency", self.fee_currency, 20)?,
            fee_rate: self.fee_rate.map(|rate| positive("fee_rate", Some(rate))).transpose()?,
            multiplier: self.multiplier.map_or(Ok(Money::known_to_fit(ONE)), |n| positive("multiplier", Some(n)))?,
        };
        Ok(Request {
            bot_id: self.bot_id.ok_or_else(|| Failure::null("bot_id"))?,
            fill_id: required("fill_id", self.fill_id, 128)?,
            terms,
            labels: self.labels()?,
            filled_at: self.filled_at.map_or_else(|| Ok(Timestamp::now()), |at| that_has_come("filled_at", at))?,
            told_at: Timestamp::now(),
        })
    }

    fn labels(&self) -> Answer<Labels> {
        Ok(Labels {
            strategy_name: label("strategy_name", self.strategy_name, 100)?,
            entry_logic_name: label("entry_logic_name", self.entry_logic_name, 100)?,
            exit_logic_name: label("exit_logic_name", self.exit_logic_name, 100)?,
            interval: label("interval", self.interval, 10)?,
            exit_reason: label("exit_reason", self.exit_reason, 100)?,
        })
    }
}

fn exact(name: &str, number: Option<numeric::Numeric>) -> Answer<Money> {
    amounts::exact(name, number, TOO_LARGE)
}

fn positive(name: &str, number: Option<numeric::Numeric>) -> Answer<Money> {
    let amount = exact(name, number)?;
    if amount > Money::ZERO {
        return Ok(amount);
    }
    Err(Failure::invalid(format!("{name} is {amount}"), format!("Give a positive {name}.")))
}

fn not_negative(name: &str, number: Option<numeric::Numeric>) -> Answer<Money> {
    let amount = exact(name, number)?;
    if amount >= Money::ZERO {
        return Ok(amount);
    }
    Err(Failure::invalid(format!("{name} is {amount}"), format!("Give a {name} of 0 or more.")))
}

/// A text of at most so many characters. A longer one is not copied: there is no limit to what a caller can send.
fn short(name: &str, text: Option<&str>, most: usize) -> Answer<Option<String>> {
    let Some(text) = text else { return Ok(None) };
    if text.len() > 4 * most || text.chars().count() > most {
        return Err(Failure::invalid(
            format!("{name} has {} bytes", text.len()),
            format!("{name} has up to {most} characters."),
        ));
    }
    Ok(Some(text.to_owned()))
}

/// The same of what is noted. What nobody sees is left out, not refused: the fill has happened.
fn label(name: &str, text: Option<&str>, most: usize) -> Answer<Option<String>> {
    Ok(short(name, text, most)?.map(without_hidden))
}

fn required(name: &str, text: Option<&str>, most: usize) -> Answer<String> {
    let text = short(name, text, most)?.ok_or_else(|| Failure::null(name))?;
    if text.is_empty() {
        return Err(Failure::invalid(format!("{name} is empty"), format!("Give a {name} of 1 to {most} characters.")));
    }
    Ok(text)
}
