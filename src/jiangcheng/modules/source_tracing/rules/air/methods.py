"""The methods that answer where the air of an event came from; each takes the event and gives an outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from jiangcheng.methods.tracing import inversion, polar, ranking, receptor, regression, wind, windfield
from jiangcheng.modules.source_tracing.rules import online
from jiangcheng.modules.source_tracing.rules.air.event import Event
from jiangcheng.modules.source_tracing.rules.common import Outcome
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

SPREADS = (25.0, 20.0, 15.0, 10.0, 8.0, 8.0)
"""Spread of the wind direction by stability class A to F [°], where no minutes are known."""
NODES = 41
"""Of the grid of an unknown place, each side."""


def by_ranking(event: Event) -> Outcome:
    """Rank the known emitters by wind, dilution, online data, fingerprint and history."""
    if not len(event.place):
        raise Refusal("no_emitters", km=event.settings["reach_km"])
    spread = np.hypot(np.take(SPREADS, event.stability[event.windy].astype(int) - 1), 5.0)
    possible = ranking.in_time(event.distance, event.wind, 3600.0 * event.settings["reach_hours"])
    event.factors = {
        "wind": ranking.cone(
            event.direction[event.windy],
            np.zeros(2),
            event.place,
            spread,
            size=np.full(len(event.place), 100.0),
        ),
        "share": ranking.dilution(event.expected),
        "online": _online(event),
    }
    if "profile" in event.arrays:
        event.factors["profile"] = ranking.fingerprint(event.arrays["profile"], event.arrays["library"])
    prior = ranking.history(event.arrays["confirmed"], event.arrays["named"])
    if not possible.any():
        return Outcome(np.zeros(len(event.place)), 1.0, {"late": len(possible)})
    found = ranking.rank(
        event.factors,
        prior=prior * possible,
        unknown=event.settings["unknown"],
        possible=possible,
        weights=event.settings["weights"],
    )
    return Outcome(
        found.probability[:-1],
        float(found.probability[-1]),
        {"kinds": sorted(event.factors), "late": int((~possible).sum())},
    )


def _online(event: Event) -> Any:
    """Return the Bayes factor of online data, or of a treatment that stood still: both tell of one deed."""
    found = online.factors(event.standing, hidden=event.settings.get("hidden", 0.0))
    for index, told in event.idle.items():
        found[index] = max(found[index], told.factor)
    return found


def by_rose(event: Event) -> Outcome:
    """Count how often high values come with each wind."""
    event.history()
    found = wind.conditional_probability(
        event.speed, event.direction, event.value, percent=event.settings["percentile"], step=22.5, minimum=3
    )
    bearing = event.bearing()
    index = wind.sector(bearing, 22.5)
    best = int(np.nanargmax(found.probability))
    return Outcome(
        np.nan_to_num(found.probability[index]),
        None,
        {
            "direction": found.direction,
            "probability": found.probability,
            "count": found.count,
            "best": float(found.direction[best]),
            "calm": found.calm,
            "threshold": found.threshold,
        },
    )


def by_cbpf(event: Event) -> Outcome:
    """Look up the conditional bivariate probability at each emitter's bearing and the wind of the event."""
    event.history()
    grid = polar.cells(
        event.speed, event.direction, event.value, statistic="cpf", percent=event.settings["percentile"],
        rings=8, step=22.5, minimum=3,
    )  # fmt: skip
    ring = int(np.abs(grid.speed - event.wind).argmin())
    near = grid.value[max(ring - 1, 0) : ring + 2]
    filled = np.where(np.isfinite(near), near, 0.0).max(axis=0)
    best = np.unravel_index(int(np.nanargmax(grid.value)), grid.value.shape)
    return Outcome(
        filled[wind.sector(event.bearing(), 22.5)],
        None,
        {
            "best": float(grid.direction[best[1]]),
            "speed": float(grid.speed[best[0]]),
            "threshold": grid.threshold,
        },
    )


def by_nwr(event: Event) -> Outcome:
    """Regress the concentration on the wind, and read it at each emitter's bearing."""
    event.history()
    field = regression.regression(event.speed, event.direction, event.value, sigma=8.0)
    column = int(np.abs(field.speed - event.wind).argmin())
    line = np.where(np.isfinite(field.value[:, column]), field.value[:, column], 0.0)
    rows = np.rint(event.bearing() / 2.0).astype(int) % len(field.direction) - 1
    floor = float(np.nanmedian(field.value))
    best = int(line.argmax())
    return Outcome(
        np.maximum(line[rows] - floor, 0.0),
        None,
        {"best": float(field.direction[best]), "value": float(line[best]), "floor": floor},
    )


