"""Months of the five wastes, plans and storages; some do not hang together. Synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from jiangcheng.core.records import services as records
from jiangcheng.core.records.services import PastRow, PastStep
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.demo.waste.desk import (
    CARRIER,
    DISPOSER,
    INDUSTRIAL,
    JUMPED,
    LOST,
    LOST_TONNES,
    MAKES,
    MILLI,
    NAMES,
    OIL,
    PEOPLE,
    SITES,
    UNPLANNED,
    D,
)
from jiangcheng.demo.waste.trips import Trips
from jiangcheng.standards import periods


class Ledgers(Trips):
    """Months of the five wastes, plans and storages."""

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
