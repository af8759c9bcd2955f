"""Values that no valid check vouches for are flagged, and given their flag back when one does."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import numpy as np
from django.db import transaction

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.network.models import QcFlag
from jiangcheng.modules.network.queries.quality import property_keys, series_under_qc
from jiangcheng.modules.network.rules import quality as rules
from jiangcheng.modules.network.rules.coverage import DAY
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.standards import periods

AUTHOR = "network.judge_quality"
TEST = "network.outside_qc"
GRANULARITY = store.Granularity.HOUR


def judge(*, now: dt.datetime) -> tuple[int, int]:
    """Judge the hour values of the last days; return how many were flagged and how many given back.

    Only values with a counting flag are flagged: what the source or a person has put aside stays as it is. The
    flag before is kept, and given back only where the present flag is still the one set here.
    """
    table = in_force("qc", now.astimezone(periods.BEIJING).date())
    kinds = {item["code"]: item for item in table["kinds"] if item["judges"]}
    flag, end = ord(table["flag"]), int(now.timestamp())
    start = end - table["look_back_days"] * DAY
    under = series_under_qc()
    stations = dict(Station.objects.filter(code__in=under).values_list("pk", "code"))
    names = property_keys()
    if not stations:
        return 0, 0
    with transaction.atomic():
        rows = store.read(
            stations=sorted(stations), properties=sorted(names), granularity=GRANULARITY, start=start, end=end
        )
        columns = {name: rows[name].to_numpy() for name in ("station", "property", "start", "flag", "value")}
        reason = _reasons(columns, stations, names, under, kinds)
        ours = _ours(columns, start)
        counting = np.isin(columns["flag"], store.COUNTING) & ~np.isnan(columns["value"])
        flagged = 0
        for code, word in rules.REASONS.items():
            chosen = counting & (reason == code)
            flagged += _flag(columns, chosen, flag, word, table["version"], now)
        given_back = _give_back(columns, (reason == rules.INSIDE) & ours & (columns["flag"] == flag), now)
    return flagged, given_back


def _reasons(
    columns: dict[str, Any],
    stations: dict[int, str],
    names: dict[int, str],
    under: dict[str, dict[str, list[rules.Check]]],
    kinds: dict[str, Any],
) -> Any:
    """Return for each value why no check vouches for it; the rows come by station and property."""
    found = np.full(len(columns["start"]), rules.INSIDE, np.int8)
    key = columns["station"].astype(np.int64) << 32 | columns["property"].astype(np.int64)
    edges = np.append(np.append(0, np.flatnonzero(np.diff(key)) + 1), len(key)).tolist()
    for first, last in itertools.pairwise(edges):
        if first == last:
            continue
        checks = under[stations[int(columns["station"][first])]]
        name = names[int(columns["property"][first])]
        mine = [*checks.get("", ()), *checks.get(name, ())]
        if mine:
            found[first:last] = rules.outside_qc(columns["start"][first:last], mine, kinds)
    return found


def _ours(columns: dict[str, Any], start: int) -> Any:
    known = QcFlag.objects.filter(granularity=GRANULARITY, start__gte=start)
    keys = set(known.values_list("station", "property", "start"))
    rows = zip(
        columns["station"].tolist(), columns["property"].tolist(), columns["start"].tolist(), strict=True
    )
    return np.fromiter((row in keys for row in rows), bool, len(columns["start"]))


def _flag(columns: dict[str, Any], chosen: Any, flag: int, word: str, version: str, now: dt.datetime) -> int:
    if not chosen.any():
        return 0
    QcFlag.objects.bulk_create(
        [
            QcFlag(station=a, property=b, granularity=GRANULARITY, start=c, previous=d, reason=word, at=now)
            for a, b, c, d in zip(
                *(columns[name][chosen].tolist() for name in ("station", "property", "start", "flag")),
                strict=True,
            )
        ],
        update_conflicts=True,
        unique_fields=["station", "property", "granularity", "start"],
        update_fields=["previous", "reason", "at"],
    )
    store.flag(
        _keys(columns, chosen),
        flag,
        author=AUTHOR,
        reason=f"无有效质控覆盖 {word}",
        at=now,
        test=TEST,
        arguments={"version": version, "reason": word},
    )
    return int(chosen.sum())


def _give_back(columns: dict[str, Any], chosen: Any, now: dt.datetime) -> int:
    if not chosen.any():
        return 0
    known = {
        (row.station, row.property, row.start): row
        for row in QcFlag.objects.filter(
            granularity=GRANULARITY, start__gte=int(columns["start"][chosen].min())
        )
    }
    places = np.flatnonzero(chosen)
    rows = [
        known[int(columns["station"][place]), int(columns["property"][place]), int(columns["start"][place])]
        for place in places
    ]
    previous = np.array([row.previous for row in rows])
    for flag in np.unique(previous).tolist():
        keys = _keys(columns, places[previous == flag])
        store.flag(keys, flag, author=AUTHOR, reason="质控记录已覆盖，恢复原标记", at=now, test=TEST)
    QcFlag.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def _keys(columns: dict[str, Any], chosen: Any) -> store.Keys:
    return store.Keys.of(
        granularity=int(GRANULARITY),
        start=columns["start"][chosen],
        station=columns["station"][chosen],
        property=columns["property"][chosen],
    )
