"""The models of an event: run, kept, computed again, and who is in reach."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from core import city
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import (
    ModelRun,
)
from modules.emergency import CHLORINE, NOW, PLACE, SPILL, begin, client, row


@pytest.fixture
def people(town):
    services.load()
    return city.people()


def test_the_models_of_an_event_can_be_computed_again_and_say_who_is_in_reach(people):
    event = begin(people)
    for name, east, number in (("近校", 0.005, 600), ("远村", 0.05, 200), ("背风", -0.01, 99)):
        row("receptors", people["duty"], name_zh=name, kind="school", people=number,
            longitude=PLACE["longitude"] + east, latitude=PLACE["latitude"])  # fmt: skip
    run = services.run_plume(event=event, question=CHLORINE, actor=people["duty"], now=NOW)
    assert services.compute_again(run=run) and ModelRun.objects.get().answer == run.answer
    reach = {item.name: item.zone for item in queries.exposed(run=run)}
    assert reach == {"近校": 1, "远村": 2}
    with pytest.raises(services.Unfit):
        services.run_plume(event=event, question={**CHLORINE, "wind": None}, actor=None, now=NOW)
    for name, kilometre in (("断面", 12.0), ("取水口", 40.0), ("上游", 1.0)):
        row(
            "river-points",
            people["duty"],
            river="松花江",
            name_zh=name,
            kind="section",
            kilometre=kilometre,
            **PLACE,
        )
    river = services.run_river(
        event=event, river="松花江", kilometre=2.0, question=SPILL, actor=None, now=NOW
    )
    assert [point["name"] for point in river.answer["points"]] == ["断面", "取水口"]
    assert services.compute_again(run=river)
    with pytest.raises(services.Unfit):
        services.run_river(event=event, river="松花江", kilometre=99.0, question=SPILL, actor=None, now=NOW)


def test_the_forecast_follows_the_reaches_of_the_register(people):
    event = begin(people, kind="river")
    asked = {"substance": "nitrobenzene", "mass": 500, "minutes": 60, "temperature": 8.0}
    for name, kilometre in (("断面", 12.0), ("取水口", 40.0)):
        row(
            "river-points",
            people["duty"],
            river="松花江",
            name_zh=name,
            kind="section",
            kilometre=kilometre,
            **PLACE,
        )
    with pytest.raises(services.Unfit, match="reaches"):
        services.run_river(event=event, river="松花江", kilometre=2.0, question=asked, actor=None, now=NOW)
    shape = {"river": "松花江", "width": 250, "depth": 2.2, "slope": 0.0002}
    row(
        "river-stretches",
        people["duty"],
        name_zh="上段",
        from_kilometre=0,
        to_kilometre=20,
        flow=300,
        **shape,
    )
    row(
        "river-stretches",
        people["duty"],
        name_zh="下段",
        from_kilometre=20,
        to_kilometre=60,
        flow=420,
        **shape,
    )
    for wrong in ({"from_kilometre": 50, "to_kilometre": 70}, {"from_kilometre": 70, "to_kilometre": 70}):
        with pytest.raises(ValidationError):
            row("river-stretches", people["duty"], name_zh="错段", flow=300, **wrong, **shape)
    duty, page = client(people, "duty"), reverse("safety:event", args=[event.number])
    given = {name: str(value) for name, value in asked.items()} | {"river": "松花江", "kilometre": "2"}
    duty.post(reverse("safety:river", args=[event.number]), given)
    run = ModelRun.objects.get()
    assert [reach["name"] for reach in run.answer["reaches"]] == ["上段", "下段"]
    assert [point["flow"] for point in run.answer["points"]] == [300, 420] and services.compute_again(run=run)
    text = duty.get(page).content.decode()
    assert "所用河段" in text and "下段" in text and "420" in text
