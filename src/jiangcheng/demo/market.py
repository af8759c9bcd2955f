"""Rights, quantities, policies, loans, grades, funds and projects of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Outlet, Region
from jiangcheng.modules.market import services
from jiangcheng.modules.market.models import RightQuota
from jiangcheng.standards import periods


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of market and finance; does nothing where quotas have been entered."""
    actor = User.objects.filter(username="department").first()
    verifier = User.objects.filter(username="verifier").first()
    plants = list(Facility.objects.order_by("code")[:6])
    if actor is None or verifier is None or len(plants) < 3 or RightQuota.objects.exists():
        return
    on = now.astimezone(periods.BEIJING).date()
    _rights(plants, on.year, actor, verifier, now)
    _tax(plants, on, actor, now)
    progress(0.5, "rights")
    _insurance(plants, on, actor, now)
    _finance(plants, on, actor, verifier, now)
    progress(1.0, "market")


def _rights(plants: Sequence[Facility], year: int, actor: User, verifier: User, now: dt.datetime) -> None:
    for plant in plants[:3]:
        for right, item, amount in (("discharge", "so2", 80), ("carbon", "co2e", 120_000)):
            row = _add("right-quotas", {"facility": plant, "right": right, "item": item, "year": year,
                       "amount": Decimal(amount), "document": "演示文号"}, actor, now)  # fmt: skip
            records.act(record=row, action="book", actor=verifier, now=now)
    for place, (right, item, amount) in enumerate((("discharge", "so2", 12), ("carbon", "co2e", 5000))):
        row = _add("right-trades", {"facility": plants[0], "buyer": plants[1], "right": right, "item": item,
                   "year": year, "amount": Decimal(amount), "price": Decimal(85), "contract": f"演示-{year}-{place}"},
                   actor, now)  # fmt: skip
        records.act(record=row, action="review", actor=actor, now=now, text="材料齐全（演示）")
        if right == "discharge":
            records.act(record=row, action="settle", actor=verifier, now=now)


def _tax(plants: Sequence[Facility], on: dt.date, actor: User, now: dt.datetime) -> None:
    quarter = (on.month - 1) // 3 or 4
    year = on.year if on.month > 3 else on.year - 1
    outlets = Outlet.objects.filter(facility__in=plants[:4]).select_related("facility", "station")
    for outlet in outlets.order_by("facility__code", "number")[:4]:
        masses: tuple[tuple[str, int | None], ...] = (
            (("w01018", 5200), ("w21003", 310), ("w21011", None))
            if outlet.station.kind == "water_outlet"
            else (("a21026", 8200), ("a21002", 11900), ("a34013", 2100), ("a21005", 900))
        )
        for pollutant, mass in masses:
            values = {
                "facility": outlet.facility, "outlet": outlet.number, "year": year, "quarter": quarter,
                "pollutant": pollutant, "mass": None if mass is None else Decimal(mass), "method": "automatic",
                "below_percent": Decimal(35) if pollutant == "a21026" else None,
            }  # fmt: skip
            _add("tax-quantities", values, actor, now)
    services.take_online_masses(now=now, facilities=plants[:4])


def _insurance(plants: Sequence[Facility], on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, plant in enumerate(plants[:3]):
        values = {
            "facility": plant,
            "ground": "环境风险等级较大（演示）",
            "valid_from_date": dt.date(on.year, 1, 1),
        }
        _add("insurance-duties", values, actor, now)
        if place != 1:
            _add("insurance-policies", {"facility": plant, "insurer": "演示保险公司", "policy": f"演示-{place}",
                 "valid_from_date": on - dt.timedelta(days=100), "valid_to_date": on + dt.timedelta(days=265),
                 "cover": 500.0 + 100 * place, "premium": 6.0}, actor, now)  # fmt: skip
    services.watch_insurance(now=now)


def _finance(plants: Sequence[Facility], on: dt.date, actor: User, verifier: User, now: dt.datetime) -> None:
    for place, plant in enumerate(plants[:2]):
        _fund(place, plant, on, actor, verifier, now)
    for place, plant in enumerate(plants[:4]):
        grade = _add("performance-grades", {"facility": plant, "grade": "abcd"[place], "on_date": on,
                     "document": "演示文号"}, actor, now)  # fmt: skip
        records.act(record=grade, action="confirm", actor=verifier, now=now)
    services.publish_prices(actor=verifier, now=now)
    _add("green-loans", {"facility": plants[0], "bank": "演示银行", "project": "超低排放改造", "amount": 3200.0,
         "rate": 3.1, "granted_date": dt.date(on.year, 3, 1)}, actor, now)  # fmt: skip
    owner = User.objects.filter(username="enterprise").first()
    values = {"facility": plants[0], "bank": "bank", "purpose": "绿色信贷授信",
              "valid_from_date": dt.date(on.year, 1, 1), "valid_to_date": dt.date(on.year + 1, 1, 1)}  # fmt: skip
    _add("credit-consents", values, owner or actor, now)
    _esg(plants[0], on, actor, now)
    _add("esg-reports", {"facility": plants[0], "year": on.year - 1, "title": "ESG 报告（演示）", "environment": 78.0,
         "social": 81.0, "governance": 75.0}, actor, now)  # fmt: skip
    region = Region.objects.filter(level="county").order_by("code").first()
    for place, (name, kind) in enumerate((("松花江流域治理与文旅融合", "eod"), ("焦化余热利用", "green"))):
        values = {
            "name_zh": f"{name}（演示）", "kind": kind, "stage": "stored", "region": region, "owner": "市城投公司",
            "investment": 86_000.0 - 40_000 * place, "funded": 12_000.0, "industry": "文旅" if kind == "eod" else "",
            "longitude": 126.55 + 0.1 * place, "latitude": 43.85,
        }  # fmt: skip
        project = _add("finance-projects", values, actor, now)
        for step in range(6 if kind == "eod" else 0):
            for way, planned in (("cost", max(24_000 - 8000 * step, 600)), ("income", 4200 * step)):
                values = {
                    "project": project.number, "year": on.year - 1 + step, "kind": way, "planned": Decimal(planned),
                    "booked": Decimal(planned * 92 // 100 if step < 2 else 0), "source": "实施方案（演示）",
                }  # fmt: skip
                _add("project-returns", values, actor, now)


def _esg(plant: Facility, on: dt.date, actor: User, now: dt.datetime) -> None:
    latest = {
        "e_ghg": 182_000, "e_energy": 61_000, "e_renewable": 9, "e_hazardous": 38, "s_injuries": 2, "g_corruption": 92,
    }  # fmt: skip
    for back in range(3):
        for place, (code, value) in enumerate(latest.items()):
            told = Decimal(round(value * (1 + 0.02 * (2 - place % 4) * back)))
            values = {
                "facility": plant,
                "year": on.year - 1 - back,
                "indicator": code,
                "value": told,
                "source": "年度报告（演示）",
            }
            _add("esg-values", values, actor, now)


def _fund(place: int, plant: Facility, on: dt.date, actor: User, verifier: User, now: dt.datetime) -> None:
    for kind, amount in (("extract", 120 + 20 * place), ("use", 45 + 10 * place)):
        fund = _add("eco-funds", {"facility": plant, "year": on.year, "kind": kind, "amount": Decimal(amount),
                    "purpose": "废气治理设施运行", "voucher": f"演示-{place}-{kind}"}, actor, now)  # fmt: skip
        records.act(record=fund, action="book", actor=verifier, now=now)


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
