"""The overview of carbon and climate, and the inventory with its versions."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.portal.services import charts, tables
from jiangcheng.core.records import queries as records
from jiangcheng.modules.climate import queries, rules, services
from jiangcheng.modules.climate.models import ClimateRisk, ClimateStation, FrozenInventory, hazards
from jiangcheng.standards import periods

VIEW, MANAGE = "climate.view", "climate.manage"
MOST_BYTES = 30_000_000
BADGES = {
    "low": "badge-ok",
    "lower": "badge-ok",
    "middle": "badge-info",
    "higher": "badge-warn",
    "high": "badge-bad",
}
LATEST = "2025"
"""Edition shown when nobody asks for another."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """A category of the guide with its lines and sum."""

    category: str
    name: str
    sector: str
    total: float
    lines: list[tuple[str, str, rules.Line]]


@require_GET
@requires(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """Show total, intensity and methane by year, the carbon market, coal, low-carbon actions and risks."""
    user, on = person(request), received_date(request)
    edition = _edition(request, on)
    series = queries.series(edition=edition, on=on)
    targets = rules.in_force("targets", on)
    context = {
        "edition": edition,
        "editions": _editions(on),
        "years": [
            (year, year.inventory.total(), year.inventory.total(sinks=False), _target(targets["total"], year.year),
             _target(targets["intensity"], year.year))
            for year in reversed(series)
        ],
        "methane": [(year.year, _methane(year, on)) for year in reversed(series)][:1],
        "targets": targets,
        "chart": f"{reverse('climate:chart')}?edition={edition}",
        "units": queries.units(user=user, on=on),
        "states": {code: (zh, en) for code, zh, en in records.states(records.register("carbon-enterprises"))},
        "coal": queries.coal(user=user, on=on),
        "inclusive": queries.inclusive(),
        "inclusive_rule": rules.in_force("inclusive", on),
        "risks": _risks(request, on),
        "table": rules.in_force("factors", on),
    }  # fmt: skip
    return render(request, "climate/overview.html", context)


@require_GET
@requires(VIEW)
def chart(request: HttpRequest) -> JsonResponse:
    """Return the emission of the sectors by year as stacked bars [10⁴ t CO2e]."""
    on = received_date(request)
    series = queries.series(edition=_edition(request, on), on=on)
    sums = [year.inventory.by("sector") for year in series]
    sectors = [item for item in rules.in_force("factors", on)["sectors"] if item["code"] != "memo"]
    return JsonResponse(
        charts.bars(
            categories=[str(year.year) for year in series],
            stacks=[
                (_named(item), [one.get(item["code"], 0.0) / 1e4 for one in sums])
                for item in sectors
                if any(item["code"] in one for one in sums)
            ],
            unit=_("万吨 CO2e"),
            category_name=_("年度"),
        )
    )


@require_GET
@requires(VIEW)
def inventory(request: HttpRequest) -> HttpResponse:
    """Show an inventory line by line: activity, factor, source, uncertainty; and its frozen versions."""
    on, years = received_date(request), queries.years()
    year, edition = _year(request, years), _edition(request, on)
    found = _computed(year, edition, on)
    versions = list(queries.frozen(year=year, edition=edition)) if year else []
    context = {
        "year": year,
        "years": years,
        "edition": edition,
        "editions": _editions(on),
        "inventory": found,
        "total": found.total() if found else None,
        "gross": found.total(sinks=False) if found else None,
        "uncertainty": found.uncertainty() if found else None,
        "spreads": list(_spreads(found, on)) if found else [],
        "unknown": _unknown(found, on) if found else [],
        "parts": list(_parts(found, on)) if found else [],
        "gases": sorted(found.by("gas").items()) if found else [],
        "versions": versions,
        "may_freeze": _may_freeze(request),
        "table": rules.in_force("factors", on),
    }
    return render(request, "climate/inventory.html", context)


@require_GET
@requires(VIEW)
def inventory_csv(request: HttpRequest) -> HttpResponse:
    """Return an inventory by provincial category as CSV, XLSX or Parquet, one line per source and gas."""
    on, years = received_date(request), queries.years()
    year, edition = _year(request, years), _edition(request, on)
    found = _computed(year, edition, on)
    names = (
        _("年度"), _("版本"), _("类别"), _("类别名称"), _("活动"), _("活动水平"), _("单位"), _("气体"),
        _("排放量（吨）"), _("二氧化碳当量（吨）"), _("不确定度（%）"), _("公式"), _("因子来源"),
    )  # fmt: skip
    lines = [
        (year, edition, part.category, part.name, name, line.amount, unit, line.gas, line.mass, line.equivalent,
         line.uncertainty, line.formula, line.source)
        for part in (_parts(found, on) if found else ())
        for name, unit, line in part.lines
    ]  # fmt: skip
    return _file(request, f"ghg-{year}-{edition}", names, lines)


@require_POST
@requires(MANAGE)
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze a year's inventory; only who keeps the registers of the whole city may."""
    on = received_date(request)
    year, edition = _year_of(request.POST.get("year", "")), request.POST.get("edition", "")
    if not _may_freeze(request) or edition not in dict(_editions(on)) or year is None:
        messages.error(request, _("没有这个年度或版本，或您不负责全市的清单。"))
        return redirect("climate:inventory")
    try:
        found = services.freeze(year=year, edition=edition, actor=person(request), now=received_at(request))
    except ValueError as error:
        messages.error(request, str(error))
        return redirect("climate:inventory")
    messages.success(request, _("已冻结为第 %d 版。") % found.version)
    return redirect("climate:version", found.pk)


