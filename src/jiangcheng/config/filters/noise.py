"""The noise days of a CSV file of levels: one row per day with Ld, Ln, Ldn and what makes them valid."""

from __future__ import annotations

import csv
import datetime as dt
import io
import math
from collections.abc import Mapping
from typing import Any, BinaryIO, TextIO

import numpy as np
from numpy.typing import NDArray

from jiangcheng.config.filters import stream
from jiangcheng.modules.noise import rules
from jiangcheng.standards import lookup, periods, rounding

COLUMNS = (
    "day", "ld", "ln", "ldn", "hours_day", "hours_night", "l10", "l50", "l90", "lmax", "class",
    "day_limit", "night_limit", "day_passes", "night_passes", "edition",
)  # fmt: skip
HOURS = 24
MINUTE = 60
DIGITS = 2
"""Decimals written; verdicts are by 0.1 dB."""
HIGHEST_LEVEL = 200.0
"""Above this a number is no sound level [dB]."""


def noise_evaluate(
    source: BinaryIO,
    sink: BinaryIO,
    rejects: TextIO | None = None,
    *,
    mapping: Mapping[str, str] | None = None,
    zone: str = "",
) -> stream.FilterReport:
    """Write one row per noise day (06:00 to 06:00) of equivalent levels of minutes or seconds.

    Parameters
    ----------
    source, sink
        CSV in and out, UTF-8, with a header.
    rejects
        Where refused rows are written: row, field, rule, value.
    mapping
        Names of the file's columns by ours: ``time`` (Beijing time unless it names a zone) and ``leq`` [dB].
    zone
        Functional class, for limits and verdicts; empty for levels only.

    Raises
    ------
    ValueError
        If a column is missing or there is no such class.
    """
    if zone and zone not in rules.CLASSES:
        raise ValueError(f"no functional class {zone!r}; there are {', '.join(rules.CLASSES)}")
    refused = stream.Rejects(rejects)
    reader = stream.Reader(source, refused)
    given = stream.named(("time", "leq"), dict(mapping or {}), reader.names)
    missing = {"time", "leq"} - given.keys()
    if missing:
        raise ValueError(f"no column {', '.join(sorted(missing))}; name it with --map time=… --map leq=…")
    starts, levels = [], []
    for block in reader:
        seconds = block.seconds("time", given["time"])
        block.refuse(
            _outside(periods.natural_day(seconds)), "time", "no edition in force", block.text(given["time"])
        )
        values = block.number("leq", given["leq"])
        block.refuse(values > HIGHEST_LEVEL, "leq", "no sound level", block.text(given["leq"]))
        known = block.good & ~np.isnan(values)
        starts.append(seconds[known])
        levels.append(values[known])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    if starts and sum(map(len, starts)):
        writer.writerows(_days(np.concatenate(starts), np.concatenate(levels), zone))
    sink.write(text.getvalue().encode())
    return stream.FilterReport(reader.rows, refused.count)


def _outside(days: periods.Days) -> NDArray[np.bool_]:
    """Tell which days no edition answers for; the night of the first one would belong to the day before."""
    found = np.zeros(len(days), dtype=np.bool_)
    for table in ("GB3096", "HJ906"):
        editions = lookup.table(table).editions
        found |= days <= np.datetime64(min(edition.effective_from for edition in editions))
        found |= days >= np.datetime64(max(edition.effective_to for edition in editions))
    return found


def _days(starts: NDArray[np.int64], levels: NDArray[np.float64], zone: str) -> list[list[str]]:
    """Return the rows of all days; seconds are put together to minutes first, by which hours are valid."""
    minutes, place = np.unique(starts // MINUTE, return_inverse=True)
    per_minute = rules.grouped_energy(levels, place, len(minutes)).level()
    begins = minutes * MINUTE
    on = _date(periods.natural_day(starts.min()))
    day_of_minute, day_of_level = rules.noise_day(begins, on), rules.noise_day(starts, on)
    rows = []
    for number in np.unique(day_of_minute):
        day = _date(number)
        start, _end = rules.period_bounds(day, night=False)
        mine = day_of_minute == number
        group = (begins[mine] - start) // periods.HOUR
        hours = rules.Hours.of(
            per_minute[mine], np.ones(int(mine.sum()), bool), group, HOURS, on=day
        ).screened
        shape = (1, 1, HOURS)
        found = rules.days_of_hours(hours.leq.reshape(shape), hours.lmax.reshape(shape), on=day)
        raw = levels[day_of_level == number]
        statistics = [rules.exceeded_level(raw, percent) for percent in (10, 50, 90)]
        of_periods = (float(found.ld[0, 0]), float(found.ln[0, 0]))
        told = [*of_periods, float(found.ldn[0, 0]), *statistics, float(raw.max())]
        shown = [_shown(value) for value in told]
        counts = [str(found.hours_day[0, 0]), str(found.hours_night[0, 0])]
        rows.append([day.isoformat(), *shown[:3], *counts, *shown[3:], *_verdict(of_periods, zone, day)])
    return rows


def _verdict(levels: tuple[float, float], zone: str, day: dt.date) -> list[str]:
    """Return class, limits, verdicts and edition; limits and verdicts are empty without a class."""
    edition = lookup.edition_on("GB3096", day).code
    if not zone:
        return ["", "", "", "", "", edition]
    limits = [rules.limit(zone, period, day) for period in ("day", "night")]
    passes = [
        "" if math.isnan(level) else "no" if rules.exceeds(level, limit) else "yes"
        for level, limit in zip(levels, limits, strict=True)
    ]
    return [zone, *(f"{limit:g}" for limit in limits), *passes, edition]


def _shown(level: float) -> str:
    return "" if math.isnan(level) else f"{rounding.round_half_even(level, DIGITS):.{DIGITS}f}"


def _date(day: Any) -> dt.date:
    return dt.date.fromisoformat(str(day))
