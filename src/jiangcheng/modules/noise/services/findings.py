"""A day or night above the limit of its zone, and a sudden sound at night, open findings with what is allowed near."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import numpy as np

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import RuleConfiguration
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.methods import episodes
from jiangcheng.modules.noise import queries, rules
from jiangcheng.modules.noise.models import NightPermit, NoiseZone
from jiangcheng.standards import lookup, periods, rounding

OVER_LIMIT, BURST = "noise.over_limit", "noise.night_burst"
SERIES = {
    (OVER_LIMIT, "day"): "noise_ld",
    (OVER_LIMIT, "night"): "noise_ln",
    (BURST, "night"): "noise_lmax_night",
}
WORDS = {
    "noise_ld": ("昼间等效声级", "day level"),
    "noise_ln": ("夜间等效声级", "night level"),
    "noise_lmax_night": ("夜间最大声级", "greatest level at night"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A level of a period with the limit of the zone its station lies in."""

    station: Station
    day: dt.date
    period: str
    value: float
    limit: float
    zone: NoiseZone


def judge(*, points: list[Station], touched: Mapping[dt.date, set[int]], now: dt.datetime) -> None:
    """Report what lies above its limit in the touched days, and end what is over."""
    for (kind, period), code in SERIES.items():
        configuration = case_queries.rule_configuration(rule=kind, on=now.date())
        if configuration is not None:
            _judge_series(kind, period, code, configuration, points, touched, now)


def _judge_series(
    kind: str,
    period: str,
    code: str,
    configuration: RuleConfiguration,
    points: list[Station],
    touched: Mapping[dt.date, set[int]],
    now: dt.datetime,
) -> None:
    first = now.date() - dt.timedelta(days=configuration.parameters["lookback_days"])
    recent = {(key, day) for day, keys in touched.items() if day >= first for key in keys}
    mine = [point for point in points if any(point.pk == key for key, _ in recent)]
    rows = _rows(kind, period, code, mine, first)
    if not rows:
        return
    verdict = episodes.episodes(
        np.array([row.station.pk for row in rows]),
        np.array([periods.day_bounds(row.day)[0] for row in rows]),
        rules.exceeds([row.value for row in rows], [row.limit for row in rows]),
        np.array([(row.station.pk, row.day) in recent for row in rows]),
    )
    for place in verdict.occurrences.tolist():
        cases.report(finding=_finding(kind, code, rows[place], configuration), now=now)
    codes = {point.pk: point.code for point in mine}
    for key, start in verdict.ended.items():
        cases.end_finding(dedup_key=f"{kind}:{codes[key]}:{period}", at=queries.instant(start))


def _rows(kind: str, period: str, code: str, points: list[Station], first: dt.date) -> list[Judged]:
    """Return the levels of the last days that can be judged: the period is valid, a zone is laid down."""
    if not points:
        return []
    found = queries.levels(
        stations=[point.pk for point in points], codes=(code,), granularity=store.Granularity.DAY,
        start=periods.day_bounds(first)[0], end=periods.day_bounds(dt.date.max - dt.timedelta(days=2))[0],
    )[code]  # fmt: skip
    by_key, index = {point.pk: point for point in points}, queries.ZoneIndex()
    rows = []
    for (key, start), value in sorted(found.items()):
        day = queries.day_of(start)
        zone = index.at(by_key[key], day)
        if zone is not None:
            limit = (
                rules.burst_limit(zone.zone_class, day)
                if kind == BURST
                else rules.limit(zone.zone_class, period, day)
            )
            rows.append(Judged(by_key[key], day, period, value, limit, zone))
    return rows


def _finding(kind: str, code: str, row: Judged, configuration: RuleConfiguration) -> cases.FindingReport:
    start, end = rules.period_bounds(row.day, row.period == "night")
    steps = configuration.parameters["severity_by_excess_db"]
    zh, en = WORDS[code]
    value = float(rounding.round_half_even(row.value, 1))
    zone = f"{row.zone.zone_class}类"
    permits = (
        queries.permits_around(
            longitude=row.station.longitude, latitude=row.station.latitude, start=start, end=end
        )
        if row.period == "night"
        else []
    )
    return cases.FindingReport(
        kind=kind,
        dedup_key=f"{kind}:{row.station.code}:{row.period}",
        rule_version=str(configuration),
        title_zh=f"{row.station.name_zh}{zh} {value:.1f} dB，超{zone}区限值 {row.limit:.0f} dB",
        title_en=f"{row.station.name_en}: {en} {value:.1f} dB, above {row.limit:.0f} dB of class {row.zone.zone_class}",
        severity=max((told for step, told in steps.items() if value - row.limit >= int(step)), default=2),
        station_id=row.station.pk,
        first_at=queries.instant(start),
        last_at=queries.instant(start),
        evidence={
            "start": queries.instant(start).isoformat(),
            "end": queries.instant(end).isoformat(),
            "property": f"{code}-avg",
            "value": value,
            "value_text": f"{value:.1f} dB",
            "limit": row.limit,
            "limit_text": f"{row.limit:.0f} dB",
            "detail_zh": f"{zone}功能区 {row.zone}；附近夜间施工许可 {_numbers(permits) or '无'}",
            "detail_en": (
                f"zone {row.zone}, class {row.zone.zone_class}; night permits near: {_numbers(permits) or 'none'}"
            ),
            "edition": "GB 3096-" + lookup.edition_on("GB3096", row.day).code,
            "clause": "表1" if kind == OVER_LIMIT else "5.4",
            "zone": str(row.zone),
            "permits": [permit.number for permit in permits],
            "source": configuration.source,
        },
    )


def _numbers(permits: list[NightPermit]) -> str:
    return "、".join(permit.number for permit in permits)
