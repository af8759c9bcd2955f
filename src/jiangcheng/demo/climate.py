"""Activity data of three years, the carbon market, coal, low-carbon actions and risks of the demo city. Synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.signal import lfilter

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.climate import services
from jiangcheng.modules.climate.models import ActivityDatum, WeatherDay
from jiangcheng.standards import periods

ORIGIN = "演示数据，数量级参照城市统计年鉴"
ACTIVITIES = {
    "fuel.bituminous": 9.2e6, "fuel.lignite": 3.1e6, "fuel.coke": 6.4e5, "fuel.gasoline": 3.6e5, "fuel.diesel": 5.2e5,
    "fuel.natural_gas": 4.8e4, "fuel.lpg": 4.0e4, "heat.imported": 2.0e6, "process.clinker": 5.5e6, "process.lime": 3e5,
    "process.carbide": 9e4, "process.sf6": 0.4, "herd.dairy_other": 2.1e4, "herd.beef_other": 4.6e5,
    "herd.beef_breeding": 2.2e5, "herd.sheep_breeding": 1.1e5, "herd.pig": 1.4e6, "herd.poultry": 2.6e7,
    "crop.rice": 1.6e5, "crop.fertiliser_n": 1.5e5, "crop.manure_n": 3.2e4, "forest.growth": 2.4e6,
    "forest.loss": 9e5, "waste.landfill": 1.2e5, "waste.incinerated_msw": 7.5e5, "waste.incinerated_hw": 2.1e4,
    "waste.sewage_bod": 5.6e4, "waste.industrial_cod": 3.9e4, "waste.protein": 1.1e5, "economy.gdp": 1500.0,
}  # fmt: skip
"""Of the first year, in the units of the table of factors."""
WITH_WEATHER = 4
"""Counties with a station of their own; 35 years of days take their time."""
UNCERTAINTY = {"fuel": 5.0, "process": 5.0, "herd": 10.0, "crop": 10.0, "forest": 20.0, "waste": 15.0}


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of the climate; does nothing where activity data has been entered."""
    actor = User.objects.filter(username="department").first()
    if actor is None or ActivityDatum.objects.exists():
        return
    year = now.astimezone(periods.BEIJING).year
    for place in range(3):
        _activities(year - 3 + place, place, actor, now)
    services.freeze(year=year - 2, edition="2025", actor=actor, now=now)
    services.freeze(year=year - 1, edition="2025", actor=actor, now=now)
    progress(0.5, "activities")
    _market(year - 1, actor, now)
    _reductions(year, actor, now)
    _actions(now.astimezone(periods.BEIJING).date(), actor, now)
    _coal_and_climate(year, actor, now)
    counties = list(Region.objects.filter(level="county").order_by("code"))
    _weather(counties, now.astimezone(periods.BEIJING).date(), actor, now)
    progress(1.0, "climate")


def _activities(year: int, place: int, actor: User, now: dt.datetime) -> None:
    for kind, amount in ACTIVITIES.items():
        group = kind.partition(".")[0]
        yearly = 1.05 if group == "economy" else 0.985 if group == "fuel" else 1.01
        values = {
            "year": year, "kind": kind, "amount": round(amount * yearly**place, 2),
            "recovered": 1800.0 if kind == "waste.landfill" else 0.0, "uncertainty": UNCERTAINTY.get(group),
            "origin": ORIGIN,
        }  # fmt: skip
        _add("carbon-activities", values, actor, now)


def _market(year: int, actor: User, now: dt.datetime) -> None:
    verifier = User.objects.filter(username="verifier").first()
    for place, plant in enumerate(Facility.objects.filter(synthetic=True).order_by("code")[:5]):
        emission = 480_000.0 - 60_000 * place
        values = {
            "facility": plant, "year": year, "sector": ("发电", "水泥", "钢铁", "发电", "铝冶炼")[place],
            "emission": emission, "allowance": emission * 0.97, "surrendered": emission if place < 3 else 0.0,
            "due_at": now + dt.timedelta(days=40 if place < 4 else -3),
        }  # fmt: skip
        row = _add("carbon-enterprises", values, actor, now)
        records.act(record=row, action="verify", actor=actor, now=now, text="核查报告已提交（演示）")
        if place < 3 and verifier is not None:
            records.act(record=row, action="clear", actor=verifier, now=now)


def _reductions(year: int, actor: User, now: dt.datetime) -> None:
    for name, method, amount, east, north in (
        ("松花湖林场造林碳汇", "CCER-14-001-V01", 18_400.0, 126.8, 43.6),
        ("填埋场填埋气发电", "CM-001-V01", 42_000.0, 126.5, 43.9),
        ("养殖场沼气回收", "CMS-075-V01", 6_100.0, 127.1, 44.1),
    ):
        values = {
            "name_zh": name, "method": method, "amount": amount, "longitude": east, "latitude": north,
            "starts_date": dt.date(year - 1, 1, 1), "ends_date": dt.date(year - 1, 12, 31),
        }  # fmt: skip
        row = _add("carbon-reductions", values, actor, now)
        records.act(record=row, action="verify", actor=actor, now=now, text="核查报告（演示）")


