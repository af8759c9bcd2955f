"""Odour: where complaints come from and where none come from, as evidence about plants.

Complaints are a point process of rate people × probability to smell. Given their number, the place and hour of each
is a draw from that rate over everybody who could have complained: who was downwind and stayed silent counts against
a plant as much as who complained counts for it, and a populous quarter is no evidence by itself.

Inputs of `trace` (j complaints after aggregation, n cells, t hours, s plants): ``place`` (j, 2) [m], ``at`` (j,)
[s], ``repeats`` (j,); ``cell_place`` (n, 2) [m], ``people`` (n,); ``time`` (t,) [s], ``speed``, ``direction`` (t,);
``emitter_place`` (s, 2), ``emitter_height`` (s,), ``confirmed``, ``named`` (s,).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from jiangcheng.methods.tracing import dispersion, ranking
from jiangcheng.modules.source_tracing.rules import common
from jiangcheng.modules.source_tracing.rules.common import Arrays, Floats, Outcome, Tell
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

STRENGTHS = np.arange(3.0, 8.1, 0.5)
"""Logarithms of peak-to-mean × rate / odour threshold that are tried [m³/s]: nobody knows it."""
TURNS = np.array([-15.0, -7.5, 0.0, 7.5, 15.0])
"""Errors of the wind direction tried [°]."""
VEER = 8.0
NODES = 11
FELT = 0.1
"""Share of the greatest chance to smell from which a place counts as within reach."""
SIZE = 150.0
"""Width of a plant [m]."""


def aggregated(
    *, reporter: Sequence[str], place: ArrayLike, at: ArrayLike, radius: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which reports stand for all, and how many each stands for.

    Everything one telephone or account sends counts once, and so does everything from one spot: a thousand reports
    of one address are one observation.

    Parameters
    ----------
    reporter
        What is the same for the same person, shape (j,); empty where nobody knows.
    place, at : array_like, shape (j, 2), (j,)
        [m], [s].
    radius
        Within which a spot is the same [m].
    """
    spots, times = np.atleast_2d(np.asarray(place, np.float64)), np.asarray(at, np.float64)
    order = np.argsort(times, kind="stable")
    kept: list[int] = []
    counts: list[int] = []
    people: dict[str, int] = {}
    for index in order.tolist():
        same = people.get(reporter[index]) if reporter[index] else None
        if same is None and kept:
            apart = np.hypot(*(spots[kept] - spots[index]).T)
            near = int(apart.argmin())
            same = near if apart[near] <= radius else None
        if same is None:
            same = len(kept)
            kept.append(index)
            counts.append(0)
        counts[same] += 1
        if reporter[index]:
            people.setdefault(reporter[index], same)
    return np.array(kept, np.int64), np.array(counts, np.int64)


