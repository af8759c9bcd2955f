"""Readers of NASA FIRMS active-fire text: MODIS C6.1 and VIIRS C2, 24-hour files, API answers and archives.

The three forms of a sensor differ: the API adds ``instrument`` and spells satellites, the archive adds
``type``, the confidence of VIIRS is a word or its first letter, ``acq_time`` loses its leading zeros in some
files, and the API reports an error as plain text with status 200. Columns are found by their header.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from jiangcheng.modules.straw.rules import tables

REQUIRED = ("latitude", "longitude", "scan", "track", "acq_date", "acq_time", "satellite", "confidence")
SATELLITES = {
    "T": "Terra", "TERRA": "Terra", "A": "Aqua", "AQUA": "Aqua", "N": "S-NPP", "1": "NOAA-20", "N20": "NOAA-20",
    "2": "NOAA-21", "N21": "NOAA-21",
}  # fmt: skip
MODIS = frozenset({"Terra", "Aqua"})
LETTERS = {"l": "low", "n": "nominal", "h": "high", "low": "low", "nominal": "nominal", "high": "high"}
STAGES = {"SP": 0, "NRT": 1, "URT": 2, "RT": 3}
"""How far a product is processed: the smaller, the better."""
MOST_FIELD = 200


class NotFirms(ValueError):  # noqa: N818
    """The text is no FIRMS table. ``told`` is its first line, which is what the API says on an error."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


@dataclasses.dataclass(frozen=True, slots=True)
class RowError:
    """A refused row: its line in the text from 1 (the header), the field and its value."""

    line: int
    field: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Detection:
    """One fire pixel. Its position is the centre of the pixel, not the fire."""

    at: dt.datetime
    """UTC."""
    longitude: float
    latitude: float
    sensor: str
    """``MODIS`` or ``VIIRS``."""
    satellite: str
    scan: float
    track: float
    """True size of the pixel across and along the flight [km]."""
    confidence: str
    """``low``, ``nominal`` or ``high``."""
    day: bool | None
    power: float | None
    """Fire radiative power [MW]."""
    brightness: float | None
    """Of the 4 µm channel [K]."""
    stage: str
    """``SP``, ``NRT``, ``URT`` or ``RT``."""
    kind: int | None
    """Type of the archive: 0 vegetation, 1 volcano, 2 other static land, 3 offshore; None before the archive."""
    raw: Mapping[str, str]

    @property
    def key(self) -> str:
        """Return what is the same for the same pixel of the same look, whatever the spelling of the file."""
        return f"{self.satellite}:{self.at:%Y%m%dT%H%M}:{self.latitude:.5f}:{self.longitude:.5f}"


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What a text held."""

    detections: tuple[Detection, ...]
    errors: tuple[RowError, ...]
    repeated: int
    """Rows that said the same pixel again."""


def read(text: str) -> Reading:
    """Read a FIRMS table.

    Parameters
    ----------
    text
        The whole file or answer; times in it are UTC.

    Raises
    ------
    NotFirms
        If the header lacks a required column, e.g. because the API answered with a message.
    """
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")))
    names = [name.strip().lower() for name in reader.fieldnames or ()]
    if not set(REQUIRED) <= set(names):
        raise NotFirms(text.strip().splitlines()[0][:MOST_FIELD] if text.strip() else "")
    reader.fieldnames = names
    found: dict[str, Detection] = {}
    errors, read_rows = [], 0
    for row in reader:
        clean = {name: (value or "").strip() for name, value in row.items() if isinstance(name, str)}
        try:
            detection = _detection(clean)
        except _Wrong as wrong:
            errors.append(RowError(reader.line_num, wrong.field, clean.get(wrong.field, "")[:MOST_FIELD]))
            continue
        read_rows += 1
        known = found.get(detection.key)
        if known is None or STAGES[detection.stage] < STAGES[known.stage]:
            found[detection.key] = detection
    return Reading(tuple(found.values()), tuple(errors), read_rows - len(found))


def clock(date: str, time: str) -> dt.datetime:
    """Return the instant of ``acq_date`` and ``acq_time``; ``41`` is 00:41 because zeros get lost.

    Raises
    ------
    ValueError
        If either is no date or time.
    """
    digits = time.replace(":", "")
    if not re.fullmatch(r"\d{1,4}", digits, re.ASCII):
        raise ValueError(time)
    return dt.datetime.strptime(f"{date} {digits.zfill(4)} +0000", "%Y-%m-%d %H%M %z").astimezone(dt.UTC)


def confidence(told: str, sensor: str, on: dt.date) -> str:
    """Return ``low``, ``nominal`` or ``high`` of a percentage (MODIS) or a word or letter (VIIRS).

    Raises
    ------
    ValueError
        If it is neither.
    """
    if told.lower() in LETTERS:
        return LETTERS[told.lower()]
    number = float(told)
    if sensor != "MODIS" or not 0 <= number <= 100:
        raise ValueError(told)
    limits = tables.in_force("detection", on)["modis_confidence"]
    return (
        "high" if number >= limits["high_from"] else "nominal" if number >= limits["nominal_from"] else "low"
    )


def stage(version: str) -> str:
    """Return how far a product is processed from its version, e.g. ``6.1NRT``; a bare number is standard."""
    letters = re.sub(r"[^A-Z]", "", version.upper())
    return letters if letters in STAGES else "SP"


def superseded(older: Iterable[Detection], newer: Iterable[Detection], on: dt.date) -> dict[str, str]:
    """Return which pixels a later processing of the same look replaces: key of the new by key of the old.

    The standard product moves positions slightly, so pixels are paired by distance: the same satellite,
    within some minutes and a share of the pixel, each at most once, the nearest first. Pixels of one stage
    are never paired: neighbours in an overlapping scan are both real.
    """
    rule = tables.in_force("detection", on)["same_look"]
    wait = dt.timedelta(minutes=rule["minutes"])
    by_look: dict[str, list[Detection]] = {}
    for fresh in newer:
        by_look.setdefault(fresh.satellite, []).append(fresh)
    pairs = []
    for old in older:
        for fresh in by_look.get(old.satellite, ()):
            if STAGES[fresh.stage] >= STAGES[old.stage] or abs(fresh.at - old.at) > wait:
                continue
            away = kilometres(old.longitude, old.latitude, fresh.longitude, fresh.latitude)
            if away <= rule["pixel_share"] * max(old.scan, old.track):
                pairs.append((away, old.key, fresh.key))
    replaced: dict[str, str] = {}
    taken: set[str] = set()
    for _away, old_key, new_key in sorted(pairs):
        if old_key not in replaced and new_key not in taken:
            replaced[old_key] = new_key
            taken.add(new_key)
    return replaced


def kilometres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the distance of two near positions [km], on the plane that touches the earth between them."""
    narrow = math.cos(math.radians((lat + other_lat) / 2))
    return 111.195 * math.hypot((lon - other_lon) * narrow, lat - other_lat)


