"""Traces of the demo city, computed by the engines from its data; a park, reaches, a ledger. All synthetic."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import shapely
import shapely.geometry
from django.core.files.base import ContentFile

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry_queries
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Station
from jiangcheng.demo import components, geography, truth
from jiangcheng.methods.tracing import dispersion
from jiangcheng.modules.participation import services as participation
from jiangcheng.modules.source_tracing import services
from jiangcheng.modules.source_tracing.models import Candidate, TraceRun
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.standards import periods

HOUR = dt.timedelta(hours=1)
PARK = (126.575, 43.900, 126.640, 43.955)
"""West, south, east, north of the made-up park."""
FENCES = (
    ("N", "北厂界", "north", 126.607, 43.957),
    ("E", "东厂界", "east", 126.642, 43.930),
    ("S", "南厂界", "south", 126.607, 43.898),
    ("W", "西厂界", "west", 126.573, 43.930),
)
LEAK, CULPRIT = "91220200DEMO00002A", "91220200DEMO00019A"
"""Who leaks in the story of the park, and whose stack was over its limit."""
SPECIES = {"a24088": 0.25, "a25002": 0.012, "a25003": 0.03, "a25005": 0.02, "a31001": 0.008}
"""Usual concentration at the fence [mg/m³]."""
PROFILES = {
    LEAK: {"a24088": 1.0, "a25002": 0.05, "a25003": 0.62, "a25005": 0.2, "a31001": 0.02},
    "91220200DEMO00003A": {"a24088": 1.0, "a25002": 0.4, "a25003": 0.1, "a25005": 0.05, "a31001": 0.02},
    "91220200DEMO00004A": {"a24088": 1.0, "a25002": 0.1, "a25003": 0.05, "a25005": 0.05, "a31001": 0.3},
}
REACHES = (
    ("牤牛河", "牤牛河上段", "DEMO-W-12", 22.0, 0.2, 0.5, 14.0, 8.0),
    ("牤牛河", "DEMO-W-12", "DEMO-W-11", 4.5, 0.3, 0.7, 60.0, 20.0),
    ("第二松花江", "DEMO-W-08", "DEMO-W-09", 14.0, 0.4, 0.9, 420.0, 60.0),
    ("第二松花江", "DEMO-W-09", "DEMO-W-11", 9.0, 0.4, 0.9, 430.0, 60.0),
    ("第二松花江", "DEMO-W-11", "DEMO-W-13", 16.0, 0.4, 0.9, 440.0, 60.0),
    ("第二松花江", "DEMO-W-13", "DEMO-W-15", 15.0, 0.4, 0.9, 450.0, 60.0),
    ("第二松花江", "DEMO-W-15", "DEMO-W-17", 30.0, 0.4, 0.9, 460.0, 60.0),
    ("温德河", "温德河上段", "DEMO-W-10", 18.0, 0.2, 0.5, 12.0, 8.0),
)
OUTFALLS = (
    ("DEMO-MN-01", "牤牛河上段1号排口（演示）", (126.702, 43.801)),
    ("DEMO-MN-02", "牤牛河上段2号排口（演示）", (126.758, 43.777)),
)
HEAD = {"牤牛河上段": (126.80, 43.76), "温德河上段": (126.40, 43.70)}


@dataclasses.dataclass(frozen=True, slots=True)
class Desk:
    """Who acts, and when."""

    people: dict[str, User]
    now: dt.datetime

    def add(self, register: str, **values: Any) -> Any:
        """Add a row."""
        return records.create(register=register, values=values, actor=self.people["department"], at=self.now)


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where a run exists or the people are missing."""
    names = ("duty", "department", "verifier")
    people = {user.username: user for user in User.objects.filter(username__in=names)}
    if (
        len(people) < len(names)
        or TraceRun.objects.exists()
        or not Station.objects.filter(code="DEMO-W-12").exists()
    ):
        return
    desk = Desk(people, now.replace(minute=0, second=0, microsecond=0))
    progress(0.0, "tracing registers")
    _reaches(desk)
    _outfalls(desk)
    _ledger(desk)
    park = _park(desk)
    progress(0.3, "tracing air")
    _air(desk)
    progress(0.5, "tracing components")
    components.furnish(now=desk.now, people=people)
    progress(0.6, "tracing river")
    _river(desk)
    progress(0.7, "tracing odour and park")
    _leak(desk, park)
    services.settle(now=now)
    services.compute_indicators(on=now.astimezone(periods.BEIJING).date(), at=now)
    progress(1.0, "tracing")


