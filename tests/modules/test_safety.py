"""The story of an emergency, of a drill beside it, and of the registers behind them."""

from __future__ import annotations

import datetime as dt
import re

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.portal.models import ContactPoint, Delivery, Message
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import (
    DownstreamNotice,
    EmergencyOrder,
    EventEntry,
    ModelRun,
    NoticeLook,
    StockItem,
)
from jiangcheng.modules.safety.rules import tables
from jiangcheng.modules.safety.services.events import DRILL
from jiangcheng.standards import periods

NOW = city.AT
PLACE = {"longitude": 126.7, "latitude": 43.5}
CHLORINE = {
    "substance": "chlorine", "term": {"kind": "rate", "rate": 1.0}, "minutes": 30, "height": 0, "wind": 1.5,
    "direction": 270, "stability": "F", "temperature": 25,
}  # fmt: skip
SPILL = {
    "substance": "nitrobenzene", "mass": 500, "minutes": 60, "speed": 0.6, "width": 250, "depth": 2.2,
    "slope": 0.0002,
}  # fmt: skip


@pytest.fixture
def people(town):
    services.load()
    return city.people()


def row(register, who, **values):
    return records.create(register=register, values=values, actor=who, at=NOW)


def cards(people):
    for level, title, minutes in (("IV", "切断源头", 30), ("IV", "布点监测", 60), ("II", "疏散群众", 20)):
        row("plan-cards", people["duty"], plan_number="YA-1", kind="gas", level=level, phase="respond", title=title,
            department="应急中心", minutes=minutes)  # fmt: skip


def begin(people, drill=False, **values):
    given = {"name_zh": "液氯泄漏", "kind": "gas", "received_at": NOW, "region": Region.objects.get(code="220202"),
             "substance": "chlorine", **PLACE, **values}  # fmt: skip
    return services.report(values=given, actor=people["duty"], now=NOW, drill=drill)


def step(event, action, who, minutes, level=""):
    details = {"reason_code": level} if level else {}
    at = NOW + dt.timedelta(minutes=minutes)
    records.act(record=event, action=action, actor=who, now=at, text=f"{action} 说明", details=details)
    event.refresh_from_db()


def states(event, minutes):
    found = queries.clocks(event=event, now=NOW + dt.timedelta(minutes=minutes))
    return {clock.code: clock.state for clock in found}


def client(people, who, language="zh-hans"):
    found = Client(HTTP_ACCEPT_LANGUAGE=language)
    found.force_login(people[who])
    return found


def test_an_event_goes_from_report_to_evaluation_with_its_clocks(people):
    cards(people)
    event = begin(people)
    assert states(event, 10)["verify"] == "ok" and event.due_at == NOW + dt.timedelta(minutes=60)
    with pytest.raises(Refused):
        step(event, "respond", people["leader"], 5)
    with pytest.raises(Refused):
        step(event, "judge", people["verifier"], 5, "III")
    step(event, "judge", people["duty"], 30, "III")
    assert event.level == "III" and states(event, 31)["verify"] == "met"
    assert states(event, 31)["respond"] == "ok" and states(event, 31)["monitor"] == "waiting"
    assert states(event, 241)["report_up"] == "bad"
    with pytest.raises(Refused, match="permission"):
        step(event, "respond", people["duty"], 40)
    step(event, "respond", people["leader"], 40)
    orders = queries.orders_of(event=event)
    assert [order.title for order in orders] == ["切断源头", "布点监测"]
    assert orders[0].due_at == NOW + dt.timedelta(minutes=70)
    with pytest.raises(Refused):
        step(event, "upgrade_responding", people["leader"], 45, "IV")
    step(event, "upgrade_responding", people["leader"], 45, "II")
    assert [order.title for order in queries.orders_of(event=event)][2:] == ["疏散群众"]
    later = NOW + dt.timedelta(minutes=50)
    services.release(
        event=event, kind="first", addressee="省厅", text="初报", actor=people["duty"], now=later
    )
    assert states(event, 60)["report_up"] == "met"
    step(event, "monitor", people["duty"], 200)
    assert states(event, 200)["monitor"] == "missed"
    with pytest.raises(Refused, match="签收"):
        step(event, "end", people["leader"], 210)
    for order in queries.orders_of(event=event):
        records.act(record=order, action="acknowledge", actor=people["inspector"], now=later)
        records.act(record=order, action="finish", actor=people["inspector"], now=later, text="完成")
    step(event, "end", people["leader"], 220)
    step(event, "evaluate", people["leader"], 500)
    assert event.state == "evaluated" and event.due_at is None and services.verify_log(event=event)
    assert [entry.sequence for entry in queries.entries(event=event)] == list(
        range(1, event.entries.count() + 1)
    )
    found = {
        item.indicator: item
        for item in services.record_indicators(on=city.ON, now=NOW + dt.timedelta(days=1))
    }
    assert found["safety_clocks_met"].value == 80.0 and found["safety_response_minutes"].value == 40.0
    with connection.cursor() as cursor, pytest.raises(Exception, match="append-only"):
        cursor.execute("UPDATE safety_evententry SET text = 'x'")


