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
from jiangcheng.modules.air.rules.days import city_mean, mda8, station_days
from jiangcheng.modules.air.rules.year import DayQuality, ItemYear, day_quality, evaluate_year

__all__ = [
    "MISSING",
    "AqiResult",
    "DayQuality",
    "ItemYear",
    "Reason",
    "aqi_daily",
    "aqi_hourly",
    "city_mean",
    "columns_of",
    "day_quality",
    "evaluate_year",
    "iaqi",
    "level",
    "mda8",
    "station_days",
]
