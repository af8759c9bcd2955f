"""Months, periods, the composite index, ranks and comparisons with the year before (HJ 663, 环办〔2014〕64号)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import statistics
from jiangcheng.modules.air.rules.year import ITEMS
from jiangcheng.standards import lookup, periods, rounding

EQUAL, WEIGHTED = "equal", "weighted"
"""Weightings of the composite index. The second one comes from a single source and is never the default."""

Floats = NDArray[np.float64]


class ItemPeriod(NamedTuple):
    """Statistics of one pollutant over a period [µg/m3; CO: mg/m3], not rounded; NaN without a valid day."""

    parameter: str
    days: int
    """Days with a valid value."""
    needed: int
    """Days that a valid month needs; 0 where the standard states no count or the period is no month."""
    valid: bool
    mean: float
    percentile: float
    percent: float
    assessed: float
    """The statistic of the composite index: the mean, for CO and O3 the percentile."""


class Composite(NamedTuple):
    """Composite index of a period; NaN unless all six pollutants are there."""

    value: float
    """Two decimals."""
    parts: Mapping[str, float]
    """Single index of each pollutant, not weighted, not rounded."""
    main: tuple[str, ...]
    """Pollutants with the highest single index."""
    weighting: str
    edition: str
    verified: bool
    """False where a weight was not read in the text of its document."""


class Change(NamedTuple):
    """A statistic beside that of the year before."""

    value: float
    before: float
    difference: float
    percent: float
    """One decimal; NaN where nothing was there before."""


def evaluate_period(
    days: Mapping[str, ArrayLike], calendar: NDArray[np.datetime64]
) -> tuple[ItemPeriod, ...]:
    """Return the statistics of every pollutant over some days.

    Parameters
    ----------
    days
        City day values by column (``O3_8h`` for ozone), shape ``(n,)``, NaN where not valid.
    calendar
        The days, ``datetime64[D]`` ``(n,)``, in any order. Days of exactly one month are judged as a month
        (GB 3095 table 4: 27 days, 25 in February).

    Raises
    ------
    ValueError
        If there is no day, or a day stands twice.
    """
    dates = np.asarray(calendar, dtype="datetime64[D]")
    if not len(dates) or len(np.unique(dates)) != len(dates):
        raise ValueError("a period has days, each of them once")
    on: datetime.date = dates.max().astype(datetime.date)
    one_month = len(np.unique(dates.astype("datetime64[M]"))) == 1
    return tuple(
        _item(parameter, np.asarray(days[column], np.float64), on, one_month)
        for parameter, column in ITEMS.items()
        if column in days
    )


def _item(parameter: str, values: Floats, on: datetime.date, one_month: bool) -> ItemPeriod:
    present = values[~np.isnan(values)]
    with_mean = lookup.value("HJ663", parameter, "year", "mean", on) == 1
    averaging = "mda8" if parameter == "O3" else "day"
    percent = lookup.value("HJ663", parameter, averaging, "percentile", on)
    # Sums of floats depend on the order of their terms; sorted, the order of the rows cannot be seen.
    mean = float(rounding.settle(np.sort(present).mean())) if present.size else np.nan
    high = statistics.percentile(present, percent)
    counted = "days_in_february" if on.month == 2 else "days_per_month"
    needed = periods.minimum(parameter, "year", counted, on) if one_month and with_mean else 0
    return ItemPeriod(
        parameter=parameter,
        days=int(present.size),
        needed=needed,
        valid=bool(present.size >= max(needed, 1)),
        mean=mean,
        percentile=high,
        percent=percent,
        assessed=mean if with_mean else high,
    )


def evaluate_months(
    days: Mapping[str, ArrayLike], calendar: NDArray[np.datetime64]
) -> dict[np.datetime64, tuple[ItemPeriod, ...]]:
    """Return `evaluate_period` of every calendar month that has a day, in the order of time."""
    dates = np.asarray(calendar, dtype="datetime64[D]")
    month_of = dates.astype("datetime64[M]")
    found = {}
    for month in np.unique(month_of):
        mine = month_of == month
        found[month] = evaluate_period(
            {name: np.asarray(values, np.float64)[mine] for name, values in days.items()}, dates[mine]
        )
    return found


def composite(
    items: Sequence[ItemPeriod],
    *,
    on: datetime.date,
    weighting: str = EQUAL,
    edition: str | None = None,
) -> Composite:
    """Return the composite index: the (weighted) sum of the statistics over their class 2 limits.

    Parameters
    ----------
    items
        Statistics of the period (`evaluate_period`).
    on
        Last day of the period; selects limits and weights.
    weighting
        ``"equal"`` (环办〔2014〕64号) or ``"weighted"`` (unverified).
    edition
        Of GB 3095, whose limits divide, whatever the date.

    Returns
    -------
    Composite
        The index rounded to its two decimals.

    Raises
    ------
    NotInForce
        If the weighting did not exist on the date.
    """
    weights = {
        row.parameter: row
        for row in lookup.rows("air_composite", on)
        if row.zone == weighting and row.value == row.value
    }
    digits = int(lookup.value("air_composite", "index", "decimals", weighting, on))
    by_name = {item.parameter: item.assessed for item in items}
    parts = {}
    for parameter, row in weights.items():
        if parameter != "index":
            limit = lookup.value("GB3095", parameter, row.averaging, "class2", on, edition=edition)
            parts[parameter] = by_name.get(parameter, np.nan) / limit
    total = sum(weights[parameter].value * part for parameter, part in sorted(parts.items()))
    highest = max(parts.values(), default=np.nan)
    complete = not np.isnan(total)
    return Composite(
        value=float(rounding.round_half_even(rounding.settle(total), digits)),
        parts=parts,
        main=tuple(name for name, part in parts.items() if part == highest) if complete else (),
        weighting=weighting,
        edition=weights["index"].edition,
        verified=all(row.verified in ("text", "data") for row in weights.values()),
    )


def ranks(index: ArrayLike) -> NDArray[np.int64]:
    """Return the rank of every city, 1 for the lowest index; equal ones share a rank, the next is left out.

    Parameters
    ----------
    index
        Rounded composite indices ``(n,)``; NaN takes no part.

    Returns
    -------
    ndarray
        0 where there is no index.
    """
    values = np.asarray(index, np.float64)
    present = ~np.isnan(values)
    ordered = np.sort(values[present])
    return np.where(present, np.searchsorted(ordered, np.where(present, values, np.inf)) + 1, 0)


def year_before(day: datetime.date) -> datetime.date:
    """Return the same day of the year before; 29 February becomes 1 March.

    Bounds of a half-open period move by it: through 28 February stays through 28 February.
    """
    if (day.month, day.day) == (2, 29):
        return datetime.date(day.year - 1, 3, 1)
    return day.replace(year=day.year - 1)


def change(value: float, before: float, *, digits: int) -> Change:
    """Return a statistic beside that of the year before; both are rounded to `digits`, as reports print them."""
    now, then = (float(rounding.round_half_even(number, digits)) for number in (value, before))
    difference = float(rounding.round_half_even(rounding.settle(now - then), digits))
    percent = float(rounding.round_half_even(rounding.settle(100 * difference / then), 1)) if then else np.nan
    return Change(now, then, difference, percent)


def moving_mean(years: Sequence[tuple[float, bool]], *, on: datetime.date) -> float:
    """Return the mean of the last annual means (HJ 663-2026: three years).

    Parameters
    ----------
    years
        Annual mean and its validity, oldest first.
    on
        A date of the last year.

    Returns
    -------
    float
        NaN with fewer years, or where one of them is not valid.

    Raises
    ------
    NotInForce
        Before HJ 663-2026, which introduced it.
    """
    needed = int(lookup.value("HJ663", "year", "moving", "years", on))
    last = years[-needed:]
    if len(last) < needed or not all(valid for _mean, valid in last):
        return float("nan")
    return float(rounding.settle(np.mean([mean for mean, _valid in last])))
