"""Where the air of a receptor came from within a city: a wind field of stations, followed backward."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing import sigmas
from jiangcheng.methods.tracing.inputs import Floats, TracingError, positive

NEAREST = 50.0
"""Distance below which a station counts as at the spot [m]."""


@dataclasses.dataclass(frozen=True, slots=True)
class WindField:
    """Hourly winds of stations, interpolated by inverse squared distance and linearly in time."""

    stations: Floats
    """East, north, shape (k, 2) [m]."""
    time: Floats
    """Rising, shape (t,) [s]."""
    east: Floats
    """Wind toward east, shape (t, k) [m/s]; NaN where a station is silent."""
    north: Floats
    """Wind toward north, same shape [m/s]."""

    def at(self, x: Floats, y: Floats, time: Floats) -> tuple[Floats, Floats]:
        """Return the wind at places and times of one shape (n,) [m/s]; times beyond the ends take the ends."""
        spot = np.clip(time, self.time[0], self.time[-1])
        low = np.clip(np.searchsorted(self.time, spot, side="right") - 1, 0, max(self.time.size - 2, 0))
        high = np.minimum(low + 1, self.time.size - 1)
        length = self.time[high] - self.time[low]
        share = np.where(length > 0, (spot - self.time[low]) / np.where(length > 0, length, 1.0), 0.0)[
            :, None
        ]
        square = (x[:, None] - self.stations[:, 0]) ** 2 + (y[:, None] - self.stations[:, 1]) ** 2
        near = 1.0 / np.maximum(square, NEAREST**2)
        parts = []
        for wind in (self.east, self.north):
            value = np.where(share == 0.0, wind[low], wind[low] * (1.0 - share) + wind[high] * share)
            heard = np.isfinite(value)
            weight = np.where(heard, near, 0.0)
            parts.append((weight * np.where(heard, value, 0.0)).sum(axis=1) / weight.sum(axis=1))
        return parts[0], parts[1]


def wind_field(stations: ArrayLike, time: ArrayLike, speed: ArrayLike, direction: ArrayLike) -> WindField:
    """Return a wind field.

    Parameters
    ----------
    stations : array_like, shape (k, 2)
        East, north [m]; at least two.
    time : array_like, shape (t,)
        Rising [s] from any origin.
    speed, direction : array_like, shape (t, k)
        Wind speed [m/s] and direction it comes from [°]; NaN is missing.

    Raises
    ------
    TracingError
        With one station, without time order, or with an hour that no station heard.
    """
    places, hours = np.atleast_2d(np.asarray(stations, np.float64)), np.asarray(time, np.float64)
    u, d = np.asarray(speed, np.float64), np.asarray(direction, np.float64)
    if len(places) < 2:
        raise TracingError("stations: one station has no wind field, at least two are needed")
    if u.shape != (hours.size, len(places)) or d.shape != u.shape:
        raise TracingError(
            f"speed and direction need the shape {(hours.size, len(places))}, not {u.shape}, {d.shape}"
        )
    if np.any(np.diff(hours) <= 0):
        raise TracingError("time: rising times are needed")
    silent = ~np.isfinite(u + d).any(axis=1)
    if silent.any():
        raise TracingError(f"speed, direction: no station heard hours {np.flatnonzero(silent)[:5].tolist()}")
    angle = np.radians(d)
    return WindField(places, hours, -u * np.sin(angle), -u * np.cos(angle))


@dataclasses.dataclass(frozen=True, slots=True)
class Tracks:
    """Back trajectories, first the undisturbed one."""

    x: Floats
    """East, shape (members, steps + 1) [m]; column 0 is the receptor."""
    y: Floats
    """North, same shape [m]."""
    age: Floats
    """Time before the arrival, shape (steps + 1,) [s]."""
    way: Floats
    """Length of the way up to the arrival, shape (members, steps + 1) [m]."""


def backward(
    field: WindField,
    receptor: ArrayLike,
    arrival: float,
    duration: float,
    *,
    step: float = 120.0,
    shift: float = 500.0,
    delay: float = 1800.0,
    turn: float = 10.0,
) -> Tracks:
    """Return an ensemble of 27 back trajectories by Heun's method.

    Members differ by place (``-shift, 0, shift`` across both axes), time (``-delay, 0, delay``) and direction
    of the wind (``-turn, 0, turn``).

    Parameters
    ----------
    receptor : array_like, shape (2,)
        East, north [m].
    arrival
        In the time of the field [s].
    duration, step
        How far back, and by which steps [s]; 60…300 s are sensible.
    shift, delay, turn
        Disturbances [m], [s], [°].

    Raises
    ------
    TracingError
        If the field ends before the way does.
    """
    positive("duration", duration), positive("step", step)
    if arrival - duration < field.time[0] - delay or arrival > field.time[-1] + delay:
        raise TracingError("arrival, duration: the wind field does not cover the way")
    changes = np.array(sorted(itertools.product((-1, 0, 1), repeat=3), key=lambda item: np.abs(item).sum()))
    start = np.asarray(receptor, np.float64)
    x, y = start[0] + shift * changes[:, 0], start[1] + shift * changes[:, 0]
    clock = arrival + delay * changes[:, 1]
    angle = np.radians(turn * changes[:, 2])
    cosine, sine = np.cos(angle), np.sin(angle)

    def blow(east: Floats, north: Floats, time: Floats) -> tuple[Floats, Floats]:
        u, v = field.at(east, north, time)
        return u * cosine + v * sine, v * cosine - u * sine

    steps = round(duration / step)
    xs, ys, ways = [x], [y], [np.zeros(x.size)]
    for _ in range(steps):
        u1, v1 = blow(x, y, clock)
        u2, v2 = blow(x - u1 * step, y - v1 * step, clock - step)
        dx, dy = (u1 + u2) / 2.0 * step, (v1 + v2) / 2.0 * step
        x, y, clock = x - dx, y - dy, clock - step
        xs.append(x)
        ys.append(y)
        ways.append(ways[-1] + np.hypot(dx, dy))
    return Tracks(np.stack(xs, 1), np.stack(ys, 1), step * np.arange(steps + 1.0), np.stack(ways, 1))


def influence(
    tracks: Tracks,
    places: ArrayLike,
    stability: float,
    *,
    lid: float = 1000.0,
    scheme: sigmas.Scheme = "slade_puff",
    window: tuple[float, float] = (0.0, np.inf),
) -> Floats:
    """Return the concentration at the receptor by unit rate at each place: puffs followed backward [s/m³].

    A puff of the receptor spreads along each track as one from a source would; the mean over the members is
    the influence, and its product with a rate the expected concentration.

    Parameters
    ----------
    places : array_like, shape (s, 2)
        East, north, near the ground [m].
    stability
        Class 1…6, whole for ``"slade_puff"``.
    lid
        Mixing height, which bounds the spread upward [m].
    window
        Ages of the air during which the place emitted [s].

    Raises
    ------
    TracingError
        If places are missing.
    """
    at = np.atleast_2d(np.asarray(places, np.float64))
    if not np.all(np.isfinite(at)):
        raise TracingError("places: a coordinate is missing")
    curves = sigmas.curves(scheme)
    way = np.maximum(tracks.way[:, 1:], 1.0)
    across, up = curves.sigma_y(way, stability), curves.sigma_z(way, stability)
    # On the ground source and image coincide; under the lid the air mixes to it.
    depth = np.maximum(np.sqrt(np.pi / 2.0) * np.minimum(up, lid), 0.1)
    depth = np.minimum(depth, lid)
    dwell = np.diff(tracks.age) * ((tracks.age[1:] >= window[0]) & (tracks.age[1:] <= window[1]))
    base = dwell / (2.0 * np.pi * across**2 * depth)
    total = np.empty(len(at))
    for i, (east, north) in enumerate(at):
        square = (tracks.x[:, 1:] - east) ** 2 + (tracks.y[:, 1:] - north) ** 2
        total[i] = (base * np.exp(-0.5 * square / across**2)).sum(axis=1).mean()
    return total
