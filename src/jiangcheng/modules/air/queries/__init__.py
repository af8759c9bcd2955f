"""Which stations make which area, and the series of the room."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
from importlib import resources
from typing import Any

import numpy as np
from django.db.models import Q, QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo, manifests
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import Record, RecordStep
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.methods import averaging
from jiangcheng.modules.air import rules
from jiangcheng.modules.air.models import (
    ExceptionalEvent,
    ForecastDay,
    ForecastRun,
    HeavyWarning,
    ReductionMeasure,
    ReductionTask,
    WeatherForecast,
)
from jiangcheng.standards import codes, lookup, periods, rounding

POLLUTANTS = ("SO2", "NO2", "PM10", "CO", "O3", "PM25")
"""Names of the tables of HJ 633; the columns of every kernel call of this room."""
CODES = {**{name: name.lower() for name in POLLUTANTS}, "O3_8h": "o3_mda8"}
"""Codes of the derived properties that hold means, by kernel column."""
WORDS = {"PM25": "PM2.5", "O3_8h": "O3-8h", "O3_1h": "O3-1h"}
"""Names on screen of kernel columns that differ from their codes."""
FRESH_HOURS = 6
"""Age up to which an hour still stands for the present."""
NATIONAL = "国控"
"""Class of the points that make a city's evaluation (HJ 663: urban points of the national network)."""


EXCLUDABLE = ("PM10", "PM25")
"""Pollutants with a day series of their own without exceptional events."""


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """An area with its own series, and the stations they are the means of."""

    station: int
    code: str
    members: tuple[int, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """Valid hour means of whole Beijing days: ``values[pollutant]`` is [station, day, hour], NaN where missing.

    Concentrations are in the units of HJ 633: µg/m³, CO in mg/m³.
    """

    stations: np.ndarray
    days: np.ndarray
    values: dict[str, np.ndarray]

    @property
    def starts(self) -> np.ndarray:
        """Return the start of every hour [epoch seconds], shape (day, hour)."""
        first = periods.day_bounds(self.days[0].item())[0]
        return first + periods.HOUR * np.arange(24 * len(self.days), dtype=np.int64).reshape(-1, 24)


def instant(start: int) -> datetime.datetime:
    """Return epoch seconds as an aware datetime."""
    return datetime.datetime.fromtimestamp(int(start), datetime.UTC)


def day_of(start: int) -> datetime.date:
    """Return the Beijing day of epoch seconds."""
    return instant(start).astimezone(periods.BEIJING).date()


def stations(*, on: datetime.date) -> list[Station]:
    """Return the air stations in operation on a date."""
    rows = Station.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), kind=Station.Kind.AIR, valid_from_date__lte=on
    )
    return list(rows.select_related("region", "grid_cell").order_by("pk"))


def areas(*, points: list[Station]) -> list[Area]:
    """Return the areas that have a station of their own and at least one evaluated point.

    A city is the mean of its national points, a county of all its evaluated points; reference points
    (对照点) count nowhere.
    """
    evaluated = [point for point in points if point.attributes.get("evaluated", True)]
    found = []
    for area in Station.objects.filter(kind=Station.Kind.AREA).select_related("region").order_by("pk"):
        prefix = access_rules.area_prefix(area.region.code)
        city = area.region.level == Region.Level.CITY
        members = tuple(
            point.pk
            for point in evaluated
            if point.region.code.startswith(prefix)
            and (not city or point.attributes.get("class") == NATIONAL)
        )
        if members:
            found.append(Area(area.pk, area.code, members))
    return found


def derived() -> dict[str, int]:
    """Return the keys of the derived properties by code."""
    rows = ObservedProperty.objects.filter(medium="derived", statistic="avg")
    return dict(rows.values_list("code", "pk"))


