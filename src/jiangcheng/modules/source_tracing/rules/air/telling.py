"""What the page says and draws of an event: the facts behind a candidate, and the shapes on the map."""

from __future__ import annotations

from typing import Any

import numpy as np

from jiangcheng.methods.tracing import sigmas, wind
from jiangcheng.modules.source_tracing.rules import common, online
from jiangcheng.modules.source_tracing.rules.air.event import Event


def evidence(event: Event, index: int) -> list[dict[str, Any]]:
    """Return the facts behind a candidate; the page makes sentences of them."""
    bearing = float(event.bearing()[index])
    apart = np.abs(wind.difference(event.direction[event.windy], bearing))
    found: list[dict[str, Any]] = [
        {
            "code": "wind", "bearing": bearing, "within": int((apart <= 30.0).sum()),
            "hours": int(event.windy.sum()), "factor": _factor(event, "wind", index),
        },
        {
            "code": "way", "km": float(event.distance[index]) / 1000.0,
            "minutes": float(event.lag()[index]) * 60.0, "wind": event.wind,
        },
    ]  # fmt: skip
    if event.lag()[index] > event.settings["reach_hours"]:
        found.append({"code": "late", "hours": float(event.lag()[index])})
    rate = event.rate
    if np.isfinite(rate[index]):
        expected = np.nan_to_num(event.expected)
        total = expected.sum()
        found.append(
            {
                "code": "share", "rate": float(rate[index]),
                "percent": float(100.0 * expected[index] / total) if total > 0 else None,
                "factor": _factor(event, "share", index),
            }
        )  # fmt: skip
    found += _online(event, index)
    if "profile" in event.arrays:
        found.append(_profile(event, index))
    named = int(event.arrays["named"][index])
    if named:
        found.append({"code": "history", "named": named, "confirmed": int(event.arrays["confirmed"][index])})
    return found


def _factor(event: Event, name: str, index: int) -> float | None:
    """Return a Bayes factor as it counted, weighted and within its cap."""
    return _counted(event, name, float(event.factors[name][index])) if name in event.factors else None


def _counted(event: Event, name: str, factor: float) -> float | None:
    return common.bounded(factor, event.settings["weights"].get(name, 1.0))


def _online(event: Event, index: int) -> list[dict[str, Any]]:
    """Return what instruments and meters of an emitter say; only the stronger of the two counted."""
    standing, idle = event.standing[index], event.idle.get(index)
    counted = _factor(event, "online", index)
    by_power = idle is not None and counted == _counted(event, "online", idle.factor)
    found: list[dict[str, Any]] = [{"code": "no_online"}]
    if standing is not None:
        at = int(event.time[standing.place])
        found = [online.told(standing, at, None if by_power else counted)]
    if idle is not None:
        found.append(
            {
                "code": "power", "hours": idle.hours, "rows": idle.rows, "at": int(event.time[idle.place]),
                "production": 100.0 * idle.production, "treatment": 100.0 * idle.treatment,
                "factor": counted if by_power else None,
            }
        )  # fmt: skip
    return found


def _profile(event: Event, index: int) -> dict[str, Any]:
    sample = np.asarray(event.arrays["profile"], np.float64)
    row = np.asarray(event.arrays["library"], np.float64)[index]
    size = float(np.linalg.norm(sample) * np.linalg.norm(row))
    if not np.isfinite(size) or size == 0:
        return {"code": "no_profile"}
    return {
        "code": "profile",
        "cosine": float(row @ sample) / size,
        "factor": _factor(event, "profile", index),
    }


def shapes(event: Event, shown: list[int]) -> dict[str, Any]:
    """Return what the map draws: the cone of the wind, plumes of the first two, tracks, regions."""
    middle = event.mean_direction()
    spread = float(np.clip(wind.yamartino(event.direction[event.windy]) + 10.0, 12.0, 60.0))
    reach = 1000.0 * min(event.settings["reach_km"], event.wind * 3.6 * event.settings["reach_hours"], 25.0)
    angles = np.radians(np.linspace(middle - spread, middle + spread, 25))
    arc = np.column_stack([reach * np.sin(angles), reach * np.cos(angles)])
    found = {
        "cone": event.frame.degrees(np.vstack([np.zeros((1, 2)), arc, np.zeros((1, 2))])),
        **event.drawn,
    }
    found["plumes"] = [{"index": index, "outline": _plume(event, index, middle)} for index in shown]
    return found


def _plume(event: Event, index: int, direction: float) -> list[list[float]]:
    """Return the outline of two widths of a plume along the mean wind of the event."""
    curves = sigmas.curves("gb")
    down = np.linspace(50.0, max(float(event.distance[index]) * 1.2, 1000.0), 20)
    across = 2.0 * curves.sigma_y(down, float(np.median(event.stability[event.windy])))
    angle = np.radians(direction + 180.0)
    along = np.array([np.sin(angle), np.cos(angle)])
    side = np.array([along[1], -along[0]])
    left = event.place[index] + down[:, None] * along + across[:, None] * side
    right = event.place[index] + down[:, None] * along - across[:, None] * side
    return event.frame.degrees(np.vstack([event.place[index], left, right[::-1], event.place[index]]))
