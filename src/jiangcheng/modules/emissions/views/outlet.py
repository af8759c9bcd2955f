"""One outlet: its hours against the limit, what is marked, calibrations, and how much arrived."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import received_at, received_date, requires
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.emissions import queries, rules
from jiangcheng.modules.emissions.models import Signal
from jiangcheng.modules.emissions.views import wording
from jiangcheng.standards import periods

DAYS = (3, 7, 30)
SHOWN = 30


@require_GET
@requires("emissions.view")
def outlet(request: HttpRequest, code: str) -> HttpResponse:
    """Show an outlet."""
    station = _found(request, code)
    now = int(received_at(request).timestamp())
    start = now - 30 * periods.DAY
    limits = queries.limits(stations=[station.pk], first=queries.day_of(start), last=received_date(request))
    codes = list(dict.fromkeys(row.observed_property.code for row in limits))
    names = {row.observed_property.code: wording.property_name(row.observed_property) for row in limits}
    days, chosen = _chosen(request, codes)
    return render(
        request,
        "emissions/outlet.html",
        {
            "station": station,
            "outlet": station.outlet,
            "facility": station.outlet.facility,
            "limits": limits,
            "properties": [(item, names[item]) for item in codes],
            "chosen": chosen,
            "days": days,
            "all_days": DAYS,
            "query": f"property={chosen}&days={days}",
            "marks": queries.all_marks(station=station, start=start, end=now + 3 * periods.DAY)[::-1][:SHOWN],
            "checks": queries.outlet_checks(station=station, start=now - 90 * periods.DAY, end=now + 1)[
                :SHOWN
            ],
            "lost": _lost(station, names, now),
            "burning": _burning(station, received_at(request)),
            "meters": _meters(station, start, now),
            "calibrations": queries.calibrations(station=station, start=start, end=now)[::-1][:SHOWN],
            "months": queries.month_rates(station=station, now=received_at(request)),
            "masses": queries.month_masses(station=station, now=received_at(request)),
            "target": queries.rate_target(received_date(request)),
            "clues": queries.clues(scope=_clue_scope(request)).filter(station=station)[:SHOWN],
        },
    )


@require_GET
@requires("emissions.view")
def outlet_series(request: HttpRequest, code: str) -> JsonResponse:
    """Return the hours of one property with limit, marks and load."""
    station = _found(request, code)
    end = int(received_at(request).timestamp()) // periods.HOUR * periods.HOUR + periods.HOUR
    on = received_date(request)
    limits = queries.limits(stations=[station.pk], first=queries.day_of(end - 30 * periods.DAY), last=on)
    days, chosen = _chosen(request, [row.observed_property.code for row in limits])
    drawing = wording.Drawing(station, chosen, end - days * periods.DAY, end)
    return JsonResponse(wording.drawn(drawing))


def _lost(station: Station, names: dict[str, str], now: int) -> list[dict[str, Any]]:
    """Return the times that failed checks of the last 90 days took away, the latest first."""
    found = queries.control_spans(stations=[station.pk], until=now)
    pairs = [
        (span, code)
        for (_, code), spans in found.items()
        for span in spans
        if span.end > now - 90 * periods.DAY
    ]
    return [
        {
            "name": names.get(code, code),
            "from_at": queries.instant(span.start),
            "to_at": queries.instant(span.end) if span.end < rules.control.OPEN else None,
        }
        for span, code in sorted(pairs, reverse=True)[:SHOWN]
    ]


def _burning(station: Station, now: datetime) -> dict[str, Any] | None:
    found = queries.burning(station=station, now=now)
    if found is None:
        return None
    codes = list(found.table["day"])
    rows = ObservedProperty.objects.filter(code__in=codes, statistic=queries.MEASURED)
    names = {row.code: wording.property_name(row) for row in rows}
    return {
        "names": [(names.get(code, code), found.table["day"][code]) for code in codes],
        "days": [(day, [day.means.get(code) for code in codes]) for day in found.days],
        "found": found,
        "furnace": found.table["furnace"],
    }


def _meters(station: Station, start: int, now: int) -> list[dict[str, Any]]:
    """Return the meters of the last days with what they stand for."""
    since = max(start, now - 3 * periods.DAY)
    hours = queries.all_hours(stations=[station.pk], start=since, end=now)
    meters = queries.meters(stations=[station.pk], hours=hours, on=queries.day_of(now)).get(station.pk, [])
    observed = {
        row.code: row
        for row in ObservedProperty.objects.filter(
            code__in=[meter.code for meter in meters], statistic=queries.MEASURED
        )
    }
    roles = dict(Signal.Role.choices)
    rows = []
    for meter in meters:
        series = hours.get(station.pk, meter.code)
        row = observed[meter.code]
        rows.append(
            {
                "meter": meter,
                "name": wording.property_name(row),
                "unit": row.unit_text,
                "role": roles[meter.role],
                "value": float(series.value[-1]) if len(series) else None,
                "share": 100.0 * float(series.value[-1]) / meter.rated
                if meter.rated and len(series)
                else None,
            }
        )
    return rows


def _found(request: HttpRequest, code: str) -> Station:
    on = received_date(request)
    scope = access.scope(request.user, "emissions.view", on)
    for station in queries.outlets(scope=scope, on=on, code=code):
        return station
    raise Http404(code)


def _clue_scope(request: HttpRequest) -> access.Scope:
    return access.scope(request.user, "emissions.clues", received_date(request))


def _chosen(request: HttpRequest, codes: list[str]) -> tuple[int, str]:
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(one) for one in DAYS} else DAYS[1]
    wanted = request.GET.get("property", "")
    return days, wanted if wanted in codes else (codes[0] if codes else "")
