"""The account of fires by rule, and the five-level contract tree with its gaps."""

from __future__ import annotations

import csv
import io

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.modules.straw import queries
from jiangcheng.modules.straw.models import DutyContract, FireIncident, Outcome, Verdict
from jiangcheng.modules.straw.rules import accounts as rules
from jiangcheng.modules.straw.views import wording
from jiangcheng.modules.straw.views.season import span

MOST_LINES = 200
MOST_GAPS = 100


@require_GET
@requires("straw.view")
def accounts(request: HttpRequest) -> HttpResponse:
    """Show what the fires of some days cost by the rule in force, and where nobody has signed."""
    on = received_date(request)
    first, last, error = span(request, on)
    level = "township" if request.GET.get("level") == "township" else "county"
    found = queries.account(user=person(request), on=on, first=first, last=last, level=level)
    lines = [_line(entry, area, row) for entry, area, row in found.entries]
    if request.GET.get("format") == "csv":
        return _file(lines, f"straw-accounts-{first:%Y%m%d}-{last:%Y%m%d}.csv")
    tree = queries.contract_tree(user=person(request), on=on)
    levels = dict(DutyContract.Level.choices)
    period = rules.period(last)
    context = {
        "first": first, "last": last, "error": error, "level": level, "lines": lines[:MOST_LINES],
        "more": max(0, len(lines) - MOST_LINES),
        "totals": [(wording.name(line[0]), *line[1:]) for line in found.totals],
        "rule": rules.rule(last), "period": period, "levels": [(levels[code], tree.counts[code]) for code in levels],
        "broken": [(number, wording.broken(why)) for number, why in tree.broken[:MOST_GAPS]],
        "gaps": [(levels[gap.level], wording.name(region), gap.village) for gap, region in tree.gaps[:MOST_GAPS]],
        "gap_count": len(tree.gaps),
    }  # fmt: skip
    return render(request, "straw/accounts.html", context)


def _line(entry: rules.Entry, area: object, row: FireIncident) -> dict[str, object]:
    return {
        "number": entry.number, "at": entry.at, "area": wording.name(area), "place": entry.place, "yuan": entry.yuan,
        "why": wording.counted(entry.why), "version": entry.version, "verdict": str(Verdict(row.verdict).label),
        "outcome": str(Outcome(row.outcome).label) if row.outcome else "", "case": row.case.number if row.case else "",
    }  # fmt: skip


def _file(lines: list[dict[str, object]], name: str) -> HttpResponse:
    written = io.StringIO()
    writer = csv.writer(written)
    columns = (_("编号"), _("时间"), _("责任区"), _("判别"), _("现场核查"), _("序次"))
    writer.writerow([*columns, _("金额（元）"), _("理由"), _("规则版本"), _("事件")])
    for line in lines:
        at = timezone.localtime(line["at"]).isoformat(timespec="minutes")  # type: ignore[arg-type]
        names = ("area", "verdict", "outcome", "place", "yuan", "why", "version", "case")
        writer.writerow([line["number"], at, *(line[name] for name in names)])
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(
        written.getvalue().encode("utf-8-sig"), content_type="text/csv; charset=utf-8", headers=headers
    )
