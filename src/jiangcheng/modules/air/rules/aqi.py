"""Air quality index of hours and days (HJ 633-2012, HJ 633-2026), on whole arrays.

A concentration is first rounded by GB/T 8170 to the unit of its breakpoints (whole µg/m3; tenths of mg/m3 for
CO). From there on everything is integer: the index of every possible concentration is computed once per
edition, rounded up exactly, and evaluating a million values is reading a million entries of that table.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import itertools
from collections.abc import Collection, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup, rounding

MISSING = -1
"""Stands for "no index" in arrays of IAQI and AQI."""
BLOCK = 1 << 15
"""Values evaluated at a time; the intermediate arrays of a block stay in the processor's cache."""

Index = NDArray[np.int16]


class Reason(enum.IntEnum):
    """What stands behind the AQI of a row."""

    COMPLETE = 0
    INCOMPLETE = 1
    """Published although pollutants are missing."""
    WITHHELD = 2
    """NA: pollutants are missing and what is left does not exceed the threshold (HJ 633-2026, 5.3)."""
    NO_DATA = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Indicator:
    """A concentration that a report judges: the column it comes in and the breakpoints it is held against."""

    column: str
    parameter: str
    breakpoints: str
    needed: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """IAQI of every concentration, in whole units of ``10**-digits``.

    The entry after the last breakpoint is for all that is above; the last entry is for what is missing.
    """

    digits: int
    indices: Index

    @property
    def above(self) -> int:
        """Place of the entry for concentrations above the last breakpoint."""
        return len(self.indices) - 2


@dataclasses.dataclass(frozen=True, slots=True)
class AqiResult:
    """AQI of n rows.

    Attributes
    ----------
    iaqi
        Index of each pollutant by column, int16 ``(n,)``, `MISSING` where there is none.
    aqi
        int16 ``(n,)``, `MISSING` where none is published.
    primary
        Primary pollutants, uint8 ``(n,)``; bit i stands for column i of `iaqi`. 0 up to AQI 50.
    level
        int8 ``(n,)``, 1 (优) … 6 (严重污染), 0 without AQI.
    reason
        `Reason` as int8 ``(n,)``.
    editions, edition_index
        Editions of HJ 633 used, and which of them each row was judged by, int8 ``(n,)``.
    """

    iaqi: Mapping[str, Index]
    aqi: Index
    primary: NDArray[np.uint8]
    level: NDArray[np.int8]
    reason: NDArray[np.int8]
    editions: tuple[str, ...]
    edition_index: NDArray[np.int8]

    def primary_names(self, separator: str = "|") -> NDArray[np.object_]:
        """Return the primary pollutants of every row as text, tied ones joined, empty where there is none."""
        return self.primary_words(separator)[self.primary]

    def primary_words(self, separator: str = "|") -> NDArray[np.object_]:
        """Return the text of every possible value of `primary`."""
        columns = tuple(self.iaqi)
        words = (
            separator.join(sorted(name for bit, name in enumerate(columns) if mask >> bit & 1))
            for mask in range(1 << len(columns))
        )
        return np.array(list(words), dtype=object)

    def edition(self) -> NDArray[np.object_]:
        """Return the edition of every row."""
        return np.array(self.editions, dtype=object)[self.edition_index]


def iaqi(concentration: ArrayLike, parameter: str, averaging: str, edition: str) -> Index:
    """Return the individual index of concentrations (HJ 633).

    Parameters
    ----------
    concentration
        Any shape [µg/m3; CO: mg/m3]; NaN and negative values are missing.
    parameter
        ``"SO2"``, ``"NO2"``, ``"CO"``, ``"O3"``, ``"PM10"`` or ``"PM25"``.
    averaging
        Of the breakpoints: ``"hour"``, ``"day"``, or ``"mda8"`` for ozone. Particles have ``"day"`` only.
    edition
        ``"2012"`` or ``"2026"``.

    Returns
    -------
    ndarray of int16
        Same shape, 0…500, `MISSING` where there is none.

    Raises
    ------
    NotInForce
        If the edition has no such breakpoints.
    """
    scale = _scale(parameter, averaging, edition)
    values = np.asarray(concentration, dtype=np.float64)
    flat = values.reshape(-1)
    indices = np.empty(flat.shape, dtype=np.int16)
    for first in range(0, flat.size, BLOCK):
        part = slice(first, first + BLOCK)
        units = rounding.whole_units(flat[part], scale.digits)
        np.fmax(units, -1.0, out=units)  # NaN and negative: the last entry
        np.minimum(units, scale.above, out=units)
        np.take(scale.indices, units.astype(np.int32), out=indices[part], mode="wrap")
    return indices.reshape(values.shape)


