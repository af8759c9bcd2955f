"""The address and the pace of the FIRMS area API: what is asked, and when it is asked again.

``/api/area/csv/{MAP_KEY}/{SOURCE}/{W,S,E,N}/{DAYS}[/{YYYY-MM-DD}]``. The API answers at most five days at once,
and an error as plain text with status 200.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re

SOURCES = (
    "MODIS_NRT", "MODIS_SP", "VIIRS_SNPP_NRT", "VIIRS_SNPP_SP", "VIIRS_NOAA20_NRT", "VIIRS_NOAA20_SP",
    "VIIRS_NOAA21_NRT",
)  # fmt: skip
MOST_DAYS = 5
"""Days one question may ask for; older descriptions of the API say ten."""
FIRST_WAIT = 60.0
LONGEST_WAIT = 6 * 3600.0
"""Pause after failures [s]: doubled each time, from the first to the longest."""
KEY = re.compile(r"[0-9A-Za-z]{8,64}")


@dataclasses.dataclass(frozen=True, slots=True)
class Box:
    """An area by its edges [°], WGS 84."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        lon, lat = -180 <= self.west < self.east <= 180, -90 <= self.south < self.north <= 90
        if not (lon and lat):
            raise ValueError("an area is west,south,east,north in degrees")

    @classmethod
    def of(cls, text: str) -> Box:
        """Return the area that ``W,S,E,N`` names.

        Raises
        ------
        ValueError
            If it is not four numbers in order.
        """
        parts = [float(part) for part in text.split(",")]
        if len(parts) != 4 or not all(math.isfinite(part) for part in parts):
            raise ValueError("an area is west,south,east,north in degrees")
        return cls(*parts)

    def __str__(self) -> str:
        return ",".join(f"{edge:g}" for edge in dataclasses.astuple(self))


def address(
    base: str, key: str, source: str, box: Box, *, days: int = 1, first: dt.date | None = None
) -> str:
    """Return the address of one question.

    Parameters
    ----------
    first
        First day asked for; None: the latest days.

    Raises
    ------
    ValueError
        If key, source or number of days cannot be asked.
    """
    if not KEY.fullmatch(key):
        raise ValueError("MAP_KEY")
    if source not in SOURCES:
        raise ValueError(source)
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"days: 1 to {MOST_DAYS}")
    day = f"/{first.isoformat()}" if first else ""
    return f"{base.rstrip('/')}/api/area/csv/{key}/{source}/{box}/{days}{day}"


def parts(first: dt.date, last: dt.date) -> list[tuple[dt.date, int]]:
    """Return the questions that together ask for the days from ``first`` to ``last`` inclusive."""
    found = []
    while first <= last:
        days = min(MOST_DAYS, (last - first).days + 1)
        found.append((first, days))
        first += dt.timedelta(days=days)
    return found


def missed_days(answered_at: dt.datetime | None, now: dt.datetime) -> int:
    """Return how many days back have to be asked for so that a silence leaves no hole, at most `MOST_DAYS`.

    The API counts UTC days and today as one of them; an overpass shortly before midnight arrives up to three
    hours later, so the day before is asked for as well in the first hours.
    """
    if answered_at is None:
        return MOST_DAYS
    since = (answered_at - dt.timedelta(hours=6)).astimezone(dt.UTC).date()
    return max(1, min(MOST_DAYS, (now.astimezone(dt.UTC).date() - since).days + 1))


def wait(failures: int) -> float:
    """Return the pause after so many failures in a row [s]; 0 after none."""
    if failures <= 0:
        return 0.0
    return float(min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20)))


def is_permanent(told: str) -> bool:
    """Tell whether an error of the API does not go away by waiting: a wrong key or a wrong question."""
    return bool(re.search(r"invalid|unauthori[sz]ed|not found", told, re.IGNORECASE))


def hidden(text: str, key: str) -> str:
    """Return a text without the key in it, for logs and pages."""
    return text.replace(key, "…") if key else text