def measured() -> dict[str, tuple[int, float]]:
    """Return, by pollutant, the key of the measured property and the factor to the unit of HJ 633."""
    wanted = {pollutant: codes.of_parameter(pollutant) for pollutant in POLLUTANTS}
    keys = dict(
        ObservedProperty.objects.filter(
            code__in=[item.code for item in wanted.values()], statistic="avg"
        ).values_list("code", "pk")
    )
    return {name: (keys[item.code], item.factor) for name, item in wanted.items() if item.code in keys}


def hours(*, points: list[int], days: np.ndarray) -> Hours:
    """Read the valid hour means of some stations for consecutive Beijing days (datetime64[D])."""
    source = measured()
    table = store.read(
        stations=points,
        properties=[key for key, _factor in source.values()],
        granularity=store.Granularity.HOUR,
        start=instant(periods.day_bounds(days[0].item())[0]),
        end=instant(periods.day_bounds(days[-1].item())[1]),
    )
    rows = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags()))
    axis = np.sort(np.array(points, dtype=np.int64))
    place = np.searchsorted(axis, rows["station"])
    values = {}
    for name in POLLUTANTS:
        key, factor = source.get(name, (-1, 1.0))
        mine = valid & (rows["property"] == key)
        values[name] = averaging.hours_of_days(
            rows["start"][mine],
            rounding.settle(rows["value"][mine] * factor),
            days[0],
            len(days),
            row=place[mine],
            rows=len(axis),
        )
    return Hours(axis, days, values)


def city_area(*, code: str = "") -> Station | None:
    """Return the station that carries the city's series, or None before the register is loaded."""
    rows = Station.objects.filter(kind=Station.Kind.AREA, region__level=Region.Level.CITY)
    if code:
        rows = rows.filter(code=code)
    return rows.order_by("code").first()


def daily(
    *, station: int, codes: list[str], first: datetime.date, last: datetime.date
) -> dict[str, np.ndarray]:
    """Return derived day values of ``[first, last)`` by code, aligned with ``days`` (datetime64[D])."""
    keys = derived()
    days = np.arange(np.datetime64(first), np.datetime64(last))
    columns = {code: np.full(len(days), np.nan) for code in codes}
    table = store.read(
        stations=[station],
        properties=[keys[code] for code in codes if code in keys],
        granularity=store.Granularity.DAY,
        start=periods.day_bounds(first)[0],
        end=periods.day_bounds(last)[0],
    )
    place = (periods.natural_day(table["start"].to_numpy()) - days[0]).astype(int)
    observed, values = table["property"].to_numpy(), table["value"].to_numpy()
    for code in codes:
        mine = observed == keys.get(code, -1)
        columns[code][place[mine]] = values[mine]
    return {"days": days, **columns}


def approved_events(*, start: datetime.datetime, end: datetime.datetime) -> list[ExceptionalEvent]:
    """Return the approved exceptional events that touch ``[start, end)``, oldest first."""
    found = ExceptionalEvent.objects.filter(
        state="approved", withdrawn_at=None, starts_at__lt=end, ends_at__gt=start
    )
    return list(found.order_by("starts_at"))


def event_hours(starts: np.ndarray) -> np.ndarray:
    """Tell which hours, by their starts [epoch seconds], lie in an approved event or begin before its end."""
    if not starts.size:
        return np.zeros(starts.shape, bool)
    found = np.zeros(starts.shape, bool)
    first, last = instant(int(starts.min())), instant(int(starts.max()) + periods.HOUR)
    for event in approved_events(start=first, end=last):
        begin, end = event.starts_at.timestamp(), event.ends_at.timestamp()
        found |= (starts + periods.HOUR > begin) & (starts < end)
    return found


def daily_without_events(
    *, station: int, codes: list[str], first: datetime.date, last: datetime.date
) -> dict[str, np.ndarray]:
    """Return `daily` with the days of approved events as they are without the hours of the events."""
    columns = daily(station=station, codes=codes, first=first, last=last)
    days = columns["days"]
    if not len(days):
        return columns
    starts = Hours(np.array([]), days, {}).starts
    touched = event_hours(starts).any(axis=1)
    shadows = [f"{code}_excluded" for code in codes if code in ("aqi", "pm10", "pm25")]
    without = daily(station=station, codes=shadows, first=first, last=last)
    for code in shadows:
        name = code.removesuffix("_excluded")
        columns[name] = np.where(touched, without[code], columns[name])
    return columns


