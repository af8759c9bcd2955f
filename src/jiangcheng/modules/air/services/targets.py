"""The air targets of the plan, computed from the city's day values."""

from __future__ import annotations

import csv
import datetime
import functools
import math
from importlib import resources
from typing import Any

import numpy as np
from django.db import transaction

from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.methods import budget
from jiangcheng.modules.air import queries, rules
from jiangcheng.standards import lookup

DAY_CODES = ["pm25", "aqi_2012", "aqi_2026"]


def compute_indicators(*, on: datetime.date, at: datetime.datetime) -> None:
    """Record the air targets of the year of a date, from its closed days before the date."""
    city = queries.city_area()
    first = datetime.date(on.year, 1, 1)
    if city is None or on == first:
        return
    columns = queries.daily(station=city.pk, codes=DAY_CODES, first=first, last=on)
    with transaction.atomic():
        for row in _formulas():
            values = columns[row["property"]]
            if not np.isnan(values).all():
                _record(row, city=city, days=columns["days"], values=values, at=at)


def _record(
    row: dict[str, str], *, city: Station, days: np.ndarray, values: np.ndarray, at: datetime.datetime
) -> None:
    first, through = days[0].item(), days[~np.isnan(values)][-1].item()
    following = datetime.date(first.year + 1, 1, 1)
    score = _mean if row["property"] == "pm25" else _share
    value, numbers = score(row, days, values)
    left = (following - through).days - 1
    indicators.record(
        computation=indicators.Computation(
            indicator=row["indicator"],
            period=(first, following),
            edition=row["label"]
            + (f"-{lookup.edition_on('HJ663', through).code}" if not row["edition"] else ""),
            value=value,
            unit=row["unit"],
            formula_zh=row["formula_zh"],
            formula_en=row["formula_en"],
            clause=row["clause"],
            lineage={
                "area": city.code,
                "stations": _member_codes(city, through),
                "property": f"{row['property']}-avg",
                "granularity": "day",
                "rows": int((~np.isnan(values)).sum()),
                "through": through.isoformat(),
                "snapshot": store.snapshot(),
                "intermediates": {**numbers, "days_left": left},
            },
            remaining=_remaining(row["indicator"], value, numbers, left, through),
        ),
        at=at,
    )


def _remaining(
    indicator: str, value: float, numbers: dict[str, Any], left: int, on: datetime.date
) -> dict[str, Any]:
    """Return target, gap (0 where it is reached), and what the days left of the year may still bring."""
    goal = next(
        (
            row
            for row in _goals()
            if row["indicator"] == indicator
            and row["valid_from"] <= on.isoformat() < (row["valid_to"] or "9999")
        ),
        None,
    )
    if goal is None or not numbers["valid_days"]:
        return {}
    target = float(goal["target"])
    gap = value - target if goal["better"] == "lower" else target - value
    found = {"target": target, "target_year": int(goal["target_year"]), "gap": round(max(gap, 0.0), 4)}
    days = {"judged": numbers["valid_days"], "remaining": left}
    if goal["budget"] == "good_days":
        found["days"] = budget.failures_left(successes=numbers["good_days"], target_percent=target, **days)
    elif goal["budget"] == "heavy_days":
        found["days"] = budget.occurrences_left(occurred=numbers["heavy_days"], limit_percent=target, **days)
    elif left:
        mean = budget.mean_left(
            mean=numbers["mean"], count=numbers["valid_days"], remaining=left, target=target
        )
        # Rounded down: a mean of the shown height still reaches the target.
        found["mean"] = math.floor(mean * 10) / 10
    if found.get("days", 0) < 0:
        # Out of reach by so many days; a negative allowance is hard to read.
        found["days_over"] = -found.pop("days")
    return {**found, "days_left": left}


def _mean(row: dict[str, str], days: np.ndarray, values: np.ndarray) -> tuple[float, dict[str, Any]]:
    """Return the yearly mean as reports round it, and the sum and count behind it."""
    year = next(item for item in rules.evaluate_year({"PM25": values}, days) if item.parameter == "PM25")
    total = float(np.nansum(values))
    numbers = {"sum": round(total, 4), "valid_days": year.days, "mean": round(total / year.days, 6)}
    if year.days > 1:
        numbers["deviation"] = round(float(np.nanstd(values, ddof=1)), 4)
    return year.mean, numbers


def _share(row: dict[str, str], days: np.ndarray, values: np.ndarray) -> tuple[float, dict[str, Any]]:
    """Return the share of good or heavy days, and the counts behind it."""
    index = np.where(np.isnan(values), rules.MISSING, values).astype(int)
    quality = rules.day_quality(rules.level(index, row["edition"]))
    if row["indicator"] == "city_good_air_days_ratio_2027":
        return quality.good_percent, {"good_days": quality.good, "valid_days": quality.days}
    return quality.heavy_percent, {"heavy_days": quality.heavy, "valid_days": quality.days}


def _member_codes(city: Station, on: datetime.date) -> list[str]:
    points = queries.stations(on=on)
    members = next((area.members for area in queries.areas(points=points) if area.station == city.pk), ())
    return sorted(point.code for point in points if point.pk in members)


@functools.cache
def _goals() -> tuple[dict[str, str], ...]:
    path = resources.files("jiangcheng.modules.air").joinpath("data", "targets.csv")
    return tuple(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@functools.cache
def _formulas() -> tuple[dict[str, str], ...]:
    path = resources.files("jiangcheng.modules.air").joinpath("data", "indicators.csv")
    return tuple(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
