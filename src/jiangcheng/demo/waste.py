"""Two years of wastes of the demo city: ledgers that hang together with manifests, and some that do not. Synthetic."""

from __future__ import annotations

import datetime as dt
import decimal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as office
from jiangcheng.core.records import services as records
from jiangcheng.core.records.services import PastRow, PastStep
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.demo import city, truth
from jiangcheng.modules.waste import services
from jiangcheng.modules.waste.models import Manifest, ManifestItem, TrackPoint, WasteMonth
from jiangcheng.modules.waste.rules import manifests as rules
from jiangcheng.modules.waste.rules import tables
from jiangcheng.standards import periods

D = decimal.Decimal
DISPOSER, CARRIER = "91220200DEMO00091A", "91220200DEMO00092A"
SITES = (
    (
        DISPOSER,
        "江城危险废物处置中心(演示)",
        "Hazardous Waste Centre (demo)",
        "危险废物处置",
        126.700,
        43.950,
    ),
    (CARRIER, "江城危货运输公司(演示)", "Dangerous Goods Transport (demo)", "道路运输", 126.560, 43.900),
)
PEOPLE = (("carrier", "演示承运单位", CARRIER), ("receiver", "演示接受单位", DISPOSER))
OIL, PACKAGES, CARBON, CATALYST, ASH, LAB, PAINT, DUST = (
    "900-214-08",
    "900-041-49",
    "900-039-49",
    "772-007-50",
    "772-002-18",
    "900-047-49",
    "900-252-12",
    "312-001-23",
)
NAMES = {
    OIL: "废润滑油",
    PACKAGES: "沾染性废包装物",
    CARBON: "废活性炭",
    CATALYST: "废脱硝催化剂",
    ASH: "焚烧飞灰",
    LAB: "实验室废液",
    PAINT: "漆渣",
    DUST: "电炉除尘灰",
}
LIQUID = (OIL, LAB)
MAKES = {
    1: ((OIL, 1.2), (CATALYST, 2.0)),
    2: ((PACKAGES, 6.0), (OIL, 2.5), (CARBON, 4.0)),
    3: ((PACKAGES, 5.0), (LAB, 0.6)),
    4: ((OIL, 1.1), (CARBON, 2.2)),
    5: ((DUST, 9.0),),
    6: ((LAB, 0.3),),
    7: ((OIL, 0.8),),
    8: ((PACKAGES, 3.2), (LAB, 1.5)),
    9: ((OIL, 0.2),),
    10: ((OIL, 0.2),),
    11: ((OIL, 0.7),),
    12: ((OIL, 1.5), (PACKAGES, 2.0)),
    13: ((OIL, 1.0),),
    14: ((OIL, 0.5),),
    15: ((LAB, 0.3),),
    16: ((LAB, 0.2),),
    17: ((OIL, 0.9),),
    18: ((OIL, 0.2),),
    19: ((OIL, 1.4), (CATALYST, 2.5)),
    20: ((PACKAGES, 4.5), (CARBON, 3.0)),
    21: ((ASH, 260.0), (OIL, 0.6)),
    22: ((OIL, 1.0),),
    23: ((LAB, 0.2),),
    24: ((OIL, 0.6),),
    25: ((LAB, 0.2),),
    26: ((OIL, 0.6),),
    27: ((LAB, 0.2),),
    28: ((DUST, 85.0), (OIL, 4.0)),
    29: ((OIL, 1.2),),
    30: ((PAINT, 1.8), (OIL, 0.9)),
}
"""By the number of the plant: code and what arises in a month [t]."""
INDUSTRIAL = {
    1: ("SW02", "粉煤灰", 9000.0),
    2: ("SW03", "炉渣", 2600.0),
    5: ("SW01", "冶炼废渣", 5200.0),
    7: ("SW03", "炉渣", 900.0),
    12: ("SW15", "造纸白泥", 700.0),
    19: ("SW02", "粉煤灰", 8200.0),
    22: ("SW02", "粉煤灰", 2400.0),
    28: ("SW01", "冶炼废渣", 21000.0),
    30: ("SW59", "废玻璃", 400.0),
}
LOST, JUMPED, UNPLANNED = (3, PACKAGES), (8, LAB), (18, OIL)
"""A unit out of balance, one whose last month stands out, one without a plan."""
LOST_TONNES = D("1.8")
MILLI = D("0.001")
SMALL = D("0.300")
"""On each trip of these days [t]."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room; does nothing where a ledger has been filled."""
    people = {
        user.username: user
        for user in User.objects.filter(username__in=("department", "leader", "verifier", "enterprise"))
    }
    plants = {
        int(plant.code[12:17]): plant
        for plant in Facility.objects.filter(synthetic=True, code__startswith="91220200DEMO").select_related(
            "region"
        )
    }
    if len(people) < 4 or not plants or WasteMonth.objects.exists():
        return
    filler = _Filler(people, plants, now)
    for share, fill in enumerate(
        (filler.parties, filler.ledgers, filler.plans, filler.stores, filler.registers, filler.numbers)
    ):
        progress(share / 8, f"waste {fill.__name__}")
        fill()
    progress(0.8, "waste watch")
    services.watch(now=now)
    for year in (filler.on.year - 1, filler.on.year):
        services.compute(year=year, at=now)
    progress(1.0, "waste")