def primary_names(mask: int, *, report: str) -> str:
    """Return the primary pollutants of a stored bit set, e.g. ``PM2.5、O3``; ``report`` is hour or day."""
    names = [name for bit, name in enumerate(rules.columns_of(report)) if mask >> bit & 1]
    return "、".join(WORDS.get(name, name) for name in names)


@dataclasses.dataclass(frozen=True, slots=True)
class Now:
    """The newest hour of a station that was over at an instant."""

    start: int
    aqi: float
    primary: str
    edition: str
    grade: lookup.Grade


def current(*, stations: list[int], at: datetime.datetime) -> dict[int, Now]:
    """Return the newest hourly AQI of each station known at an instant, at most `FRESH_HOURS` old."""
    keys = derived()
    if "aqi" not in keys or not stations:
        return {}
    end = int(at.timestamp())
    table = store.read(
        stations=stations,
        properties=[keys["aqi"], keys["aqi_primary"]],
        granularity=store.Granularity.HOUR,
        start=end - FRESH_HOURS * periods.HOUR,
        end=end - periods.HOUR + 1,
    )
    rows = list(
        zip(*(table[name].to_pylist() for name in ("station", "property", "start", "value")), strict=True)
    )
    masks = {(station, start): value for station, key, start, value in rows if key == keys["aqi_primary"]}
    found = {}
    for station, key, start, value in rows:
        if key == keys["aqi"] and value == value:
            mask = masks.get((station, start), 0.0)
            found[station] = _now(start, value, 0 if mask != mask else int(mask))
    return found


def _now(start: int, aqi: float, mask: int) -> Now:
    edition = lookup.edition_on("HJ633", day_of(start)).code
    grades = lookup.grades("HJ633_levels", edition=edition)
    level = int(rules.level(int(aqi), edition))
    return Now(
        start=start,
        aqi=aqi,
        primary=primary_names(mask, report="hour"),
        edition=f"HJ 633-{edition}",
        grade=grades[max(level, 1) - 1],
    )


def hourly(
    *, station: int, codes: list[str], start: int, end: int
) -> dict[str, tuple[list[int], list[float]]]:
    """Return derived hour values of ``[start, end)`` by code, as starts and values."""
    keys = derived()
    table = store.read(
        stations=[station],
        properties=[keys[code] for code in codes if code in keys],
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in ("property", "start", "value")}
    found = {}
    for code in codes:
        mine = columns["property"] == keys.get(code, -1)
        found[code] = columns["start"][mine].tolist(), columns["value"][mine].tolist()
    return found


@functools.cache
def _forecast_rows() -> tuple[dict[str, Any], ...]:
    path = resources.files("jiangcheng.modules.air").joinpath("data", "forecast.json")
    return tuple(json.loads(path.read_text(encoding="utf-8")))


def forecast_parameters(*, on: datetime.date) -> dict[str, Any]:
    """Return the parameters of the forecast model in use on a date.

    Raises
    ------
    LookupError
        If there is none.
    """
    if found := forecast_models(on=on):
        return found[0]
    raise LookupError(f"no forecast model on {on}")


def forecast_models(*, on: datetime.date) -> list[dict[str, Any]]:
    """Return the parameters of all models in use on a date, the plainest first."""
    return [
        row
        for row in _forecast_rows()
        if row["valid_from_date"] <= on.isoformat() < (row["valid_to_date"] or "9999")
    ]


