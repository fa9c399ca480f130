//! Quantiles of returns and values at risk: `sql/analytics/tails.sql`.

use analytics::returns::{Frame, Method, Partial, Portable, Sample, Tail};
use analytics::series::Full;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::functions::transitions;
use super::refusals::{confidence, raise, require_finite, require_in_range, require_room, varies};
use super::state::words;
use crate::error::{Answer, Failure, clip};
use crate::pg::aggregate::{Answered, Call};

/// Where the confidence stands, and the method.
const CONFIDENCE: usize = 2;
const METHOD: usize = 3;

/// What a value at risk is asked for.
#[derive(Clone, Copy, PartialEq)]
struct Question {
    confidence: f64,
    method: Method,
}

impl Question {
    fn of(call: &Call) -> Answer<Question> {
        let given = call.arguments();
        let mut question = Question { confidence: 0.95, method: Method::Normal };
        if given > CONFIDENCE {
            let said = call.real(CONFIDENCE).ok_or_else(|| Failure::null("confidence"))?;
            question.confidence = confidence(said)?;
        }
        if given > METHOD {
            let said = call.text(METHOD).ok_or_else(|| Failure::null("method"))?;
            let unknown =
                || Failure::invalid(format!("method is \"{}\"", clip(said)), "Give 'normal' or 'historical'.");
            question.method = Method::named(said).ok_or_else(unknown)?;
        }
        Ok(question)
    }
}

/// Moments for the method `normal`, all returns for quantiles.
struct Risk {
    question: Question,
    sample: Sample,
    tail: Tail,
    frame: Option<Frame<Sample>>,
}

impl Risk {
    fn needs_returns(&self) -> bool {
        self.question.method == Method::Historical
    }

    fn take(&mut self, r: f64) -> Result<(), Full> {
        match &mut self.frame {
            _ if self.question.method == Method::Historical => self.tail.add(r),
            Some(frame) => frame.push(r),
            None => {
                self.sample.add(r);
                Ok(())
            }
        }
    }

    fn sample(&self) -> Sample {
        self.frame.as_ref().map_or(self.sample, Frame::whole)
    }

    fn value_at_risk(&mut self) -> Option<f64> {
        let confidence = self.question.confidence;
        if self.needs_returns() { self.tail.value_at_risk(confidence) } else { self.sample().value_at_risk(confidence) }
    }

    fn conditional_value_at_risk(&mut self) -> Option<f64> {
        let confidence = self.question.confidence;
        if self.needs_returns() {
            self.tail.conditional_value_at_risk(confidence)
        } else {
            self.sample().conditional_value_at_risk(confidence)
        }
    }
}

/// A row comes in; `question` is read where the call asks one.
#[inline]
fn take(mut call: Call, begin: fn(Question) -> Risk, fixed: Option<Question>) -> Answered {
    let r = call.real(1).inspect(|r| require_finite(*r));
    let question = fixed.unwrap_or_else(|| Question::of(&call).unwrap_or_else(|failure| raise(failure)));
    if let Some(state) = call.state::<Risk>(0) {
        if state.question != question {
            raise(varies());
        }
        require_room(r.into_iter().try_for_each(|r| state.take(r)));
        return call.same();
    }
    let mut state = begin(question);
    require_room(r.into_iter().try_for_each(|r| state.take(r)));
    call.keep(state)
}

fn whole(question: Question) -> Risk {
    Risk { question, sample: Sample::default(), tail: Tail::default(), frame: None }
}

fn moving(question: Question) -> Risk {
    let frame = (question.method == Method::Normal).then(|| Frame::new(Sample::default()));
    Risk { question, sample: Sample::default(), tail: Tail::of_frame(), frame }
}

/// What a tail ratio is drawn from: all returns.
const RETURNS: Question = Question { confidence: 0.95, method: Method::Historical };

fn add(call: Call) -> Answered {
    take(call, whole, None)
}

fn push(call: Call) -> Answered {
    take(call, moving, None)
}

fn add_all(call: Call) -> Answered {
    take(call, whole, Some(RETURNS))
}

fn push_all(call: Call) -> Answered {
    take(call, moving, Some(RETURNS))
}

/// A row leaves a moving frame.
fn pop(mut call: Call) -> Answered {
    let r = call.real(1);
    if let (Some(r), Some(state)) = (r, call.state::<Risk>(0)) {
        match &mut state.frame {
            Some(frame) => require_room(frame.pop()),
            None => state.tail.remove(r),
        }
    }
    call.same()
}

fn merge(mut call: Call) -> Answered {
    // It was read for this call alone.
    let later = call.state::<Risk>(1).map(|later| std::mem::replace(later, whole(RETURNS)));
    let Some(later) = later else { return call.same() };
    match call.state::<Risk>(0) {
        Some(state) => {
            if state.question != later.question {
                raise(varies());
            }
            state.sample.merge(&later.sample);
            require_room(state.tail.merge(&later.tail));
            call.same()
        }
        None => call.keep(later),
    }
}

fn write(mut call: Call) -> Answered {
    let Some(state) = call.state::<Risk>(0) else { return Answered::NULL };
    let method = f64::from(u8::from(state.needs_returns()));
    let sample = state.sample.words();
    let head = [state.question.confidence, method, sample.len() as f64];
    let count = head.len() + sample.len() + state.tail.returns().len();
    Answered::numbers(count, head.into_iter().chain(sample).chain(state.tail.returns().iter().copied()))
}

fn read(call: Call) -> Answered {
    let mut words = words(&call);
    let head = words.next().zip(words.next()).zip(words.next());
    let state = head.and_then(|((confidence, method), count)| {
        let method = if method == 0.0 { Method::Normal } else { Method::Historical };
        let sample: Vec<f64> = words.by_ref().take(count as usize).collect();
        let mut state = whole(Question { confidence, method });
        state.sample = Sample::of_words(&sample)?;
        require_room(words.by_ref().try_for_each(|r| state.tail.add(r)));
        Some(state)
    });
    state.map_or(Answered::NULL, |state| call.hand_on(state))
}

transitions! {
    analytics_risk_add = add;
    analytics_risk_push = push;
    analytics_risk_pop = pop;
    analytics_risk_merge = merge;
    analytics_risk_write = write;
    analytics_risk_read = read;
    analytics_tail_add = add_all;
    analytics_tail_push = push_all;
}

fn ratio(call: pg_sys::FunctionCallInfo, figure: fn(&mut Risk) -> Option<f64>) -> Option<f64> {
    Call::of(call).state::<Risk>(0).and_then(figure).inspect(|figure| require_in_range(*figure))
}

#[pg_extern(sql = false)]
fn analytics_value_at_risk(call: pg_sys::FunctionCallInfo) -> Option<f64> {
    ratio(call, Risk::value_at_risk)
}

#[pg_extern(sql = false)]
fn analytics_conditional_value_at_risk(call: pg_sys::FunctionCallInfo) -> Option<f64> {
    ratio(call, Risk::conditional_value_at_risk)
}

#[pg_extern(sql = false)]
fn analytics_tail_ratio(call: pg_sys::FunctionCallInfo) -> Option<f64> {
    ratio(call, |state| state.tail.tail_ratio())
}
