"""One event in the air: its inputs, cut to what the methods take."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from jiangcheng.methods.tracing import dispersion, inversion
from jiangcheng.modules.source_tracing.rules import common, online
from jiangcheng.modules.source_tracing.rules.common import Arrays, Floats
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

RELEASE = 20.0
"""Width of a source [m]."""


class Event:
    """The inputs of one event, cut to what the methods take."""

    def __init__(self, arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self.arrays, self.meta, self.settings = arrays, meta, settings
        self.frame = Frame(*meta["origin"])
        self.time = np.asarray(arrays["time"], np.int64)
        self.event = np.asarray(arrays["event"], bool)
        self.value = np.asarray(arrays["value"], np.float64)
        self.speed = np.asarray(arrays["speed"], np.float64)
        self.direction = np.asarray(arrays["direction"], np.float64)
        self.place = np.asarray(arrays["emitter_place"], np.float64).reshape(-1, 2)
        self.others = np.asarray(arrays["others"], np.float64)
        self.receptors = np.asarray(arrays["receptor_place"], np.float64).reshape(-1, 2)
        self.factors: dict[str, Floats] = {}
        self.drawn: dict[str, Any] = {}
        self._check()
        self.stability = common.classes(
            self.time, self.speed, meta["origin"][0], meta["origin"][1], settings["cloud"]
        )
        self.windy = self.event & (self.speed >= settings["calm"]) & np.isfinite(self.direction)
        self.distance = np.hypot(self.place[:, 0], self.place[:, 1])
        self.wind = float(self.speed[self.windy].mean())
        self.height = np.asarray(arrays["emitter_height"], np.float64)

    def _check(self) -> None:
        """Refuse what no method can answer, in words that say what is missing."""
        if not self.event.any():
            raise Refusal("window")
        value = self.value[self.event]
        if not np.isfinite(value).any():
            raise Refusal("no_values")
        if not np.any(np.nan_to_num(value) != 0):
            raise Refusal("all_zero")
        speed, direction = self.speed[self.event], self.direction[self.event]
        if not np.isfinite(speed).any():
            raise Refusal("no_wind")
        heard = np.isfinite(speed)
        still = (speed[heard] < self.settings["calm"]) | ~np.isfinite(direction[heard])
        if still.mean() > self.settings["calm_share"]:
            raise Refusal("calm", share=float(still.mean()), below=self.settings["calm"])

    def facts(self) -> dict[str, Any]:
        """Return what the page says about the event as a whole."""
        value = self.value[self.event]
        usual = self.value[~self.event & np.isfinite(self.value)]
        speed = self.speed[self.event]
        return {
            "hours": int(self.event.sum()),
            "highest": float(np.nanmax(value)),
            "mean": float(np.nanmean(value)),
            "usual": float(np.median(usual)) if usual.size else None,
            "wind": self.wind,
            "from": self.mean_direction(),
            "calm": float(((speed < self.settings["calm"]) & np.isfinite(speed)).mean()),
            "winds": len(np.asarray(self.arrays["winds_place"]).reshape(-1, 2)),
            "receptors": int(np.isfinite(self.others[self.event]).any(axis=0).sum()),
            "emitters": len(self.place),
            "cloud": self.settings["cloud"],
        }

    def mean_direction(self) -> float:
        """Return the mean direction of the wind of the event [°]."""
        angle = np.radians(self.direction[self.windy])
        return float(np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())) % 360.0)

    def history(self) -> None:
        """Refuse where too few hours have a value and a wind."""
        valid = np.isfinite(self.value + self.speed + self.direction)
        if valid.sum() < 48:
            raise Refusal("few_rows", rows=int(valid.sum()), least=48)

    def bearing(self) -> Floats:
        """Return the direction in which each emitter lies [°]."""
        return np.asarray(np.degrees(np.arctan2(self.place[:, 0], self.place[:, 1])) % 360.0)

    def lag(self) -> Floats:
        """Return the travel time of each emitter's air [h]."""
        return self.distance / self.wind / 3600.0

    def window(self, emitter: int) -> Any:
        """Return the hours in which an emitter's air of the event was sent: less the travel time, ± half an hour."""
        lag = self.lag()[emitter]
        hours = np.flatnonzero(self.event)
        first, last = hours[0] - lag - 0.5, hours[-1] - lag + 0.5
        index = np.arange(self.time.size)
        return (index >= np.floor(first)) & (index <= np.ceil(last))

    @functools.cached_property
    def standing(self) -> list[online.Standing | None]:
        """How far each emitter's online data stand out while it sent the event's air."""
        series = np.asarray(self.arrays["online"], np.float64)
        return [online.standing(series[:, s], self.window(s)) for s in range(len(self.place))]

    @functools.cached_property
    def idle(self) -> dict[int, online.Idle]:
        """The strongest sign, by emitter, that production ran while a treatment stood still."""
        found: dict[int, online.Idle] = {}
        for meter, owner in enumerate(np.asarray(self.arrays.get("power_emitter", ()), np.int64).tolist()):
            production, treatment = (
                np.asarray(self.arrays[name], np.float64)[:, meter]
                for name in ("power_production", "power_treatment")
            )
            told = online.idle(production, treatment, self.window(owner), shown=self.settings["idle_shown"])
            if told is not None and (owner not in found or told.factor > found[owner].factor):
                found[owner] = told
        return found

    @functools.cached_property
    def rate(self) -> Floats:
        """Return the mean emission of each emitter while it sent the event's air [g/s], NaN if nobody knows."""
        emission = np.asarray(self.arrays["emission"], np.float64)
        found = np.full(len(self.place), np.nan)
        for s in range(len(self.place)):
            sent = emission[self.window(s), s]
            if np.isfinite(sent).any():
                found[s] = float(np.nanmean(sent))
        return found

    def response(self, receptors: Floats) -> Floats:
        """Return the unit response of places in the windy hours."""
        return dispersion.response(
            np.column_stack([self.place, self.height]),
            receptors,
            wind=self.speed[self.windy],
            direction=self.direction[self.windy],
            stability=self.stability[self.windy],
            size=RELEASE,
        )

    @functools.cached_property
    def expected(self) -> Floats:
        """Concentration at the target that each emitter's rate explains, NaN if nobody knows the rate."""
        unit = self.response(np.zeros((1, 3)))[:, 0, :].mean(axis=0)
        return np.asarray(unit * self.rate)

    def receptors3(self) -> Floats:
        """Return the receptors with their height."""
        return np.column_stack([self.receptors, np.full(len(self.receptors), 3.0)])

    def above(self) -> Floats:
        """Return the receptors' readings of the windy hours above the cleanest of them, in g/m³."""
        readings = self.others[self.windy]
        if len(self.receptors) >= 3:
            floor = np.nanpercentile(readings, 10, axis=1, keepdims=True)
        else:
            floor = np.nanpercentile(self.others, 20, axis=0, keepdims=True)
        return np.asarray((readings - floor) * self.meta["grams"])

    def readings(self) -> tuple[Floats, inversion.Weather]:
        """Return readings above the background and the weather of their hours; refuse with too few receptors."""
        if np.isfinite(self.others[self.windy]).any(axis=0).sum() < 3:
            raise Refusal("few_receptors", receptors=len(self.receptors), least=3)
        air = inversion.weather(
            self.speed[self.windy], self.direction[self.windy], self.stability[self.windy]
        )
        return np.maximum(self.above(), 0.0), air

    def system(self) -> tuple[Floats, Floats, float]:
        """Return observed values, response of the emitters, and background, as one system of equations."""
        observed = np.maximum(self.above(), 0.0)
        matrix = self.response(self.receptors3())
        return observed.ravel(), matrix.reshape(-1, len(self.place)), 0.0

    def winds_around(self) -> Any:
        """Return the hours over which tracks are followed backward."""
        first, last = np.flatnonzero(self.event)[[0, -1]]
        start = max(0, int(first) - int(self.settings["back_hours"]) - 1)
        return np.arange(start, min(int(last) + 2, self.time.size))

    def nodes(self, inside: Any, axis: Floats) -> list[list[float]]:
        """Return longitude and latitude of the nodes of a grid that lie inside."""
        rows, columns = np.nonzero(inside)
        return self.frame.degrees(np.column_stack([axis[columns], axis[rows]])) if rows.size else []
