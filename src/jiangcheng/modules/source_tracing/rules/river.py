"""Rivers: outfalls upstream in time, what was released, where to sample next, when it arrives below.

Inputs of `trace` (m reaches, n nodes, s outfalls, r readings): ``upper``, ``lower`` (m,) nodes; ``length`` [m],
``slow``, ``fast`` [m/s], ``area`` [m²], ``spread`` [m²/s], ``decay`` [1/s] (m,); ``time`` (r,) [s] and ``value``
(r,) of the alarm section, ``event`` (r,); ``outfall_reach`` (s,), ``outfall_above`` (s,) [m above the lower end];
``online`` (h, s), ``online_time`` (h,); ``confirmed``, ``named`` (s,); ``node_place`` (n, 2) [m].
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing import ranking, river
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.source_tracing.rules import common, online
from jiangcheng.modules.source_tracing.rules.common import Arrays, Floats, Outcome, Tell
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

HOUR = 3600.0
LEAST = 3
LEVELS = (0.05, 0.5, 0.95)


def trace(arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Return outfalls with probability and evidence, the next sample, and the arrival below.

    Raises
    ------
    Refusal
        ``no_reach``, ``few_readings``, ``no_rise``, ``nothing_upstream``, ``all_zero``.
    Interrupted
        Out of `tell`.
    """
    event = _Event(arrays, meta, settings)
    told, _ = common.attempt("travel", event.by_travel)
    releases: list[river.Release | None] = []
    for outfall in range(event.count):
        tell(0.1 + 0.7 * outfall / max(event.count, 1), "release")
        releases.append(event.release(outfall))
    told_release, main = common.attempt("release", lambda: event.by_release(releases))
    probability = main.scores if main is not None else np.zeros(event.count)
    shown = common.ranked(probability, settings["shown"])
    tell(0.9, "forecast")
    return {
        "engine": common.ENGINE,
        "unknown": main.unknown if main is not None else 1.0,
        "candidates": [
            {
                "index": index,
                "probability": float(probability[index]),
                "evidence": event.evidence(index, releases[index]),
            }
            for index in shown
        ],
        "methods": [told_release, told],
        "shapes": {"reaches": event.paths(), "next": event.next_sample(probability)},
        "facts": {**event.facts(), "arrivals": event.arrivals(probability, releases)},
    }


