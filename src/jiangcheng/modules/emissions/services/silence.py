"""Stations from which nothing has come for several expected intervals (no-data rule)."""

from __future__ import annotations

import datetime

import numpy as np
from django.db.models import Q

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding, RuleConfiguration
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.standards import periods

KIND = "emissions.no_data"
LENGTHS = {
    store.Granularity.INSTANT: 0,
    store.Granularity.MINUTE: 60,
    store.Granularity.HOUR: periods.HOUR,
    store.Granularity.DAY: periods.DAY,
}
"""Seconds of an interval: a value is known at the earliest when its interval is over."""


def watch_silence(*, now: datetime.datetime) -> int:
    """Report silent stations, end the findings of those that send again; return how many are silent."""
    configuration = case_queries.rule_configuration(rule=KIND, on=now.date())
    if configuration is None:
        return 0
    stations = _stations(now.date())
    seen_at = _last_seen()
    last_seen = np.array([seen_at.get(station.pk, rules.NEVER) for station in stations], np.int64)
    found = rules.silence(
        last_seen,
        [station.expected_interval for station in stations],
        now=int(now.timestamp()),
        factor=configuration.parameters["intervals"],
    )
    open_keys = _open_keys()
    for station, silent, seen in zip(stations, found.silent.tolist(), last_seen.tolist(), strict=True):
        key = f"{KIND}:{station.code}"
        if silent and key not in open_keys:
            cases.report(finding=_finding(station, key, seen, configuration, now), now=now)
        elif not silent and key in open_keys:
            cases.end_finding(dedup_key=key, at=queries.instant(seen))
    return int(found.silent.sum())


def _stations(on: datetime.date) -> list[Station]:
    """Return everything that has to send: all stations in operation but areas, whose series are derived."""
    rows = Station.objects.exclude(kind=Station.Kind.AREA).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), valid_from_date__lte=on
    )
    return list(rows.select_related("outlet").order_by("pk"))


def _last_seen() -> dict[int, int]:
    """Return, by station, the end of the latest interval with a value [epoch seconds]."""
    table = store.latest()
    ends = table["start"].to_numpy() + np.vectorize(LENGTHS.get, otypes=[np.int64])(
        table["granularity"].to_numpy()
    )
    stations = table["station"].to_numpy()
    order = np.argsort(ends, kind="stable")
    return dict(zip(stations[order].tolist(), ends[order].tolist(), strict=True))


def _open_keys() -> set[str]:
    return set(Finding.objects.filter(kind=KIND, ended_at=None).values_list("dedup_key", flat=True))


def _finding(
    station: Station, key: str, seen: int, configuration: RuleConfiguration, now: datetime.datetime
) -> cases.FindingReport:
    last = None if seen == rules.NEVER else queries.instant(seen)
    since = last or now
    local = since.astimezone(periods.BEIJING)
    return cases.FindingReport(
        kind=KIND,
        dedup_key=key,
        rule_version=str(configuration),
        title_zh=f"{station.name_zh} 自 {local:%m-%d %H:%M} 起无数据",
        title_en=f"{station.name_en}: no data since {local:%m-%d %H:%M}",
        severity=2,
        station_id=station.pk,
        facility_id=station.outlet.facility_id if hasattr(station, "outlet") else None,
        first_at=since,
        last_at=now,
        evidence={
            "start": since.isoformat(),
            "end": now.isoformat(),
            "last_seen": last.isoformat() if last else None,
            "expected_interval": station.expected_interval,
            "intervals": configuration.parameters["intervals"],
            "source": configuration.source,
        },
    )