@require_GET
@requires(VIEW)
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a frozen inventory, how it differs from the one before, and whether it comes out the same again."""
    found = get_object_or_404(FrozenInventory, pk=pk)
    held = rules.restored(found.content)
    before = FrozenInventory.objects.filter(
        year=found.year, edition=found.edition, version=found.version - 1
    ).first()
    again: bool | None = None
    if request.GET.get("check") == "1":
        again = rules.digest(services.recompute(found)) == found.sha256
    context = {
        "frozen": found,
        "inventory": held,
        "total": held.total(),
        "parts": list(_parts(held, found.table_date)),
        "before": before,
        "changes": list(_changes(rules.restored(before.content), held, found.table_date)) if before else [],
        "again": again,
    }
    return render(request, "climate/version.html", context)


@require_GET
@requires(VIEW)
def indices(request: HttpRequest) -> HttpResponse:
    """Show a station's indices with their trends, drought, the outlook of a season, and the risks of the counties."""
    user, on = person(request), received_date(request)
    table, found = rules.in_force("risk", on), queries.stations(user=user, on=on)
    station = _station(request, found)
    content = station.climate.content if station is not None else None
    risks = queries.county_risks(user=user, on=on)
    hazards_of = [item for item in table["hazards"] if item.get("index")]
    levels = {item["code"]: (_named(item), BADGES[item["code"]]) for item in table["levels"]}
    context = {
        "stations": found,
        "station": station,
        "content": content,
        "rows": list(_index_rows(content, table)) if content else [],
        "chart": f"{reverse('climate:indices_chart')}?station={station.code}&index={_index(request, table)}"
        if station else "",
        "index": _index(request, table),
        "drought": _drought(content, table) if content else [],
        "outlook": list(_outlook(content)) if content else [],
        "outlook_month": content["outlook"].get("last", "") if content else "",
        "hazards": [_named(item) for item in hazards_of],
        "risks": [
            (one, [(at, levels[at.level] if at else None) for at in (one.by[item["code"]] for item in hazards_of)])
            for one in risks
        ],
        "unknown": [_named(item) for item in table["hazards"] if not item.get("index")],
        "columns": services.WEATHER_COLUMNS,
        "may_import": _may_freeze(request),
        "table": table,
    }  # fmt: skip
    return render(request, "climate/indices.html", context)


@require_GET
@requires(VIEW)
def indices_chart(request: HttpRequest) -> JsonResponse:
    """Return an index of a station by year with its normal and trend as lines."""
    on = received_date(request)
    table = rules.in_force("risk", on)
    station = _station(request, queries.stations(user=person(request), on=on))
    if station is None:
        return JsonResponse(charts.line(series=[], units=[""]))
    content, code = station.climate.content, _index(request, table)
    item = next(one for one in table["etccdi"] if one["code"] == code)
    years = content["years"]
    times = [int(dt.datetime(year, 1, 1, tzinfo=periods.BEIJING).timestamp()) for year in years]
    values = [float("nan") if value is None else value for value in content["indices"][code]]
    normal, trend = content["normals"][code], content["trends"][code]["slope"]
    series = [charts.Series(_named(item), times, values)]
    if normal is not None:
        name = _("常年值 %d—%d") % tuple(content["base"])
        series.append(charts.Series(name, times, [normal] * len(years)))
    if trend is not None:
        held = [(year, value) for year, value in zip(years, values, strict=True) if value == value]
        middle = statistics.median(value - trend / 10 * year for year, value in held)
        series.append(charts.Series(_("Sen 趋势线"), times, [middle + trend / 10 * year for year in years]))
    return JsonResponse(charts.line(series=series, units=[item["unit"]], decimals=2, from_zero=False))


