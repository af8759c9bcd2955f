"""The registers of water in the demo city: outfalls in every stage, sources with zones, waters, use, villages.

Everything is synthetic, written by the people of the demo through the doors of the rooms.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import PIL.Image
import shapely
import shapely.geometry
from django.core.files.base import ContentFile

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Facility, Region, Station
from jiangcheng.demo import geography, truth
from jiangcheng.modules.water import queries
from jiangcheng.modules.water import services as water
from jiangcheng.modules.water.models import DrinkingSource, Outfall
from jiangcheng.standards import periods

SECTIONS = (
    "DEMO-W-09",
    "DEMO-W-11",
    "DEMO-W-13",
    "DEMO-W-10",
    "DEMO-W-12",
    "DEMO-W-05",
    "DEMO-W-04",
    "DEMO-W-18",
)
"""Sections near which outfalls lie."""
STAGES = ("survey", "test", "trace", "plan", "treat", "close")
FLOWS = (("DEMO-W-07", "丰满坝下", 361.0, 161.0), ("DEMO-W-17", "白旗", 380.0, 161.0))
"""Section, name, base flow and base flow under ice [m³/s]; synthetic."""
SHARES = (0.93, 0.86, 1.06, 0.71, 0.88, 0.64, 0.91, 0.8, 0.95)
"""Use against quota, county by county."""


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """Who writes and who accepts, the counties, and the instant everything is told at."""

    officer: User
    verifier: User
    counties: tuple[Region, ...]
    now: dt.datetime

    def ago(self, days: float) -> dt.datetime:
        """Return an instant before now."""
        return self.now - dt.timedelta(days=days)

    def day(self, days: float = 0.0) -> dt.date:
        """Return a local day before now."""
        return self.ago(days).astimezone(periods.BEIJING).date()

    def add(self, register: str, days: float, number: str = "", /, **values: Any) -> Record:
        """Add a row some days ago."""
        return records.create(
            register=register, values=values, actor=self.officer, at=self.ago(days), number=number
        )

    def sample(self, subject: str, place: str, days: float, items: dict[str, float], **more: Any) -> None:
        """Add the results of one sample."""
        for item, value in items.items():
            self.add(
                "water-samples", days, subject=subject, place=place, sampled_at=self.ago(days), item=item,
                value=value, laboratory="演示监测站", **more,
            )  # fmt: skip

    def act(self, row: Record, action: str, days: float, *, verified: bool = False, photo: str = "") -> None:
        """Take a step some days ago."""
        records.act(
            record=row, action=action, actor=self.verifier if verified else self.officer, now=self.ago(days),
            text="合成数据", files=[_photo(photo)] if photo else [],
        )  # fmt: skip


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of water; does nothing where outfalls are already there."""
    people = {user.username: user for user in User.objects.filter(username__in=("department", "verifier"))}
    counties = tuple(Region.objects.filter(level=Region.Level.COUNTY).order_by("code"))
    if len(people) < 2 or not counties or Outfall.objects.exists():
        return
    desk = Desk(people["department"], people["verifier"], counties, now)
    told: tuple[tuple[str, Callable[[Desk], None]], ...] = (
        ("outfalls", _outfalls),
        ("sources", _sources),
        ("online", _online),
        ("waters", _waters),
        ("samples", _lakes),
        ("flow", _flow),
        ("use", _use),
        ("villages", _villages),
    )
    for place, (name, tell) in enumerate(told):
        progress(place / len(told), f"水环境 {name}")
        tell(desk)
    progress(1.0, "水环境 water")


