"""Exceptional events: proposed by the detection rule or a person, effective once another person approves."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from django.utils import timezone

from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.air import queries, rules
from jiangcheng.modules.air.models import ExceptionalEvent
from jiangcheng.modules.air.services import evaluation
from jiangcheng.standards import lookup, periods


def propose_dust(
    *, first: datetime.date, last: datetime.date, now: datetime.datetime
) -> list[ExceptionalEvent]:
    """Propose the dust that the detection rule sees in the city's hours of ``first`` to ``last`` inclusive.

    Hours that an event of any state holds already are not proposed again: a rejection stands.
    """
    city = queries.city_area()
    if city is None:
        return []
    start, end = periods.day_bounds(first)[0], periods.day_bounds(last)[1]
    begins = np.arange(start - 6 * periods.HOUR, end, periods.HOUR)
    times, values = queries.hourly(station=city.pk, codes=["pm10"], start=int(begins[0]), end=end)["pm10"]
    pm10 = np.full(len(begins), np.nan)
    pm10[(np.array(times, np.int64) - begins[0]) // periods.HOUR] = values
    dust = rules.dust_hours(pm10, on=first)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], dust.astype(int), [0]])))
    found = []
    for begin, stop in edges.reshape(-1, 2).tolist():
        starts_at = queries.instant(begins[begin])
        ends_at = queries.instant(begins[stop - 1] + periods.HOUR)
        if not ExceptionalEvent.objects.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            found.append(_proposed(starts_at, ends_at, pm10[begin:stop], city.region, now))
    return found


def event_decided(*, record_number: str, now: datetime.datetime, **_more: Any) -> None:
    """Answer the steps that approve or revoke an event: compute its days again, with the other series untouched."""
    event = ExceptionalEvent.objects.get(number=record_number)
    last = event.ends_at - datetime.timedelta(microseconds=1)
    evaluation.exclude_days(first=timezone.localdate(event.starts_at), last=timezone.localdate(last), now=now)


def _proposed(
    starts_at: datetime.datetime,
    ends_at: datetime.datetime,
    pm10: np.ndarray,
    region: Region,
    now: datetime.datetime,
) -> ExceptionalEvent:
    edition = lookup.edition_on("air_events", timezone.localdate(starts_at))
    basis = f"{edition.title_zh}（规则提议，参数未核实）：城市 PM10 小时值最高 {np.nanmax(pm10):.0f} µg/m³"
    record = records.create(
        register="air-events",
        values={"kind": "dust", "starts_at": starts_at, "ends_at": ends_at, "basis": basis, "region": region},
        actor=None,
        at=now,
    )
    assert isinstance(record, ExceptionalEvent)
    return record