@require_GET
@requires(VIEW)
def indices_csv(request: HttpRequest) -> HttpResponse:
    """Return the indices of the stations a person may see: a line per year and index, or GeoJSON points."""
    on = received_date(request)
    table = rules.in_force("risk", on)
    seen = queries.stations(user=person(request), on=on)
    if request.GET.get("format") == "geojson":
        return JsonResponse(_station_features(seen), content_type="application/geo+json")
    names = (_("站号"), _("站点"), _("年度"), _("代码"), _("指数"), _("数值"), _("单位"), _("规则版本"))
    lines = [
        (
            station.code,
            station.name_zh,
            year,
            item["code"],
            _named(item),
            value,
            item["unit"],
            station.climate.table,
        )
        for station in seen
        for item in table["etccdi"]
        for year, value in zip(
            station.climate.content["years"], station.climate.content["indices"][item["code"]], strict=True
        )
    ]
    return _file(request, f"climate-indices-{on}", names, lines)


@require_POST
@requires(MANAGE)
def import_weather(request: HttpRequest) -> HttpResponse:
    """Take daily weather from a CSV; only who keeps the registers of the whole city may."""
    file = request.FILES.get("file")
    if not _may_freeze(request) or file is None or (file.size or 0) > MOST_BYTES:
        messages.error(request, _("请选择不超过 30 MB 的 CSV 文件；只有负责全市台账的人可以导入。"))
        return redirect("climate:indices")
    try:
        count = services.import_weather(content=file.read(), now=received_at(request))
    except ValueError as error:
        messages.error(request, _("没有导入任何数据。%s") % error)
    else:
        messages.success(request, _("已写入 %d 天，指数已重新计算。") % count)
    return redirect("climate:indices")


@require_GET
@requires(VIEW)
def risk_layer(request: HttpRequest) -> JsonResponse:
    """Return the counties a person may see with their gravest risk as GeoJSON; ``?hazard=`` asks for one hazard."""
    on = received_date(request)
    table = rules.in_force("risk", on)
    names = {item["code"]: _named(item) for item in table["hazards"]}
    levels = {item["code"]: item for item in table["levels"]}
    asked = request.GET.get("hazard", "")
    features = []
    for one in queries.county_risks(user=person(request), on=on):
        known = {code: found for code, found in one.by.items() if found and asked in ("", code)}
        if not known or one.county.boundary is None:
            continue
        code, worst = max(known.items(), key=lambda item: item[1].index)
        level = levels[worst.level]
        lines = [
            [names[key], f"{found.index:.2f} {_named(levels[found.level])}"] for key, found in known.items()
        ]
        properties = {
            "id": f"risk:{one.county.code}", "kind": "climate-risk", "name": one.county.name_zh,
            "label": f"{names[code]} · {_named(level)}", "value": worst.index, "unit": "", "level": worst.level,
            "colour": level["colour"], "shape": "square", "status": "ok", "url": reverse("climate:indices"),
            "lines": lines,
        }  # fmt: skip
        features.append({"type": "Feature", "geometry": one.county.boundary, "properties": properties})
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, content_type="application/geo+json"
    )


def _file(
    request: HttpRequest, name: str, names: Sequence[str], lines: Sequence[Sequence[Any]]
) -> HttpResponse:
    kind = request.GET.get("format", "csv")
    kind = kind if kind in ("xlsx", "parquet") else "csv"
    content, mime = tables.as_file(kind, name, names, lines)
    answer = HttpResponse(content, content_type=mime)
    answer["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def _station_features(found: Sequence[ClimateStation]) -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [station.longitude, station.latitude]},
            "properties": {
                "code": station.code, "name": station.name_zh, "table": station.climate.table,
                "years": station.climate.content["years"], **station.climate.content["indices"],
            },
        }
        for station in found
    ]  # fmt: skip
    return {"type": "FeatureCollection", "features": features}


