"""Where the trial takes place: stacks, units and sensors on a plane in metres, and the river as one line.

Positions of enterprises, air stations and sections are the demo city's. Units of the chemical park, its sensors,
heights of stacks, dwellings and places of risk at the river are the trial's own.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np

from jiangcheng.demo import city, geography
from jiangcheng.demo.trial.outcome import Floats

ORIGIN = (126.60, 43.93)
"""Middle of the chemical park, the origin of the plane."""
NEAR = 14_000.0
"""How far from the origin stacks and air stations take part [m]."""
HEIGHTS = {"coal_power": 150.0, "coal_boiler": 45.0, "sinter": 80.0, "waste_incinerator": 80.0}
"""Stack and usual rise together are about as high [m]; made up."""
UNITS_PER_PLANT = 3
PARK = 1800.0
"""Half the side of the park [m]."""
SPECIES = 10
STREETS = 16
"""Sensors between the plants, beside the twenty along the fence."""
STEM = ("DEMO-W-08", "DEMO-W-09", "DEMO-W-11", "DEMO-W-13", "DEMO-W-15", "DEMO-W-16", "DEMO-W-17")
"""Sections of the main river below the dam, downstream."""
WINDING = 1.2
"""Length of the river over the straight line between sections."""
BANK = 0.09
"""How far from the river an enterprise may lie whose water reaches it [°]."""
TOWN_OUTFALLS = {"DEMO-W-09": (900.0, 2600.0), "DEMO-W-11": (700.0, 2100.0), "DEMO-W-13": (1500.0, 4200.0)}
"""Outfalls of the town, above the section [m]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Park:
    """Units that may leak or smell, and what stands around them. Rows of east, north, height [m]."""

    units: Floats
    profiles: Floats
    """Share of the species in what each unit emits, shape (s, SPECIES)."""
    sensors: Floats
    dwellings: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Town:
    """Stacks and air stations. Rows of east, north, height [m]."""

    stacks: Floats
    profile: tuple[str, ...]
    stations: Floats


@dataclasses.dataclass(frozen=True, slots=True)
class River:
    """Sections and candidates along the main river, counted downstream from the first section [m]."""

    sections: Floats
    background: Floats
    """Ammonia at the sections [mg/L]."""
    targets: Floats
    """Class that each section has to reach."""
    candidates: Floats
    outfall: Floats
    """1 for an outfall, 0 for a place of risk such as a bridge."""


def plane(longitude: float, latitude: float) -> tuple[float, float]:
    """Return metres east and north of the origin."""
    metres = 1000.0 * geography.KILOMETRES_PER_DEGREE
    return (longitude - ORIGIN[0]) * metres * geography.EAST_SCALE, (latitude - ORIGIN[1]) * metres


@functools.cache
def town() -> Town:
    """Return the stacks and air stations around the chemical park."""
    rows = [
        (*plane(*facility.position), HEIGHTS[outlet.profile], outlet.profile)
        for facility in city.facilities()
        for outlet in facility.outlets
        if outlet.profile in HEIGHTS and np.hypot(*plane(*facility.position)) < NEAR
    ]
    stations = [plane(*station.position) for station in city.air_stations()]
    near = [(*place, 10.0) for place in stations if np.hypot(*place) < NEAR]
    # Two stacks of one enterprise stand a hundred metres apart.
    stacks = np.array([row[:3] for row in rows])
    stacks[:, 0] += 100.0 * (np.arange(len(stacks)) % 2)
    return Town(stacks, tuple(row[3] for row in rows), np.array(near))


@functools.cache
def park() -> Park:
    """Return the chemical park: its units are drawn around the enterprises in it, once and for all."""
    random = np.random.default_rng(220203)
    homes = [plane(*facility.position) for facility in city.facilities()]
    inside = [place for place in homes if max(abs(place[0]), abs(place[1])) < PARK + 400.0]
    units = np.repeat(np.array(inside), UNITS_PER_PLANT, axis=0)
    units = units + random.uniform(-350.0, 350.0, units.shape)
    # Units of one enterprise handle much the same substances.
    of_plant = np.repeat(random.dirichlet(np.full(SPECIES, 0.5), len(inside)), UNITS_PER_PLANT, axis=0)
    own = random.dirichlet(np.full(SPECIES, 0.5), len(units))
    fence = np.linspace(-PARK, PARK, 6)[:-1]
    ring = [(x, -PARK) for x in fence] + [(PARK, y) for y in fence]
    ring += [(-x, PARK) for x in fence] + [(-PARK, -y) for y in fence]
    streets = random.uniform(-0.7 * PARK, 0.7 * PARK, (STREETS, 2))
    around = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False)
    far = random.uniform(2600.0, 4500.0, 12)
    return Park(
        units=np.column_stack([units, random.uniform(2.0, 12.0, len(units))]),
        profiles=0.6 * of_plant + 0.4 * own,
        sensors=_at_height(np.vstack([np.array(ring), streets]), 3.0),
        dwellings=_at_height(np.column_stack([far * np.sin(around), far * np.cos(around)]), 1.5),
    )


def _at_height(places: Floats, height: float) -> Floats:
    return np.column_stack([places, np.full(len(places), height)])


@functools.cache
def river() -> River:
    """Return the main river with the outfalls and places of risk along it."""
    sections = {section.code: section for section in city.sections()}
    line = np.array([sections[code].position for code in STEM]) * (geography.EAST_SCALE, 1.0)
    steps = np.hypot(*np.diff(line, axis=0).T)
    metres = 1000.0 * geography.KILOMETRES_PER_DEGREE * WINDING
    chain = np.concatenate([[0.0], np.cumsum(steps)]) * metres
    outfalls = [
        _project(np.array(facility.position) * (geography.EAST_SCALE, 1.0), line, chain)
        for facility in city.facilities()
        if any(outlet.medium == "wastewater" for outlet in facility.outlets)
    ]
    banks = [chainage for chainage, away in outfalls if away < BANK and chainage > 0.0]
    at = dict(zip(STEM, chain, strict=True))
    towns = [at[code] - above for code, aboves in TOWN_OUTFALLS.items() for above in aboves]
    bridges = [*(chain[:-1] + 0.35 * np.diff(chain)), *(chain[:-1] + 0.8 * np.diff(chain))]
    places = np.array([*banks, *towns, *bridges])
    kinds = np.array([1.0] * (len(banks) + len(towns)) + [0.0] * len(bridges))
    order = np.argsort(places, kind="stable")
    return River(
        chain,
        np.array([sections[code].ammonia for code in STEM]),
        np.array([sections[code].target_class for code in STEM]),
        places[order],
        kinds[order],
    )


def _project(place: Floats, line: Floats, chain: Floats) -> tuple[float, float]:
    """Return where along the river a place lies [m], and how far from it [°]."""
    best = (0.0, np.inf)
    for part in range(len(line) - 1):
        step = line[part + 1] - line[part]
        share = float(np.clip((place - line[part]) @ step / (step @ step), 0.0, 1.0))
        away = float(np.hypot(*(place - line[part] - share * step)))
        if away < best[1]:
            best = (float(chain[part] + share * (chain[part + 1] - chain[part])), away)
    return best