def test_a_late_clock_becomes_a_case_and_ends_when_it_is_done(people):
    event = begin(people)
    assert services.watch_clocks(now=NOW + dt.timedelta(minutes=59)) == 0
    assert services.watch_clocks(now=NOW + dt.timedelta(minutes=61)) == 1
    assert Case.objects.get().title_zh.startswith("应急环节超时：液氯泄漏")
    step(event, "judge", people["duty"], 62, "IV")
    services.watch_clocks(now=NOW + dt.timedelta(minutes=63))
    assert Finding.objects.get().ended_at is not None


def test_a_drill_stays_in_its_sandbox_and_can_be_run_again(people):
    cards(people)
    for who in people.values():
        ContactPoint.objects.create(user=who, channel="email", address=f"{who}@example.org", created_at=NOW,
                                    verified_at=NOW)  # fmt: skip
    lot = stock_of(people, 100.0)
    before = queries.indicators(year=2026, now=NOW + dt.timedelta(days=40))
    event = begin(people, drill=True)
    assert event.number.startswith(DRILL) and event.due_at is None
    step(event, "judge", people["duty"], 10, "I")
    step(event, "respond", people["leader"], 400)
    services.move(item=lot, kind="issue", quantity=80, actor=people["duty"], at=NOW, event=event)
    partner = row("partners", people["duty"], name_zh="下游市", side="down")
    notice = services.send_notice(
        event=event, partner=partner, text="演练通报", actor=people["duty"], now=NOW
    )
    assert notice.text.startswith("【演练】") and notice.due_at is None
    orders = queries.orders_of(event=event)
    assert len(orders) == 3 and all(order.drill and order.due_at is None for order in orders)
    assert all(order.number.startswith(event.number) for order in orders)
    assert not Delivery.objects.exists()
    told = Message.objects.filter(kind__startswith="safety.")
    assert told.exists() and all("演练" in message.text_zh and "Drill" in message.text_en for message in told)
    late = NOW + dt.timedelta(days=40)
    assert services.watch_clocks(now=late) == 0
    records.watch_due(now=late)
    assert not Finding.objects.exclude(kind="safety.stock_expiring").exists()
    assert queries.indicators(year=2026, now=late) == before
    lot.refresh_from_db()
    assert lot.quantity == 100.0 and queries.balance(item=lot, event=event) == 20.0
    with pytest.raises(services.NotEnough):
        services.move(item=lot, kind="issue", quantity=30, actor=people["duty"], at=NOW, event=event)
    again = services.repeat_drill(event=event, actor=people["leader"], now=late)
    event.refresh_from_db()
    assert (
        event.withdrawn_at and again.repeat_of == event.number and again.state == "reported" and again.drill
    )
    assert queries.balance(item=lot, event=again) == 100.0 and not queries.orders_of(event=event)
    page = client(people, "leader").get(reverse("safety:event", args=[again.number])).content.decode()
    assert page.count(">演练<") > 8 and "沙盒" in page
    real = begin(people)
    services.send_order(
        event=real, title="真", text="", department="甲", minutes=5, actor=people["leader"], now=NOW
    )
    assert Delivery.objects.exists()


def stock_of(people, quantity, expires=None, place=PLACE, item="soda", name="甲库"):
    house = row("warehouses", people["duty"], name_zh=name, **place)
    lot = row(
        "stock-items",
        people["duty"],
        warehouse_number=house.number,
        item=item,
        unit="t",
        expires_date=expires,
    )
    services.move(item=lot, kind="in", quantity=quantity, actor=people["duty"], at=NOW)
    return lot


