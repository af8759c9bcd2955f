"""Who looks for fires and how well: feeds, hours nobody saw, sensors against field checks, cameras, standing heat."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import Source
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.coverage import Coverage
from jiangcheng.modules.straw.views import wording
from jiangcheng.modules.straw.views.season import span
from jiangcheng.standards import periods

STRIP_DAYS = 7
MOST_CELLS = 50


@require_GET
@requires("straw.view")
def watch(request: HttpRequest) -> HttpResponse:
    """Show how the fire watch stands: feeds, coverage by hour, precision and recall by sensor, blind zones."""
    on, now = received_date(request), received_at(request)
    first, last, error = span(request, on, days=STRIP_DAYS - 1)
    user = person(request)
    shown_from = max(first, last - dt.timedelta(days=STRIP_DAYS - 1))
    start, end = (
        dt.datetime.fromtimestamp(at, dt.UTC)
        for at in (periods.day_bounds(shown_from)[0], periods.day_bounds(last)[1])
    )
    found = queries.covered(start=start, end=min(end, max(start, now)))
    mask = queries.latest_mask()
    rule = tables.in_force("detection", on)
    size = rule["heat"]["degrees"]
    labels = dict(Source.choices)
    context = {
        "first": first, "last": last, "error": error, "coverage": found, "shown_from": shown_from,
        "days": _days(found), "hours": range(24), "states": [(s, _state(s), found.count(s)) for s in STATES],
        "feeds": queries.feeds(), "has_key": bool(services.configured().get("map_key")), "runs": queries.latest_runs(),
        "skill": [(labels.get(row.source, row.source), row) for row in queries.source_skill(
            user=user, on=on, first=first, last=last)],
        "response": [
            (wording.step(code), *told)
            for code, *told in queries.response(user=user, on=on, first=first, last=last)
        ],
        "blind": [(zone, wording.name(zone), 100 * share) for zone, share in queries.blind_zones(user=user, on=on)],
        "cameras": queries.views(user=user, on=on), "terrain": queries.terrain_grid(on=on),
        "mask": mask, "rule": rule, "looks": tables.in_force("looks", on),
        "passes": [
            (item["code"], [f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in sorted(item["minutes"])])
            for item in tables.in_force("looks", on)["satellites"]
        ],
        "steady": [(item["code"], item["every"]) for item in tables.in_force("looks", on)["by_file"] if item["every"]],
        "cells": [
            (round(cell[0] * size, 3), round(cell[1] * size, 3), wording.heat(cell[2]), cell[3], cell[4])
            for cell in (mask.cells[:MOST_CELLS] if mask else ())
        ],
    }  # fmt: skip
    return render(request, "straw/watch.html", context)


STATES = ("seen", "cloud", "unsure", "none")
BADGES = {"seen": "badge-ok", "cloud": "badge-warn", "unsure": "badge-info", "none": ""}


def _state(code: str) -> str:
    return wording.look(code)


def _days(found: Coverage) -> list[tuple[dt.date, list[tuple[str, str, str]]]]:
    """Return per day the hours: a letter, a badge and a title, so that colour is never the only sign."""
    by_day: dict[dt.date, dict[int, tuple[str, str, str]]] = {}
    for hour in found.hours:
        local = hour.start.astimezone(periods.BEIJING)
        title = f"{local:%m-%d %H:00} {_state(hour.state)} {'、'.join(hour.by)}".strip()
        sign = {"seen": "●", "cloud": "☁", "unsure": "?", "none": "·"}[hour.state]
        by_day.setdefault(local.date(), {})[local.hour] = (sign, BADGES[hour.state], title)
    return [(day, [hours.get(hour, ("", "", "")) for hour in range(24)]) for day, hours in by_day.items()]
