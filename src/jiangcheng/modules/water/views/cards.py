"""Fragments on the pages of rows."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.models import fields
from jiangcheng.modules.water.views import wording

SUBJECTS = {
    "outfalls": "outfall",
    "drinking-sources": "source",
    "black-waters": "black",
    "wells": "well",
}
"""Subject of the samples of a register's rows."""
MOST = 60


@require_GET
@requires("water.view")
def samples_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the latest samples of a row, and the class of groundwater or surface water they make."""
    subject, row = _sampled(request, number)
    found = list(queries.samples(subject=subject, place=number)[:MOST])
    context = {
        "rows": [
            (wording.item(sample.item), rules.sample_items()[sample.item].unit, sample) for sample in found
        ],
        "verdict": _verdict(subject, row, found),
        "subject": subject,
        "number": number,
    }
    return render(request, "water/_samples.html", context)


@require_GET
@requires("water.view")
def outfall_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the four stages of an outfall."""
    row = _row(request, "outfalls", number)
    wrong = rules.outfall_code(row.number, county=row.region.code if row.region else "")
    context = {
        "stages": queries.stages(outfall=row),
        "row": row,
        "fault": fields.code_fault(wrong) if wrong else "",
        "verified": rules.settings("outfall_code")["verified"],
    }
    return render(request, "water/_stages.html", context)


@require_GET
@requires("water.view")
def black_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show what the samples since the last step say of a black-odorous water."""
    row = _row(request, "black-waters", number)
    standing = queries.black_standing(water=row, since=row.state_at)
    return render(
        request, "water/_black.html", {"standing": standing, "items": wording.items(standing.items)}
    )


@require_GET
@requires("water.view")
def zone_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the class observed at a functional zone against its target."""
    _row(request, "functional-zones", number)
    found = queries.zone_standings(user=person(request), on=received_date(request))
    standing = next((item for item in found if item.zone.number == number), None)
    grade = wording.grade("water_classes", standing.reached, "2011") if standing else None
    return render(request, "water/_zone.html", {"standing": standing, "grade": grade})


@require_GET
@requires("water.view")
def algae_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the degree of a bloom by density and by area."""
    row = _row(request, "algae-events", number)
    nothing = float("nan")
    found = rules.algae_levels(
        nothing if row.density is None else row.density,
        nothing if row.area_percent is None else row.area_percent,
    )
    grades = [
        wording.grade("algae_levels", int(level), "2020", "density")
        for level in (found.level, found.by_density, found.by_area)
    ]
    return render(request, "water/_algae.html", {"grades": grades})


def _sampled(request: HttpRequest, number: str) -> tuple[str, Any]:
    """Return the row of a number in one of the registers whose rows are sampled, with its subject."""
    for register, subject in SUBJECTS.items():
        seen = queries.visible(register=register, user=person(request), on=received_date(request))
        if (row := seen.filter(number=number).first()) is not None:
            return subject, row
    raise Http404


def _row(request: HttpRequest, register: str, number: str) -> Any:
    seen = queries.visible(register=register, user=person(request), on=received_date(request))
    return get_object_or_404(seen, number=number)


def _verdict(subject: str, row: Any, found: list[Any]) -> dict[str, Any] | None:
    """Return the class that the samples of the latest day make."""
    if not found or subject not in ("source", "well"):
        return None
    day = found[0].sampled_at.date()
    latest = {sample.item: sample for sample in reversed(found) if sample.sampled_at.date() == day}
    ground = subject == "well" or row.kind == "ground"
    if ground:
        known = [code for code in latest if code in rules.groundwater_items()]
        if not known:
            return None
        result = rules.classify_groundwater(
            {code: [latest[code].value] for code in known},
            {code: [latest[code].undetected] for code in known},
        )
        return {
            "grade": wording.grade("groundwater_classes", int(result.section[0]), "2017"),
            "items": wording.items(result.names(result.limiting)[0]),
            "unproven": wording.items(result.names(result.unproven)[0]),
            "edition": "GB/T 14848-2017",
        }
    known = [code for code in latest if code in rules.items_of(rules.FULL)]
    if not known:
        return None
    surface = rules.classify(
        {code: [latest[code].value] for code in known}, lake=row.kind == "lake", mode=rules.FULL
    )
    return {
        "grade": wording.grade("water_classes", int(surface.section[0]), "2011"),
        "items": wording.items(tuple(filter(None, str(surface.limiting_names()[0]).split("|")))),
        "unproven": "",
        "edition": "GB 3838-2002",
    }
