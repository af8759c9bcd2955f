"""What the ledgers of ecology decide by themselves: zones of a place, patrols, missing days, balances, series."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from shapely.geometry.base import BaseGeometry

from jiangcheng.methods import outlines
from jiangcheng.standards.dated import DatedTables, NotInForce

__all__ = [
    "Balance", "Hit", "NotInForce", "Outline", "Patrolled", "Series", "balances", "hits", "in_force", "missing_days",
    "patrolled", "progress", "series",
]  # fmt: skip

TABLES = DatedTables(pathlib.Path(__file__).parent / "data")
in_force = TABLES.in_force
RED_LINE = "red_line"


@dataclasses.dataclass(frozen=True, slots=True)
class Outline:
    """A zone as far as geometry needs it; ``outline`` is GeoJSON."""

    number: str
    outline: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Hit:
    """A zone that a place meets."""

    number: str
    hectares: float
    """Area in common [ha]; 0 for a point."""
    percent: float | None
    """Share of the place that lies in the zone [%]; None for a point."""


def hits(zones: Iterable[Outline], place: BaseGeometry) -> list[Hit]:
    """Return the zones that a point or an area meets; areas that only touch do not meet."""
    whole = outlines.hectares(place)
    found = []
    for zone in zones:
        if not outlines.hit(zone.outline, place):
            continue
        shared = outlines.shared_hectares(zone.outline, place) if whole else 0.0
        found.append(Hit(zone.number, shared, 100 * shared / whole if whole else None))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Patrolled:
    """How a grid was patrolled in a window of days."""

    days: int
    """Days with a patrol."""
    required: float
    """Patrols asked for in the window, from those asked for in 30 days."""
    last: dt.date | None
    kilometres: float
    """Length of the tracks inside the grid [km]."""

    @property
    def enough(self) -> bool:
        """Whether it was patrolled as often as asked for."""
        return self.days >= self.required


def patrolled(
    *,
    outline: Mapping[str, Any],
    per_month: int,
    visits: Sequence[tuple[dt.date, Mapping[str, Any] | None]],
    on: dt.date,
    window: int,
) -> Patrolled:
    """Return how a grid was patrolled in the days up to and with ``on``.

    Parameters
    ----------
    visits
        Day and track (GeoJSON line, or None) of every patrol; two on one day count once.
    window
        Length of the window [d].
    """
    area = outlines.parsed(outline)
    inside = [(day, track) for day, track in visits if on - dt.timedelta(days=window) < day <= on]
    length = sum(
        outlines.kilometres(outlines.parsed(track, outlines.LINES).intersection(area))
        for _, track in inside
        if track is not None
    )
    last = max((day for day, _ in visits if day <= on), default=None)
    return Patrolled(len({day for day, _ in inside}), per_month * window / 30, last, length)


def missing_days(
    *, reported: Collection[dt.date], since: dt.date, until: dt.date | None, on: dt.date, window: int
) -> list[dt.date]:
    """Return the days without a report, the latest first; today is not missing yet.

    Parameters
    ----------
    since, until
        First and last day on which the station reports; ``until`` None where it still does.
    window
        How many days are looked back at [d].
    """
    first = max(since, on - dt.timedelta(days=window))
    last = min(on - dt.timedelta(days=1), until or dt.date.max)
    days = (last - dt.timedelta(days=back) for back in range(max(0, (last - first).days + 1)))
    return [day for day in days if day not in reported]


@dataclasses.dataclass(frozen=True, slots=True)
class Balance:
    """Wetland taken and given back in a year [ha], and the sum of all years up to it."""

    year: int
    occupied: float
    replenished: float
    running: float
    """Replenished less occupied, all years up to this one; negative: wetland was lost."""


def balances(uses: Iterable[tuple[int, str, float]]) -> list[Balance]:
    """Return the balance of wetland by year, the oldest first, from ``(year, occupy | replenish, hectares)``."""
    sums: dict[int, list[float]] = {}
    for year, kind, area in uses:
        sums.setdefault(year, [0.0, 0.0])[kind == "replenish"] += area
    running, found = 0.0, []
    for year in sorted(sums):
        occupied, replenished = sums[year]
        running += replenished - occupied
        found.append(Balance(year, occupied, replenished, running))
    return found


def progress(projects: Iterable[tuple[float, float]]) -> float | None:
    """Return the share of planned work that is done [%], from ``(planned, done)``; None where nothing is planned.

    What a project does beyond its plan does not make up for another.
    """
    planned = done = 0.0
    for wanted, reached in projects:
        planned += wanted
        done += min(wanted, reached)
    return 100 * done / planned if planned else None


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """An index of an area by year, all computed by one method."""

    area: str
    index: str
    method: str
    values: tuple[tuple[int, float], ...]

    @property
    def change(self) -> float | None:
        """Last year less first year; None with one year."""
        return self.values[-1][1] - self.values[0][1] if len(self.values) > 1 else None


def series(rows: Iterable[tuple[str, str, str, int, float]]) -> list[Series]:
    """Return the series of ``(area, index, method, year, value)``; methods are never mixed in one series."""
    found: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    for area, index, method, year, value in rows:
        found.setdefault((area, index, method), []).append((year, value))
    return [Series(*key, tuple(sorted(values))) for key, values in sorted(found.items())]
