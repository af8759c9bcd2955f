"""Positions of lorries of construction waste, one trip at a time or from a file."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import LorryPoint, LorryTrip
from jiangcheng.modules.waste.services.watch import watch_lorries

MOST_POINTS = 20_000
"""Of one trip."""
MOST_LINES = 200_000
"""Of one file."""
FUTURE = dt.timedelta(minutes=10)
COLUMNS = ("trip", "time", "longitude", "latitude")
Point = tuple[dt.datetime, float, float]


def take_lorry_tracks(
    *, points: Mapping[str, Sequence[Point]], actor: User, on: dt.date, now: dt.datetime
) -> tuple[int, int]:
    """Take positions by the number of the trip; return how many are new, and how many trips break their approval.

    Raises
    ------
    Refused
        If a trip is not there for the person, or a point is impossible; nothing is taken then.
    """
    trips = {row.number: row for row in queries.trips_seen(user=actor, on=on).filter(number__in=points)}
    unknown = sorted(set(points) - set(trips))
    if unknown:
        raise Refused(_("没有这些运单：%(numbers)s。") % {"numbers": "、".join(unknown[:5])})
    with transaction.atomic():
        added = sum(_take(trips[number], told, now) for number, told in points.items())
        access.record(
            actor=actor, action="waste.lorry_points", object_type=queries.LORRIES, object_id=",".join(trips)[:100],
            after={"points": added}, at=now,
        )  # fmt: skip
    watch_lorries(now=now)
    return added, sum(bool(found.breaches) for found in queries.judged(trips.values()))


def read_points(content: bytes) -> dict[str, list[Point]]:
    """Read a file of positions: columns ``trip, time, longitude, latitude``, times with an offset.

    Raises
    ------
    Refused
        With the first line that cannot be read.
    """
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        if not set(COLUMNS) <= set(reader.fieldnames or ()):
            raise Refused(_("文件须有这些列：%(names)s。") % {"names": ", ".join(COLUMNS)})
        found: dict[str, list[Point]] = collections.defaultdict(list)
        for row in reader:
            if reader.line_num > MOST_LINES:
                raise Refused(_("文件行数过多。"))
            at = dt.datetime.fromisoformat(row["time"])
            found[row["trip"].strip()].append((at, float(row["longitude"]), float(row["latitude"])))
    except (ValueError, TypeError, AttributeError, csv.Error) as wrong:
        line = getattr(locals().get("reader"), "line_num", 1)
        raise Refused(_("第 %(line)s 行读不懂。") % {"line": line}) from wrong
    return dict(found)


def _take(trip: LorryTrip, points: Sequence[Point], now: dt.datetime) -> int:
    good = all(
        at.tzinfo is not None and at <= now + FUTURE and -180 <= east <= 180 and -90 <= north <= 90
        for at, east, north in points
    )
    before = trip.track.count()
    if not good or before + len(points) > MOST_POINTS:
        raise Refused(_("轨迹点的时间或坐标不对，或点数过多。"))
    LorryPoint.objects.bulk_create(
        [LorryPoint(trip=trip, at=at, longitude=east, latitude=north) for at, east, north in points],
        ignore_conflicts=True,
        batch_size=2000,
    )
    return trip.track.count() - before
