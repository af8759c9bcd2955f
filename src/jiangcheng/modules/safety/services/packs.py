"""The pack of an event: one file that opens anywhere, without the data centre and without a network."""

from __future__ import annotations

import datetime as dt
from importlib import resources

from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from jiangcheng.core.registry.models import Region
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import DownstreamNotice, EmergencyEvent, EventRelease, fields
from jiangcheng.modules.safety.rules import drawing, plume

COLOURS = {1: "#b42318", 2: "#d97706"}


def offline_pack(*, event: EmergencyEvent, now: dt.datetime, personal: bool = False) -> str:
    """Return the pack of an event as one HTML page: map, model, cards, contacts, stock, orders, log and a form.

    Parameters
    ----------
    personal
        True: names and mobile numbers of contacts are in it; who asks for that is put on the audit trail before.
    """
    run = queries.latest_run(event=event, kind="plume")
    river = queries.latest_run(event=event, kind="river")
    contacts = queries.contacts()
    context = {
        "event": event, "now": now, "personal": personal, "drawing": picture(event), "run": run, "river": river,
        "exposed": queries.exposed(run=run) if run else [],
        "residents": queries.residents(run=run) if run else [], "population": queries.population_as_of(),
        "clocks": queries.clocks(event=event, now=now),
        "cards": queries.cards_for(event=event),
        "orders": [(row, queries.state_name(row)) for row in queries.orders_of(event=event)],
        "notices": [(row, queries.state_name(row)) for row in _notices(event)],
        "releases": EventRelease.objects.filter(event_number=event.number, withdrawn_at=None).order_by("pk"),
        "entries": queries.entries(event=event), "phases": fields.Phase.labels,
        "members": contacts["coordination-members"], "teams": contacts["rescue-teams"],
        "experts": contacts["experts"], "partners": contacts["partners"],
        "shelves": queries.shelves(event=event),
        "script": _script(), "zh": fields.chinese(),
    }  # fmt: skip
    return render_to_string("safety/pack.html", context)


def _notices(event: EmergencyEvent) -> QuerySet[DownstreamNotice]:
    rows = DownstreamNotice.objects.filter(event_number=event.number, withdrawn_at=None)
    return rows.select_related("workflow").order_by("pk")


def picture(event: EmergencyEvent) -> SafeString:
    """Return the map of an event as SVG: zones, envelope, receptors, teams, stock, points downstream."""
    if event.longitude is None or event.latitude is None:
        return mark_safe("")
    areas: list[drawing.Area] = []
    marks = [drawing.Mark(event.longitude, event.latitude, event.name_zh, "#111111", "cross")]
    run = queries.latest_run(event=event, kind="plume")
    if run is not None:
        place = (run.longitude, run.latitude)
        for zone in sorted(run.answer["zones"], key=lambda item: -item["endpoint"]):
            colour = COLOURS[zone["endpoint"]]
            if zone["outline"]:
                areas.append(drawing.Area(plume.place(zone["envelope"], *place), colour, colour, 0.06, "6 4"))
                areas.append(drawing.Area(plume.place(zone["outline"], *place), colour, colour, 0.3))
        for item in queries.exposed(run=run)[:30]:
            marks.append(drawing.Mark(item.longitude, item.latitude, item.name, "#7c2d12", "square"))
    river = queries.latest_run(event=event, kind="river")
    for item in river.question["points"] if river else ():
        if item["longitude"] is not None:
            marks.append(
                drawing.Mark(item["longitude"], item["latitude"], item["name"], "#1d4ed8", "triangle")
            )
    for _, team in queries.teams_near(
        longitude=event.longitude, latitude=event.latitude, kind=event.kind, most=3
    ):
        marks.append(drawing.Mark(team.longitude or 0.0, team.latitude or 0.0, team.name_zh, "#15803d"))
    drawn = drawing.svg(
        areas, marks, title=event.name_zh, background=_counties(), stamp="演练 DRILL" if event.drill else ""
    )
    # The drawing escapes what it is given.
    return mark_safe(drawn)


def _counties() -> list[drawing.Area]:
    """Return the borders of the counties, the outer rings only."""
    found = []
    for boundary in Region.objects.filter(level=Region.Level.COUNTY).values_list("boundary", flat=True):
        if not boundary:
            continue
        polygons = (
            boundary["coordinates"] if boundary["type"] == "MultiPolygon" else [boundary["coordinates"]]
        )
        for polygon in polygons:
            ring = polygon[0]
            found.append(drawing.Area(ring[:: max(len(ring) // 300, 1)], "none", "#9ca3af", 0.0))
    return found


def _script() -> SafeString:
    """Return the script of the form: part of this program, and it asks no network for anything."""
    text = (
        resources.files("jiangcheng.modules.safety").joinpath("data", "pack.js").read_text(encoding="utf-8")
    )
    return mark_safe(f"<script>{text}</script>")
