"""A statistical forecast of the city's days that says how unsure it is, and the scores that tell how good it was.

Concentrations are taken to logarithms. Each has a climatology by the day of the year; today's anomaly fades as
anomalies did before; what remained unexplained on similar days gives the members. The members keep the pollutants
of one day together, so the AQI of a member is the AQI of a day that could be.

Weather may enter: what the weather's anomaly explained on past days is added for the target day, from the weather
forecast where one was issued in time, else from the last day that was observed. Which of the two is told.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.air.rules.aqi import MISSING, aqi_daily, level
from jiangcheng.standards import lookup, rounding

COLUMNS = ("SO2", "NO2", "PM10", "PM25", "CO", "O3_8h")
LEADING = "PM25"
"""The pollutant by whose anomaly similar days are found."""

Floats = NDArray[np.float64]


class TooLittle(ValueError):  # noqa: N818 - what the desk says
    """There are too few days, or the last ones are missing."""


class Weather(NamedTuple):
    """Daily weather of an area: predictors by row, in the order of the model's parameters."""

    observed: Floats
    """Means of the days of the calendar, ``(k, n)``, NaN where missing."""
    ahead: Mapping[int, Floats]
    """By lead: what was forecast, before the issue on day ``i`` counted from the calendar's first, of the day
    ``i + lead``, ``(k, m)``; NaN where no forecast was at hand."""

    def known_on(self, today: int) -> Weather:
        """Return the weather as known on a day of issue: nothing observed on it or later."""
        return Weather(
            self.observed[:, :today], {lead: rows[:, : today + 1] for lead, rows in self.ahead.items()}
        )


class Outlook(NamedTuple):
    """A forecast day."""

    day: datetime.date
    lead: int
    """Days after the day of issue."""
    aqi: int
    primary: int
    """Bit set over the columns of the daily report."""
    level: int
    quantiles: tuple[int, ...]
    """AQI at the quantiles asked for."""
    concentrations: Mapping[str, float]
    """Medians of the members [µg/m3; CO: mg/m3]."""
    weather: str = ""
    """``forecast`` or ``observed`` by the weather that entered, empty without any."""


class Scores(NamedTuple):
    """How forecasts of one lead did; NaN without any day. Persistence says the last known day again."""

    lead: int
    days: int
    mae: float
    mae_persistence: float
    bias: float
    level_hit: float
    """Percent of days whose level was right."""
    level_hit_persistence: float
    range_hit: float
    """Percent of days within the given percentage of the observed AQI."""
    coverage: float
    """Percent of days inside the interval."""
    nominal: float
    """What the interval promises, percent."""
    width: float
    """Mean width of the interval."""
    crps: float
    """Continuous ranked probability score from the quantiles; for persistence it is its MAE."""


