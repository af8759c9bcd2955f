"""A chain of reaches, and the cloud that passes along it: travel times and their spread add up, flows dilute."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import log_ndtr, ndtr

from jiangcheng.methods.tracing import mixing
from jiangcheng.methods.tracing.inputs import Floats, TracingError
from jiangcheng.modules.safety.rules.numbers import number


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """A stretch of river of one shape; kilometres below the spill."""

    name: str
    start: float
    end: float
    width: float
    """[m]"""
    depth: float
    """[m]"""
    flow: float
    """[m³/s]"""
    dispersion: float
    """Longitudinal [m²/s]."""
    slope: float

    @property
    def speed(self) -> float:
        """Mean speed [m/s]."""
        return self.flow / (self.width * self.depth)


def reach(
    given: Mapping[str, Any], rule: Mapping[str, Any], *, scale: float, ice: bool, dispersion: float | None
) -> Reach:
    """Return a reach from a row of a table of reaches.

    Parameters
    ----------
    given
        ``name``, ``start``, ``end`` [km below the spill], ``width`` [m], ``slope`` [1], ``flow`` [m³/s], ``depth`` [m]
        at that flow where it is known.
    rule
        ``manning`` (roughness) and ``ice_roughness`` (factor under ice).
    scale
        Flow of the day over that of the table. Depth follows a wide channel's: its 3/5th power.
    dispersion
        Where it is known [m²/s]; Fischer's of the reach otherwise.

    Raises
    ------
    TracingError
        If a number is missing or impossible.
    """
    width, slope = number(given, "width", 1, 3000), number(given, "slope", 1e-7, 0.1)
    flow = number(given, "flow", 1e-3, 1e6)
    if given.get("depth") not in (None, ""):
        depth = number(given, "depth", 0.05, 60)
    else:
        # Manning's formula for a channel much wider than deep.
        depth = (flow * rule["manning"] / (width * math.sqrt(slope))) ** 0.6
    depth *= scale**0.6 * (float(rule["ice_roughness"]) ** 0.6 if ice else 1.0)
    speed = flow * scale / (width * depth)
    stretch = dispersion or mixing.longitudinal_dispersion(width, depth, slope, speed)
    start, end = float(given["start"]), float(given["end"])
    if not end > start:
        raise TracingError("reaches: a reach ends below its start")
    return Reach(str(given["name"]), start, end, width, depth, flow * scale, stretch, slope)


def to(kilometre: float, reaches: Sequence[Reach]) -> list[tuple[Reach, float]]:
    """Return the reaches from the spill down to a kilometre, each with its way [m]; gaps take the reach before."""
    found = []
    for place, one in enumerate(reaches):
        top = 0.0 if place == 0 else one.start
        bottom = reaches[place + 1].start if place + 1 < len(reaches) else math.inf
        way = (min(bottom, kilometre) - max(top, 0.0)) * 1000.0
        if way > 0:
            found.append((one, way))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Passage:
    """The passing of a cloud at a place, one row for each draw; arrays of shape (draws,)."""

    mean: Floats
    """Mean travel time [s]."""
    variance: Floats
    """Of the travel time [s²]."""
    flow: float
    """Of the river there [m³/s]."""


def passage(way: Sequence[tuple[Reach, float]], speed_factor: Floats, dispersion_factor: Floats) -> Passage:
    """Return the passage below a chain: mean Σ L/u and variance Σ 2 E L / u³ of the travel time.

    Parameters
    ----------
    way
        Of `to`, at least one reach.
    speed_factor, dispersion_factor : ndarray, shape (draws,)
    """
    mean = sum(length / (one.speed * speed_factor) for one, length in way)
    variance = sum(
        2.0 * one.dispersion * dispersion_factor * length / (one.speed * speed_factor) ** 3
        for one, length in way
    )
    return Passage(np.asarray(mean), np.asarray(variance), way[-1][0].flow)


def concentration(passing: Passage, mass: float, seconds: float, decay: float, times: Floats) -> Floats:
    """Return the concentration over time, shape (draws, times) [g/m³ for g].

    The travel time of a drop is taken as inverse Gaussian (first passage of advection with dispersion), which for
    one uniform reach is exact; a discharge of ``seconds`` spreads it evenly; what is older has decayed longer. The mass
    that passes is the mass released, less decay: a tributary dilutes by its flow.

    Parameters
    ----------
    mass
        Released [g].
    decay
        [1/s].
    times : ndarray, shape (n,)
        Since the beginning of the discharge [s].
    """
    mean, shape = passing.mean[:, None], (passing.mean**3 / passing.variance)[:, None]
    t = times[None, :]
    share = (_arrived(t, mean, shape) - _arrived(t - seconds, mean, shape)) / seconds
    age = np.maximum(t - seconds / 2.0, 0.0)
    return np.asarray(mass / passing.flow * np.maximum(share, 0.0) * np.exp(-decay * age))


def _arrived(t: Floats, mean: Floats, shape: Floats) -> Floats:
    """Return the share that has passed by a time: the distribution function of the inverse Gaussian."""
    later = np.maximum(t, 1e-9)
    root = np.sqrt(shape / later)
    second = np.exp(np.minimum(2.0 * shape / mean + log_ndtr(-root * (later / mean + 1.0)), 0.0))
    return np.where(t > 0, ndtr(root * (later / mean - 1.0)) + second, 0.0)
