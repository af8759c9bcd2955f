"""Reader of JAXA's wild-fire text of Himawari (L2WLF): a fire grid every ten minutes, two kilometres wide.

The README of the product gives two header lines that begin with ``#``, the second with the names of columns; quotes
around fields are taken off where somebody's software has put them. Columns are found by their names. ``FRP(Wm^-2)``
times the area of the cell [km²] is its power [MW]; that reading of the unit is not verified.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import re
from collections.abc import Mapping, Sequence

from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE
from jiangcheng.modules.straw.rules.firms import MOST_FIELD, Detection, Reading, RowError, clock

REQUIRED = frozenset({"year", "month", "day", "time", "lat", "lon", "reliability"})
DEGREES = 0.02
"""Side of the grid."""
NAME = re.compile(r"H(?P<number>\d{2})_\d{8}_\d{4}_L2WLF")


def header(lines: Sequence[str]) -> tuple[int, list[str]] | None:
    """Return where the line of names stands and the names without units; None where there is none."""
    for number, line in enumerate(lines[:3]):
        names = [_bare(part) for part in _fields(line.lstrip("# \ufeff"))]
        if set(names) >= REQUIRED:
            return number, names
    return None


def read(text: str, name: str = "") -> Reading:
    """Read a file; its name tells the satellite, Himawari-9 where it does not.

    Raises
    ------
    ValueError
        If there is no line of names.
    """
    lines = text.splitlines()
    found = header(lines)
    if found is None:
        raise ValueError("header")
    start, names = found
    in_watts = "w" in lines[start].lower().partition("frp(")[2].partition(")")[0].replace("mw", "")
    told = NAME.search(name)
    satellite = f"Himawari-{int(told['number'])}" if told else "Himawari-9"
    points: dict[str, Detection] = {}
    errors, rows = [], 0
    for number, line in enumerate(lines[start + 1 :], start=start + 2):
        if not line.strip() or line.startswith("#"):
            continue
        row = dict(zip(names, _fields(line), strict=False))
        try:
            point = _point(row, satellite, in_watts)
        except _Wrong as wrong:
            errors.append(RowError(number, wrong.field, row.get(wrong.field, "")[:MOST_FIELD]))
            continue
        rows += 1
        points.setdefault(point.key, point)
    return Reading(tuple(points.values()), tuple(errors), rows - len(points))


class _Wrong(Exception):  # noqa: N818
    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _fields(line: str) -> list[str]:
    quote = "'" if line.count("'") > line.count('"') else '"'
    parts = next(csv.reader([line], quotechar=quote, skipinitialspace=True), [])
    return [part.strip().strip("'\"") for part in parts]


def _bare(name: str) -> str:
    return name.partition("(")[0].strip().lower()


def _point(row: Mapping[str, str], satellite: str, in_watts: bool) -> Detection:
    try:
        date = dt.date(*(int(row[part]) for part in ("year", "month", "day")))
        at = clock(date.isoformat(), row["time"])
    except (KeyError, ValueError) as error:
        raise _Wrong("time") from error
    latitude, longitude = _number(row, "lat", 90), _number(row, "lon", 180)
    reliability = _number(row, "reliability", 5)
    limits = tables.in_force("detection", date)["wlf_reliability"]
    power = _number(row, "frp", 1e5) if row.get("frp") else None
    if power is not None and (power < 0 or row.get("qf") == "2"):
        power = None  # the product itself calls this power untrustworthy
    if power is not None and in_watts:
        power *= _number(row, "area", 100)
    confidence = "low" if reliability < limits["nominal_from"] else "nominal"
    return Detection(
        at=at, longitude=longitude, latitude=latitude, sensor="AHI", satellite=satellite,
        scan=DEGREES * KILOMETRES_PER_DEGREE * math.cos(math.radians(latitude)), track=DEGREES * KILOMETRES_PER_DEGREE,
        confidence="high" if reliability >= limits["high_from"] else confidence, day=None,
        power=None if power is None else round(power, 2), brightness=None, stage="NRT",
        kind=1 if row.get("volcano", "0") not in ("", "0") else None, raw=dict(row),
    )  # fmt: skip


def _number(row: Mapping[str, str], field: str, most: float) -> float:
    try:
        value = float(row[field])
    except (KeyError, ValueError) as error:
        raise _Wrong(field) from error
    if not -most <= value <= most:
        raise _Wrong(field)
    return value
