//! Metrics that do not depend on the order of returns: `sql/analytics/{moments,targets,growth}.sql`.

use analytics::returns::{Gains, Growth, PERIODS, Partial, Sample, Shortfall};

use super::functions::{metrics, transitions};
use super::parameters::Parameters;
use super::state::{self, Kind, State, ratio};
use crate::error::Answer;

impl Kind for Sample {
    const PARAMETERS: &'static [&'static str] = &["periods", "rf"];
    type Moving = Sample;

    fn begin(parameters: &Parameters) -> Answer<Sample> {
        parameters.periods()?;
        parameters.rate()?;
        Ok(Sample::default())
    }

    fn moving(&self) -> Sample {
        *self
    }

    fn take(&mut self, r: f64) {
        self.add(r);
    }
}

impl Kind for Shortfall {
    const PARAMETERS: &'static [&'static str] = &["periods", "rf"];
    type Moving = Shortfall;

    fn begin(parameters: &Parameters) -> Answer<Shortfall> {
        Ok(Shortfall::new(parameters.periods()?, parameters.rate()?))
    }

    fn moving(&self) -> Shortfall {
        *self
    }

    fn take(&mut self, r: f64) {
        self.add(r);
    }
}

impl Kind for Growth {
    const PARAMETERS: &'static [&'static str] = &["periods"];
    type Moving = Growth;

    fn begin(parameters: &Parameters) -> Answer<Growth> {
        parameters.periods()?;
        Ok(Growth::default())
    }

    fn moving(&self) -> Growth {
        *self
    }

    fn take(&mut self, r: f64) {
        self.add(r);
    }
}

impl Kind for Gains {
    const PARAMETERS: &'static [&'static str] = &["threshold"];
    type Moving = Gains;

    fn begin(parameters: &Parameters) -> Answer<Gains> {
        Ok(Gains::new(parameters.get(0, 0.0)))
    }

    fn moving(&self) -> Gains {
        *self
    }

    fn take(&mut self, r: f64) {
        self.add(r);
    }
}

transitions! {
    analytics_sample_add = state::add::<Sample>;
    analytics_sample_push = state::push::<Sample>;
    analytics_sample_pop = state::pop::<Sample>;
    analytics_sample_merge = state::merge::<Sample>;
    analytics_sample_write = state::write::<Sample>;
    analytics_sample_read = state::read::<Sample>;
    analytics_shortfall_add = state::add::<Shortfall>;
    analytics_shortfall_push = state::push::<Shortfall>;
    analytics_shortfall_pop = state::pop::<Shortfall>;
    analytics_shortfall_merge = state::merge::<Shortfall>;
    analytics_shortfall_write = state::write::<Shortfall>;
    analytics_shortfall_read = state::read::<Shortfall>;
    analytics_growth_add = state::add::<Growth>;
    analytics_growth_push = state::push::<Growth>;
    analytics_growth_pop = state::pop::<Growth>;
    analytics_growth_merge = state::merge::<Growth>;
    analytics_growth_write = state::write::<Growth>;
    analytics_growth_read = state::read::<Growth>;
    analytics_gains_add = state::add::<Gains>;
    analytics_gains_push = state::push::<Gains>;
    analytics_gains_pop = state::pop::<Gains>;
    analytics_gains_merge = state::merge::<Gains>;
    analytics_gains_write = state::write::<Gains>;
    analytics_gains_read = state::read::<Gains>;
}

/// How many observations a year has.
pub(super) fn yearly<P: Kind>(state: &State<P>) -> f64 {
    state.parameters().get(0, PERIODS)
}

metrics! {
    Sample, f64, ratio:
    analytics_volatility = |state| state.whole().volatility(yearly(state));
    analytics_sharpe_ratio = |state| state.whole().sharpe_ratio(yearly(state), state.parameters().get(1, 0.0));
    analytics_skewness = |state| state.whole().skewness();
    analytics_kurtosis = |state| state.whole().kurtosis();
    analytics_win_rate = |state| state.whole().win_rate();
    analytics_profit_factor = |state| state.whole().profit_factor();
    analytics_payoff_ratio = |state| state.whole().payoff_ratio();
    analytics_kelly_criterion = |state| state.whole().kelly_criterion();
}

metrics! {
    Growth, f64, ratio:
    analytics_total_return = |state| state.whole().total_return();
    analytics_cagr = |state| state.whole().cagr(yearly(state));
}

metrics! {
    Shortfall, f64, ratio:
    analytics_sortino_ratio = |state| state.whole().sortino_ratio(yearly(state));
}

metrics! {
    Gains, f64, ratio:
    analytics_omega_ratio = |state| state.whole().omega_ratio();
}
