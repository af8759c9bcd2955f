"""What the daily weather of a station says of its climate, and what that means for a county."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods import climate, trends

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Daily:
    """Consecutive days of a station; arrays have the shape (days,), NaN where nothing was measured."""

    first: dt.date
    highest: Floats
    """[℃]"""
    lowest: Floats
    """[℃]"""
    rain: Floats
    """[mm]"""
    latitude: float


def wrong_day(highest: float, lowest: float, rain: float, bounds: Mapping[str, float]) -> str:
    """Return which rule a day breaks: ``order``, ``temperature``, ``rain``, or nothing; NaN breaks none."""
    if highest < lowest:
        return "order"
    if any(value < bounds["coldest"] or value > bounds["hottest"] for value in (highest, lowest)):
        return "temperature"
    return "rain" if rain < 0 or rain > bounds["wettest"] else ""


def summary(daily: Daily, table: Mapping[str, Any]) -> dict[str, Any]:
    """Return indices, trends, drought and outlook of a station as plain numbers; None where there is none.

    Parameters
    ----------
    table
        The version of ``risk.json`` in force: base years and the indices to compute.
    """
    days = climate.calendar(daily.first, len(daily.rain))
    base = (int(table["base"][0]), int(table["base"][1]))
    years = np.array(days.years, dtype=np.float64)
    series = {item["code"]: _INDICES[item["code"]](daily, days, base) for item in table["etccdi"]}
    in_base = (years >= base[0]) & (years <= base[1])
    return {
        "years": list(days.years),
        "base": list(base),
        "rows": int((~np.isnan(daily.rain)).sum()),
        "indices": {code: _plain(values, 2) for code, values in series.items()},
        "normals": {code: _number(_mean(values[in_base]), 2) for code, values in series.items()},
        "trends": {code: _trend(years, values) for code, values in series.items()},
        **_drought(daily, days, base),
        "outlook": _outlooks(daily, days),
    }


def _mean(values: Floats) -> float:
    held = values[~np.isnan(values)]
    return float(held.mean()) if len(held) else math.nan


def _trend(years: Floats, values: Floats) -> dict[str, Any]:
    found = trends.mann_kendall(years, values)
    return {
        "count": found.values,
        "p": _number(found.p, 4),
        "slope": _number(10 * found.slope, 3),
        "low": _number(10 * found.low, 3),
        "high": _number(10 * found.high, 3),
        "direction": found.direction,
    }


def _drought(daily: Daily, days: climate.Calendar, base: tuple[int, int]) -> dict[str, Any]:
    rain = climate.monthly(daily.rain, days, "sum")
    lost = climate.monthly(
        climate.evapotranspiration(daily.highest, daily.lowest, days, daily.latitude), days, "sum"
    )
    first = days.years[0]
    months = slice(max(0, (base[0] - first) * 12), max(0, (base[1] + 1 - first) * 12))
    return {
        "spi3": _plain(climate.spi(rain, width=3, base=months), 2),
        "spei3": _plain(climate.spei(rain - lost, width=3, base=months), 2),
    }


def _outlooks(daily: Daily, days: climate.Calendar) -> dict[str, Any]:
    """Return the outlook of temperature [℃] and rain [mm a month] after the last whole month."""
    series = {
        "temperature": climate.monthly((daily.highest + daily.lowest) / 2, days, "mean"),
        "rain": climate.monthly(daily.rain, days, "sum"),
    }
    whole = np.nonzero(~(np.isnan(series["temperature"]) | np.isnan(series["rain"])))[0]
    if not len(whole):
        return {}
    last = int(whole[-1])
    found: dict[str, Any] = {"last": f"{days.years[0] + last // 12}-{last % 12 + 1:02d}"}
    for name, values in series.items():
        told = climate.outlook(values, last)._asdict()
        found[name] = {key: _number(value, 3) for key, value in told.items()}
    return found


def _sum_of_days(flags: NDArray[np.bool_], known: Floats, days: climate.Calendar) -> Floats:
    return climate.yearly(np.where(np.isnan(known), np.nan, flags.astype(np.float64)), days, "sum")


def _warm(daily: Daily) -> Floats:
    return (daily.highest + daily.lowest) / 2


Index = Callable[[Daily, climate.Calendar, tuple[int, int]], Floats]

_INDICES: Mapping[str, Index] = {
    "tmean": lambda d, days, base: climate.yearly(_warm(d), days, "mean"),
    "txx": lambda d, days, base: climate.yearly(d.highest, days, "max"),
    "tnn": lambda d, days, base: climate.yearly(d.lowest, days, "min"),
    "fd": lambda d, days, base: _sum_of_days(d.lowest < 0, d.lowest, days),
    "hot35": lambda d, days, base: _sum_of_days(d.highest >= 35, d.highest, days),
    "tx90p": lambda d, days, base: climate.share_beyond(d.highest, days, base=base, percent=90, above=True),
    "tn10p": lambda d, days, base: climate.share_beyond(d.lowest, days, base=base, percent=10, above=False),
    "gdd10": lambda d, days, base: climate.degree_days(_warm(d), days),
    "prcptot": lambda d, days, base: climate.yearly(np.where(d.rain < 1, 0.0, d.rain), days, "sum"),
    "rx1day": lambda d, days, base: climate.yearly(d.rain, days, "max"),
    "rx5day": lambda d, days, base: _of_whole_years(climate.running_sum(d.rain, 5), d.rain, days),
    "r50mm": lambda d, days, base: _sum_of_days(d.rain >= 50, d.rain, days),
    "cdd": lambda d, days, base: np.where(
        np.isnan(climate.yearly(d.rain, days, "sum")), np.nan, climate.longest(d.rain < 1, days)
    ),
}


def _of_whole_years(sums: Floats, rain: Floats, days: climate.Calendar) -> Floats:
    # One missing day takes five sums with it; the year counts by its days.
    highest = climate.yearly(np.where(np.isnan(sums), -1.0, sums), days, "max")
    return np.where(np.isnan(climate.yearly(rain, days, "sum")), np.nan, highest)


@dataclasses.dataclass(frozen=True, slots=True)
class Exposure:
    """What a county has to lose and how it can bear it: the columns of its row by name, None where unknown."""

    values: Mapping[str, float | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Risk:
    """The risk of a county from a hazard, each part in 0…1."""

    hazard: float
    exposure: float
    vulnerability: float
    index: float
    level: str
    parts: Mapping[str, float]
    """The numbers that were put in."""


def risk(
    item: Mapping[str, Any],
    content: Mapping[str, Any] | None,
    exposure: Exposure | None,
    levels: Sequence[Any],
) -> Risk | None:
    """Return hazard × exposure × vulnerability (IPCC AR5), the cube root of the product of three shares.

    Each part is the mean of its numbers, brought to 0…1 between the bounds of the table. None where a part has no
    number: what is unknown is not low.

    Parameters
    ----------
    item
        A hazard of the table with ``index``, ``exposure`` and ``vulnerability``.
    content
        A `summary`.
    levels
        ``[{"code", "from"}]``, the lowest first.
    """
    if content is None or exposure is None or not item.get("index"):
        return None
    told = _recent(content, item["index"])
    parts = {item["index"]["code"]: told}
    shares: list[float] = []
    for group in (None, "exposure", "vulnerability"):
        found = []
        for one in [item["index"]] if group is None else item[group]:
            value = told if group is None else exposure.values.get(one["code"])
            if value is not None and not math.isnan(value):
                parts[one["code"]] = value
                found.append(min(1.0, max(0.0, (value - one["low"]) / (one["high"] - one["low"]))))
        if not found:
            return None
        shares.append(sum(found) / len(found))
    index = round(float(np.prod(shares)) ** (1 / 3), 4)
    return Risk(shares[0], shares[1], shares[2], index, level_of(index, levels), parts)


def level_of(index: float, levels: Sequence[Any]) -> str:
    """Return the code of the level an index lies in."""
    return str([one["code"] for one in levels if index >= one["from"]][-1])


def _recent(content: Mapping[str, Any], index: Mapping[str, Any]) -> float:
    """Return the mean of an index over the last years, or the share of months in drought [%]."""
    years = int(index["years"])
    if index["code"] in ("spi3", "spei3"):
        held = [value for value in content[index["code"]][-12 * years :] if value is not None]
        return 100 * sum(value <= -1 for value in held) / len(held) if held else math.nan
    held = [value for value in content["indices"][index["code"]][-years:] if value is not None]
    return sum(held) / len(held) if held else math.nan


def _plain(values: Floats, digits: int) -> list[float | None]:
    return [_number(float(value), digits) for value in values]


def _number(value: float, digits: int) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None
