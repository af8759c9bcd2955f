"""The account of the ecosystems with its versions, and the settlement between areas."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.portal.services import charts, tables
from jiangcheng.modules.ecovalue import queries, rules, services
from jiangcheng.modules.ecovalue.models import FrozenAccount

VIEW, MANAGE = "ecovalue.view", "ecovalue.manage"
Group = tuple[str, float, list[tuple[str, str, list[tuple[str, str]], rules.Item]]]


@require_GET
@requires(VIEW)
def account(request: HttpRequest) -> HttpResponse:
    """Show the account of a year: quantity, value, formula and inputs of every service."""
    on, years = received_date(request), queries.years()
    year = _chosen(request.GET.get("year", ""), years, years[-1] if years else None)
    prices_of = _chosen(request.GET.get("prices", ""), years, None)
    found = queries.account(year=year, prices_of=prices_of, on=on) if year else None
    context = {
        "year": year,
        "years": years,
        "prices_of": prices_of,
        "chart": reverse("ecovalue:chart") + (f"?prices={prices_of}" if prices_of else ""),
        "account": found,
        "groups": list(_groups(found, on)) if found else [],
        "missing": [item for item in found.items if item.missing] if found else [],
        "versions": list(queries.frozen(year=year)) if year else [],
        "may_freeze": _may_freeze(request),
        "table": rules.in_force("gep", on),
    }
    return render(request, "ecovalue/account.html", context)


@require_GET
@requires(VIEW)
def chart(request: HttpRequest) -> JsonResponse:
    """Return the value of the categories by year, at current or constant prices [10⁸ CNY]."""
    on, years = received_date(request), queries.years()
    prices_of = _chosen(request.GET.get("prices", ""), years, None)
    sums = [queries.account(year=year, prices_of=prices_of, on=on).by("category") for year in years]
    categories = rules.in_force("gep", on)["categories"]
    return JsonResponse(
        charts.bars(
            categories=[str(year) for year in years],
            stacks=[
                (_named(item), [one.get(item["code"], 0.0) / 1e8 for one in sums]) for item in categories
            ],
            unit=_("亿元"),
            category_name=_("年度"),
            decimals=2,
        )
    )


@require_GET
@requires(VIEW)
def export(request: HttpRequest) -> HttpResponse:
    """Return the items of a year's account as CSV, XLSX or Parquet."""
    on, years = received_date(request), queries.years()
    year = _chosen(request.GET.get("year", ""), years, years[-1] if years else None)
    if year is None:
        raise Http404
    found = queries.account(year=year, prices_of=_chosen(request.GET.get("prices", ""), years, None), on=on)
    names = (
        _("年度"), _("价格年"), _("类别"), _("服务"), _("生态系统、产品或污染物"), _("功能量"), _("单位"),
        _("价值（元）"), _("公式"), _("来源行"), _("缺参数"),
    )  # fmt: skip
    lines = [
        (year, found.prices_of, category, service, item.label, item.quantity, unit, item.value,
         f"{item.quantity_formula}; {item.value_formula}", " ".join(item.numbers), " ".join(item.missing))
        for category, _total, items in _groups(found, on)
        for service, unit, _inputs, item in items
    ]  # fmt: skip
    kind = request.GET.get("format", "csv")
    kind = kind if kind in ("xlsx", "parquet") else "csv"
    content, mime = tables.as_file(kind, f"gep-{year}", names, lines)
    answer = HttpResponse(content, content_type=mime)
    answer["Content-Disposition"] = f'attachment; filename="gep-{year}-{found.prices_of}.{kind}"'
    return answer