def test_stock_is_found_by_item_quantity_and_place_and_never_falls_below_nothing(people):
    near = stock_of(people, 5.0)
    far = stock_of(people, 50.0, place={"longitude": 126.9, "latitude": 43.5}, name="乙库")
    stock_of(people, 90.0, expires=city.ON - dt.timedelta(days=1), name="丙库")
    asked = {"item": "soda", "on": city.ON, **PLACE}
    small = queries.nearest_stock(quantity=3, **asked)
    assert small.single.lot.number == near.number and small.single.kilometres == 0.0
    large = queries.nearest_stock(quantity=20, **asked)
    assert large.single.lot.number == far.number and 15 < large.single.kilometres < 17
    both = queries.nearest_stock(quantity=54, **asked)
    assert (
        both.single is None and [share.take for share in both.together] == [5.0, 49.0] and both.missing == 0
    )
    assert queries.nearest_stock(quantity=60, **asked).missing == 5.0
    event = begin(people)
    services.move(item=near, kind="issue", quantity=4, actor=people["duty"], at=NOW, event=event)
    with pytest.raises(services.NotEnough, match="balance"):
        services.move(item=near, kind="issue", quantity=2, actor=people["duty"], at=NOW, event=event)
    with pytest.raises(services.NotEnough, match="issued"):
        services.move(item=near, kind="return", quantity=4.5, actor=people["duty"], at=NOW, event=event)
    services.move(item=near, kind="return", quantity=4, actor=people["duty"], at=NOW, event=event)
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(services.NotEnough, match="quantity"):
            services.move(item=near, kind="in", quantity=wrong, actor=people["duty"], at=NOW)
    near.refresh_from_db()
    assert near.quantity == 5.0


def test_a_notice_is_acknowledged_by_its_link_in_time_and_by_nobody_else(people):
    event = begin(people, kind="river")
    partner = row("partners", people["duty"], name_zh="下游市", side="down")
    notice = services.send_notice(event=event, partner=partner, text="下泄", actor=people["duty"], now=NOW)
    assert notice.due_at == NOW + dt.timedelta(minutes=120)
    address = reverse("safety:acknowledge", args=[services.token_of(notice)])
    anybody = Client()
    assert "下泄" in anybody.get(address).content.decode()
    assert anybody.get(address[:-1] + ("a" if address[-1] != "a" else "b")).status_code == 404
    assert anybody.post(address, {"name": " "}).status_code == 422
    assert anybody.post(address, {"name": "王某 下游市应急办"}).status_code == 200
    assert anybody.post(address, {"name": "另一个人"}).status_code == 422
    notice.refresh_from_db()
    assert notice.state == "acknowledged" and notice.due_at is None
    assert EventEntry.objects.filter(kind="notice").last().text.endswith("王某 下游市应急办")


def test_a_link_ends_with_its_term_its_notice_and_too_many_looks(people):
    event = begin(people, kind="river")
    partner = row("partners", people["duty"], name_zh="下游市", side="down")
    first, second = (
        services.send_notice(event=event, partner=partner, text=text, actor=people["duty"], now=NOW)
        for text in ("机密水情", "撤回的")
    )
    token, late = services.token_of(first), NOW + dt.timedelta(days=30)
    assert services.follow(token=token, address="a", now=late - dt.timedelta(seconds=1)).state == "open"
    assert services.follow(token=token, address="a", now=late) == services.Link("expired")
    records.act(record=second, action="cancel", actor=people["leader"], now=NOW, text="误发")
    anybody = Client(REMOTE_ADDR="203.0.113.9")
    gone = anybody.get(reverse("safety:acknowledge", args=[services.token_of(second)]))
    assert (
        gone.status_code == 410
        and "已撤回" in gone.content.decode()
        and "撤回的" not in gone.content.decode()
    )
    wrong = anybody.get(reverse("safety:acknowledge", args=["x:y:z"]), HTTP_ACCEPT_LANGUAGE="en")
    assert wrong.status_code == 404 and "incomplete or wrong" in wrong.content.decode()
    # An address that guesses is stopped, and another one is not held up by it.
    most = tables.in_force("links", city.ON)["looks_per_hour"]
    looks = [services.follow(token="x", address="guesser", now=NOW).state for _ in range(most + 1)]
    assert looks == ["unknown"] * most + ["too_often"]
    assert services.follow(token=token, address="guesser", now=NOW).state == "too_often"
    assert services.follow(token=token, address="guesser", now=NOW + dt.timedelta(minutes=61)).state == "open"
    for _ in range(most):
        answer = anybody.get(reverse("safety:acknowledge", args=[token]))
    assert answer.status_code == 429 and answer["Retry-After"] and "机密水情" not in answer.content.decode()
    assert anybody.post(reverse("safety:acknowledge", args=[token]), {"name": "王某"}).status_code == 429
    first.refresh_from_db()
    assert first.state == "sent" and not NoticeLook.objects.filter(address_hash__contains="203.0").exists()
    assert services.forget_looks(now=NOW + dt.timedelta(days=3650)) > most and not NoticeLook.objects.exists()


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


