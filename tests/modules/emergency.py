"""An event of the tests of the room `safety`, and who does what to it."""

from __future__ import annotations

import datetime as dt

from django.test import Client

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.safety import queries, services

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
