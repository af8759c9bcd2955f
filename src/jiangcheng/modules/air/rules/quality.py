"""Tests of station hours that flag and never alter; a person decides (HJ 817-2018, HJ 818-2018).

Every test takes hours ``(stations, n)`` in time order [µg/m3; CO: mg/m3], NaN where missing, and returns which
it suspects. A suspect value still counts.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

TESTS = ("range", "spike", "stuck", "inversion", "neighbour")

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Suspects = dict[str, dict[str, Flags]]
"""By test and pollutant, bool ``(stations, n)``."""


class Score(NamedTuple):
    """How a test did on faults that were put in.

    Precision counts everything else as a false alarm, also faults the data had before: it is a lower bound.
    """

    injected: int
    found: int
    flagged: int
    precision: float
    recall: float


def out_of_range(values: ArrayLike, lower: float, upper: float) -> Flags:
    """Suspect what lies outside ``[lower, upper]``."""
    numbers = np.asarray(values, np.float64)
    found: Flags = (numbers < lower) | (numbers > upper)
    return found


def stuck(values: ArrayLike, hours: int, above: float = -np.inf) -> Flags:
    """Suspect runs of at least `hours` identical values over `above`; a missing hour ends a run."""
    numbers = np.atleast_2d(np.asarray(values, np.float64))
    begins = np.ones(numbers.shape, bool)
    begins[:, 1:] = ~(numbers[:, 1:] == numbers[:, :-1])
    run = np.cumsum(begins.reshape(-1)) - 1
    lengths = np.bincount(run)
    found: Flags = (lengths[run] >= hours).reshape(numbers.shape) & (numbers > above)
    return found


def spike(values: ArrayLike, factor: float, floor: float) -> Flags:
    """Suspect single hours between two opposite jumps that both exceed `factor` times the median step.

    Parameters
    ----------
    floor
        Jumps of at most this are never suspect, however calm the series.
    """
    numbers = np.atleast_2d(np.asarray(values, np.float64))
    found = np.zeros(numbers.shape, bool)
    if numbers.shape[1] < 3:
        return found
    steps = np.diff(numbers, axis=1)
    median = _median(np.abs(steps))
    least = np.fmax(factor * median, floor)[:, None]
    up, down = steps[:, :-1], steps[:, 1:]
    found[:, 1:-1] = (np.fmin(np.abs(up), np.abs(down)) > least) & (up * down < 0) & ~np.isnan(up * down)
    return found


def inversion(pm25: ArrayLike, pm10: ArrayLike, margin: float) -> Flags:
    """Suspect hours whose PM2.5 exceeds PM10, of which it is a part, by more than `margin`."""
    found: Flags = np.asarray(pm25, np.float64) > np.asarray(pm10, np.float64) + margin
    return found


def neighbours(values: ArrayLike, *, factor: float, floor: float, share: float, others: int) -> Flags:
    """Suspect hours far from those of the other stations at the same time.

    Far is more than `factor` times the median absolute deviation of the others, more than `floor`, and more than
    `share` percent of their median, so that an episode that reaches all stations unevenly is left alone.
    """
    numbers = np.atleast_2d(np.asarray(values, np.float64))
    found = np.zeros(numbers.shape, bool)
    for row in range(len(numbers)):
        rest = np.delete(numbers, row, axis=0)
        enough = (~np.isnan(rest)).sum(axis=0) >= others
        if not enough.any():
            continue
        median = _median(rest.T)
        deviation = _median(np.abs(rest - median).T)
        least = np.fmax(np.fmax(factor * deviation, floor), share / 100 * median)
        found[row] = enough & (np.abs(numbers[row] - median) > least)
    return found


def suspects(hours: Mapping[str, ArrayLike], *, on: datetime.date) -> Suspects:
    """Return what each test suspects of each pollutant.

    Parameters
    ----------
    hours
        By pollutant ``(stations, n)``, consecutive hours.
    on
        A date of the data; selects the parameters (table `air_qc`).
    """
    parameters = {(row.parameter, row.zone): row.value for row in lookup.rows("air_qc", on)}
    found: Suspects = {test: {} for test in TESTS}
    columns = {name: np.atleast_2d(np.asarray(values, np.float64)) for name, values in hours.items()}
    for name, values in columns.items():
        of = {zone: value for (parameter, zone), value in parameters.items() if parameter == name}
        found["range"][name] = out_of_range(values, of["range_lower"], of["range_upper"])
        found["spike"][name] = spike(values, of["spike_factor"], of["spike_floor"])
        found["stuck"][name] = stuck(values, int(of["stuck_hours"]), of["stuck_above"])
        found["neighbour"][name] = neighbours(
            values,
            factor=of["neighbour_factor"],
            floor=of["neighbour_floor"],
            share=of["neighbour_share"],
            others=int(of["neighbour_others"]),
        )
    if {"PM25", "PM10"} <= columns.keys():
        pair = inversion(columns["PM25"], columns["PM10"], parameters["PM25", "inversion_margin"])
        found["inversion"] = {"PM25": pair, "PM10": pair}
    return found


def backtest(
    hours: Mapping[str, ArrayLike], *, on: datetime.date, generator: np.random.Generator, faults: int = 50
) -> dict[str, Score]:
    """Put faults of every kind into copies of stored hours and return how each test found its own kind.

    Parameters
    ----------
    hours
        By pollutant ``(stations, n)``; PM25 and PM10 have to be there, and n has to be at least 100.
    generator
        Decides where the faults go; the same seed gives the same scores.
    faults
        Of each kind.

    Raises
    ------
    ValueError
        If there are too few hours.
    """
    clean = {name: np.atleast_2d(np.asarray(values, np.float64)) for name, values in hours.items()}
    if clean["PM25"].shape[1] < 100:
        raise ValueError("a back-test needs at least 100 hours")
    scores = {}
    for test in TESTS:
        broken, truth = _broken(clean, test, on, generator, faults)
        flagged = suspects(broken, on=on)[test]["PM25"]
        found, number = int((flagged & truth).sum()), int(flagged.sum())
        injected = int(truth.sum())
        scores[test] = Score(
            injected,
            found,
            number,
            found / number if number else np.nan,
            found / injected if injected else np.nan,
        )
    return scores


def _broken(
    clean: Mapping[str, Floats], test: str, on: datetime.date, generator: np.random.Generator, faults: int
) -> tuple[dict[str, Floats], Flags]:
    """Return hours with faults of one kind in PM2.5, and where they are."""
    values = clean["PM25"].copy()
    truth = np.zeros(values.shape, bool)
    length = {"stuck": 8, "neighbour": 6}.get(test, 1)
    for _ in range(faults):
        row = int(generator.integers(len(values)))
        at = int(generator.integers(1, values.shape[1] - length - 1))
        part = slice(at, at + length)
        if (
            np.isnan(values[row, at - 1 : at + length + 1]).any()
            or truth[row, at - 1 : at + length + 1].any()
        ):
            continue
        values[row, part] = _faulty(test, values[row, part], clean["PM10"][row, part], on, generator)
        truth[row, part] = True
    return {**clean, "PM25": values}, truth & ~np.isnan(values)


def _faulty(
    test: str, values: Floats, pm10: Floats, on: datetime.date, generator: np.random.Generator
) -> Floats:
    if test == "range":
        upper = lookup.value("air_qc", "PM25", "hour", "range_upper", on)
        return np.full(len(values), float(generator.choice([-5.0, upper + 50])))
    if test == "stuck":
        return np.full(len(values), values[0])
    if test == "inversion":
        return pm10 + generator.uniform(5, 60, len(values))
    return values + generator.uniform(100, 400)


def _median(table: Floats) -> Floats:
    """Return the medians of rows without NaN; NaN of an empty row, without a warning."""
    ordered = np.sort(table, axis=1)
    count = (~np.isnan(table)).sum(axis=1)
    rows = np.arange(len(table))
    low = ordered[rows, np.maximum(count - 1, 0) // 2]
    high = ordered[rows, np.minimum(count // 2, table.shape[1] - 1)]
    median: Floats = np.where(count > 0, (low + high) / 2, np.nan)
    return median
