"""The forecast with its scores, and the room of heavy-pollution warnings."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.air import queries, rules, services
from jiangcheng.modules.air.models import ForecastRun
from jiangcheng.modules.air.queries import reports
from jiangcheng.standards import lookup

RUNS = 20


@require_GET
@requires("air.view")
def forecasts(request: HttpRequest) -> HttpResponse:
    """Show the newest run, how the runs of the last months did, and the runs before."""
    on = received_date(request)
    city = queries.city_area()
    run = queries.latest_run(area=city.pk) if city else None
    first = on - datetime.timedelta(days=reports.settings()["scores_days"])
    context = {
        "city": city,
        "run": run,
        "days": outlook_days(run),
        "models": queries.verifications(area=city, first=first, last=on) if city else [],
        "with_weather": bool(run and run.inputs["parameters"].get("weather")),
        "hours": _hours(run),
        "first": first,
        "runs": list(ForecastRun.objects.filter(area=city).prefetch_related("days")[:RUNS]) if city else [],
    }
    return render(request, "air/forecasts.html", context)


@require_GET
@requires("air.view")
def warnings(request: HttpRequest) -> HttpResponse:
    """Show what the newest run asks for, the warning that is open, its tasks, and the warnings before."""
    on, user = received_date(request), person(request)
    city = queries.city_area()
    run = queries.latest_run(area=city.pk) if city else None
    open_warning = queries.open_warning(area=city) if city else None
    past = records.visible(register="air-warnings", user=user, on=on)
    if open_warning is not None and not past.filter(pk=open_warning.pk).exists():
        open_warning = None
    context = {
        "run": run,
        "days": outlook_days(run),
        "proposal": queries.proposal(run=run) if run else None,
        "levels": dict(_level_names()),
        "thresholds": _thresholds(on),
        "warning": open_warning,
        "steps": list(queries.steps_of(warning=open_warning)) if open_warning else [],
        "tasks": _tasks(request, open_warning.number) if open_warning else [],
        "past": past.exclude(pk=open_warning.pk if open_warning else None)[:RUNS],
        "may_propose": _manages(request, city),
        "measures": {level: len(queries.measures(level=level, region=None, on=on)) for level in rules.LEVELS},
    }
    return render(request, "air/warnings.html", context)


@require_POST
@requires("air.manage")
def propose(request: HttpRequest) -> HttpResponse:
    """Propose the warning that the newest run asks for; another person approves it."""
    city = queries.city_area()
    if not _manages(request, city):
        raise PermissionDenied
    run = queries.latest_run(area=city.pk) if city else None
    found = services.propose(run=run, actor=person(request), now=received_at(request)) if run else None
    if found is None:
        messages.warning(request, _("最新预报没有达到启动条件，或已有未结束的预警。"))
        return redirect("air:warnings")
    messages.success(request, _("已提出预警：%(number)s") % {"number": found.number})
    return redirect("records:air-warnings-row", found.number)


@require_POST
@requires("air.manage")
def check_now(request: HttpRequest) -> HttpResponse:
    """Hold the series of the enterprises against their measures now."""
    if not _manages(request, queries.city_area()):
        raise PermissionDenied
    number = services.check_execution(now=received_at(request))
    messages.success(request, _("已核查 %(number)s 项任务") % {"number": number})
    return redirect("air:warnings")


@require_GET
@requires("air.view")
def warning_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show on a warning's page the run that caused it and the tasks that follow from it."""
    on = received_date(request)
    seen = records.visible(register="air-warnings", user=person(request), on=on)
    warning = get_object_or_404(seen, number=number)
    context = {
        "warning": warning,
        "run": warning.run,
        "days": outlook_days(warning.run),
        "tasks": _tasks(request, warning.number),
        "levels": dict(_level_names()),
    }
    return render(request, "air/_warning.html", context)


def _manages(request: HttpRequest, city: Station | None) -> bool:
    """Tell whether the person may act for the whole city: its warnings are no matter of one county."""
    scope = access.scope(request.user, "air.manage", received_date(request))
    return city is not None and scope.covers_region(city.region.code)


def outlook_days(run: ForecastRun | None) -> list[dict[str, Any]]:
    """Return the days of a run with level and primary pollutants in words."""
    if run is None:
        return []
    grades = lookup.grades("HJ633_levels", edition=run.edition)
    return [
        {
            "day": day,
            "now": queries.Now(
                start=0,
                aqi=day.aqi,
                primary=queries.primary_names(day.primary, report="day"),
                edition=f"HJ 633-{run.edition}",
                grade=grades[max(day.level, 1) - 1],
            ),
        }
        for day in run.days.all()
    ]


def _hours(run: ForecastRun | None) -> list[dict[str, Any]]:
    """Return the forecast hours of a run by day: AQI with its grade, primary pollutant."""
    if run is None:
        return []
    grades = lookup.grades("HJ633_levels", edition=run.edition)
    found = []
    for day in run.days.all():
        cells = [
            {
                "hour": f"{hour:02}",
                "aqi": aqi if aqi >= 0 else None,
                "grade": grades[max(int(rules.level(aqi, run.edition)), 1) - 1] if aqi >= 0 else None,
                "primary": queries.primary_names(mask, report="hour"),
            }
            for hour, (aqi, mask) in enumerate(
                zip(day.hours.get("aqi", []), day.hours.get("primary", []), strict=True)
            )
        ]
        if cells:
            found.append({"day": day, "cells": cells})
    return found


def _tasks(request: HttpRequest, number: str) -> list[Any]:
    """Return the tasks of a warning the person may see."""
    on, user = received_date(request), person(request)
    if not access.has(user, "air.tasks", on):
        return []
    seen = records.visible(register="air-tasks", user=user, on=on)
    return list(seen.filter(warning_number=number, withdrawn_at=None).order_by("facility__code", "pk"))


def _level_names() -> list[tuple[str, str]]:
    return [("yellow", _("黄色")), ("orange", _("橙色")), ("red", _("红色"))]


def _thresholds(on: datetime.date) -> list[tuple[str, list[str]]]:
    """Return the conditions of each level in words, strongest first."""
    names, table = dict(_level_names()), rules.thresholds(on)
    return [
        (
            names[level],
            [
                _("且").join(
                    _("日 AQI ＞ %(aqi)d 连续 %(days)d 天")
                    % {"aqi": condition.aqi_above, "days": condition.days}
                    for condition in conditions
                )
                for conditions in table.get(level, {}).values()
            ],
        )
        for level in reversed(rules.LEVELS)
    ]
