"""Registers, supplies, a past spill, a running drill and dose rates of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
import functools
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import PIL.Image
from django.core.files.base import ContentFile

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.demo import geography, noise, register, truth
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import DownstreamNotice, EmergencyEvent, Partner, StockItem, Warehouse
from jiangcheng.modules.safety.models.fields import end_of
from jiangcheng.standards import periods

PLANT = "91220200DEMO{:05d}A"
RIVER = "第二松花江"
SPILL_AT = 30.0
DOSE = (("DEMO-R-01", "龙潭辐射站(演示)", 126.60, 43.91), ("DEMO-R-02", "船营辐射站(演示)", 126.50, 43.84),
        ("DEMO-R-03", "蛟河辐射站(演示)", 127.34, 43.72))  # fmt: skip
DOSE_DAYS = 31


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where warehouses have been entered, but brings the dose rates up to now."""
    wanted = ("duty", "department", "leader", "verifier", "inspector")
    people = {user.username: user for user in User.objects.filter(username__in=wanted)}
    if len(people) < len(wanted) or not Facility.objects.filter(code=PLANT.format(2)).exists():
        return
    services.load()
    _dose_rates(now)
    progress(0.2, "dose rates")
    if Warehouse.objects.exists():
        return
    desk = _Desk(people, now)
    _rows(desk)
    _rectified(desk)
    progress(0.6, "safety registers")
    _past_spill(desk)
    _drill(desk)
    progress(1.0, "emergencies")


class _Desk:
    """Who writes, and what the marks of the table of rows mean: days from today, plants, counties, rows before."""

    def __init__(self, people: dict[str, User], now: dt.datetime) -> None:
        self.people, self.now = people, now
        self.on = now.astimezone(periods.BEIJING).date()
        self.regions = {region.code: region for region in Region.objects.filter(level=Region.Level.COUNTY)}
        self.written: dict[str, list[Record]] = defaultdict(list)

    def add(self, register: str, values: dict[str, Any]) -> None:
        """Add a row; what lies in a lot at the beginning goes in as a movement."""
        opening = values.pop("opening", 0.0)
        row = records.create(register=register, values=values, at=self.now, actor=self.people["department"])
        self.written[register].append(row)
        if opening:
            assert isinstance(row, StockItem)
            before = self.now - dt.timedelta(days=120)
            services.move(
                item=row,
                kind="in",
                quantity=opening,
                actor=self.people["duty"],
                at=before,
                text="期初（演示）",
            )

    def value(self, told: Any) -> Any:
        """Return what a cell of the table stands for."""
        if not isinstance(told, str) or not told.startswith("@"):
            return told
        kind, *rest = told[1:].split()
        if kind == "year":
            return self.on.year
        if kind in ("day", "end"):
            day = self.on + dt.timedelta(days=int(rest[0]))
            return end_of(day) if kind == "end" else day
        if kind == "plant":
            return self.plant(int(rest[0]))
        if kind == "region":
            return self.regions[rest[0]]
        return self.written[rest[0]][int(rest[1])].number

    @functools.cache  # noqa: B019 - the desk lives as long as the set-up
    def plant(self, number: int) -> Facility:
        """Return a plant of the demo city."""
        return Facility.objects.select_related("region").get(code=PLANT.format(number))


def _rows(desk: _Desk) -> None:
    """Add the rows of the table of rows, register by register."""
    for part in json.loads((geography.TABLES / "safety.json").read_text(encoding="utf-8")):
        for row in part["rows"]:
            told = {**part["common"], **dict(zip(part["fields"], row, strict=True))}
            desk.add(part["register"], {name: desk.value(value) for name, value in told.items()})


def _photo() -> ContentFile[bytes]:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (64, 48), "#7a8f6a").save(buffer, "JPEG")
    return ContentFile(buffer.getvalue(), name="photo.jpg")


def _rectified(desk: _Desk) -> None:
    """Let two hazards be rectified, and another person accept one: not who entered it or carried it out."""
    duty, planner = desk.people["duty"], User.objects.filter(username="planner").first()
    rows = desk.written["risk-hazards"][2:4]
    for row, days in zip(rows, (20, 28), strict=True):
        at = desk.now - dt.timedelta(days=days)
        records.act(record=row, action="rectify", actor=duty, now=at, text="已整改（演示）", files=[_photo()])
    if planner is not None:
        at = desk.now - dt.timedelta(days=26)
        records.act(
            record=rows[1], action="accept", actor=planner, now=at, text="现场核查（演示）", files=[_photo()]
        )


