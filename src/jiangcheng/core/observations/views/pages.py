"""The list of stations and the page of one."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import received_at, received_date, requires
from jiangcheng.core.manifest import manifests
from jiangcheng.core.observations import queries, store
from jiangcheng.core.observations.views.charts import flag_name, property_name
from jiangcheng.core.observations.views.selection import (
    DEFAULT_DAYS,
    PERMISSION,
    Scale,
    available,
    chosen,
    scale,
    visible_station,
)
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.standards import lookup

ROWS = 50
GAP_DAYS = 7
HEADLINES = {Station.Kind.AIR: "aqi", Station.Kind.WATER: "water_class", Station.Kind.AREA: "aqi"}
"""The derived property a list shows of a station, by kind."""
LENGTHS = {store.Granularity.HOUR: 3_600, store.Granularity.DAY: 86_400}
"""Length of an interval [s]; minute and instant values are taken as of their start."""


@dataclasses.dataclass(frozen=True, slots=True)
class Latest:
    """The newest value of a series as a line of a page."""

    observed: ObservedProperty
    scale: Scale
    name: str
    value: float | None
    flag: str
    at: datetime.datetime
    ended_at: datetime.datetime
    """End of the interval, from which the age counts."""
    stale: bool

    @property
    def text(self) -> str:
        """The value with the decimals of its property."""
        return "—" if self.value is None else f"{self.value * self.scale.factor:.{self.scale.decimals}f}"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A station as a line of the list."""

    station: Station
    headline: Latest | None
    seen_at: datetime.datetime | None
    stale: bool


@requires(PERMISSION)
def stations(request: HttpRequest) -> HttpResponse:
    """List the stations the person may see; the filter lives in the address."""
    asked = {name: request.GET.get(name, "") for name in ("kind", "region", "q", "state")}
    rows = _filtered(request, asked)
    if asked["state"]:
        wanted = asked["state"] == "silent"
        lines = [line for line in _lines(rows, received_at(request)) if line.stale == wanted]
        page: Page[Any] = Paginator(lines, ROWS).get_page(request.GET.get("page"))
        shown = list(page.object_list)
    else:
        page = Paginator(rows, ROWS).get_page(request.GET.get("page"))
        shown = _lines(page.object_list, received_at(request))
    return render(
        request,
        "observations/stations.html",
        {
            "page": page,
            "lines": shown,
            "asked": asked,
            "kinds": [(kind.value, _kind_name(kind)) for kind in Station.Kind],
            "counties": registry.regions(level=Region.Level.COUNTY),
        },
    )


@requires(PERMISSION)
def station(request: HttpRequest, code: str) -> HttpResponse:
    """Show one station: latest values, charts, gaps, place."""
    found = visible_station(request, code)
    properties = available(found)
    names = chosen(request, found, properties)
    granularity = request.GET.get("granularity", "hour")
    query = [("property", name) for name in names] + [("granularity", granularity)]
    query += [(name, request.GET[name]) for name in ("from", "to") if request.GET.get(name)]
    now = received_at(request)
    return render(
        request,
        "observations/station.html",
        {
            "station": found,
            "kind": _kind_name(Station.Kind(found.kind)),
            "facility": found.outlet.facility if hasattr(found, "outlet") else None,
            "latest": _latest(found, list(properties.values()), now),
            "properties": [(name, property_name(row)) for name, row in properties.items()],
            "chosen": names,
            "granularity": granularity,
            "granularities": [(item.name.lower(), _granularity_name(item)) for item in DEFAULT_DAYS],
            "query": urlencode(query),
            "gaps": _gaps(found, properties, now),
            "gap_days": GAP_DAYS,
            "about": _about(found),
            "cards": _cards(request, code, found.kind),
            "with_calendar": found.kind in (Station.Kind.AIR, Station.Kind.AREA),
            "with_classes": found.kind == Station.Kind.WATER,
        },
    )


def _cards(request: HttpRequest, code: str, kind: str) -> list[dict[str, str]]:
    """Return the cards of the rooms that the person may open, in their order: anchor, title, address."""
    held = access.permissions_of(request.user, received_date(request))
    language = get_language() or "zh"
    return [
        {
            "anchor": card.url_name.replace(":", "-"),
            "title": card.names.in_language(language),
            "url": reverse(card.url_name, args=[code]),
        }
        for card in manifests.station_cards()
        if card.permission in held and (not card.kinds or kind in card.kinds)
    ]


def _gaps(
    found: Station, properties: dict[str, ObservedProperty], now: datetime.datetime
) -> list[dict[str, Any]]:
    """Return the periods of the last days without a value that counts, newest first, with reason and names."""
    measured = {row.pk: row for row in properties.values() if row.medium != "derived"}
    gaps = queries.gaps(
        station=found.pk,
        granularity=store.Granularity.HOUR,
        start=now - datetime.timedelta(days=GAP_DAYS),
        end=now - datetime.timedelta(seconds=found.expected_interval),
        properties=sorted(measured),
    )
    return [
        {
            "start": gap.start,
            "end": gap.end,
            "reason": _reason_name(gap.reason.value),
            "flags": _("、").join(flag_name(ord(letter)) for letter in gap.flags),
            "properties": [property_name(measured[key]) for key in gap.properties],
        }
        for gap in reversed(gaps)
    ]