def _reaches(desk: Desk) -> None:
    at = {
        row.code: (row.longitude, row.latitude) for row in Station.objects.filter(code__startswith="DEMO-W-")
    } | HEAD
    for river, upper, lower, length, slow, fast, area, spread in REACHES:
        desk.add(
            "river-reaches", river=river, upper=upper, lower=lower, length_km=length, slow=slow, fast=fast,
            area_m2=area, spread=spread, decay=0.05, basis="演示数据，非实测",
            course={"type": "LineString", "coordinates": [list(at[upper]), list(at[lower])]},
        )  # fmt: skip


def _outfalls(desk: Desk) -> None:
    """Add two outfalls on the upper Mangniu, so that there is something to choose from."""
    cells = [registry_queries.leaf_grid(*place, desk.now.date()) for _, _, place in OUTFALLS]
    for (number, name, place), cell in zip(OUTFALLS, cells, strict=True):
        values = {
            "name_zh": name, "kind": "industry", "region": cell.region if cell else None, "longitude": place[0],
            "latitude": place[1], "water_body": "牤牛河", "section_code": "DEMO-W-12", "owner": "演示责任单位",
        }  # fmt: skip
        records.create(
            register="outfalls", values=values, actor=desk.people["department"], at=desk.now, number=number
        )


def _ledger(desk: Desk) -> None:
    told: tuple[tuple[str, str, bool, float, float, dict[str, Any]], ...] = (
        ("演示地块一", "Cd", True, 5.8, 0.62, {
            "result": "irrigation", "result_text": "灌渠底泥与土壤镉同位素相近（合成）", "treatment": "safe_use",
            "considered": "灌溉水、磷肥、大气沉降、地质背景", "traced_date": desk.now.date(),
        }),
        ("演示地块二", "As", False, 6.8, 44.0, {
            "no_result_reason": "上游废弃矿山权属不清，等待确权后采样（合成）", "considered": "尾矿库、地质背景",
            "treatment": "planned",
        }),
        ("演示地块三", "Cd", False, 6.1, 0.41, {"considered": "灌溉水"}),
        ("演示地块四", "Pb", False, 7.0, 38.0, {}),
    )  # fmt: skip
    counties = geography.table("counties")
    for place, (name, metal, paddy, acidity, value, more) in enumerate(told):
        county = counties[4 + place]
        cell = registry_queries.leaf_grid(
            float(county["seat_longitude"]) + 0.03, float(county["seat_latitude"]) + 0.02, desk.now.date()
        )
        plot = desk.add(
            "farm-plots", name_zh=name, region=cell.region if cell else None, metal=metal, paddy=paddy, acidity=acidity,
            area_mu=35.0 + 20 * place, longitude=float(county["seat_longitude"]) + 0.03,
            latitude=float(county["seat_latitude"]) + 0.02, **more,
        )  # fmt: skip
        desk.add(
            "farm-samples", plot=plot.number, metal=metal, value=value, sampled_date=desk.now.date() - dt.timedelta(90),
            depth_cm="0-20", laboratory="演示检测机构",
        )  # fmt: skip


def _park(desk: Desk) -> Any:
    outline = dict(shapely.geometry.mapping(shapely.box(*PARK)))
    park = desk.add(
        "parks", name_zh="江北化工园区（演示）", name_en="Jiangbei chemical park (demo)", outline=outline
    )
    rows = []
    for code, zh, en, longitude, latitude in FENCES:
        cell = registry_queries.leaf_grid(longitude, latitude, desk.now.date())
        if cell is None:
            continue
        rows.append(
            {
                "code": f"DEMO-F-{code}", "name_zh": f"江北园区{zh}(演示)", "name_en": f"Jiangbei park, {en} (demo)",
                "kind": "air", "region": cell.region.code, "grid_cell": cell.code, "longitude": longitude,
                "latitude": latitude, "attributes": {"class": "厂界", "evaluated": False}, "synthetic": True,
                # Loaded once and never sent again: nobody should miss it.
                "expected_interval": 90 * 86_400, "valid_from_date": "2024-01-01",
            }
        )  # fmt: skip
        desk.add("fence-stations", park=park.number, station_code=f"DEMO-F-{code}", side=zh)
    registry.import_register("stations", rows, actor=None, at=desk.now)
    for facility, species in PROFILES.items():
        plant = Facility.objects.filter(code=facility).first()
        if plant is not None:
            desk.add(
                "source-profiles", name_zh=f"{plant.name_zh} 装置区", facility=plant, industry=plant.industry,
                species=species, basis="演示指纹，非实测", method="HJ 759（合成）",
                measured_date=desk.now.date() - dt.timedelta(200),
            )  # fmt: skip
    return park


