"""The window of planned burning, the report of a season and the straw balance."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.cases import rules as office
from jiangcheng.modules.straw import queries
from jiangcheng.modules.straw.models import Outcome, Verdict, crops
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.views import wording

MOST_DAYS = 400
FIRST_DAY = dt.date(2025, 10, 1)
"""Of the oldest table of the window."""


@require_GET
@requires("straw.view")
def window(request: HttpRequest) -> HttpResponse:
    """Show per county and hour whether planned burning may take place, why not, and how much."""
    on = received_date(request)
    day, error = _day(request.GET.get("day"), on)
    if day < FIRST_DAY:
        day, error = on, _("这一天还没有窗口规则")
    found = queries.window(user=person(request), on=on, day=day, holidays=office.working_calendar().holidays)
    counties = [
        (
            wording.name(item.region),
            item.waiting,
            [
                (row, wording.light(light.colour), wording.LIGHT_BADGES[light.colour],
                 [wording.against(reason) for reason in light.against], mu)
                for row, light, mu in item.hours
            ],
        )
        for item in found
    ]  # fmt: skip
    context = {
        "day": day, "error": error, "counties": counties, "rule": tables.in_force("window", day),
        "quota": tables.in_force("quota", day),
    }  # fmt: skip
    return render(request, "straw/window.html", context)


@require_GET
@requires("straw.view")
def season(request: HttpRequest) -> HttpResponse:
    """Report the incidents of a period: counts, planned and illegal, closed cases, days compared."""
    on = received_date(request)
    last, error = _day(request.GET.get("last"), on)
    first, wrong = _day(request.GET.get("first"), last - dt.timedelta(days=60))
    error = error or wrong
    if not 0 <= (last - first).days <= MOST_DAYS:
        first, error = last - dt.timedelta(days=60), _("请选择不超过 400 天的起止日期")
    found = queries.season(user=person(request), on=on, first=first, last=last)
    context = {
        "first": first, "last": last, "error": error, "season": found,
        "verdicts": [(label, found.verdicts[code]) for code, label in Verdict.choices],
        "outcomes": [(label, found.outcomes[code]) for code, label in Outcome.choices],
        "counties": [(wording.name(region), *counts) for region, *counts in found.counties],
    }  # fmt: skip
    return render(request, "straw/season.html", context)


@require_GET
@requires("straw.view")
def ledger(request: HttpRequest) -> HttpResponse:
    """Show the straw balance of a year by county, crop and use, with the rate of utilisation."""
    on = received_date(request)
    error, text = "", request.GET.get("year") or str(on.year)
    year = on.year
    if text.isdecimal() and text.isascii() and 2016 <= int(text) <= on.year + 1:
        year = int(text)
    else:
        error = _("年度写作 2026")
    found = queries.ledger(user=person(request), on=on, year=year)
    names = dict(crops())
    context = {
        "year": year, "error": error, "whole": found.whole,
        "crops": [(names.get(code, code), told) for code, told in found.crops],
        "rows": [
            (row, wording.name(row.region), names.get(row.crop, row.crop), told, bool(wrong) or told.rest < 0)
            for row, told, wrong in found.rows
        ],
        "rule": tables.in_force("balance", dt.date(year, 12, 31)),
    }  # fmt: skip
    return render(request, "straw/ledger.html", context)


def _day(text: str | None, otherwise: dt.date) -> tuple[dt.date, str]:
    if not text:
        return otherwise, ""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return otherwise, _("日期写作 2026-11-20")
    if not 2012 <= found.year <= 2100:
        return otherwise, _("请选择有效的起止日期")
    return found, ""
