"""AQI above a level opens a finding at its station; the finding ends when the hours are back under it."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.methods import episodes
from jiangcheng.modules.air import queries, rules
from jiangcheng.standards import lookup, periods

KIND = "air.aqi_high"


def judge(*, points: list[Station], starts: np.ndarray, stations: np.ndarray, now: datetime.datetime) -> None:
    """Report the changed hours whose AQI is above the configured level, and end what is over.

    Parameters
    ----------
    starts, stations
        The hours that came or changed [epoch seconds, station keys].
    """
    configuration = case_queries.rule_configuration(rule=KIND, on=now.date())
    if configuration is None or not len(starts):
        return
    since = int(now.timestamp()) - 3600 * configuration.parameters["lookback_hours"]
    touched_stations = np.unique(stations[starts >= since])
    if not len(touched_stations):
        return
    hours = _hours(touched_stations, since, int(starts.max()) + periods.HOUR)
    changed = np.isin(_pack(hours["station"], hours["start"]), _pack(stations, starts))
    found = episodes.episodes(
        hours["station"], hours["start"], hours["aqi"] > configuration.parameters["aqi_above"], changed
    )
    by_key = {point.pk: point for point in points}
    for row in found.occurrences:
        hour = {name: column[row].item() for name, column in hours.items()}
        cases.report(finding=_finding(by_key[hour["station"]], hour, configuration), now=now)
    for station, start in found.ended.items():
        cases.end_finding(dedup_key=_dedup_key(by_key[station]), at=queries.instant(start))


def _hours(stations: np.ndarray, since: int, until: int) -> dict[str, np.ndarray]:
    """Return station, start, AQI and primary pollutants of the hours that have an AQI."""
    keys = queries.derived()
    table = store.read(
        stations=stations.tolist(),
        properties=[keys["aqi"], keys["aqi_primary"]],
        granularity=store.Granularity.HOUR,
        start=since,
        end=until,
    )
    columns = {name: table[name].to_numpy() for name in ("station", "property", "start", "value")}
    aqi = (columns["property"] == keys["aqi"]) & ~np.isnan(columns["value"])
    primary = columns["property"] == keys["aqi_primary"]
    hours = {"station": columns["station"][aqi], "start": columns["start"][aqi], "aqi": columns["value"][aqi]}
    masks = dict(
        zip(
            _pack(columns["station"][primary], columns["start"][primary]).tolist(),
            columns["value"][primary].tolist(),
            strict=True,
        )
    )
    packed = _pack(hours["station"], hours["start"]).tolist()
    return {**hours, "primary": np.nan_to_num(np.array([masks.get(key, 0.0) for key in packed], float))}


def _pack(stations: np.ndarray, starts: np.ndarray) -> np.ndarray:
    packed: np.ndarray = np.asarray(stations, np.int64) * (1 << 40) + starts
    return packed


def _dedup_key(station: Station) -> str:
    return f"{KIND}:{station.code}"


def _finding(station: Station, hour: dict[str, Any], configuration: Any) -> cases.FindingReport:
    day = queries.day_of(hour["start"])
    edition = lookup.edition_on("HJ633", day).code
    level = int(rules.level(int(hour["aqi"]), edition))
    grade = lookup.grades("HJ633_levels", edition=edition)[level - 1]
    primary = queries.primary_names(int(hour["primary"]), report="hour")
    return cases.FindingReport(
        kind=KIND,
        dedup_key=_dedup_key(station),
        rule_version=str(configuration),
        title_zh=f"{station.name_zh} AQI {hour['aqi']:.0f}（{grade.name_zh}），首要污染物 {primary or '—'}",
        title_en=f"{station.name_en}: AQI {hour['aqi']:.0f} ({grade.name_en}), primary {primary or '—'}",
        severity=configuration.parameters["severity_by_level"].get(str(level), 2),
        station_id=station.pk,
        first_at=queries.instant(hour["start"]),
        last_at=queries.instant(hour["start"]),
        evidence={
            "start": queries.instant(hour["start"]).isoformat(),
            "end": queries.instant(hour["start"] + periods.HOUR).isoformat(),
            "property": "aqi-avg",
            "value": hour["aqi"],
            "limit": configuration.parameters["aqi_above"],
            "edition": f"HJ 633-{edition}",
            "clause": "AQI 级别表",
            "primary": primary,
            "source": configuration.source,
        },
    )