def _air(desk: Desk) -> None:
    """Two events: a stack over its limit two days ago, and an ordinary morning with nothing behind it."""
    told = (("2868A", "a21004", 55, 7), ("1775A", "a21026", 30, 6))
    for number, (station, observed, ago, hours) in enumerate(told):
        start = desk.now - ago * HOUR
        run = services.ask(
            kind="air", station=Station.objects.get(code=station), observed=observed, start=start,
            end=start + hours * HOUR, now=start + (hours + 1) * HOUR, actor=desk.people["duty"],
        )  # fmt: skip
        run = services.work(run=run, clock=lambda at=start + (hours + 1) * HOUR: at)  # type: ignore[misc]
        if run.state != TraceRun.State.DONE:
            continue
        at = start + (hours + 2) * HOUR
        for row in services.dispatch(run=run, most=3 - number, actor=desk.people["duty"], now=at):
            # Its stack was over the limit, but the wind of the hours did not come from there.
            close = "unclear" if row.code == CULPRIT else "rejected"
            if number == 0 or row.rank == 1:
                _close(desk, row, close, at)


def _close(desk: Desk, row: Candidate, conclusion: str, at: dt.datetime) -> None:
    texts = {
        "confirmed": "现场查实装置区泄漏，走航与指纹一致，已停产消缺（演示）",
        "unclear": "排放口事件时段确有超标，但风向不支持到达该站（演示）",
        "rejected": "事件时段停产检修，现场无异常（演示）",
    }
    department = desk.people["department"]
    steps: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("accept", "duty", {}),
        ("dispatch", "duty", {"details": {"handler": department.pk}}),
        ("sign", "department", {}),
        ("submit", "department", {
            "text": texts[conclusion], "details": {"reason_code": conclusion}, "files": [_photo(row.code)],
        }),
        ("pass", "verifier", {}),
    )  # fmt: skip
    assert row.case is not None
    for number, (action, who, more) in enumerate(steps, start=1):
        cases.act(case=row.case, action=action, actor=desk.people[who], now=at + number * HOUR / 3, **more)


def _river(desk: Desk) -> None:
    start = desk.now - 88 * HOUR
    run = services.ask(
        kind="river", station=Station.objects.get(code="DEMO-W-12"), observed="w21003", start=start,
        end=start + 28 * HOUR, now=start + 30 * HOUR, actor=desk.people["duty"],
    )  # fmt: skip
    services.work(run=run, clock=lambda: start + 30 * HOUR)


def _leak(desk: Desk, park: Any) -> None:
    """A leak in the park: the fence alarms, people downwind complain, both are traced."""
    plant = Facility.objects.get(code=LEAK)
    frame = Frame(plant.longitude, plant.latitude)
    hours = [desk.now - HOUR * n for n in range(72, 2, -1)]
    wind = _wind(hours)
    windy = [i for i, (speed, direction) in enumerate(wind) if 1.0 <= speed <= 6.0 and np.isfinite(direction)]
    if not windy:
        return
    at, (speed, direction) = hours[windy[-1]], wind[windy[-1]]
    fences = list(Station.objects.filter(code__startswith="DEMO-F-").order_by("code"))
    places = frame.plane([f.longitude for f in fences], [f.latitude for f in fences])
    unit = dispersion.response(
        [[0.0, 0.0, 15.0]], np.column_stack([places, np.full(len(fences), 3.0)]), wind=[speed], direction=[direction],
        stability=[4.0], size=100.0,
    )[0, :, 0]  # fmt: skip
    rise = np.where(unit > 0, unit / max(float(unit.max()), 1e-30), 0.0)
    # At the station the plume hits hardest, toluene is one and a half times its level.
    peak = 0.9 / PROFILES[LEAK]["a25003"]
    store.acknowledge("source_tracing.fences", store.last_sequence())
    _load(fences, hours, at, {code: rise * peak * share for code, share in PROFILES[LEAK].items()}, wind)
    _complain(plant, direction, at)
    told = at + HOUR + dt.timedelta(minutes=5)
    services.watch_fences(now=told)
    services.ask(
        kind="odour", start=at - HOUR, end=at + 3 * HOUR, now=told + 2 * HOUR,
        place=_downwind(plant, direction, 1500.0, 0.0), trigger=TraceRun.Trigger.COMPLAINT,
    )  # fmt: skip
    for run in TraceRun.objects.filter(state=TraceRun.State.WAITING):
        services.work(run=run, clock=lambda: told + 3 * HOUR)
    traced = TraceRun.objects.filter(kind=TraceRun.Kind.VOC, state=TraceRun.State.DONE).first()
    if traced is not None:
        for row in services.dispatch(run=traced, most=2, actor=desk.people["duty"], now=told):
            _close(desk, row, "confirmed" if row.code == LEAK else "rejected", told - 2 * HOUR)


