"""The overview of the ledgers, the question what burns where, and the candidates of an odour."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.sources import queries, rules, services
from jiangcheng.modules.sources.models import Machine, OdsFiling, substances


@dataclasses.dataclass(frozen=True, slots=True)
class Shown:
    """A share as the page shows it: its name, how it is computed, and the address of its rows."""

    name: str
    formula: str
    rate: queries.Rate
    url: str


@require_GET
@requires("sources.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Show each computed share with its formula, its counts and the way to its rows, and what stands behind."""
    user, on = person(request), received_date(request)
    standings = queries.boilers(user=user, on=on, now=received_at(request))
    met = sum(item.verdict == "met" for item in standings)
    shares = [*queries.rates(user=user, on=on), queries.Rate("ultra_low", met, len(standings))]
    loops = queries.dust_loops(user=user, on=on)
    sites = queries.rows("dust-sites", user=user, on=on).filter(number__in=loops)
    context = {
        "zh": _chinese(),
        "shares": [_shown(item) for item in shares],
        "sites": sorted(
            ((site, loops[site.number]) for site in sites), key=lambda item: item[1].percent or 0
        ),
        "missing": queries.without_purifier(user=user, on=on),
        "cleaning": queries.cleaning_due(user=user, on=on),
        "counties": queries.coal_by_county(user=user, on=on),
        "boilers": standings,
        "unknown": sum(item.verdict == "unknown" for item in standings),
        "machines": _machines(request, on),
        "transport": queries.clean_transport(user=user, on=on),
        "actions": queries.actions(user=user, on=on),
        "toxics": _toxics(request, on),
        "filings": _filings(request, on),
        "rules": {name: rules.in_force(name, on) for name in RULES},
    }
    return render(request, "sources/overview.html", context)


RULES = ("dust", "catering", "coal", "boilers", "vehicles", "machines", "transport", "toxics", "ods", "odour")


@require_GET
@requires("sources.view")
def burning(request: HttpRequest) -> HttpResponse:
    """Tell which no-burn zones hold a point today, and list all zones in force."""
    on = received_date(request)
    point = _point(request.GET.get("longitude", ""), request.GET.get("latitude", ""))
    context = {
        "point": point,
        "asked": "longitude" in request.GET,
        "found": queries.zones_at(longitude=point[0], latitude=point[1], on=on) if point else [],
        "zones": queries.zones(on=on),
        "may_report": access.has(request.user, "cases.report", on),
    }
    return render(request, "sources/burning.html", context)


@require_POST
@requires("cases.report")
def report_burning(request: HttpRequest) -> HttpResponse:
    """Report that something burns at a point, and go to the event."""
    point = _point(request.POST.get("longitude", ""), request.POST.get("latitude", ""))
    if point is None:
        messages.error(request, _("请填写经度和纬度。"))
        return redirect("sources:burning")
    try:
        finding = services.report_burning(
            reporter=person(request),
            longitude=point[0],
            latitude=point[1],
            text=request.POST.get("text", ""),
            now=received_at(request),
        )
    except Refused as error:
        messages.error(request, "；".join(error.reasons))
        return redirect(f"{reverse('sources:burning')}?longitude={point[0]}&latitude={point[1]}")
    number = finding.case.number if finding.case else ""
    messages.success(request, _("已上报，事件编号 %(number)s，由所在网格处置。") % {"number": number})
    return redirect("sources:burning")


@require_GET
@requires("sources.view")
def odour(request: HttpRequest) -> HttpResponse:
    """List the latest odour complaints a person may see."""
    found = queries.odour_cases(user=person(request), on=received_date(request))
    rule = rules.in_force("odour", received_date(request))
    return render(request, "sources/odour.html", {"cases": found, "rule": rule, "zh": _chinese()})