def latest_run(*, area: int) -> ForecastRun | None:
    """Return the newest forecast of an area with its days, or None."""
    return (
        ForecastRun.objects.filter(area=area).prefetch_related("days").order_by("-issued_at", "-pk").first()
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Verification:
    """What was issued by one model, held against what came."""

    model: str
    with_weather: bool
    by_lead: list[rules.Scores]
    by_hour: list[rules.HourScores]


def verification(*, area: Station, first: datetime.date, last: datetime.date) -> list[rules.Scores]:
    """Return the scores by lead of the model that was issued last; see `verifications`."""
    found = verifications(area=area, first=first, last=last)
    return found[-1].by_lead if found else []


def verifications(*, area: Station, first: datetime.date, last: datetime.date) -> list[Verification]:
    """Return the scores by model and lead of the stored forecasts for days of ``[first, last)``.

    Only what was issued counts; nothing is computed again. AQI is that of the edition of each run. Where
    several models were issued, only the days that all of them have are compared; the last issued comes last.
    """
    found = ForecastDay.objects.filter(run__area=area, day_date__gte=first, day_date__lt=last)
    rows = list(found.select_related("run").order_by("lead", "day_date"))
    if not rows:
        return []
    begin = min([first, *(row.run.through_date for row in rows)])
    observed = daily(station=area.pk, codes=["aqi"], first=begin, last=last)["aqi"]
    start, end = periods.day_bounds(begin)[0], periods.day_bounds(last)[0]
    hours = _hour_table(area, start, end)
    by_model: dict[tuple[str, str], list[ForecastDay]] = {}
    for row in sorted(rows, key=lambda row: (row.run.issued_at, row.run.pk)):
        model = (row.run.model, row.run.model_version)
        # Kept in the order of the last run of each model.
        by_model[model] = [*by_model.pop(model, []), row]
    current = _current(list(by_model.values()))
    common = set.intersection(*({_same(row) for row in group} for group in current))
    return [
        _verified([row for row in group if _same(row) in common], observed, hours, begin) for group in current
    ]


def _current(groups: list[list[ForecastDay]]) -> list[list[ForecastDay]]:
    """Return the models that the newest day of issue brought; those given up earlier are not compared."""
    newest = max(row.run.through_date for group in groups for row in group)
    return [group for group in groups if any(row.run.through_date == newest for row in group)]


def _same(row: ForecastDay) -> tuple[datetime.date, int]:
    return row.run.through_date, row.lead


def _verified(
    rows: list[ForecastDay], observed: np.ndarray, hours: np.ndarray, begin: datetime.date
) -> Verification:
    newest = rows[-1].run
    parameters = newest.inputs["parameters"]
    by_lead, by_hour = [], []
    for lead in sorted({row.lead for row in rows}):
        mine = [row for row in rows if row.lead == lead]
        days = [(row.day_date - begin).days for row in mine]
        through = [(row.run.through_date - begin).days for row in mine]
        by_lead.append(
            rules.score(
                lead=lead,
                forecast=[row.aqi for row in mine],
                quantiles=[row.quantiles for row in mine],
                probabilities=parameters["quantiles"],
                observed=observed[days],
                persistence=observed[through],
                edition=newest.edition,
                range_percent=parameters["range_percent"],
            )
        )
        issued = [
            [np.nan if value < 0 else value for value in row.hours.get("aqi", [np.nan] * 24)] for row in mine
        ]
        by_hour.append(
            rules.score_hours(
                lead=lead,
                forecast=np.array(issued, np.float64).ravel(),
                observed=hours[days].ravel(),
                persistence=hours[through].ravel(),
                edition=newest.edition,
            )
        )
    return Verification(newest.model, "weather" in parameters, by_lead, by_hour)


def _hour_table(area: Station, start: int, end: int) -> np.ndarray:
    """Return the hourly AQI of an area by day and hour, NaN where missing."""
    starts, values = hourly(station=area.pk, codes=["aqi"], start=start, end=end)["aqi"]
    first, count = np.datetime64(day_of(start)), round((end - start) / (24 * periods.HOUR))
    found: np.ndarray = averaging.hours_of_days(
        np.array(starts, np.int64), np.array(values, float), first, count
    )[0]
    return found


def hour_profiles(
    *, area: Station, days: dict[str, np.ndarray], last: datetime.date, parameters: dict[str, Any]
) -> dict[str, np.ndarray]:
    """Return by pollutant how the hours of the last days related to their day values, ``(24,)``.

    Parameters
    ----------
    days
        Day values by kernel column up to the day before ``last``.
    """
    count = min(parameters["hourly_days"], *(len(column) for column in days.values()))
    first = last - datetime.timedelta(days=count)
    start, end = periods.day_bounds(first)[0], periods.day_bounds(last)[0]
    found = hourly(station=area.pk, codes=[CODES[name] for name in rules.DAY_OF], start=start, end=end)
    return {
        name: rules.profile(
            averaging.hours_of_days(
                np.array(found[CODES[name]][0], np.int64),
                np.array(found[CODES[name]][1], float),
                np.datetime64(first),
                count,
            )[0],
            days[day][len(days[day]) - count :],
            fewest=parameters["hourly_fewest"],
        )
        for name, day in rules.DAY_OF.items()
    }


def weather_of(
    *, area: Station, calendar: np.ndarray, issued_on: datetime.date, parameters: dict[str, Any]
) -> rules.Weather | None:
    """Return the daily weather of an area over a calendar and what was forecast of it, None without any.

    Observed is the nearest weather station that has the most of the predictors; forecasts are the latest of
    the register that were issued on the day of issue or before.
    """
    names = parameters.get("weather") or {}
    if not names:
        return None
    observed = _observed_weather(area, list(names.values()), calendar, parameters["weather_hours"])
    ahead = _weather_ahead(list(names), calendar[0].item(), issued_on, parameters["leads"])
    if np.isnan(observed).all():
        return None
    return rules.Weather(observed, ahead)


def _observed_weather(area: Station, wanted: list[str], calendar: np.ndarray, hours: int) -> np.ndarray:
    """Return the daily means with at least so many valid hours, ``(predictor, day)``."""
    keys = dict(ObservedProperty.objects.filter(code__in=wanted, statistic="avg").values_list("code", "pk"))
    near = sorted(
        Station.objects.filter(kind=Station.Kind.WEATHER),
        key=lambda one: (one.longitude - area.longitude) ** 2 + (one.latitude - area.latitude) ** 2,
    )
    found = np.full((len(wanted), len(calendar)), np.nan)
    if not near or not keys:
        return found
    table = store.aggregate(
        stations=[one.pk for one in near],
        properties=list(keys.values()),
        granularity=store.Granularity.HOUR,
        start=periods.day_bounds(calendar[0].item())[0],
        end=periods.day_bounds(calendar[-1].item())[1],
    )
    rows = {
        name: table[name].to_numpy() for name in ("station", "property", "day", "n_valid", "sum", "decimals")
    }
    counts = [len(set(rows["property"][rows["station"] == one.pk].tolist())) for one in near]
    best = near[int(np.argmax(counts))].pk
    enough = (rows["station"] == best) & (rows["n_valid"] >= hours)
    place = rows["day"] - int(calendar[0].astype("datetime64[D]").astype(np.int64))
    for row, code in enumerate(wanted):
        mine = enough & (rows["property"] == keys.get(code, -1))
        whole = rows["sum"][mine] / 10.0 ** rows["decimals"][mine].astype(float)
        found[row, place[mine]] = whole / rows["n_valid"][mine]
    return found


def _weather_ahead(
    names: list[str], first: datetime.date, issued_on: datetime.date, leads: list[int]
) -> dict[int, np.ndarray]:
    """Return by lead what was at hand on every day of issue from ``first`` to ``issued_on``, the latest issue."""
    count = (issued_on - first).days + 1
    found = {lead: np.full((len(names), count), np.nan) for lead in leads}
    rows = WeatherForecast.objects.filter(
        day_date__gte=first, issued_date__lte=issued_on, withdrawn_at=None
    ).order_by("issued_date", "pk")
    for row in rows:
        values = [np.nan if (value := getattr(row, name)) is None else value for name in names]
        for lead in leads:
            # The same forecast serves every later day of issue until a newer one replaces it.
            place = (row.day_date - first).days - lead
            if 0 <= place < count and row.issued_date <= first + datetime.timedelta(days=place):
                found[lead][:, place] = values
    return found


def proposal(*, run: ForecastRun) -> rules.Proposal | None:
    """Return the warning level that the days of a run ask for, or None."""
    return rules.proposed_level([day.aqi for day in run.days.all()], on=timezone.localdate(run.issued_at))


def open_warning(*, area: Station) -> HeavyWarning | None:
    """Return the warning of an area that is neither refused nor lifted."""
    found = HeavyWarning.objects.filter(run__area=area, withdrawn_at=None).exclude(
        state__in=("lifted", "rejected")
    )
    return found.select_related("run", "region").order_by("-pk").first()


def steps_of(*, warning: HeavyWarning) -> QuerySet[RecordStep]:
    """Return the steps of a warning in order."""
    return records.steps(register="air-warnings", number=warning.number)


def tasks_of(*, warning: HeavyWarning) -> list[ReductionTask]:
    """Return the tasks enterprises hold under a warning, without those that gave way to another level."""
    found = ReductionTask.objects.filter(warning_number=warning.number, withdrawn_at=None)
    return list(found.select_related("facility__region", "workflow").order_by("facility__code", "pk"))


def measures(*, level: str, region: Region | None, on: datetime.date) -> list[ReductionMeasure]:
    """Return the measures of a level in force on a date, of the facilities within a region."""
    found = ReductionMeasure.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on),
        level=level,
        valid_from_date__lte=on,
        withdrawn_at=None,
        facility__isnull=False,
    )
    if region is not None:
        found = found.filter(facility__region__code__startswith=access_rules.area_prefix(region.code))
    return list(found.select_related("facility__region").order_by("facility__code", "pk"))


