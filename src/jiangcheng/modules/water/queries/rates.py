"""Rates of the registers: zones, beautiful waters, base flow, quotas, groundwater, farms, villages."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from django.db.models import Q, QuerySet
from numpy.typing import NDArray

from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.methods import statistics
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import (
    AlgaeEvent,
    BaseFlowSection,
    FunctionalZone,
    ManureFarm,
    Village,
    WaterQuota,
    Well,
)
from jiangcheng.modules.water.queries import ledgers, months
from jiangcheng.standards import periods, rounding

FLOW = "river_flow"
"""Property of the daily mean flow [m³/s]."""
NAN = float("nan")


@dataclasses.dataclass(frozen=True, slots=True)
class ZoneStanding:
    """A functional zone with the class observed at its section."""

    zone: FunctionalZone
    reached: int
    """0 where nothing is observed."""
    met: bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class BeautyRate:
    """Recognised waters of one version of the list."""

    version: str
    listed: int
    recognised: int
    percent: float


@dataclasses.dataclass(frozen=True, slots=True)
class FlowStanding:
    """A section of ecological flow in a year up to a day."""

    section: BaseFlowSection
    guarantee: rules.FlowGuarantee
    first: dt.date
    last: dt.date
    short_days: tuple[dt.date, ...]
    met: bool | None


@dataclasses.dataclass(frozen=True, slots=True)
class QuotaLine:
    """A county's water use in a year."""

    row: WaterQuota
    share: float
    expected: float
    level: int
    intensity: float
    """Water per 10⁴ yuan of product [m³]."""


@dataclasses.dataclass(frozen=True, slots=True)
class UnitStanding:
    """A groundwater control unit: its wells together, red if quantity or level breaks."""

    name: str
    region: Region | None
    wells: int
    abstracted: float
    quota: float
    quantity: int
    level: int
    state: int
    deepest: str
    """The well whose level is worst."""
    measured: dt.date
    """Day of the latest measurement, the year's first where no well has one."""


@dataclasses.dataclass(frozen=True, slots=True)
class CountyManure:
    """Manure of a county's farms in a year."""

    region: Region | None
    farms: int
    heads: int
    produced: float
    treated_percent: float
    used_percent: float
    facility_percent: float
    """Large farms with facilities in percent of the large farms."""


@dataclasses.dataclass(frozen=True, slots=True)
class CountyVillages:
    """Villages of a county."""

    region: Region | None
    villages: int
    sewage_percent: float
    """Villages whose sewage is treated in percent of the list; idle and broken facilities do not count."""
    waste_percent: float
    toilet_percent: float
    idle: int


def zone_standings(*, user: User, on: dt.date) -> list[ZoneStanding]:
    """Return the functional zones in force with the class of the latest month that has data."""
    zones = ledgers.visible(register="functional-zones", user=user, on=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), valid_from_date__lte=on
    )
    found = list(zones.order_by("number"))
    points = list(Station.objects.filter(code__in={zone.section_code for zone in found if zone.section_code}))
    latest: dict[str, int] = {}
    if points:
        codes = {point.pk: point.code for point in points}
        table = months.month_table(points=points, months=months.months_before(on, 2))
        for row in np.argsort(table.month, kind="stable"):
            if table.section[row]:
                latest[codes[int(table.station[row])]] = int(table.section[row])
    return [
        ZoneStanding(
            zone,
            reached := latest.get(zone.section_code, 0),
            bool(reached <= zone.target_class) if reached else None,
        )
        for zone in found
    ]


def beauty(*, user: User, on: dt.date) -> list[BeautyRate]:
    """Return the rate of recognised waters by version of the list, the newest first."""
    rows = ledgers.visible(register="beautiful-waters", user=user, on=on).values_list(
        "list_version", "recognised_date"
    )
    lists: dict[str, list[bool]] = defaultdict(list)
    for version, day in rows:
        lists[version].append(day is not None and day <= on)
    return [
        BeautyRate(version, len(known), sum(known), statistics.share(sum(known), len(known)))
        for version, known in sorted(lists.items(), reverse=True)
    ]


def flows(*, user: User, on: dt.date, year: int) -> list[FlowStanding]:
    """Return the guarantee rate of each section in a year, up to the day before a date of that year."""
    found = ledgers.visible(register="base-flow-sections", user=user, on=on).order_by("number")
    return flow_standings(list(found), on=on, year=year)


