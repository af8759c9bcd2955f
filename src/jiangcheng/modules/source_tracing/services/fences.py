"""Fence lines of parks: a species above its level or a peak becomes an alert, and a run over the park's units."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.source_tracing.models import FenceStation, TraceRun
from jiangcheng.modules.source_tracing.rules import fence, tables
from jiangcheng.modules.source_tracing.services import asking
from jiangcheng.standards import periods

KIND = "source_tracing.voc_peak"
CONSUMER = "source_tracing.fences"
BATCH = 20_000
LENGTHS = {store.Granularity.INSTANT: 0, store.Granularity.MINUTE: 60, store.Granularity.HOUR: 3600}


@dataclasses.dataclass(frozen=True, slots=True)
class _Heard:
    observed: ObservedProperty
    alarm: fence.Alarm
    species: Mapping[str, Any]

    def excess(self) -> float:
        """Return how many times its threshold the value is."""
        return self.alarm.value / self.alarm.threshold


def watch_fences(*, now: dt.datetime) -> list[Finding]:
    """Judge what came from the fence lines since the last look; return the alerts.

    Old values that come late do not alert: the table says how far back an alert still helps.
    """
    fences = {row.station_code: row for row in FenceStation.objects.filter(withdrawn_at=None).order_by("pk")}
    rows = {row.pk: row for row in Station.objects.filter(code__in=fences).select_related("region")}
    table = tables.in_force("voc", now.astimezone(periods.BEIJING).date())
    since = int(now.timestamp()) - 60 * table["lookback_minutes"]
    found: list[Finding] = []
    while True:
        changes = store.changes(CONSUMER, limit=BATCH)
        if not len(changes):
            return found
        if rows:
            mine = np.isin(changes.station, list(rows)) & (changes.start >= since)
            touched = {
                (int(g), int(s))
                for g, s in zip(changes.granularity[mine], changes.station[mine], strict=True)
            }
            for granularity, key in sorted(touched):
                same = mine & (changes.granularity == granularity) & (changes.station == key)
                found += _judge(
                    rows[key], fences[rows[key].code], granularity, np.unique(changes.start[same]), table, now
                )
        store.acknowledge(CONSUMER, changes.upto)


def _judge(
    station: Station,
    row: FenceStation,
    granularity: int,
    starts: Any,
    table: Mapping[str, Any],
    now: dt.datetime,
) -> list[Finding]:
    if granularity not in LENGTHS:
        return []
    known = {
        item.code: item
        for item in ObservedProperty.objects.filter(
            code__in=[s["code"] for s in table["species"]], statistic="avg"
        )
    }
    values = store.read(
        stations=[station.pk], properties=[item.pk for item in known.values()], granularity=granularity,
        start=int(starts[0]) - 3600 * table["look_back_hours"], end=int(starts[-1]) + 1,
    )  # fmt: skip
    columns = {name: values[name].to_numpy() for name in ("start", "property", "value", "flag")}
    counting = np.isin(columns["flag"], store.COUNTING)
    heard: dict[int, list[_Heard]] = {}
    for species in table["species"]:
        observed = known.get(species["code"])
        if observed is None:
            continue
        mine = (columns["property"] == observed.pk) & counting
        at = columns["start"][mine]
        for alarm in fence.alarms(
            start=at, value=columns["value"][mine], changed=np.isin(at, starts), species=species, table=table
        ):
            heard.setdefault(int(at[alarm.index]), []).append(_Heard(observed, alarm, species))
    # One report by hour: the species most above its threshold, the others named beside it.
    return [
        _report(station, row, start, granularity, sorted(told, key=_Heard.excess, reverse=True), table, now)
        for start, told in sorted(heard.items())
    ]


def _report(
    station: Station,
    row: FenceStation,
    start: int,
    granularity: int,
    told: list[_Heard],
    table: Mapping[str, Any],
    now: dt.datetime,
) -> Finding:
    observed, alarm = told[0].observed, told[0].alarm
    others_zh = "、".join(item.observed.name_zh for item in told[1:])
    others_en = ", ".join(item.observed.name_en for item in told[1:])
    at = dt.datetime.fromtimestamp(start, dt.UTC)
    text = f"{alarm.value:.3g} {observed.unit_text}"
    finding = cases.report(
        finding=cases.FindingReport(
            kind=KIND,
            # One case by station and day: the species and hours are its evidence.
            dedup_key=f"{KIND}:{station.code}:{at.astimezone(periods.BEIJING):%Y%m%d}",
            rule_version=str(table["version"]),
            title_zh=f"{station.name_zh} {observed.name_zh} {text}，超过厂界预警值 {alarm.threshold:.3g}"
            + (f"；另有 {others_zh}" if others_zh else "")[:80],
            title_en=f"{station.name_en}: {observed.name_en} {text}, above the fence level {alarm.threshold:.3g}"
            + (f"; also {others_en}" if others_en else "")[:60],
            severity=max(int(item.species["severity"]) for item in told),
            station_id=station.pk,
            first_at=at,
            last_at=at,
            evidence={
                "start": at.isoformat(),
                "end": (at + dt.timedelta(seconds=LENGTHS[store.Granularity(granularity)])).isoformat(),
                "property": f"{observed.code}-avg", "value": alarm.value, "limit": alarm.threshold,
                "clause": alarm.rule, "edition": table["version"], "source": table["source"],
            },
        ),
        now=now,
    )  # fmt: skip
    _trace(station, row, observed.code, at, finding, now)
    return finding


def _trace(
    station: Station, row: FenceStation, code: str, at: dt.datetime, finding: Finding, now: dt.datetime
) -> TraceRun | None:
    """Ask at once for the candidates inside the park, once by station and gap."""
    limits = tables.in_force("triggers", now.astimezone(periods.BEIJING).date())
    gap = dt.timedelta(hours=limits["gap_hours"])
    place = (station.longitude, station.latitude)
    if asking.known_already(kind=TraceRun.Kind.VOC, station=station, place=place, gap=gap, now=now):
        return None
    if not asking.room_for(table=limits, now=now):
        return None
    start = at.replace(minute=0, second=0, microsecond=0)
    return asking.ask(
        kind=TraceRun.Kind.VOC, start=start, end=start + dt.timedelta(hours=1), now=now, station=station,
        observed=code, park=row.park, case=finding.case, finding=finding, trigger=TraceRun.Trigger.FINDING,
    )  # fmt: skip
