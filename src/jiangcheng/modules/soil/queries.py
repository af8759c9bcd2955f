"""What the pages of soil count and compare, within what a person may see."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from typing import Any

from django.db.models import Count, Q, QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import RecordStep
from jiangcheng.core.registry.models import Permit
from jiangcheng.methods import outlines
from jiangcheng.modules.soil import rules
from jiangcheng.modules.soil.models import (
    BlackLandPoint,
    BlackLandProject,
    Farmland,
    GroundwaterKeyUnit,
    GroundwaterZone,
    LandUseChange,
    PerimeterSample,
    SoilKeyUnit,
    SoilPlot,
)

LISTED = ("listed", "treating", "evaluated")
"""States in which a plot is on the list."""


@dataclasses.dataclass(frozen=True, slots=True)
class Coverage:
    """Key units of a year and how many are monitored around in that year."""

    year: int
    units: tuple[str, ...]
    """Codes of the plants."""
    soil: frozenset[str]
    groundwater: frozenset[str]

    @property
    def both(self) -> int:
        """Units with soil and groundwater sampled."""
        return sum(1 for code in self.units if code in self.soil and code in self.groundwater)

    @property
    def percent(self) -> float | None:
        """Share of the units that have both [%]; None without units."""
        return 100 * self.both / len(self.units) if self.units else None


@dataclasses.dataclass(frozen=True, slots=True)
class Unpermitted:
    """A groundwater key unit that is not known to be in a permit, and why."""

    unit: GroundwaterKeyUnit
    why: str
    """``no_permit`` in force, ``not_in_permit`` as entered, ``unknown``: nobody has looked."""


def rows(register: str, *, user: User, on: dt.date) -> QuerySet[Any]:
    """Return the rows of a register that stand and that a person may see."""
    return records.visible(register=register, user=user, on=on).filter(withdrawn_at=None)


def listed_plots() -> list[SoilPlot]:
    """Return the plots on the list, whoever asks: it binds everybody."""
    return list(SoilPlot.objects.filter(state__in=LISTED, withdrawn_at=None).order_by("number"))


def blocking(change: LandUseChange) -> list[SoilPlot]:
    """Return the plots on the list that are the land of a change of use."""
    land = _plot(change)
    return [plot for plot in listed_plots() if rules.same_land(land, _plot(plot))]


def unsurveyed(*, on: dt.date) -> list[LandUseChange]:
    """Return the changes to a sensitive use without a survey that were not refused, the latest first."""
    found = LandUseChange.objects.filter(survey_date=None, withdrawn_at=None).exclude(state="refused")
    return [row for row in found.order_by("-filed_date") if rules.sensitive(row.new_use, on)]


def movements(*, user: User, on: dt.date, most: int = 10) -> list[RecordStep]:
    """Return the latest entries and exits of the list that a person may see."""
    steps = RecordStep.objects.filter(register="soil-plots", action__in=("enter", "remove"))
    numbers = rows("soil-plots", user=user, on=on).values("number")
    return list(steps.filter(number__in=numbers).select_related("actor").order_by("-at", "-pk")[:most])


def counts(register: str, *, user: User, on: dt.date, by: str) -> dict[str, int]:
    """Return how many rows of a register a person may see, by a field."""
    found = rows(register, user=user, on=on).order_by().values_list(by).annotate(count=Count("pk"))
    return dict(found)


def years() -> list[int]:
    """Return the years with a list of soil key units, the newest first."""
    found = SoilKeyUnit.objects.filter(withdrawn_at=None).order_by("-year")
    return list(found.values_list("year", flat=True).distinct())


def units(*, year: int, user: User | None, on: dt.date) -> list[SoilKeyUnit]:
    """Return the key units of a year that a person may see; None sees all."""
    found = (
        SoilKeyUnit.objects.filter(withdrawn_at=None)
        if user is None
        else rows("soil-key-units", user=user, on=on)
    )
    return list(found.filter(year=year).select_related("facility", "region").order_by("facility__code"))


def coverage(*, year: int, user: User | None, on: dt.date) -> Coverage:
    """Return which key units of a year are monitored around in that year."""
    codes = tuple(unit.facility.code for unit in units(year=year, user=user, on=on) if unit.facility)
    sampled = PerimeterSample.objects.filter(withdrawn_at=None, sampled_date__year=year)
    by: dict[str, set[str]] = collections.defaultdict(set)
    for medium, code in sampled.order_by().values_list("medium", "facility__code").distinct():
        by[medium].add(code)
    soil, groundwater = PerimeterSample.Medium.SOIL, PerimeterSample.Medium.GROUNDWATER
    return Coverage(year, codes, frozenset(by[soil]), frozenset(by[groundwater]))


def unpermitted(*, user: User, on: dt.date) -> tuple[int | None, list[Unpermitted]]:
    """Return the latest year of the groundwater list, and its units not known to be in a permit."""
    seen = rows("groundwater-key-units", user=user, on=on)
    latest = seen.order_by("-year").values_list("year", flat=True).first()
    if latest is None:
        return None, []
    in_force = Permit.objects.filter(valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    )
    holders = set(in_force.values_list("facility_id", flat=True))
    found = []
    for unit in seen.filter(year=latest).select_related("facility").order_by("facility__code"):
        if unit.facility_id not in holders:
            found.append(Unpermitted(unit, "no_permit"))
        elif unit.in_permit != GroundwaterKeyUnit.InPermit.YES:
            known = unit.in_permit == GroundwaterKeyUnit.InPermit.NO
            found.append(Unpermitted(unit, "not_in_permit" if known else "unknown"))
    return latest, found


def zones(*, on: dt.date) -> QuerySet[GroundwaterZone]:
    """Return the groundwater zones in force on a day; they bind everybody."""
    open_ended = Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    found = GroundwaterZone.objects.filter(open_ended, valid_from_date__lte=on, withdrawn_at=None)
    return found.order_by("number")


def zones_at(*, longitude: float, latitude: float, on: dt.date) -> list[tuple[GroundwaterZone, str, str]]:
    """Return the zones that hold a point, each with its rule in Chinese and in English.

    What the zone's own document says goes before the rule of its kind.
    """
    place = outlines.point(longitude, latitude)
    kinds = {item["code"]: item for item in rules.in_force("groundwater", on)["zones"]}
    return [
        (zone, zone.rule or kinds[zone.kind]["rule_zh"], zone.rule or kinds[zone.kind]["rule_en"])
        for zone in zones(on=on)
        if outlines.hit(zone.outline, place)
    ]


def plots_at(*, longitude: float, latitude: float) -> list[SoilPlot]:
    """Return the plots on the list whose outline holds a point."""
    place = outlines.point(longitude, latitude)
    return [plot for plot in listed_plots() if plot.outline and outlines.hit(plot.outline, place)]


def farmland(*, user: User | None, on: dt.date) -> tuple[int | None, list[tuple[str, float]], rules.SafeUse]:
    """Return the latest year of the farmland classes, the area by class [ha], and the safe use; None sees all."""
    standing = Farmland.objects.filter(withdrawn_at=None)
    seen = standing if user is None else rows("farmland-plots", user=user, on=on)
    latest: int | None = seen.order_by("-year").values_list("year", flat=True).first()
    names = ("category", "pollution", "measure", "products_sound", "area")
    found = [rules.Field(*row) for row in seen.filter(year=latest or 0).order_by().values_list(*names)]
    areas = [
        (code, sum(field.hectares for field in found if field.category == code))
        for code in (rules.PRIORITY, rules.SAFE, rules.STRICT)
    ]
    return latest, areas, rules.safe_use(found)


def black_land(*, user: User | None, on: dt.date) -> list[tuple[BlackLandProject, rules.Gain]]:
    """Return the projects with the organic matter before and after; None sees all."""
    standing = BlackLandProject.objects.filter(withdrawn_at=None)
    seen = standing if user is None else rows("black-land-projects", user=user, on=on)
    by: dict[str, list[tuple[str, float]]] = collections.defaultdict(list)
    points = BlackLandPoint.objects.filter(withdrawn_at=None).order_by("pk")
    for project, phase, value in points.values_list("project", "phase", "organic_matter"):
        by[project].append((phase, value))
    return [(project, rules.gain(by[project.number])) for project in seen.order_by("number")]


def _plot(row: SoilPlot | LandUseChange) -> rules.Plot:
    return rules.Plot(row.plot_code, row.outline, row.longitude, row.latitude)
