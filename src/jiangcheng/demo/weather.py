"""The weather of the demo city, from which its air and its rivers follow."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from jiangcheng.demo import noise

Floats = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Sky:
    """The weather of a year; every array has the shape (hours,).

    Days count from New Year, hours from midnight. Temperature [℃], humidity [%], pressure [kPa], wind speed
    [m/s] and direction [°], rain [mm/h]; ``stagnation`` says how poorly the air mixes: 0 on an average hour,
    1 about one standard deviation worse.
    """

    day_of_year: Floats
    hour: Floats
    temperature: Floats
    humidity: Floats
    pressure: Floats
    wind_speed: Floats
    wind_direction: Floats
    rain: Floats
    stagnation: Floats


def draw(random: np.random.Generator, hours: int) -> Sky:
    """Return the weather of as many hours, the first of them midnight of New Year in Beijing."""
    day = np.arange(hours) / 24.0
    hour = (np.arange(hours) % 24).astype(np.float64)
    front, week, gust, wet, turn = (
        noise.smooth(random, hours, 1, period=period)[:, 0] for period in (72, 190, 5, 14, 30)
    )
    warm = np.cos(2.0 * np.pi * (day - 200.0) / 365.0)
    afternoon = np.cos(2.0 * np.pi * (hour - 15.0) / 24.0)
    temperature = 4.6 + 19.5 * warm + 4.6 * afternoon + 2.6 * week + 1.4 * front
    spring = np.exp(-(((day - 110.0) / 35.0) ** 2))
    wind = (2.2 + 1.1 * spring + 0.9 * afternoon) * np.exp(0.35 * gust - 0.30 * front)
    stagnation = 0.8 * front + 0.5 * week - 0.55 * (wind - 2.4)
    rain = np.maximum(wet + 0.35 * warm - 1.25, 0.0) * (1.5 + 3.0 * (warm + 1.0))
    return Sky(
        day_of_year=day,
        hour=hour,
        temperature=temperature,
        humidity=np.clip(62.0 + 12.0 * warm - 14.0 * afternoon + 8.0 * wet, 15.0, 99.0),
        pressure=99.4 - 1.0 * warm + 0.35 * front,
        wind_speed=np.clip(wind, 0.3, 14.0),
        wind_direction=(225.0 + 45.0 * turn + 20.0 * gust) % 360.0,
        rain=rain,
        stagnation=stagnation,
    )


def heating(day: Floats) -> Floats:
    """Return how far the heating season is on, 0 to 1: from late October to early April."""
    into_winter = 1.0 / (1.0 + np.exp(-(day - 299.0) / 6.0))
    out_of_winter = 1.0 / (1.0 + np.exp((day - 92.0) / 6.0))
    return np.maximum(into_winter, out_of_winter)
