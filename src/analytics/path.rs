//! Metrics of returns in their order: `sql/analytics/paths.sql`.

use analytics::returns::{Frame, Path, Segment};

use super::functions::{metrics, transitions};
use super::parameters::Parameters;
use super::sample::yearly;
use super::state::{self, Kind, State, count, ratio};
use crate::error::Answer;

impl Kind for Path {
    const PARAMETERS: &'static [&'static str] = &["periods"];
    type Moving = Segment;

    fn begin(parameters: &Parameters) -> Answer<Path> {
        parameters.periods()?;
        Ok(Path::default())
    }

    fn moving(&self) -> Segment {
        Segment::default()
    }

    fn take(&mut self, r: f64) {
        self.add(r);
    }
}

transitions! {
    analytics_path_add = state::add::<Path>;
    analytics_path_push = state::push::<Path>;
    analytics_path_pop = state::pop::<Path>;
}

/// A figure of a path, or of a frame: of what its stretches come to where they can tell.
fn figure<T>(
    state: &State<Path>,
    of_path: impl FnOnce(&Path) -> Option<T>,
    of_stretch: impl FnOnce(&Segment) -> Option<T>,
) -> Option<T> {
    match state.frame().map(Frame::whole) {
        None => of_path(state.all()),
        Some(stretch) if stretch.is_turned() => of_path(&path(state)),
        Some(stretch) => of_stretch(&stretch),
    }
}

/// The path; that of a frame is gone through again.
fn path(state: &State<Path>) -> Path {
    state.frame().map_or(*state.all(), |frame| Path::of(frame.returns()))
}

metrics! {
    Path, f64, ratio:
    analytics_max_drawdown = |state| figure(state, Path::max_drawdown, Segment::max_drawdown);
    analytics_calmar_ratio = |state| {
        figure(state, |path| path.calmar_ratio(yearly(state)), |stretch| stretch.calmar_ratio(yearly(state)))
    };
    analytics_ulcer_index = |state| path(state).ulcer_index();
}

metrics! {
    Path, i64, count:
    analytics_max_drawdown_duration = |state| path(state).max_drawdown_duration();
}

/// The longest run; 0 of no row.
fn streak(call: crate::pg::aggregate::Call, of: fn(&State<Path>) -> Option<u64>) -> Option<i64> {
    count(call, of).or(Some(0))
}

metrics! {
    Path, i64, streak:
    analytics_longest_winning_streak = |state| {
        let stretch = state.frame().map(Frame::whole);
        Some(stretch.map_or(state.all().longest_winning_streak(), |stretch| stretch.longest_winning_streak()))
    };
    analytics_longest_losing_streak = |state| {
        let stretch = state.frame().map(Frame::whole);
        Some(stretch.map_or(state.all().longest_losing_streak(), |stretch| stretch.longest_losing_streak()))
    };
}