def test_the_pack_opens_without_a_network(people):
    cards(people)
    event = begin(people, drill=True, name_zh="<b>泄漏</b>")
    row("coordination-members", people["duty"], department="水务局", duty_phone="0432-1", mobile="13900000000",
        contact="张三", at_report="lead")  # fmt: skip
    row(
        "receptors",
        people["duty"],
        name_zh="<script>",
        kind="school",
        people=5,
        longitude=126.705,
        latitude=43.5,
    )
    stock_of(people, 3.0)
    services.run_plume(event=event, question=CHLORINE, actor=people["duty"], now=NOW)
    step(event, "judge", people["duty"], 10, "IV")
    page = services.offline_pack(event=event, now=NOW)
    outside = re.findall(r"""(?:src|href|url\(|fetch|import)[\s=("']*(?:https?:)?//[^"'\s)]+""", page)
    assert outside == [] and "<link" not in page and "src=" not in page
    for words in ("<svg", "演练", "切断源头", "水务局", "0432-1", "终点浓度", "log-form", "片碱"):
        assert words in page
    assert "13900000000" not in page and "<b>泄漏" not in page and page.count("<script>") == 1
    assert "13900000000" in services.offline_pack(event=event, now=NOW, personal=True)


def test_dose_rates_that_stay_above_background_become_a_case(people):
    at = NOW.replace(minute=0)
    station = city.named("R1", "辐射站", kind="manual", longitude=126.3, latitude=43.5,
                         valid_from_date="2020-01-01", attributes={"element": "radiation"})  # fmt: skip
    assert registry.import_register("stations", [station], actor=None, at=NOW).errors == ()
    starts = int(at.timestamp()) - 3600 * np.arange(24 * 20, 0, -1)
    values = 80.0 + np.random.default_rng(1).normal(0, 3, starts.size)
    values[-1] = 300.0

    def put(starts, values):
        key = ObservedProperty.objects.get(code="dose_rate").pk
        batch = store.Batch.of(granularity=int(store.Granularity.HOUR), start=starts, value=values, property=key,
                               station=Station.objects.get(code="R1").pk)  # fmt: skip
        store.append(batch, source="test", received_at=at)

    put(starts, values)
    assert services.watch_dose_rates(now=at) == 0
    put(np.array([int(at.timestamp())]), np.array([310.0]))
    hour = at + dt.timedelta(hours=1)
    assert services.watch_dose_rates(now=hour) == 1 and services.watch_dose_rates(now=hour) == 1
    case = Case.objects.get(case_type="RADIATION")
    assert "310" in case.title_zh and case.severity == 4 and case.grid_cell is not None
    finding = Finding.objects.get()
    assert finding.evidence[0]["limit"] == pytest.approx(120, abs=3) and finding.evidence[0]["hours"] == 2
    put(np.array([int(hour.timestamp())]), np.array([82.0]))
    assert services.watch_dose_rates(now=hour + dt.timedelta(hours=1)) == 0
    finding.refresh_from_db()
    assert finding.ended_at is not None
    page = client(people, "duty").get(reverse("safety:radiation")).content.decode()
    assert "辐射站" in page


