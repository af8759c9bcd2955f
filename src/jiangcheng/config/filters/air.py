"""The AQI of a CSV file's hours or days."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, NamedTuple, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from jiangcheng.config.filters import stream
from jiangcheng.methods import averaging
from jiangcheng.modules.air import rules
from jiangcheng.standards import lookup, periods, rounding

STATION_COLUMNS = ("code", "city", "station")
"""Which station a row belongs to: all of these that the file has."""
BATCH = 256
"""Stations whose days are written at a time."""
AQI_COLUMNS = ("aqi", "level", "level_name_zh", "primary", "reason", "edition")

Days = NDArray[np.datetime64]


def air_aqi(
    source: BinaryIO,
    sink: BinaryIO,
    rejects: TextIO | None = None,
    *,
    input: str = "hour",
    report: str = "hour",
    edition: str = "auto",
    mapping: Mapping[str, str] | None = None,
    label: str = "end",
) -> stream.FilterReport:
    """Append the AQI to every row of hours or days, or make station days of hours and give their AQI.

    Appended are ``aqi``, ``level`` (1…6), ``level_name_zh``, ``primary`` (tied ones joined by ``|``), ``reason``
    (``complete``, ``incomplete``, ``withheld``, ``no_data``), ``edition`` and ``iaqi_…`` of each pollutant; a
    file that has one of these columns already keeps it, and ours is called ``computed_…``.

    Parameters
    ----------
    source, sink
        CSV in and out, UTF-8, with a header.
    rejects
        Where refused rows are written: row, field, rule, value.
    input
        ``"hour"``: one-hour means ``SO2 NO2 PM10 CO O3 PM25``; ``"day"``: day values with ``O3_8h`` (and
        ``O3_1h``). µg/m3, CO mg/m3.
    report
        ``"hour"`` or ``"day"``. Hours in and days out gives one row for each station and natural day.
    edition
        Of HJ 633, ``"2012"``, ``"2026"``, or ``"auto"`` by the date of each row in the column ``time``.
    mapping
        Names of the file's columns by ours, e.g. ``{"PM25": "pm2_5"}``.
    label
        Whether times are the ``"end"`` (national feed) or the ``"start"`` of their hour.

    Raises
    ------
    ValueError
        If a needed column is missing, or the choice makes no sense.
    """
    if (input, report) == ("day", "hour"):
        raise ValueError("an hourly report cannot be made from day values")
    names = dict(mapping or {})
    refused = stream.Rejects(rejects)
    reader = stream.Reader(source, refused)
    given = stream.named(rules.columns_of(input), names, reader.names)
    time = names.get("time", "time")
    dated = edition == "auto" or input != report
    if dated and time not in reader.names:
        raise ValueError(f"no column {time!r}, and the date of each row is needed")
    lead = periods.HOUR if input == "hour" and label == "end" else 0
    writer = stream.Writer(sink)
    if input == report:
        _each_row(reader, writer, given, time if dated else None, lead, input, edition)
    else:
        keys = [names.get(key, key) for key in STATION_COLUMNS]
        _station_days(
            reader, writer, given, [key for key in keys if key in reader.names], time, lead, edition
        )
    return stream.FilterReport(reader.rows, refused.count)


def _each_row(
    reader: stream.Reader,
    writer: stream.Writer,
    given: Mapping[str, str],
    time: str | None,
    lead: int,
    report: str,
    edition: str,
) -> None:
    added = stream.appended(_column_names(report), reader.names)
    for block in reader:
        values = {ours: block.number(ours, theirs) for ours, theirs in given.items()}
        days = None
        if time is not None:
            days = periods.natural_day(block.seconds("time", time) - lead)
            block.refuse(_outside(days), "time", "no edition in force", block.table[time])
            days = days[block.good]
        result = _judge(report, {ours: column[block.good] for ours, column in values.items()}, days, edition)
        writer.write(block.with_columns(dict(zip(added, _columns(result).values(), strict=True))))
    writer.header([*reader.names, *added])


def _station_days(
    reader: stream.Reader,
    writer: stream.Writer,
    given: Mapping[str, str],
    keys: Sequence[str],
    time: str,
    lead: int,
    edition: str,
) -> None:
    hours = _Hours(keys, tuple(given))
    for block in reader:
        values = {ours: block.number(ours, theirs) for ours, theirs in given.items()}
        start = block.seconds("time", time) - lead
        block.refuse(_outside(periods.natural_day(start)), "time", "no edition in force", block.table[time])
        hours.add(block, start, values)
    for some in hours.batches():
        calendar = np.concatenate([station.calendar for station in some])
        days = {
            name: np.concatenate([station.days[name] for station in some]) for name in rules.columns_of("day")
        }
        place = np.repeat(np.arange(len(some)), [len(station.calendar) for station in some])
        table = {
            key: stream.words([station.key[number] for station in some], place)
            for number, key in enumerate(keys)
        }
        table["date"] = pa.array(calendar.astype(str))
        table |= {name: stream.decimals(column) for name, column in days.items()}
        writer.write(pa.table(table | _columns(_judge("day", days, calendar, edition))))
    writer.header([*keys, "date", *rules.columns_of("day"), *_column_names("day")])


class _Station(NamedTuple):
    """Day values of one station, rounded as HJ 663 rounds raw values."""

    key: tuple[str, ...]
    calendar: Days
    days: dict[str, NDArray[np.float64]]


class _Hours:
    """Hours gathered by station, as numbers only."""

    def __init__(self, keys: Sequence[str], pollutants: Sequence[str]) -> None:
        self._keys = keys
        self._pollutants = pollutants
        self._stations: dict[tuple[str, ...], int] = {}
        self._parts: list[tuple[NDArray[np.int64], ...]] = []
        self._values: list[dict[str, NDArray[np.float64]]] = []

    def add(
        self, block: stream.Block, start: NDArray[np.int64], values: Mapping[str, NDArray[np.float64]]
    ) -> None:
        good = block.good
        self._parts.append((self._station_of(block)[good], start[good]))
        self._values.append({name: column[good] for name, column in values.items()})

    def _station_of(self, block: stream.Block) -> NDArray[np.int64]:
        if not self._keys:
            self._stations.setdefault((), 0)
            return np.zeros(len(block.good), dtype=np.int64)
        joined = pc.binary_join_element_wise(*(block.text(key) for key in self._keys), "\x1f")
        coded = joined.dictionary_encode()
        known = [
            self._stations.setdefault(tuple(word.split("\x1f")), len(self._stations))
            for word in coded.dictionary.to_pylist()
        ]
        numbers: NDArray[np.int64] = np.array(known, dtype=np.int64)[coded.indices.to_numpy()]
        return numbers

    def batches(self) -> Iterator[tuple[_Station, ...]]:
        """Yield stations with their days, some at a time."""
        stations = self._each()
        while some := tuple(itertools.islice(stations, BATCH)):
            yield some

    def _each(self) -> Iterator[_Station]:
        if not self._parts:
            return
        station, start = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.argsort(station, kind="stable")
        bounds = np.searchsorted(station[order], np.arange(len(self._stations) + 1))
        values = {
            name: np.concatenate([part[name] for part in self._values])[order] for name in self._pollutants
        }
        for key, number in self._stations.items():
            rows = slice(bounds[number], bounds[number + 1])
            if rows.start == rows.stop:
                continue
            starts = start[order[rows]]
            present = periods.natural_day(starts)
            calendar = np.arange(present.min(), present.max() + 1)
            laid = {
                name: averaging.hours_of_days(starts, column[rows], calendar[0], len(calendar))[0]
                for name, column in values.items()
            }
            yield _Station(key, calendar, _rounded(laid, calendar[0]))


def _rounded(
    hours: Mapping[str, NDArray[np.float64]], first: np.datetime64
) -> dict[str, NDArray[np.float64]]:
    on = first.astype("datetime64[D]").item()
    days = rules.station_days(hours, on=on)
    missing = np.full(len(next(iter(days.values()))), np.nan)
    return {
        name: rounding.round_half_even(
            days.get(name, missing), int(lookup.value("HJ663", name.split("_")[0], "decimals", "raw", on))
        )
        for name in rules.columns_of("day")
    }


def _judge(
    report: str, values: Mapping[str, NDArray[np.float64]], days: Days | None, edition: str
) -> rules.AqiResult:
    judge = rules.aqi_hourly if report == "hour" else rules.aqi_daily
    if edition != "auto":
        return judge(values, edition=edition)
    if days is not None and not len(days):
        return judge(values, edition=lookup.table("HJ633").editions[-1].code)
    return judge(values, on=days)


def _outside(days: Days) -> NDArray[np.bool_]:
    editions = lookup.table("HJ633").editions
    first = min(edition.effective_from for edition in editions)
    last = max(edition.effective_to for edition in editions)
    return (days < np.datetime64(first)) | (days >= np.datetime64(last))


def _column_names(report: str) -> list[str]:
    return [*AQI_COLUMNS, *(f"iaqi_{name.lower()}" for name in rules.columns_of(report))]


def _columns(result: rules.AqiResult) -> dict[str, pa.StringArray]:
    scale = [*map(str, range(501)), ""]
    levels = lookup.grades("HJ633_levels", edition=result.editions[-1])
    columns = {
        "aqi": stream.words(scale, result.aqi),
        "level": stream.words(["", *(str(level.code) for level in levels)], result.level),
        "level_name_zh": stream.words(["", *(level.name_zh for level in levels)], result.level),
        "primary": stream.words(result.primary_words().tolist(), result.primary),
        "reason": stream.words([reason.name.lower() for reason in rules.Reason], result.reason),
        "edition": stream.words(result.editions, result.edition_index),
    }
    for name, indices in result.iaqi.items():
        columns[f"iaqi_{name.lower()}"] = stream.words(scale, indices)
    return columns
