"""The story of an emergency, of a drill beside it, and of the registers behind them."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.portal.models import ContactPoint, Delivery, Message
from jiangcheng.core.records import services as records
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
from modules.emergency import CHLORINE, NOW, PLACE, begin, cards, client, row, states, step, stock_of


@pytest.fixture
def people(town):
    services.load()
    return city.people()


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
