"""What the pages of the room show: rankings, months, profiles, roses, components."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import math
from collections.abc import Sequence
from importlib import resources
from typing import Any

import numpy as np

from jiangcheng.core.indicators import queries as indicators
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.methods import averaging
from jiangcheng.methods.tracing import inputs, polar
from jiangcheng.modules.air import queries, rules
from jiangcheng.standards import codes, lookup, periods

DAY_CODES = ("so2", "no2", "pm10", "pm25", "co", "o3_mda8", "aqi")
COLUMNS = {code: name for name, code in queries.CODES.items() if name != "O3"}
SECTORS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
WIND_SPEED, WIND_DIRECTION = "a01007", "a01008"


@functools.cache
def settings() -> dict[str, Any]:
    """Return the settings of the pages."""
    path = resources.files("jiangcheng.modules.air").joinpath("data", "pages.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """An area over a period, beside the same period of the year before."""

    station: Station
    items: dict[str, rules.ItemPeriod]
    quality: rules.DayQuality
    composite: rules.Composite
    before: rules.Composite | None
    rank: int = 0

    @property
    def whole(self) -> bool:
        """Tell whether the area is the city, which is not ranked among its counties."""
        return self.station.region.level == Region.Level.CITY

    @property
    def change(self) -> rules.Change | None:
        """Return the change of the index, or None where one of the two is missing."""
        if self.before is None or math.isnan(self.before.value) or math.isnan(self.composite.value):
            return None
        return rules.change(self.composite.value, self.before.value, digits=2)

    @property
    def main(self) -> str:
        """Return the main pollutants as they are printed."""
        return "、".join(queries.WORDS.get(name, name) for name in self.composite.main)


def ranking(
    *,
    areas: Sequence[Station],
    first: datetime.date,
    last: datetime.date,
    weighting: str,
    without_events: bool,
) -> list[Standing]:
    """Return areas by their composite index over ``[first, last)``, best first; equal ones share a rank.

    The city stands above its counties and has no rank among them.
    """
    found = []
    for area in areas:
        now = _period(area, first, last, weighting, without_events)
        if now is None:
            continue
        earlier = _period(area, rules.year_before(first), rules.year_before(last), weighting, without_events)
        items, quality, index = now
        found.append(Standing(area, items, quality, index, earlier[2] if earlier else None))
    ranks = rules.ranks([math.nan if one.whole else one.composite.value for one in found]).tolist()
    ranked = [dataclasses.replace(one, rank=rank) for one, rank in zip(found, ranks, strict=True)]
    return sorted(ranked, key=lambda one: (not one.whole, one.rank == 0, one.rank, one.station.code))


def _period(
    area: Station, first: datetime.date, last: datetime.date, weighting: str, without_events: bool
) -> tuple[dict[str, rules.ItemPeriod], rules.DayQuality, rules.Composite] | None:
    read = queries.daily_without_events if without_events else queries.daily
    columns = read(station=area.pk, codes=list(DAY_CODES), first=first, last=last)
    if not len(columns["days"]) or all(np.isnan(columns[code]).all() for code in DAY_CODES):
        return None
    days = {name: columns[code] for code, name in COLUMNS.items()}
    items = rules.evaluate_period(days, columns["days"])
    on = last - datetime.timedelta(days=1)
    try:
        index = rules.composite(items, on=on, weighting=weighting)
    except lookup.NotInForce:
        # The year before may lie before the weighting: then there is nothing to compare with.
        return None
    return {item.parameter: item for item in items}, rules.day_quality(levels(columns)), index


def levels(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Return the AQI level of every day by the edition of its date, 0 without AQI."""
    aqi = np.where(np.isnan(columns["aqi"]), rules.MISSING, columns["aqi"]).astype(int)
    found = np.zeros(len(aqi), int)
    editions = lookup.table("HJ633").editions
    for edition in editions:
        since, until = np.datetime64(edition.effective_from), np.datetime64(edition.effective_to)
        mine = (columns["days"] >= since) & (columns["days"] < until)
        found[mine] = rules.level(aqi[mine], edition.code)
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Month:
    """Days of a month by level, and the statistics of the month."""

    first: datetime.date
    counts: tuple[int, ...]
    missing: int
    pm25: rules.ItemPeriod


def months(*, area: Station, year: int, until: datetime.date, without_events: bool) -> list[Month]:
    """Return the months of a year that have begun before a date."""
    first, last = datetime.date(year, 1, 1), min(datetime.date(year + 1, 1, 1), until)
    if first >= last:
        return []
    read = queries.daily_without_events if without_events else queries.daily
    columns = read(station=area.pk, codes=["aqi", "pm25"], first=first, last=last)
    level = levels(columns)
    month_of = columns["days"].astype("datetime64[M]")
    found = []
    for month, items in rules.evaluate_months({"PM25": columns["pm25"]}, columns["days"]).items():
        of = level[month_of == month]
        found.append(
            Month(
                month.astype("datetime64[D]").item(),
                tuple(int((of == number).sum()) for number in range(1, 7)),
                int((of == 0).sum()),
                items[0],
            )
        )
    return found


