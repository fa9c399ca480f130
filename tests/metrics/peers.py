"""Prints what quantstats, empyrical-reloaded and freqtrade say of series of returns and of trades.

    peers.py SERIES TRADES FILE

reads tab-separated lines (series, place, return or null; series, place, close in seconds since 1970, profit) and writes
tab-separated lines: series, metric, peer, figure. A figure is a number, null (NaN), inf, or what was raised.
"""

import importlib.util
import math
import sys
import warnings
from pathlib import Path

import empyrical
import pandas
import quantstats.stats as quantstats

warnings.filterwarnings("ignore")
START, YEAR, RF = 1000.0, 252, 0.03


def freqtrade():
    """freqtrade's metrics alone: its package brings the whole bot along."""
    for folder in sys.path:
        path = Path(folder) / "freqtrade/data/metrics.py"
        if path.exists():
            spec = importlib.util.spec_from_file_location("freqtrade_metrics", path)
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module
            spec.loader.exec_module(module)
            return module
    raise SystemExit("freqtrade is not installed")


def read(path, columns):
    """Lines by series."""
    found = {}
    for line in Path(path).read_text().splitlines():
        name, *fields = line.split("\t")
        found.setdefault(name, []).append(fields[:columns])
    return found


def returns_of(rows):
    """A series as the libraries want it: one return a day."""
    values = [math.nan if value == "null" else float(value) for _, value in rows]
    return pandas.Series(values, index=pandas.date_range("2026-01-01", periods=len(values), freq="D"), dtype=float)


Q = "quantstats"
E = "empyrical"
OF_RETURNS = [
    ("total_return", Q, quantstats.comp),
    ("cagr", Q, lambda r: quantstats.cagr(r, periods=YEAR)),
    ("volatility", Q, lambda r: quantstats.volatility(r, periods=YEAR)),
    ("sharpe_ratio", Q, lambda r: quantstats.sharpe(r, periods=YEAR)),
    ("sharpe_ratio_rf", Q, lambda r: quantstats.sharpe(r, rf=RF, periods=YEAR)),
    ("sortino_ratio", Q, lambda r: quantstats.sortino(r, periods=YEAR)),
    ("sortino_ratio_rf", Q, lambda r: quantstats.sortino(r, rf=RF, periods=YEAR)),
    ("max_drawdown", Q, quantstats.max_drawdown),
    ("calmar_ratio", Q, lambda r: quantstats.calmar(r, periods=YEAR)),
    ("ulcer_index", Q, quantstats.ulcer_index),
    ("value_at_risk", Q, quantstats.value_at_risk),
    ("conditional_value_at_risk", Q, quantstats.conditional_value_at_risk),
    ("conditional_value_at_risk_historical", Q, lambda r: quantstats.conditional_value_at_risk(r, method="historical")),
    ("omega_ratio", Q, quantstats.omega),
    ("tail_ratio", Q, quantstats.tail_ratio),
    ("win_rate", Q, quantstats.win_rate),
    ("profit_factor", Q, quantstats.profit_factor),
    ("payoff_ratio", Q, quantstats.payoff_ratio),
    ("kelly_criterion", Q, quantstats.kelly_criterion),
    ("skewness", Q, quantstats.skew),
    ("kurtosis", Q, quantstats.kurtosis),
    ("longest_winning_streak", Q, quantstats.consecutive_wins),
    ("longest_losing_streak", Q, quantstats.consecutive_losses),
    ("total_return", E, empyrical.cum_returns_final),
    ("cagr", E, lambda r: empyrical.annual_return(r, annualization=YEAR)),
    ("volatility", E, lambda r: empyrical.annual_volatility(r, annualization=YEAR)),
    ("sharpe_ratio", E, lambda r: empyrical.sharpe_ratio(r, annualization=YEAR)),
    ("sortino_ratio", E, lambda r: empyrical.sortino_ratio(r, annualization=YEAR)),
    ("max_drawdown", E, empyrical.max_drawdown),
    ("calmar_ratio", E, lambda r: empyrical.calmar_ratio(r, annualization=YEAR)),
    ("omega_ratio", E, lambda r: empyrical.omega_ratio(r, annualization=1)),
    ("tail_ratio", E, empyrical.tail_ratio),
    ("value_at_risk_historical", E, empyrical.value_at_risk),
    ("conditional_value_at_risk_historical", E, empyrical.conditional_value_at_risk),
]


def of_trades(library):
    """freqtrade's metrics, by name."""
    first, last = (lambda t: t["close_date"].min()), (lambda t: t["close_date"].max())

    def drawdown(trades, relative):
        return library.calculate_max_drawdown(trades, starting_balance=START, relative=relative)

    return [
        ("trades_sharpe_ratio", lambda t: library.calculate_sharpe(t, first(t), last(t), START)),
        ("trades_sortino_ratio", lambda t: library.calculate_sortino(t, first(t), last(t), START)),
        ("trades_calmar_ratio", lambda t: library.calculate_calmar(t, first(t), last(t), START)),
        ("trades_sqn", lambda t: library.calculate_sqn(t, START)),
        ("trades_expectancy", lambda t: library.calculate_expectancy(t)[0]),
        ("trades_expectancy_ratio", lambda t: library.calculate_expectancy(t)[1]),
        ("trades_max_drawdown", lambda t: drawdown(t, False).drawdown_abs),
        ("trades_max_drawdown_relative", lambda t: drawdown(t, True).relative_account_drawdown),
    ]


def figure(metric, data):
    """What a library says, or raises."""
    try:
        value = float(metric(data))
    except Exception as problem:
        return f"raises {type(problem).__name__}"
    return "null" if math.isnan(value) else repr(value)


def main(series, trades, target):
    """Writes the lines."""
    lines = []
    for name, rows in read(series, 2).items():
        lines += [(name, metric, peer, figure(of, returns_of(rows))) for metric, peer, of in OF_RETURNS]
    metrics = of_trades(freqtrade())
    for name, rows in read(trades, 3).items():
        data = pandas.DataFrame(
            {
                "close_date": pandas.to_datetime([int(close) for _, close, _ in rows], unit="s", utc=True),
                "profit_abs": [float(profit) for _, _, profit in rows],
            }
        )
        lines += [(name, metric, "freqtrade", figure(of, data)) for metric, of in metrics]
    Path(target).write_text("".join("\t".join(line) + "\n" for line in lines))


main(*sys.argv[1:])
