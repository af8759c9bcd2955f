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
    """Issue today's forecast of the city if its hour has come and it is not issued yet (HJ 633: before 20:00)."""
    parameters = queries.forecast_parameters(on=timezone.localdate(now))
    city = queries.city_area()
    if city is None or timezone.localtime(now).hour < parameters["issue_hour"]:
        return None
    try:
        return issue(area=city, now=now)
    except rules.TooLittle:
        return None


def issue(*, area: Station, now: datetime.datetime) -> ForecastRun:
    """Issue the forecast of an area from its closed days; the same days and model again give the run that is there.

    Raises
    ------
    rules.TooLittle
        If there are too few days, or the last ones are missing.
    """
    today = timezone.localdate(now)
    parameters = queries.forecast_parameters(on=today)
    first = today - datetime.timedelta(days=parameters["history_days"])
    codes = [queries.CODES[name] for name in rules.FORECAST_COLUMNS]
    stored = queries.daily(station=area.pk, codes=codes, first=first, last=today)
    columns = {name: stored[queries.CODES[name]] for name in rules.FORECAST_COLUMNS}
    calendar = stored["days"]
    known = np.flatnonzero(~np.isnan(np.stack(list(columns.values()))).all(axis=0))
    if not len(known):
        raise rules.TooLittle("no day at all")
    calendar = calendar[known[0] :]
    columns = {name: column[known[0] :] for name, column in columns.items()}
    through = stored["days"][known[-1]].item()
    standing: ForecastRun | None = ForecastRun.objects.filter(
        area=area, through_date=through, model=parameters["model"], model_version=parameters["version"]
    ).first()
    if standing is not None:
        return standing
    edition = lookup.edition_on("HJ633", today).code
    outlooks, factors = rules.calibrated(
        columns, calendar, issued_on=today, parameters=parameters, edition=edition
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
            _day(run, outlook).save()
    return run


def _day(run: ForecastRun, outlook: rules.Outlook) -> ForecastDay:
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
    )


def _digest(columns: dict[str, Any]) -> str:
    """Return the hash of the values, so that the inputs of a run can be proved later."""
    found = hashlib.sha256()
    for name, column in sorted(columns.items()):
        found.update(name.encode())
        found.update(np.round(column, 6).astype("<f8").tobytes())
    return found.hexdigest()
