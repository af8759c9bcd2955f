"""Which version of a value holds: keys, comparison, overlay, roll-up."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from jiangcheng.core.observations.rules import calendar
from jiangcheng.core.observations.rules.columns import COUNTING, MISSING, Array, Days, Rows


def series_keys(*tables: tuple[Array, Array, Array]) -> list[Array]:
    """Return one int64 per row that sorts like (first, second, third) column and is equal where they are.

    The keys of all tables given in one call may be compared with each other.
    """
    columns = [np.concatenate(parts).astype(np.int64) for parts in zip(*tables, strict=True)]
    if not len(columns[0]):
        return [np.empty(0, np.int64) for _ in tables]
    columns = [column - column.min() for column in columns]
    if np.prod([float(column.max() + 1) for column in columns]) >= 2.0**63:
        columns = [np.unique(column, return_inverse=True)[1] for column in columns]
    key = columns[0]
    for column in columns[1:]:
        key = key * (column.max() + 1) + column
    return np.split(key, np.cumsum([len(table[0]) for table in tables])[:-1])


def distinct_pairs(first: Array, second: Array) -> tuple[Array, Array]:
    """Return each pair of values once, ordered."""
    (key,) = series_keys((first, second, np.zeros(len(first), np.int64)))
    places = np.unique(key, return_index=True)[1]
    return first[places], second[places]


def _places(rows: Rows) -> tuple[Array, Array, Array]:
    return rows.station, rows.property, rows.start


def newest(rows: Rows) -> Rows:
    """Return the highest revision of every key, sorted by station, property and start."""
    (key,) = series_keys(_places(rows))
    if (key[1:] > key[:-1]).all():
        return rows
    order = np.lexsort((rows.revision, key))
    key = key[order]
    last = np.append(key[1:] != key[:-1], True)
    return rows.take(order[last])


def repetition(rows: Rows) -> Array:
    """Return how often the key of each row has occurred before it."""
    (key,) = series_keys(_places(rows))
    order = np.argsort(key, kind="stable")
    begins = np.flatnonzero(np.append(True, key[order][1:] != key[order][:-1])) if len(key) else order
    count = np.empty(len(key), np.int64)
    count[order] = np.arange(len(key)) - np.repeat(begins, np.diff(np.append(begins, len(key))))
    return count


class Comparison(NamedTuple):
    """What a batch changes: rows never seen, rows that differ, and the versions these replace."""

    fresh: Rows
    changed: Rows
    replaced: Rows


def compare(incoming: Rows, stored: Rows) -> Comparison:
    """Return what ``incoming`` (each key once) changes in ``stored`` (each key once).

    A changed row gets the next revision and is known no earlier than the version it replaces.
    """
    new_key, old_key = series_keys(_places(incoming), _places(stored))
    order = np.argsort(old_key, kind="stable")
    place = np.searchsorted(old_key[order], new_key)
    place[place == len(order)] = 0
    known = old_key[order][place] == new_key if len(order) else np.zeros(len(new_key), bool)
    before = stored.take(order[place[known]])
    now = incoming.take(known)
    differs = (now.value != before.value) | (now.flag != before.flag)
    replaced = before.take(differs)
    changed = dataclasses.replace(
        now.take(differs),
        revision=replaced.revision + 1,
        received=np.maximum(now.received[differs], replaced.received),
    )
    return Comparison(incoming.take(~known), changed, replaced)


def last_of_series(rows: Rows) -> Rows:
    """Return the row with the greatest start of every station and property."""
    ordered = newest(rows)
    ends = (ordered.station[1:] != ordered.station[:-1]) | (ordered.property[1:] != ordered.property[:-1])
    return ordered.take(np.append(ends, True) if len(ordered) else ends)


def roll_up(rows: Rows) -> Days:
    """Return the daily roll-ups of rows sorted by station, property and start.

    Sums are exact: integers are added. ``min`` and ``max`` are MISSING on a day without valid value.
    """
    if not len(rows):
        return Days.empty()
    day = calendar.day_of(rows.start)
    edge = (
        (rows.station[1:] != rows.station[:-1])
        | (rows.property[1:] != rows.property[:-1])
        | (day[1:] != day[:-1])
    )
    begins = np.append(0, np.flatnonzero(edge) + 1)
    counts = np.isin(rows.flag, COUNTING) & (rows.value != MISSING)
    highest = np.iinfo(np.int64).max
    n_valid = np.add.reduceat(counts.astype(np.int64), begins)
    least = np.minimum.reduceat(np.where(counts, rows.value, highest), begins)
    return Days(
        station=rows.station[begins],
        property=rows.property[begins],
        day=day[begins],
        n=np.diff(np.append(begins, len(day))),
        n_valid=n_valid,
        sum=np.add.reduceat(np.where(counts, rows.value, 0), begins),
        min=np.where(n_valid > 0, least, MISSING),
        max=np.maximum.reduceat(np.where(counts, rows.value, MISSING), begins),
    )


def overlay_days(*tiers: Days) -> Days:
    """Return the roll-up of the last tier that has it, sorted by station, property and day."""
    days = Days.concatenate(tiers)
    (key,) = series_keys((days.station, days.property, days.day))
    order = np.argsort(key, kind="stable")
    return days.take(order[np.append(key[order][1:] != key[order][:-1], True)] if len(key) else order)