def _outfalls(desk: Desk) -> None:
    sections = {row["code"]: row for row in geography.table("sections")}
    kinds = ("industry", "town", "other", "farm")
    for place in range(16):
        section = sections[SECTIONS[place % len(SECTIONS)]]
        number = f"DEMO-PK-{place + 1:03d}"
        row = desk.add(
            "outfalls",
            300,
            number,
            name_zh=f"{section['name_zh']}{place // len(SECTIONS) + 1}号排口（演示）",
            kind=kinds[place % len(kinds)],
            water_body=section["river_zh"],
            section_code=section["code"],
            target_class=int(section["target_class"]),
            longitude=float(section["longitude"]) + 0.004 * (1 + place // len(SECTIONS)),
            latitude=float(section["latitude"]) + 0.003,
            owner="演示责任主体",
            design_tons=500.0 * (place + 1),
        )
        _through_stages(desk, row, place % (len(STAGES) + 1), late=place == 11)


def _through_stages(desk: Desk, row: Record, steps: int, *, late: bool) -> None:
    """Take an outfall through its first steps, with what each of them asks for."""
    for place, action in enumerate(STAGES[:steps]):
        days = 280 - 40 * place
        if action == "test":
            values = {"cod": 42.0 + 3 * steps, "nh3n": 4.0 + steps, "tp": 0.4}
            desk.sample("outfall", row.number, days, values, limit=50.0 if steps % 2 else None)
        asked: dict[str, dict[str, Any]] = {
            "trace": {"trace_method": "instrument", "trace_result": "雨水管网混接生活污水（合成）"},
            "plan": {
                "treatment": ("regulate", "merge", "close")[steps % 3],
                "treatment_plan": "拆除混接，规范排口并立牌（合成）",
                "deadline_date": desk.day(10) if late else desk.day(-90),
            },
            "close": {"has_sign": True},
        }
        if wanted := asked.get(action):
            records.change(record=row, values=wanted, actor=desk.officer, at=desk.ago(days))
        photo = f"{row.number}-{action}" if action in ("survey", "treat") else ""
        desk.act(row, action, days, verified=action == "close", photo=photo)


def _sources(desk: Desk) -> None:
    named = (
        ("松花江一水源（演示）", "river", "city", 126.6313, 43.7744, 300_000.0),
        ("松花湖二水源（演示）", "lake", "city", 126.7100, 43.7000, 150_000.0),
        ("磐石地下水源（演示）", "ground", "county", 126.0650, 42.9500, 18_000.0),
        ("舒兰地下水源（演示）", "ground", "county", 126.9700, 44.4100, 15_000.0),
    )
    for place, (name, kind, level, longitude, latitude, tons) in enumerate(named):
        row = desk.add(
            "drinking-sources", 400, name_zh=name, kind=kind, level=level, longitude=longitude, latitude=latitude,
            daily_tons=tons, people=int(tons * 5), approved_by="演示批复",
        )  # fmt: skip
        for zone, radius in (("first", 0.006), ("second", 0.02)):
            desk.add(
                "source-zones", 390, source_number=row.number, region=row.region, level=zone,
                boundary=_disc(longitude, latitude, radius), valid_from_date=desk.day(390),
                approved_by="演示批复",
            )  # fmt: skip
        for line in queries.check_list(source=row, on=desk.day()):  # type: ignore[arg-type]
            answer = "unmet" if (place, line.code) in ((1, "video"), (3, "plan"), (3, "fence")) else "met"
            desk.add(
                "source-checks", 60, source_number=row.number, region=row.region, item=line.code, answer=answer,
                checked_date=desk.day(60),
            )  # fmt: skip
        ground = {
            "ph": 7.3,
            "hardness": 320.0,
            "fe": 0.25,
            "mn": 0.08 + 0.04 * place,
            "nh3n": 0.12,
            "as": 0.002,
        }
        surface = {"ph": 7.6, "do": 8.4, "codmn": 2.9, "nh3n": 0.14, "tp": 0.02, "cod": 11.0}
        desk.sample("source", row.number, 20, ground if kind == "ground" else surface, region=row.region)
        if place == 2:
            desk.add(
                "recharge-areas", 200, source_number=row.number, region=row.region, area_km2=42.0,
                boundary=_disc(longitude, latitude, 0.04), basis="演示划定报告", valid_from_date=desk.day(200),
            )  # fmt: skip
    desk.add(
        "backup-sources", 200, name_zh="丰满备用水源（演示）", kind="lake", longitude=126.72, latitude=43.71,
        daily_tons=120_000.0, days=90, is_ready=True, switch_plan="双管路切换，4 小时内供水（合成）",
        drilled_date=desk.day(100),
    )  # fmt: skip
    desk.add(
        "backup-sources", 200, name_zh="舒兰备用井群（演示）", kind="ground", longitude=126.98, latitude=44.42,
        daily_tons=8_000.0, is_ready=False,
    )  # fmt: skip
    # A plant beside an intake shows that things inside a zone are found by themselves.
    plant = Facility.objects.filter(synthetic=True).order_by("code").first()
    if plant is not None:
        row = desk.add(
            "drinking-sources", 300, name_zh="龙潭农村千吨万人水源（演示）", kind="ground", level="village",
            longitude=plant.longitude + 0.004, latitude=plant.latitude, daily_tons=1_200.0,
        )  # fmt: skip
        desk.add(
            "source-zones", 300, source_number=row.number, region=row.region, level="second",
            boundary=_disc(plant.longitude + 0.004, plant.latitude, 0.012), valid_from_date=desk.day(300),
        )  # fmt: skip


def _online(desk: Desk) -> None:
    """Bind an outfall to a plant's outlet with a limit it breaks now and then; cameras and patrols at a source."""
    outlet = Station.objects.filter(kind=Station.Kind.WATER_OUTLET, synthetic=True).order_by("code").first()
    outfall = Outfall.objects.order_by("number").first()
    if outlet is not None and outfall is not None:
        records.change(
            record=outfall, values={"station_code": outlet.code, "is_online": True}, actor=desk.officer,
            at=desk.ago(2),
        )  # fmt: skip
        for item, upper in (("nh3n", 5.0), ("cod", 50.0)):
            desk.add(
                "online-limits", 2, subject="outfall", place=outfall.number, item=item, upper=upper,
                region=outfall.region, valid_from_date=desk.day(200), basis="GB 18918-2002 表1 一级A（演示）",
            )  # fmt: skip
    source = DrinkingSource.objects.order_by("pk").first()
    if source is None or source.longitude is None or source.latitude is None:
        return
    place = {"region": source.region, "longitude": source.longitude + 0.003, "latitude": source.latitude}
    camera = desk.add(
        "source-cameras", 100, source_number=source.number, name_zh="取水口东侧（演示）", aim="intake",
        channel="22020000001320000001", checked_date=desk.day(6), **place,
    )  # fmt: skip
    for days, seen in ((9, "normal"), (2, "normal"), (0.2, "intrusion")):
        desk.add(
            "source-patrols", days, source_number=source.number, camera_number=camera.number, means="video",
            observed_at=desk.ago(days), seen=seen, description="合成数据", **place,
        )  # fmt: skip
    water.load()
    water.report_patrols(now=desk.now)


def _waters(desk: Desk) -> None:
    for section in geography.table("sections"):
        desk.add(
            "functional-zones", 500, name_zh=f"{section['river_zh']}{section['name_zh']}段（演示）",
            use="drinking" if section["target_class"] == "2" else "farming", water_body=section["river_zh"],
            target_class=int(section["target_class"]), section_code=section["code"], reach_from="起", reach_to="止",
            length_km=12.5, valid_from_date=dt.date(2016, 1, 1), region=desk.counties[0],
        )  # fmt: skip
    for place, kind in enumerate(("occupy", "dig", "pile", "build", "pile")):
        row = desk.add(
            "four-chaos", 40, kind=kind, water_body="第二松花江", reach="演示河段", chief="演示河长",
            description="合成数据", found_date=desk.day(40), area_m2=120.0 * (place + 1),
            region=desk.counties[place % len(desk.counties)],
        )  # fmt: skip
        for number, action in enumerate(("order", "submit", "close")[: min(place, 3)]):
            photo = f"chaos-{place}-{action}" if action != "close" else ""
            desk.act(row, action, 30 - 8 * number, verified=action == "close", photo=photo)
    _black(desk)
    for place in range(10):
        desk.add(
            "beautiful-waters", 300, name_zh=f"演示河湖{place + 1}", kind="lake" if place % 4 == 0 else "river",
            list_version="2025版", target_year=2027, region=desk.counties[place % len(desk.counties)],
            recognised_date=desk.day(120) if place < 4 else None,
        )  # fmt: skip
    algae = ((40, "sample", 1.2, None), (25, "sample", 6.5, 0.4), (12, "satellite", 22.0, 11.0))
    for days, means, density, area in algae:
        row = desk.add(
            "algae-events", days, name_zh="松花湖", station_code="DEMO-W-06", longitude=126.92, latitude=43.56,
            observed_at=desk.ago(days), means=means, density=density, area_percent=area, chla=density * 2,
            description="合成数据",
        )  # fmt: skip
        desk.act(row, "respond" if density > 10 else "end", days - 1)


def _black(desk: Desk) -> None:
    clean = {"transparency": 46.0, "do": 5.2, "orp": 110.0, "nh3n": 1.8}
    for place, name in enumerate(("演示沟一", "演示沟二", "演示沟三")):
        row = desk.add(
            "black-waters", 260, name_zh=name, place="city" if place else "rural", degree="light",
            region=desk.counties[place], length_m=900.0, depth_cm=60.0, cause="生活污水直排（合成）",
            measures="控源截污、清淤（合成）", owner="演示责任单位",
        )  # fmt: skip
        desk.sample(
            "black", row.number, 255, {**clean, "nh3n": 11.0, "do": 1.2}, point="1", region=row.region
        )
        if place == 0:
            continue
        desk.act(row, "treat", 240)
        if place == 1:
            continue
        desk.act(row, "assess", 120, photo="black-after")
        desk.sample("black", row.number, 90, clean, point="1", region=row.region)
        desk.act(row, "eliminate", 60, verified=True)


def _lakes(desk: Desk) -> None:
    """Chlorophyll, nitrogen and transparency of the lakes, month by month since January."""
    for number, code in enumerate(("DEMO-W-03", "DEMO-W-06", "DEMO-W-07")):
        for month in range(1, desk.day().month + 1):
            days = (desk.day() - desk.day().replace(month=month, day=1)).days - 9
            if days <= 0:
                continue
            warm = math.exp(-(((month - 8) / 2.5) ** 2))
            values = {
                "chla": round(3 + 14 * warm + number, 1),
                "tn": round(0.9 + 0.5 * warm, 2),
                "sd": round(2.2 - 0.9 * warm, 1),
            }
            desk.sample("section", code, days, values)


def _flow(desk: Desk) -> None:
    last = desk.day(1)
    first = dt.date(last.year, 1, 1)
    days = [first + dt.timedelta(days=number) for number in range(max(0, (last - first).days + 1))]
    lines = ["section,date,flow"]
    for number, (code, name, base, winter) in enumerate(FLOWS):
        desk.add(
            "base-flow-sections", 300, name_zh=f"{name}（演示）", river="第二松花江", section_code=code,
            base_flow=base, winter_flow=winter, winter_from_month=12, winter_to_month=3,
            basis="合成数据，非核定值", region=desk.counties[0],
        )  # fmt: skip
        noise = np.random.default_rng(truth.SEED + number).normal(0, 0.09, len(days))
        for day, ripple in zip(days, noise, strict=True):
            wanted = winter if day.month in (12, 1, 2, 3) else base
            summer = 0.5 * math.exp(-(((day.month - 7.5) / 2) ** 2))
            lines.append(f"{code},{day},{max(20.0, wanted * (1.16 + summer + ripple)):.1f}")
    water.record_flows(text="\n".join(lines), scope_codes=None, at=desk.now)


def _use(desk: Desk) -> None:
    through = desk.day().replace(day=1) - dt.timedelta(days=1)
    for place, county in enumerate(desk.counties):
        share = SHARES[place % len(SHARES)] * through.month / 12
        quota = 12_000.0 + 1_500 * place
        desk.add(
            "water-quotas", 20, region=county, year=through.year, quota=quota, through_date=through,
            farming=round(quota * share * 0.66), industry=round(quota * share * 0.2),
            households=round(quota * share * 0.12), ecology=round(quota * share * 0.02), gdp=80.0 + 20 * place,
            intensity_target=150.0,
        )  # fmt: skip
        for number in range(2):
            desk.add(
                "wells", 20, name_zh=f"{county.name_zh}{number + 1}号井（演示）", unit_name=f"{county.name_zh}单元",
                region=county, year=through.year, quota=60.0, abstracted=round(50 * share + 6 * number, 1),
                control_depth=12.0, depth=round(8.5 + 0.5 * place + 0.3 * number, 1), measured_date=through,
            )  # fmt: skip


def _villages(desk: Desk) -> None:
    treated = ("facility", "network", "reuse", "none")
    for place, county in enumerate(desk.counties):
        for number in range(4):
            sewage = treated[(place + number) % 4]
            running = "none" if sewage != "facility" else ("idle" if place == 3 else "normal")
            households = 240 + 30 * number
            desk.add(
                "villages", 90, name_zh=f"{county.name_zh}演示村{number + 1}", region=county, households=households,
                people=households * 3, sewage=sewage, facility_state=running, has_collection=number != 3,
                toilets=round(households * (0.6 + 0.1 * number)), checked_date=desk.day(90),
            )  # fmt: skip
        species: Sequence[str] = ("pig", "cattle", "poultry")
        for number, kind in enumerate(species):
            tons = 1_200.0 + 400 * number
            desk.add(
                "manure-farms", 90, name_zh=f"{county.name_zh}演示养殖场{number + 1}", region=county, species=kind,
                heads=2_000 * (number + 1), is_large=number < 2, has_facility=number < 2 and place != 4,
                year=desk.day().year, produced_tons=tons, treated_tons=round(tons * 0.97),
                used_tons=round(tons * (0.8 + 0.02 * (place % 6))), collector="演示收储运中心",
            )  # fmt: skip


def _disc(longitude: float, latitude: float, radius: float) -> dict[str, Any]:
    """Return a disc around a point as a GeoJSON polygon; the radius is in degrees."""
    shape = shapely.Point(longitude, latitude).buffer(radius, quad_segs=4)
    return dict(shapely.geometry.mapping(shapely.set_precision(shape, 1e-6)))


def _photo(name: str) -> ContentFile[bytes]:
    """Return a small grey picture; the demo has no photographs of real places."""
    written = io.BytesIO()
    shade = 80 + sum(name.encode()) % 120
    PIL.Image.new("RGB", (320, 240 + len(name)), (shade, shade, shade)).save(written, "JPEG")
    return ContentFile(written.getvalue(), name=f"{name}.jpg")
