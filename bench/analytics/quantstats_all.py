"""Prints how many seconds quantstats takes for what analytics.return_statistics() says.

    quantstats_all.py FILE

reads a return a line. Reading and making the series is not measured.
"""

import sys
import time
import warnings

import pandas
import quantstats.stats as qs

warnings.filterwarnings("ignore")
returns = pandas.read_csv(sys.argv[1], header=None)[0]
returns.index = pandas.date_range("2020-01-01", periods=len(returns), freq="min")
METRICS = [
    qs.comp, qs.cagr, qs.volatility, qs.sharpe, qs.sortino, qs.max_drawdown, qs.calmar, qs.ulcer_index,
    qs.value_at_risk, lambda r: r.quantile(0.05), qs.conditional_value_at_risk,
    lambda r: qs.conditional_value_at_risk(r, method="historical"), qs.omega, qs.tail_ratio, qs.win_rate,
    qs.profit_factor, qs.payoff_ratio, qs.kelly_criterion, qs.skew, qs.kurtosis, qs.consecutive_wins,
    qs.consecutive_losses,
]
start = time.perf_counter()
for metric in METRICS:
    metric(returns)
print("seconds", time.perf_counter() - start)