def _actions(on: dt.date, actor: User, now: dt.datetime) -> None:
    kinds = (("bus", 18.0), ("bicycle", 6.0), ("walking", 4.0), ("sorting", 7.5), ("straw", 3.0))
    for place in range(15):
        kind, quantity = kinds[place % len(kinds)]
        values = {
            "account": f"DEMO-{place % 6 + 1:03d}", "action": kind, "quantity": quantity,
            "done_date": on - dt.timedelta(days=place), "voucher": f"DEMO-{place + 1:06d}",
        }  # fmt: skip
        row = _add("carbon-actions", values, actor, now)
        if place < 12:
            records.act(record=row, action="credit", actor=actor, now=now)


def _coal_and_climate(year: int, actor: User, now: dt.datetime) -> None:
    counties = list(Region.objects.filter(level="county").order_by("code"))
    for place, county in enumerate(counties[:6]):
        for back in (2, 1):
            quota = 1_500_000.0 - 150_000 * place
            values = {"unit": county.name_zh, "region": county, "year": year - back, "quota": quota}
            share = 0.91 + 0.02 * place - 0.01 * back
            _add("coal-uses", {**values, "used": round(quota * share)}, actor, now)
    hazards = ("flood", "flood", "drought", "heat", "cold", "snow")
    for place, (county, hazard) in enumerate(zip(counties, hazards, strict=False)):
        values = {
            "name_zh": f"{county.name_zh}风险点 {place + 1}", "region": county, "hazard": hazard,
            "level": str(place % 4 + 1), "assessed_date": dt.date(year, 3, 1), "exposed": 2000 + 700 * place,
            "measure": "预警到村、避险转移预案（演示）",
            "longitude": 126.3 + 0.15 * place, "latitude": 43.6 + 0.08 * place,
        }  # fmt: skip
        _add("climate-risks", values, actor, now)
    for back in range(5, 0, -1):
        for code, value in (
            ("tmean", 5.2 + 0.1 * (5 - back)),
            ("rain", 640.0 + 23 * back),
            ("hot_days", 2.0 + back % 3),
        ):
            values = {
                "year": year - back,
                "place": "吉林市城区（演示）",
                "code": code,
                "value": value,
                "origin": ORIGIN,
            }
            _add("climate-indices", {**values, "longitude": 126.55, "latitude": 43.84}, actor, now)


def _weather(counties: list[Region], last: dt.date, actor: User, now: dt.datetime) -> None:
    """Daily weather of some counties from 1991 on, that warms by 0.3 ℃ in ten years; synthetic. All have exposures."""
    first = dt.date(1991, 1, 1)
    days = np.arange((last - first).days)
    dates = [first + dt.timedelta(days=int(day)) for day in days]
    random = np.random.default_rng(1991)
    shared = lfilter([1.0], [1.0, -0.75], random.normal(0, 2.2, days.size))
    for place, county in enumerate(counties):
        if place < WITH_WEATHER:
            _station(place, county, dates, days, shared, random, actor, now)
        values = {
            "region": county, "year": last.year - 1, "population_density": 900.0 / (place + 1),
            "gdp_density": 4200.0 / (place + 1), "cropland_percent": min(55.0, 12.0 + 6 * place),
            "elderly_percent": 22.0 + place, "unprotected_percent": 20.0 + 5 * place,
            "rainfed_percent": 40.0 + 5 * place, "source": "演示数据",
        }  # fmt: skip
        _add("climate-exposures", values, actor, now)
    services.compute_climate(on=last, at=now)


def _station(
    place: int, county: Region, dates: list[dt.date], days: Any, shared: Any, random: np.random.Generator,
    actor: User, now: dt.datetime,
) -> None:  # fmt: skip
    """Add a station of a county with its days."""
    count, season = len(dates), np.cos(2 * np.pi * (days - 200) / 365.25)
    own = random.normal(0, 0.8, count)
    warm = 4.8 - 0.3 * (place % 4) + 18.5 * season + shared + own + 0.3 * days / 3652.5
    spread = 4.5 + random.gamma(4.0, 0.4, count)
    wet = random.random(count) < 0.24 + 0.10 * season
    rain = np.where(wet, random.gamma(0.55, (9.0 + 9.0 * season.clip(-0.7) + 0.3 * place), count), 0.0)
    values = {
        "code": f"DEMO{place + 1:02d}", "name_zh": f"{county.name_zh}站（演示）", "region": county,
        "longitude": 126.2 + 0.15 * place, "latitude": 43.3 + 0.1 * place, "elevation": 180.0 + 15 * place,
        "source": "演示数据，按气候特征随机生成",
    }  # fmt: skip
    station = _add("climate-stations", values, actor, now)
    table = np.round((warm + spread, warm - spread, rain), 1).T.tolist()
    WeatherDay.objects.bulk_create(
        (
            WeatherDay(station=station, day_date=day, highest=highest, lowest=lowest, rain=fallen)
            for day, (highest, lowest, fallen) in zip(dates, table, strict=True)
        ),
        batch_size=2000,
    )


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
