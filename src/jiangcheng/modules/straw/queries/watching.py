"""Who looks for fires and how well."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict

import numpy as np

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import CaseStep
from jiangcheng.modules.straw.models import (
    BurnWeather,
    FeedState,
    FireSignal,
    HeatMask,
    SignalRun,
)
from jiangcheng.modules.straw.queries.incidents import incidents
from jiangcheng.modules.straw.rules import coverage, skill
from jiangcheng.standards import periods


def covered(*, start: dt.datetime, end: dt.datetime) -> coverage.Coverage:
    """Return which hours somebody could have seen a fire: expected passes, sightings from the ground, cloud.

    The cloud of an hour is the thickest that any county reports; with no report it is unknown.
    """
    looks = coverage.nominal(start, end)
    rows = FireSignal.objects.filter(seen_at__gte=start, seen_at__lt=end, replaced_by=None)
    looks += [(at, sat or source) for at, sat, source in rows.values_list("seen_at", "satellite", "source")]
    cloud: dict[dt.datetime, float] = {}
    told = BurnWeather.objects.filter(hour_at__gte=start, hour_at__lt=end, withdrawn_at=None)
    for at, share in told.filter(cloud__gte=0).values_list("hour_at", "cloud"):
        hour = at.replace(minute=0, second=0, microsecond=0)
        cloud[hour] = max(cloud.get(hour, 0.0), share or 0.0)
    return coverage.coverage(start, end, looks=looks, cloud=cloud)


def source_skill(*, user: User, on: dt.date, first: dt.date, last: dt.date) -> list[skill.Skill]:
    """Return how good each sensor was on the checked incidents of some days."""
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    rows = incidents(user=user, on=on, start=start, end=end).exclude(outcome="").prefetch_related("signs")
    return skill.skill(
        (sorted({sign.satellite or sign.source for sign in row.signs.all()}), row.outcome) for row in rows
    )


def response(
    *, user: User, on: dt.date, first: dt.date, last: dt.date
) -> list[tuple[str, int, float, float]]:
    """Return how long people took from dispatch to sign, arrive and submit: step, cases, median and P90 [min]."""
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    cases_ = incidents(user=user, on=on, start=start, end=end).exclude(case=None).values("case")
    steps: dict[int, dict[str, dt.datetime]] = defaultdict(dict)
    rows = CaseStep.objects.filter(case__in=cases_, action__in=("dispatch", "sign", "arrive", "submit"))
    for case, action, at in rows.order_by("sequence").values_list("case", "action", "at"):
        steps[case].setdefault(action, at)
    found = []
    for action in ("sign", "arrive", "submit"):
        took = [(told[action] - told["dispatch"]).total_seconds() / 60 for told in steps.values()
                if action in told and "dispatch" in told]  # fmt: skip
        if took:
            found.append((action, len(took), float(np.percentile(took, 50)), float(np.percentile(took, 90))))
    return found


def feeds() -> list[FeedState]:
    """Return how the satellite feeds go."""
    return list(FeedState.objects.order_by("source"))


def latest_runs(count: int = 10) -> list[SignalRun]:
    """Return the latest imports of signals."""
    return list(SignalRun.objects.order_by("-pk")[:count])


def latest_mask() -> HeatMask | None:
    """Return the mask of standing heat learnt last."""
    return HeatMask.objects.order_by("-month").first()