class _Event:
    def __init__(self, arrays: Arrays, meta: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
        self.arrays, self.meta, self.settings = arrays, meta, settings
        self.frame = Frame(*meta["origin"])
        if not np.asarray(arrays["upper"]).size:
            raise Refusal("no_reach")
        self.network = river.network(*(arrays[name] for name in ("upper", "lower", "length", "slow", "fast")))
        self.node = int(meta["node"])
        try:
            self.upstream = river.upstream(self.network, self.node)
        except TracingError as error:
            raise Refusal("no_reach") from error
        self.reach = np.asarray(arrays["outfall_reach"], np.int64)
        self.count = self.reach.size
        self._readings()
        above = np.asarray(arrays["outfall_above"], np.float64)
        self.windows = (
            river.release_windows(self.network, self.upstream, self.reach, above, self.start)
            if self.count
            else river.Windows(np.zeros(0), np.zeros(0), np.zeros(0))
        )
        self.last = (
            river.release_windows(self.network, self.upstream, self.reach, above, self.end)
            if self.count
            else self.windows
        )
        if not np.isfinite(self.windows.distance).any():
            raise Refusal("nothing_upstream")

    def _readings(self) -> None:
        time = np.asarray(self.arrays["time"], np.float64)
        value = np.asarray(self.arrays["value"], np.float64)
        event = np.asarray(self.arrays["event"], bool) & np.isfinite(value)
        if event.sum() < LEAST:
            raise Refusal("few_readings", readings=int(event.sum()), least=LEAST)
        if not np.any(value[event] != 0):
            raise Refusal("all_zero")
        usual = value[~event & np.isfinite(value)]
        self.background = (
            float(np.median(usual)) if usual.size >= LEAST else float(np.percentile(value[event], 10))
        )
        self.time, self.value = time[event], np.maximum(value[event] - self.background, 0.0)
        spread = float(np.percentile(usual, 95) - self.background) if usual.size >= LEAST else 0.0
        if not self.value.max() > max(spread, 0.1 * self.background, 1e-12):
            raise Refusal("no_rise", highest=float(self.value.max() + self.background), usual=self.background)
        risen = self.value > 0.2 * self.value.max()
        self.start, self.end = float(self.time[risen][0]), float(self.time[risen][-1])

    def facts(self) -> dict[str, Any]:
        """Return what the page says about the event as a whole."""
        return {
            "readings": int(self.time.size), "highest": float(self.value.max() + self.background),
            "usual": self.background, "start": int(self.start), "end": int(self.end), "outfalls": self.count,
            "upstream": int(np.isfinite(self.windows.distance).sum()),
        }  # fmt: skip

    def by_travel(self) -> Outcome:
        """Keep the outfalls whose water can have arrived, those with discharge in the window first."""
        possible = np.isfinite(self.windows.distance).astype(np.float64)
        weight = possible * self._online()
        total = weight.sum()
        return Outcome(weight / total if total > 0 else weight, None, {"possible": int(possible.sum())})

    @functools.cached_property
    def standing(self) -> list[online.Standing | None]:
        """How far each outfall's online data stand out while it sent the event's water."""
        series = np.asarray(self.arrays["online"], np.float64)
        return [
            online.standing(series[:, s], self._window(s)) if np.isfinite(self.windows.distance[s]) else None
            for s in range(self.count)
        ]

    def _window(self, outfall: int) -> NDArray[np.bool_]:
        time = np.asarray(self.arrays["online_time"], np.float64)
        first, last = self.windows.start[outfall] - HOUR, self.last.end[outfall] + HOUR
        return np.asarray((time >= first) & (time <= last))

    def _online(self) -> Floats:
        """Return the Bayes factors of online data as they count."""
        found = online.factors(self.standing, hidden=self.settings.get("hidden", 0.0))
        return np.array(
            [common.bounded(value, self._weight("online")) for value in found.tolist()], np.float64
        )

    def _weight(self, name: str) -> float:
        return float(self.settings.get("weights", {}).get(name, 1.0))

    def _water(self, reaches: list[int], lengths: list[float]) -> tuple[float, float, float, float]:
        """Return area, speed, dispersion and decay of a way, means by its length."""
        share = np.asarray(lengths) / sum(lengths)
        middle = (self.network.slow[reaches] + self.network.fast[reaches]) / 2.0
        speed = 1.0 / float((share / middle).sum())
        area, spread, decay = (
            float((share * self.arrays[name][reaches]).sum()) for name in ("area", "spread", "decay")
        )
        return area, speed, spread, decay

    def _way(self, outfall: int) -> tuple[list[int], list[float]]:
        """Return the reaches from an outfall down to the alarm section, and how long each part is [m]."""
        reach = int(self.reach[outfall])
        found, lengths = [reach], [max(float(self.arrays["outfall_above"][outfall]), 1.0)]
        node = int(self.network.lower[reach])
        while node != self.node and len(found) <= self.network.length.size:
            below = [
                int(r) for r in np.flatnonzero(self.network.upper == node)
                if np.isfinite(self.upstream.distance[self.network.lower[r]])
            ]  # fmt: skip
            if not below:
                break
            reach = min(below, key=lambda r: float(self.upstream.latest[self.network.lower[r]]))
            found.append(reach)
            lengths.append(float(self.network.length[reach]))
            node = int(self.network.lower[reach])
        return found, lengths

    def release(self, outfall: int) -> river.Release | None:
        """Return what an outfall would have released, None where it is not upstream or explains nothing."""
        if not np.isfinite(self.windows.distance[outfall]):
            return None
        area, speed, spread, decay = self._water(*self._way(outfall))
        section = river.Section(
            self.time,
            self.value,
            float(max(self.windows.distance[outfall], 10.0)),
            area,
            speed,
            spread,
            decay,
        )
        early, late = float(self.windows.start[outfall]) - 12 * HOUR, float(self.last.end[outfall]) + 6 * HOUR
        prior = river.Prior(
            start=(early, late), speed_spread=self.settings["speed_spread"], noise=self.settings["noise"],
            floor=max(0.03 * float(self.value.max()), 1e-9),
        )  # fmt: skip
        try:
            return river.estimate_release(
                [section], prior, draws=int(self.settings["draws"]), seed=int(self.meta["seed"]) + outfall
            )
        except (TracingError, np.linalg.LinAlgError):
            return None

    def by_release(self, releases: list[river.Release | None]) -> Outcome:
        """Weigh the outfalls by how well a release from each explains the readings, by online data and history."""
        logs = np.array([-np.inf if item is None else item.log_evidence for item in releases])
        prior = ranking.history(self.arrays["confirmed"], self.arrays["named"])
        # Hydraulics narrow and never name: what they tell between outfalls is bounded like any other evidence.
        finite = np.isfinite(logs)
        if not finite.any():
            raise Refusal("nothing_upstream")
        bound = float(np.log(ranking.CAP))
        logs = np.where(finite, np.maximum(logs - logs[finite].max(), -bound), -np.inf) * self._weight(
            "river"
        )
        found = river.rank_outfalls(
            logs + np.log(self._online()),
            prior=np.where(finite, prior, 0.0),
            unknown=self.settings["unknown"],
            elsewhere=logs[finite],
        )
        sets = river.credible_set(found, self.settings["level"])
        return Outcome(
            found[:-1],
            float(found[-1]),
            {"set": int(np.sum(sets < self.count)), "level": self.settings["level"]},
        )

    def evidence(self, index: int, release: river.Release | None) -> list[dict[str, Any]]:
        """Return the facts behind an outfall."""
        start, end = float(self.windows.start[index]), float(self.last.end[index])
        found: list[dict[str, Any]] = []
        if np.isfinite(self.windows.distance[index]):
            found.append(
                {
                    "code": "travel", "km": float(self.windows.distance[index]) / 1000.0,
                    "from": int(start), "to": int(end),
                    "shortest": (self.start - float(self.windows.end[index])) / HOUR,
                    "longest": (self.start - start) / HOUR,
                }
            )  # fmt: skip
        if release is not None:
            mass = release.quantiles("mass", LEVELS)
            begun = release.quantiles("start", LEVELS)
            found.append(
                {
                    "code": "release", "low": float(mass[0]) / 1000.0, "kg": float(mass[1]) / 1000.0,
                    "high": float(mass[2]) / 1000.0, "from": int(begun[0]), "at": int(begun[1]), "to": int(begun[2]),
                }
            )  # fmt: skip
        standing = self.standing[index]
        if standing is not None:
            at = int(np.asarray(self.arrays["online_time"])[standing.place])
            found.append(online.told(standing, at, float(self._online()[index])))
        else:
            found.append({"code": "no_online"})
        named = int(self.arrays["named"][index])
        if named:
            found.append(
                {"code": "history", "named": named, "confirmed": int(self.arrays["confirmed"][index])}
            )
        return found

    def next_sample(self, probability: Floats) -> dict[str, Any] | None:
        """Return the node at which finding or not finding the substance would tell most."""
        best, most = None, 0.02
        total = float(probability.sum())
        if total <= 0:
            return None
        for node in np.flatnonzero(np.isfinite(self.upstream.distance)).tolist():
            if node == self.node:
                continue
            above = river.upstream(self.network, node)
            inside = np.isfinite(above.distance[self.network.lower[self.reach]])
            share = float(probability[inside].sum()) / total
            gain = 0.0 if share in (0.0, 1.0) else -share * np.log2(share) - (1 - share) * np.log2(1 - share)
            if gain > most:
                best, most = {"node": node, "share": share, "bits": float(gain)}, float(gain)
        return best

    def arrivals(self, probability: Floats, releases: list[river.Release | None]) -> list[dict[str, Any]]:
        """Return when the likeliest release reaches the nodes below the alarm section, with an interval."""
        order = [index for index in np.argsort(-probability, kind="stable") if releases[index] is not None]
        if not order:
            return []
        release, outfall = releases[order[0]], int(order[0])
        assert release is not None
        reaches, lengths = self._way(outfall)
        node = self.node
        found: list[dict[str, Any]] = []
        threshold = self.settings["threshold_share"] * float(self.value.max())
        time = self.start + np.arange(0.0, self.settings["forecast_hours"], 0.5) * HOUR
        while len(found) < 6:
            below = np.flatnonzero(self.network.upper == node)
            if not below.size:
                break
            reach = int(below[0])
            reaches, lengths = [*reaches, reach], [*lengths, float(self.network.length[reach])]
            node = int(self.network.lower[reach])
            area, speed, spread, decay = self._water(reaches, lengths)
            told = river.forecast(
                release, time, distance=sum(lengths), area=area, speed=speed, dispersion=spread, decay=decay,
                threshold=threshold,
            )  # fmt: skip
            found.append(
                {
                    "node": node, "km": float(np.sum(lengths[-len(found) - 1 :])) / 1000.0, "arrival": told.arrival,
                    "peak_at": told.peak_time, "peak": told.peak, "chance": told.chance, "threshold": threshold,
                }
            )  # fmt: skip
        return found

    def paths(self) -> list[dict[str, Any]]:
        """Return the reaches above the alarm section with their distance, for the map."""
        return [
            {"reach": int(r), "km": float(self.upstream.distance[self.network.lower[r]]) / 1000.0}
            for r in np.flatnonzero(np.isfinite(self.upstream.distance[self.network.lower]))
            if np.isfinite(self.upstream.distance[self.network.upper[r]])
        ]