class _Wrong(Exception):  # noqa: N818
    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _detection(row: Mapping[str, str]) -> Detection:
    satellite = SATELLITES.get(row["satellite"].upper())
    if satellite is None:
        raise _Wrong("satellite")
    sensor = "MODIS" if satellite in MODIS else "VIIRS"
    try:
        at = clock(row["acq_date"], row["acq_time"])
    except ValueError as error:
        raise _Wrong("acq_time" if _is_date(row["acq_date"]) else "acq_date") from error
    try:
        trust = confidence(row["confidence"], sensor, at.date())
    except ValueError as error:
        raise _Wrong("confidence") from error
    light = row.get("daynight", "").upper()
    if light not in ("D", "N", ""):
        raise _Wrong("daynight")
    kind = _number(row, "type", 0, 3, needed=False)
    return Detection(
        at=at,
        longitude=_asked(row, "longitude", -180, 180),
        latitude=_asked(row, "latitude", -90, 90),
        sensor=sensor,
        satellite=satellite,
        scan=_asked(row, "scan", 0.1, 10),
        track=_asked(row, "track", 0.1, 10),
        confidence=trust,
        day={"D": True, "N": False}.get(light),
        power=_number(row, "frp", 0, 1e5, needed=False),
        brightness=_number(row, "brightness" if sensor == "MODIS" else "bright_ti4", 100, 1000, needed=False),
        stage=stage(row.get("version", "")),
        kind=None if kind is None else int(kind),
        raw=dict(row),
    )


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _asked(row: Mapping[str, str], field: str, least: float, most: float) -> float:
    value = _number(row, field, least, most, needed=True)
    assert value is not None
    return value


def _number(row: Mapping[str, str], field: str, least: float, most: float, *, needed: bool) -> float | None:
    text: Any = row.get(field, "")
    if not text and not needed:
        return None
    try:
        value = float(text)
    except ValueError as error:
        raise _Wrong(field) from error
    if not least <= value <= most:
        raise _Wrong(field)
    return value