@dataclasses.dataclass(frozen=True, slots=True)
class ExecutionSeries:
    """Valid hours under measures and of the reference days, each ``(day, 24)``, NaN elsewhere."""

    during: np.ndarray
    before: np.ndarray


def execution_series(
    *, measure: ReductionMeasure, since: datetime.datetime, until: datetime.datetime
) -> ExecutionSeries | None:
    """Return the series that shows a reduction, or None where the list names none or the register has none.

    The station has to lie with the facility of the measure: nobody is judged by the stack of somebody else.
    """
    station = Station.objects.filter(code=measure.check_station, outlet__facility=measure.facility).first()
    key = ObservedProperty.objects.filter(
        code=measure.check_property, statistic=measure.check_statistic
    ).first()
    if station is None or key is None:
        return None
    return _execution([station.pk], key.pk, since, until)


def channel_series(
    *, facility: Facility, since: datetime.datetime, until: datetime.datetime
) -> dict[str, ExecutionSeries]:
    """Return power, load and water of a facility by property, in the order of the settings; what it has of them.

    The series of its outlets are summed hour by hour, over the outlets that have the series at all.
    """
    found = {}
    stations = list(
        Station.objects.filter(outlet__facility=facility).order_by("pk").values_list("pk", flat=True)
    )
    for channel in execution_settings()["channels"]:
        key = ObservedProperty.objects.filter(
            code=channel["property"], statistic=channel["statistic"]
        ).first()
        if key is None or not stations:
            continue
        series = _execution(stations, key.pk, since, until)
        if not np.isnan(series.before).all():
            found[channel["property"]] = series
    return found


