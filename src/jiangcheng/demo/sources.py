"""Dust, fumes, coal, boilers, machines, vehicles, actions, toxics, ODS and odours of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, ObservedProperty, Outlet, Region, Station
from jiangcheng.modules.sources import services
from jiangcheng.modules.sources.models import MEASURES, DustSite
from jiangcheng.standards import periods

ZONE_DEGREES = 0.06
"""Half the side of the square that stands for the no-burn zone [°]."""
DUST_HOURS = (420, 560, 1180, 1340, 760, 510)
"""TSP at the dust site in the last hours [µg/m³]; two of them are over the limit."""
COAL = ((0.62, 12.4), (0.88, 14.9), (1.35, 15.2), (0.47, 11.8), (0.91, 18.6), (0.74, 13.1))
"""Sulphur and ash of the samples [%]."""
REMOTE = (("吉B演0001", 48), ("吉B演0001", 52), ("吉B演0002", 12), ("吉B演0003", 33))
"""Plate and opacity [%] of the remote-sensing tests, a day apart; the first vehicle exceeds twice in a row."""
TOXICS = (("formaldehyde", 18.2), ("dichloromethane", None), ("mercury", 0.03))
"""Substance and result [µg/m³]; None is below detection."""
FILINGS = (
    ("HCFC-22", "repair", 1.2),
    ("HFC-134a", "sale", 4.5),
    ("HFC-32", "use", 2.0),
)
"""Substance, activity and quantity [t]."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the ledgers of air pollution sources; does nothing where a dust site has been entered."""
    actor = User.objects.filter(username="department").first()
    plants = list(Facility.objects.filter(synthetic=True).order_by("code")[:8])
    counties = list(Region.objects.filter(level="county").order_by("code")[:4])
    if actor is None or not plants or not counties or DustSite.objects.exists():
        return
    filler = _Filler(plants, counties, actor, now)
    fills = (filler.dust, filler.city, filler.coal, filler.mobile, filler.transport, filler.substances)
    for share, fill in enumerate(fills):
        progress(share / len(fills), fill.__name__)
        fill()
    services.watch_dust(now=now)
    services.list_high_emitters(now=now)
    services.watch_gates(now=now)
    progress(1.0, "sources")


