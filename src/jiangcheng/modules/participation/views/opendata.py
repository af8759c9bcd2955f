"""Open data: what is measured in air and water, with its dictionary."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import public, received_at
from jiangcheng.core.registry.models import ObservedProperty
from jiangcheng.modules.participation import queries

LICENCE = "https://creativecommons.org/licenses/by/4.0/"
COLUMNS = {
    "station": ("站点编码", "code of the station"),
    "start": ("时段开始，UTC", "start of the hour, UTC"),
    "property": ("因子代码，HJ 524/525", "code of the property, HJ 524/525"),
    "statistic": ("统计量", "statistic"),
    "value": ("数值，缺失为空", "value, null where missing"),
    "unit": ("单位", "unit"),
    "flag": ("数据标记，0 为正常", "flag, 0 is sound"),
    "revision": ("修订次数", "revision"),
}


@require_GET
@public
def data(request: HttpRequest) -> HttpResponse:
    """Show the catalogue with its dictionary."""
    context = {
        "stations": queries.open_stations(),
        "yesterday": timezone.localdate(received_at(request)) - dt.timedelta(days=1),
        "columns": [(name, zh, en) for name, (zh, en) in COLUMNS.items()],
        "properties": ObservedProperty.objects.filter(medium__in=("air", "water")).order_by("medium", "code"),
        "licence": LICENCE,
    }
    return render(request, "participation/data.html", context)


@require_GET
@public
def stations(request: HttpRequest) -> JsonResponse:
    """Return the stations whose values are open."""
    rows = [
        {
            "code": item.code,
            "name_zh": item.name_zh,
            "name_en": item.name_en,
            "kind": item.kind,
            "area": item.region.code,
            "longitude": item.longitude,
            "latitude": item.latitude,
            "synthetic": item.synthetic,
        }
        for item in queries.open_stations()
    ]
    return JsonResponse({"stations": rows}, json_dumps_params={"ensure_ascii": False})


@require_GET
@public
def values(request: HttpRequest, code: str, day: str, form: str) -> HttpResponse:
    """Return a day of a station, as ``csv`` or ``json``."""
    station = get_object_or_404(queries.open_stations(), code=code)
    try:
        asked = dt.date.fromisoformat(day)
    except ValueError as error:
        raise Http404(day) from error
    if form not in ("csv", "json") or asked.year not in range(1990, 2200):
        raise Http404(form)
    rows = queries.open_values(station=station, day=asked)
    body = _csv(rows) if form == "csv" else json.dumps({"values": rows}, ensure_ascii=False).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers={"ETag": tag})
    response = HttpResponse(
        body, content_type="text/csv; charset=utf-8" if form == "csv" else "application/json"
    )
    response["ETag"] = tag
    response["Cache-Control"] = "public, max-age=300"
    response["Access-Control-Allow-Origin"] = "*"
    return response


@require_GET
@public
def catalogue(request: HttpRequest) -> JsonResponse:
    """Return the catalogue for machines (DCAT 3 in JSON-LD)."""
    datasets = [_dataset(request, station) for station in queries.open_stations()]
    body = {
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
        "@type": "dcat:Catalog",
        "dct:title": "江城生态环境开放数据",
        "dct:license": LICENCE,
        "dcat:dataset": datasets,
    }
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False}, content_type="application/ld+json")


def _dataset(request: HttpRequest, station: Any) -> dict[str, Any]:
    day = (timezone.localdate(received_at(request)) - dt.timedelta(days=1)).isoformat()
    address = request.build_absolute_uri(reverse("participation:values", args=[station.code, day, "csv"]))
    return {
        "@type": "dcat:Dataset",
        "dct:identifier": station.code,
        "dct:title": station.name_zh,
        "dct:accrualPeriodicity": "hourly",
        "dcat:distribution": [
            {"@type": "dcat:Distribution", "dcat:downloadURL": address, "dct:format": "text/csv"}
        ],
    }


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(COLUMNS))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