def test_registers_keep_their_terms_gates_and_lists(people):
    duty, leader, plant = people["duty"], people["leader"], Facility.objects.get(code=city.PLANT)
    hazard = row("eco-hazards", duty, name_zh="外来物种", kind="species", level="major", owner="林草局",
                 review_date=city.ON)  # fmt: skip
    assert hazard.due_at.astimezone(periods.BEIJING).date() == city.ON + dt.timedelta(days=1)
    records.act(record=hazard, action="review", actor=duty, now=NOW, text="已复核")
    assert hazard.review_date == city.ON + dt.timedelta(days=30)
    records.watch_due(now=NOW + dt.timedelta(days=32))
    assert Case.objects.filter(title_zh__contains=hazard.number).exists()
    meeting = row("consultations", duty, name_zh="三季度会商", held_date=city.ON, conclusion="加强巡查")
    with pytest.raises(Refused, match="任务"):
        records.act(record=meeting, action="close", actor=duty, now=NOW, text="完")
    task = row("consultation-tasks", duty, consultation_number=meeting.number, task="巡查", owner="甲",
               term_date=city.ON)  # fmt: skip
    with pytest.raises(Refused, match="没有完成"):
        records.act(record=meeting, action="close", actor=duty, now=NOW, text="完")
    records.act(record=task, action="report", actor=people["inspector"], now=NOW, text="完成")
    records.act(record=task, action="confirm", actor=people["department"], now=NOW)
    records.act(record=meeting, action="close", actor=duty, now=NOW, text="完")
    unit = row("risk-units", duty, name_zh="液氯库", facility=plant, level="larger")
    records.act(record=unit, action="check", actor=duty, now=NOW, text="正常", files=[city.photo()])
    assert unit.checked_date == city.ON and unit.due_at.date() == city.ON + dt.timedelta(days=182)
    problem = row("risk-hazards", duty, unit_number=unit.number, facility=plant, level="major", description="围堰裂缝",
                  found_date=city.ON, term_date=city.ON)  # fmt: skip
    with pytest.raises(Refused, match="has_photo"):
        records.act(record=problem, action="rectify", actor=people["enterprise"], now=NOW, text="已修")
    proof = [city.photo()]
    records.act(
        record=problem, action="rectify", actor=people["enterprise"], now=NOW, text="已修", files=proof
    )
    with pytest.raises(Refused, match="other_person"):
        records.act(record=problem, action="accept", actor=duty, now=NOW, files=[city.photo()])
    records.act(record=problem, action="accept", actor=people["department"], now=NOW, files=[city.photo()])
    assert problem.state == "closed"
    old = row(
        "toxic-chemicals", duty, facility=plant, substance="formaldehyde", year=2019, activity="use", tons=3
    )
    new = row("toxic-chemicals", duty, facility=plant, substance="benzene", year=2026, activity="use", tons=3)
    assert (old.list_version, new.list_version) == ("第一批", "第二批")
    with pytest.raises(ValidationError):
        row("toxic-chemicals", duty, facility=plant, substance="benzene", year=2019, activity="use", tons=3)
    source = {"code": "0412CS000123", "source_class": "III", "activity_bq": 1e9, "facility": plant, "permit": "吉环辐1",
              "permit_expires_date": city.ON + dt.timedelta(days=365)}  # fmt: skip
    kept = row("radiation-sources", duty, **source)
    assert kept.nuclide == "Cs-137" and kept.due_at < NOW + dt.timedelta(days=277)
    for wrong in ("0412CS00012", "0412cs000123", "0412ZZ000123", "0412CS000124"):
        with pytest.raises(ValidationError):
            row("radiation-sources", duty, **{**source, "code": wrong})
    with pytest.raises(Refused, match="转移"):
        records.act(record=kept, action="leave", actor=duty, now=NOW, text="送贮")
    row("source-moves", duty, source_code=kept.code, kind="store", moved_date=city.ON, from_unit="甲", to_unit="库",
        approval="1")  # fmt: skip
    records.act(record=kept, action="leave", actor=duty, now=NOW, text="送贮")
    assert kept.state == "gone" and kept.due_at is None
    row("pollutant-uses", duty, facility=plant, substance="pfoa", year=2026, activity="use", kilograms=12.5)
    row("pollutant-results", duty, substance="pfoa", point="江段", medium="water", sampled_date=city.ON, value=300,
        unit="ng/L", screening=100)  # fmt: skip
    page = client(people, "duty").get(reverse("safety:pollutants")).content.decode()
    assert "全氟辛酸" in page and "12.5" in page and "甲厂" in page and "3.0" in page
    with pytest.raises(ValidationError):
        row("emergency-orders", leader, title="无事件", department="甲", answer_by=NOW)