def _past_spill(desk: _Desk) -> None:
    """Tell a spill into the river from its report to its evaluation, a month ago."""
    duty, leader = desk.people["duty"], desk.people["leader"]
    start = desk.now.replace(minute=0, second=0, microsecond=0) - dt.timedelta(days=32)

    def at(minutes: float) -> dt.datetime:
        return start + dt.timedelta(minutes=minutes)

    plant = desk.plant(3)
    event = services.report(
        values={
            **_at_plant(plant), "name_zh": "江北化工二厂硝基苯入江（演示）", "kind": "river", "received_at": start,
            "place": "江北化工二厂雨水口", "substance": "nitrobenzene", "released_kg": 300.0, "intake": "township",
            "cause": "中间罐法兰泄漏，经雨水口入江",
        },
        actor=duty, now=start,
    )  # fmt: skip

    def act(minutes: float, action: str, who: User, text: str, level: str = "") -> None:
        details = {"reason_code": level} if level else {}
        records.act(record=event, action=action, actor=who, now=at(minutes), text=text, details=details)
        event.refresh_from_db()

    act(25, "judge", duty, "现场核实，乡镇水源取水中断", "III")
    act(60, "respond", leader, "启动较大级响应")
    for minutes, what in sorted(_answers(duty, event, at), key=lambda item: item[0]):
        if minutes < 190:
            what()
    act(190, "monitor", duty, "首批断面结果已报")
    act(3300, "end", leader, "各断面连续 24 小时达标")
    _said(event, "final", "吉林省生态环境厅", "处置结束，无人员伤亡", duty, at(3400))
    lot = StockItem.objects.get(item="carbon", minimum=50.0)
    services.move(
        item=lot, kind="return", quantity=6.0, actor=duty, at=at(3420), event=event, text="余量归还"
    )
    act(20_000, "evaluate", leader, "损害评估完成，预案已修订")


def _answers(
    duty: User, event: EmergencyEvent, at: Callable[[float], dt.datetime]
) -> Iterator[tuple[float, Callable[[], Any]]]:
    """Yield what was done in answer to the spill, each with its minute."""
    question = {"substance": "nitrobenzene", "mass": 300.0, "minutes": 90.0, "temperature": 8.0}
    yield (
        70,
        lambda: services.run_river(
            event=event, river=RIVER, kilometre=SPILL_AT, question=question, actor=duty, now=at(70)
        ),
    )
    yield 95, lambda: _said(event, "first", "吉林省生态环境厅", "初报：时间、地点、物质、影响", duty, at(95))
    yield 150, lambda: _said(event, "public", "市政府网站", "取水口已切换备用水源", duty, at(150))
    text = "硝基苯泄漏入江，预计峰值约两日后到达出境断面"
    partner = Partner.objects.get(side="down")
    yield 80, lambda: services.send_notice(event=event, partner=partner, text=text, actor=duty, now=at(80))
    yield (
        104,
        lambda: services.acknowledge_notice(
            notice=DownstreamNotice.objects.get(event_number=event.number),
            name="松原市值班室（演示）",
            now=at(104),
        ),
    )
    lot = StockItem.objects.get(item="carbon", minimum=50.0)
    yield (
        120,
        lambda: services.move(
            item=lot, kind="issue", quantity=20.0, actor=duty, at=at(120), event=event, text="投加"
        ),
    )
    for place, order in enumerate(queries.orders_of(event=event)):
        for minutes, action in ((64 + place, "acknowledge"), (81 + 15 * place, "finish")):
            step = functools.partial(records.act, record=order, action=action, actor=duty, now=at(minutes))
            yield minutes, functools.partial(step, text="已完成（演示）" if action == "finish" else "")


def _at_plant(plant: Facility) -> dict[str, Any]:
    return {
        "facility": plant, "region": plant.region, "longitude": plant.longitude, "latitude": plant.latitude
    }  # fmt: skip


