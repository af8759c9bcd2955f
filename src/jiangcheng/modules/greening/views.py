"""The overview of the green registers, and what the screening of a project found."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.modules.greening import queries, rules
from jiangcheng.modules.greening.models import CleanerProduction, GreenTitle, Project, equipment_items


@dataclasses.dataclass(frozen=True, slots=True)
class Missing:
    """An item of equipment, and how many pieces of it a team lacks."""

    name: str
    count: int


@require_GET
@requires("greening.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Show each register's state: who is not equipped, what was graded, audited, listed, screened."""
    user, on = person(request), received_date(request)
    names = dict(equipment_items())
    context = {
        "teams": [
            (team, [Missing(names.get(code, code), count) for code, count in team.missing])
            for team in queries.teams(user=user, on=on)
        ],
        "standard": rules.in_force("equipment", on),
        "sewage": _sewage(request, on),
        "sewage_rule": rules.in_force("sewage", on),
        "audits": _audits(request, on),
        "titles": [
            (GreenTitle.Kind(row["kind"]).label, GreenTitle.Level(row["level"]).label, row["count"])
            for row in queries.counts("green-titles", user=user, on=on, by=("kind", "level", "state"))
            if row["state"] == "held"
        ],
        "projects": [
            (Project.Verdict(row["verdict"]).label if row["verdict"] else "", row["verdict"], row["count"])
            for row in queries.counts("project-access", user=user, on=on, by=("verdict",))
        ],
        "access_rule": rules.in_force("access", on),
    }
    return render(request, "greening/overview.html", context)


@require_GET
@requires("greening.view")
def screening(request: HttpRequest, number: str) -> HttpResponse:
    """Show what the screening of a project found, reason by reason, with the clause."""
    seen = records.visible(register="project-access", user=person(request), on=received_date(request))
    project = seen.filter(number=number).first()
    if project is None:
        raise Http404
    return render(request, "greening/_screening.html", {"project": project})


def _sewage(request: HttpRequest, on: dt.date) -> list[tuple[str, int]]:
    found = queries.counts("sewage-grades", user=person(request), on=on, by=("grade", "state"))
    counted = {row["grade"]: row["count"] for row in found if row["state"] == "graded"}
    return [(item["code"], counted.get(item["code"], 0)) for item in rules.in_force("sewage", on)["grades"]]


def _audits(request: HttpRequest, on: dt.date) -> list[tuple[str, str, str, int]]:
    names = {code: (zh, en) for code, zh, en in records.states(records.register("cleaner-production"))}
    found = queries.counts("cleaner-production", user=person(request), on=on, by=("kind", "state"))
    return [
        (str(CleanerProduction.Kind(row["kind"]).label), *names[row["state"]], row["count"]) for row in found
    ]
