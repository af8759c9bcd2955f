"""Overview, indicators, hazardous waste, code book, balances."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.manifest import manifests as registry
from jiangcheng.core.portal.services import charts
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import AshMove, NewWaste
from jiangcheng.modules.waste.rules import balance, tables
from jiangcheng.modules.waste.views import wording

FIRST_YEAR = 2015
SHOWN = 100
REGISTERS = (
    "waste-months", "household-sites", "ash-sludge", "construction-sites", "waste-trips", "dump-sites",
    "plastic-checks", "new-wastes", "medical-points", "tailings-ponds", "pond-hazards", "recycling-outlets",
    "zero-waste-cells", "waste-tasks", "waste-numbers",
)  # fmt: skip
HAZARDOUS = ("waste-plans", "waste-stores", "waste-batches", "waste-licences", "waste-manifests")


@require_GET
@requires("waste.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Show the five wastes of a year: made, used, disposed of, stored, and where they went."""
    on = received_date(request)
    year, scope = asked_year(request, on), access.scope(person(request), "waste.view", on)
    sums = queries.stream_sums(year=year, scope=scope)
    context = {
        "year": year, "years": queries.years(scope=scope, on=on),
        "sums": [(wording.stream(code), total) for code, total in sums.items()],
        "any": any(total.units for total in sums.values()),
        "intensity": queries.intensity(scope=scope, upto=year),
        "links": links((*REGISTERS, *HAZARDOUS), person(request), on),
    }  # fmt: skip
    return render(request, "waste/overview.html", context)


@require_GET
@requires("waste.view")
def flows(request: HttpRequest) -> JsonResponse:
    """Return the flows of the wastes of a year as a chart and as a table."""
    on = received_date(request)
    scope = access.scope(person(request), "waste.view", on)
    found: list[charts.Flow] = []
    ends: dict[tuple[str, str], float] = {}
    for stream, way, amount in queries.flows(year=asked_year(request, on), scope=scope):
        name = wording.way(way)
        found.append(charts.Flow(wording.stream(stream), name, float(amount)))
        ends[name, wording.end(way)] = ends.get((name, wording.end(way)), 0.0) + float(amount)
    found += [charts.Flow(start, end, amount) for (start, end), amount in ends.items() if start != end]
    return JsonResponse(charts.sankey(flows=found, unit="t"))


@require_GET
@requires("waste.city")
def indicators(request: HttpRequest) -> HttpResponse:
    """Show every indicator of a year with value, formula, source and department, or why it has no value."""
    on = received_date(request)
    year = asked_year(request, on)
    table = tables.in_force("indicators", dt.date(year, 12, 31))
    found = queries.lines(year=year)
    levels = [(wording.named(level), _groups(table, level["code"], found)) for level in table["levels"]]
    context = {
        "year": year, "years": range(on.year, on.year - 5, -1), "levels": levels, "table": table,
        "marked": sum(line.row["kind"] == "required" for line in found),
        "computed": sum(line.source == "computed" for line in found),
        "reported": sum(line.source in ("reported", "inputs") for line in found), "count": len(found),
        "inputs": [(wording.named(row), wording.unit(row["unit"]), row["department_zh"]) for row in table["inputs"]],
    }  # fmt: skip
    return render(request, "waste/indicators.html", context)


@require_GET
@requires("waste.view")
def hazardous(request: HttpRequest) -> HttpResponse:
    """Show balances per unit and code, what is stored too long or too much, and who has no plan."""
    on = received_date(request)
    user, year = person(request), asked_year(request, on)
    scope = access.scope(user, "waste.view", on)
    lines = queries.balances(year=year, scope=scope)
    held = queries.batches(on=on, scope=scope)
    loads = queries.loads(on=on, scope=scope)
    context = {
        "year": year, "years": queries.years(scope=scope, on=on), "count": len(lines),
        "wrong": sum(not line.good for line in lines),
        "lines": [(line, wording.named(line.facility)) for line in lines[:SHOWN]],
        "held": [
            (row, wording.named(row.batch.facility), wording.state(row.state), wording.BADGES[row.state])
            for row in held[:SHOWN]
        ],
        "late": sum(row.state == "bad" for row in held),
        "loads": [
            (row, wording.named(row.store.facility), wording.state(row.state), wording.BADGES[row.state])
            for row in loads[:SHOWN]
        ],
        "unplanned": [(wording.named(plant), codes) for plant, codes in queries.without_plan(year=year, scope=scope)],
        "rule": tables.in_force("balance", dt.date(year, 12, 31)), "storage_rule": tables.in_force("storage", on),
        "links": links(HAZARDOUS, user, on),
    }  # fmt: skip
    return render(request, "waste/hazardous.html", context)


