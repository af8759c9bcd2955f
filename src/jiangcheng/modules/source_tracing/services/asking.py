"""Asking for a run: by a person, by a finding, by a complaint — and not more often than is useful."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.observations.queries import FOREVER
from jiangcheng.core.records.models import RecordSerial
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Region, Station
from jiangcheng.modules.source_tracing import queries
from jiangcheng.modules.source_tracing.models import Seen, TraceRun
from jiangcheng.modules.source_tracing.rules import tables
from jiangcheng.standards import periods

SERIAL = "trace-runs"
LONGEST = {"air": 96, "voc": 48, "odour": 48, "river": 240, "pmf": 24 * 180}
"""Hours of an event."""
CHANGEABLE = {
    "reach_km": (1.0, 60.0),
    "reach_hours": (1.0, 24.0),
    "unknown": (0.05, 0.9),
    "history_days": (2.0, 60.0),
    "height": (1.0, 300.0),
    "radius_km": (0.5, 20.0),
    "factors": (2.0, 12.0),
}
"""Settings a person may change, with their bounds."""
Kind = TraceRun.Kind


class NotAsked(ValueError):  # noqa: N818
    """No run was made. ``reason`` is ``kind``, ``station``, ``observed``, ``window``, ``place``, ``settings``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def ask(
    *,
    kind: str,
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    station: Station | None = None,
    observed: str = "",
    place: tuple[float, float] | None = None,
    park: str = "",
    case: Case | None = None,
    finding: Finding | None = None,
    trigger: str = TraceRun.Trigger.PERSON,
    parameters: Mapping[str, float] | None = None,
    seed: int = 0,
    actor: User | None = None,
) -> TraceRun:
    """Put a run into the queue.

    Parameters
    ----------
    kind
        ``air``, ``voc``, ``odour``, ``river`` or ``pmf``.
    start, end
        The event; full hours are taken.
    station, observed
        Target and property, or family of species for a receptor model; for odour ``place`` (longitude,
        latitude) instead.
    park
        Number of the park whose units are the candidates.
    parameters
        Settings that differ from the table in force.

    Raises
    ------
    NotAsked
        If the question is incomplete.
    """
    if kind not in Kind.values:
        raise NotAsked("kind")
    if kind != Kind.ODOUR and station is None:
        raise NotAsked("station")
    if kind != Kind.ODOUR and not observed:
        raise NotAsked("observed")
    if kind == Kind.PMF and not queries.families(on=start.astimezone(periods.BEIJING).date(), code=observed):
        raise NotAsked("observed")
    if not dt.timedelta(0) < end - start <= dt.timedelta(hours=LONGEST[kind]) or start > now:
        raise NotAsked("window")
    if station is not None:
        place = (station.longitude, station.latitude)
    if place is None:
        raise NotAsked("place")
    with transaction.atomic():
        run = TraceRun.objects.create(
            number=_number(now), kind=kind, trigger=trigger, station=station, observed=observed, longitude=place[0],
            latitude=place[1], region=_region(station, place, now), starts_at=start, ends_at=end, case=case,
            finding=finding, park=park, parameters=_changed(parameters or {}), seed=seed, asked_by=actor, asked_at=now,
        )  # fmt: skip
        access.record(
            actor=actor, action="source_tracing.ask", object_type="trace", object_id=run.number,
            after={"kind": kind, "trigger": trigger, "start": start.isoformat(), "end": end.isoformat()}, at=now,
        )  # fmt: skip
    return run


def stop(*, run: TraceRun, actor: User, now: dt.datetime) -> TraceRun:
    """Take a waiting run out of the queue, or ask a running one to stop at the next step."""
    with transaction.atomic():
        locked = TraceRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if locked.state == TraceRun.State.WAITING:
            locked.state, locked.finished_at = TraceRun.State.CANCELLED, now
        locked.stop_asked = True
        locked.save(update_fields=["state", "finished_at", "stop_asked"])
        access.record(
            actor=actor, action="source_tracing.stop", object_type="trace", object_id=run.number, at=now
        )
    return locked