def targets(*, on: datetime.date) -> list[IndicatorValue]:
    """Return the latest values of the air targets, with what the rest of the year still allows."""
    wanted = (
        "city_pm25_annual_2027",
        "city_good_air_days_ratio_2027",
        "city_heavy_pollution_days_ratio_2027",
    )
    found = indicators.latest(indicators=wanted, on=on)
    return [row for code in wanted for row in found.get(code, [])]


def profile(*, station: Station, first: datetime.date, last: datetime.date) -> dict[str, np.ndarray]:
    """Return the mean of each hour of the day over ``[first, last)`` by pollutant, shape ``(24,)``."""
    hours = queries.hours(points=[station.pk], days=np.arange(np.datetime64(first), np.datetime64(last)))
    return {name: averaging.mean(values[0], 1, axis=0).value for name, values in hours.values.items()}


@dataclasses.dataclass(frozen=True, slots=True)
class Petal:
    """The hours with wind from one of the sixteen directions."""

    sector: str
    hours: int
    mean: float
    """NaN without any hour."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rose:
    """Concentration by wind direction."""

    wind_station: Station
    petals: tuple[Petal, ...]
    calm: Petal


def rose(*, station: Station, parameter: str, first: datetime.date, last: datetime.date) -> Rose | None:
    """Return the mean concentration by wind direction, with the wind of the nearest station that measures it.

    None where no wind is measured in the period.
    """
    wind = _wind(station, first, last)
    if wind is None:
        return None
    speed, direction = wind.speed, wind.direction
    values = queries.hours(points=[station.pk], days=wind.days).values[parameter][0]
    there = ~np.isnan(speed) & ~np.isnan(direction) & ~np.isnan(values)
    calm = there & (speed <= settings()["calm_wind"])
    sector = (np.floor((np.nan_to_num(direction) % 360 + 11.25) / 22.5) % 16).astype(int)
    petals = tuple(
        _petal(name, values[there & ~calm & (sector == number)]) for number, name in enumerate(SECTORS)
    )
    return Rose(wind.station, petals, _petal("calm", values[calm]))


def polar_cells(
    *, station: Station, parameter: str, statistic: str, first: datetime.date, last: datetime.date
) -> polar.Cells | None:
    """Return a statistic by wind direction and speed, with the wind of the nearest station that measures it.

    Parameters
    ----------
    statistic
        ``"cpf"``, the conditional bivariate probability function: the share of hours above a percentile of
        all hours (Uria-Tellaetxe & Carslaw 2014); or ``"mean"``.

    None where there is no wind or no value in the period.
    """
    wind = _wind(station, first, last)
    if wind is None:
        return None
    values = queries.hours(points=[station.pk], days=wind.days).values[parameter][0]
    asked = settings()["polar"]
    try:
        return polar.cells(
            wind.speed.ravel(),
            wind.direction.ravel(),
            values.ravel(),
            statistic="cpf" if statistic == "cpf" else "mean",
            percent=asked["percent"],
            rings=asked["rings"],
            step=asked["step"],
            minimum=asked["minimum"],
        )
    except inputs.TracingError:
        return None


@dataclasses.dataclass(frozen=True, slots=True)
class _Wind:
    """Hours of wind beside a station, ``(day, 24)`` [m/s, °], NaN where missing."""

    station: Station
    days: np.ndarray
    speed: np.ndarray
    direction: np.ndarray


def _wind(station: Station, first: datetime.date, last: datetime.date) -> _Wind | None:
    """Return the wind of the nearest station that measures it, None where none does."""
    days = np.arange(np.datetime64(first), np.datetime64(last))
    keys = dict(
        ObservedProperty.objects.filter(code__in=(WIND_SPEED, WIND_DIRECTION), statistic="avg").values_list(
            "code", "pk"
        )
    )
    if len(keys) < 2:
        return None
    begin, end = periods.day_bounds(first)[0], periods.day_bounds(last)[0]
    table = store.read(
        stations=None,
        properties=list(keys.values()),
        granularity=store.Granularity.HOUR,
        start=begin,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    valid = np.isin(columns["flag"], list(codes.valid_flags()))
    measured = [
        set(columns["station"][valid & (columns["property"] == key)].tolist()) for key in keys.values()
    ]
    near = sorted(
        Station.objects.filter(pk__in=measured[0] & measured[1]),
        key=lambda one: (one.longitude - station.longitude) ** 2 + (one.latitude - station.latitude) ** 2,
    )
    if not near:
        return None

    def laid(code: str) -> np.ndarray:
        mine = valid & (columns["property"] == keys[code]) & (columns["station"] == near[0].pk)
        hours = averaging.hours_of_days(columns["start"][mine], columns["value"][mine], days[0], len(days))
        return np.asarray(hours[0])

    return _Wind(near[0], days, laid(WIND_SPEED), laid(WIND_DIRECTION))


def _petal(name: str, values: np.ndarray) -> Petal:
    return Petal(name, len(values), float(values.mean()) if len(values) else float("nan"))


@dataclasses.dataclass(frozen=True, slots=True)
class Components:
    """Means of a component station over a period; NaN where something is not measured."""

    hours: int
    pm25: float
    parts: dict[str, float]
    total: float
    ratio: float
    plausible_percent: float
    """Of the hours with a reconstruction, percent."""
    sor: float
    nor: float
    balance: float
    oc_ec: float
    primary_ratio: float
    secondary_carbon: float
    ozone: list[tuple[ObservedProperty, float]]
    """Ozone formation potential by compound, highest first."""
    ozone_total: float
    aerosol: list[tuple[ObservedProperty, float]]
    aerosol_total: float


def component_properties() -> dict[str, ObservedProperty]:
    """Return the properties of particle components and organic compounds by code."""
    found = ObservedProperty.objects.filter(medium="air", statistic="avg")
    return {row.code: row for row in found if row.code.startswith(("pm_", "voc_"))}


def component_stations() -> list[Station]:
    """Return the stations that have sent a component."""
    keys = [row.pk for row in component_properties().values()]
    if not keys:
        return []
    sent = np.unique(store.latest(properties=keys)["station"].to_numpy()).tolist()
    return list(Station.objects.filter(pk__in=sent).select_related("region").order_by("code"))


def components(*, station: Station, first: datetime.date, last: datetime.date) -> Components | None:
    """Return what the hours of ``[first, last)`` tell, or None without any."""
    days = np.arange(np.datetime64(first), np.datetime64(last))
    wanted = component_properties()
    table = store.read(
        stations=[station.pk],
        properties=[row.pk for row in wanted.values()],
        granularity=store.Granularity.HOUR,
        start=periods.day_bounds(first)[0],
        end=periods.day_bounds(last)[0],
    )
    rows = {name: table[name].to_numpy() for name in ("property", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags()))
    series = {}
    for code, row in wanted.items():
        mine = valid & (rows["property"] == row.pk)
        if mine.any():
            laid = averaging.hours_of_days(rows["start"][mine], rows["value"][mine], days[0], len(days))
            series[code] = laid.reshape(-1)
    if not series:
        return None
    gases = {
        name: values.reshape(-1)
        for name, values in queries.hours(points=[station.pk], days=days).values.items()
    }
    return _summary(series, gases, wanted, first)


def _summary(
    series: dict[str, np.ndarray],
    gases: dict[str, np.ndarray],
    wanted: dict[str, ObservedProperty],
    on: datetime.date,
) -> Components:
    particles = {code: values for code, values in series.items() if code.startswith("pm_")}
    voc = {code: values for code, values in series.items() if code.startswith("voc_")}
    nothing = np.full(len(gases["PM25"]), np.nan)
    closed = rules.closure(particles, gases["PM25"], on=on)
    carbon = rules.carbon(particles.get("pm_oc", nothing), particles.get("pm_ec", nothing), on=on)
    judged = ~np.isnan(closed.ratio)
    ions = {"pm_so4", "pm_no3", "pm_nh4"} <= particles.keys()
    ozone, aerosol = rules.ozone_potential(voc, on=on), rules.aerosol_potential(voc, on=on)
    return Components(
        hours=int(max(np.isfinite(values).sum() for values in series.values())),
        pm25=_mean(gases["PM25"]),
        parts={name: _mean(values) for name, values in closed.parts.items()},
        total=_mean(closed.total),
        ratio=_mean(closed.ratio),
        plausible_percent=float(100 * closed.plausible[judged].mean()) if judged.any() else float("nan"),
        sor=_mean(
            rules.oxidation_ratio(particles.get("pm_so4", nothing), gases["SO2"], ("pm_so4", "so2"), on=on)
        ),
        nor=_mean(
            rules.oxidation_ratio(particles.get("pm_no3", nothing), gases["NO2"], ("pm_no3", "no2"), on=on)
        ),
        balance=_mean(rules.ion_balance(particles, on=on)) if ions else float("nan"),
        oc_ec=_mean(carbon.ratio),
        primary_ratio=carbon.primary_ratio,
        secondary_carbon=_mean(carbon.secondary),
        ozone=_highest(ozone, wanted),
        ozone_total=float(sum(filter(np.isfinite, map(_mean, ozone.values())))),
        aerosol=_highest(aerosol, wanted),
        aerosol_total=float(sum(filter(np.isfinite, map(_mean, aerosol.values())))),
    )


def _mean(values: np.ndarray) -> float:
    present = values[~np.isnan(values)]
    return float(present.mean()) if present.size else float("nan")


def _highest(
    potential: dict[str, np.ndarray], wanted: dict[str, ObservedProperty]
) -> list[tuple[ObservedProperty, float]]:
    means = {code: _mean(values) for code, values in potential.items()}
    ordered = sorted((code for code in means if means[code] == means[code]), key=lambda code: -means[code])
    return [(wanted[code], means[code]) for code in ordered[: settings()["top_species"]]]