@require_GET
@requires("waste.view")
def codes(request: HttpRequest) -> HttpResponse:
    """Show the national list of hazardous wastes by edition."""
    editions = tables.table("hw_list")
    on = received_date(request)
    asked = request.GET.get("edition", tables.in_force("hw_list", on)["version"])
    table = next((row for row in editions if row["version"] == asked), editions[-1])
    known = {row["code"] for row in table["categories"]}
    category = request.GET.get("category", "") if request.GET.get("category", "") in known else ""
    context = {
        "editions": [row["version"] for row in editions], "table": table, "name": wording.named(dict(table)),
        "categories": [(row, wording.named(row)) for row in table["categories"]],
        "codes": [(row, wording.named(row)) for row in table["codes"] if row["code"].endswith(category[2:])],
        "category": category, "total": len(table["codes"]),
        "unlisted": queries.unlisted(year=on.year, scope=access.scope(person(request), "waste.view", on)),
        "exemptions": tables.in_force("exemptions", on),
    }  # fmt: skip
    return render(request, "waste/codes.html", context)


@require_GET
@requires("waste.city")
def balances(request: HttpRequest) -> HttpResponse:
    """Show household waste by county, fly ash and sludge by destination, new kinds of waste, construction waste."""
    on = received_date(request)
    year, scope = asked_year(request, on), access.scope(person(request), "waste.city", on)
    rule = tables.in_force("balance", dt.date(year, 12, 31))
    moves = queries.ash_balance(year=year, scope=scope)
    context = {
        "year": year, "years": queries.years(scope=scope, on=on),
        "households": [
            (wording.named(county), masses, masses.used + masses.disposed + masses.sent,
             balance.balanced(masses, rule))
            for county, masses in queries.households(year=year, scope=scope)
        ],
        "moves": [_move(row, rule) for row in moves],
        "new": [_new(row) for row in queries.new_wastes(year=year, scope=scope)],
        "construction": queries.stream_sums(year=year, scope=scope)["construction"], "rule": rule,
    }  # fmt: skip
    return render(request, "waste/balances.html", context)


def asked_year(request: HttpRequest, on: dt.date) -> int:
    """Return the year the address asks for; the current one where it asks for none or for nonsense."""
    text = request.GET.get("year", "")
    if text.isascii() and text.isdecimal() and FIRST_YEAR <= int(text[:6]) <= on.year + 1:
        return int(text)
    return on.year


def links(codes: tuple[str, ...], user: Any, on: dt.date) -> list[tuple[str, str]]:
    """Return the registers a person may open: URL name and name."""
    held, language = access.permissions_of(user, on), "zh" if wording.chinese() else "en"
    declared = registry.registers()
    return [
        (f"records:{code}", declared[code].names.in_language(language))
        for code in codes
        if declared[code].view in held
    ]


def _groups(
    table: Mapping[str, Any], level: str, found: list[queries.Line]
) -> list[tuple[str, list[dict[str, Any]]]]:
    return [
        (wording.named(group), [_line(line) for line in found if line.row["group"] == group["code"]])
        for group in table["groups"]
        if group["level"] == level
    ]


def _line(line: queries.Line) -> dict[str, Any]:
    row = line.row
    return {
        "name": wording.named(dict(row)), "code": row["code"], "required": row["kind"] == "required",
        "unit": wording.unit(row["unit"]), "value": line.value, "before": line.before, "source": line.source,
        "formula": wording.named(dict(row), "formula"), "department": wording.named(dict(row), "department"),
        "reason": wording.reason(line.reason), "missing": [wording.term(name) for name in line.missing],
        "parts": [(wording.term(name), value) for name, value in line.parts.items()], "report": line.report,
        "verified": row["verified"],
    }  # fmt: skip


def _move(row: dict[str, Any], rule: Mapping[str, Any]) -> dict[str, Any]:
    lost = row["out"] - row["arrived"]
    name = (
        row["facility__name_zh"]
        if wording.chinese()
        else row["facility__name_en"] or row["facility__name_zh"]
    )
    good = abs(lost) <= row["out"] * decimal.Decimal(rule["manifest_percent"]) / 100
    return {
        **row, "unit": name, "lost": lost, "kind_name": _label("Kind", row["kind"]),
        "method_name": _label("Method", row["method"]), "good": good,
    }  # fmt: skip


def _label(part: str, code: str) -> str:
    return str(getattr(AshMove, part)(code).label)


def _new(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "kind_name": str(NewWaste.Kind(row["kind"]).label)}