def flow_standings(found: list[BaseFlowSection], *, on: dt.date, year: int) -> list[FlowStanding]:
    """Return the guarantee rate of given sections in a year, up to the day before a date of that year."""
    first = dt.date(year, 1, 1)
    last = min(dt.date(year, 12, 31), on - dt.timedelta(days=1))
    if not found or last < first:
        return []
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    series = _flow({row.section_code for row in found}, days)
    return [_flow_standing(row, series.get(row.section_code), days) for row in found]


def quotas(*, user: User, on: dt.date, year: int) -> list[QuotaLine]:
    """Return water use against quota, county by county, with the alarm before it is exceeded."""
    return _quotas(ledgers.visible(register="water-quotas", user=user, on=on).filter(year=year))


def quotas_of(year: int) -> list[QuotaLine]:
    """Return water use against quota of all counties, whoever may see them."""
    return _quotas(WaterQuota.objects.filter(year=year, withdrawn_at=None).select_related("region"))


def _quotas(rows: Iterable[WaterQuota]) -> list[QuotaLine]:
    found = list(rows)
    found.sort(key=lambda row: row.region.code if row.region else "")
    standing = rules.quota_standing(
        [row.used for row in found],
        [row.quota for row in found],
        [rules.months_elapsed(row.through_date) for row in found],
        alarm=rules.settings("alarms")["quota_share"],
    )
    return [
        QuotaLine(
            row=row,
            share=float(standing.share[place]),
            expected=float(standing.expected[place]),
            level=int(standing.level[place]),
            intensity=float(rounding.round_half_even(row.used / row.gdp, 2)) if row.gdp else NAN,
        )
        for place, row in enumerate(found)
    ]


def units(*, user: User, on: dt.date, year: int) -> list[UnitStanding]:
    """Return the groundwater units: quantities of their wells summed, the worst level of any well."""
    return _units(ledgers.visible(register="wells", user=user, on=on).filter(year=year), year)


def units_of(year: int) -> list[UnitStanding]:
    """Return all groundwater units of a year, whoever may see them."""
    return _units(Well.objects.filter(year=year, withdrawn_at=None).select_related("region"), year)


def _units(wells: QuerySet[Well], year: int) -> list[UnitStanding]:
    groups: dict[str, list[int]] = defaultdict(list)
    rows = list(wells.order_by("unit_name", "number"))
    for place, well in enumerate(rows):
        groups[well.unit_name].append(place)
    depth = np.array([NAN if row.depth is None else row.depth for row in rows])
    control = np.array([NAN if row.control_depth is None else row.control_depth for row in rows])
    near = rules.settings("alarms")["groundwater_near"]
    none = np.full(len(rows), NAN)
    by_well = rules.dual_control(none, none, depth, control, near=near).level
    found = []
    for name, places in groups.items():
        taken, allowed = (
            _total(getattr(rows[place], field) for place in places) for field in ("abstracted", "quota")
        )
        quantity = int(rules.dual_control([taken], [allowed], [NAN], [NAN], near=near).quantity[0])
        worst = max(places, key=lambda place: by_well[place])
        level = int(by_well[worst])
        found.append(
            UnitStanding(
                name=name,
                region=rows[places[0]].region,
                wells=len(places),
                abstracted=taken,
                quota=allowed,
                quantity=quantity,
                level=level,
                state=max(quantity, level),
                deepest=rows[worst].name_zh if level else "",
                measured=max(
                    (day for place in places if (day := rows[place].measured_date)),
                    default=dt.date(year, 1, 1),
                ),
            )
        )
    return sorted(found, key=lambda unit: -unit.state)


def algae(*, user: User, on: dt.date) -> list[tuple[AlgaeEvent, int]]:
    """Return the observations of algae with their degree, latest first."""
    rows = list(ledgers.visible(register="algae-events", user=user, on=on).order_by("-observed_at")[:50])
    levels = rules.algae_levels(
        [NAN if row.density is None else row.density for row in rows],
        [NAN if row.area_percent is None else row.area_percent for row in rows],
    ).level
    return list(zip(rows, levels.tolist(), strict=True))


