"""Runs of the forecast, what they were worth, and the weather they know."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
from importlib import resources
from typing import Any

import numpy as np
from django.utils import timezone

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.methods import averaging
from jiangcheng.modules.air import rules
from jiangcheng.modules.air.models import (
    ForecastDay,
    ForecastRun,
    WeatherForecast,
)
from jiangcheng.modules.air.queries.series import CODES, daily, day_of, hourly
from jiangcheng.standards import periods


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
