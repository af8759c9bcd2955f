"""Inputs of three years, products, rights, agreements, funds and titles of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region, Station
from jiangcheng.modules.ecovalue import services
from jiangcheng.modules.ecovalue.models import GepInput
from jiangcheng.standards import periods

ORIGIN = "演示数据，非实测"
INPUTS: dict[tuple[str, str], dict[str, float]] = {
    ("supply", "水稻"): {"E": 1.05e6, "p": 2900.0},
    ("supply", "玉米"): {"E": 4.6e6, "p": 2200.0},
    ("water_retention", "森林"): {"A": 1.48e10, "P": 680.0, "R": 32.0, "ET": 505.0, "c": 8.6},
    ("water_retention", "草地"): {"A": 3.1e8, "P": 680.0, "R": 70.0, "ET": 470.0, "c": 8.6},
    ("soil_retention", "森林"): {
        "R": 2600.0, "K": 0.04, "LS": 3.1, "C": 0.03, "SP": 1.0, "A": 1.48e6, "sediment": 0.24, "rho": 1.35,
        "c": 26.0, "CN": 0.0021, "CP": 0.0006, "pN": 1750.0, "pP": 2800.0,
    },
    ("flood_reservoir", "松花湖水库"): {"V": 1.08e10, "c": 8.6},
    ("flood_marsh", "沼泽"): {"A": 9.5e7, "c": 8.6},
    ("air_purification", "二氧化硫"): {"q": 12.0, "A": 14800.0, "emitted": 9800.0, "c": 1260.0},
    ("water_purification", "化学需氧量"): {"q": 110.0, "A": 640.0, "emitted": 51000.0, "c": 1400.0},
    ("carbon", "森林"): {"NEP": 1.9e6, "p": 68.0},
    ("climate_vegetation", "森林"): {"EPP": 930.0, "S": 14800.0, "D": 45.0, "r": 3.0, "p": 0.53},
    ("climate_water", "水面"): {"E": 3.2e8, "rho": 1000.0, "q": 2.45e3, "gamma": 125.0},
    ("culture", "松花湖"): {"N": 6.4e6, "fee": 420.0, "time": 60.0},
}  # fmt: skip
"""Of the first year; the price of cooled water is left out, so that an account shows what a gap looks like."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of ecosystem value; does nothing where inputs have been entered."""
    actor = User.objects.filter(username="department").first()
    if actor is None or GepInput.objects.exists():
        return
    year = now.astimezone(periods.BEIJING).year
    for place in range(3):
        _inputs(year - 3 + place, place, actor, now)
        services.freeze(year=year - 3 + place, actor=actor, now=now)
    progress(0.6, "inputs")
    _products(year, actor, now)
    _agreements(year, actor, now)
    _titles(year, actor, now)
    progress(1.0, "ecovalue")


def _inputs(year: int, place: int, actor: User, now: dt.datetime) -> None:
    for (service, label), symbols in INPUTS.items():
        for symbol, value in symbols.items():
            grown = value * (1 + 0.015 * place) if symbol in {"E", "N", "P", "p", "c"} else value
            values = {
                "year": year,
                "service": service,
                "label": label,
                "symbol": symbol,
                "value": round(grown, 6),
            }
            _add("gep-inputs", {**values, "origin": ORIGIN}, actor, now)


def _products(year: int, actor: User, now: dt.datetime) -> None:
    verifier = User.objects.filter(username="verifier").first()
    steps = ("register", "value", "apply", "trade")
    for place, (name, kind, holder) in enumerate(
        (("松花湖水源涵养林", "water_retention", "市林业局"), ("蛟河林下参", "supply", "某合作社"),
         ("舒兰稻田湿地", "water_purification", "某镇政府"), ("北大湖冰雪景区", "culture", "某景区公司"),
         ("桦甸林业碳汇", "carbon", "某林场"))
    ):  # fmt: skip
        values = {
            "name_zh": name, "kind": kind, "holder": holder, "area": 1200.0 + 300 * place, "value": 800.0 + 250 * place,
            "basis": f"{year - 1} 年核算结果", "longitude": 126.6 + 0.1 * place, "latitude": 43.6 + 0.1 * place,
        }  # fmt: skip
        row = _add("eco-products", values, actor, now)
        for step in steps[:place]:
            who = verifier if step == "register" else actor
            if who is not None:
                records.act(record=row, action=step, actor=who, now=now, text="演示")
    for region in Region.objects.filter(level="county").order_by("code")[:3]:
        values = {
            "name_zh": f"{region.name_zh}河湖登记单元",
            "region": region,
            "kind": "水流",
            "owner": "全民所有",
        }
        _add(
            "nature-rights",
            {**values, "area": 5200.0, "registered_date": dt.date(year - 1, 6, 1)},
            actor,
            now,
        )
    use = {
        "kind": "finance",
        "title": "水源涵养林收益权质押贷款（演示）",
        "version": f"{year - 1}-v1",
        "amount": 1500.0,
    }
    _add("gep-uses", {**use, "version": f"{year - 1}-v1", "used_date": dt.date(year, 3, 15)}, actor, now)


def _agreements(year: int, actor: User, now: dt.datetime) -> None:
    sections = Station.objects.filter(kind="water").order_by("code")[:2]
    for place, section in enumerate(sections):
        values = {
            "name_zh": f"{section.name_zh}横向补偿协议（演示）", "upper": "上游县（市）", "lower": "下游县（市）",
            "station": section.code, "item": ("nh3n", "codmn")[place], "target": (0.5, 4.0)[place], "base": 50.0,
            "cap": 200.0, "reward_below": (0.15, 2.0)[place], "reward": 10.0,
            "valid_from_date": dt.date(year - 2, 1, 1),
        }  # fmt: skip
        _add("compensation-agreements", values, actor, now)
    for kind, amount in (("forest", 5200.0), ("wetland", 640.0), ("zone", 3100.0)):
        values = {"kind": kind, "year": year - 1, "payer": "省财政厅", "payee": "市财政局", "amount": amount}
        _add("compensation-funds", {**values, "document": "演示文号"}, actor, now)


def _titles(year: int, actor: User, now: dt.datetime) -> None:
    for place, region in enumerate(Region.objects.filter(level="county").order_by("code")[:3]):
        values = {
            "name_zh": region.name_zh, "region": region, "kind": ("demonstration", "mountains", "park")[place],
            "level": ("国家级", "国家级", "省级")[place], "titled_date": dt.date(year - 2, 11, 1),
            "met": 30 - 2 * place, "indicators": 32, "longitude": 126.4 + 0.2 * place, "latitude": 43.7,
        }  # fmt: skip
        _add("nature-titles", values, actor, now)


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
