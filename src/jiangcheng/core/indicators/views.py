"""The page a number opens to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from jiangcheng.core import manifest
from jiangcheng.core.access.services import received_date, requires
from jiangcheng.core.indicators import queries
from jiangcheng.core.registry import models as registry

HISTORY_ROWS = 50
INTERMEDIATES = {
    "sum": gettext_lazy("日值之和"),
    "mean": gettext_lazy("未修约均值"),
    "deviation": gettext_lazy("日值标准差"),
    "matched": gettext_lazy("符合条件的行数或分子"),
    "total": gettext_lazy("全部行数或分母"),
    "valid_days": gettext_lazy("有效天数"),
    "good_days": gettext_lazy("优良天数"),
    "heavy_days": gettext_lazy("重度及以上天数"),
    "days_left": gettext_lazy("年内剩余天数"),
    "good_sections": gettext_lazy("优良断面数"),
    "inferior_sections": gettext_lazy("劣Ⅴ类断面数"),
    "assessed_sections": gettext_lazy("参评断面数"),
    "missing_sections": gettext_lazy("缺数断面数"),
}
"""Names of the parts of a formula; what is not here is the code of an area or a station."""


@require_GET
@requires("plan.view")
def index(request: HttpRequest) -> HttpResponse:
    """List every number that this installation computes, with its latest value; each leads to its rows."""
    latest = queries.latest(on=received_date(request))
    rows = [
        (code, declared.names.in_language(request.LANGUAGE_CODE), latest.get(code, []))
        for code, declared in manifest.manifests.indicators().items()
    ]
    return render(request, "indicators/index.html", {"rows": rows})


@require_GET
@requires("plan.view")
def lineage(request: HttpRequest, code: str) -> HttpResponse:
    """Show formula, clause, edition, rows, stations and snapshot of the values of an indicator."""
    declared = manifest.manifests.indicators().get(code)
    history = list(queries.history(indicator=code)[:HISTORY_ROWS])
    if declared is None and not history:
        raise Http404(code)
    values = [row for row in history if row.current]
    stations = registry.Station.objects.filter(
        code__in={name for row in values for name in row.lineage.get("stations", [])}
    ).order_by("code")
    chinese = request.LANGUAGE_CODE.startswith("zh")
    areas = {
        region.code: region.name_zh if chinese else region.name_en
        for region in registry.Region.objects.filter(level="county")
    }
    return render(
        request,
        "indicators/lineage.html",
        {
            "code": code,
            "name": declared.names.in_language(request.LANGUAGE_CODE) if declared else code,
            "values": [(row, _named(row.lineage.get("intermediates", {}), areas)) for row in values],
            "superseded": [row for row in history if not row.current],
            "stations": stations,
        },
    )


def _named(intermediates: Mapping[str, Any], areas: Mapping[str, str]) -> list[tuple[Any, Any]]:
    return [
        (INTERMEDIATES.get(code) or areas.get(code, code), number) for code, number in intermediates.items()
    ]