def forecast(
    days: Mapping[str, ArrayLike],
    calendar: NDArray[np.datetime64],
    *,
    issued_on: datetime.date,
    parameters: Mapping[str, Any],
    edition: str | None = None,
    weather: Weather | None = None,
) -> tuple[Outlook, ...]:
    """Return the forecast of the days after the day of issue.

    Parameters
    ----------
    days
        City day values by `COLUMNS`, shape ``(n,)``, NaN where not valid; nothing of the day of issue or later.
    calendar
        Consecutive days, ``datetime64[D]`` ``(n,)``.
    parameters
        A row of the room's ``forecast.json``.
    edition
        Of HJ 633; by default that of each forecast day.
    weather
        Of the calendar; None for the model without weather.

    Raises
    ------
    TooLittle
        If a pollutant has fewer days than needed or no recent one.
    ValueError
        If days of the day of issue or later are given.
    """
    if calendar[-1] >= np.datetime64(issued_on):
        raise ValueError("a forecast may not know the day of its issue")
    table = np.stack([np.asarray(days[name], np.float64) for name in COLUMNS])
    present = ~np.isnan(table)
    if int(present.sum(axis=1).min()) < parameters["minimum_days"]:
        raise TooLittle(f"fewer than {parameters['minimum_days']} days of a pollutant")
    last = table.shape[1] - 1 - present[:, ::-1].argmax(axis=1)
    if int((table.shape[1] - 1 - last).max()) > parameters["oldest_day"]:
        raise TooLittle(f"no value of a pollutant in the last {parameters['oldest_day']} days")
    offset = 0.1 * np.nanmedian(table, axis=1, keepdims=True) + 1e-6
    logs = np.log(table + offset)
    season = _season(calendar)
    climatology = _climatology(logs, season, parameters["season_days"])
    anomalies = logs - climatology[:, season]
    found = []
    for lead in parameters["leads"]:
        day = issued_on + datetime.timedelta(days=lead)
        target = np.datetime64(day)
        step = int((target - calendar[-1]).astype(int))
        drivers = (
            _drivers(weather, calendar, season, issued_on, lead, step, parameters) if weather else NOTHING
        )
        members = _members(anomalies, last, step, season, target, parameters, drivers)
        values = np.exp(climatology[:, _season(np.array([target]))] + members) - offset
        outlook = _outlook(np.maximum(values, 0.0), day, lead, parameters, edition)
        found.append(outlook._replace(weather=drivers.kind))
    return tuple(found)


class _Drivers(NamedTuple):
    """Standardised anomalies of the weather: of the target days to learn from, and of the day to forecast."""

    past: Floats
    """``(k, n)`` by target day, NaN where missing."""
    now: Floats
    kind: str


NOTHING = _Drivers(np.empty((0, 0)), np.empty(0), "")


def _drivers(
    weather: Weather,
    calendar: NDArray[np.datetime64],
    season: NDArray[np.int64],
    issued_on: datetime.date,
    lead: int,
    step: int,
    parameters: Mapping[str, Any],
) -> _Drivers:
    """Return the weather that may explain the target day, nothing where it is not known well enough."""
    count, day = len(calendar), np.datetime64(issued_on)
    issue = int((day - calendar[0]).astype(int))
    ahead = weather.ahead.get(lead)
    if ahead is not None and issue < ahead.shape[1]:
        kept = ~np.isnan(ahead[:, issue]) & (
            (~np.isnan(weather.observed)).sum(axis=1) >= parameters["minimum_days"]
        )
        if kept.any():
            past, now = _standard(weather.observed[kept], ahead[kept, issue], season, day + lead, parameters)
            return _Drivers(past, now, "forecast")
    kept = ~np.isnan(weather.observed[:, -1]) & (
        (~np.isnan(weather.observed)).sum(axis=1) >= parameters["minimum_days"]
    )
    if not kept.any() or step >= count:
        return NOTHING
    past, now = _standard(
        weather.observed[kept], weather.observed[kept, -1], season, calendar[-1], parameters
    )
    shifted = np.full(past.shape, np.nan)
    shifted[:, step:] = past[:, :-step]
    return _Drivers(shifted, now, "observed")


def _standard(
    observed: Floats,
    value: Floats,
    season: NDArray[np.int64],
    day: np.datetime64,
    parameters: Mapping[str, Any],
) -> tuple[Floats, Floats]:
    """Return the anomalies of past days and of one day, in standard deviations, bounded."""
    climatology = _climatology(observed, season, parameters["season_days"])
    past = observed - climatology[:, season]
    spread = np.nanstd(past, axis=1) + 1e-9
    now = (value - climatology[:, _season(np.array([day]))[0]]) / spread
    bound = parameters["weather_bound"]
    return past / spread[:, None], np.clip(now, -bound, bound)


