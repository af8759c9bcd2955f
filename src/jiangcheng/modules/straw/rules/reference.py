"""The national monthly list of straw fires: points with a day, no time; a reference to compare with."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
from collections.abc import Sequence

import numpy as np
import shapely

from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE
from jiangcheng.modules.straw.rules.firms import RowError

COLUMNS = ("时间", "中心经度", "中心纬度", "省", "市", "县")


class NotReference(ValueError):  # noqa: N818
    """The text has not the columns of the list."""


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A fire the national list names; its position is the centre of the satellite's pixel."""

    day: dt.date
    longitude: float
    latitude: float
    province: str
    city: str
    county: str

    @property
    def key(self) -> tuple[dt.date, float, float]:
        """Return what tells points apart."""
        return self.day, self.longitude, self.latitude


def read(text: str) -> tuple[list[Point], list[RowError], int]:
    """Read the list.

    Empty rows at its foot are passed over; a row that says the same point again counts as repeated.

    Returns
    -------
    tuple
        Points, refused rows by line (the header is line 1), number of repeated rows.

    Raises
    ------
    NotReference
        If a column is missing.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    if not set(COLUMNS) <= {(name or "").strip() for name in reader.fieldnames or ()}:
        raise NotReference(",".join(COLUMNS))
    found: dict[tuple[dt.date, float, float], Point] = {}
    errors, repeated = [], 0
    for row in reader:
        values = [(row.get(name) or "").strip() for name in COLUMNS]
        if not any(values):
            continue
        try:
            point = _point(values)
        except ValueError as wrong:
            errors.append(RowError(reader.line_num, str(wrong), values[0][:40]))
            continue
        repeated += point.key in found
        found[point.key] = point
    return list(found.values()), errors, repeated


def _point(values: Sequence[str]) -> Point:
    try:
        day = dt.date.fromisoformat(values[0][:10])
    except ValueError as error:
        raise ValueError("时间") from error
    numbers = []
    for name, text, most in (("中心经度", values[1], 180), ("中心纬度", values[2], 90)):
        try:
            number = float(text)
        except ValueError as error:
            raise ValueError(name) from error
        if not -most <= number <= most:
            raise ValueError(name)
        numbers.append(number)
    return Point(day, numbers[0], numbers[1], *values[3:6])


def agreement(
    points: Sequence[tuple[dt.date, float, float]],
    own: Sequence[tuple[dt.date, float, float]],
    *,
    kilometres: float,
) -> tuple[int, int]:
    """Return how many points of the list we have on the same day nearby, and how many of ours the list has."""
    if not points or not own:
        return 0, 0
    narrow = float(np.cos(np.radians(np.mean([lat for _day, _lon, lat in points]))))
    there, here = (_plane(rows, narrow) for rows in (points, own))
    pairs = shapely.STRtree(here).query(there, predicate="dwithin", distance=kilometres)
    same = [(a, b) for a, b in pairs.T.tolist() if points[a][0] == own[b][0]]
    return len({a for a, _b in same}), len({b for _a, b in same})


def _plane(rows: Sequence[tuple[dt.date, float, float]], narrow: float) -> list[shapely.Point]:
    scale = KILOMETRES_PER_DEGREE
    return [shapely.Point(lon * scale * narrow, lat * scale) for _day, lon, lat in rows]
