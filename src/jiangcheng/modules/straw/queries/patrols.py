"""Who could be sent to a fire: people on patrol nearby, then the inspectors of the next grid cells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

import shapely
import shapely.geometry

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case
from jiangcheng.core.manifest import Names, Proposed
from jiangcheng.core.registry.models import GridDuty
from jiangcheng.modules.straw.models import FireSignal, Source
from jiangcheng.modules.straw.queries.plans import open_on
from jiangcheng.modules.straw.rules import fires, firms, tables
from jiangcheng.standards import periods


class Patrols:
    """The people on the ground at an instant, read once for all fires of some counties."""

    def __init__(self, *, at: dt.datetime, counties: Iterable[str]) -> None:
        self._rule = tables.in_force("detection", at.date())["patrol"]
        rows = FireSignal.objects.filter(
            source=Source.PATROL, seen_at__gt=at - dt.timedelta(hours=self._rule["hours"]), seen_at__lte=at,
            brought_by__actor__is_active=True,
        )  # fmt: skip
        self._told = list(rows.values_list("brought_by__actor", "longitude", "latitude"))
        on = at.astimezone(periods.BEIJING).date()
        duties = GridDuty.objects.filter(
            open_on(on), duty=GridDuty.Duty.INSPECTOR, user__is_active=True
        ).select_related("grid_cell__region")
        wanted = tuple(set(counties))
        self._duties = [
            (duty.grid_cell.region.code[:6], shapely.geometry.shape(duty.grid_cell.boundary), duty)
            for duty in duties
            if duty.grid_cell.region.code.startswith(wanted)
        ]

    def near(self, *, longitude: float, latitude: float, county: str, cell: int | None) -> list[Proposed]:
        """Return who could go: at most so many of each kind as the table says, the nearest first."""
        found = self._patrols(longitude, latitude)
        known = {item.user_id for item in found}
        neighbours = self._neighbours(longitude, latitude, county, cell)
        return found + [item for item in neighbours if item.user_id not in known][: self._rule["most"]]

    def _patrols(self, longitude: float, latitude: float) -> list[Proposed]:
        near: dict[int, float] = {}
        for person, lon, lat in self._told:
            away = firms.kilometres(longitude, latitude, lon, lat)
            near[person] = min(away, near.get(person, away))
        ranked = sorted((away, person) for person, away in near.items() if away <= self._rule["kilometres"])
        return [
            Proposed(
                person,
                Names(f"巡查中，最近位置相距 {away:.1f} km", f"On patrol, last known {away:.1f} km away"),
            )
            for away, person in ranked[: self._rule["most"]]
        ]

    def _neighbours(self, longitude: float, latitude: float, county: str, cell: int | None) -> list[Proposed]:
        here = shapely.Point(longitude, latitude)
        ranked = sorted(
            (
                (area.distance(here) * fires.KILOMETRES_PER_DEGREE, duty.user_id, duty.grid_cell)
                for own, area, duty in self._duties
                if own.startswith(county) and duty.grid_cell_id != cell
            ),
            key=lambda item: item[:2],
        )
        return [
            Proposed(
                person, Names(f"邻近网格 {near.name_zh}", f"Neighbouring cell {near.name_en or near.name_zh}")
            )
            for _away, person, near in ranked
        ]


def patrols_near(*, case_number: str, at: dt.datetime) -> list[Proposed]:
    """Answer the hook ``case.proposals``: for a fire, who patrols nearby, then the inspectors of the next cells."""
    case = Case.objects.filter(number=case_number, case_type="STRAW").select_related("region").first()
    if case is None or case.longitude is None or case.latitude is None:
        return []
    county = case.region.code[:6] if case.region else ""
    return Patrols(at=at, counties=[county]).near(
        longitude=case.longitude, latitude=case.latitude, county=county, cell=case.grid_cell_id
    )


def person_names(numbers: Iterable[int]) -> dict[int, str]:
    """Return what people are called, by their keys."""
    return {user.pk: str(user) for user in User.objects.filter(pk__in=set(numbers))}
