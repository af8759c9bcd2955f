"""Rights, tax, prices, the query of a bank, and the card of an enterprise."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.rules import safe_cell
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.market import queries, rules, services
from jiangcheng.modules.market.models import (
    CreditQuery,
    FinanceProject,
    InsurancePolicy,
    PriceList,
    TaxQuantity,
    items,
    pollutants,
    rights,
)

VIEW, MANAGE, ACCEPT, BANK = "market.view", "market.manage", "market.accept", "market.bank"
MOST_SHOWN = 100
"""Rows of a list on a page of several lists."""


@require_GET
@requires(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """Show accounts, who is uninsured, loans, funds and projects, as far as the reader may see them."""
    user, on = person(request), received_date(request)
    projects = records.visible(register="finance-projects", user=user, on=on).filter(withdrawn_at=None)
    context = {
        "accounts": _accounts(queries.accounts(user=user, on=on)[:MOST_SHOWN]),
        "uninsured": queries.uninsured(on=on, user=user),
        "loans": queries.loans(user=user, on=on),
        "funds": queries.funds(user=user, on=on)[:MOST_SHOWN],
        "projects": projects.order_by("kind", "-investment")[:20],
        "rule": rules.in_force("rights", on),
    }
    return render(request, "market/overview.html", context)


@require_GET
@requires(VIEW)
def account(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the movements of an account."""
    seen = queries.accounts(user=person(request), on=received_date(request))
    found = get_object_or_404(seen, pk=pk)
    entries = found.entries.select_related("actor").order_by("-pk")
    context = {"account": found, "names": _accounts([found])[0], "entries": entries}
    return render(request, "market/account.html", context)


@require_GET
@requires(VIEW)
def tax(request: HttpRequest) -> HttpResponse:
    """Show the tax of a quarter, line by line, and the outlets without data."""
    user, on = person(request), received_date(request)
    known = queries.quarters(user=user, on=on)
    year, quarter = _quarter(request, known, on)
    context: dict[str, Any] = {"quarters": known, "year": year, "quarter": quarter}
    if year:
        start = rules.quarter_start(year, quarter)
        found, passed = queries.tax(user=user, on=on, year=year, quarter=quarter)
        context |= {
            "tax": found,
            "running": (year, quarter) >= _running(on),
            "plants": _plants([(*row, *_sources(row[0], passed)) for row in _named(found)]),
            "orders": rules.in_force("orders", start),
            "silent": queries.silent_outlets(user=user, on=on, year=year, quarter=quarter),
            "rule": rules.in_force("tax", start),
            "voc": rules.in_force("voc", start),
        }
    return render(request, "market/tax.html", context)


