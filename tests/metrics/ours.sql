-- What we say of them: series, metric, figure.
SET extra_float_digits = 1;
SELECT s.name, m.metric, coalesce(m.figure::text, 'null')
FROM (SELECT name, jsonb_build_object(
          'total_return', analytics.total_return(r ORDER BY place), 'cagr', analytics.cagr(r, 252 ORDER BY place),
          'volatility', analytics.volatility(r, 252), 'sharpe_ratio', analytics.sharpe_ratio(r, 252),
          'sharpe_ratio_rf', analytics.sharpe_ratio(r, 252, 0.03), 'sortino_ratio', analytics.sortino_ratio(r, 252),
          'sortino_ratio_rf', analytics.sortino_ratio(r, 252, 0.03),
          'max_drawdown', analytics.max_drawdown(r ORDER BY place),
          'calmar_ratio', analytics.calmar_ratio(r, 252 ORDER BY place),
          'ulcer_index', analytics.ulcer_index(r ORDER BY place), 'value_at_risk', analytics.value_at_risk(r, 0.95),
          'value_at_risk_historical', analytics.value_at_risk(r, 0.95, 'historical'),
          'conditional_value_at_risk', analytics.conditional_value_at_risk(r, 0.95),
          'conditional_value_at_risk_historical', analytics.conditional_value_at_risk(r, 0.95, 'historical'),
          'omega_ratio', analytics.omega_ratio(r), 'tail_ratio', analytics.tail_ratio(r),
          'win_rate', analytics.win_rate(r), 'profit_factor', analytics.profit_factor(r),
          'payoff_ratio', analytics.payoff_ratio(r), 'kelly_criterion', analytics.kelly_criterion(r),
          'skewness', analytics.skewness(r), 'kurtosis', analytics.kurtosis(r),
          'longest_winning_streak', analytics.longest_winning_streak(r ORDER BY place),
          'longest_losing_streak', analytics.longest_losing_streak(r ORDER BY place)) AS figures
      FROM series GROUP BY name) s, jsonb_each(s.figures) m (metric, figure)
UNION ALL
SELECT t.name, 'trades_' || m.metric,
       CASE WHEN m.metric = 'sqn' AND m.figure <> 'null' THEN round(m.figure::numeric, 4)::text ELSE m.figure::text END
FROM (SELECT name, analytics.trade_statistics(net_pnl, closed_at, 1000, 'freqtrade') AS figures
      FROM trades GROUP BY name) t, jsonb_each(t.figures) m (metric, figure)
WHERE m.metric IN ('sharpe_ratio', 'sortino_ratio', 'calmar_ratio', 'sqn', 'expectancy', 'expectancy_ratio',
                   'max_drawdown', 'max_drawdown_relative')
ORDER BY 1, 2;