def test_people_see_and_do_what_they_may(people):
    cards(people)
    event = begin(people)
    page = reverse("safety:event", args=[event.number])
    for who, status in (("duty", 200), ("leader", 200), ("verifier", 200), ("inspector", 200), ("colleague", 404),
                        ("enterprise", 403), ("system", 403)):  # fmt: skip
        assert client(people, who).get(page).status_code == status, who
    assert Client().get(page).status_code == 302
    assert client(people, "verifier").post(reverse("safety:order", args=[event.number])).status_code == 403
    assert client(people, "inspector").post(reverse("safety:plume", args=[event.number])).status_code == 403
    assert client(people, "duty").post(reverse("safety:repeat", args=[event.number])).status_code == 403
    duty, leader = client(people, "duty"), client(people, "leader")
    ask = {key: value for key, value in CHLORINE.items() if key != "term"} | {"term": "rate", "rate": "1"}
    duty.post(reverse("safety:plume", args=[event.number]), ask)
    duty.post(reverse("safety:plume", args=[event.number]), {**ask, "rate": "x"})
    assert ModelRun.objects.count() == 1
    duty.post(
        reverse("safety:act", args=[event.number]), {"action": "judge", "reason_code": "IV", "text": "属实"}
    )
    leader.post(reverse("safety:act", args=[event.number]), {"action": "respond", "text": "启动"})
    leader.post(
        reverse("safety:order", args=[event.number]), {"title": "清点", "department": "甲", "minutes": "5"}
    )
    order = EmergencyOrder.objects.get(title="清点")
    phone = client(people, "inspector")
    assert "清点" in phone.get(reverse("safety:orders")).content.decode()
    assert "清点" not in client(people, "colleague").get(reverse("safety:orders")).content.decode()
    phone.post(reverse("safety:order_act", args=[order.number]), {"action": "acknowledge"})
    phone.post(reverse("safety:order_act", args=[order.number]), {"action": "finish", "text": "已清点"})
    order.refresh_from_db()
    assert order.state == "done"
    partner = row("partners", people["duty"], name_zh="下游市", side="down")
    duty.post(reverse("safety:notice", args=[event.number]), {"partner": partner.number, "text": "通报"})
    duty.post(
        reverse("safety:release", args=[event.number]), {"kind": "first", "addressee": "省厅", "text": "初报"}
    )
    phone.post(reverse("safety:note", args=[event.number]), {"text": "到达现场"})
    stock_of(people, 3.0)
    lot = StockItem.objects.get()
    duty.post(
        reverse("safety:issue", args=[event.number]), {"stock": lot.number, "kind": "issue", "quantity": "1"}
    )
    lot.refresh_from_db()
    assert lot.quantity == 2.0 and DownstreamNotice.objects.count() == 1
    text = duty.get(page, {"item": "soda"}).content.decode()
    assert all(
        words in text for words in ("重气", "清点", "到达现场", "省厅", "签收链接", "一处足量", "<svg")
    )
    assert "Heavy gas" in client(people, "duty", "en").get(page).content.decode()
    run = ModelRun.objects.get()
    assert duty.post(reverse("safety:again", args=[event.number, run.pk]), follow=True).status_code == 200
    for name in (
        "centre",
        "stock",
        "contacts",
        "chemicals",
        "pollutants",
        "radiation",
        "card",
        "events_layer",
        "dose_layer",
    ):
        assert duty.get(reverse(f"safety:{name}")).status_code == 200, name
    asked = {"item": "soda", "quantity": "2", "longitude": "126.7", "latitude": "43.5"}
    assert "甲库" in duty.get(reverse("safety:stock"), asked).content.decode()
    assert duty.get(reverse("safety:stock"), {"item": "soda", "quantity": "x"}).status_code == 422
    layers = duty.get(reverse("safety:event_layers", args=[event.number])).json()["layers"]
    assert len(layers) == 5 and all(duty.get(layer["url"]).status_code == 200 for layer in layers)
    for register, card in (("emergency-events", "event"), ("stock-items", "stock")):
        number = event.number if card == "event" else lot.number
        assert duty.get(reverse(f"safety:{card}_card", args=[number])).status_code == 200
        assert duty.get(reverse(f"records:{register}")).status_code == 200
    answer = duty.get(reverse("safety:pack", args=[event.number]), {"reason": "现场用"})
    assert "attachment" in answer["Content-Disposition"]