def manure(*, user: User, on: dt.date, year: int) -> list[CountyManure]:
    """Return the rates of manure treated and used by county."""
    rows = ledgers.visible(register="manure-farms", user=user, on=on).filter(year=year)
    return [_manure(region, group) for region, group in ledgers.by_county(rows)]


def village_rates(*, user: User, on: dt.date) -> list[CountyVillages]:
    """Return the coverage of sewage, waste and toilets by county."""
    rows = ledgers.visible(register="villages", user=user, on=on)
    return [_villages(region, group) for region, group in ledgers.by_county(rows)]


def idle_facilities(*, user: User, on: dt.date) -> list[Village]:
    """Return the villages whose sewage facility stands idle or is broken."""
    rows = ledgers.visible(register="villages", user=user, on=on)
    return list(rows.filter(facility_state__in=("idle", "broken")).order_by("region__code", "number"))


def _flow_standing(
    row: BaseFlowSection, flow: NDArray[np.float64] | None, days: Sequence[dt.date]
) -> FlowStanding:
    month = np.array([day.month for day in days])
    winter = rules.in_control_period(month, row.winter_from_month, row.winter_to_month)
    cold = row.base_flow if row.winter_flow is None else row.winter_flow
    guarantee = rules.flow_guarantee(
        np.full(len(days), NAN) if flow is None else flow,
        np.where(winter, cold, row.base_flow),
        controlled=rules.in_control_period(month, row.from_month, row.to_month),
        months=month,
        rule=row.rule,
    )
    known = guarantee.valid > 0
    return FlowStanding(
        section=row,
        guarantee=guarantee,
        first=days[0],
        last=days[-1],
        short_days=tuple(days[place] for place in guarantee.short),
        met=bool(guarantee.kept * 100 >= row.required_percent * guarantee.valid) if known else None,
    )


def _flow(codes: Iterable[str], days: Sequence[dt.date]) -> dict[str, NDArray[np.float64]]:
    """Return the daily flow of stations over consecutive days, NaN where missing."""
    stations = dict(Station.objects.filter(code__in=list(codes)).values_list("pk", "code"))
    key = ObservedProperty.objects.filter(code=FLOW, statistic="avg").values_list("pk", flat=True).first()
    if key is None or not stations:
        return {}
    start = periods.day_bounds(days[0])[0]
    table = store.read(
        stations=list(stations),
        properties=[key],
        granularity=store.Granularity.DAY,
        start=start,
        end=periods.day_bounds(days[-1])[1],
    )
    found = {code: np.full(len(days), NAN) for code in stations.values()}
    place = (table["start"].to_numpy() - start) // rules.DAY_SECONDS
    for station, number, value in zip(
        table["station"].to_pylist(), place.tolist(), table["value"].to_pylist(), strict=True
    ):
        found[stations[station]][number] = value
    return found


def _manure(region: Region | None, rows: Sequence[ManureFarm]) -> CountyManure:
    produced = [_known(row.produced_tons) for row in rows]
    large = [row for row in rows if row.is_large]
    return CountyManure(
        region=region,
        farms=len(rows),
        heads=sum(row.heads for row in rows),
        produced=float(np.nansum(produced)),
        treated_percent=rules.coverage([_known(row.treated_tons) for row in rows], produced),
        used_percent=rules.coverage([_known(row.used_tons) for row in rows], produced),
        facility_percent=statistics.share(sum(row.has_facility for row in large), len(large)),
    )


def _villages(region: Region | None, rows: Sequence[Village]) -> CountyVillages:
    idle = [row for row in rows if row.facility_state in ("idle", "broken")]
    treated = sum(row.sewage != "none" and row not in idle for row in rows)
    return CountyVillages(
        region=region,
        villages=len(rows),
        sewage_percent=statistics.share(treated, len(rows)),
        waste_percent=statistics.share(sum(row.has_collection for row in rows), len(rows)),
        toilet_percent=rules.coverage([row.toilets for row in rows], [row.households for row in rows]),
        idle=len(idle),
    )


def _known(value: float | None) -> float:
    return NAN if value is None else value


def _total(values: Iterable[float | None]) -> float:
    known = [value for value in values if value is not None]
    return float(sum(known)) if known else NAN