def by_trajectory(event: Event) -> Outcome:
    """Follow puffs backward through the winds of several stations."""
    places = np.asarray(event.arrays["winds_place"], np.float64).reshape(-1, 2)
    if len(places) < 2:
        raise Refusal("one_wind_station", stations=len(places))
    hours = event.winds_around()
    speed, direction = event.arrays["winds_speed"][hours], event.arrays["winds_direction"][hours]
    time = (event.time[hours] - event.time[hours][0]).astype(np.float64) + 1800.0
    heard = np.isfinite(speed + direction).any(axis=1)
    if heard.sum() < 2:
        raise Refusal("no_wind")
    field = windfield.wind_field(places, time[heard], speed[heard], direction[heard])
    peak = int(np.flatnonzero(event.event)[np.nanargmax(event.value[event.event])])
    arrival = float(event.time[peak] - event.time[hours][0]) + 1800.0
    duration = min(3600.0 * event.settings["back_hours"], arrival - float(field.time[0]))
    if duration < 1800.0:
        raise Refusal("few_rows", rows=int(heard.sum()))
    tracks = windfield.backward(field, np.zeros(2), arrival, duration, step=300.0)
    event.drawn["tracks"] = [
        event.frame.degrees(np.column_stack([tracks.x[m], tracks.y[m]])) for m in (0, *range(1, 27, 3))
    ]
    if not len(event.place):
        return Outcome(np.zeros(0), None, {"hours": duration / 3600.0})
    reached = windfield.influence(tracks, event.place, float(event.stability[peak]))
    rate = event.rate
    weight = reached * np.where(
        np.isfinite(rate) & (rate > 0), rate, np.nanmedian(rate) if np.isfinite(rate).any() else 1.0
    )
    total = weight.sum()
    return Outcome(weight / total if total > 0 else weight, None, {"hours": duration / 3600.0})


def by_nnls(event: Event) -> Outcome:
    """Solve for the rates of all emitters that explain all receptors."""
    if not len(event.place):
        raise Refusal("no_emitters", km=event.settings["reach_km"])
    observed, matrix, background = event.system()
    error = np.full(observed.size, max(float(np.nanmedian(observed)) * 0.1, 1e-12))
    found = inversion.rates(matrix, observed, background=background, instrument=error)
    mean = matrix.mean(axis=0) * found.rate
    total = mean.sum()
    return Outcome(
        mean / total if total > 0 else mean,
        None,
        {"rate": found.rate, "group": found.group, "explained": found.explained},
    )


def by_inversion(event: Event) -> Outcome:
    """Ask which single emitter explains all receptors best, against one nobody has listed."""
    if not len(event.place):
        raise Refusal("no_emitters", km=event.settings["reach_km"])
    observed, air = event.readings()
    found = inversion.candidate_probabilities(
        observed, event.receptors3(), np.column_stack([event.place, event.height]), air,
        unknown=event.settings["unknown"], nodes=15,
    )  # fmt: skip
    return Outcome(found[:-1], float(found[-1]), {"receptors": int(observed.shape[1])})


def by_location(event: Event) -> Outcome:
    """Ask where one unknown source may lie."""
    observed, air = event.readings()
    reach = 1000.0 * min(event.settings["reach_km"], 15.0)
    axis = np.linspace(-reach, reach, NODES)
    found = inversion.locate(observed, event.receptors3(), axis, axis, air, height=20.0)
    inside = found.region(0.5)
    east, north = found.mean()
    event.drawn["region"] = [
        {"level": level, "places": event.nodes(found.region(level), axis)} for level in (0.5, 0.9)
    ]
    event.drawn["node"] = float(axis[1] - axis[0])
    share = np.zeros(len(event.place))
    if len(event.place):
        column = np.clip(np.rint((event.place[:, 0] + reach) / (axis[1] - axis[0])), 0, NODES - 1).astype(int)
        row = np.clip(np.rint((event.place[:, 1] + reach) / (axis[1] - axis[0])), 0, NODES - 1).astype(int)
        share = np.where(event.distance <= reach * 1.4, found.posterior[row, column], 0.0)
    low, middle, high = found.rate_interval(0.9)
    return Outcome(
        share,
        None,
        {"nodes": int(inside.sum()), "east": east, "north": north, "rate": [low, middle, high]},
    )


def by_cmb(event: Event) -> Outcome:
    """Take the species apart into the known profiles."""
    if "profile" not in event.arrays:
        raise Refusal("no_species")
    profile = np.asarray(event.arrays["profile"], np.float64)
    library = np.asarray(event.arrays["library"], np.float64)
    known = np.isfinite(library).all(axis=1)
    if not known.any():
        raise Refusal("no_profiles")
    rows = library[known]
    sums = rows.sum(axis=1, keepdims=True)
    rows = rows / np.where(sums > 0, sums, 1.0)
    error = np.maximum(0.15 * profile, 0.02 * profile.max())
    share, deviation = receptor.chemical_mass_balance(profile, error, rows, 0.2 * rows + 0.005)
    scores = np.full(len(library), np.nan)
    scores[known] = share / max(float(share.sum()), 1e-300)
    whole = np.full(len(library), np.nan)
    whole[known] = deviation
    return Outcome(scores, None, {"error": whole, "species": int(profile.size)})


METHODS: dict[str, Callable[[Event], Outcome]] = {
    "ranking": by_ranking, "rose": by_rose, "cbpf": by_cbpf, "nwr": by_nwr, "trajectory": by_trajectory,
    "nnls": by_nnls, "inversion": by_inversion, "location": by_location, "cmb": by_cmb,
}  # fmt: skip
