"""Screening of a spill into a river: when a section downstream sees it, how high, and how sure that is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from jiangcheng.methods.tracing import mixing, river
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety.rules import chain, tables
from jiangcheng.modules.safety.rules.numbers import number, rounded

TIMES = 240


def forecast(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrival and peak, each with its interval, at points downstream.

    Parameters
    ----------
    question
        ``on`` (ISO date), ``substance``, ``mass`` [kg], ``minutes`` (duration of the discharge), ``points``: ``code``,
        ``name``, ``kilometres`` below the spill; and either one uniform reach (``speed`` [m/s], ``width``, ``depth``
        [m], ``slope`` [1]) or ``reaches`` (see `chain.reach`) with ``flow_scale``, the flow of the day over theirs.
        ``temperature`` of the water [°C], ``ice`` (covered) and ``dispersion`` [m²/s] where they are known.

    Returns
    -------
    dict
        ``points`` with ``flow`` [m³/s], ``mixed`` (beyond the mixing length) and ``arrival_hours``, ``peak_hours``,
        ``peak`` [mg/L] and ``over_hours``, each low, middle, high (arrival: when the limit is passed; None where it is
        not in that draw's share), ``chance`` that the limit is passed; ``reaches`` as they were computed with;
        ``decay`` [1/d], ``dispersion`` [m²/s] of the first reach, ``limit`` [mg/L], ``mixed_km``, ``notes``,
        ``versions``.

    Raises
    ------
    TracingError
        If a number is missing or impossible.
    LookupError
        If the substance is in no table.
    """
    on = dt.date.fromisoformat(str(question["on"]))
    known, model = tables.in_force("substances", on), tables.in_force("model", on)
    substance, rule = tables.row(known, str(question["substance"])), model["river"]
    mass = number(question, "mass", 1e-6, 1e9) * 1000.0
    seconds = number(question, "minutes", 0.1, 144_000) * 60.0
    ice = bool(question.get("ice"))
    notes: list[str] = []
    reaches = _reaches(question, rule, ice)
    first, limit = reaches[0], substance.get("water_limit")
    mixed = mixing.mixing_length(
        first.width, 0.0, first.speed, mixing.transverse_dispersion(first.width, first.depth, first.slope)
    ) / 1000  # fmt: skip
    decay = _decay(question, substance, rule)
    if not isinstance(question.get("points"), list) or len(question["points"]) > 100:
        raise TracingError("points: a list of up to 100 points downstream is needed")
    draws = np.random.default_rng(rule["seed"]).standard_normal((2, int(rule["draws"])))
    factors = np.exp(np.array([[rule["speed_spread"]], [rule["dispersion_spread"]]]) * draws)
    points = []
    for item in sorted(question["points"], key=lambda item: float(item["kilometres"])):
        kilometres = float(item["kilometres"])
        if kilometres <= 0:
            continue
        way = chain.to(kilometres, reaches)
        times, found = _passing(way, factors, mass, seconds, decay)
        told = _told(item, times, found, limit, rule["levels"])
        points.append({**told, "flow": rounded(way[-1][0].flow), "mixed": kilometres >= mixed})
    if points and len(reaches) > 1 and points[-1]["kilometres"] > reaches[-1].end:
        notes.append("beyond_reaches")
    notes += _season(on, ice, rule) + ([] if limit is not None else ["no_limit"])
    return {
        "points": points, "reaches": [_shown(one) for one in reaches], "decay": rounded(decay * 86_400),
        "dispersion": rounded(first.dispersion), "limit": limit, "mixed_km": rounded(mixed), "notes": notes,
        "versions": {"substances": known["version"], "model": model["version"]},
        "verified": bool(known["verified"] and model["verified"]),
    }  # fmt: skip


