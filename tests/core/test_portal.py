"""The portal without a browser: who sees which event, page and layer; the stream; the charts."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import math

import pytest

from jiangcheng.core import manifest
from jiangcheng.core.access import services as access
from jiangcheng.core.portal import queries, services
from jiangcheng.core.portal.models import LiveEvent
from jiangcheng.core.portal.services import stream

AT = dt.datetime(2026, 11, 20, 4, 0, tzinfo=dt.UTC)
ON = dt.date(2026, 11, 20)
TEXTS = {"text_zh": "烟尘超限", "text_en": "particulates above the limit"}


def person(username, role, region_code=""):
    access.load_roles()
    user = access.create_user(
        username=username, password="a-long-and-dull-phrase", display_name=username, at=AT
    )
    access.assign_role(user=user, role=role, region_code=region_code, on=ON, at=AT)
    return user


def publish(**changes):
    return services.publish(
        **{"at": AT, "kind": "case", "permission": "cases.view", "payload": TEXTS, **changes}
    )


async def first_messages(count, **arguments):
    """Return the first events of a stream as dictionaries."""
    found = []
    async for text in stream.follow(on=ON, **arguments):
        if text.startswith("id: "):
            found.append(json.loads(text.partition("data: ")[2]))
        if len(found) == count:
            break
    return found


@pytest.mark.django_db
def test_an_event_without_both_languages_is_refused_and_not_kept():
    with pytest.raises(ValueError, match="text_en"):
        publish(payload={"text_zh": "烟尘超限"})
    assert not LiveEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "region", "expected"),
    [
        ("duty_officer", "", ["220202", "220211", ""]),
        ("grid_inspector", "220202", ["220202", ""]),
        ("audit_admin", "", []),
    ],
)
def test_events_reach_those_whose_scope_covers_them(role, region, expected):
    user = person("someone", role, region)
    for code in ("220202", "220211", ""):
        publish(region_code=code)
    scopes = queries.scopes(user=user, on=ON)
    seen = [event.region_code for event in queries.latest_events(scopes=scopes, count=10)]
    assert seen == expected


@pytest.mark.django_db
def test_people_of_a_facility_are_told_of_their_own_facility_only():
    access.load_roles()
    user = access.create_user(username="plant", password="a-long-and-dull-phrase", display_name="p", at=AT)
    access.assign_role(user=user, role="enterprise", facility_code="PLANT1", on=ON, at=AT)
    for facility in ("PLANT1", "PLANT2", ""):
        publish(region_code="220202", facility_code=facility)
    publish()
    scopes = queries.scopes(user=user, on=ON)
    assert [item.facility_code for item in queries.latest_events(scopes=scopes, count=10)] == ["PLANT1"]


@pytest.mark.django_db
def test_the_latest_events_come_oldest_first_and_no_more_than_asked():
    user = person("someone", "duty_officer")
    kept = [publish().id for _ in range(5)][-3:]
    scopes = queries.scopes(user=user, on=ON)
    assert [event.id for event in queries.latest_events(scopes=scopes, count=3)] == kept


@pytest.mark.django_db
def test_sweeping_forgets_only_what_is_older():
    old, young = publish(at=AT - dt.timedelta(days=8)), publish()
    assert services.sweep(before=AT - dt.timedelta(days=7)) == 1
    assert list(LiveEvent.objects.values_list("id", flat=True)) == [young.id]
    assert old.id != young.id


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("language", "text"), [("zh-hans", "烟尘超限"), ("en", "particulates above the limit")]
)
def test_a_new_screen_starts_with_the_latest_events_in_its_language(language, text):
    user = person("someone", "duty_officer")
    event = publish(payload={**TEXTS, "url": "/cases/1", "severity": 3})
    (message,) = asyncio.run(first_messages(1, user=user, language=language, after=None))
    assert message == {
        "id": event.id,
        "at": "2026-11-20T04:00:00+00:00",
        "kind": "case",
        "text": text,
        "url": "/cases/1",
        "severity": 3,
    }


@pytest.mark.django_db(transaction=True)
def test_a_screen_that_comes_back_gets_what_it_missed(monkeypatch):
    monkeypatch.setattr(stream, "LOOK_BACK", 0)
    user = person("someone", "duty_officer")
    events = [publish() for _ in range(4)]
    messages = asyncio.run(first_messages(2, user=user, language="en", after=events[1].id))
    assert [message["id"] for message in messages] == [event.id for event in events[2:]]


@pytest.mark.django_db(transaction=True)
def test_an_event_committed_late_under_an_early_id_is_not_lost(monkeypatch):
    monkeypatch.setattr(stream, "PERIOD", 0.0)
    user = person("someone", "duty_officer")
    early, late = publish(), publish()
    LiveEvent.objects.filter(id=early.id).delete()

    async def follow():
        ids = []
        async for text in stream.follow(user=user, on=ON, language="en", after=0):
            if text.startswith("id: "):
                ids.append(int(text.split()[1]))
                if len(ids) == 2:
                    return ids
                await asyncio.to_thread(_publish_as, early.id)
        return ids

    assert asyncio.run(follow()) == [late.id, early.id]


def _publish_as(event_id):
    from django.db import connection

    LiveEvent.objects.create(id=event_id, at=AT, kind="case", permission="cases.view", payload=TEXTS)
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_open_streams_are_counted_until_they_end():
    user = person("someone", "duty_officer")

    async def open_and_close():
        generator = stream.follow(user=user, on=ON, language="en", after=0)
        await anext(generator)
        during = stream.open_streams(user.pk)
        await generator.aclose()
        return during, stream.open_streams(user.pk)

    assert asyncio.run(open_and_close()) == (1, 0)


def test_the_menu_holds_only_pages_one_may_open(monkeypatch):
    names = manifest.Names("页", "Page")
    registry = manifest.Registry()
    registry.add(
        manifest.Manifest(
            code="sample",
            names=names,
            pages=(
                manifest.Page("a", names, "sample.see", "act", order=20),
                manifest.Page("b", names, "sample.see", "act", order=10),
                manifest.Page("c", names, "sample.manage", "system"),
            ),
            map_layers=(
                manifest.MapLayer("secret", names, "d", "sample.manage", "point"),
                manifest.MapLayer("open", names, "e", "sample.see", "point"),
            ),
            home_cards=(
                manifest.HomeCard("f", "sample.see", "side"),
                manifest.HomeCard("g", "sample.manage", "side"),
            ),
        )
    )
    monkeypatch.setattr(manifest, "manifests", registry)
    held = frozenset({"sample.see"})
    assert [
        (group.code, [page.url_name for page in group.pages]) for group in queries.menu(permissions=held)
    ] == [("act", ["b", "a"])]
    assert [layer.code for layer in queries.map_layers(permissions=held)] == ["open"]
    assert [card.url_name for card in queries.home_cards(slot="side", permissions=held)] == ["f"]
    assert queries.menu(permissions=frozenset()) == []


HOUR = 3600
MIDNIGHT_IN_THE_CITY = 1_795_104_000  # 2026-11-20 00:00 +08:00


def test_a_line_stands_on_the_citys_clock_and_keeps_gaps():
    chart = services.charts.line(
        series=[
            services.charts.Series(
                "AQI", [MIDNIGHT_IN_THE_CITY, MIDNIGHT_IN_THE_CITY + HOUR], [58.4, math.nan], ["", ""]
            )
        ],
        units=("",),
    )
    assert chart["option"]["useUTC"] is True
    assert chart["option"]["series"][0]["data"] == [
        ["2026-11-20T00:00:00Z", 58.4],
        ["2026-11-20T01:00:00Z", None],
    ]
    assert chart["table"]["rows"] == [["2026-11-20 00:00", 58.4, ""], ["2026-11-20 01:00", None, ""]]
    json.dumps(chart, allow_nan=False)


def test_a_flagged_value_is_marked_and_its_flag_told():
    times = [MIDNIGHT_IN_THE_CITY + HOUR * hour for hour in range(3)]
    series = services.charts.Series("烟尘", times, [8.0, 99.0, 9.0], ["", "D", ""], joined=False)
    line, marks = services.charts.line(series=[series], units=("mg/m³",))["option"]["series"]
    assert [value for _, value in line["data"]] == [8.0, None, 9.0]
    assert [mark["value"][1] for mark in marks["data"]] == [99.0]
    assert marks["data"][0]["tip"].endswith("D")


def test_limits_of_consecutive_permits_make_one_stepped_line():
    start = MIDNIGHT_IN_THE_CITY
    limits = [
        services.charts.Limit("许可限值", 20.0, start, start + HOUR),
        services.charts.Limit("许可限值", 10.0, start + HOUR, start + 2 * HOUR),
    ]
    drawn = services.charts.line(series=[], units=("mg/m³",), limits=limits)["option"]["series"]
    assert len(drawn) == 1
    assert [value for _, value in drawn[0]["data"]] == [20.0, 20.0, None, 10.0, 10.0, None]


def test_the_table_joins_series_of_different_times():
    start = MIDNIGHT_IN_THE_CITY
    chart = services.charts.line(
        series=[
            services.charts.Series("PM2.5", [start, start + HOUR], [30.0, 31.0]),
            services.charts.Series("O3", [start + HOUR], [80.0], axis=1),
        ],
        units=("μg/m³", "ppb"),
    )
    assert chart["table"]["columns"][1:] == ["PM2.5 (μg/m³)", "O3 (ppb)"]
    assert chart["table"]["rows"] == [["2026-11-20 00:00", 30.0, None], ["2026-11-20 01:00", 31.0, 80.0]]


def test_days_without_a_value_are_in_the_calendar_with_a_colour_of_their_own():
    cells = [
        services.charts.Cell(MIDNIGHT_IN_THE_CITY, 2, "58 良", 58.0),
        services.charts.Cell(MIDNIGHT_IN_THE_CITY + 24 * HOUR, None, "无数据"),
    ]
    chart = services.charts.aqi_calendar(year=2026, cells=cells)
    values = [point["value"] for point in chart["option"]["series"][0]["data"]]
    assert values == [["2026-11-20", 2], ["2026-11-21", 0]]
    pieces = {piece["value"]: piece["color"] for piece in chart["option"]["visualMap"]["pieces"]}
    assert pieces[2] == "#ffff00"
    assert pieces[0] not in {pieces[level] for level in range(1, 7)}


def test_a_worse_water_class_stands_higher():
    cells = [
        services.charts.Cell(MIDNIGHT_IN_THE_CITY + 4 * HOUR * i, level, "")
        for i, level in enumerate((2, None, 6))
    ]
    option = services.charts.water_strip(cells=cells, step=4 * HOUR)["option"]
    assert [point["value"][1] for point in option["series"][0]["data"]] == [2, 0, 6]
    assert option["yAxis"]["data"][2] == "Ⅱ"


@pytest.mark.parametrize(("name", "kind"), [("Bad Name", "gauge"), ("fine", "histogram")])
def test_metrics_prometheus_would_refuse_are_refused(name, kind):
    with pytest.raises(ValueError, match="not a metric"):
        services.metrics.expose(name=name, help="", kind=kind, read=lambda: 1.0)
