"""The river as it was: particles with random velocities that dead zones hold back.

Tracing inverts a sudden release in a uniform channel with Fickian dispersion. Here the water of every reach has a
speed of its own that changes by the day, particles are thrown along the river, linger in dead zones and arrive
with a long tail, discharges last, and what a station at the bank draws is not the mean of the cross section.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from jiangcheng.demo.trial.outcome import Floats

STEP = 300.0
"""[s]"""
PARTICLES = 6000
REACHES = 1500.0
"""Length over which the speed is one [m]."""
TO_DEAD, FROM_DEAD = 1.0 / 24_000.0, 1.0 / 5_500.0
"""Rates at which particles enter and leave dead zones [1/s]."""
BANK_SPREAD = 0.35
"""Spread of the logarithm of what a station at the bank draws, close below a source; mixing ends it."""
MIXED_AFTER = 12_000.0
"""[m]"""
NEAREST = 1500.0
"""Half the window of a reading along the river at least [m]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Flow:
    """The river of one incident."""

    area: float
    """[m²]"""
    speeds: Floats
    """By reach of `REACHES` [m/s]."""
    throw: float
    """Longitudinal dispersion of the water that moves [m²/s]."""


def flow(random: np.random.Generator, length: float, expected: float, area: float) -> Flow:
    """Draw the river around the expected speed [m/s] and cross section [m²]."""
    number = int(length / REACHES) + 2
    whole = np.exp(random.normal(0.0, 0.13))
    speeds = expected * whole * np.exp(0.18 * random.standard_normal(number))
    return Flow(
        area * np.exp(random.normal(0.0, 0.1)), speeds, float(np.exp(random.normal(np.log(35.0), 0.5)))
    )


def concentrations(
    random: np.random.Generator, river: Flow, source: float, mass: float, start: float, lasting: float,
    sections: Floats, times: Floats,
) -> Floats:  # fmt: skip
    """Return the concentration above the background at sections.

    Parameters
    ----------
    source
        Where it enters, counted downstream [m].
    mass
        [g]
    start, lasting
        [s]; a sudden release lasts one step.
    sections : array, shape (k,)
        Counted as the source [m].
    times : array, shape (n,)
        Rising [s].

    Returns
    -------
    array, shape (n, k)
        [g/m³].
    """
    born = start + lasting * np.sort(random.random(PARTICLES))
    place, dead = np.full(PARTICLES, source), np.zeros(PARTICLES, bool)
    result = np.zeros((len(times), len(sections)))
    reach = np.exp(BANK_SPREAD * random.standard_normal(len(sections)))
    away = np.maximum(sections - source, 0.0)
    bank = reach ** np.exp(-away / MIXED_AFTER)
    now, row = start, int(np.searchsorted(times, start))
    while row < len(times):
        alive = born <= now
        moving = alive & ~dead
        index = np.clip((place / REACHES).astype(np.int64), 0, len(river.speeds) - 1)
        push = river.speeds[index] * STEP + np.sqrt(2.0 * river.throw * STEP) * random.standard_normal(
            PARTICLES
        )
        place = np.where(moving, place + push, place)
        lot = random.random(PARTICLES)
        dead = np.where(dead, lot >= FROM_DEAD * STEP, alive & (lot < TO_DEAD * STEP))
        now += STEP
        if now >= times[row]:
            window = np.maximum(NEAREST / 2.0, 0.03 * away)
            near = np.abs(place[alive, None] - sections) <= window
            result[row] = bank * mass / PARTICLES * near.sum(axis=0) / (2.0 * window * river.area)
            row += 1
    return np.where(sections[None, :] > source, result, 0.0)
