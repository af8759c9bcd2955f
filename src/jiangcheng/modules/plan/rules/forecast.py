"""Where a number will stand: at the end of its year from its days, in a later year from its years.

All assumptions are in the table ``forecast``: the confidence, how many days in a row count as one, and how many
years a line needs. A forecast is a reading of what has been, not a promise.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from scipy import special

from jiangcheng.modules.plan.rules.targets import Target, score


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """``value`` with its interval, for a ``year``; ``method`` is ``days``, ``mean`` or ``line``."""

    year: int
    value: float
    low: float
    high: float
    method: str


def year_end(
    target: Target, counted: Mapping[str, float], year: int, settings: Mapping[str, Any]
) -> Forecast | None:
    """Return the end of the running year if its rest is like its days so far.

    Parameters
    ----------
    counted
        Parts of the formula: ``good_days`` or ``heavy_days``, ``valid_days``, ``days_left``; or ``mean``,
        ``deviation`` (of the days), ``valid_days``, ``days_left``.
    settings
        ``confidence`` (0–1), ``days_as_one`` (days in a row that count as one draw).

    Returns
    -------
    Forecast or None
        None where the year has too few days or its parts are not known.
    """
    judged, left = counted.get("valid_days", 0), counted.get("days_left", 0)
    if judged < settings["least_days"]:
        return None
    if target.budget in ("good_days", "heavy_days"):
        hits = counted.get(target.budget)
        return None if hits is None else _share(hits, judged, left, year, settings)
    if target.budget == "mean" and "mean" in counted:
        return _mean(counted, judged, left, year, settings)
    return None


def trend(series: Sequence[tuple[int, float]], year: int, settings: Mapping[str, Any]) -> Forecast | None:
    """Return the least-squares line through yearly values at a later year, with its prediction interval.

    None with fewer years than ``least_years``, or for a year that is among them.
    """
    count = len(series)
    if count < settings["least_years"] or any(known >= year for known, _value in series):
        return None
    mean_x = sum(known for known, _value in series) / count
    mean_y = sum(value for _known, value in series) / count
    spread = sum((known - mean_x) ** 2 for known, _value in series)
    slope = sum((known - mean_x) * (value - mean_y) for known, value in series) / spread
    value = mean_y + slope * (year - mean_x)
    residual = sum((seen - mean_y - slope * (known - mean_x)) ** 2 for known, seen in series)
    error = math.sqrt(residual / (count - 2) * (1 + 1 / count + (year - mean_x) ** 2 / spread))
    reach = float(special.stdtrit(count - 2, (1 + settings["confidence"]) / 2)) * error
    return Forecast(year, _round(value), _round(value - reach), _round(value + reach), "line")


def peak(series: Mapping[int, float]) -> int | None:
    """Return the year of the highest value, the earlier of equal ones; None with fewer than three years."""
    return max(sorted(series), key=lambda year: series[year]) if len(series) >= 3 else None


def within(forecast: Forecast, least: float, most: float) -> Forecast:
    """Return the forecast held between two numbers that nature or arithmetic does not let it pass."""
    held = (min(most, max(least, number)) for number in (forecast.value, forecast.low, forecast.high))
    value, low, high = held
    return dataclasses.replace(forecast, value=value, low=low, high=high)


def outlook(target: Target, forecast: Forecast | None) -> str:
    """Return ``secure``, ``at_risk`` or ``lost`` as the whole interval, a part or nothing meets the target.

    ``unknown`` where there is no forecast or no number to meet.
    """
    if forecast is None or target.target_value is None:
        return "unknown"
    met = [score(target, edge).met for edge in (forecast.low, forecast.value, forecast.high)]
    return "secure" if all(met) else "at_risk" if any(met) else "lost"


def _share(hits: float, judged: float, left: float, year: int, settings: Mapping[str, Any]) -> Forecast:
    """Return the share of all days, the days to come drawn beta-binomially from those that were."""
    days = judged + left
    draws = judged / settings["days_as_one"]
    a = hits / settings["days_as_one"] + 0.5
    share = a / (draws + 1)
    to_come = left / settings["days_as_one"]
    spread = share * (1 - share) * to_come * (draws + 1 + to_come) / (draws + 2)
    reach = (
        float(special.ndtri((1 + settings["confidence"]) / 2)) * math.sqrt(spread) * settings["days_as_one"]
    )
    middle = hits + share * left
    low, high = max(hits, middle - reach), min(hits + left, middle + reach)
    value, least, most = (_round(100 * number / days) for number in (middle, low, high))
    return Forecast(year, value, least, most, "days")


def _mean(
    counted: Mapping[str, float], judged: float, left: float, year: int, settings: Mapping[str, Any]
) -> Forecast | None:
    deviation = counted.get("deviation")
    if deviation is None:
        return None
    draws, to_come = judged / settings["days_as_one"], left / settings["days_as_one"]
    error = deviation * math.sqrt(1 / draws + (1 / to_come if to_come else 0)) * left / (judged + left)
    reach = float(special.stdtrit(max(1, draws - 1), (1 + settings["confidence"]) / 2)) * error
    value = counted["mean"]
    return Forecast(year, _round(value), _round(value - reach), _round(value + reach), "mean")


def _round(value: float) -> float:
    return round(value, 2) + 0.0
