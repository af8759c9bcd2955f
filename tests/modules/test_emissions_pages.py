"""The pages of the room: what they show, to whom, in both languages, and when there is nothing."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access.queries import Scope
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.emissions import queries, services
from jiangcheng.modules.emissions.models import Mark
from jiangcheng.modules.emissions.rules import packs
from jiangcheng.standards import periods

HOUR = dt.timedelta(hours=1)
HOURS = 24 * 12


@pytest.fixture
def plant(town, monkeypatch):
    people = city.people()
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    starts = [now - (HOURS - number) * HOUR for number in range(HOURS)]
    value = np.round(
        18 + 3 * np.sin(np.arange(HOURS) / 5) + np.random.default_rng(1).standard_normal(HOURS), 2
    )
    value[-20:-8] = 17.5
    town.put("P1", "a21026", "zs_avg", starts, value)
    town.put("P1", "power_production", "avg", starts, 900.0 + 50 * np.sin(np.arange(HOURS) / 4))
    town.put("P1", "a21026", "zs_avg", [starts[-40]], [3.0], flag=ord("C"))
    return people, starts


def page(user, name, *args, **query):
    client = Client()
    client.force_login(user)
    return client.get(reverse(f"emissions:{name}", args=args), query)


def text(*args, **query):
    return page(*args, **query).content.decode()


def test_an_outlet_shows_limit_marks_calibration_and_rate(plant):
    people, starts = plant
    mark = services.hand_in(
        outlet=queries.own_outlets(user=people["enterprise"], on=dt.date(2026, 11, 1))[0], kind="calibration",
        from_at=starts[-30], to_at=starts[-25], reason="校准", actor=people["enterprise"], now=starts[-25],
    )  # fmt: skip
    records.act(record=mark, action="approve", actor=people["department"], now=starts[-1], text="属实")
    shown = text(people["department"], "outlet", "P1")
    for word in ("超低排放", "P-1 v2", mark.number, "监测设备校准", "已认可", "校准", "传输有效率"):
        assert word in shown
    answer = page(people["department"], "outlet_series", "P1", days="30").json()
    names = [one["name"] for one in answer["option"]["series"]]
    assert "许可限值" in names and "生产用电功率" in names
    flags = {row[2] for row in answer["table"]["rows"]}
    assert {"校准", "监测设备校准"} <= flags


def test_the_file_of_an_enterprise_shows_its_latest_hours_with_limit_state_and_age(
    plant, town, django_assert_max_num_queries
):
    people, starts = plant
    client = Client()
    client.force_login(people["department"])
    with django_assert_max_num_queries(22):
        shown = client.get(reverse("emissions:facility_card", args=[city.PLANT])).content.decode()
    for word in ("DA001", "/emissions/outlets/P1/", "二氧化硫", "35", "mg/m", "未超限值", "数据及时"):
        assert word in shown, word
    assert shown.count(" · ") == 5 and "陈旧</span>" not in shown
    town.put("P1", "a21026", "zs_avg", [starts[-1]], [80.0])
    over = text(people["enterprise"], "facility_card", city.PLANT)
    assert "超限" in over and '<strong class="badge badge-bad">80</strong>' in over
    other = page(people["enterprise"], "facility_card", city.OTHER_PLANT)
    assert other.status_code == 404
    # The other plant has an outlet and no permit.
    assert "无小时限值" in text(people["department"], "facility_card", city.OTHER_PLANT)


def test_old_hours_are_called_stale_and_older_ones_are_not_shown(town):
    people = city.people()
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    town.put("P1", "a21026", "zs_avg", [now - 60 * HOUR], [10.0])
    assert "48 小时内无数据" in text(people["department"], "facility_card", city.PLANT)
    town.put("P1", "a21026", "zs_avg", [now - 6 * HOUR], [10.0])
    shown = text(people["department"], "facility_card", city.PLANT)
    assert "数据已陈旧" in shown and "陈旧</span>" in shown and "未超限值" in shown


def october(town, code, statistic, value, *, flag=None):
    """Store hours from 10 October 2026 on; ``flag`` is the flag of the last five."""
    starts = [town.hour("2026-10-10") + number * HOUR for number in range(len(value))]
    town.put("P1", code, statistic, starts[:-5], value[:-5])
    town.put("P1", code, statistic, starts[-5:], value[-5:], flag=ord(flag) if flag else ord("N"))
    return starts


def outlet_since(day):
    Station.objects.filter(code="P1").update(valid_from_date=day)
    scope = Scope(everything=True)
    return queries.outlets(scope=scope, on=dt.date(2026, 10, 22), code="P1")[0]


def test_the_rate_of_a_month_counts_items_and_leaves_standstill_out(town):
    starts = october(town, "a21026", "zs_avg", np.full(HOURS - 10, 20.0), flag="D")
    station, now = outlet_since("2026-10-10"), town.hour("2026-10-22")
    rate = queries.month_rates(station=station, now=now)[0]
    assert (rate.due, rate.received, rate.valid) == (288, 278, 273)
    assert rate.effective == pytest.approx(100 * 273 / 288)
    Mark.objects.create(
        number="BJ-1", facility=station.outlet.facility, outlet_number="DA001", kind="stopped", reason="x",
        from_at=starts[-1] + HOUR, to_at=now, state="approved", state_at=now, created_at=now,
    )  # fmt: skip
    rate = queries.month_rates(station=station, now=now)[0]
    assert (rate.due, rate.transmission) == (278, 100.0)


@pytest.mark.parametrize(
    ("since", "replaced"),
    [("2026-10-10", 5 * 40.0 * 0.36), ("2026-10-01", 0.0)],
    ids=["enough", "too-little"],
)
def test_the_emission_of_a_month_replaces_invalid_hours_by_the_greatest_before(town, since, replaced):
    value = np.where(np.arange(HOURS) == HOURS - 60, 40.0, 20.0)
    october(town, "a21026", "avg", value, flag="D")
    october(town, "a00000", "avg", np.full(HOURS, 100.0))
    (row,) = queries.month_masses(station=outlet_since(since), now=town.hour("2026-10-22"), months=1)
    assert row.replaced == pytest.approx(replaced)
    assert row.mass - row.replaced == pytest.approx((20.0 * (HOURS - 5) + 20.0) * 0.36)
    assert (row.hours, row.unknown) == ((5, 0) if replaced else (0, 5 + 9 * 24))
    told = {
        (one["outlet"], one["pollutant"]): one
        for one in queries.quarter_masses(
            facility_code=city.PLANT, year=2026, quarter=4, now=town.hour("2026-10-22")
        )
    }
    ((_outlet, code),) = told
    assert told["DA001", code]["mass"] == pytest.approx(row.mass) and told["DA001", code]["months"]
    assert told["DA001", code]["unknown_hours"] == row.unknown
    assert (
        queries.quarter_masses(facility_code=city.PLANT, year=2027, quarter=1, now=town.hour("2026-10-22"))
        == []
    )


def test_nobody_sees_the_outlet_of_another_and_enterprises_see_no_clues(plant):
    people, _ = plant
    assert page(people["rival"], "outlet", "P1").status_code == 404
    assert page(people["rival"], "outlet_series", "P1").status_code == 404
    assert page(people["enterprise"], "outlet", "P1").status_code == 200
    assert page(people["enterprise"], "clues").status_code == 403
    assert page(people["enterprise"], "marking").status_code == 200
    assert page(people["department"], "marking").status_code == 403


def test_a_clue_shows_its_evidence_and_gives_its_pack(plant):
    people, starts = plant
    assert "没有线索" in text(people["department"], "clues")
    services.look_for_clues(now=starts[-1] + HOUR)
    clue = Finding.objects.get(kind="emissions.clue.constant")
    shown = text(people["department"], "clues")
    assert "恒值" in shown and "待核实" in shown
    assert "恒值" not in text(people["department"], "clues", state="cleared").partition("<tbody>")[2]
    one = text(people["department"], "clue", clue.pk)
    for word in ("17.5", "点数", clue.case.number, "clues 2015-12-28", "HJ 356"):
        assert word in one
    answer = page(people["department"], "clue_series", clue.pk).json()
    assert sum(row[2] == "证据时段" for row in answer["table"]["rows"]) == 12
    client = Client()
    client.force_login(people["department"])
    pack = client.post(reverse("emissions:clue_pack", args=[clue.pk])).content
    key = client.get(reverse("emissions:evidence_key")).json()["key"]
    assert packs.examine(pack, packs.key_of(key)).problems == ()
    assert "rows.csv" in zipfile.ZipFile(io.BytesIO(pack)).namelist()
    for who, waits in (("department", "emissions.clue.review"), ("enterprise", "emissions.clue.explain")):
        client.force_login(people[who])
        assert clue.case.number in client.get(reverse("cases:case", args=[clue.case.number])).content.decode()
        assert waits in {item.kind for item in queries.to_do(user=people[who], now=starts[-1])}
    assert queries.to_do(user=people["rival"], now=starts[-1]) == []
    client.force_login(people["verifier"])
    assert client.post(reverse("emissions:clue_pack", args=[clue.pk])).status_code == 403
    assert page(people["verifier"], "clue", clue.pk).status_code == 200


def test_an_enterprise_marks_from_its_telephone(plant):
    people, starts = plant
    client = Client()
    client.force_login(people["enterprise"])
    local = [moment.astimezone(periods.BEIJING) for moment in (starts[-6], starts[-3])]
    form = {
        "kind": "start", "from_at": f"{local[0]:%Y-%m-%dT%H:%M}", "to_at": f"{local[1]:%Y-%m-%dT%H:%M}",
        "reason": "启炉", "files": [city.photo()],
    }  # fmt: skip
    answer = client.post(reverse("emissions:hand_in", args=["P1"]), form, follow=True)
    mark = Mark.objects.get()
    assert (mark.from_at, mark.state) == (starts[-6], "submitted")
    assert mark.number in answer.content.decode() and "待审核" in answer.content.decode()
    assert client.post(reverse("emissions:hand_in", args=["P2"]), form).status_code == 404
    refused = client.post(
        reverse("emissions:hand_in", args=["P1"]), {**form, "to_at": form["from_at"]}, follow=True
    )
    assert "结束须晚于开始" in refused.content.decode() and Mark.objects.count() == 1


def test_the_pages_speak_english(plant):
    people, starts = plant
    services.look_for_clues(now=starts[-1] + HOUR)
    clue = Finding.objects.get(kind="emissions.clue.constant")
    client = Client(headers={"accept-language": "en"})
    client.cookies["django_language"] = "en"
    client.force_login(people["department"])
    for name, args, words in (
        ("outlet", ["P1"], ("Effective rate", "Permit version")),
        ("clues", [], ("Constant value", "To check")),
        ("clue", [clue.pk], ("Evidence", "Points", "Download evidence pack")),
    ):
        shown = client.get(reverse(f"emissions:{name}", args=args)).content.decode()
        assert all(word in shown for word in words), name