@functools.cache
def execution_settings() -> dict[str, Any]:
    """Return by what the execution of measures is checked."""
    path = resources.files("jiangcheng.modules.air").joinpath("data", "execution.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def inspections_of(
    *, facility: Facility, since: datetime.datetime, until: datetime.datetime
) -> list[dict[str, Any]]:
    """Return what the rooms know of inspections of a facility in ``[since, until]``, as plain values."""
    answers = manifests.ask("facility.inspections", facility_code=facility.code, since=since, until=until)
    return [
        {**item, "at": item["at"].isoformat()}
        for item in sorted((item for answer in answers for item in answer), key=lambda item: item["at"])
    ]


def _execution(
    stations: list[int], key: int, since: datetime.datetime, until: datetime.datetime
) -> ExecutionSeries:
    on = timezone.localdate(since)
    reference = int(lookup.value("air_warning", "execution", "check", "baseline_days", on))
    first = np.datetime64(on) - reference
    days = np.arange(first, np.datetime64(timezone.localdate(until)) + 1)
    table = store.read(
        stations=stations,
        properties=[key],
        granularity=store.Granularity.HOUR,
        start=periods.day_bounds(days[0].item())[0],
        end=int(until.timestamp()),
    )
    rows = {name: table[name].to_numpy() for name in ("station", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags())) & ~np.isnan(rows["value"])
    laid = [
        averaging.hours_of_days(rows["start"][mine], rows["value"][mine], days[0], len(days))[0]
        for station in stations
        if (mine := valid & (rows["station"] == station)).any()
    ]
    # An hour that one of the outlets lacks cannot be compared as a sum.
    hours = np.sum(laid, axis=0) if laid else np.full((len(days), 24), np.nan)
    starts = Hours(np.array([]), days, {}).starts
    under = starts >= since.timestamp()
    return ExecutionSeries(
        during=np.where(under, hours, np.nan)[reference:], before=np.where(under, np.nan, hours)[:reference]
    )


