"""Clock skew, failed answers and the limits of the field app: pure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import functools
import hashlib
import json
import math
import pathlib
from collections.abc import Mapping
from typing import Any

_LIMITS = pathlib.Path(__file__).with_name("data") / "limits.json"
EARTH_RADIUS = 6_371_008.8
"""Mean radius of the Earth [m], IUGG."""


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """What the installation allows a phone; one dated row of ``data/limits.json``."""

    clock_offset_seconds: int
    """A device's clock that is further off is flagged [s]."""
    age_days: int
    """A submission older than this is flagged [d]."""
    trace_retention_days: int
    trace_points: int
    """Points taken with one submission."""
    near_metres: int
    """How far the nearest enterprise may be to be proposed [m]."""
    text_length: int
    photos: int
    batch_items: int
    submissions_per_minute: int
    photos_per_minute: int


@dataclasses.dataclass(frozen=True, slots=True)
class Clock:
    """What a device says about time when it sends.

    ``claimed_at`` is its wall clock when the person acted, ``sent_at`` when it sends; ``age`` is what passed
    between the two [s], measured by a clock nobody can set where the app has run on since.
    """

    claimed_at: dt.datetime | None = None
    sent_at: dt.datetime | None = None
    age: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Corrected:
    """The instant of an act on the server's clock, the device's offset [s], and whether to doubt them."""

    at: dt.datetime
    offset: float
    doubtful: bool


@functools.cache
def _rows() -> tuple[Mapping[str, Any], ...]:
    return tuple(json.loads(_LIMITS.read_text(encoding="utf-8")))


def limits(on: dt.date) -> Limits:
    """Return the limits in force on a day; before the first row, the first row."""
    rows = _rows()
    valid = [row for row in rows if dt.date.fromisoformat(row["valid_from"]) <= on] or [rows[0]]
    row = max(valid, key=lambda item: item["valid_from"])
    return Limits(**{field.name: row[field.name] for field in dataclasses.fields(Limits)})


def corrected(clock: Clock, received_at: dt.datetime, allowed: Limits) -> Corrected:
    """Return when the person acted: the receipt less the age, whatever the device's clock shows.

    An age that cannot be (negative, or older than the limit) leaves the receipt and is doubtful, and so is a
    clock further off than the limit. Nothing is refused for its time.
    """
    offset = (received_at - clock.sent_at).total_seconds() if clock.sent_at else 0.0
    age = clock.age if clock.age is not None and math.isfinite(clock.age) else None
    possible = age is not None and 0 <= age <= allowed.age_days * 86400
    at = received_at - dt.timedelta(seconds=age) if age is not None and possible else received_at
    return Corrected(at, offset, not possible or abs(offset) > allowed.clock_offset_seconds)


def body_digest(kind: str, body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a person submitted, without what differs from one sending to the next."""
    text = json.dumps([kind, body], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def failed(answer_type: str, expected: str, answer: str) -> bool:
    """Tell whether an answer of a check list shows a failure; an empty answer and a free text never do.

    ``yes_no`` fails with the opposite of what is expected (``yes`` where nothing is said), ``number`` where
    it exceeds the expected number.
    """
    if not answer:
        return False
    if answer_type == "yes_no":
        return answer != (expected if expected in ("yes", "no") else "yes")
    if answer_type == "number":
        try:
            given, limit = decimal.Decimal(answer), decimal.Decimal(expected)
        except decimal.InvalidOperation:
            return False
        return given.is_finite() and limit.is_finite() and given > limit
    return False


def distance(west: tuple[float, float], east: tuple[float, float]) -> float:
    """Return the great-circle distance of two points (longitude, latitude) [degrees] in metres."""
    (lon1, lat1), (lon2, lat2) = (tuple(map(math.radians, point)) for point in (west, east))
    chord = (
        math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS * math.asin(min(1.0, math.sqrt(chord)))
