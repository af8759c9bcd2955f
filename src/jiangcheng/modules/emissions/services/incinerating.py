"""Natural days of waste incinerators: day means, and a furnace that was too cold."""

from __future__ import annotations

import datetime as dt
from typing import Any

from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.emissions import queries
from jiangcheng.standards import periods

FURNACE, DAY_MEAN = "emissions.furnace_cold", "emissions.incineration_day"


def judge_incineration(*, now: dt.datetime) -> int:
    """Judge the latest days of every incinerator, and return how many violations they hold.

    A late mark or back-filled data within the days that are looked back end or open findings of those days.
    """
    found = 0
    names = {row.code: row for row in ObservedProperty.objects.order_by("-pk")}
    for station in queries.incinerators(on=queries.day_of(int(now.timestamp()))):
        burning = queries.burning(station=station, now=now)
        if burning is not None:
            for day in burning.days:
                found += _judge(station, day, burning, names, now)
    return found


def _judge(
    station: Station,
    day: queries.BurntDay,
    burning: queries.Burning,
    names: dict[str, ObservedProperty],
    now: dt.datetime,
) -> int:
    given = burning.table
    furnace = given["furnace"]
    told = []
    if day.furnace_violated:
        told.append(
            (
                FURNACE,
                furnace["property"],
                f"{day.day:%m-%d} 炉温 5 分钟均值低于 {furnace['limit']:g} ℃ 共 {day.cold} 次",
                f"{day.day:%m-%d}: {day.cold} five-minute furnace means below {furnace['limit']:g} ℃",
                {"count": day.cold, "times": furnace["times"], "value": day.least, "limit": furnace["limit"]},
            )
        )
    for code, mean in day.means.items():
        if mean.violated and mean.value is not None:
            zh, en = (names[code].name_zh, names[code].name_en) if code in names else (code, code)
            told.append(
                (
                    DAY_MEAN,
                    code,
                    f"{day.day:%m-%d} {zh}日均值 {mean.value:.1f} mg/m3，限值 {mean.limit:g}",
                    f"{day.day:%m-%d}: daily mean of {en} {mean.value:.1f} mg/m3, limit {mean.limit:g}",
                    {"value": mean.value, "limit": mean.limit, "hours": mean.hours, "exempt": mean.exempt},
                )
            )
    keys = {_report(station, day, burning, now, *row) for row in told}
    prefix = f"{station.code}:{day.day.isoformat()}:"
    for finding in Finding.objects.filter(
        kind__in=(FURNACE, DAY_MEAN), station=station, ended_at=None, dedup_key__contains=prefix
    ):
        if finding.dedup_key not in keys or day.complete:
            cases.end_finding(dedup_key=finding.dedup_key, at=_end(day))
    return len(told)


def _end(day: queries.BurntDay) -> dt.datetime:
    return queries.instant(periods.day_bounds(day.day)[1])


def _report(
    station: Station,
    day: queries.BurntDay,
    burning: queries.Burning,
    now: dt.datetime,
    kind: str,
    code: str,
    zh: str,
    en: str,
    facts: dict[str, Any],
) -> str:
    start = queries.instant(periods.day_bounds(day.day)[0])
    key = f"{kind}:{station.code}:{day.day.isoformat()}:{code}"
    cases.report(
        finding=cases.FindingReport(
            kind=kind,
            dedup_key=key,
            rule_version=f"incineration {burning.table['valid_from']}",
            title_zh=f"{station.name_zh} {zh}",
            title_en=f"{station.name_en}, {en}",
            severity=4,
            station_id=station.pk,
            facility_id=station.outlet.facility_id,
            first_at=start,
            last_at=min(_end(day), now),
            evidence={
                "start": start.isoformat(),
                "end": _end(day).isoformat(),
                "property": code,
                **facts,
                "source": burning.table["source"],
                "verified": burning.table["verified"],
            },
        ),
        now=now,
    )
    return key