class _Filler:
    def __init__(self, people: dict[str, User], plants: dict[int, Facility], now: dt.datetime) -> None:
        self.people, self.plants, self.now = people, plants, now
        self.on = now.astimezone(periods.BEIJING).date()
        self.staff = people["department"]
        self.random = np.random.default_rng(truth.SEED)
        last = self.on.replace(day=1)
        self.months = [
            dt.date(year, month, 1)
            for year in (self.on.year - 1, self.on.year)
            for month in range(1, 13)
            if dt.date(year, month, 1) < last
        ]
        self.serials: dict[int, int] = {}
        self.trips: list[tuple[PastRow, str, D, D | None]] = []
        self.users: dict[str, User] = {}
        self.gone: dict[tuple[int, str, dt.date], D] = {}
        """What trips of these days took out of months that are filled in already."""
        self.counties = list(Region.objects.filter(level="county").order_by("code"))

    def parties(self) -> None:
        """Register who carries and who disposes, and people who sign for them and for the generators."""
        rows: list[dict[str, Any]] = [
            {
                "code": code,
                "name_zh": zh,
                "name_en": en,
                "industry": industry,
                "longitude": east,
                "latitude": north,
                "synthetic": True,
            }
            for code, zh, en, industry, east, north in SITES
        ]
        report = registry.import_register("facilities", rows, actor=None, at=self.now)
        if report.errors:
            raise ValueError(f"the demo city's waste sites were refused: {report.errors[:3]}")
        for number, code in ((91, DISPOSER), (92, CARRIER)):
            self.plants[number] = Facility.objects.select_related("region").get(code=code)
        for name, title, code in PEOPLE:
            self.users[name] = self._person(name, title, [code])
        others = [plant.code for number, plant in self.plants.items() if 1 < number < 90]
        self.users["generator"] = self._person("generator", "演示产废单位", others)
        dates = {"from_date": dt.date(self.on.year - 2, 1, 1), "to_date": dt.date(self.on.year + 2, 12, 31)}
        for number, kind, codes, capacity in (
            (91, "operator", "HW06 HW08 HW12 HW18 HW23 HW49 HW50", 9000),
            (92, "carrier", "", 0),
            (29, "operator", "HW08 HW18 HW49", 3000),
        ):
            self._add(
                "waste-licences",
                facility=self.plants[number],
                kind=kind,
                licence=f"演示-{kind}-{number}",
                codes=codes,
                capacity=D(capacity),
                **dates,
            )

    def ledgers(self) -> None:
        """Fill every month of every waste, with a manifest for every trip; then the trips of this month."""
        self._current()
        rows: list[PastRow] = []
        taken: dict[tuple[str, dt.date], D] = {}
        for number, wastes in MAKES.items():
            if number in self.plants:
                for place, (code, usual) in enumerate(wastes):
                    rows += self._hazardous(
                        number, code, usual, 1 + (place + number) % 3 if usual < 3 else 1, taken
                    )
        rows += [*self._disposer(taken), *self._industrial(), *self._regions()]
        numbered = [
            PastRow(f"GF-{row.at.year}-{place:04d}", row.values, row.at) for place, row in enumerate(rows, 1)
        ]
        records.load_past(register="waste-months", rows=numbered, actor=self.staff, at=self.now)
        loaded = records.load_past(
            register="waste-manifests",
            rows=[trip[0] for trip in self.trips],
            actor=self.users["generator"],
            at=self.now,
        )
        self._items({row.number: row for row in loaded})

    def plans(self) -> None:
        """File the plans of this year, but for one."""
        rows: list[PastRow] = []
        year = self.on.year
        for number, wastes in MAKES.items():
            for code, usual in wastes:
                if (number, code) == UNPLANNED or number not in self.plants:
                    continue
                tonnes = D(str(round(usual * 12, 1)))
                grade = "key" if tonnes >= 100 else "simple" if tonnes >= 10 else "listed"
                at = dt.datetime(year, 3, 3 + number % 25, 2, tzinfo=dt.UTC)
                values = {
                    "facility": self.plants[number],
                    "year": year,
                    "grade": grade,
                    "code": code,
                    "waste_name": NAMES[code],
                    "generate": tonnes,
                    "store_most": D(str(round(usual * 4, 1))),
                    "entrust": tonnes,
                    "receiver_code": DISPOSER,
                }
                steps = [PastStep("file", self._signer(number), at)]
                if number % 9:
                    steps.append(PastStep("accept", self.staff, at + dt.timedelta(days=2)))
                rows.append(PastRow(f"JH-{year}-{len(rows) + 1:04d}", values, at, steps))
        records.load_past(register="waste-plans", rows=rows, actor=self.users["generator"], at=self.now)

    def stores(self) -> None:
        """Register storages and batches: one batch too old, one storage too full."""
        batches: list[PastRow] = []
        for place, number in enumerate((1, 2, 3, 5, 8, 12, 20, 21, 28, 30)):
            plant, capacity = self.plants.get(number), D(300 if number in (21, 28) else 20)
            if plant is None:
                continue
            self._add(
                "waste-stores",
                facility=plant,
                code="TS001",
                name_zh="危废贮存库",
                capacity=capacity,
                signs=bool(place),
                codes=" ".join(code for code, _usual in MAKES[number]),
                checked_date=self.on - dt.timedelta(days=place),
            )
            for serial, (code, usual) in enumerate(MAKES[number], 1):
                days = 400 if (number, code) == LOST else 350 if number == 12 else 12 + 9 * place
                day = self.on - dt.timedelta(days=days)
                quantity = D(str(round(usual, 2))) + (D(19) if number == 5 else D(0))
                values = {
                    "facility": plant,
                    "batch": f"HWRK{day:%Y%m%d}{serial:03d}",
                    "store": "TS001",
                    "code": code,
                    "stored_date": day,
                    "quantity": quantity,
                    "left": quantity,
                }
                batches.append(PastRow(f"PC-{self.on.year}-{len(batches) + 1:04d}", values, self.now))
        records.load_past(register="waste-batches", rows=batches, actor=self.staff, at=self.now)

    def registers(self) -> None:
        """Fill the small registers, a few rows each."""
        for place, county in enumerate(self.counties):
            where = self._near(place)
            for kind, capacity in (
                (("transfer", 300), ("landfill", 150))
                if place
                else (("incineration", 1500), ("kitchen", 200))
            ):
                self._add(
                    "household-sites",
                    name_zh=f"{county.name_zh}{kind}（演示）",
                    region=county,
                    kind=kind,
                    capacity=D(capacity),
                    **where,
                )
            self._add(
                "medical-points",
                name_zh=f"{county.name_zh}医院（演示）",
                region=county,
                beds=80 + 40 * place,
                covered=place != 8,
                collector="江城危险废物处置中心(演示)",
                collected_at=self.now - dt.timedelta(hours=60 if place == 3 else 20),
                **where,
            )
            self._add(
                "recycling-outlets",
                name_zh=f"{county.name_zh}回收点（演示）",
                region=county,
                kind="point",
                takes="纸、塑料、金属、玻璃",
                yearly=D(120 + 15 * place),
                **where,
            )
            self._add(
                "construction-sites",
                name_zh=f"{county.name_zh}建筑垃圾{'资源化厂' if place < 2 else '消纳场'}（演示）",
                region=county,
                kind="plant" if place < 2 else "dump",
                permit=f"演示核准{place:03d}",
                permit_to_date=self.on + dt.timedelta(days=200 - 30 * place),
                planned=D(50000),
                handled=D(21000),
                **where,
            )
        self._ponds()
        for place, (spot, waste) in enumerate((("松花江右岸滩地", "建筑垃圾"), ("孤店子村口", "生活垃圾"))):
            self._add(
                "dump-sites",
                place=f"{spot}（演示）",
                waste=waste,
                source=("satellite", "patrol")[place],
                area_m2=180.0,
                found_date=self.on - dt.timedelta(days=3 + place),
                **self._near(place),
            )
        for place, (kind, target) in enumerate(
            (("bag", "东市场"), ("film", "双河镇农资店"), ("parcel", "江北分拨中心"))
        ):
            self._add(
                "plastic-checks",
                kind=kind,
                target=f"{target}（演示）",
                region=self.counties[place % len(self.counties)],
                checked=20,
                checked_date=self.on - dt.timedelta(days=5),
                failed=place,
                problem="不合格产品下架" if place else "",
            )
        for kind, made in (("blade", 320), ("panel", 150), ("battery", 410), ("parcel", 2600)):
            more = {"kind": kind, "year": self.on.year}
            self._add(
                "new-wastes",
                role="producer",
                unit=f"{kind} 产生单位（演示）",
                generated=D(made),
                moved=D(made - 20),
                closing=D(20),
                **more,
            )
            self._add(
                "new-wastes",
                role="recycler",
                unit=f"{kind} 回收单位（演示）",
                generated=D(made - 20),
                recycled=D(made - 60),
                closing=D(40),
                **more,
            )
        for place, (kind, name) in enumerate(
            (("school", "第一实验小学"), ("hotel", "江畔饭店"), ("village", "大荒地村"))
        ):
            row = self._add(
                "zero-waste-cells",
                name_zh=f"{name}（演示）",
                kind=kind,
                region=self.counties[place % len(self.counties)],
                score=86.0,
                practice="分类投放、净菜入校、光盘行动",
                **self._near(place),
            )
            if place:
                records.act(
                    record=row, action="name", actor=self.people["leader"], now=self.now, text="评估通过"
                )
        for place, (name, joint) in enumerate(
            (
                ("危险废物跨市协同处置名单共享", True),
                ("建筑垃圾资源化产品互认", True),
                ("飞灰资源化中试", False),
            )
        ):
            self._add(
                "waste-tasks",
                name_zh=name,
                joint=joint,
                lead="市生态环境局",
                partner="长春市生态环境局" if joint else "",
                measure="印发文件并运行一个季度",
                due_at=self.now + dt.timedelta(days=40 - 45 * place),
            )

    def numbers(self) -> None:
        """Let departments report what the ledgers do not know; one number waits for its check."""
        told = {
            "industrial_value_added": 5_200_000,
            "clean_passed": 18,
            "clean_due": 20,
            "green_mines": 9,
            "mines": 24,
            "green_floor": 160,
            "new_floor": 210,
            "straw_used": 5_400_000,
            "straw_collectable": 6_000_000,
            "manure_used": 930_000,
            "manure": 1_000_000,
            "recyclables": 310_000,
            "kitchen_used": 41_000,
            "hazardous_landfill": 5200,
            "waste_rules": 7,
            "waste_mechanism": 1,
            "waste_investment": 86_000,
            "waste_check_passed": 96,
            "waste_satisfaction": 91,
            "waste_green_factories": 21,
            "circular_parks": 6,
            "parks": 9,
            "prefabricated_floor": 63,
            "sorted_compounds": 742,
            "compounds": 815,
            "straw_villages": 1104,
            "villages": 1386,
            "pesticide_packs_back": 310,
            "pesticide_packs": 352,
            "pesticide_per_mu": 0.21,
            "fertiliser_per_mu": 22.4,
            "carcasses_treated": 1830,
            "carcasses": 1860,
            "insured_operators": 2,
            "heaps_restored": 3,
            "heaps": 5,
        }
        rows: list[PastRow] = []
        for step, year in enumerate((self.on.year - 1, self.on.year)):
            for item, value in told.items():
                at = self.now - dt.timedelta(days=30)
                steps = [PastStep("file", self.staff, at)]
                if (item, step) != ("waste_satisfaction", 1):
                    steps.append(PastStep("check", self.people["leader"], at + dt.timedelta(days=2)))
                grown = D(str(round(value * (1 + (0.03 * step if value > 1000 else 0)), 2)))
                values = {
                    "item": item,
                    "year": year,
                    "value": grown,
                    "department": "演示部门",
                    "source": "演示统计报表",
                }
                rows.append(PastRow(f"TB-{self.on.year}-{len(rows) + 1:04d}", values, at, steps))
        records.load_past(register="waste-numbers", rows=rows, actor=self.staff, at=self.now)

    def _ponds(self) -> None:
        for place, (name, grade) in enumerate((("红旗岭选厂尾矿库", "high"), ("夹皮沟尾矿库", "middle"))):
            pond = self._add(
                "tailings-ponds",
                name_zh=f"{name}（演示）",
                region=self.counties[-1 - place],
                mineral=("镍", "金")[place],
                dam_class=3 + place,
                grade=grade,
                height=42.0 - 10 * place,
                capacity=310.0,
                above_homes=not place,
                seepage=True,
                water_metres=600.0,
                flood_date=dt.date(self.on.year, 5, 12),
                **self._near(8 + place),
            )
            for nth in range(2 - place):
                self._add(
                    "pond-hazards",
                    pond=pond.number,
                    hazard=("截洪沟局部淤堵", "渗滤液回水泵备用电源失效")[nth],
                    measure="清淤并加固",
                    found_date=self.on - dt.timedelta(days=9),
                )
        rows: list[PastRow] = []
        for month in self.months[-12:]:
            for kind, number, end, method, usual in (
                ("ash", 21, "江城危险废物处置中心(演示)", "landfill", 260),
                ("sludge", 6, "双河水泥厂(演示)", "kiln", 900),
                ("sludge", 15, "双吉垃圾焚烧厂(演示)", "burn", 1100),
            ):
                if number in self.plants:
                    sent = self._about(usual)
                    got = sent - (D(400) if number == 15 and month == self.months[-1] else D(0))
                    values = {
                        "facility": self.plants[number],
                        "kind": kind,
                        "month_date": month,
                        "destination": end,
                        "method": method,
                        "sent": sent,
                        "received": got,
                    }
                    rows.append(PastRow(f"FN-{self.on.year}-{len(rows) + 1:04d}", values, self.now))
        records.load_past(register="ash-sludge", rows=rows, actor=self.staff, at=self.now)

    def _hazardous(
        self, number: int, code: str, usual: float, every: int, taken: dict[tuple[str, dt.date], D]
    ) -> Iterator[PastRow]:
        plant, stock = self.plants[number], self._about(usual / 2)
        for place, month in enumerate(self.months):
            last = month == self.months[-1]
            made = self._about(usual * (2.4 if last and (number, code) == JUMPED else 1.0))
            sent = self.gone.get((number, code, month), D(0))
            if (place + number) % every == 0:
                share = D("0.5") if (number, code) == LOST else D("0.9")
                declared = (stock + made - sent) * share // MILLI * MILLI
                weighed = self._trip(number, code, month, declared)
                sent += declared
                taken[code, month] = taken.get((code, month), D(0)) + weighed
            closing = stock + made - sent
            if last and (number, code) == LOST:
                closing -= LOST_TONNES
            yield self._month(
                plant,
                "hazardous",
                code,
                NAMES[code],
                month,
                opening=stock,
                generated=made,
                closing=closing,
                sent_used=sent if code == OIL else D(0),
                sent_disposed=D(0) if code == OIL else sent,
                product=1000.0 * float(made) / usual if not last else 1000.0,
            )
            stock = closing

    def _disposer(self, taken: dict[tuple[str, dt.date], D]) -> Iterator[PastRow]:
        for code in sorted({code for code, _month in taken}):
            stock = D(0)
            for month in self.months:
                came = taken.get((code, month), D(0))
                done = (stock + came) * D("0.95") // MILLI * MILLI
                closing = stock + came - done
                yield self._month(
                    self.plants[91],
                    "hazardous",
                    code,
                    NAMES[code],
                    month,
                    opening=stock,
                    received=came,
                    used=done if code == OIL else D(0),
                    disposed=D(0) if code == OIL else done,
                    closing=closing,
                )
                stock = closing

    def _industrial(self) -> Iterator[PastRow]:
        for number, (code, name, usual) in INDUSTRIAL.items():
            if number not in self.plants:
                continue
            for month in self.months:
                made = self._about(usual)
                used = made * D("0.82") // MILLI * MILLI
                yield self._month(
                    self.plants[number],
                    "industrial",
                    code,
                    name,
                    month,
                    generated=made,
                    sent_used=used,
                    sent_disposed=made - used,
                )

    def _regions(self) -> Iterator[PastRow]:
        for place, county in enumerate(self.counties):
            for month in self.months:
                made = self._about(9000 - 700 * place)
                burnt = made * D("0.8") // MILLI * MILLI
                lost = D(900) if place == 4 and month == self.months[-1] else D(0)
                yield self._month(
                    county,
                    "household",
                    "-",
                    "生活垃圾",
                    month,
                    generated=made,
                    sent_used=burnt,
                    sent_disposed=made - burnt - lost,
                )
                built = self._about(12_000 if 4 <= month.month <= 10 else 1500)
                again = built * D("0.46") // MILLI * MILLI
                yield self._month(
                    county,
                    "construction",
                    "-",
                    "建筑垃圾",
                    month,
                    generated=built,
                    used=again,
                    disposed=built - again,
                )
                beds = self._about(14)
                yield self._month(
                    county, "medical", "841-001-01", "感染性废物", month, generated=beds, sent_disposed=beds
                )
                if month.month in (10, 11):
                    film = self._about(90)
                    yield self._month(
                        county,
                        "agricultural",
                        "-",
                        "废旧农膜",
                        month,
                        generated=film,
                        sent_used=film * D("0.875"),
                        sent_disposed=film * D("0.125"),
                    )

    def _month(
        self, where: Facility | Region, stream: str, code: str, name: str, month: dt.date, **masses: Any
    ) -> PastRow:
        if isinstance(where, Facility):
            place: dict[str, Any] = {"facility": where, "unit": where.code}
        else:
            place = {"region": where, "unit": f"{where.name_zh}城市管理部门"}
        values = {**place, "stream": stream, "code": code, "waste_name": name, "month_date": month, **masses}
        at = dt.datetime.combine(month, dt.time(), periods.BEIJING) + dt.timedelta(days=38)
        return PastRow("", values, min(at, self.now))

    def _trip(self, number: int, code: str, month: dt.date, declared: D) -> D:
        """Add a trip that was received, and return what was weighed."""
        left = dt.datetime.combine(month, dt.time(8 + number % 8), periods.BEIJING) + dt.timedelta(
            days=int(self.random.integers(3, 24))
        )
        weighed = declared * D(str(round(1 + float(self.random.uniform(-0.012, 0.012)), 4))) // MILLI * MILLI
        arrived = left + dt.timedelta(hours=3)
        signed = arrived + dt.timedelta(days=int(self.random.integers(0, 3)))
        steps = [
            PastStep("issue", self._signer(number), left - dt.timedelta(hours=2)),
            PastStep("ship", self.users["carrier"], left),
            PastStep("arrive", self.users["receiver"], arrived),
            PastStep("confirm", self.users["receiver"], signed),
        ]
        times = {"shipped_at": left, "arrived_at": arrived, "confirmed_at": signed, "weighed": weighed}
        self._manifest(number, code, left, declared, steps, times, weighed)
        return weighed

    def _current(self) -> None:
        """Add this week's trips, one in each state; one is late and one was rejected."""
        hour = dt.timedelta(hours=1)
        plans = (
            (1, OIL, 1, ("issue", "ship")),
            (2, PACKAGES, 6, ("issue", "ship")),
            (19, OIL, 1, ("issue", "ship", "arrive")),
            (4, OIL, 20, ("issue", "ship", "arrive")),
            (20, CARBON, 4, ("issue", "ship", "arrive", "differ")),
            (12, OIL, 5, ("issue", "ship", "arrive", "reject")),
            (1, CATALYST, 0, ("issue",)),
            (1, OIL, 0, ()),
            (30, PAINT, 2, ("cancel",)),
            (28, OIL, 3, ("issue", "ship", "arrive")),
        )
        who = {"issue": "", "cancel": "", "ship": "carrier"}
        words = {"differ": "称重少 0.09 t", "reject": "包装破损，渗漏", "cancel": "计划变更"}
        term = int(tables.table("manifest")[-1]["confirm_days"])
        for number, code, days, actions in plans:
            if number not in self.plants:
                continue
            left = self.now - dt.timedelta(days=days) - (6 * hour if days else -20 * hour)
            steps: list[PastStep] = []
            times: dict[str, Any] = {}
            weighed, due = None, None
            for place, action in enumerate(actions):
                at = left + hour * 3 * (place - 1)
                actor = (
                    self._signer(number)
                    if who.get(action, "receiver") == ""
                    else self.users[who.get(action, "receiver")]
                )
                steps.append(PastStep(action, actor, min(at, self.now), words.get(action, "")))
                if action == "ship":
                    key = (number, code, left.astimezone(periods.BEIJING).date().replace(day=1))
                    self.gone[key] = SMALL if "reject" not in actions else D(0)
                    times["shipped_at"], due = left, left + dt.timedelta(days=3)
                elif action == "arrive":
                    times["arrived_at"] = at
                    due = rules.confirm_by(at, term, office.working_calendar().days_after)
                elif action in ("differ", "reject"):
                    due = office.working_calendar().after(at, 40)
            if "differ" in actions:
                weighed = D("0.210")
                times["weighed"] = weighed
            self._manifest(number, code, left, SMALL, steps, {**times, "due_at": due}, weighed)

    def _manifest(
        self,
        number: int,
        code: str,
        left: dt.datetime,
        declared: D,
        steps: list[PastStep],
        values: dict[str, Any],
        weighed: D | None,
    ) -> None:
        year = left.astimezone(periods.BEIJING).year
        self.serials[year] = self.serials.get(year, 0) + 1
        plant, end = self.plants[number], self.plants[91]
        given = {
            "facility": plant,
            "carrier_code": CARRIER,
            "receiver_code": DISPOSER,
            "plate": f"吉B演{1000 + number}",
            "departs_at": left,
            "declared": declared,
            "route": [[plant.longitude, plant.latitude], [end.longitude, end.latitude]],
            **values,
        }
        text = rules.number(year, "2202", self.serials[year])
        opened = min(steps[0].at if steps else self.now, self.now) - dt.timedelta(hours=1)
        row = PastRow(text, given, opened, steps)
        self.trips.append((row, code, declared, weighed))

    def _items(self, loaded: dict[str, Manifest]) -> None:
        receiver = self.users["receiver"]
        ManifestItem.objects.bulk_create(
            [
                ManifestItem(
                    manifest=loaded[row.number],
                    code=code,
                    name_zh=NAMES[code],
                    form="liquid" if code in LIQUID else "solid",
                    package="吨桶" if code in LIQUID else "吨袋",
                    declared=declared,
                    weighed=weighed,
                    weighed_by=receiver if weighed is not None else None,
                )
                for row, code, declared, weighed in self.trips
            ],
            batch_size=400,
        )
        points = []
        for manifest in loaded.values():
            if manifest.state != "transit":
                continue
            start, end = (np.array(place) for place in manifest.route)
            bent = np.array([0.0, 0.05]) if manifest.plate.endswith("1002") else np.zeros(2)
            for step in range(9):
                share = step / 12
                east, north = start + (end - start) * share + bent * np.sin(np.pi * share)
                at = self.now - dt.timedelta(minutes=5 * (9 - step))
                points.append(
                    TrackPoint(manifest=manifest, at=at, longitude=float(east), latitude=float(north))
                )
        TrackPoint.objects.bulk_create(points)
        services.review(
            manifests=[row for row in loaded.values() if row.state in ("transit", "differing", "rejected")],
            now=self.now,
        )

    def _signer(self, number: int) -> User:
        return self.people["enterprise"] if number == 1 else self.users["generator"]

    def _person(self, name: str, title: str, codes: list[str]) -> User:
        user = User.objects.filter(username=name).first() or access.create_user(
            username=name, password=city.PASSWORD, display_name=title, at=self.now
        )
        for code in codes:
            access.assign_role(
                user=user, role="enterprise", facility_code=code, on=dt.date(2024, 1, 1), at=self.now
            )
        return user

    def _about(self, usual: float) -> D:
        return D(str(round(usual * float(self.random.uniform(0.9, 1.1)), 3)))

    def _near(self, place: int) -> dict[str, float]:
        plants = list(self.plants.values())
        plant = plants[(3 * place) % len(plants)]
        return {"longitude": plant.longitude + 0.004, "latitude": plant.latitude + 0.003}

    def _add(self, register: str, **values: Any) -> Any:
        return records.create(register=register, values=values, actor=self.staff, at=self.now)