def _index_rows(content: Mapping[str, Any], table: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for item in table["etccdi"]:
        code = item["code"]
        held = [
            (year, value)
            for year, value in zip(content["years"], content["indices"][code], strict=True)
            if value is not None
        ]
        normal, trend = content["normals"][code], content["trends"][code]
        yield {
            "code": code,
            "name": _named(item),
            "unit": item["unit"],
            "definition": item["definition_zh" if _chinese() else "definition_en"],
            "year": held[-1][0] if held else None,
            "value": held[-1][1] if held else None,
            "normal": normal,
            "anomaly": held[-1][1] - normal if held and normal is not None else None,
            "trend": trend,
        }


def _drought(
    content: Mapping[str, Any], table: Mapping[str, Any]
) -> list[tuple[str, float, float | None, str]]:
    """Return month, SPI, SPEI and grade of the last twelve months with an index, the newest first."""
    first, rows = content["years"][0], []
    for place, (spi, spei) in enumerate(zip(content["spi3"], content["spei3"], strict=True)):
        if spi is not None:
            told = spei if spei is not None else spi
            grade = next(one for one in table["drought"] if told > one["from"])
            rows.append((f"{first + place // 12}-{place % 12 + 1:02d}", spi, spei, _named(grade)))
    return rows[-12:][::-1]


def _outlook(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for code, name, unit in (("temperature", _("平均气温"), "℃"), ("rain", _("月均降水"), "mm")):
        found = content["outlook"].get(code)
        if found and found["skill"] is not None:
            yield {
                **found,
                "name": name,
                "unit": unit,
                "useful": found["skill"] > 0 and found["persistence"] is not None,
            }


def _station(request: HttpRequest, found: Sequence[ClimateStation]) -> ClimateStation | None:
    asked = request.GET.get("station", "")
    return next((one for one in found if one.code == asked), found[0] if found else None)


def _index(request: HttpRequest, table: Mapping[str, Any]) -> str:
    codes = [item["code"] for item in table["etccdi"]]
    asked = request.GET.get("index", "")
    return asked if asked in codes else codes[0]


def _computed(year: int | None, edition: str, on: dt.date) -> rules.Inventory | None:
    if year is None:
        return None
    return rules.inventory(queries.activities(year=year), edition=edition, on=on)


def _parts(found: rules.Inventory, on: dt.date) -> Iterator[Part]:
    table, known = rules.in_force("factors", on), rules.activities(on)
    sectors = {item["code"]: _named(item) for item in table["sectors"]}
    for item in table["parts"]:
        lines = [
            (_named(known[line.activity]), known[line.activity]["unit"], line)
            for line in found.lines
            if line.part == item["code"]
        ]
        if lines:
            total = sum(line.equivalent for _, _, line in lines)
            yield Part(item["category"], _named(item), sectors[item["sector"]], total, lines)


def _spreads(found: rules.Inventory, on: dt.date) -> Iterator[tuple[str, rules.Spread]]:
    spreads = found.spreads("sector")
    for item in rules.in_force("factors", on)["sectors"]:
        if item["code"] in spreads:
            yield _named(item), spreads[item["code"]]


def _unknown(found: rules.Inventory, on: dt.date) -> list[str]:
    known = rules.activities(on)
    return sorted({_named(known[line.activity]) for line in found.unknown()})


def _changes(
    before: rules.Inventory, after: rules.Inventory, on: dt.date
) -> Iterator[tuple[str, float, float, float]]:
    names = {item["code"]: _named(item) for item in rules.in_force("factors", on)["parts"]}
    earlier, later = before.by("part"), after.by("part")
    for code in names:
        old, new = earlier.get(code, 0.0), later.get(code, 0.0)
        if old != new:
            yield names[code], old, new, new - old


def _methane(year: queries.Year, on: dt.date) -> list[tuple[str, float]]:
    names = {item["code"]: _named(item) for item in rules.in_force("factors", on)["parts"]}
    sums: dict[str, float] = {}
    for line in year.inventory.lines:
        if line.gas == "CH4" and line.kind != "memo":
            sums[line.part] = sums.get(line.part, 0.0) + line.mass
    return [(names[part], mass) for part, mass in sorted(sums.items(), key=lambda item: -item[1])]


def _risks(request: HttpRequest, on: dt.date) -> list[tuple[str, int, int]]:
    names = dict(hazards())
    rows = records.visible(register="climate-risks", user=person(request), on=on).filter(withdrawn_at=None)
    found = list(rows.order_by().values_list("hazard", "level"))
    grave = {ClimateRisk.Level.GRAVE, ClimateRisk.Level.HIGH}
    return [
        (name, sum(1 for hazard, _ in found if hazard == code),
         sum(1 for hazard, level in found if hazard == code and level in grave))
        for code, name in names.items()
    ]  # fmt: skip


def _target(rows: Sequence[Mapping[str, Any]], year: int) -> float | None:
    return next((float(row["value"]) for row in rows if row["year"] == year), None)


def _editions(on: dt.date) -> list[tuple[str, str]]:
    return [(item["code"], _named(item)) for item in rules.editions(on)]


def _edition(request: HttpRequest, on: dt.date) -> str:
    asked = request.GET.get("edition", LATEST)
    return asked if asked in dict(_editions(on)) else LATEST


def _year(request: HttpRequest, years: Sequence[int]) -> int | None:
    asked = _year_of(request.GET.get("year", ""))
    return asked if asked in years else (years[-1] if years else None)


def _year_of(text: str) -> int | None:
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() else None


def _may_freeze(request: HttpRequest) -> bool:
    scope = access.scope(person(request), MANAGE, received_date(request))
    return scope.whole_city


def _named(item: Mapping[str, Any]) -> str:
    return str(item["name_zh" if _chinese() else "name_en"])


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")
