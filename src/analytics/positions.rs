//! `position()` and `round_trips()`: `sql/analytics/positions.sql`.

use analytics::position::{Beyond, Direction, Fee, Fill, Lot, Method, Piece, Position, Refusal, Side, Terms};
use analytics::series::{Full, Room, Series};
use money::Money;
use pgrx::prelude::*;
use pgrx::{PgSqlErrorCode, pg_sys};

use super::functions::transitions;
use super::refusals::{full, raise, varies};
use crate::bourse::amounts::exact;
use crate::error::{Answer, Failure, clip};
use crate::pg::aggregate::{Answered, Call};
use crate::pg::numeric::Numeric;
use crate::pg::result::Composite;
use crate::pg::value::{Json, Value};

/// Where what a fill says stands, and what is said beside it.
const SIDE: usize = 1;
const QUANTITY: usize = 2;
const PRICE: usize = 3;
const FEE: usize = 4;
const METHOD: usize = 5;
const MULTIPLIER: usize = 6;

/// So many lots are open at once: what they take stays in memory.
const MOST_LOTS: usize = 100_000;
/// So many of them are spelled in each row of a window: to spell all of them would take as long as there are rows, with
/// each row.
const MOST_SPELLED: usize = 100;
/// What one takes: itself, and the lowest and the highest mark that it has seen; deques have up to twice the room.
const LOT_BYTES: usize = 2 * (size_of::<Lot>() + 4 * size_of::<Money>());
/// What to do about an amount that is too large.
const TOO_LARGE: &str = "No quantity, price, fee or cost may reach 1000000000000.";

/// What fills come to. Amounts are aligned to more than the server aligns memory to.
type Kept = Box<Fills>;

struct Fills {
    position: Position,
    /// So many lots were open at once, and what they take.
    most_lots: usize,
    room: Room,
    /// Those of the last fill.
    pieces: Vec<Piece>,
    /// All of them, where round trips are asked for, and not the position alone.
    trips: Option<Series<Piece>>,
    count: i64,
}

fn terms(call: &Call) -> Answer<Terms> {
    let method = match call.arguments() > METHOD {
        false => Method::Average,
        true => match call.text(METHOD).ok_or_else(|| Failure::null("method"))? {
            "average" => Method::Average,
            "fifo" => Method::Fifo,
            said => {
                return Err(Failure::invalid(format!("method is {:?}", clip(said)), "Give 'average' or 'fifo'."));
            }
        },
    };
    let multiplier = match call.arguments() > MULTIPLIER {
        false => Money::whole(1),
        true => exact("multiplier", call.numeric(MULTIPLIER), TOO_LARGE)?,
    };
    if multiplier <= Money::ZERO {
        return Err(Failure::invalid(format!("multiplier is {multiplier}"), "Give a positive multiplier."));
    }
    Ok(Terms { method, multiplier, most_lots: MOST_LOTS, beyond: Beyond::Refused })
}

/// The fill of a row, its number to come; a row of NULLs is none, as an outer join gives it.
fn fill(call: &Call) -> Answer<Option<Fill>> {
    let given = (call.text(SIDE), call.numeric(QUANTITY), call.numeric(PRICE));
    if let (None, None, None) = given {
        return Ok(None);
    }
    let side = match given.0.ok_or_else(|| Failure::null("side"))? {
        "buy" => Side::Buy,
        "sell" => Side::Sell,
        said => return Err(Failure::invalid(format!("side is {:?}", clip(said)), "A side is buy or sell.")),
    };
    let fee = call.numeric(FEE).map_or(Ok(Money::ZERO), |fee| exact("fee", Some(fee), TOO_LARGE))?;
    Ok(Some(Fill {
        number: 0,
        at: 0,
        side,
        quantity: exact("quantity", given.1, TOO_LARGE)?,
        price: exact("price", given.2, TOO_LARGE)?,
        fee: Fee::Quote(fee),
    }))
}

impl Fills {
    fn take(&mut self, fill: Option<Fill>) -> Answer<()> {
        let Some(fill) = fill else { return Ok(()) };
        self.count += 1;
        self.pieces.clear();
        let fill = Fill { number: self.count, at: self.count, ..fill };
        self.position.apply(&fill, &mut self.pieces).map_err(refused)?;
        self.keep().map_err(full)
    }

