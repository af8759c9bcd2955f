"""Air: known emitters ranked by several kinds of evidence, beside the answers of other methods.

Inputs of `trace` (t hours, k wind stations, r receptors, the first of which is the target, s emitters, m species):
``time`` (t,) starts of hours [s]; ``event`` (t,) the hours in question; ``value`` (t,); ``speed`` (t,) [m/s] and
``direction`` (t,) [° from where] at the wind station nearest to the target; ``winds_speed``, ``winds_direction``
(t, k); ``winds_place`` (k, 2), ``receptor_place`` (r, 2), ``emitter_place`` (s, 2) [m]; ``others`` (t, r) [unit
of the target]; ``emitter_height`` (s,) [m]; ``emission`` (t, s) [g/s]; ``online`` (t, s); ``confirmed``,
``named`` (s,) closed checks; ``profile`` (m,) species above background, ``library`` (s, m).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from jiangcheng.methods.tracing import (
    dispersion,
    inversion,
    polar,
    ranking,
    receptor,
    regression,
    sigmas,
    wind,
    windfield,
)
from jiangcheng.modules.source_tracing.rules import common
from jiangcheng.modules.source_tracing.rules.common import Arrays, Floats, Outcome, Tell
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

SPREADS = (25.0, 20.0, 15.0, 10.0, 8.0, 8.0)
"""Spread of the wind direction by stability class A to F [°], where no minutes are known."""
METHODS = ("ranking", "rose", "cbpf", "nwr", "trajectory", "nnls", "inversion", "location", "cmb")
NODES = 41
"""Of the grid of an unknown place, each side."""
RELEASE = 20.0
"""Width of a source [m]."""


def trace(arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Return candidates with evidence, the chance of "unknown", every method's answer, and shapes for the map.

    Raises
    ------
    Refusal
        ``window``, ``no_values``, ``all_zero``, ``no_wind`` or ``calm``: then there is nothing to show.
    Interrupted
        Out of `tell`.
    """
    event = _Event(arrays, meta, settings)
    methods: list[dict[str, Any]] = []
    kept: dict[str, Outcome] = {}
    wanted = [name for name in METHODS if name in meta.get("methods", METHODS)]
    for place, name in enumerate(wanted):
        tell(place / len(wanted), name)
        told, outcome = common.attempt(name, getattr(event, f"by_{name}"))
        methods.append(told)
        if outcome is not None:
            kept[name] = outcome
    main = kept.get("ranking")
    probability = main.scores if main is not None else np.zeros(len(event.place))
    shown = common.ranked(probability, settings["shown"])
    return {
        "engine": common.ENGINE,
        "unknown": main.unknown if main is not None else 1.0,
        "candidates": [
            {"index": index, "probability": float(probability[index]), "evidence": event.evidence(index)}
            for index in shown
        ],
        "methods": methods,
        "shapes": event.shapes(shown[:2]),
        "facts": event.facts(),
    }