def _plants(rows: list[tuple[Any, ...]]) -> list[tuple[str, Any, list[tuple[Any, ...]]]]:
    """Return name, tax and lines of each enterprise, in the order of the lines."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for row in rows:
        found.setdefault(row[0].quantity.facility, []).append(row)
    return [
        (lines[0][1], sum(row[0].amount for row in lines if row[0].why != "no_data"), lines)
        for lines in found.values()
    ]


@require_GET
@requires(VIEW)
def tax_csv(request: HttpRequest) -> HttpResponse:
    """Return the tax of a quarter, one line per outlet and pollutant."""
    user, on = person(request), received_date(request)
    year, quarter = _quarter(request, queries.quarters(user=user, on=on), on)
    if not year:
        raise Http404
    found, _passed = queries.tax(user=user, on=on, year=year, quarter=quarter)
    head = [_("企业代码"), _("企业"), _("排放口"), _("污染物"), _("排放量（千克）"), _("当量值（千克）"),
            _("污染当量数"), _("说明"), _("单位税额（元）"), _("减征后比例"), _("税额（元）"),
            _("数据来源"), _("编号")]  # fmt: skip
    rows = (
        [line.quantity.facility, name, line.quantity.outlet, pollutant, line.quantity.mass, line.equivalent,
         line.equivalents, why, line.rate, line.share, line.amount if line.why != "no_data" else None,
         _source(line.quantity), line.quantity.number]
        for line, name, pollutant, why in _named(found)
    )  # fmt: skip
    return _csv(f"tax-{year}Q{quarter}.csv", [head, *rows])


@require_GET
@requires(VIEW)
def prices(request: HttpRequest) -> HttpResponse:
    """Show the versions of the list of differential prices, and what it would be today."""
    on = received_date(request)
    wide = _city_wide(request, VIEW)
    versions = list(PriceList.objects.select_related("actor")) if wide else []
    shown = next((item for item in versions if str(item.version) == request.GET.get("version", "")), None)
    shown = shown or (versions[0] if versions else None)
    context = {
        "versions": versions,
        "shown": shown,
        "content": json.loads(shown.content) if shown else None,
        "wide": wide,
        "may_publish": _city_wide(request, ACCEPT),
        "rule": rules.in_force("prices", on),
    }
    return render(request, "market/prices.html", context)


@require_POST
@requires(ACCEPT)
def publish(request: HttpRequest) -> HttpResponse:
    """Make the next version of the list; only who answers for the whole city may."""
    if not _city_wide(request, ACCEPT):
        messages.error(request, _("您不负责全市的价格清单。"))
        return redirect("market:prices")
    found = services.publish_prices(actor=person(request), now=received_at(request))
    messages.success(request, _("价格清单为第 %d 版。") % found.version)
    return redirect("market:prices")


@require_GET
@requires(VIEW)
def prices_csv(request: HttpRequest, version: int) -> HttpResponse:
    """Return a version of the list."""
    if not _city_wide(request, VIEW):
        raise Http404
    content = json.loads(get_object_or_404(PriceList, version=version).content)
    head = [_("企业代码"), _("企业"), _("等级"), _("加价"), _("单位")]
    rows = ([row["facility"], row["name_zh"], row["grade"].upper(), row["surcharge"], content["unit"]]
            for row in content["rows"])  # fmt: skip
    return _csv(f"prices-v{version}.csv", [head, *rows])


@require_GET
@requires(VIEW)
def esg(request: HttpRequest) -> HttpResponse:
    """Show the ESG indicators of one enterprise, year by year."""
    user, on = person(request), received_date(request)
    tellers = queries.esg_tellers(user=user, on=on)
    chosen = next((one for one in tellers if one.code == request.GET.get("code", "")), None)
    chosen = chosen or (tellers[0] if tellers else None)
    years, rows = queries.esg(facility=chosen, on=on) if chosen else ([], [])
    parts = (("e", _("环境")), ("s", _("社会")), ("g", _("治理")))
    context = {
        "tellers": tellers,
        "chosen": chosen,
        "years": years,
        "parts": [(name, [row for row in rows if row.row["part"] == code]) for code, name in parts],
        "rule": rules.in_force("esg", on),
    }
    return render(request, "market/esg.html", context)


@require_GET
@requires(VIEW)
def eod(request: HttpRequest) -> HttpResponse:
    """Show the EOD projects with their stages, what they cost and what they bring."""
    found = queries.eod(user=person(request), on=received_date(request))
    stages = [
        (label, sum(row.stage == code for row, _r in found)) for code, label in FinanceProject.Stage.choices
    ]
    return render(request, "market/eod.html", {"projects": found, "stages": stages})


@require_http_methods(["GET", "POST"])
@requires(BANK)
def ask(request: HttpRequest) -> HttpResponse:
    """Let a bank ask for the credit grade of one enterprise; every query is kept."""
    answer: CreditQuery | None = None
    code, purpose = request.POST.get("code", "").strip(), request.POST.get("purpose", "").strip()
    if request.method == "POST":
        if code and purpose:
            answer = services.ask_credit(
                asker=person(request), code=code, purpose=purpose, now=received_at(request)
            )
        else:
            messages.error(request, _("请填写统一社会信用代码和用途。"))
    grades = _grades()
    context = {
        "answer": answer,
        "grade": grades.get(answer.grade) if answer else None,
        "code": code,
        "purpose": purpose,
        "asked": [(item, grades.get(item.grade)) for item in queries.asked(asker=person(request))[:50]],
    }
    return render(request, "market/ask.html", context)


@require_GET
@requires(VIEW)
def card(request: HttpRequest, code: str) -> HttpResponse:
    """Show accounts, insurance, fund and who asked for the credit of an enterprise."""
    user, on = person(request), received_date(request)
    scope = access.scope(user, VIEW, on)
    seen = Facility.objects.filter(scope.as_filter(region="region__code", facility="code"))
    plant = get_object_or_404(seen, code=code)
    context = {
        "accounts": _accounts(queries.accounts(user=user, on=on).filter(facility=plant)[:20]),
        "policies": InsurancePolicy.objects.filter(
            facility=plant, valid_to_date__gte=on, withdrawn_at=None
        ).order_by("valid_to_date"),
        "bare": any(duty.facility_id == plant.pk for duty in queries.uninsured(on=on)),
        "fund": queries.fund_balance(facility=plant),
        "asked": queries.queries_about(facility=plant)[:10],
    }
    return render(request, "market/card.html", context)


def _accounts(found: Iterable[Any]) -> list[tuple[Any, str, str]]:
    of_right, of_item = dict(rights()), dict(items())
    return [(item, of_right.get(item.right, item.right), of_item.get(item.item, item.item)) for item in found]


def _named(found: rules.Tax) -> list[tuple[rules.Line, str, str, str]]:
    codes = {line.quantity.facility for line in found.lines}
    names = {plant.code: _name(plant) for plant in Facility.objects.filter(code__in=codes)}
    what = dict(pollutants())
    why = {
        "taxed": _("应税"),
        "rank": _("不在征收前列"),
        "not_in_force": _("尚未纳入征收"),
        "no_data": _("未报数据"),
    }
    return [
        (
            line,
            names.get(line.quantity.facility, line.quantity.facility),
            what[line.quantity.pollutant],
            why[line.why],
        )
        for line in found.lines
    ]


def _name(plant: Facility) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    return plant.name_zh if chinese else plant.name_en or plant.name_zh


def _source(quantity: rules.Quantity) -> str:
    if quantity.source == "online":
        return _("在线监测")
    return str(TaxQuantity.Method(quantity.source).label)


def _sources(
    line: rules.Line, passed: Mapping[queries.Key, list[rules.Quantity]]
) -> tuple[str, list[tuple[str, rules.Quantity]]]:
    """Return where a line's mass comes from, and what was passed over for it."""
    quantity = line.quantity
    others = passed.get((quantity.facility, quantity.outlet, quantity.pollutant), [])
    return _source(quantity), [(_source(one), one) for one in others]