def level(aqi: ArrayLike, edition: str) -> NDArray[np.int8]:
    """Return the level, 1 (优) … 6 (严重污染), of AQI values; 0 for `MISSING`."""
    levels: NDArray[np.int8] = _levels(edition)[np.asarray(aqi)]
    return levels


def columns_of(report: str) -> tuple[str, ...]:
    """Return the columns that a report reads, of all editions.

    Parameters
    ----------
    report
        ``"hour"`` or ``"day"``.
    """
    rows = lookup.table("HJ633_reports").rows
    return tuple(dict.fromkeys(row.extra["column"] for row in rows if row.zone == report))


def aqi_hourly(
    columns: Mapping[str, ArrayLike],
    *,
    on: datetime.date | NDArray[np.datetime64] | None = None,
    edition: str | None = None,
    exempt: Collection[str] = (),
) -> AqiResult:
    """Return the AQI of the real-time report from one-hour means.

    Parameters
    ----------
    columns
        ``SO2, NO2, PM10, O3, PM25`` [µg/m3] and ``CO`` [mg/m3], each ``(n,)``; NaN is missing. A column that
        is not there is missing in every row.
    on
        Beijing calendar day of the data, one for all or ``datetime64[D]`` ``(n,)``; it selects the edition.
    edition
        ``"2012"`` or ``"2026"``, whatever the date.
    exempt
        Columns not in the station's monitoring plan, whose absence does not make a row incomplete.

    Raises
    ------
    NotInForce
        If no edition is in force on a day.
    """
    return _report("hour", columns, on, edition, exempt)


def aqi_daily(
    columns: Mapping[str, ArrayLike],
    *,
    on: datetime.date | NDArray[np.datetime64] | None = None,
    edition: str | None = None,
    exempt: Collection[str] = (),
) -> AqiResult:
    """Return the AQI of the daily report.

    Parameters
    ----------
    columns
        Day means ``SO2, NO2, PM10, PM25`` [µg/m3] and ``CO`` [mg/m3], ``O3_8h`` the daily maximum 8 h mean
        and, for the edition of 2012 where known, ``O3_1h`` the daily maximum hour, each ``(n,)``.
    on, edition, exempt
        As in `aqi_hourly`.
    """
    return _report("day", columns, on, edition, exempt)


def _report(
    report: str,
    columns: Mapping[str, ArrayLike],
    on: datetime.date | NDArray[np.datetime64] | None,
    edition: str | None,
    exempt: Collection[str],
) -> AqiResult:
    arrays = {name: np.asarray(columns[name], np.float64) for name in columns_of(report) if name in columns}
    if not arrays:
        raise ValueError(f"none of the columns {', '.join(columns_of(report))} is there")
    rows = len(next(iter(arrays.values())))
    editions, edition_index = _editions(on, edition, rows)
    if len(editions) == 1:
        parts = _judge(report, arrays, rows, editions[0], exempt)
    else:
        parts = _judge_by_edition(report, arrays, rows, editions, edition_index, exempt)
    indices, aqi, primary, levels, reason = parts
    return AqiResult(indices, aqi, primary, levels, reason, editions, edition_index)


_Parts = tuple[dict[str, Index], Index, NDArray[np.uint8], NDArray[np.int8], NDArray[np.int8]]


def _judge_by_edition(
    report: str,
    arrays: Mapping[str, NDArray[np.float64]],
    rows: int,
    editions: tuple[str, ...],
    edition_index: NDArray[np.int8],
    exempt: Collection[str],
) -> _Parts:
    indices = {name: np.full(rows, MISSING, np.int16) for name in columns_of(report)}
    aqi = np.full(rows, MISSING, np.int16)
    primary = np.zeros(rows, np.uint8)
    levels = np.zeros(rows, np.int8)
    reason = np.zeros(rows, np.int8)
    for number, code in enumerate(editions):
        where = np.flatnonzero(edition_index == number)
        some = {name: values[where] for name, values in arrays.items()}
        part = _judge(report, some, len(where), code, exempt)
        for name, values in part[0].items():
            indices[name][where] = values
        aqi[where], primary[where], levels[where], reason[where] = part[1:]
    return indices, aqi, primary, levels, reason