class _Event:
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
            "from": self._mean_direction(),
            "calm": float(((speed < self.settings["calm"]) & np.isfinite(speed)).mean()),
            "winds": len(np.asarray(self.arrays["winds_place"]).reshape(-1, 2)),
            "receptors": int(np.isfinite(self.others[self.event]).any(axis=0).sum()),
            "emitters": len(self.place),
            "cloud": self.settings["cloud"],
        }

    def _mean_direction(self) -> float:
        angle = np.radians(self.direction[self.windy])
        return float(np.degrees(np.arctan2(np.sin(angle).mean(), np.cos(angle).mean())) % 360.0)

    # --- methods ------------------------------------------------------------------------------------------

    def by_ranking(self) -> Outcome:
        """Rank the known emitters by wind, dilution, online data, fingerprint and history."""
        if not len(self.place):
            raise Refusal("no_emitters", km=self.settings["reach_km"])
        spread = np.hypot(np.take(SPREADS, self.stability[self.windy].astype(int) - 1), 5.0)
        possible = ranking.in_time(self.distance, self.wind, 3600.0 * self.settings["reach_hours"])
        self.factors = {
            "wind": ranking.cone(
                self.direction[self.windy],
                np.zeros(2),
                self.place,
                spread,
                size=np.full(len(self.place), 100.0),
            ),
            "share": ranking.dilution(self._expected()),
            "online": ranking.anomaly(self._scores()),
        }
        if "profile" in self.arrays:
            self.factors["profile"] = ranking.fingerprint(self.arrays["profile"], self.arrays["library"])
        prior = ranking.history(self.arrays["confirmed"], self.arrays["named"])
        if not possible.any():
            return Outcome(np.zeros(len(self.place)), 1.0, {"late": len(possible)})
        found = ranking.rank(
            self.factors,
            prior=prior * possible,
            unknown=self.settings["unknown"],
            possible=possible,
            weights=self.settings["weights"],
        )
        return Outcome(
            found.probability[:-1],
            float(found.probability[-1]),
            {"kinds": sorted(self.factors), "late": int((~possible).sum())},
        )

    def by_rose(self) -> Outcome:
        """Count how often high values come with each wind."""
        self._history()
        found = wind.conditional_probability(
            self.speed, self.direction, self.value, percent=self.settings["percentile"], step=22.5, minimum=3
        )
        bearing = self._bearing()
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

    def by_cbpf(self) -> Outcome:
        """Look up the conditional bivariate probability at each emitter's bearing and the wind of the event."""
        self._history()
        grid = polar.cells(
            self.speed, self.direction, self.value, statistic="cpf", percent=self.settings["percentile"],
            rings=8, step=22.5, minimum=3,
        )  # fmt: skip
        ring = int(np.abs(grid.speed - self.wind).argmin())
        near = grid.value[max(ring - 1, 0) : ring + 2]
        filled = np.where(np.isfinite(near), near, 0.0).max(axis=0)
        best = np.unravel_index(int(np.nanargmax(grid.value)), grid.value.shape)
        return Outcome(
            filled[wind.sector(self._bearing(), 22.5)],
            None,
            {
                "best": float(grid.direction[best[1]]),
                "speed": float(grid.speed[best[0]]),
                "threshold": grid.threshold,
            },
        )

    def by_nwr(self) -> Outcome:
        """Regress the concentration on the wind, and read it at each emitter's bearing."""
        self._history()
        field = regression.regression(self.speed, self.direction, self.value, sigma=8.0)
        column = int(np.abs(field.speed - self.wind).argmin())
        line = np.where(np.isfinite(field.value[:, column]), field.value[:, column], 0.0)
        rows = np.rint(self._bearing() / 2.0).astype(int) % len(field.direction) - 1
        floor = float(np.nanmedian(field.value))
        best = int(line.argmax())
        return Outcome(
            np.maximum(line[rows] - floor, 0.0),
            None,
            {"best": float(field.direction[best]), "value": float(line[best]), "floor": floor},
        )

    def by_trajectory(self) -> Outcome:
        """Follow puffs backward through the winds of several stations."""
        places = np.asarray(self.arrays["winds_place"], np.float64).reshape(-1, 2)
        if len(places) < 2:
            raise Refusal("one_wind_station", stations=len(places))
        hours = self._winds_around()
        speed, direction = self.arrays["winds_speed"][hours], self.arrays["winds_direction"][hours]
        time = (self.time[hours] - self.time[hours][0]).astype(np.float64) + 1800.0
        heard = np.isfinite(speed + direction).any(axis=1)
        if heard.sum() < 2:
            raise Refusal("no_wind")
        field = windfield.wind_field(places, time[heard], speed[heard], direction[heard])
        peak = int(np.flatnonzero(self.event)[np.nanargmax(self.value[self.event])])
        arrival = float(self.time[peak] - self.time[hours][0]) + 1800.0
        duration = min(3600.0 * self.settings["back_hours"], arrival - float(field.time[0]))
        if duration < 1800.0:
            raise Refusal("few_rows", rows=int(heard.sum()))
        tracks = windfield.backward(field, np.zeros(2), arrival, duration, step=300.0)
        self.drawn["tracks"] = [
            self.frame.degrees(np.column_stack([tracks.x[m], tracks.y[m]])) for m in (0, *range(1, 27, 3))
        ]
        if not len(self.place):
            return Outcome(np.zeros(0), None, {"hours": duration / 3600.0})
        reached = windfield.influence(tracks, self.place, float(self.stability[peak]))
        rate = self._rate()
        weight = reached * np.where(
            np.isfinite(rate) & (rate > 0), rate, np.nanmedian(rate) if np.isfinite(rate).any() else 1.0
        )
        total = weight.sum()
        return Outcome(weight / total if total > 0 else weight, None, {"hours": duration / 3600.0})

    def by_nnls(self) -> Outcome:
        """Solve for the rates of all emitters that explain all receptors."""
        if not len(self.place):
            raise Refusal("no_emitters", km=self.settings["reach_km"])
        observed, matrix, background = self._system()
        error = np.full(observed.size, max(float(np.nanmedian(observed)) * 0.1, 1e-12))
        found = inversion.rates(matrix, observed, background=background, instrument=error)
        mean = matrix.mean(axis=0) * found.rate
        total = mean.sum()
        return Outcome(
            mean / total if total > 0 else mean,
            None,
            {"rate": found.rate, "group": found.group, "explained": found.explained},
        )

    def by_inversion(self) -> Outcome:
        """Ask which single emitter explains all receptors best, against one nobody has listed."""
        if not len(self.place):
            raise Refusal("no_emitters", km=self.settings["reach_km"])
        observed, air = self._readings()
        found = inversion.candidate_probabilities(
            observed, self._receptors3(), np.column_stack([self.place, self.height]), air,
            unknown=self.settings["unknown"], nodes=15,
        )  # fmt: skip
        return Outcome(found[:-1], float(found[-1]), {"receptors": int(observed.shape[1])})

    def by_location(self) -> Outcome:
        """Ask where one unknown source may lie."""
        observed, air = self._readings()
        reach = 1000.0 * min(self.settings["reach_km"], 15.0)
        axis = np.linspace(-reach, reach, NODES)
        found = inversion.locate(observed, self._receptors3(), axis, axis, air, height=20.0)
        inside = found.region(0.5)
        east, north = found.mean()
        self.drawn["region"] = [
            {"level": level, "places": self._nodes(found.region(level), axis)} for level in (0.5, 0.9)
        ]
        self.drawn["node"] = float(axis[1] - axis[0])
        share = np.zeros(len(self.place))
        if len(self.place):
            column = np.clip(np.rint((self.place[:, 0] + reach) / (axis[1] - axis[0])), 0, NODES - 1).astype(
                int
            )
            row = np.clip(np.rint((self.place[:, 1] + reach) / (axis[1] - axis[0])), 0, NODES - 1).astype(int)
            share = np.where(self.distance <= reach * 1.4, found.posterior[row, column], 0.0)
        low, middle, high = found.rate_interval(0.9)
        return Outcome(
            share,
            None,
            {"nodes": int(inside.sum()), "east": east, "north": north, "rate": [low, middle, high]},
        )

    def by_cmb(self) -> Outcome:
        """Take the species apart into the known profiles."""
        if "profile" not in self.arrays:
            raise Refusal("no_species")
        profile = np.asarray(self.arrays["profile"], np.float64)
        library = np.asarray(self.arrays["library"], np.float64)
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

    # --- pieces -------------------------------------------------------------------------------------------

    def _history(self) -> None:
        valid = np.isfinite(self.value + self.speed + self.direction)
        if valid.sum() < 48:
            raise Refusal("few_rows", rows=int(valid.sum()), least=48)

    def _bearing(self) -> Floats:
        return np.asarray(np.degrees(np.arctan2(self.place[:, 0], self.place[:, 1])) % 360.0)

    def _lag(self) -> Floats:
        """Return the travel time of each emitter's air [h]."""
        return self.distance / self.wind / 3600.0

    def _window(self, emitter: int) -> Any:
        """Return the hours in which an emitter's air of the event was sent."""
        lag = self._lag()[emitter]
        hours = np.flatnonzero(self.event)
        first, last = hours[0] - lag - 0.5, hours[-1] - lag + 0.5
        index = np.arange(self.time.size)
        return (index >= np.floor(first)) & (index <= np.ceil(last))

    def _scores(self) -> Floats:
        online = np.asarray(self.arrays["online"], np.float64)
        return np.array(
            [common.standing_out(online[:, s], self._window(s)) for s in range(len(self.place))], np.float64
        )

    def _rate(self) -> Floats:
        """Return the mean emission of each emitter while it sent the event's air [g/s], NaN if nobody knows."""
        emission = np.asarray(self.arrays["emission"], np.float64)
        found = np.full(len(self.place), np.nan)
        for s in range(len(self.place)):
            sent = emission[self._window(s), s]
            if np.isfinite(sent).any():
                found[s] = float(np.nanmean(sent))
        return found

    def _response(self, receptors: Floats) -> Floats:
        return dispersion.response(
            np.column_stack([self.place, self.height]),
            receptors,
            wind=self.speed[self.windy],
            direction=self.direction[self.windy],
            stability=self.stability[self.windy],
            size=RELEASE,
        )

    def _expected(self) -> Floats:
        unit = self._response(np.zeros((1, 3)))[:, 0, :].mean(axis=0)
        return np.asarray(unit * self._rate())

    def _receptors3(self) -> Floats:
        return np.column_stack([self.receptors, np.full(len(self.receptors), 3.0)])

    def _above(self) -> Floats:
        """Return the receptors' readings of the windy hours above the cleanest of them, in g/m³."""
        readings = self.others[self.windy]
        if len(self.receptors) >= 3:
            floor = np.nanpercentile(readings, 10, axis=1, keepdims=True)
        else:
            floor = np.nanpercentile(self.others, 20, axis=0, keepdims=True)
        return np.asarray((readings - floor) * self.meta["grams"])

    def _readings(self) -> tuple[Floats, inversion.Weather]:
        if np.isfinite(self.others[self.windy]).any(axis=0).sum() < 3:
            raise Refusal("few_receptors", receptors=len(self.receptors), least=3)
        air = inversion.weather(
            self.speed[self.windy], self.direction[self.windy], self.stability[self.windy]
        )
        return np.maximum(self._above(), 0.0), air

    def _system(self) -> tuple[Floats, Floats, float]:
        observed = np.maximum(self._above(), 0.0)
        matrix = self._response(self._receptors3())
        return observed.ravel(), matrix.reshape(-1, len(self.place)), 0.0

    def _winds_around(self) -> Any:
        first, last = np.flatnonzero(self.event)[[0, -1]]
        start = max(0, int(first) - int(self.settings["back_hours"]) - 1)
        return np.arange(start, min(int(last) + 2, self.time.size))

    def _nodes(self, inside: Any, axis: Floats) -> list[list[float]]:
        rows, columns = np.nonzero(inside)
        return self.frame.degrees(np.column_stack([axis[columns], axis[rows]])) if rows.size else []

    # --- words and shapes ---------------------------------------------------------------------------------

    def evidence(self, index: int) -> list[dict[str, Any]]:
        """Return the facts behind a candidate; the page makes sentences of them."""
        bearing = float(self._bearing()[index])
        apart = np.abs(wind.difference(self.direction[self.windy], bearing))
        found: list[dict[str, Any]] = [
            {
                "code": "wind", "bearing": bearing, "within": int((apart <= 30.0).sum()),
                "hours": int(self.windy.sum()), "factor": self._factor("wind", index),
            },
            {
                "code": "way", "km": float(self.distance[index]) / 1000.0,
                "minutes": float(self._lag()[index]) * 60.0, "wind": self.wind,
            },
        ]  # fmt: skip
        if self._lag()[index] > self.settings["reach_hours"]:
            found.append({"code": "late", "hours": float(self._lag()[index])})
        rate = self._rate()
        if np.isfinite(rate[index]):
            expected = np.nan_to_num(self._expected())
            total = expected.sum()
            found.append(
                {
                    "code": "share", "rate": float(rate[index]),
                    "percent": float(100.0 * expected[index] / total) if total > 0 else None,
                    "factor": self._factor("share", index),
                }
            )  # fmt: skip
        found.append(self._online(index))
        if "profile" in self.arrays:
            found.append(self._profile(index))
        named = int(self.arrays["named"][index])
        if named:
            found.append(
                {"code": "history", "named": named, "confirmed": int(self.arrays["confirmed"][index])}
            )
        return found

    def _factor(self, name: str, index: int) -> float | None:
        """Return a Bayes factor as it counted, within its cap."""
        if name not in self.factors:
            return None
        value = float(self.factors[name][index])
        return float(np.clip(value, 1.0 / ranking.CAP, ranking.CAP)) if np.isfinite(value) else None

    def _online(self, index: int) -> dict[str, Any]:
        series = np.asarray(self.arrays["online"], np.float64)[:, index]
        window = self._window(index)
        inside = series[window]
        normal = series[~window & np.isfinite(series)]
        if not np.isfinite(inside).any() or not normal.size:
            return {"code": "no_online"}
        peak = int(np.flatnonzero(window)[np.nanargmax(inside)])
        usual = float(np.median(normal))
        return {
            "code": "online", "score": float(self._scores()[index]), "highest": float(series[peak]),
            "usual": usual, "percent": 100.0 * (float(series[peak]) / usual - 1.0) if usual > 0 else None,
            "at": int(self.time[peak]), "factor": self._factor("online", index),
        }  # fmt: skip

    def _profile(self, index: int) -> dict[str, Any]:
        sample = np.asarray(self.arrays["profile"], np.float64)
        row = np.asarray(self.arrays["library"], np.float64)[index]
        size = float(np.linalg.norm(sample) * np.linalg.norm(row))
        if not np.isfinite(size) or size == 0:
            return {"code": "no_profile"}
        return {
            "code": "profile",
            "cosine": float(row @ sample) / size,
            "factor": self._factor("profile", index),
        }

    def shapes(self, shown: list[int]) -> dict[str, Any]:
        """Return what the map draws: the cone of the wind, plumes of the first two, tracks, regions."""
        middle = self._mean_direction()
        spread = float(np.clip(wind.yamartino(self.direction[self.windy]) + 10.0, 12.0, 60.0))
        reach = 1000.0 * min(self.settings["reach_km"], self.wind * 3.6 * self.settings["reach_hours"], 25.0)
        angles = np.radians(np.linspace(middle - spread, middle + spread, 25))
        arc = np.column_stack([reach * np.sin(angles), reach * np.cos(angles)])
        found = {
            "cone": self.frame.degrees(np.vstack([np.zeros((1, 2)), arc, np.zeros((1, 2))])),
            **self.drawn,
        }
        found["plumes"] = [{"index": index, "outline": self._plume(index, middle)} for index in shown]
        return found

    def _plume(self, index: int, direction: float) -> list[list[float]]:
        """Return the outline of two widths of a plume along the mean wind of the event."""
        curves = sigmas.curves("gb")
        down = np.linspace(50.0, max(float(self.distance[index]) * 1.2, 1000.0), 20)
        across = 2.0 * curves.sigma_y(down, float(np.median(self.stability[self.windy])))
        angle = np.radians(direction + 180.0)
        along = np.array([np.sin(angle), np.cos(angle)])
        side = np.array([along[1], -along[0]])
        left = self.place[index] + down[:, None] * along + across[:, None] * side
        right = self.place[index] + down[:, None] * along - across[:, None] * side
        return self.frame.degrees(np.vstack([self.place[index], left, right[::-1], self.place[index]]))
