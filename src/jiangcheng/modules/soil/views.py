"""The overview of soil, the key units compared with last year, what holds at a place, and the layers."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.modules.soil import queries, rules, services
from jiangcheng.modules.soil.models import Farmland, SoilSample, duties, zone_kinds

VIEW, MANAGE = "soil.view", "soil.manage"
GEOJSON = "application/geo+json"
ZONE_COLOURS = {"protection": "#1e7bb8", "control_1": "#c0392b", "control_2": "#d68910"}
PLOT_COLOUR = "#8e44ad"


@require_GET
@requires(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the list of plots, changes of use, key units, groundwater, farmland, samples and black land."""
    user, on = person(request), received_date(request)
    seen: dict[str, Any] = {"user": user, "on": on}
    years = queries.years()
    states = {code: (zh, en) for code, zh, en in records.states(records.register("soil-plots"))}
    counted = queries.counts("soil-plots", by="state", **seen)
    visible = set(queries.rows("land-use-changes", **seen).values_list("number", flat=True))
    groundwater_year, unpermitted = queries.unpermitted(**seen)
    farm_year, areas, safe = queries.farmland(**seen)
    verdicts = queries.counts("soil-samples", by="verdict", **seen)
    projects = queries.black_land(**seen)
    context = {
        "plots": [(code, _one(names), counted.get(code, 0)) for code, names in states.items()],
        "movements": queries.movements(**seen),
        "unsurveyed": [row for row in queries.unsurveyed(on=on) if row.number in visible],
        "coverage": queries.coverage(year=years[0], **seen) if years else None,
        "groundwater_year": groundwater_year,
        "unpermitted": unpermitted,
        "farm_year": farm_year,
        "areas": [(Farmland.Category(code).label, area) for code, area in areas],
        "safe": safe,
        "verdicts": [(one.value, one.label, verdicts.get(one.value, 0)) for one in SoilSample.Verdict],
        "limits_read": rules.limits_read(on),
        "projects": projects,
        "black_area": sum(project.area for project, _ in projects),
        "black_gain": rules.weighted((project.area, found.gain) for project, found in projects),
    }
    return render(request, "soil/overview.html", context)


@require_GET
@requires(VIEW)
def key_units(request: HttpRequest) -> HttpResponse:
    """Show the key units of a year, how they differ from last year, their duties and their monitoring."""
    user, on = person(request), received_date(request)
    years = queries.years()
    year = _year(request.GET.get("year", ""))
    year = year if year in years else (years[0] if years else None)
    context: dict[str, Any] = {"year": year, "years": years}
    if year is not None:
        now = {
            unit.facility.code: unit for unit in queries.units(year=year, user=user, on=on) if unit.facility
        }
        past = {
            unit.facility.code: unit
            for unit in queries.units(year=year - 1, user=user, on=on)
            if unit.facility
        }
        found = rules.difference(past, now)
        coverage = queries.coverage(year=year, user=user, on=on)
        filed = queries.rows("soil-duties", user=user, on=on).filter(year=year).select_related("facility")
        states = {code: _one((zh, en)) for code, zh, en in records.states(records.register("soil-duties"))}
        names = dict(duties())
        context |= {
            "last": year - 1,
            "has_last": bool(past),
            "added": [now[code] for code in found.added],
            "removed": [past[code] for code in found.removed],
            "kept": len(found.kept),
            "units": [
                (
                    unit,
                    code in coverage.soil,
                    code in coverage.groundwater,
                    code in found.added and bool(past),
                )
                for code, unit in now.items()
            ],
            "coverage": coverage,
            "duties": [
                (row, names.get(row.duty, row.duty), states.get(row.state, row.state))
                for row in filed.order_by("due_at", "facility__code", "duty")
            ],
            "now": received_at(request),
            "table": rules.in_force("duties", on),
            "may_generate": _may_generate(request),
        }
    return render(request, "soil/key_units.html", context)


@require_POST
@requires(MANAGE)
def give_duties(request: HttpRequest) -> HttpResponse:
    """Give the key units of a year their duties; only who keeps the registers of the whole city may."""
    year = _year(request.POST.get("year", ""))
    if not _may_generate(request) or year not in queries.years():
        messages.error(request, _("没有这个年度的名录，或您不负责全市的名录。"))
        return redirect("soil:key_units")
    added = services.generate_duties(year=int(year or 0), actor=person(request), now=received_at(request))
    messages.success(request, _("已生成 %d 项义务。") % added)
    return redirect(f"{reverse('soil:key_units')}?year={year}")


@require_GET
@requires(VIEW)
def where(request: HttpRequest) -> HttpResponse:
    """Tell which groundwater zones and listed plots hold a point today, and what they ask for."""
    on = received_date(request)
    point = _point(request.GET.get("longitude", ""), request.GET.get("latitude", ""))
    kinds, english = dict(zone_kinds()), _english()
    found = queries.zones_at(longitude=point[0], latitude=point[1], on=on) if point else []
    context = {
        "point": point,
        "asked": "longitude" in request.GET,
        "found": [(zone, kinds[zone.kind], en if english else zh) for zone, zh, en in found],
        "plots": queries.plots_at(longitude=point[0], latitude=point[1]) if point else [],
        "zones": [(zone, kinds[zone.kind]) for zone in queries.zones(on=on)],
        "table": rules.in_force("groundwater", on),
    }
    return render(request, "soil/where.html", context)


@require_GET
@requires(VIEW)
def zones_layer(request: HttpRequest) -> JsonResponse:
    """Return the groundwater zones in force today as GeoJSON."""
    kinds = dict(zone_kinds())
    features = [
        _feature(
            "zone", zone.number, zone.name_zh, zone.outline, kinds[zone.kind], ZONE_COLOURS[zone.kind],
            reverse("records:groundwater-zones-row", args=(zone.number,)),
        )
        for zone in queries.zones(on=received_date(request))
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


@require_GET
@requires(VIEW)
def plots_layer(request: HttpRequest) -> JsonResponse:
    """Return the listed plots with an outline that a person may see as GeoJSON."""
    seen = queries.rows("soil-plots", user=person(request), on=received_date(request))
    features = [
        _feature("plot", plot.number, plot.name_zh, plot.outline, plot.contaminants, PLOT_COLOUR,
                 reverse("records:soil-plots-row", args=(plot.number,)))
        for plot in seen.filter(state__in=queries.LISTED)
        if plot.outline
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _feature(
    kind: str, number: str, name: str, outline: dict[str, Any], label: str, colour: str, url: str
) -> dict[str, Any]:
    properties = {
        "id": f"{kind}:{number}", "kind": kind, "name": name, "label": label, "value": None, "unit": "",
        "level": kind, "colour": colour, "shape": "square", "status": "ok", "url": url,
        "lines": [[_("类别"), label]] if label else [],
    }  # fmt: skip
    return {"type": "Feature", "geometry": outline, "properties": properties}


def _may_generate(request: HttpRequest) -> bool:
    scope = access.scope(person(request), MANAGE, received_date(request))
    return scope.whole_city


def _point(longitude: str, latitude: str) -> tuple[float, float] | None:
    try:
        x, y = float(longitude), float(latitude)
    except ValueError:
        return None
    sound = math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90
    return (x, y) if sound else None


def _year(text: str) -> int | None:
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() else None


def _english() -> bool:
    return not (get_language() or "zh").startswith("zh")


def _one(names: tuple[str, str]) -> str:
    return names[1] if _english() else names[0]
