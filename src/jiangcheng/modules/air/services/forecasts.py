"""Issue the forecast once a day and keep it for ever, with what it was made from."""

from __future__ import annotations

import datetime
import hashlib
from typing import Any

import numpy as np
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.air import queries, rules
from jiangcheng.modules.air.models import ForecastDay, ForecastRun
from jiangcheng.standards import lookup


def issue_due(*, now: datetime.datetime) -> ForecastRun | None:
    """Issue today's forecasts of the city if their hour has come and they are not issued yet (HJ 633: before 20:00).

    Every model in use issues its own, so that they can be compared; the last one, which knows the most, is
    the one that is returned and shown.
    """
    on = timezone.localdate(now)
    parameters = queries.forecast_parameters(on=on)
    city = queries.city_area()
    if city is None or timezone.localtime(now).hour < parameters["issue_hour"]:
        return None
    shown = None
    for model in queries.forecast_models(on=on):
        try:
            shown = issue(area=city, now=now, parameters=model) or shown
        except rules.TooLittle:
            continue
    return shown


def issue(
    *, area: Station, now: datetime.datetime, parameters: dict[str, Any] | None = None
) -> ForecastRun | None:
    """Issue the forecast of an area from its closed days; the same days and model again give the run that is there.

    None for a model with weather where no weather is at hand: it would say the same as the one without.

    Raises
    ------
    rules.TooLittle
        If there are too few days, or the last ones are missing.
    """
    today = timezone.localdate(now)
    parameters = parameters or queries.forecast_parameters(on=today)
    calendar, columns = _days_of(area, today, parameters)
    through = calendar[_last_known(columns)].item()
    standing: ForecastRun | None = ForecastRun.objects.filter(
        area=area, through_date=through, model=parameters["model"], model_version=parameters["version"]
    ).first()
    if standing is not None:
        return standing
    weather = queries.weather_of(area=area, calendar=calendar, issued_on=today, parameters=parameters)
    if "weather" in parameters and weather is None:
        return None
    edition = lookup.edition_on("HJ633", today).code
    outlooks, factors = rules.calibrated(
        columns, calendar, issued_on=today, parameters=parameters, edition=edition, weather=weather
    )
    inputs = {
        "first": calendar[0].item().isoformat(),
        "through": through.isoformat(),
        "days": len(calendar),
        "sha256": _digest(columns),
        "snapshot": store.snapshot(),
        "widening": {str(lead): round(factor, 4) for lead, factor in factors.items()},
        "parameters": parameters,
    }
    if weather is not None:
        drivers = {f"observed-{row}": values for row, values in enumerate(weather.observed)}
        drivers |= {f"ahead-{lead}": values for lead, values in weather.ahead.items()}
        inputs["weather_sha256"] = _digest(drivers)
    profiles = queries.hour_profiles(area=area, days=columns, last=today, parameters=parameters)
    with transaction.atomic():
        run = ForecastRun(
            area=area,
            issued_at=now,
            through_date=through,
            model=parameters["model"],
            model_version=parameters["version"],
            edition=edition,
            inputs=inputs,
        )
        run.save()
        for outlook in outlooks:
            _day(run, outlook, profiles).save()
    return run


def _days_of(
    area: Station, today: datetime.date, parameters: dict[str, Any]
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Return calendar and day values from the first complete day to yesterday."""
    first = today - datetime.timedelta(days=parameters["history_days"])
    codes = [queries.CODES[name] for name in rules.FORECAST_COLUMNS]
    stored = queries.daily(station=area.pk, codes=codes, first=first, last=today)
    columns = {name: stored[queries.CODES[name]] for name in rules.FORECAST_COLUMNS}
    known = np.flatnonzero(~np.isnan(np.stack(list(columns.values()))).all(axis=0))
    if not len(known):
        raise rules.TooLittle("no day at all")
    return stored["days"][known[0] :], {name: column[known[0] :] for name, column in columns.items()}


def _last_known(columns: dict[str, np.ndarray]) -> int:
    return int(np.flatnonzero(~np.isnan(np.stack(list(columns.values()))).all(axis=0))[-1])


def _day(run: ForecastRun, outlook: rules.Outlook, profiles: dict[str, np.ndarray]) -> ForecastDay:
    hours = rules.hourly_outlook(outlook.concentrations, profiles, edition=run.edition)
    return ForecastDay(
        run=run,
        day_date=outlook.day,
        lead=outlook.lead,
        aqi=outlook.aqi,
        aqi_low=outlook.quantiles[0],
        aqi_high=outlook.quantiles[-1],
        primary=outlook.primary,
        level=outlook.level,
        quantiles=list(outlook.quantiles),
        concentrations=dict(outlook.concentrations),
        weather=outlook.weather,
        hours=_plain(hours) if (hours.aqi >= 0).any() else {},
    )


def _plain(hours: rules.HourlyOutlook) -> dict[str, list[Any]]:
    """Return hours as they are stored; what is not known is null."""
    values = {
        name: [None if value != value else value for value in column.tolist()]
        for name, column in hours.concentrations.items()
    }
    return {"aqi": hours.aqi.tolist(), "primary": hours.primary.tolist(), **values}


def _digest(columns: dict[str, Any]) -> str:
    """Return the hash of the values, so that the inputs of a run can be proved later."""
    found = hashlib.sha256()
    for name, column in sorted(columns.items()):
        found.update(name.encode())
        found.update(np.round(column, 6).astype("<f8").tobytes())
    return found.hexdigest()