def _judge(
    report: str,
    arrays: Mapping[str, NDArray[np.float64]],
    rows: int,
    edition: str,
    exempt: Collection[str],
) -> _Parts:
    indices = {name: np.full(rows, MISSING, np.int16) for name in columns_of(report)}
    aqi = np.full(rows, MISSING, np.int16)
    incomplete = np.zeros(rows, np.bool_)
    for indicator in _indicators(report, edition):
        name = indicator.column
        if name in arrays:
            indices[name] = iaqi(arrays[name], indicator.parameter, indicator.breakpoints, edition)
            np.maximum(aqi, indices[name], out=aqi)
        if indicator.needed and name not in exempt:
            incomplete |= indices[name] < 0
    no_data = aqi < 0
    withheld = incomplete & (aqi <= _rule(edition, "published_incomplete_above"))
    reason = incomplete.astype(np.int8)
    reason[withheld] = Reason.WITHHELD
    reason[no_data] = Reason.NO_DATA
    aqi[withheld] = MISSING
    primary = np.zeros(rows, np.uint8)
    for bit, values in enumerate(indices.values()):
        primary |= (values == aqi).view(np.uint8) << np.uint8(bit)
    primary *= aqi > _rule(edition, "primary_above")
    return indices, aqi, primary, level(aqi, edition), reason


def _editions(
    on: datetime.date | NDArray[np.datetime64] | None, edition: str | None, rows: int
) -> tuple[tuple[str, ...], NDArray[np.int8]]:
    if edition is not None:
        return (edition,), np.zeros(rows, np.int8)
    if on is None:
        raise TypeError("give the day of the data or an edition")
    if isinstance(on, datetime.date):
        return (lookup.edition_on("HJ633", on).code,), np.zeros(rows, np.int8)
    known = sorted(lookup.table("HJ633").editions, key=lambda item: item.effective_from)
    starts = np.array([item.effective_from for item in known], dtype="datetime64[D]")
    index = np.searchsorted(starts, on, side="right").astype(np.int8) - np.int8(1)
    ends = np.array([item.effective_to for item in known], dtype="datetime64[D]")
    outside = np.isnat(on) | (index < 0) | (on >= ends[index])
    if outside.any():
        raise lookup.NotInForce(f"HJ633: no edition in force on {on[outside][0]}")
    used, renumbered = np.unique(index, return_inverse=True)
    return tuple(known[number].code for number in used), renumbered.astype(np.int8)


@functools.cache
def _indicators(report: str, edition: str) -> tuple[Indicator, ...]:
    return tuple(
        Indicator(row.extra["column"], row.parameter, row.extra["breakpoints"], row.value == 1)
        for row in lookup.rows("HJ633_reports", edition=edition, zone=report)
    )


@functools.cache
def _scale(parameter: str, averaging: str, edition: str) -> Scale:
    digits = int(lookup.value("HJ633_rules", parameter, averaging, "decimals", edition=edition))
    points = [
        (int((row.decimal or 0) * 10**digits), int(row.extra["iaqi"]))
        for row in lookup.rows("HJ633", edition=edition)
        if (row.parameter, row.averaging) == (parameter, averaging)
    ]
    indices = [points[0][1]]
    for (low, index_low), (high, index_high) in itertools.pairwise(points):
        for units in range(low + 1, high + 1):
            rise = (index_high - index_low) * (units - low)
            indices.append(index_low - (-rise // (high - low)))  # rounded up
    overflow = lookup.limit("HJ633_rules", parameter, averaging, "overflow_iaqi", edition=edition).decimal
    indices += [MISSING if overflow is None else int(overflow), MISSING]
    return Scale(digits, np.array(indices, dtype=np.int16))


@functools.cache
def _levels(edition: str) -> NDArray[np.int8]:
    grades = lookup.grades("HJ633_levels", edition=edition)
    levels = np.zeros(grades[-1].upper + 2, dtype=np.int8)  # the last entry is that of MISSING
    for grade in grades:
        levels[grade.lower : grade.upper + 1] = grade.code
    return levels


@functools.cache
def _rule(edition: str, name: str) -> int:
    return int(lookup.value("HJ633_rules", "AQI", "", name, edition=edition))