def trace(arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Return plants with probability and evidence, the chance of "unknown", and where to sniff next.

    Raises
    ------
    Refusal
        ``no_complaints``, ``no_people``, ``no_wind``, ``calm``, ``no_emitters``.
    Interrupted
        Out of `tell`.
    """
    event = _Event(arrays, meta, settings)
    tell(0.1, "complaints")
    told, main = common.attempt("complaints", event.by_complaints)
    tell(0.7, "downwind")
    other, _ = common.attempt("downwind", event.by_downwind)
    probability = main.scores if main is not None else np.zeros(len(event.plants))
    shown = common.ranked(probability, settings["shown"])
    return {
        "engine": common.ENGINE,
        "unknown": main.unknown if main is not None else 1.0,
        "candidates": [
            {"index": index, "probability": float(probability[index]), "evidence": event.evidence(index)}
            for index in shown
        ],
        "methods": [told, other],
        "shapes": {
            "complaints": event.frame.degrees(event.place),
            "patrol": event.patrol(probability, shown),
        },
        "facts": event.facts(),
    }


class _Event:
    def __init__(self, arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self.arrays, self.settings = arrays, settings
        self.frame = Frame(*meta["origin"])
        self.place = np.asarray(arrays["place"], np.float64).reshape(-1, 2)
        self.at = np.asarray(arrays["at"], np.float64)
        self.repeats = np.asarray(arrays["repeats"], np.int64)
        self.cells = np.asarray(arrays["cell_place"], np.float64).reshape(-1, 2)
        self.people = np.asarray(arrays["people"], np.float64)
        self.plants = np.asarray(arrays["emitter_place"], np.float64).reshape(-1, 2)
        if not len(self.place):
            raise Refusal("no_complaints")
        if not len(self.cells) or not self.people.sum() > 0:
            raise Refusal("no_people")
        if not len(self.plants):
            raise Refusal("no_emitters", km=settings["reach_km"])
        time = np.asarray(arrays["time"], np.int64)
        speed = np.asarray(arrays["speed"], np.float64)
        direction = np.asarray(arrays["direction"], np.float64)
        if not np.isfinite(speed).any():
            raise Refusal("no_wind")
        windy = (speed >= settings["calm"]) & np.isfinite(direction)
        if not windy.any():
            raise Refusal("calm", share=1.0, below=settings["calm"])
        self.calm = float(1.0 - windy.mean())
        self.time, self.speed, self.direction = time[windy], speed[windy], direction[windy]
        self.stability = common.classes(
            self.time, self.speed, meta["origin"][0], meta["origin"][1], settings["cloud"]
        )
        self.strength = np.zeros(len(self.plants))
        self.logs = np.zeros(len(self.plants))

    def facts(self) -> dict[str, Any]:
        """Return what the page says about the event as a whole."""
        return {
            "reports": int(self.repeats.sum()),
            "complaints": len(self.place),
            "most_repeats": int(self.repeats.max()),
            "people": float(self.people.sum()),
            "cells": len(self.cells),
            "hours": int(self.time.size),
            "calm": self.calm,
            "wind": float(self.speed.mean()),
            "emitters": len(self.plants),
        }

    def by_complaints(self) -> Outcome:
        """Weigh each plant by the places and hours of complaints and of silence."""
        heights = np.asarray(self.arrays["emitter_height"], np.float64)
        sources = np.column_stack([self.plants, heights])
        low = np.minimum(self.place.min(axis=0), self.plants.min(axis=0)) - 1000.0
        high = np.maximum(self.place.max(axis=0), self.plants.max(axis=0)) + 1000.0
        x, y = (np.linspace(low[i], high[i], NODES) for i in (0, 1))
        anywhere = np.column_stack(
            [np.tile(x, NODES), np.repeat(y, NODES), np.full(NODES**2, heights.mean())]
        )
        logs, best = self._evidence(np.vstack([sources, anywhere]))
        self.strength, self.logs = best[: len(sources)], logs[: len(sources)]
        prior = ranking.history(self.arrays["confirmed"], self.arrays["named"])
        unknown = self.settings["unknown"]
        # An unlisted source may be anywhere, or nowhere: then complaints follow the people alone.
        elsewhere = np.logaddexp(_mean(logs[len(sources) :]), self._stray()) - np.log(2.0)
        # One kind of evidence, capped like every other until enough closed cases have calibrated it.
        bound = np.log(ranking.CAP)
        factor = np.clip(self.logs - elsewhere, -bound, bound)
        odds = np.append(np.log((1.0 - unknown) * prior / prior.sum()) + factor, np.log(unknown))
        odds = np.exp(odds - odds.max())
        found = odds / odds.sum()
        return Outcome(found[:-1], float(found[-1]), {"independent": self._independent()})

    def by_downwind(self) -> Outcome:
        """Count the complaints that lie within 30 degrees downwind of each plant in their hour."""
        hour = np.abs(self.time[None, :] + 1800 - self.at[:, None]).argmin(axis=1)
        apart = self.plants[None, :, :] - self.place[:, None, :]
        bearing = np.degrees(np.arctan2(apart[..., 0], apart[..., 1]))
        off = np.abs((bearing - self.direction[hour][:, None] + 180.0) % 360.0 - 180.0)
        return Outcome((off <= 30.0).mean(axis=0), None, {"complaints": len(self.place)})

    def _independent(self) -> float:
        return float(min(len(self.place), self.settings["independent"]))

    def _stray(self) -> float:
        """Return the log likelihood of complaints that only follow the people."""
        return -self._independent() * float(np.log(self.people.sum() * self.time.size))

    def _evidence(self, sources: Floats) -> tuple[Floats, Floats]:
        """Return the log likelihood of each source, and its best strength (logarithm)."""
        weight = self._delays()
        rows = []
        for turn in TURNS:
            here = self._smelt(sources, self.place, turn)
            there = self._smelt(sources, self.cells, turn)
            for strength in STRENGTHS:
                rows.append(self._likelihood(here, there, weight, strength) - 0.5 * (turn / VEER) ** 2)
        table = np.array(rows)
        best = table.argmax(axis=0)
        return _mean(table, axis=0), STRENGTHS[best % STRENGTHS.size]

    def _smelt(self, sources: Floats, places: Floats, turn: float) -> Floats:
        """Return the unit response of places to sources in each hour, shape (t, places, sources) [s/m³]."""
        receptors = np.column_stack([places, np.full(len(places), 1.5)])
        return dispersion.response(
            sources,
            receptors,
            wind=self.speed,
            direction=self.direction + turn,
            stability=self.stability,
            size=SIZE,
        )

    def _likelihood(self, here: Floats, there: Floats, weight: Floats, strength: float) -> Floats:
        at_complaint = np.einsum("jt,tjs->js", weight, self._chance(here, strength))
        reach = np.einsum("n,tns->s", self.people, self._chance(there, strength))
        stray = self.settings["stray"]
        everybody = self.people.sum() * self.time.size
        rate = (1.0 - stray) * at_complaint / np.maximum(reach, 1e-9) + stray / everybody
        return np.asarray(np.log(rate).mean(axis=0) * self._independent())

    def _chance(self, response: Floats, strength: float) -> Floats:
        """Return the probability that somebody smells it: a normal curve over the log of the odour units."""
        with np.errstate(divide="ignore"):
            level = np.log10(response) + strength
        return np.asarray(special.ndtr(level / self.settings["threshold_spread"]))

    def _delays(self) -> Floats:
        """Return from which hour each complaint stems, shape (j, t): people need a while to call."""
        minutes = (self.at[:, None] - (self.time[None, :] + 1800.0)) / 60.0 + 30.0
        edges = np.stack([minutes - 60.0, minutes], axis=-1)
        with np.errstate(divide="ignore"):
            scaled = (
                np.log(np.maximum(edges, 1e-9) / self.settings["delay_minutes"])
                / self.settings["delay_spread"]
            )
        weight = np.maximum(special.ndtr(scaled[..., 1]) - special.ndtr(scaled[..., 0]), 0.0)
        lost = weight.sum(axis=1) <= 1e-6
        nearest = np.abs(minutes).argmin(axis=1)
        weight[lost, nearest[lost]] = 1.0
        return np.asarray(weight / weight.sum(axis=1, keepdims=True))

    def evidence(self, index: int) -> list[dict[str, Any]]:
        """Return the facts behind a plant."""
        source = np.append(self.plants[index], self.arrays["emitter_height"][index])[None, :]
        strength = float(self.strength[index])
        there = self._chance(self._smelt(source, self.cells, 0.0), strength)[:, :, 0]
        here = self._chance(self._smelt(source, self.place, 0.0), strength)[:, :, 0]
        # Nobody knows the strength: "within reach" is relative to where it would smell most.
        reach = FELT * max(float(here.max()), float(there.max()), 1e-12)
        smelt = (here.max(axis=0) >= reach).sum()
        reached = float((self.people * (there.max(axis=0) >= reach)).sum())
        distance = float(np.hypot(*(self.place - self.plants[index]).T).min())
        found: list[dict[str, Any]] = [
            {"code": "smelt", "complaints": int(smelt), "of": len(self.place), "km": distance / 1000.0},
            {"code": "silent", "percent": 100.0 * reached / float(self.people.sum())},
            {"code": "against", "log10": float((self.logs[index] - self._stray()) / np.log(10.0))},
        ]
        named = int(self.arrays["named"][index])
        if named:
            found.append(
                {"code": "history", "named": named, "confirmed": int(self.arrays["confirmed"][index])}
            )
        return found

    def patrol(self, probability: Floats, shown: list[int]) -> list[dict[str, Any]]:
        """Return three places where smelling or not smelling would tell most between the candidates."""
        if len(shown) < 2:
            return []
        share = probability[shown] / max(float(probability[shown].sum()), 1e-300)
        chance = np.empty((len(self.cells), len(shown)))
        last = slice(-1, None)
        for column, index in enumerate(shown):
            source = np.append(self.plants[index], self.arrays["emitter_height"][index])[None, :]
            unit = self._smelt(source, self.cells, 0.0)[last]
            chance[:, column] = self._chance(unit, float(self.strength[index]))[0, :, 0]
        gain = _bits(chance @ share) - _bits(chance) @ share
        best = np.argsort(-gain, kind="stable")[:3]
        places = self.frame.degrees(self.cells[best])
        return [
            {"place": spot, "bits": float(gain[row])}
            for spot, row in zip(places, best, strict=True)
            if gain[row] > 1e-3
        ]


def _bits(p: Floats) -> Floats:
    """Return the entropy of yes or no [bit]."""
    return np.asarray((special.entr(p) + special.entr(1.0 - p)) / np.log(2.0))


def _mean(logs: Floats, axis: int | None = None) -> Any:
    """Return the log of the mean of exponentials."""
    size = logs.size if axis is None else logs.shape[axis]
    return special.logsumexp(logs, axis=axis) - np.log(size)
