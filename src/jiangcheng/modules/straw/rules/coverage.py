"""When somebody could have seen a fire, and when nobody could: overpasses, cloud, night."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from jiangcheng.modules.straw.rules import tables
from jiangcheng.standards import periods

SEEN, CLOUD, UNSURE, NONE = "seen", "cloud", "unsure", "none"


@dataclasses.dataclass(frozen=True, slots=True)
class Hour:
    """One hour: whether a look fell into it and could see the ground."""

    start: dt.datetime
    state: str
    """``seen``, ``cloud``, ``unsure`` (a look, cloud unknown) or ``none`` (no look)."""
    by: tuple[str, ...]
    night: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Coverage:
    """The hours of a period."""

    hours: tuple[Hour, ...]

    def count(self, state: str) -> int:
        """Return the number of hours in a state."""
        return sum(hour.state == state for hour in self.hours)

    @property
    def dark(self) -> int:
        """Return the night hours without a look."""
        return sum(hour.night and hour.state == NONE for hour in self.hours)

    @property
    def share(self) -> float | None:
        """Return the share of hours in which a fire could surely have been seen; None of no hours."""
        return self.count(SEEN) / len(self.hours) if self.hours else None


def nominal(
    start: dt.datetime, end: dt.datetime, satellites: Iterable[str] | None = None
) -> list[tuple[dt.datetime, str]]:
    """Return the overpasses that the table expects in ``[start, end)``, UTC.

    Parameters
    ----------
    satellites
        Which of them send; None: all of the table.
    """
    wanted = None if satellites is None else set(satellites)
    looks = []
    day = start.astimezone(periods.BEIJING).date()
    last = end.astimezone(periods.BEIJING).date()
    while day <= last:
        midnight = dt.datetime.combine(day, dt.time(), periods.BEIJING)
        for item in tables.in_force("looks", day)["satellites"]:
            if wanted is None or item["code"] in wanted:
                for minutes in item["minutes"]:
                    at = (midnight + dt.timedelta(minutes=minutes)).astimezone(dt.UTC)
                    if start <= at < end:
                        looks.append((at, item["code"]))
        day += dt.timedelta(days=1)
    return sorted(looks)


def coverage(
    start: dt.datetime,
    end: dt.datetime,
    *,
    looks: Sequence[tuple[dt.datetime, str]],
    cloud: Mapping[dt.datetime, float],
) -> Coverage:
    """Tell of every full hour of ``[start, end)`` whether a fire in it could have been seen.

    Parameters
    ----------
    looks
        Instant and name of each satellite pass, tower round or patrol, UTC. A pass sees what burns then, not
        what burnt before.
    cloud
        Share of the sky that is covered by start of the hour, 0 to 1; an hour not in it is unknown.
    """
    by_hour: dict[dt.datetime, list[str]] = {}
    for at, name in looks:
        by_hour.setdefault(_hour(at), []).append(name)
    hours = []
    at = _hour(start)
    while at < end:
        hours.append(_judged(at, by_hour.get(at, []), cloud))
        at += dt.timedelta(hours=1)
    return Coverage(tuple(hours))


def _judged(at: dt.datetime, names: Sequence[str], cloud: Mapping[dt.datetime, float]) -> Hour:
    local = at.astimezone(periods.BEIJING)
    rule = tables.in_force("looks", local.date())
    night = local.hour >= rule["night"]["from"] or local.hour < rule["night"]["to"]
    known = {item["code"] for item in (*rule["satellites"], *rule["by_file"])}
    ground = [name for name in names if name not in known]
    share = cloud.get(at)
    if ground:
        state = SEEN
    elif not names:
        state = NONE
    elif share is None:
        state = UNSURE
    else:
        state = CLOUD if share > rule["cloud_share"] else SEEN
    return Hour(at, state, tuple(dict.fromkeys(names)), night)


def _hour(at: dt.datetime) -> dt.datetime:
    return at.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