@require_GET
@requires(VIEW)
def trace(request: HttpRequest) -> HttpResponse:
    """Show how an item of an account, or of a frozen version, comes about: formula, area, coefficients, prices."""
    asked, on, years = request.GET, received_date(request), queries.years()
    frozen = (
        get_object_or_404(FrozenAccount, pk=asked["version"]) if asked.get("version", "").isdigit() else None
    )
    if frozen is not None:
        found, year, on = rules.restored(frozen.content), frozen.year, frozen.table_date
    else:
        chosen = _chosen(asked.get("year", ""), years, None)
        if chosen is None:
            raise Http404
        prices_of = _chosen(asked.get("prices", ""), years, None)
        found, year = queries.account(year=chosen, prices_of=prices_of, on=on), chosen
    key = (asked.get("service", ""), asked.get("label", ""))
    item = next((one for one in found.items if (one.service, one.label) == key), None)
    if item is None:
        raise Http404
    service, rows = rules.services(on)[item.service], queries.inputs(item)
    operands = rules.traced(item, on)
    numbers = {one.symbol: one.value for one in operands if one.value is not None}
    filled = {**numbers, "Q": item.quantity} if item.quantity is not None else numbers
    kinds = {
        "area": _("面积"),
        "price": _("价格"),
        "constant": _("规范常数"),
        "coefficient": _("系数或实测量"),
    }
    context = {
        "year": year,
        "frozen": frozen,
        "account": found,
        "item": item,
        "service": _named(service),
        "unit": _unit(service),
        "quantity": rules.substituted(item.quantity_formula, numbers),
        "value": rules.substituted(item.value_formula, filled),
        "operands": [
            (one, _meaning(one), kinds[one.kind], _plain(one.value), rows.get(one.symbol)) for one in operands
        ],
        "table": rules.in_force("gep", on),
    }
    return render(request, "ecovalue/trace.html", context)


@require_POST
@requires(MANAGE)
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze a year's account; only who keeps the registers of the whole city may."""
    year = _chosen(request.POST.get("year", ""), queries.years(), None)
    if year is None or not _may_freeze(request):
        messages.error(request, _("没有这个年度，或您不负责全市的核算。"))
        return redirect("ecovalue:account")
    found = services.freeze(year=year, actor=person(request), now=received_at(request))
    messages.success(request, _("已冻结为 %s。") % found)
    return redirect("ecovalue:version", found.pk)


@require_GET
@requires(VIEW)
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a frozen account and, if asked, whether it comes out the same again."""
    found = get_object_or_404(FrozenAccount, pk=pk)
    held = rules.restored(found.content)
    again: bool | None = None
    if request.GET.get("check") == "1":
        again = rules.digest(services.recompute(found)) == found.sha256
    context = {
        "frozen": found,
        "account": held,
        "groups": list(_groups(held, found.table_date)),
        "again": again,
    }
    return render(request, "ecovalue/version.html", context)


@require_GET
@requires(VIEW)
def compensation(request: HttpRequest) -> HttpResponse:
    """Settle the agreements of a year, month by month; months without data are told and cost nobody."""
    on = received_date(request)
    text = request.GET.get("year", "")
    year = int(text) if len(text) == 4 and text.isascii() and text.isdigit() else on.year
    year = year if 1990 <= year <= 2100 else on.year
    found = queries.settlements(user=person(request), on=on, year=year)
    context = {
        "year": year,
        "settlements": found,
        "months": range(1, 13),
        "table": rules.in_force("compensation", on),
    }
    return render(request, "ecovalue/compensation.html", context)


def _groups(found: rules.Account, on: dt.date) -> Iterator[Group]:
    table, known = rules.in_force("gep", on), rules.services(on)
    sums = found.by("category")
    for category in table["categories"]:
        items = [
            (
                _named(known[item.service]),
                _unit(known[item.service]),
                [(symbol, _plain(value)) for symbol, value in item.inputs.items()],
                item,
            )
            for item in found.items
            if item.category == category["code"]
        ]
        if items:
            yield _named(category), sums[category["code"]], items


def _chosen(text: str, years: Sequence[int], default: int | None) -> int | None:
    known = {str(year): year for year in years}
    return known.get(text, default)


def _may_freeze(request: HttpRequest) -> bool:
    scope = access.scope(person(request), MANAGE, received_date(request))
    return scope.whole_city


def _unit(service: Mapping[str, Any]) -> str:
    chinese = (get_language() or "zh").startswith("zh")
    return str(service["unit"] if chinese else service.get("unit_en", service["unit"]))


def _plain(value: float | None) -> str:
    return "" if value is None else f"{value:,.10g}"


def _meaning(operand: rules.Operand) -> str:
    return operand.meaning_zh if (get_language() or "zh").startswith("zh") else operand.meaning_en


def _named(item: Mapping[str, Any]) -> str:
    return str(item["name_zh" if (get_language() or "zh").startswith("zh") else "name_en"])
