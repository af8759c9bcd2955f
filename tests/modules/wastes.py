"""What the tests of the room of wastes do again and again: plans, manifests, their way, months of a ledger."""

from __future__ import annotations

import datetime as dt
import decimal

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste import services

D = decimal.Decimal
CODE, OIL = "900-041-49", "900-214-08"
CITY_PAGES = ("indicators", "balances", "card_home")
PAGES = ("overview", "flows", "hazardous", "codes", "manifests", "transport_layer", "units_layer")
DEPARTS = dt.datetime(2026, 11, 3, 1, tzinfo=dt.UTC)


def plant(code=city.PLANT):
    return Facility.objects.get(code=code)


def plan(people, add, code):
    row = add(
        "waste-plans", "enterprise", facility=plant(), year=2026, grade="key", code=code, waste_name="废物"
    )
    records.act(record=row, action="file", actor=people["enterprise"], now=city.AT)
    return row


def draft(people, code=CODE, tonnes="10", form="solid", route=()):
    values = {
        "carrier_code": city.OTHER_PLANT, "receiver_code": city.OTHER_PLANT, "plate": "吉B演1234",
        "departs_at": DEPARTS, "route": [list(place) for place in route],
    }  # fmt: skip
    row = services.draft(facility=plant(), values=values, actor=people["enterprise"], now=city.AT)
    services.add_item(
        manifest=row, code=code, name="沾染物", form=form, package="吨袋 10", declared=D(tonnes),
        actor=people["enterprise"], now=city.AT,
    )  # fmt: skip
    return row


def travel(people, row, at=DEPARTS, upto="arrive"):
    for who, action in (("enterprise", "issue"), ("rival", "ship"), ("rival", "arrive")):
        records.act(record=row, action=action, actor=people[who], now=at)
        if action == upto:
            return row
    return row


def months(add, code=OIL, months=3, generated=D(5), stream="hazardous", **more):
    for number in range(1, months + 1):
        add("waste-months", facility=plant(), stream=stream, code=code, month_date=dt.date(2026, number, 1),
            opening=generated * (number - 1), generated=generated, closing=generated * number, **more)  # fmt: skip
