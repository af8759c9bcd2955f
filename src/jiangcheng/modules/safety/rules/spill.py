"""Screening of a spill into a river: when a section downstream sees it, how high, and how sure that is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import numpy as np

from jiangcheng.methods.tracing import mixing, river
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety.rules import tables
from jiangcheng.modules.safety.rules.numbers import number, rounded

TIMES = 240


def forecast(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return arrival and peak, each with its interval, at points downstream.

    Parameters
    ----------
    question
        ``on`` (ISO date), ``substance``, ``mass`` [kg], ``minutes`` (duration of the discharge), ``speed`` [m/s],
        ``width``, ``depth`` [m], ``slope`` [1],
        ``dispersion`` [m²/s] where it is known, ``points``: ``code``, ``name``, ``kilometres`` below the spill.

    Returns
    -------
    dict
        ``points`` with ``arrival_hours``, ``peak_hours``, ``peak`` [mg/L] and ``over_hours``, each low, middle,
        high (arrival: when the limit is passed; None where it is not in that draw's share), ``chance`` that the
        limit is passed; ``dispersion`` [m²/s], ``limit`` [mg/L], ``mixed_km``, ``notes``, ``versions``.

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
    speed, width = number(question, "speed", 0.01, 6), number(question, "width", 1, 3000)
    depth, slope = number(question, "depth", 0.05, 60), number(question, "slope", 1e-7, 0.1)
    stretch = mixing.longitudinal_dispersion(width, depth, slope, speed)
    if question.get("dispersion") not in (None, ""):
        stretch = number(question, "dispersion", 0.01, 1e5)
    mixed = mixing.mixing_length(width, 0.0, speed, mixing.transverse_dispersion(width, depth, slope)) / 1000
    if not isinstance(question.get("points"), list) or len(question["points"]) > 100:
        raise TracingError("points: a list of up to 100 points downstream is needed")
    draws = np.random.default_rng(rule["seed"]).standard_normal((2, int(rule["draws"])))
    speeds = speed * np.exp(rule["speed_spread"] * draws[0])
    stretches = stretch * np.exp(rule["dispersion_spread"] * draws[1])
    limit = substance.get("water_limit")
    points = [
        _point(item, mass, seconds, speeds, stretches, width * depth, substance, rule["levels"])
        for item in sorted(question["points"], key=lambda item: float(item["kilometres"]))
        if float(item["kilometres"]) > 0
    ]
    return {
        "points": points, "dispersion": rounded(stretch), "limit": limit, "mixed_km": rounded(mixed),
        "notes": [] if limit is not None else ["no_limit"],
        "versions": {"substances": known["version"], "model": model["version"]},
        "verified": bool(known["verified"] and model["verified"]),
    }  # fmt: skip


def _point(
    item: Mapping[str, Any], mass: float, seconds: float, speeds: Any, stretches: Any, area: float,
    substance: Mapping[str, Any], levels: list[float],
) -> dict[str, Any]:  # fmt: skip
    way = float(item["kilometres"]) * 1000.0
    # Six deviations around the slowest and the quickest draw hold the whole cloud.
    tail = 6.0 * np.sqrt(2.0 * stretches * way / speeds) / speeds
    last = float(np.max(way / speeds + tail)) + seconds
    first = float(max(np.min(way / speeds - tail), last / 1e4))
    times = np.linspace(first, last, TIMES)
    # A discharge over minutes is many sudden ones; of short ones the middle is enough for the hours a river takes.
    lasting = seconds > 0.02 * last
    found = (
        river.lasting(mass / seconds, seconds, way, times[None, :], area=area, speed=speeds[:, None],
                      dispersion=stretches[:, None], decay=substance["decay"])
        if lasting
        else river.instantaneous(mass, way, np.maximum(times - seconds / 2.0, 1.0)[None, :], area=area,
                                 speed=speeds[:, None], dispersion=stretches[:, None], decay=substance["decay"])
    )  # fmt: skip
    peak = found.max(axis=1)
    at_peak = times[found.argmax(axis=1)] / 3600.0
    limit = substance.get("water_limit")
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