class _Filler:
    def __init__(self, plants: list[Facility], counties: list[Region], actor: User, now: dt.datetime) -> None:
        self.plants, self.counties, self.actor, self.now = plants, counties, actor, now
        self.on = now.astimezone(periods.BEIJING).date()

    def dust(self) -> None:
        """Add sites, one of them with a monitor that was over the limit a few hours ago."""
        monitor = Station.objects.filter(kind=Station.Kind.AIR, synthetic=True).order_by("code").first()
        for place, (name, kind, measures) in enumerate(
            (("松江路改造工程（演示）", "construction", 6), ("龙潭物流园工地（演示）", "construction", 4),
             ("江北煤场（演示）", "yard", 3), ("迎宾大路（演示）", "road", 2))
        ):  # fmt: skip
            plant = self.plants[place % len(self.plants)]
            linked = {"station_code": monitor.code} if monitor and not place else {}
            self._add(
                "dust-sites", name_zh=name, kind=kind, owner="演示单位", checked_date=self.on,
                longitude=plant.longitude + 0.01, latitude=plant.latitude, **linked,
                **dict.fromkeys(MEASURES[:measures], True),
            )  # fmt: skip
        if monitor is not None:
            self._measure(monitor)

    def city(self) -> None:
        """Add kitchens and a no-burn zone around the first plant."""
        for place, (stoves, purifier) in enumerate(((9, True), (6, True), (4, False), (3, True), (1, False))):
            cleaned = self.on - dt.timedelta(days=40 * place) if purifier else None
            county = self.counties[place % len(self.counties)]
            name = f"{county.name_zh}餐饮 {place + 1} 店（演示）"
            self._add(
                "catering",
                name_zh=name,
                region=county,
                stoves=stoves,
                purifier=purifier,
                cleaned_date=cleaned,
            )
        west, south = self.plants[0].longitude - ZONE_DEGREES, self.plants[0].latitude - ZONE_DEGREES
        east, north = west + 2 * ZONE_DEGREES, south + 2 * ZONE_DEGREES
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        self._add(
            "no-burn-zones", name_zh="主城区禁燃区（演示）", category="3",
            outline={"type": "Polygon", "coordinates": [ring]}, valid_from_date=self.on.replace(month=1, day=1),
        )  # fmt: skip

    def coal(self) -> None:
        """Add judged coal samples, and the boilers with their outlets."""
        for place, (sulphur, ash) in enumerate(COAL):
            row = self._add(
                "coal-samples", seller=f"{place + 1} 号煤炭经销点（演示）", stage="sale", use="household", coal="other",
                region=self.counties[place % len(self.counties)],
                sampled_date=self.on - dt.timedelta(days=place), sulphur=sulphur, ash=ash,
            )  # fmt: skip
            records.act(record=row, action="judge", actor=self.actor, now=self.now)
        outlets = Outlet.objects.filter(facility__in=self.plants, station__kind=Station.Kind.GAS_OUTLET)
        for place, outlet in enumerate(outlets.select_related("facility", "station").order_by("pk")[:5]):
            power = outlet.facility.industry == "火力发电"
            self._add(
                "coal-boilers", facility=outlet.facility, name_zh=f"{place + 1} 号锅炉（演示）",
                capacity=(220, 130, 75, 75, 35)[place], retrofit="done" if power else "building",
                station_code=outlet.station.code, reference_oxygen=6 if power else 9,
            )  # fmt: skip

    def mobile(self) -> None:
        """Add machines, tests with a vehicle that exceeds again and again, and an action under way."""
        for place, (kind, stage) in enumerate(
            (("挖掘机", "3"), ("装载机", "2"), ("叉车", "D"), ("压路机", "4"))
        ):
            self._add(
                "machines", code=f"{stage}-JB{place + 1:05}", kind=kind, stage=stage, power=120 - 20 * place,
                region=self.counties[place % len(self.counties)], registered_date=self.on,
            )  # fmt: skip
        for place, (plate, opacity) in enumerate(REMOTE):
            self._add(
                "vehicle-tests", plate=plate, kind="remote", fuel="diesel", place="珲春街遥感点（演示）",
                tested_date=self.on - dt.timedelta(days=20 - place), opacity=opacity,
            )  # fmt: skip
        self._add(
            "vehicle-tests", plate="吉B演0003", kind="im", fuel="diesel", place="演示检验站", tested_date=self.on,
            passed=True,
        )  # fmt: skip
        action = self._add(
            "special-actions", name_zh="清洁柴油货车专项行动（演示）", kind="diesel", lead="大气环境科",
            starts_date=self.on - dt.timedelta(days=30), due_at=self.now + dt.timedelta(days=30),
        )  # fmt: skip
        for place, result in enumerate(("good", "mended", "problem", "pending")):
            self._add(
                "action-items", action_number=action.number, target=f"{place + 1} 号物流企业（演示）",
                item="车辆进出台账与油品票据", result=result,
            )  # fmt: skip

    def transport(self) -> None:
        """Add a week of trucks, trains and one listed vehicle at the gates of two plants."""
        carried = (("road", "diesel", "6", 32.0), ("road", "electric", "6", 28.0), ("rail", "", "", 640.0),
                   ("road", "diesel", "5", 30.0))  # fmt: skip
        for place, plant in enumerate(self.plants[:2]):
            for day in range(7):
                mode, fuel, stage, tons = carried[(place + day) % len(carried)]
                listed = place == 0 and day == 0
                self._add(
                    "transport", facility=plant, passed_at=self.now - dt.timedelta(days=day, hours=3), tons=tons,
                    mode="road" if listed else mode, fuel="diesel" if listed else fuel,
                    stage="4" if listed else stage, goods="煤" if place else "钢材",
                    plate=REMOTE[0][0] if listed else f"吉B演1{place}{day:02}" if mode == "road" else "",
                )  # fmt: skip

    def substances(self) -> None:
        """Add survey results, filings and odour sources."""
        for place, (substance, value) in enumerate(TOXICS):
            self._add(
                "toxic-results", facility=self.plants[place % len(self.plants)], substance=substance,
                sampled_date=self.on, point="厂界下风向", value=value,
            )  # fmt: skip
        for substance, activity, quantity in FILINGS:
            self._add(
                "ods-filings", facility=self.plants[0], year=self.on.year - 1, substance=substance,
                activity=activity, quantity=quantity, filing="演示备案",
            )  # fmt: skip
        for plant in self.plants[1:6]:
            self._add(
                "odour-sources", facility=plant, name_zh=f"{plant.name_zh}异味源", smell="有机溶剂味",
                process="装卸与储罐呼吸",
            )  # fmt: skip

    def _measure(self, monitor: Station) -> None:
        tsp = ObservedProperty.objects.filter(code="a34001", statistic="avg").first()
        if tsp is None:
            return
        last = int(self.now.timestamp()) // 3600 * 3600
        batch = store.Batch.of(
            granularity=int(store.Granularity.HOUR),
            start=np.array([last - 3600 * (len(DUST_HOURS) - index) for index in range(len(DUST_HOURS))]),
            station=monitor.pk,
            property=tsp.pk,
            value=np.array(DUST_HOURS, float),
            flag=store.NORMAL,
        )
        store.append(batch, source="demo", received_at=self.now)

    def _add(self, register: str, **values: Any) -> Any:
        return records.create(register=register, values=values, actor=self.actor, at=self.now)