    fn keep(&mut self) -> Result<(), Full> {
        let lots = self.position.open_lots();
        if lots > self.most_lots {
            self.most_lots = lots;
            self.room.resize(lots * LOT_BYTES)?;
        }
        self.trips.as_mut().map_or(Ok(()), |trips| trips.extend(&self.pieces))
    }
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::NoQuantity | Refusal::FeeTakesAll => {
            Failure::invalid("quantity is not positive", "Give a positive quantity; side says which way.")
        }
        Refusal::Overflow => Failure::new(
            PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
            "what the fills come to leaves the range of NUMERIC(20,8)",
            TOO_LARGE,
        ),
        Refusal::NoRoom(why) => full(why),
        Refusal::TooManyLots => Failure::new(
            PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED,
            format!("more than {MOST_LOTS} lots would be open"),
            "Take the method 'average'.",
        ),
    }
}

fn next(mut call: Call, keeps: bool) -> Answer<Answered> {
    let (terms, fill) = (terms(&call)?, fill(&call)?);
    if let Some(state) = call.state::<Kept>(0) {
        if *state.position.terms() != terms {
            return Err(varies());
        }
        state.take(fill)?;
        return Ok(call.same());
    }
    let mut state = Kept::new(Fills {
        position: Position::new(terms),
        most_lots: 0,
        room: Room::default(),
        pieces: Vec::new(),
        trips: keeps.then(Series::default),
        count: 0,
    });
    state.take(fill)?;
    Ok(call.keep(state))
}

fn add(call: Call) -> Answered {
    next(call, false).unwrap_or_else(|failure| raise(failure))
}

fn add_trip(call: Call) -> Answered {
    next(call, true).unwrap_or_else(|failure| raise(failure))
}

transitions! {
    analytics_position_add = add;
    analytics_round_trips_add = add_trip;
}

/// NULL of no row.
#[pg_extern(sql = false)]
fn analytics_position(call: pg_sys::FunctionCallInfo) -> Option<Composite<9>> {
    let mut call = Call::of(call);
    let is_window = call.is_window();
    let position = &call.state::<Kept>(0)?.position;
    let quantity = position.quantity();
    let signed = if position.direction() == Direction::Long { quantity } else { -quantity };
    // A price between those of the fills.
    let average = position.average_price().ok().flatten();
    Some(Composite([
        Value::Money(signed),
        average.map_or(Value::Null, Value::Money),
        Value::Numeric(Numeric::of_fine(position.cost().units())),
        Value::Numeric(Numeric::of_fine(position.gain().units())),
        Value::Money(position.fees()),
        Value::Money(position.closed_fees()),
        Value::Money(position.multiplier()),
        Value::Text(if position.terms().method == Method::Average { "average" } else { "fifo" }),
        if is_window && position.open_lots() > MOST_SPELLED { Value::Null } else { Value::Json(lots(position)) },
    ]))
}

fn lots(position: &Position) -> Json {
    let one = |lot: Lot| {
        let (quantity, cost, fees) = (lot.quantity, lot.cost, lot.fees);
        format!("{{\"fill\":{},\"quantity\":{quantity},\"cost\":{cost},\"fees\":{fees}}}", lot.first_fill)
    };
    Json::of_text(&format!("[{}]", position.seen().map(one).collect::<Vec<_>>().join(",")))
}

/// NULL of no round trip.
#[pg_extern(sql = false)]
fn analytics_round_trips(call: pg_sys::FunctionCallInfo) -> Answered {
    let (mut call, answer) = (Call::of(call), Call::of(call));
    let Some(state) = call.state::<Kept>(0) else { return Answered::NULL };
    let row = |piece: &Piece| {
        [
            Value::Text(if piece.direction == Direction::Long { "long" } else { "short" }),
            Value::Int(piece.first_fill),
            Value::Int(piece.last_fill),
            Value::Money(piece.size),
            Value::Money(piece.entry_price),
            Value::Money(piece.exit_price),
            Value::Money(piece.gross),
            Value::Money(piece.commission),
            Value::Money(piece.net),
            Value::Money(piece.mae),
            Value::Money(piece.mfe),
        ]
    };
    answer.rows(state.trips.iter().flat_map(|trips| trips.iter()).map(row))
}
