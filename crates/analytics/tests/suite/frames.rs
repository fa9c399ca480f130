//! A moving frame says what its returns say alone.

use analytics::returns::{Frame, Partial, Path, Sample, Segment, Shortfall, Tail};

use super::definitions::same;
use super::series::wild_returns;

fn alone<P: Partial>(empty: P, r: &[f64]) -> P {
    let mut sum = empty;
    r.iter().for_each(|r| sum.add(*r));
    sum
}

/// Moves frames over returns, and looks at each of them.
fn slide<P: Partial>(empty: P, r: &[f64], width: usize, mut look: impl FnMut(&Frame<P>, &[f64])) {
    let mut frame = Frame::new(empty);
    for (at, next) in r.iter().enumerate() {
        frame.push(*next).expect("room for it");
        if at >= width {
            frame.pop().expect("room for it");
        }
        look(&frame, &r[(at + 1).saturating_sub(width)..=at]);
    }
}

proptest::proptest! {
    #[test]
    fn a_frame_is_as_if_it_were_all(r in wild_returns(1..120), width in 1..40_usize) {
        slide(Sample::default(), &r, width, |frame, r| {
            assert!(same(frame.whole().volatility(252.0), alone(Sample::default(), r).volatility(252.0)));
        });
        slide(Shortfall::new(252.0, 0.1), &r, width, |frame, r| {
            let wanted = alone(Shortfall::new(252.0, 0.1), r).sortino_ratio(252.0);
            assert!(same(frame.whole().sortino_ratio(252.0), wanted));
        });
        slide(Segment::default(), &r, width, |frame, r| {
            let (stretch, path) = (frame.whole(), Path::of(r.iter().copied()));
            assert!(same(stretch.total_return(), path.total_return()));
            assert_eq!(stretch.longest_losing_streak(), path.longest_losing_streak());
            assert!(stretch.is_turned() || same(stretch.max_drawdown(), path.max_drawdown()));
            assert_eq!(frame.returns().collect::<Vec<_>>(), r);
        });
    }

    #[test]
    fn quantiles_of_a_frame_are_those_of_its_returns(r in wild_returns(1..120), width in 1..40_usize) {
        let mut frame = Tail::of_frame();
        for (at, next) in r.iter().enumerate() {
            frame.add(*next).expect("room for it");
            if at >= width {
                frame.remove(r[at - width]);
            }
            let mut alone = Tail::default();
            r[(at + 1).saturating_sub(width)..=at].iter().try_for_each(|r| alone.add(*r)).expect("room for it");
            proptest::prop_assert_eq!(frame.value_at_risk(0.9), alone.value_at_risk(0.9));
            let (moved, alone) = (frame.conditional_value_at_risk(0.9), alone.conditional_value_at_risk(0.9));
            proptest::prop_assert!(same(moved, alone));
        }
    }
}

#[test]
fn nothing_is_left_of_a_spike() {
    let mut returns = vec![0.01, 0.02, 0.015, 0.01, -0.02, 0.03, 0.01];
    returns.insert(2, 1e12);
    slide(Sample::default(), &returns, 3, |frame, r| {
        if !r.contains(&1e12) {
            let (moved, alone) = (frame.whole(), alone(Sample::default(), r));
            assert!(same(moved.volatility(1.0), alone.volatility(1.0)));
            assert!(same(moved.kurtosis(), alone.kurtosis()));
        }
    });
}
