"""The scripted incidents: what goes wrong in the demo city, where and when. Nothing else does.

Those of hours are placed around the hour at which the city was opened, so that whoever opens it sees them;
the straw evenings of the burning seasons stand in a table by calendar date.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from jiangcheng.demo import geography

HOUR = 3600
BEIJING = dt.timezone(dt.timedelta(hours=8))


class Kind(enum.StrEnum):
    """What goes wrong."""

    OVER_LIMIT = "over_limit"
    LINE_DOWN = "line_down"
    STRAW = "straw"
    SPILL = "spill"
    FROZEN = "frozen"
    """An outlet goes on sending the value of the first hour."""


@dataclasses.dataclass(frozen=True, slots=True)
class Incident:
    """Something scripted at one or more stations in ``[start, end)`` (epoch seconds, full hours).

    ``factor`` is the multiple of the limit for an outlet, of the undisturbed value elsewhere.
    """

    kind: Kind
    stations: tuple[str, ...]
    properties: tuple[str, ...]
    start: int
    end: int
    factor: float


def script(opened: int, year: int) -> tuple[Incident, ...]:
    """Return the incidents of a Beijing calendar year.

    Parameters
    ----------
    opened : int
        Full hour in which the city was opened for the first time (epoch seconds).
    year : int
        Calendar year in Beijing time.
    """
    first = int(dt.datetime(year, 1, 1, tzinfo=BEIJING).timestamp())
    last = int(dt.datetime(year + 1, 1, 1, tzinfo=BEIJING).timestamp())
    incidents = [_placed(row, opened) for row in geography.table("incidents") if row["hours_from_opening"]]
    incidents += [_dated(row, year) for row in geography.table("incidents") if row["month"]]
    return tuple(incident for incident in incidents if incident.start < last and incident.end > first)


def _placed(row: dict[str, str], opened: int) -> Incident:
    return _incident(row, opened + int(row["hours_from_opening"]) * HOUR)


def _dated(row: dict[str, str], year: int) -> Incident:
    start = dt.datetime(year, int(row["month"]), int(row["day"]), int(row["hour"]), tzinfo=BEIJING)
    return _incident(row, int(start.timestamp()))


def _incident(row: dict[str, str], start: int) -> Incident:
    return Incident(
        kind=Kind(row["kind"]),
        stations=tuple(row["stations"].split()),
        properties=tuple(row["properties"].split()),
        start=start,
        end=start + int(row["hours"]) * HOUR,
        factor=float(row["factor"]) if row["factor"] else 1.0,
    )
