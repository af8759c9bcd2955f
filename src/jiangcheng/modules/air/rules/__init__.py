"""Rules of ambient air: AQI (HJ 633), station and city days, annual assessment (HJ 663)."""

from jiangcheng.modules.air.rules.aqi import (
    MISSING,
    AqiResult,
    Reason,
    aqi_daily,
    aqi_hourly,
    columns_of,
    iaqi,
    level,
)
from jiangcheng.modules.air.rules.assessment import (
    EQUAL,
    WEIGHTED,
    Change,
    Composite,
    ItemPeriod,
    change,
    composite,
    evaluate_months,
    evaluate_period,
    moving_mean,
    ranks,
    year_before,
)
from jiangcheng.modules.air.rules.days import city_mean, mda8, station_days
from jiangcheng.modules.air.rules.events import dust_hours, excluded, without
from jiangcheng.modules.air.rules.quality import TESTS, Score, Suspects, backtest, suspects
from jiangcheng.modules.air.rules.year import DayQuality, ItemYear, day_quality, evaluate_year

__all__ = [
    "EQUAL",
    "MISSING",
    "TESTS",
    "WEIGHTED",
    "AqiResult",
    "Change",
    "Composite",
    "DayQuality",
    "ItemPeriod",
    "ItemYear",
    "Reason",
    "Score",
    "Suspects",
    "aqi_daily",
    "aqi_hourly",
    "backtest",
    "change",
    "city_mean",
    "columns_of",
    "composite",
    "day_quality",
    "dust_hours",
    "evaluate_months",
    "evaluate_period",
    "evaluate_year",
    "excluded",
    "iaqi",
    "level",
    "mda8",
    "moving_mean",
    "ranks",
    "station_days",
    "suspects",
    "without",
    "year_before",
]
