"""Levels against limits: by functional class, pooled into rates, and the grades of a city."""

from __future__ import annotations

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import statistics
from jiangcheng.standards import lookup, rounding

CLASSES = ("0", "1", "2", "3", "4a", "4b")
"""Functional classes of the acoustic environment (GB 3096-2008 4)."""
PERIODS = ("day", "night")
GRADES = 5


class Rate(NamedTuple):
    """A rate of compliance: pooled, so that rates of classes never need weights."""

    zone: str
    """A class, ``4`` for 4a and 4b together, or empty for all."""
    period: str
    complying: int
    valid: int

    @property
    def percent(self) -> float:
        """The rate [%], rounded by GB/T 8170; NaN of nothing."""
        return statistics.share(self.complying, self.valid)


def limit(zone: str, period: str, on: datetime.date) -> float:
    """Return the limit of a class for ``day`` or ``night`` on a date [dB] (GB 3096 table 1)."""
    return lookup.value("GB3096", "Leq", period, zone, on)


def burst_limit(zone: str, on: datetime.date) -> float:
    """Return what a sudden sound may reach at night [dB] (GB 3096)."""
    return limit(zone, "night", on) + lookup.value("GB3096", "Lmax", "night", "over_limit", on)


def limits(zones: ArrayLike, period: str, on: datetime.date) -> NDArray[np.float64]:
    """Return the limits of classes [dB], NaN of what is no class."""
    given = np.asarray(zones, dtype=object)
    by_class = {zone: limit(zone, period, on) for zone in CLASSES}
    found = [by_class.get(str(zone), np.nan) for zone in given.reshape(-1)]
    return np.asarray(found, dtype=np.float64).reshape(given.shape)


def compared(levels: ArrayLike) -> NDArray[np.float64]:
    """Return levels as they are compared: rounded to 0.1 dB by GB/T 8170 (HJ 640)."""
    digits = int(lookup.value("HJ640", "level", "compare", "digits", edition="2012"))
    return rounding.round_half_even(levels, digits)


def exceeds(levels: ArrayLike, limit: ArrayLike) -> NDArray[np.bool_]:
    """Tell which levels lie above their limit; a level equal to it complies, a missing one exceeds nothing."""
    return np.asarray(compared(levels) > np.asarray(limit, dtype=np.float64))


def pass_rates(zones: ArrayLike, day: ArrayLike, night: ArrayLike, *, on: datetime.date) -> list[Rate]:
    """Return the rates of compliance by class and period, then of class 4 as a whole and of all together.

    The rate is complying point-days over valid point-days, pooled over points and days: published rates of
    classes are reached by no count of points alone (环办监测〔2024〕33号).

    Parameters
    ----------
    zones
        Class of the point on the day, shape ``(n,)``; point-days without a class are left out.
    day, night
        Ld and Ln [dB], shape ``(n,)``; NaN where the period is not valid.
    on
        Date of the data, which selects the limits.
    """
    given = np.asarray(zones, dtype=object).reshape(-1)
    rates = []
    for period, values in zip(PERIODS, (day, night), strict=True):
        level = np.asarray(values, dtype=np.float64).reshape(-1)
        ceiling = limits(given, period, on)
        valid = ~np.isnan(level) & ~np.isnan(ceiling)
        passed = valid & ~exceeds(level, ceiling)
        for name, members in _pools(given):
            if valid[members].any():
                rates.append(Rate(name, period, int(passed[members].sum()), int(valid[members].sum())))
    return rates


def _pools(zones: NDArray[np.object_]) -> list[tuple[str, NDArray[np.bool_]]]:
    pools = [(zone, np.asarray(zones == zone, dtype=bool)) for zone in CLASSES]
    fourth = np.isin(zones.astype(str), ("4a", "4b"))
    return [*pools, ("4", fourth), ("", np.ones(len(zones), dtype=bool))]


def area_grade(levels: ArrayLike, period: str, on: datetime.date) -> int:
    """Return the grade 1 to 5 of an area from its grid levels [dB], by their arithmetic mean (HJ 640)."""
    known = np.asarray(levels, dtype=np.float64)
    known = known[~np.isnan(known)]
    return _grade("area", float(known.mean()), period, on) if known.size else 0


def road_grade(mean: float, period: str, on: datetime.date) -> int:
    """Return the grade 1 to 5 of road traffic from its length-weighted mean [dB] (HJ 640), 0 of none."""
    return 0 if np.isnan(mean) else _grade("road", mean, period, on)


def grades(kind: str, levels: ArrayLike, period: str, on: datetime.date) -> NDArray[np.int64]:
    """Return the grade 1 to 5 each level alone would have, ``area`` or ``road`` (HJ 640)."""
    known = compared(np.asarray(levels, dtype=np.float64))
    return np.asarray(1 + (known[:, None] > np.array(bounds(kind, period, on))).sum(axis=1), dtype=np.int64)


def bounds(kind: str, period: str, on: datetime.date) -> list[float]:
    """Return the upper ends of grades 1 to 4 on a date [dB] (HJ 640 tables 4 and 5)."""
    return [lookup.value("HJ640", kind, period, str(step), on) for step in range(1, GRADES)]


def _grade(kind: str, mean: float, period: str, on: datetime.date) -> int:
    return 1 + int((compared(mean) > np.array(bounds(kind, period, on))).sum())


def background_corrected(measured: float, background: float, on: datetime.date) -> float:
    """Return a level at a boundary without the background [dB] (GB 12348 5.7); NaN where it must be repeated.

    Above 10 dB of difference there is no correction, below 3 dB the measurement is not valid.
    """
    difference = int(rounding.round_half_even(measured - background, 0))
    rows = [row for row in lookup.rows("GB12348", on) if row.parameter == "background"]
    known = {int(row.zone): row.value for row in rows}
    if difference > max(known):
        return measured
    return measured + known[difference] if difference in known else float("nan")
