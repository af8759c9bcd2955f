"""Rates and controls: rivers and lakes, water use, villages and farms."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.methods import statistics
from jiangcheng.modules.water import queries, rules, services
from jiangcheng.modules.water.views import wording

TABS = ("rivers", "use", "rural")
LARGEST_FILE = 8 << 20
SHOWN_YEARS = 3


@require_GET
@requires("water.view")
def rates(request: HttpRequest) -> HttpResponse:
    """Show one of three sheets of rates, each computed from its registers."""
    on, user = received_date(request), person(request)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else TABS[0]
    years = [on.year - back for back in range(SHOWN_YEARS)]
    year = next((year for year in years if str(year) == request.GET.get("year")), years[0])
    sheet = {"rivers": _rivers, "use": _use, "rural": _rural}[tab]
    may = "water.manage" in access.permissions_of(user, on)
    context = {"tab": tab, "year": year, "years": years, "may": may}
    return render(request, "water/rates.html", context | sheet(user, on, year))


@require_POST
@requires("water.manage")
def upload_flows(request: HttpRequest) -> HttpResponse:
    """Keep a file of daily flow."""
    file = request.FILES.get("file")
    on = received_date(request)
    scope = access.scope(request.user, "water.manage", on)
    allowed = (
        None if scope.everything else frozenset(row.code for row in queries.sections(on=on, scope=scope))
    )
    try:
        if file is None or (file.size or 0) > LARGEST_FILE:
            raise services.FlowRefused("file")
        text = file.read().decode("utf-8-sig")
        kept = services.record_flows(text=text, scope_codes=allowed, at=received_at(request))
    except (services.FlowRefused, UnicodeDecodeError) as error:
        messages.error(request, _("日流量文件没有导入：%(why)s") % {"why": error})
    else:
        messages.success(request, _("已导入 %(count)s 个日流量。") % {"count": kept})
    return redirect("water:rates")


def _rivers(user: User, on: Any, year: int) -> dict[str, Any]:
    zones = queries.zone_standings(user=user, on=on)
    judged = [item for item in zones if item.met is not None]
    met = sum(bool(item.met) for item in judged)
    return {
        "zones": [(item, wording.grade("water_classes", item.reached, "2011")) for item in zones],
        "zone_rate": wording.share(statistics.share(met, len(judged))),
        "zone_judged": len(judged),
        "beauty": [(item, wording.share(item.percent)) for item in queries.beauty(user=user, on=on)],
        "flows": [
            (item, wording.share(item.guarantee.percent))
            for item in queries.flows(user=user, on=on, year=year)
        ],
        "chaos": _states("four-chaos", user, on),
        "black": _states("black-waters", user, on),
    }


def _use(user: User, on: Any, year: int) -> dict[str, Any]:
    return {
        "quotas": [
            (line, wording.name(line.row.region), wording.share(line.share), wording.share(line.expected))
            for line in queries.quotas(user=user, on=on, year=year)
        ],
        "units": [(unit, wording.name(unit.region)) for unit in queries.units(user=user, on=on, year=year)],
        "alarm": f"{100 * rules.settings('alarms')['quota_share']:g}%",
    }


def _rural(user: User, on: Any, year: int) -> dict[str, Any]:
    return {
        "manure": [
            {
                "name": wording.name(line.region),
                "line": line,
                "treated": wording.share(line.treated_percent),
                "used": wording.share(line.used_percent),
                "facility": wording.share(line.facility_percent),
            }
            for line in queries.manure(user=user, on=on, year=year)
        ],
        "villages": [
            {
                "name": wording.name(line.region),
                "line": line,
                "sewage": wording.share(line.sewage_percent),
                "waste": wording.share(line.waste_percent),
                "toilet": wording.share(line.toilet_percent),
            }
            for line in queries.village_rates(user=user, on=on)
        ],
        "idle": queries.idle_facilities(user=user, on=on),
    }


def _states(register: str, user: User, on: Any) -> list[tuple[str, str, int]]:
    """Return code, name and number of rows of each state of a register."""
    found = queries.visible(register=register, user=user, on=on).order_by()
    counted = dict(found.values_list("state").annotate(n=Count("pk")))
    states = records.states(records.register(register))
    return [(code, zh if wording.chinese() else en, counted.get(code, 0)) for code, zh, en in states]
