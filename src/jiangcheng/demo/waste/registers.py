"""The small registers of a zero-waste city and the numbers departments report. Synthetic."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.records import services as records
from jiangcheng.core.records.services import PastRow, PastStep
from jiangcheng.demo.waste.desk import (
    D,
    Desk,
)


class Registers(Desk):
    """The small registers of a zero-waste city and the numbers departments report."""

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