@require_GET
@requires("sources.view")
def odour_case(request: HttpRequest, number: str) -> HttpResponse:
    """Show which odour sources lie near a case, those upwind first."""
    user, on = person(request), received_date(request)
    case = cases.visible(user=user, on=on).filter(number=number).first()
    if case is None:
        raise Http404
    found, wind, station = queries.odour_candidates(case=case, user=user, on=on)
    monitors = queries.odour_monitors(sources=[source for source, _item in found], at=case.opened_at, on=on)
    context = {
        "case": case,
        "found": [(source, item, monitors.get(source.number)) for source, item in found],
        "wind": wind,
        "station": station,
        "rule": rules.in_force("odour", on),
        "zh": _chinese(),
    }
    return render(request, "sources/odour_case.html", context)


def _shown(rate: queries.Rate) -> Shown:
    name, formula = _words()[rate.code]
    register, query = ROWS[rate.code]
    return Shown(name, formula, rate, f"{reverse(f'records:{register}')}{query}")


ROWS = {
    "dust_closed": ("dust-sites", ""),
    "dust_measures": ("dust-sites", "?kind=construction&state=active"),
    "purifiers": ("catering", "?purifier=false"),
    "coal_passed": ("coal-samples", "?verdict=failed"),
    "coal_handled": ("coal-samples", "?verdict=failed&state=judged"),
    "im": ("vehicle-tests", "?kind=im&passed=false"),
    "remote": ("vehicle-tests", "?kind=remote&passed=false"),
    "emitters_closed": ("high-emitters", ""),
    "actions_done": ("action-items", ""),
    "ultra_low": ("coal-boilers", ""),
}
"""Register and filter behind each share: where what is missing can be told apart, only that."""


def _words() -> dict[str, tuple[str, str]]:
    """Return the name and the formula of each share."""
    return {
        "dust_closed": (
            _("扬尘超标事件闭环率"),
            _("已闭环事件 ÷（全部扬尘超标事件 − 误报和并案）"),
        ),
        "dust_measures": (_("工地六项措施齐全率"), _("六项措施齐全的在册工地 ÷ 在册工地")),
        "purifiers": (
            _("大、中型餐饮油烟净化设备安装率"),
            _("已装净化设备的大、中型单位 ÷ 大、中型单位"),
        ),
        "coal_passed": (_("煤质抽检合格率"), _("合格样品 ÷ 已判定样品")),
        "coal_handled": (_("不合格煤样办结率"), _("已办结的不合格样品 ÷ 不合格样品")),
        "im": (_("定期检验合格率"), _("合格次数 ÷ 有结论的检验次数")),
        "remote": (_("遥感监测合格率"), _("未超限次数 ÷ 可判定的遥感监测次数")),
        "emitters_closed": (_("高排放车辆销号率"), _("已销号车辆 ÷ 列入车辆")),
        "actions_done": (_("专项行动检查项办结率"), _("无问题和已整改项 ÷ 全部检查项")),
        "ultra_low": (
            _("大型燃煤锅炉超低排放达标率"),
            _("小时数据证明达标的锅炉 ÷ 应达到超低排放的锅炉（无数据的不算达标）"),
        ),
    }


def _machines(request: HttpRequest, on: dt.date) -> list[tuple[str, str, int]]:
    found = queries.counts("machines", user=person(request), on=on, by=("stage",))
    return [(str(Machine.Stage(row["stage"]).label), row["stage"], row["count"]) for row in found]


def _toxics(request: HttpRequest, on: dt.date) -> list[dict[str, Any]]:
    names = dict(substances())
    found = queries.toxics(user=person(request), on=on)
    return [{**row, "name": names.get(row["substance"], row["substance"])} for row in found]


def _filings(request: HttpRequest, on: dt.date) -> list[dict[str, Any]]:
    found = queries.ods_totals(user=person(request), on=on)
    return [{**row, "activity_name": OdsFiling.Activity(row["activity"]).label} for row in found]


def _point(longitude: str, latitude: str) -> tuple[float, float] | None:
    try:
        point = float(longitude), float(latitude)
    except ValueError:
        return None
    finite = all(math.isfinite(value) for value in point)
    return point if finite and abs(point[0]) <= 180 and abs(point[1]) <= 90 else None


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")