def _wind(hours: list[dt.datetime]) -> list[tuple[float, float]]:
    station = Station.objects.get(code="DEMO-M-01")
    keys = dict(
        ObservedProperty.objects.filter(code__in=("a01007", "a01008"), statistic="avg").values_list(
            "code", "pk"
        )
    )
    table = store.read(
        stations=[station.pk], properties=list(keys.values()), granularity=store.Granularity.HOUR, start=hours[0],
        end=hours[-1] + HOUR,
    )  # fmt: skip
    rows = zip(*(table[name].to_pylist() for name in ("start", "property", "value")), strict=True)
    found = {(start, key): value for start, key, value in rows}
    return [
        (
            found.get((int(at.timestamp()), keys["a01007"]), float("nan")),
            found.get((int(at.timestamp()), keys["a01008"]), float("nan")),
        )
        for at in hours
    ]


def _load(
    fences: list[Station], hours: list[dt.datetime], at: dt.datetime, rise: dict[str, np.ndarray],
    wind: list[tuple[float, float]],
) -> None:  # fmt: skip
    random = np.random.default_rng(truth.SEED)
    keys = dict(
        ObservedProperty.objects.filter(code__in=[*SPECIES, "a01007", "a01008"], statistic="avg").values_list(
            "code", "pk"
        )
    )
    starts, stations, properties, values = [], [], [], []
    for place, fence in enumerate(fences):
        for code, usual in SPECIES.items():
            series = usual * np.exp(0.15 * random.standard_normal(len(hours)))
            series[hours.index(at)] += rise[code][place]
            for hour, value in zip(hours, series, strict=True):
                starts.append(int(hour.timestamp()))
                stations.append(fence.pk)
                properties.append(keys[code])
                values.append(round(float(value), 4))
        turn = random.normal(0, 6)
        for hour, (speed, direction) in zip(hours, wind, strict=True):
            if np.isfinite(speed) and np.isfinite(direction):
                for code, value in (("a01007", speed * 0.95), ("a01008", (direction + turn) % 360)):
                    starts.append(int(hour.timestamp()))
                    stations.append(fence.pk)
                    properties.append(keys[code])
                    values.append(round(float(value), 2))
    batch = store.Batch.of(
        granularity=int(store.Granularity.HOUR), start=np.array(starts), station=np.array(stations),
        property=np.array(properties), value=np.array(values),
    )  # fmt: skip
    store.append(batch, source="demo:fence", received_at=hours[-1] + HOUR)


def _complain(plant: Facility, direction: float, at: dt.datetime) -> None:
    """Six households downwind, one of which calls four times, and a stray complaint elsewhere."""
    spots = [
        (1300.0, 60.0),
        (1500.0, -120.0),
        (1800.0, 40.0),
        (2100.0, 180.0),
        (1600.0, 150.0),
        (2400.0, -90.0),
    ]
    calls = [(place, f"1390000{n:04d}", n) for n, place in enumerate(spots)]
    calls += [(spots[0], "1390000 0000", 10 + n) for n in range(3)] + [((-3000.0, 2500.0), "13911110000", 20)]
    for (down, across), contact, number in calls:
        longitude, latitude = _downwind(plant, direction, down, across)
        try:
            participation.complain(
                text="有刺鼻的化工异味（演示）", kind="air", address=f"198.51.100.{number}",
                at=at + dt.timedelta(minutes=25 + 3 * number), longitude=longitude, latitude=latitude, contact=contact,
            )  # fmt: skip
        except participation.Refused:
            continue


def _downwind(plant: Facility, direction: float, down: float, across: float) -> tuple[float, float]:
    angle = np.radians(direction + 180.0)
    east = down * np.sin(angle) + across * np.cos(angle)
    north = down * np.cos(angle) - across * np.sin(angle)
    longitude, latitude = Frame(plant.longitude, plant.latitude).degrees([[east, north]])[0]
    return longitude, latitude


def _photo(name: str) -> ContentFile[bytes]:
    """Return a small picture of one colour; the demo has no photographs of real places."""
    written = io.BytesIO()
    shade = 60 + sum(name.encode()) % 140
    PIL.Image.new("RGB", (320, 240 + len(name)), (shade, 90, shade)).save(written, "JPEG")
    return ContentFile(written.getvalue(), name=f"{name}.jpg")