def _reaches(question: Mapping[str, Any], rule: Mapping[str, Any], ice: bool) -> list[chain.Reach]:
    """Return the reaches below the spill: those of the question, or the one of its numbers."""
    stretch = None
    if question.get("dispersion") not in (None, ""):
        stretch = number(question, "dispersion", 0.01, 1e5)
    if question.get("speed") in (None, "") and question.get("reaches"):
        given = [item for item in question["reaches"] if float(item["end"]) > 0]
        if not given:
            raise TracingError("reaches: none lies below the spill")
        scale = 1.0
        if question.get("flow_scale") not in (None, ""):
            scale = number(question, "flow_scale", 0.01, 100)
        found = [chain.reach(item, rule, scale=scale, ice=ice, dispersion=stretch) for item in given]
        return sorted(found, key=lambda one: one.start)
    speed, width = number(question, "speed", 0.01, 6), number(question, "width", 1, 3000)
    depth, slope = number(question, "depth", 0.05, 60), number(question, "slope", 1e-7, 0.1)
    return [
        chain.Reach("", 0.0, 0.0, width, depth, speed * width * depth,
                    stretch or mixing.longitudinal_dispersion(width, depth, slope, speed), slope)
    ]  # fmt: skip


def _decay(question: Mapping[str, Any], substance: Mapping[str, Any], rule: Mapping[str, Any]) -> float:
    """Return the decay [1/s] at the temperature of the water: that of 20 °C times θ to the difference."""
    if question.get("temperature") in (None, ""):
        return float(substance["decay"])
    warmth = number(question, "temperature", -2, 45)
    return float(substance["decay"] * rule["decay_theta"] ** (warmth - rule["decay_at"]))


def _season(on: dt.date, ice: bool, rule: Mapping[str, Any]) -> list[str]:
    """Return what there is to say about ice: that it was reckoned with, or that it is its time of the year."""
    if ice:
        return ["ice"]
    start, end = rule["ice_season"]
    return ["ice_season"] if on.strftime("%m-%d") >= start or on.strftime("%m-%d") <= end else []


def _shown(one: chain.Reach) -> dict[str, Any]:
    numbers = {
        name: rounded(getattr(one, name)) for name in ("width", "depth", "flow", "speed", "dispersion")
    }
    return {"name": one.name, "start": one.start, "end": one.end, **numbers}


def _passing(
    way: list[tuple[chain.Reach, float]], factors: Any, mass: float, seconds: float, decay: float
) -> tuple[Any, Any]:
    """Return times [s] and the concentrations [mg/L] of each draw at the end of a way."""
    passing = chain.passage(way, factors[0], factors[1])
    # Six deviations around the slowest and the quickest draw hold the whole cloud.
    tail = 6.0 * np.sqrt(passing.variance)
    last = float(np.max(passing.mean + tail)) + seconds
    times = np.linspace(float(max(np.min(passing.mean - tail), last / 1e4)), last, TIMES)
    if len(way) > 1:
        return times, chain.concentration(passing, mass, seconds, decay, times)
    # Along one uniform reach the advection-dispersion equation has its exact answers.
    one, length = way[0]
    river_is = {"area": one.width * one.depth, "speed": one.speed * factors[0][:, None],
                "dispersion": one.dispersion * factors[1][:, None], "decay": decay}  # fmt: skip
    # A discharge over minutes is many sudden ones; of short ones the middle is enough for the hours a river takes.
    if seconds > 0.02 * last:
        return times, river.lasting(mass / seconds, seconds, length, times[None, :], **river_is)
    since = np.maximum(times - seconds / 2.0, 1.0)[None, :]
    return times, river.instantaneous(mass, length, since, **river_is)


def _told(
    item: Mapping[str, Any], times: Any, found: Any, limit: float | None, levels: list[float]
) -> dict[str, Any]:
    peak = found.max(axis=1)
    at_peak = times[found.argmax(axis=1)] / 3600.0
    told: dict[str, Any] = {
        "code": item["code"], "name": item.get("name", item["code"]), "kilometres": float(item["kilometres"]),
        "peak": _levels(peak, levels), "peak_hours": _levels(at_peak, levels), "arrival_hours": None,
        "over_hours": None, "chance": None,
    }  # fmt: skip
    if limit is not None:
        over = found > limit
        passed = over.any(axis=1)
        told["chance"] = round(float(passed.mean()), 2)
        if passed.any():
            told["arrival_hours"] = _levels(times[over[passed].argmax(axis=1)] / 3600.0, levels)
            told["over_hours"] = _levels(over[passed].sum(axis=1) * (times[1] - times[0]) / 3600.0, levels)
    return told


def _levels(values: Any, levels: list[float]) -> list[float]:
    return [rounded(value) for value in np.quantile(values, levels)]
