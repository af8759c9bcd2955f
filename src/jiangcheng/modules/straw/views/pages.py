"""The window of planned burning and the straw balance."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import rules as office
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import crops
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.upwind import Share
from jiangcheng.modules.straw.views import wording

MOST_VILLAGES = 5
FIRST_DAY = dt.date(2025, 10, 1)
"""Of the oldest table of the window."""


@require_GET
@requires("straw.view")
def window(request: HttpRequest) -> HttpResponse:
    """Show per county and hour whether planned burning may take place, why not, and how much."""
    on = received_date(request)
    day, error = day_of(request.GET.get("day"), on)
    if day < FIRST_DAY:
        day, error = on, _("这一天还没有窗口规则")
    found = queries.window(user=person(request), on=on, day=day, holidays=office.working_calendar().holidays)
    counties = [
        (
            wording.name(item.region),
            item.waiting,
            [
                (row, wording.light(light.colour), wording.LIGHT_BADGES[light.colour],
                 [wording.against(reason) for reason in light.against], *_quota(shares))
                for row, light, shares in item.hours
            ],
        )
        for item in found
    ]  # fmt: skip
    context = {
        "day": day, "error": error, "counties": counties, "rule": tables.in_force("window", day),
        "quota": tables.in_force("quota", day), "upwind": tables.in_force("downwind", day),
    }  # fmt: skip
    return render(request, "straw/window.html", context)


def _quota(shares: Sequence[Share]) -> tuple[float | None, float, list[str], int]:
    """Return what the bound villages of an hour may burn together, what is free, both in words, and how many more."""
    bound = [share for share in shares if share.bound]
    known = [share.mu for share in bound if share.mu is not None]
    free = sum(share.mu or 0.0 for share in shares if not share.bound)
    words = [wording.share(share) for share in shares]
    return sum(known) if known else None, free, words[:MOST_VILLAGES], max(0, len(words) - MOST_VILLAGES)


@require_GET
@requires("straw.view")
def ledger(request: HttpRequest) -> HttpResponse:
    """Show the straw balance of a year by county, crop and use, with the rate of utilisation."""
    return _ledger(request, request.GET.get("year", ""))


@require_POST
@requires("straw.manage")
def copy_year(request: HttpRequest) -> HttpResponse:
    """Begin a year's ledger from the year before, as far as one manages; what is there stays."""
    year = request.POST.get("year", "")
    if not (year.isdecimal() and year.isascii() and 2017 <= int(year) <= received_date(request).year + 1):
        return _ledger(request, "", refused=_("年度写作 2026"), status=422)
    try:
        copied, left = services.copy_year(
            year=int(year), actor=person(request), now=received_at(request), on=received_date(request)
        )
    except Refused as refused:
        return _ledger(request, year, refused=str(refused), status=422)
    told = _("复制 %(copied)s 行，已有 %(left)s 行未动。") % {"copied": copied, "left": left}
    return _ledger(request, year, copied=told)


def _ledger(
    request: HttpRequest, text: str, refused: str = "", copied: str = "", status: int = 200
) -> HttpResponse:
    on = received_date(request)
    error, text = "", text or str(on.year)
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
            (row, wording.name(row.region), names.get(row.crop, row.crop), told, bool(wrong) or told.rest < 0, source)
            for row, told, wrong, source in found.rows
        ],
        "may_copy": access.scope(request.user, "straw.manage", on), "refused": refused, "copied": copied,
        "rule": tables.in_force("balance", dt.date(year, 12, 31)),
    }  # fmt: skip
    return render(request, "straw/ledger.html", context, status=status)


def day_of(text: str | None, otherwise: dt.date) -> tuple[dt.date, str]:
    if not text:
        return otherwise, ""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError:
        return otherwise, _("日期写作 2026-11-20")
    if not 2012 <= found.year <= 2100:
        return otherwise, _("请选择有效的起止日期")
    return found, ""