def _grades() -> dict[str, Any]:
    scheme = manifests.label_schemes().get(queries.CREDIT)
    return {value.code: value for value in scheme.values} if scheme else {}


def _quarter(request: HttpRequest, known: Sequence[tuple[int, int]], on: dt.date) -> tuple[int, int]:
    """Return the quarter that is asked for; else the latest that has ended, else the one that runs."""
    asked = request.GET.get("quarter", "")
    found = next((pair for pair in known if f"{pair[0]}-{pair[1]}" == asked), None)
    ended = next((pair for pair in known if pair < _running(on)), None)
    return found or ended or (known[0] if known else (0, 0))


def _running(on: dt.date) -> tuple[int, int]:
    return on.year, (on.month - 1) // 3 + 1


def _city_wide(request: HttpRequest, permission: str) -> bool:
    scope = access.scope(person(request), permission, received_date(request))
    return scope.whole_city


def _csv(name: str, rows: Iterable[Sequence[Any]]) -> HttpResponse:
    text = io.StringIO()
    csv.writer(text).writerows([safe_cell(cell) for cell in row] for row in rows)
    answer = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


__all__ = [
    "account",
    "ask",
    "card",
    "eod",
    "esg",
    "overview",
    "prices",
    "prices_csv",
    "publish",
    "tax",
    "tax_csv",
]