def active_responses(*, at: datetime.datetime) -> list[dict[str, Any]]:
    """Answer the hook ``response.active``: the warnings in effect, and who acknowledged the measures."""
    found = []
    for warning in HeavyWarning.objects.filter(state="issued", withdrawn_at=None, issued_at__lte=at):
        states = [task.state for task in tasks_of(warning=warning)]
        found.append(
            {
                "number": warning.number, "name_zh": "重污染天气预警响应", "name_en": "Response to heavy pollution",
                "level": warning.level, "url": "/air/warnings/", "orders": len(states),
                "acknowledged": sum(state != "sent" for state in states),
            }
        )  # fmt: skip
    return found


def to_do(*, user: User, now: datetime.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: what waits for an approval, for its issue, or for a signature."""
    on = timezone.localdate(now)
    found = []
    waits: tuple[tuple[str, str, str, str, str], ...] = (
        ("air.approve", "air-warnings", "proposed", "审批预警", "Approve the warning"),
        ("air.manage", "air-warnings", "approved", "发布预警", "Issue the warning"),
        ("air.approve", "air-events", "proposed", "核准例外事件", "Approve the exceptional event"),
    )
    for permission, register, state, title_zh, title_en in waits:
        if access.has(user, permission, on):
            rows = records.visible(register=register, user=user, on=on).filter(state=state, withdrawn_at=None)
            found += [_waiting(row, register, title_zh, title_en) for row in rows[:50]]
    own = access.scope(user, "air.tasks", on)
    if own.facility_codes:
        tasks = ReductionTask.objects.filter(
            state="sent", withdrawn_at=None, facility__code__in=own.facility_codes
        )
        found += [
            _waiting(row, "air-tasks", "签收减排任务", "Acknowledge the reduction task") for row in tasks[:50]
        ]
    return found


def _waiting(record: Record, register: str, title_zh: str, title_en: str) -> ToDo:
    return ToDo(
        kind=register,
        title_zh=f"{title_zh}：{record.number}",
        title_en=f"{title_en}: {record.number}",
        url=f"/records/{register}/{record.number}/",
        due_at=record.due_at,
        since=record.state_at,
        severity=3,
        number=record.number,
    )