def _said(event: EmergencyEvent, kind: str, to: str, text: str, actor: User, at: dt.datetime) -> None:
    services.release(event=event, kind=kind, addressee=to, text=text, actor=actor, now=at)


def _drill(desk: _Desk) -> None:
    """Begin a drill that still runs: chlorine, judged and responded to, some orders acknowledged."""
    duty, leader = desk.people["duty"], desk.people["leader"]
    start = desk.now - dt.timedelta(minutes=35)
    plant = desk.plant(2)
    event = services.report(
        values={
            **_at_plant(plant), "name_zh": "江北化工一厂液氯泄漏（演示演练）", "kind": "gas", "received_at": start,
            "place": "江北化工一厂液氯库", "substance": "chlorine", "evacuated": 5200,
            "cause": "演练：液氯钢瓶瓶阀断裂",
        },
        actor=duty, now=start, drill=True,
    )  # fmt: skip
    details = {"reason_code": "III"}
    records.act(
        record=event,
        action="judge",
        actor=duty,
        now=start + dt.timedelta(minutes=8),
        text="演练研判",
        details=details,
    )
    event.refresh_from_db()
    question = {
        "substance": "chlorine", "minutes": 30, "height": 0, "wind": 2.2, "direction": 255.0, "stability": "E",
        "temperature": 8.0, "met_source": "演练给定",
        "term": {"kind": "liquid", "area": 3e-5, "pressure": 7e5, "head": 0.8, "radius": 2.0},
    }  # fmt: skip
    services.run_plume(event=event, question=question, actor=duty, now=start + dt.timedelta(minutes=11))
    records.act(
        record=event, action="respond", actor=leader, now=start + dt.timedelta(minutes=14), text="演练启动"
    )
    event.refresh_from_db()
    for place, order in enumerate(queries.orders_of(event=event)[:4]):
        at = start + dt.timedelta(minutes=16 + place)
        records.act(record=order, action="acknowledge", actor=duty, now=at)
        if place < 2:
            records.act(
                record=order, action="finish", actor=duty, now=at + dt.timedelta(minutes=9), text="演练完成"
            )
    lot = StockItem.objects.get(item="soda")
    services.move(
        item=lot, kind="issue", quantity=6.0, actor=duty, at=start + dt.timedelta(minutes=20), event=event
    )
    services.note(event=event, text="演练指挥部到位", actor=leader, at=start + dt.timedelta(minutes=22))


def _dose_rates(now: dt.datetime) -> None:
    """Lay down the dose-rate stations, and append the hours that are missing."""
    rows = [
        {
            "code": code, "name_zh": name, "name_en": f"Dose rate {code[-2:]} (demo)", "kind": "manual",
            "longitude": x, "latitude": y, "attributes": {"element": "radiation"}, "synthetic": True,
            "valid_from_date": register.VALID_FROM,
        }
        for code, name, x, y in DOSE
    ]  # fmt: skip
    report = registry.import_register("stations", rows, actor=None, at=now)
    if report.errors:
        raise ValueError(f"the demo city's dose-rate stations were refused: {report.errors[:3]}")
    keys = dict(Station.objects.filter(code__in=[row[0] for row in DOSE]).values_list("code", "pk"))
    prop = ObservedProperty.objects.get(code="dose_rate").pk
    until = int(now.timestamp()) // periods.HOUR * periods.HOUR
    known = store.latest(stations=list(keys.values()), granularity=store.Granularity.HOUR)
    newest = max(known["start"].to_pylist(), default=0)
    starts = np.arange(max(until - DOSE_DAYS * periods.DAY, newest + periods.HOUR), until, periods.HOUR)
    if not len(starts):
        return
    for place, (code, pk) in enumerate(sorted(keys.items())):
        random = noise.generator(truth.SEED, "dose", code, int(starts[0]))
        rain = np.maximum(random.normal(-6, 5, starts.size), 0) * (starts // periods.DAY % 5 == 0)
        values = 78.0 + 4.0 * place + random.normal(0.0, 1.6, starts.size) + rain
        batch = store.Batch.of(
            granularity=int(store.Granularity.HOUR),
            start=starts,
            station=pk,
            property=prop,
            value=np.round(values, 2),
        )
        store.append(batch, source="demo:dose", received_at=now)