def _season(calendar: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Return the day of the year, 0 … 365."""
    dates = calendar.astype("datetime64[D]")
    return np.asarray((dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64))


def _apart(one: Any, other: Any) -> Any:
    """Return the distance of days of the year around the circle."""
    gap = np.abs(one - other)
    return np.minimum(gap, 366 - gap)


def _climatology(logs: Floats, season: NDArray[np.int64], width: float) -> Floats:
    """Return the smoothed mean by day of the year, shape (pollutant, 366)."""
    # A trace of weight everywhere keeps seasons defined that the history has not seen.
    weights = np.exp(-((_apart(np.arange(366)[:, None], season[None, :]) / width) ** 2)) + 1e-4
    present = ~np.isnan(logs)
    above = np.nan_to_num(logs) @ weights.T
    return np.asarray(above / (present @ weights.T), np.float64)


def _members(
    anomalies: Floats,
    last: NDArray[np.int64],
    step: int,
    season: NDArray[np.int64],
    target: np.datetime64,
    parameters: Mapping[str, Any],
    drivers: _Drivers,
) -> Floats:
    """Return anomalies of the target day, shape (pollutant, member)."""
    number = anomalies.shape[1]
    expected, rest = np.empty(len(anomalies)), np.full(anomalies.shape, np.nan)
    for row, column in enumerate(anomalies):
        ahead = step + number - 1 - int(last[row])
        after = column[ahead:]
        # Rows: the anomaly some days before, then the weather of the target day.
        known = (
            np.vstack([column[None, :-ahead], drivers.past[:, ahead:]])
            if drivers.kind
            else column[None, :-ahead]
        )
        both = ~np.isnan(known).any(axis=0) & ~np.isnan(after)
        # One more unit of variance below keeps short histories from trusting their slopes.
        ridge = np.full(len(known), parameters.get("weather_ridge", 0.0))
        ridge[0] = np.nanvar(column) + 1e-12
        square = known[:, both] @ known[:, both].T + np.diag(ridge)
        slopes = np.linalg.solve(square, known[:, both] @ after[both])
        expected[row] = slopes @ np.append(column[last[row]], drivers.now)
        rest[row, :-ahead] = after - slopes @ known
    whole = np.flatnonzero(~np.isnan(rest).any(axis=0))
    if len(whole) < 30:
        raise TooLittle("fewer than 30 complete days to learn from")
    leading = COLUMNS.index(LEADING)
    distance = _apart(season[whole], _season(np.array([target]))[0]) / parameters["season_days"]
    now = anomalies[leading, last[leading]]
    spread = np.nanstd(anomalies[leading]) + 1e-12
    distance = distance + parameters["anomaly_weight"] * np.abs(anomalies[leading, whole] - now) / spread
    chosen = whole[np.argsort(distance, kind="stable")[: parameters["members"]]]
    return np.asarray(expected[:, None] + rest[:, chosen], np.float64)


def _outlook(
    values: Floats, day: datetime.date, lead: int, parameters: Mapping[str, Any], edition: str | None
) -> Outlook:
    edition = edition or lookup.edition_on("HJ633", day).code
    indices = aqi_daily(dict(zip(COLUMNS, values, strict=True)), edition=edition).aqi
    spread = indices[indices != MISSING]
    quantiles = tuple(int(number) for number in np.rint(np.quantile(spread, parameters["quantiles"])))
    medians = dict(zip(COLUMNS, rounding.round_half_even(np.median(values, axis=1), 1).tolist(), strict=True))
    # The primary pollutant is that of the member nearest to the median: a day that could be.
    middle = int(np.median(spread))
    near = int(np.abs(indices.astype(int) - middle).argmin())
    member = aqi_daily(
        {name: [column[near]] for name, column in zip(COLUMNS, values, strict=True)}, edition=edition
    )
    return Outlook(
        day=day,
        lead=lead,
        aqi=middle,
        primary=int(member.primary[0]) if middle > 50 else 0,
        level=int(level(middle, edition)),
        quantiles=quantiles,
        concentrations=medians,
    )


def score(
    *,
    lead: int,
    forecast: ArrayLike,
    quantiles: ArrayLike,
    probabilities: Sequence[float],
    observed: ArrayLike,
    persistence: ArrayLike,
    edition: str,
    range_percent: float,
) -> Scores:
    """Return the scores of forecasts of one lead, over the days that have all three.

    Parameters
    ----------
    forecast, observed, persistence
        AQI ``(n,)``; NaN where there is none.
    quantiles
        AQI at the probabilities, ``(n, k)``; the first and the last bound the interval.
    """
    issued, seen, again = (np.asarray(values, np.float64) for values in (forecast, observed, persistence))
    kept = ~np.isnan(issued) & ~np.isnan(seen) & ~np.isnan(again)
    number = int(kept.sum())
    spread = np.asarray(quantiles, np.float64).reshape(-1, len(probabilities))[kept]
    issued, seen, again = issued[kept], seen[kept], again[kept]
    nominal = 100 * (probabilities[-1] - probabilities[0])
    if not number:
        none = np.nan
        return Scores(lead, 0, none, none, none, none, none, none, none, nominal, none, none)
    levels = [level(values.astype(int), edition) for values in (issued, seen, again)]
    error = seen[:, None] - spread
    chance = np.asarray(probabilities)
    pinball = np.maximum(chance * error, (chance - 1) * error)
    return Scores(
        lead=lead,
        days=number,
        mae=float(np.abs(issued - seen).mean()),
        mae_persistence=float(np.abs(again - seen).mean()),
        bias=float((issued - seen).mean()),
        level_hit=float(100 * (levels[0] == levels[1]).mean()),
        level_hit_persistence=float(100 * (levels[2] == levels[1]).mean()),
        range_hit=float(100 * (np.abs(issued - seen) <= range_percent / 100 * seen).mean()),
        coverage=float(100 * ((seen >= spread[:, 0]) & (seen <= spread[:, -1])).mean()),
        nominal=nominal,
        width=float((spread[:, -1] - spread[:, 0]).mean()),
        crps=float(2 * pinball.mean()),
    )


def widening(quantiles: ArrayLike, observed: ArrayLike, parameters: Mapping[str, Any]) -> float:
    """Return by how much intervals have to be widened about the median to hold what they promise (conformal).

    Parameters
    ----------
    quantiles, observed
        Raw AQI quantiles ``(n, k)`` of the last forecasts of one lead and what came, ``(n,)``; NaN is left out.

    Returns
    -------
    float
        1 with fewer days than ``calibration_minimum``; never outside ``calibration_bounds``.
    """
    probabilities = parameters["quantiles"]
    seen = np.asarray(observed, np.float64)
    spread = np.asarray(quantiles, np.float64).reshape(-1, len(probabilities))[~np.isnan(seen)]
    seen = seen[~np.isnan(seen)]
    if len(seen) < parameters["calibration_minimum"]:
        return 1.0
    middle = spread[:, int(np.abs(np.asarray(probabilities) - 0.5).argmin())]
    side = np.where(seen < middle, middle - spread[:, 0], spread[:, -1] - middle)
    missed = np.sort(np.abs(seen - middle) / np.maximum(side, 1))
    rank = int(np.ceil((len(seen) + 1) * (probabilities[-1] - probabilities[0])))
    return float(np.clip(missed[min(rank, len(seen)) - 1], *parameters["calibration_bounds"]))


def widened(outlook: Outlook, factor: float, parameters: Mapping[str, Any]) -> Outlook:
    """Return a forecast day with its quantiles moved away from the median by a factor."""
    moved = outlook.aqi + factor * (np.asarray(outlook.quantiles) - outlook.aqi)
    return outlook._replace(quantiles=tuple(int(number) for number in np.clip(np.rint(moved), 0, 500)))


class Past(NamedTuple):
    """Raw forecasts of one lead, in the order of issue, and what came."""

    aqi: list[int]
    quantiles: list[tuple[int, ...]]
    target: list[int]
    """Places of the forecast days in the calendar."""
    known: list[int]
    """Places of the last days they knew."""

    def factor(self, today: int, observed: Floats, parameters: Mapping[str, Any]) -> float:
        """Return `widening` from the forecasts whose day was over before place `today`."""
        first = today - parameters["calibration_days"]
        rows = [row for row, target in enumerate(self.target) if first <= target < today]
        if not rows:
            return 1.0
        targets = np.array(self.target)[rows]
        return widening([self.quantiles[row] for row in rows], observed[targets], parameters)


def past_forecasts(
    days: Mapping[str, ArrayLike],
    calendar: NDArray[np.datetime64],
    *,
    begin: int,
    parameters: Mapping[str, Any],
    edition: str,
    weather: Weather | None = None,
) -> tuple[dict[int, Past], Floats]:
    """Issue the raw forecast on every day from place `begin` on as if it were today.

    Returns
    -------
    dict of Past
        By lead.
    ndarray
        Observed AQI of all days ``(n,)``.
    """
    columns = {name: np.asarray(days[name], np.float64) for name in COLUMNS}
    index = aqi_daily(columns, edition=edition).aqi
    observed = np.where(index == MISSING, np.nan, index.astype(float))
    found = {lead: Past([], [], [], []) for lead in parameters["leads"]}
    for today in range(max(begin, 1), len(calendar)):
        known = {name: column[:today] for name, column in columns.items()}
        issued_on: datetime.date = calendar[today].astype(datetime.date)
        try:
            outlooks = forecast(
                known,
                calendar[:today],
                issued_on=issued_on,
                parameters=parameters,
                edition=edition,
                weather=weather.known_on(today) if weather else None,
            )
        except TooLittle:
            continue
        for outlook in outlooks:
            if today + outlook.lead < len(calendar):
                past = found[outlook.lead]
                past.aqi.append(outlook.aqi)
                past.quantiles.append(outlook.quantiles)
                past.target.append(today + outlook.lead)
                past.known.append(today - 1)
    return found, observed


def calibrated(
    days: Mapping[str, ArrayLike],
    calendar: NDArray[np.datetime64],
    *,
    issued_on: datetime.date,
    parameters: Mapping[str, Any],
    edition: str,
    weather: Weather | None = None,
) -> tuple[tuple[Outlook, ...], dict[int, float]]:
    """Return `forecast` with intervals widened by what the last months taught, and the factor of each lead."""
    begin = len(calendar) - parameters["calibration_days"]
    past, observed = past_forecasts(
        days, calendar, begin=begin, parameters=parameters, edition=edition, weather=weather
    )
    factors = {lead: of_lead.factor(len(calendar), observed, parameters) for lead, of_lead in past.items()}
    raw = forecast(
        days, calendar, issued_on=issued_on, parameters=parameters, edition=edition, weather=weather
    )
    return tuple(widened(outlook, factors[outlook.lead], parameters) for outlook in raw), factors


def hindcast(
    days: Mapping[str, ArrayLike],
    calendar: NDArray[np.datetime64],
    *,
    first: datetime.date,
    parameters: Mapping[str, Any],
    edition: str,
    weather: Weather | None = None,
) -> tuple[Scores, ...]:
    """Return the scores by lead of forecasts issued on every day from ``first``, as if it were today.

    Each forecast and each widening knows only the days before its issue.
    """
    begin = int((np.datetime64(first) - calendar[0]).astype(int))
    past, observed = past_forecasts(
        days, calendar, begin=begin, parameters=parameters, edition=edition, weather=weather
    )
    scores = []
    for lead, of_lead in past.items():
        quantiles = []
        for aqi, raw, known in zip(of_lead.aqi, of_lead.quantiles, of_lead.known, strict=True):
            factor = of_lead.factor(known + 1, observed, parameters)
            bare = Outlook(first, lead, aqi, 0, 0, raw, {})
            quantiles.append(widened(bare, factor, parameters).quantiles)
        scores.append(
            score(
                lead=lead,
                forecast=of_lead.aqi,
                quantiles=quantiles,
                probabilities=parameters["quantiles"],
                observed=observed[of_lead.target],
                persistence=observed[of_lead.known],
                edition=edition,
                range_percent=parameters["range_percent"],
            )
        )
    return tuple(scores)