def _filtered(request: HttpRequest, asked: dict[str, str]) -> QuerySet[Station]:
    scope = access.scope(request.user, PERMISSION, received_date(request))
    rows = registry.stations(
        scope=scope,
        kinds=[asked["kind"]] if asked["kind"] else [],
        on=received_date(request),
        region_code=asked["region"],
    )
    if asked["q"]:
        rows = rows.filter(
            Q(code__icontains=asked["q"])
            | Q(name_zh__icontains=asked["q"])
            | Q(name_en__icontains=asked["q"])
        )
    return rows


def _lines(rows: Iterable[Station], now: datetime.datetime) -> list[Line]:
    rows = list(rows)
    newest = _newest([row.pk for row in rows])
    headlines = {
        observed.code: observed
        for observed in ObservedProperty.objects.filter(code__in=set(HEADLINES.values()), medium="derived")
    }
    lines = []
    for row in rows:
        series = newest.get(row.pk, {})
        seen = max((entry["start"] for entry in series.values()), default=None)
        observed = headlines.get(HEADLINES.get(Station.Kind(row.kind), ""))
        entry = series.get(observed.pk) if observed else None
        lines.append(
            Line(
                station=row,
                headline=_as_latest(row, observed, entry, now) if observed and entry else None,
                seen_at=_instant(seen) if seen is not None else None,
                stale=queries.is_stale(seen, row.expected_interval, now),
            )
        )
    return lines


def _newest(keys: list[int]) -> dict[int, dict[int, dict[str, Any]]]:
    """Return, by station and property, the newest value of the finest granularities up to the hour."""
    table = store.latest(stations=keys)
    found: dict[int, dict[int, dict[str, Any]]] = {}
    for entry in table.select(["station", "property", "granularity", "start", "value", "flag"]).to_pylist():
        if entry["granularity"] <= store.Granularity.HOUR:
            series = found.setdefault(entry["station"], {})
            known = series.get(entry["property"])
            if known is None or entry["start"] > known["start"]:
                series[entry["property"]] = entry
    return found


def _latest(found: Station, properties: list[ObservedProperty], now: datetime.datetime) -> list[Latest]:
    newest = _newest([found.pk]).get(found.pk, {})
    return [
        _as_latest(found, observed, newest[observed.pk], now)
        for observed in properties
        if observed.pk in newest
    ]


def _as_latest(
    found: Station, observed: ObservedProperty, entry: dict[str, Any], now: datetime.datetime
) -> Latest:
    value = entry["value"]
    return Latest(
        observed=observed,
        scale=scale(found, observed),
        name=property_name(observed),
        value=None if value != value else value,
        flag=flag_name(entry["flag"]),
        at=_instant(entry["start"]),
        ended_at=_instant(entry["start"] + LENGTHS.get(entry["granularity"], 0)),
        stale=queries.is_stale(entry["start"], found.expected_interval, now),
    )


def _instant(seconds: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def _about(found: Station) -> list[tuple[str, str]]:
    """Return what the register says about the kind of station, in words."""
    chinese = (get_language() or "").startswith("zh")
    facts = found.attributes
    symbols = {grade.code: grade.symbol for grade in lookup.grades("water_classes", edition="2011")}
    river = facts.get("river") if chinese else facts.get("river_en", facts.get("river"))
    waters = {"river": _("河流"), "lake": _("湖库")}
    told = {
        _("站点级别"): facts.get("class"),
        _("参与评价"): {True: _("是"), False: _("否")}.get(facts.get("evaluated")),
        _("水体类型"): waters.get(facts.get("water_type", "")),
        _("所在水体"): river,
        _("目标类别"): symbols.get(facts.get("target_class")),
        _("国考断面"): {True: _("是"), False: _("否")}.get(facts.get("national")),
    }
    return [(name, value) for name, value in told.items() if value]


def _reason_name(reason: str) -> str:
    return {
        "silent": _("未收到数据"),
        "empty": _("有报文无数值"),
        "rejected": _("人工剔除"),
        "flagged": _("仪器标记无效"),
        "not_expected": _("站点未启用"),
    }[reason]


def _kind_name(kind: Station.Kind) -> str:
    return {
        Station.Kind.AIR: _("空气站"),
        Station.Kind.WATER: _("地表水断面"),
        Station.Kind.NOISE: _("噪声站"),
        Station.Kind.WEATHER: _("气象站"),
        Station.Kind.GAS_OUTLET: _("废气排放口"),
        Station.Kind.WATER_OUTLET: _("废水排放口"),
        Station.Kind.AREA: _("区域"),
        Station.Kind.MANUAL: _("手工监测点"),
    }[kind]


def _granularity_name(item: store.Granularity) -> str:
    return {
        store.Granularity.INSTANT: _("瞬时"),
        store.Granularity.MINUTE: _("分钟"),
        store.Granularity.HOUR: _("小时"),
        store.Granularity.DAY: _("日"),
    }[item]