def watch_findings(*, now: dt.datetime) -> list[TraceRun]:
    """Ask for the runs that new findings call for, once by target and gap; return them.

    Which kinds of finding call for a run, how often and how many at most is a dated table; a storm of findings
    makes no storm of runs.
    """
    table = tables.in_force("triggers", now.astimezone(periods.BEIJING).date())
    with transaction.atomic():
        Seen.objects.get_or_create(name="findings")
        seen = Seen.objects.select_for_update().get(name="findings")
        fresh = list(
            Finding.objects.filter(
                pk__gt=seen.upto,
                kind__in=table["kinds"],
                found_at__gte=now - dt.timedelta(hours=table["look_back_hours"]),
            )
            .select_related("station", "case")
            .order_by("pk")
        )
        last = Finding.objects.order_by("-pk").values_list("pk", flat=True).first()
        if last is not None and last > seen.upto:
            seen.upto = min(last, FOREVER)
            seen.save(update_fields=["upto"])
    made = []
    for finding in fresh:
        run = _called_for(finding, table, now)
        if run is not None:
            made.append(run)
    return made


def room_for(*, table: Mapping[str, Any], now: dt.datetime) -> bool:
    """Tell whether another run may start by itself."""
    by_itself = TraceRun.objects.exclude(trigger=TraceRun.Trigger.PERSON)
    recent = by_itself.filter(asked_at__gt=now - dt.timedelta(hours=1)).count()
    waiting = TraceRun.objects.filter(state=TraceRun.State.WAITING).count()
    return bool(recent < table["most_per_hour"] and waiting < table["most_waiting"])


def known_already(
    *, kind: str, station: Station | None, place: tuple[float, float], gap: dt.timedelta, now: dt.datetime
) -> bool:
    """Tell whether the same target was traced within the gap."""
    same = TraceRun.objects.filter(kind=kind, asked_at__gt=now - gap)
    if station is not None:
        return same.filter(station=station).exists()
    # Half a hundredth of a degree is about half a kilometre: complaints of one smell lie that close.
    near = same.filter(
        longitude__range=(place[0] - 0.03, place[0] + 0.03),
        latitude__range=(place[1] - 0.02, place[1] + 0.02),
    )
    return near.exists()


def _called_for(finding: Finding, table: Mapping[str, Any], now: dt.datetime) -> TraceRun | None:
    rule = table["kinds"][finding.kind]
    kind = rule["kind"]
    longitude, latitude = finding.longitude, finding.latitude
    if longitude is None or latitude is None:
        return None
    gap = dt.timedelta(hours=table["gap_hours"])
    station = finding.station if kind != Kind.ODOUR else None
    if known_already(kind=kind, station=station, place=(longitude, latitude), gap=gap, now=now):
        return None
    if not room_for(table=table, now=now):
        return None
    start, end = _window(finding, rule)
    observed = ""
    if station is not None:
        observed = _observed(station, kind, start, end)
    try:
        return ask(
            kind=kind, start=start, end=end, now=now, station=station, observed=observed, place=(longitude, latitude),
            case=finding.case, finding=finding,
            trigger=TraceRun.Trigger.COMPLAINT if kind == Kind.ODOUR else TraceRun.Trigger.FINDING,
        )  # fmt: skip
    except NotAsked:
        # Such as an ozone day: nothing at the station is traced by its plume.
        return None


def _window(finding: Finding, rule: Mapping[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    end = _hour(finding.last_at) + dt.timedelta(hours=1 + rule["after_hours"])
    start = _hour(finding.first_at) - dt.timedelta(hours=rule["before_hours"])
    return max(start, end - dt.timedelta(hours=rule["most_hours"])), end


def _observed(station: Station, kind: str, start: dt.datetime, end: dt.datetime) -> str:
    matching = tables.in_force("matching", start.astimezone(periods.BEIJING).date())
    codes = matching["water"] if kind == Kind.RIVER else list(matching["air"])
    return queries.most_risen(station=station, start=start, end=end, codes=codes)


def _hour(at: dt.datetime) -> dt.datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _number(now: dt.datetime) -> str:
    year = timezone.localdate(now).year
    RecordSerial.objects.get_or_create(register=SERIAL, year=year)
    serial = RecordSerial.objects.select_for_update().get(register=SERIAL, year=year)
    serial.last += 1
    serial.save()
    return f"TR-{year}-{serial.last:04d}"


def _region(station: Station | None, place: tuple[float, float], now: dt.datetime) -> Region | None:
    if station is not None:
        return station.region
    cell = registry.leaf_grid(place[0], place[1], timezone.localdate(now))
    return cell.region if cell else None


def _changed(parameters: Mapping[str, float]) -> dict[str, float]:
    kept = {}
    for name, value in parameters.items():
        low, high = CHANGEABLE.get(name, (1.0, 0.0))
        if not low <= float(value) <= high:
            raise NotAsked("settings")
        kept[name] = float(value)
    return kept
