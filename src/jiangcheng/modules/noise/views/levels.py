"""Rates of the month, the stations with their last day and night, and one station hour by hour."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import asked_at, received_date, requires
from jiangcheng.core.observations import store
from jiangcheng.core.portal.services import charts
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.noise import queries, rules
from jiangcheng.modules.noise.models import SourceType
from jiangcheng.modules.noise.views import wording
from jiangcheng.standards import periods

PERMISSION = "noise.view"
GEOJSON = "application/geo+json"
LAYER_DAYS = 3
"""Noise days the map looks back for the last level of a station."""
DAYS_SHOWN = 31


@dataclasses.dataclass(frozen=True, slots=True)
class Level:
    """A level of a period with its limit, for a cell."""

    value: float | None
    limit: float | None
    over: bool

    @property
    def text(self) -> str:
        """The level to 0.1 dB."""
        return "—" if self.value is None else f"{self.value:.1f}"


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A station with its newest point-day and how the month went."""

    station: Station
    name: str
    zone_class: str
    day: dt.date | None
    ld: Level
    ln: Level
    valid: tuple[int, int]
    passed: tuple[int, int]


@require_GET
@requires(PERMISSION)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the rates of compliance of a month by class and period, and the stations behind them."""
    first, last = _month(request)
    points = _points(request)
    rows = queries.point_days(points=points, first=first, last=last)
    rates = {(rate.zone, rate.period): rate for rate in queries.pass_rates(rows, on=first)}
    table = [
        (wording.zone_class(zone), rates.get((zone, "day")), rates.get((zone, "night")))
        for zone in (*rules.CLASSES, "4", "")
        if (zone, "day") in rates or (zone, "night") in rates
    ]
    context = {
        "month": first.strftime("%Y-%m"),
        "rates": table,
        "lines": [_line(point, rows) for point in points],
        "without_zone": sorted({row.station.name_zh for row in rows if row.zone is None}),
    }
    return render(request, "noise/overview.html", context)


@require_GET
@requires(PERMISSION)
def station(request: HttpRequest, code: str) -> HttpResponse:
    """Show one station: a noise day hour by hour, what was screened, and the days of the month."""
    point = _visible(request, code)
    day = _day(request)
    first = day - dt.timedelta(days=DAYS_SHOWN - 1)
    rows = queries.point_days(points=[point], first=first, last=day)
    context = {
        "station": point,
        "name": wording.name(point),
        "day": day,
        "before": day - dt.timedelta(days=1),
        "after": day + dt.timedelta(days=1) if day < received_date(request) else None,
        "zone": queries.zone_at(longitude=point.longitude, latitude=point.latitude, on=day),
        "levels": _levels_of(point, day),
        "screened": _screened(point, day),
        "clips": queries.clips_at(
            station=point,
            first=queries.instant(rules.period_bounds(day, night=False)[0]),
            last=queries.instant(rules.period_bounds(day, night=True)[1]),
        ),
        "may_listen": access.has(request.user, "noise.listen", received_date(request)),
        "may_manage": access.has(request.user, "noise.manage", received_date(request)),
        "source_types": SourceType.choices,
        "days": [
            (row.day, row.zone_class, _level(row.ld, row, "day"), _level(row.ln, row, "night"))
            for row in reversed(rows)
        ],
    }
    return render(request, "noise/station.html", context)


@require_GET
@requires(PERMISSION)
def profile(request: HttpRequest, code: str) -> JsonResponse:
    """Return the 24 hours of a noise day: screened and raw Leq, L10, L90, and the limits of the zone."""
    point, day = _visible(request, code), _day(request)
    start, _end = rules.period_bounds(day, night=False)
    end = rules.period_bounds(day, night=True)[1]
    names = {
        "noise_leq": _("等效声级"),
        "noise_leq_raw": _("等效声级（未剔除）"),
        "noise_l10": "L10",
        "noise_l90": "L90",
    }
    found = queries.levels(
        stations=[point.pk], codes=tuple(names), granularity=store.Granularity.HOUR, start=start, end=end
    )
    series = []
    for code_of, title in names.items():
        values = sorted((at, value) for (_key, at), value in found[code_of].items())
        series.append(
            charts.Series(
                name=title, times=[at for at, _v in values], values=[v for _at, v in values], joined=False
            )
        )
    zone = queries.zone_at(longitude=point.longitude, latitude=point.latitude, on=day)
    limits = []
    if zone is not None:
        for night, value in ((False, zone.day_limit), (True, zone.night_limit)):
            begins, ends = rules.period_bounds(day, night)
            limits.append(charts.Limit(name=_("功能区限值"), value=value, start=begins, end=ends))
    return JsonResponse(charts.line(series=series, units=["dB"], limits=limits, decimals=1))


@require_GET
@requires(PERMISSION)
def layer(request: HttpRequest) -> JsonResponse:
    """Return the noise stations as GeoJSON with the last judged night and day known ``?at=`` an instant."""
    on = asked_at(request).astimezone(periods.BEIJING).date()
    points = _points(request)
    rows = queries.point_days(points=points, first=on - dt.timedelta(days=LAYER_DAYS), last=on)
    features = [_feature(_line(point, rows)) for point in points]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _feature(line: Line) -> dict[str, Any]:
    level = line.ln if line.ln.value is not None else line.ld
    over = line.ld.over or line.ln.over
    known = level.value is not None
    properties = {
        "id": line.station.code, "name": line.name, "label": level.text, "value": level.value, "unit": "dB",
        "level": None, "colour": "#c0392b" if over else "#2e7d6b" if known else None, "shape": "diamond",
        "status": "bad" if over else "ok" if known else "stale",
        "url": reverse("noise:station", args=[line.station.code]),
        "lines": [
            [_("功能区"), wording.zone_class(line.zone_class) if line.zone_class else "—"],
            ["Ld", f"{line.ld.text} dB"],
            ["Ln", f"{line.ln.text} dB"],
        ],
        "at": line.day.isoformat() if line.day else None,
    }  # fmt: skip
    place = {"type": "Point", "coordinates": [line.station.longitude, line.station.latitude]}
    return {"type": "Feature", "geometry": place, "properties": properties}


def _line(point: Station, rows: list[queries.PointDay]) -> Line:
    mine = [row for row in rows if row.station.pk == point.pk]
    newest = mine[-1] if mine else None
    cells = [
        [_level(value, row, period) for row in mine for value in [row.ld if period == "day" else row.ln]]
        for period in ("day", "night")
    ]
    judged = [[cell for cell in part if cell.value is not None and cell.limit is not None] for part in cells]
    return Line(
        station=point,
        name=wording.name(point),
        zone_class=newest.zone_class if newest else "",
        day=newest.day if newest else None,
        ld=cells[0][-1] if newest else Level(None, None, False),
        ln=cells[1][-1] if newest else Level(None, None, False),
        valid=(len(judged[0]), len(judged[1])),
        passed=(sum(not cell.over for cell in judged[0]), sum(not cell.over for cell in judged[1])),
    )


def _level(value: float, row: queries.PointDay, period: str) -> Level:
    limit = rules.limit(row.zone_class, period, row.day) if row.zone else None
    if np.isnan(value):
        return Level(None, limit, False)
    shown = float(rules.compared(value))
    return Level(shown, limit, limit is not None and bool(rules.exceeds(value, limit)))


def _levels_of(point: Station, day: dt.date) -> list[tuple[str, str]]:
    """Return the levels of a noise day in words and numbers."""
    names = {
        "noise_ld": _("昼间 Ld"),
        "noise_ln": _("夜间 Ln"),
        "noise_ldn": _("昼夜 Ldn"),
        "noise_ld_raw": _("昼间（未剔除）"),
        "noise_ln_raw": _("夜间（未剔除）"),
        "noise_lmax_night": _("夜间最大声级"),
    }
    counts = {"noise_hours_day": _("昼间有效小时"), "noise_hours_night": _("夜间有效小时")}
    start, end = periods.day_bounds(day)
    found = queries.levels(
        stations=[point.pk], codes=(*names, *counts), granularity=store.Granularity.DAY, start=start, end=end
    )
    told = []
    for code, title in {**names, **counts}.items():
        value = found[code].get((point.pk, start))
        digits = 0 if code in counts else 1
        unit = "h" if code in counts else "dB"
        told.append((title, "—" if value is None else f"{value:.{digits}f} {unit}"))
    return told


def _screened(point: Station, day: dt.date) -> list[tuple[str, int]]:
    """Return how many minutes of a noise day each reason marks."""
    found = queries.levels(
        stations=[point.pk], codes=("noise_reasons",), granularity=store.Granularity.MINUTE,
        start=rules.period_bounds(day, night=False)[0], end=rules.period_bounds(day, night=True)[1],
    )["noise_reasons"]  # fmt: skip
    bits = np.array(list(found.values()), np.int64)
    counted = [(text, int(((bits & int(reason)) > 0).sum())) for reason, text in wording.reasons().items()]
    return [(text, count) for text, count in counted if count]


def _points(request: HttpRequest) -> list[Station]:
    on = received_date(request)
    return queries.stations(on=on, scope=access.scope(request.user, PERMISSION, on))


def _visible(request: HttpRequest, code: str) -> Station:
    found = next((point for point in _points(request) if point.code == code), None)
    if found is None:
        raise Http404
    return found


def _day(request: HttpRequest) -> dt.date:
    """Return the noise day ``?day=`` names, by default yesterday: the last with a whole night."""
    today = received_date(request)
    try:
        day = dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today - dt.timedelta(days=1)
    return day if dt.date(2000, 1, 1) <= day <= today else today


def _month(request: HttpRequest) -> tuple[dt.date, dt.date]:
    """Return first and last day of the month ``?month=`` names, by default of that of yesterday."""
    today = received_date(request)
    try:
        first = dt.date.fromisoformat(f"{request.GET.get('month', '')}-01")
    except ValueError:
        first = (today - dt.timedelta(days=1)).replace(day=1)
    if not dt.date(2000, 1, 1) <= first <= today:
        first = today.replace(day=1)
    last = (first + dt.timedelta(days=32)).replace(day=1) - dt.timedelta(days=1)
    return first, min(last, today)
