"""The air as it was: puffs carried by a wind that meanders. No method of tracing computes anything like it.

Tracing inverts a steady plume with the widths of GB/T 3840-91. Here one puff a minute is carried by a wind that
wanders within the hour and differs from that at the weather station, its widths follow Taylor's statistics
(growing with time, then with its root), and the strength of the source flickers. Calms need no rule of their own:
the puffs stay.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np

from jiangcheng.demo import noise, weather
from jiangcheng.demo.trial.outcome import Floats
from jiangcheng.methods.tracing import stability

YEAR = 2026
TRAVEL = 150
"""Minutes for which a puff is followed."""
MEANDER, MEANDER_CALM = 7.0, 28.0
"""Wandering of the direction in strong wind, and what is added in a calm [°]."""
MEMORY = 18.0
"""Minutes over which the wind wanders."""
ELSEWHERE = 11.0
"""Standard deviation of the difference between the wind at the source and at the weather station [°]."""
ACROSS, UPWARD = (0.33, 0.27, 0.21, 0.155, 0.105, 0.075), (0.28, 0.20, 0.145, 0.095, 0.055, 0.035)
"""Intensity of turbulence of the classes A to F."""
SLOW = (400.0, 120.0)
"""Seconds after which puffs grow with the root of time only, across and upward."""
STILL, STILLED = 0.2, (0.1, 0.35)
"""Share of incidents in a calm spell, which the demo city's weather hardly has, and what is left of the wind."""
VANE, CUP = 5.0, 0.15
"""Errors of the vane [°] and of the cup [share]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Air:
    """Wind by the minute as it was, and what the weather station says every half hour."""

    minutes: Floats
    """Epoch seconds, shape (m,)."""
    speed: Floats
    direction: Floats
    """From where [°]."""
    kind: Floats
    """Class 1…6 of the true turbulence."""
    lid: float
    seen_speed: Floats
    """Half-hour means of the station, shape (m / 30,)."""
    seen_direction: Floats
    seen_class: Floats
    still: bool
    """Whether it was a calm spell."""


def year(seed: int) -> weather.Sky:
    """Return the weather of the demo city in the year of the trial."""
    return weather.draw(noise.generator(seed, str(YEAR), "sky"), 8760)


def air(random: np.random.Generator, sky: weather.Sky, start: dt.datetime, hours: int) -> Air:
    """Draw the wind of some hours.

    Parameters
    ----------
    start
        UTC, a full hour of the year of the trial.
    """
    first = dt.datetime(YEAR, 1, 1, tzinfo=dt.UTC) - dt.timedelta(hours=8)
    row = int((start - first).total_seconds()) // 3600
    number = 60 * hours
    minutes = start.timestamp() + 60.0 * np.arange(number, dtype=np.float64)
    at = np.arange(number, dtype=np.float64) / 60.0
    rows = slice(row, row + hours + 1)
    angle = np.unwrap(np.radians(sky.wind_direction[rows]))
    toward = np.degrees(np.interp(at, np.arange(len(angle)), angle))
    still = bool(random.random() < STILL)
    left = float(random.uniform(*STILLED)) if still else 1.0
    mean = left * np.interp(at, np.arange(len(angle)), sky.wind_speed[rows])
    speed = np.maximum(mean * np.exp(0.22 * wander(random, number, MEMORY)), 0.05)
    spread = MEANDER + MEANDER_CALM * np.exp(-mean / 1.2)
    direction = toward + random.normal(0.0, ELSEWHERE) + spread * wander(random, number, MEMORY)
    seen_speed = mean.reshape(-1, 30).mean(axis=1) * np.exp(CUP * random.standard_normal(number // 30))
    vane = spread.reshape(-1, 30).mean(axis=1) * 0.35 + VANE
    seen = toward.reshape(-1, 30).mean(axis=1) + vane * random.standard_normal(number // 30)
    judged = _classes(minutes[::30], seen_speed, np.clip(np.rint(random.normal(5, 3)), 0, 10))
    true = np.clip(np.repeat(judged, 30) + np.rint(random.normal(0.0, 0.6)), 1.0, 6.0)
    lid = float(np.exp(random.normal(np.log(700.0), 0.4)))
    return Air(minutes, speed, direction, np.rint(true), lid, seen_speed, seen % 360.0, judged, still)


def _classes(times: Floats, speed: Floats, cloud: float) -> Floats:
    instants = times.astype("datetime64[s]")
    found = stability.from_weather(instants, 126.55, 43.85, speed, cloud, min(cloud, 4.0))
    return stability.whole(found)


def wander(random: np.random.Generator, number: int, memory: float) -> Floats:
    """Return noise of unit variance that forgets within `memory` steps (Ornstein-Uhlenbeck)."""
    keep = np.exp(-1.0 / memory)
    kick = np.sqrt(1.0 - keep**2) * random.standard_normal(number)
    result = np.empty(number)
    result[0] = random.standard_normal()
    for step in range(1, number):
        result[step] = keep * result[step - 1] + kick[step]
    return result


def concentrations(
    random: np.random.Generator, wind: Air, source: Floats, rate: Floats, receptors: Floats
) -> Floats:
    """Return the concentration at receptors by the minute.

    Parameters
    ----------
    source : array, shape (3,)
        East, north, height [m].
    rate : array, shape (m,)
        Emission by the minute [g/s].
    receptors : array, shape (r, 3)

    Returns
    -------
    array, shape (m, r)
        [g/m³].
    """
    result = np.zeros((len(wind.minutes), len(receptors)))
    flicker = np.exp(0.5 * wander(random, len(rate), 8.0))
    toward = np.radians(wind.direction + 180.0)
    steps = 60.0 * wind.speed * np.array([np.sin(toward), np.cos(toward)])
    for born in np.flatnonzero(rate > 0.0).tolist():
        end: int = min(born + TRAVEL, len(rate))
        jitter = 60.0 * 0.15 * np.sqrt(wind.speed[born:end]) * random.standard_normal((2, end - born))
        centre = source[:2, None] + np.cumsum(steps[:, born:end] + jitter, axis=1)
        age = 60.0 * (0.5 + np.arange(end - born, dtype=np.float64))
        row = wind.kind[born:end].astype(np.int64) - 1
        gust = np.maximum(wind.speed[born:end], 0.4)
        across = _width(np.array(ACROSS)[row] * gust, age, SLOW[0])
        upward = np.minimum(_width(np.array(UPWARD)[row] * gust, age, SLOW[1]), wind.lid)
        mass = 60.0 * rate[born] * flicker[born]
        away = (receptors[None, :, 0] - centre[0][:, None]) ** 2 + (
            receptors[None, :, 1] - centre[1][:, None]
        ) ** 2
        flat = np.exp(-0.5 * away / across[:, None] ** 2) / (2.0 * np.pi * across[:, None] ** 2)
        result[born:end] += mass * flat * _height(receptors[:, 2], source[2], upward[:, None], wind.lid)
    return result


def _width(turbulence: Floats, age: Floats, slow: float) -> Floats:
    return 2.0 + turbulence * age / np.sqrt(1.0 + age / (2.0 * slow))


def _height(z: Floats, height: float, upward: Floats, lid: float) -> Floats:
    total = np.zeros(np.broadcast_shapes(z.shape, upward.shape))
    for image in (height, -height, 2.0 * lid - height):
        total += np.exp(-0.5 * ((z - image) / upward) ** 2)
    return np.asarray(total / (np.sqrt(2.0 * np.pi) * upward))
