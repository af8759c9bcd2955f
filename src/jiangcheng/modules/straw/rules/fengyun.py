"""Reader of fire tables of FY-3 and FY-4 (NSMC): CSV with Chinese or English headings, found by name.

No file of that origin was at hand: which headings a delivery has is not verified, so several are known, and what is
not understood is refused rather than guessed. Above all a time without its zone is refused: eight hours lie between.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Mapping, Sequence

from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.firms import LETTERS, MOST_FIELD, Detection, Reading, RowError
from jiangcheng.standards import periods

NAMES = {
    "satellite": ("satellite", "sat", "卫星", "卫星名称", "卫星标识"),
    "latitude": ("latitude", "lat", "纬度", "中心纬度"),
    "longitude": ("longitude", "lon", "lng", "经度", "中心经度"),
    "frp": ("frp", "power", "辐射功率", "火点辐射功率", "火辐射功率"),
    "confidence": ("confidence", "reliability", "可信度", "置信度", "火点可信度"),
    "date": ("date", "日期", "观测日期"),
    "time": ("time", "datetime", "obstime", "时间", "时刻", "观测时间", "观测时刻"),
}
ZONES = {"utc": dt.UTC, "世界时": dt.UTC, "协调世界时": dt.UTC, "bjt": periods.BEIJING, "北京时": periods.BEIJING,
         "北京时间": periods.BEIJING}  # fmt: skip
SATELLITE = re.compile(r"FY-?([34])([A-Z])", re.IGNORECASE)
FORMATS = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y%m%d%H%M", "%Y%m%d %H%M",
           "%Y-%m-%d %H%M", "%Y-%m-%dT%H:%M:%S")  # fmt: skip
WORDS = {"低": "low", "中": "nominal", "高": "high", **LETTERS}


def header(line: str) -> dict[str, tuple[int, str]] | None:
    """Return column and unit of each known heading; None where position, time or satellite is not among them."""
    found: dict[str, tuple[int, str]] = {}
    for place, part in enumerate(next(csv.reader([line.lstrip("#\ufeff ")]), [])):
        word = re.match(r"\s*([^(（\[]*)[(（\[]?([^)）\]]*)", part.strip().strip("'\""))
        if word is None:
            continue
        for name, words in NAMES.items():
            if word[1].strip().lower() in words and name not in found:
                found[name] = (place, word[2].strip().lower())
    return found if {"satellite", "latitude", "longitude", "time"} <= set(found) else None


def zone(columns: Mapping[str, tuple[int, str]]) -> dt.tzinfo | None:
    """Return the zone that a heading of the time tells, e.g. ``时间(UTC)`` or ``观测时间（北京时）``; None: none."""
    return ZONES.get(columns["time"][1]) or ZONES.get(columns.get("date", (0, ""))[1])


def read(text: str) -> Reading:
    """Read a table.

    Raises
    ------
    ValueError
        ``header`` if the headings are unknown, ``zone`` if nothing says which clock the times are of.
    """
    lines = text.lstrip("\ufeff").splitlines()
    columns = header(lines[0]) if lines else None
    if columns is None:
        raise ValueError("header")
    clock = zone(columns)
    if clock is None:
        raise ValueError("zone")
    points: dict[str, Detection] = {}
    errors, rows = [], 0
    for number, cells in enumerate(csv.reader(io.StringIO("\n".join(lines[1:]))), start=2):
        if not any(cells):
            continue
        row = {
            name: cells[place].strip().strip("'\"") if place < len(cells) else ""
            for name, (place, _u) in columns.items()
        }
        try:
            point = _point(row, clock)
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


def _point(row: Mapping[str, str], clock: dt.tzinfo) -> Detection:
    kind = SATELLITE.search(row["satellite"])
    if kind is None:
        raise _Wrong("satellite")
    at = _instant(row, clock)
    series, letter = kind[1], kind[2].upper()
    sensor = "AGRI" if series == "4" else "MERSI"
    pixel = tables.in_force("detection", at.date())["pixel_kilometres"][sensor]
    return Detection(
        at=at, longitude=_number(row, "longitude", 180), latitude=_number(row, "latitude", 90), sensor=sensor,
        satellite=f"FY-{series}{letter}", scan=pixel, track=pixel,
        confidence=_confidence(row.get("confidence", ""), at), day=None,
        power=_number(row, "frp", 1e5) if row.get("frp") else None, brightness=None, stage="NRT", kind=None,
        raw=dict(row),
    )  # fmt: skip


def _instant(row: Mapping[str, str], clock: dt.tzinfo) -> dt.datetime:
    told = " ".join(part for part in (row.get("date", ""), row["time"]) if part)
    for form in FORMATS:
        try:
            return dt.datetime.strptime(told, form).replace(tzinfo=clock).astimezone(dt.UTC)
        except ValueError:
            continue
    raise _Wrong("time")


def _confidence(told: str, at: dt.datetime) -> str:
    """Return the confidence of a word, a letter or a percentage; nominal where nothing is said."""
    if not told:
        return "nominal"
    if told.lower() in WORDS:
        return WORDS[told.lower()]
    try:
        number = float(told.rstrip("%"))
    except ValueError as error:
        raise _Wrong("confidence") from error
    if not 0 <= number <= 100:
        raise _Wrong("confidence")
    limits = tables.in_force("detection", at.date())["modis_confidence"]
    low = "low" if number < limits["nominal_from"] else "nominal"
    return "high" if number >= limits["high_from"] else low


def _number(row: Mapping[str, str], field: str, most: float) -> float:
    try:
        value = float(row[field])
    except ValueError as error:
        raise _Wrong(field) from error
    if not -most <= value <= most:
        raise _Wrong(field)
    return value


def known(lines: Sequence[str]) -> bool:
    """Tell whether a text has the headings of such a table."""
    return bool(lines) and header(lines[0]) is not None
