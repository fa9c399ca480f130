//! What an aggregate keeps between two rows: its parameters, and a part of the returns, or a moving frame of them.

use analytics::returns::{Frame, Partial, Portable};

use super::parameters::{MOST, Parameters};
use super::refusals::{raise, require_finite, require_in_range, require_room, varies};
use crate::error::Answer;
use crate::pg::aggregate::{Answered, Call, Lasting};

/// A part of the returns of which metrics are drawn.
pub trait Kind: Copy {
    /// The names of the parameters.
    const PARAMETERS: &'static [&'static str];

    /// What the entries of a moving frame come to.
    type Moving: Partial;

    /// Without returns; refuses parameters that cannot be.
    fn begin(parameters: &Parameters) -> Answer<Self>;

    /// An empty frame's.
    fn moving(&self) -> Self::Moving;

    /// Takes the next return.
    fn take(&mut self, r: f64);
}

/// The state of an aggregate.
pub struct State<K: Kind> {
    parameters: Parameters,
    whole: K,
    /// In a window whose beginning moves.
    frame: Option<Lasting<Frame<K::Moving>>>,
}

impl<K: Kind> State<K> {
    fn begin(call: &Call) -> State<K> {
        let begun = Parameters::of(call, K::PARAMETERS).and_then(|parameters| {
            let whole = K::begin(&parameters)?;
            Ok(State { parameters, whole, frame: None })
        });
        begun.unwrap_or_else(|failure| raise(failure))
    }

    /// The parameters.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// All returns, where there is no frame.
    pub fn all(&self) -> &K {
        &self.whole
    }

    /// The moving frame.
    pub fn frame(&self) -> Option<&Frame<K::Moving>> {
        self.frame.as_deref()
    }
}

impl<K: Kind<Moving = K> + Partial> State<K> {
    /// What the returns come to.
    pub fn whole(&self) -> K {
        self.frame().map_or(self.whole, Frame::whole)
    }
}

/// The state of a call that has begun before, and the return that it brings.
#[inline]
fn next<K: Kind>(call: &mut Call) -> Option<&mut State<K>> {
    if call.arguments() > 2 {
        let begun = call.state::<State<K>>(0).map(|state| state.parameters);
        begun.into_iter().for_each(|parameters| parameters.require_same(call));
    }
    call.state(0)
}

#[inline]
fn given(call: &Call) -> Option<f64> {
    call.real(1).inspect(|r| require_finite(*r))
}

/// A row comes in.
#[inline]
pub fn add<K: Kind>(mut call: Call) -> Answered {
    let r = given(&call);
    if let Some(state) = next::<K>(&mut call) {
        r.into_iter().for_each(|r| state.whole.take(r));
        return call.same();
    }
    let mut state = State::<K>::begin(&call);
    r.into_iter().for_each(|r| state.whole.take(r));
    call.keep(state)
}

/// A row comes into a moving frame.
#[inline]
pub fn push<K: Kind>(mut call: Call) -> Answered {
    let r = given(&call);
    if let Some(state) = next::<K>(&mut call) {
        require_room(r.into_iter().zip(&mut state.frame).try_for_each(|(r, frame)| frame.push(r)));
        return call.same();
    }
    let mut state = State::<K>::begin(&call);
    let mut frame = call.lasting(Frame::new(state.whole.moving()));
    require_room(r.into_iter().try_for_each(|r| frame.push(r)));
    state.frame = Some(frame);
    call.keep(state)
}

/// A row leaves a moving frame: the oldest, whose value is given again.
#[inline]
pub fn pop<K: Kind>(mut call: Call) -> Answered {
    if call.real(1).is_some() {
        let frame = call.state::<State<K>>(0).and_then(|state| state.frame.as_mut());
        require_room(frame.into_iter().try_for_each(|frame| frame.pop()));
    }
    call.same()
}

/// Two parts become one.
pub fn merge<P: Kind + Partial>(mut call: Call) -> Answered {
    let later = call.state::<State<P>>(1).map(|later| (later.parameters, later.whole));
    let Some((parameters, whole)) = later else { return call.same() };
    match call.state::<State<P>>(0) {
        Some(state) => {
            if state.parameters != parameters {
                raise(varies());
            }
            state.whole.merge(&whole);
            call.same()
        }
        None => call.keep(State { parameters, whole, frame: None }),
    }
}

/// A part for another process.
pub fn write<P: Kind + Portable>(mut call: Call) -> Answered {
    let Some(state) = call.state::<State<P>>(0) else { return Answered::NULL };
    let parameters = state.parameters;
    let head = [parameters.given as f64].into_iter().chain(parameters.values);
    let words: Vec<f64> = head.chain(state.whole.words()).collect();
    Answered::numbers(words.len(), words)
}

/// The numbers of a part that another process has written.
pub fn words(call: &Call) -> impl Iterator<Item = f64> + '_ {
    let bytes = call.bytes(0).unwrap_or_default().as_chunks::<8>().0;
    bytes.iter().map(|word| f64::from_ne_bytes(*word))
}

/// A part of another process.
pub fn read<P: Kind + Portable>(call: Call) -> Answered {
    let words: Vec<f64> = words(&call).collect();
    let state = words.split_at_checked(1 + MOST).and_then(|(head, rest)| {
        let parameters = Parameters { given: head[0] as usize, values: [head[1], head[2]] };
        Some(State { parameters, whole: P::of_words(rest)?, frame: None })
    });
    state.map_or(Answered::NULL, |state| call.hand_on(state))
}

/// A figure of the returns; none of no row. What leaves the range of `double precision` is refused.
pub fn ratio<K: Kind>(mut call: Call, figure: impl FnOnce(&State<K>) -> Option<f64>) -> Option<f64> {
    call.state::<State<K>>(0).and_then(|state| figure(state)).inspect(|figure| require_in_range(*figure))
}

/// A count of the returns; none of no row.
pub fn count<K: Kind>(mut call: Call, figure: impl FnOnce(&State<K>) -> Option<u64>) -> Option<i64> {
    call.state::<State<K>>(0).and_then(|state| figure(state)).map(|count| count as i64)
}
