"""The rows an inventory is made of, its versions, what accounts hold, and what the overview counts."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np
from django.db.models import QuerySet, Sum

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.climate import rules
from jiangcheng.modules.climate.models import (
    ActivityDatum,
    CarbonAction,
    CarbonRedemption,
    ClimateExposure,
    ClimateStation,
    FrozenInventory,
    Reduction,
)

GDP = "economy.gdp"
EXPOSURES = (
    "population_density", "gdp_density", "cropland_percent", "elderly_percent", "unprotected_percent",
    "rainfed_percent",
)  # fmt: skip
"""Columns of an exposure that a risk may use."""


@dataclasses.dataclass(frozen=True, slots=True)
class Year:
    """A year of the city under an edition of the guide."""

    year: int
    inventory: rules.Inventory
    gdp: float | None
    """Product of the economy at constant prices [10⁸ CNY]."""

    @property
    def intensity(self) -> float | None:
        """Tonnes of CO2 equivalent per 10⁴ CNY; sinks left out."""
        return self.inventory.total(sinks=False) / (self.gdp * 1e4) if self.gdp else None

    @property
    def carbon_dioxide(self) -> float:
        """Tonnes of carbon dioxide; sinks left out."""
        lines = self.inventory.lines
        return round(sum(line.mass for line in lines if line.kind == "emission" and line.gas == "CO2"), 3)

    @property
    def methane(self) -> float:
        """Tonnes of methane."""
        return self.inventory.by("gas", measure="mass").get("CH4", 0.0)


def activities(*, year: int) -> list[rules.Activity]:
    """Return the activity data of a year, as an inventory takes them."""
    found = ActivityDatum.objects.filter(year=year, withdrawn_at=None).order_by("kind", "number")
    return [rules.Activity(row.kind, row.amount, row.recovered, row.uncertainty, row.number) for row in found]


def years() -> list[int]:
    """Return the years with activity data, the oldest first."""
    found = ActivityDatum.objects.filter(withdrawn_at=None).exclude(kind=GDP).order_by("year")
    return list(found.values_list("year", flat=True).distinct())


def series(*, edition: str, on: dt.date) -> list[Year]:
    """Return every year with data under one edition, so that the years can be compared."""
    return [_year(year, edition, on) for year in years()]


def frozen(*, year: int, edition: str) -> QuerySet[FrozenInventory]:
    """Return the versions of an inventory, the newest first."""
    return FrozenInventory.objects.filter(year=year, edition=edition).order_by("-version")


def balance(*, account: str) -> int:
    """Return the points of an account: credited minus granted."""
    earned = CarbonAction.objects.filter(account=account, state="credited", withdrawn_at=None)
    given = CarbonRedemption.objects.filter(account=account, state="granted", withdrawn_at=None)
    return int(
        (earned.aggregate(sum=Sum("points"))["sum"] or 0) - (given.aggregate(sum=Sum("points"))["sum"] or 0)
    )


def credited_on(*, account: str, action: str, day: dt.date) -> float:
    """Return how much of an action an account has been credited for on a day."""
    found = CarbonAction.objects.filter(
        account=account, action=action, done_date=day, state="credited", withdrawn_at=None
    )
    return float(found.aggregate(sum=Sum("quantity"))["sum"] or 0.0)


def overlapping(row: Reduction) -> QuerySet[Reduction]:
    """Return certified reductions of the same project whose period overlaps."""
    return Reduction.objects.filter(
        name_zh=row.name_zh,
        state="certified",
        withdrawn_at=None,
        starts_date__lte=row.ends_date,
        ends_date__gte=row.starts_date,
    ).exclude(pk=row.pk)


def inclusive() -> dict[str, Any]:
    """Return what the low-carbon actions add up to; no account is named."""
    found = CarbonAction.objects.filter(state="credited", withdrawn_at=None)
    sums = found.aggregate(reduction=Sum("reduction"), points=Sum("points"))
    given = CarbonRedemption.objects.filter(state="granted", withdrawn_at=None).aggregate(sum=Sum("points"))
    return {
        "actions": found.count(),
        "accounts": found.values("account").distinct().count(),
        "reduction": sums["reduction"] or 0.0,
        "points": sums["points"] or 0,
        "given": given["sum"] or 0,
    }


def coal(*, user: User, on: dt.date) -> list[dict[str, Any]]:
    """Return quota and use of coal per year as far as a person may see it, the newest first."""
    rows = records.visible(register="coal-uses", user=user, on=on).filter(withdrawn_at=None)
    found = rows.order_by().values("year").annotate(quota=Sum("quota"), used=Sum("used")).order_by("-year")
    return [
        {**row, "percent": 100 * row["used"] / row["quota"] if row["quota"] and row["used"] else None}
        for row in found
    ]


def units(*, user: User, on: dt.date) -> list[Any]:
    """Return the units of the carbon market of the latest year a person may see."""
    rows = records.visible(register="carbon-enterprises", user=user, on=on).filter(withdrawn_at=None)
    latest = rows.order_by("-year").values_list("year", flat=True).first()
    return list(rows.filter(year=latest).order_by("facility__name_zh")) if latest else []


def _year(year: int, edition: str, on: dt.date) -> Year:
    entries = activities(year=year)
    gdp = sum(entry.amount for entry in entries if entry.code == GDP)
    return Year(year, rules.inventory(entries, edition=edition, on=on), gdp or None)


def stations(*, user: User, on: dt.date) -> list[ClimateStation]:
    """Return the weather stations a person may see that have computed indices, by code."""
    rows = records.visible(register="climate-stations", user=user, on=on).filter(
        withdrawn_at=None, climate__isnull=False
    )
    return list(rows.select_related("climate", "region").order_by("code"))


def daily(station: ClimateStation) -> rules.Daily | None:
    """Return the days of a station from the first to the last one, gaps as NaN; None where it has none."""
    found = list(station.days.order_by("day_date").values_list("day_date", "highest", "lowest", "rain"))
    if not found:
        return None
    first = found[0][0]
    table = np.full((3, (found[-1][0] - first).days + 1), np.nan)
    places = [(day - first).days for day, *_ in found]
    table[:, places] = np.array([values for _, *values in found], dtype=np.float64).T
    return rules.Daily(first, table[0], table[1], table[2], float(station.latitude or 0.0))


@dataclasses.dataclass(frozen=True, slots=True)
class CountyRisk:
    """A county with its risk by hazard; None where a part is unknown."""

    county: Region
    station: ClimateStation | None
    exposure: ClimateExposure | None
    by: dict[str, rules.Risk | None]


def county_risks(*, user: User, on: dt.date) -> list[CountyRisk]:
    """Return the risks of the counties a person may see: the county's own station, the latest exposure."""
    table = rules.in_force("risk", on)
    places: dict[int, ClimateStation] = {}
    for station in stations(user=user, on=on):
        if station.region_id is not None:
            places.setdefault(station.region_id, station)
    exposed: dict[int, ClimateExposure] = {}
    rows = records.visible(register="climate-exposures", user=user, on=on).filter(withdrawn_at=None)
    for row in rows.order_by("year", "pk"):
        exposed[row.region_id] = row
    counties = Region.objects.filter(level=Region.Level.COUNTY, pk__in={*places, *exposed}).order_by("code")
    return [_county_risk(county, places.get(county.pk), exposed.get(county.pk), table) for county in counties]


def _county_risk(
    county: Region, station: ClimateStation | None, row: ClimateExposure | None, table: Mapping[str, Any]
) -> CountyRisk:
    content = station.climate.content if station is not None else None
    exposure = rules.Exposure({name: getattr(row, name) for name in EXPOSURES}) if row is not None else None
    by = {
        item["code"]: rules.risk(item, content, exposure, table.get("levels", ()))
        for item in table["hazards"]
    }
    return CountyRisk(county, station, row, by)
