"""What everybody who fills the room of wastes needs: plants, people, numbers about the usual. Synthetic."""

from __future__ import annotations

import datetime as dt
import decimal
from typing import Any

import numpy as np

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.records.services import PastRow
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.demo import city, truth
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


class Desk:
    """What everybody who fills the room of wastes needs: plants, people, numbers about the usual."""

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
