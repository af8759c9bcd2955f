"""What is true in the demo city, hour by hour: weather, air, rivers, emissions, and the scripted incidents.

Everything is drawn for a whole calendar year (Beijing time) from one seed, so a value depends on the seed,
the hour and the script alone. Nothing exceeds a limit but what the script says.

Units are those of HJ 212-2017 annex B: gases mg/m³, particles of ambient air µg/m³, water mg/L, flow m³/s
(gas) or L/s (water).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools

import numpy as np
from numpy.typing import NDArray

from jiangcheng.demo import city, incidents, noise, weather

Floats = NDArray[np.float64]
Flags = NDArray[np.int16]

SEED = 220200
NORMAL, CALIBRATION = ord("N"), ord("C")
HOURS_BETWEEN_READINGS = 4
"""Of a river station."""
CEILING = 0.85
"""Share of its limit that an outlet never passes without an incident."""
DECIMALS = 3
"""Decimals of every value, in the store as on the wire."""
MICROGRAMS = 1000.0
"""In a milligram: the air is drawn in µg/m³, its gases are sent in mg/m³."""
OXYGEN_OF_AIR = 21.0
"""Oxygen of dry air [%], from which reference conditions are reckoned (GB/T 16157)."""

AIR = ("a21026", "a21004", "a21005", "a05024", "a34002", "a34004")
RIVER = ("w01010", "w01001", "w01009", "w01014", "w01019", "w21003", "w21011", "w21001")
WEATHER = ("a01001", "a01002", "a01006", "a01007", "a01008")


@dataclasses.dataclass(frozen=True, slots=True)
class Block:
    """Values of stations that measure the same things at the same hours.

    ``values`` has the shape (times, stations, properties), ``flags`` (times, stations); NaN is "no value".
    ``starts`` are the starts of the hours (epoch seconds).
    """

    name: str
    stations: tuple[str, ...]
    properties: tuple[tuple[str, str], ...]
    starts: NDArray[np.int64]
    values: Floats
    flags: Flags

    def between(self, start: int, end: int) -> Block:
        """Return the part in ``[start, end)``."""
        first, last = np.searchsorted(self.starts, (start, end))
        return dataclasses.replace(
            self, starts=self.starts[first:last], values=self.values[first:last], flags=self.flags[first:last]
        )


@functools.lru_cache(maxsize=2)
def year(number: int, opened: int, seed: int = SEED) -> tuple[Block, ...]:
    """Return the truth of a calendar year.

    Parameters
    ----------
    number : int
        Calendar year in Beijing time.
    opened : int
        Full hour in which the city was opened (epoch seconds), from which incidents are placed.
    seed : int
        Equal seeds tell equal stories.
    """
    first, after = (
        int(dt.datetime(y, 1, 1, tzinfo=incidents.BEIJING).timestamp()) for y in (number, number + 1)
    )
    starts = np.arange(first, after, incidents.HOUR, dtype=np.int64)
    word = f"{number}"
    sky = weather.draw(noise.generator(seed, word, "sky"), len(starts))
    blocks = [
        _weather(sky, starts),
        _air(noise.generator(seed, word, "air"), sky, starts),
        _rivers(noise.generator(seed, word, "rivers"), sky, starts),
    ]
    for profile, (medium, factors) in city.profiles().items():
        own = tuple(outlet.code for outlet in city.outlets() if outlet.profile == profile)
        random = noise.generator(seed, word, profile)
        emit = _gas if medium == "gas" else _wastewater
        blocks.append(emit(random, profile, own, factors, starts))
    script = incidents.script(opened, number)
    return tuple(_disturbed(block, script) for block in blocks)


def _weather(sky: weather.Sky, starts: NDArray[np.int64]) -> Block:
    columns = [sky.temperature, sky.humidity, sky.pressure, sky.wind_speed, sky.wind_direction]
    values = np.stack(columns, axis=1)[:, None, :]
    return _block("weather", (city.WEATHER_STATION.code,), _averages(WEATHER), starts, values)


def _air(random: np.random.Generator, sky: weather.Sky, starts: NDArray[np.int64]) -> Block:
    stations = city.air_stations()
    hours, count = len(starts), len(stations)
    local = 0.10 * noise.smooth(random, hours, count, period=9) + 0.05 * random.standard_normal(
        (hours, count)
    )
    level = np.array([station.roughness for station in stations])
    heating = weather.heating(sky.day_of_year)
    traffic = np.exp(-(((sky.hour - 8.0) / 2.2) ** 2)) + np.exp(-(((sky.hour - 19.5) / 2.8) ** 2))
    trapped = np.exp((0.32 + 0.34 * heating) * np.clip(sky.stagnation, -2.0, 2.1))
    washed = np.exp(-0.12 * np.minimum(sky.rain, 6.0))
    fine = 15.0 * (1.0 + 1.75 * heating) * (1.0 + 0.16 * traffic) * trapped * washed
    dust = 1.0 + 0.7 * np.exp(-(((sky.day_of_year - 108.0) / 28.0) ** 2))
    so2 = (5.0 + 9.0 * heating) * np.sqrt(trapped)
    no2 = (12.0 + 12.0 * heating) * (1.0 + 0.55 * traffic) * np.sqrt(trapped)
    co = (0.38 + 0.35 * heating) * (1.0 + 0.12 * traffic) * np.sqrt(trapped)
    columns = np.stack([so2, no2, co, _ozone(sky, random), fine * 1.45 * dust + 6.0, fine], axis=1)
    share = np.array([0.7, 1.0, 0.6, -0.35, 1.0, 1.0])
    spread = np.exp(local[:, :, None] * share) * level[:, None] ** share
    values = np.maximum(columns[:, None, :] * spread, np.array([2.0, 2.0, 0.1, 2.0, 4.0, 2.0]))
    values[:, :, 4] = np.maximum(values[:, :, 4], values[:, :, 5] * 1.08)
    values[:, :, :2] /= MICROGRAMS
    values[:, :, 3] /= MICROGRAMS
    return _block("air", tuple(station.code for station in stations), _averages(AIR), starts, values)


def _ozone(sky: weather.Sky, random: np.random.Generator) -> Floats:
    sun = np.clip(np.cos(2.0 * np.pi * (sky.hour - 14.5) / 24.0) + 0.25, 0.0, None)
    season = 0.5 + 0.5 * np.cos(2.0 * np.pi * (sky.day_of_year - 162.0) / 365.0)
    spell = np.exp(0.24 * noise.smooth(random, len(sky.hour), 1, period=60)[:, 0])
    clear = np.exp(-0.10 * np.minimum(sky.rain, 6.0))
    return (34.0 + 16.0 * season + (12.0 + 48.0 * season) * sun * clear) * spell


def _rivers(random: np.random.Generator, sky: weather.Sky, starts: NDArray[np.int64]) -> Block:
    sections = city.sections()
    read = (sky.hour % HOURS_BETWEEN_READINGS) == 0
    hours, count = len(starts), len(sections)
    slow = noise.smooth(random, hours, count, period=240)[read]
    quick = noise.smooth(random, hours, count, period=16)[read]
    day = sky.day_of_year[read, None]
    lake = np.array([section.water_type == "lake" for section in sections])
    flood = np.exp(-(((day - 212.0) / 40.0) ** 2))
    ice = np.clip(np.cos(2.0 * np.pi * (day - 20.0) / 365.0), 0.0, None)
    temperature = np.maximum(9.5 - 11.5 * np.cos(2.0 * np.pi * (day - 25.0) / 365.0) + 0.8 * slow, 0.2)
    wobble = 0.05 * np.clip(slow, -2.0, 2.0) + 0.02 * np.clip(quick, -2.5, 2.5)
    permanganate = _means("permanganate") * (1.0 + 0.14 * flood) * np.exp(wobble)
    ammonia = _means("ammonia") * (1.0 + 0.35 * ice - 0.2 * flood) * np.exp(2.0 * wobble)
    phosphorus = _means("phosphorus") * (1.0 + np.where(lake, 0.10, 0.25) * flood) * np.exp(wobble)
    oxygen = 0.90 * (14.6 - 0.39 * temperature + 0.0065 * temperature**2) + 0.25 * np.clip(quick, -2.0, 2.0)
    acidity = 7.5 + 0.15 * flood + 0.08 * np.clip(slow, -2.0, 2.0)
    conductivity = (190.0 + 40.0 * ice - 30.0 * flood) * np.exp(wobble)
    nitrogen = 1.2 * ammonia + np.where(lake, 0.9, 1.6)
    columns = (temperature, acidity, oxygen, conductivity, permanganate, ammonia, phosphorus, nitrogen)
    values = np.stack(columns, axis=2)
    return _block("rivers", tuple(s.code for s in sections), _averages(RIVER), starts[read], values)


def _means(item: str) -> Floats:
    return np.array([getattr(section, item) for section in city.sections()])


def _gas(
    random: np.random.Generator, profile: str, stations: tuple[str, ...], factors: tuple[city.Factor, ...],
    starts: NDArray[np.int64],
) -> Block:  # fmt: skip
    """Return a block of stacks: pollutants as measured and at reference oxygen, then the conditions."""
    load = _load(random, len(starts), len(stations))
    measured = {factor.code: _wander(random, factor, load.shape) for factor in factors}
    oxygen = measured["a19001"]
    measured["a00000"] *= load
    columns: list[Floats] = []
    properties: list[tuple[str, str]] = []
    for factor in factors:
        if factor.upper is None or factor.reference_oxygen is None:
            properties.append((factor.code, "avg"))
            columns.append(measured[factor.code])
            continue
        reference = np.minimum(measured[factor.code] * load**0.2, factor.upper * CEILING)
        dilution = (OXYGEN_OF_AIR - oxygen) / (OXYGEN_OF_AIR - factor.reference_oxygen)
        properties += [(factor.code, "avg"), (factor.code, "zs_avg")]
        columns += [reference * dilution, reference]
    block = _block(profile, stations, tuple(properties), starts, np.stack(columns, axis=2))
    return dataclasses.replace(block, flags=_calibrated(random, block.flags))


def _wastewater(
    random: np.random.Generator, profile: str, stations: tuple[str, ...], factors: tuple[city.Factor, ...],
    starts: NDArray[np.int64],
) -> Block:  # fmt: skip
    shape = len(starts), len(stations)
    load = _load(random, *shape)
    columns = []
    for factor in factors:
        values = _wander(random, factor, shape)
        if factor.lower is not None and factor.upper is not None:
            values = np.clip(values, factor.lower + 0.3, factor.upper - 0.3)
        elif factor.upper is not None:
            values = np.minimum(values, factor.upper * CEILING)
        columns.append(values * load if factor.code == "w00000" else values)
    properties = _averages(tuple(factor.code for factor in factors))
    return _block(profile, stations, properties, starts, np.stack(columns, axis=2))


def _load(random: np.random.Generator, hours: int, stations: int) -> Floats:
    """Return how hard each plant works, about 0.6 to 1.1: by day more than at night, never the same."""
    hour = np.arange(hours)[:, None] % 24.0
    daily = 0.10 * np.cos(2.0 * np.pi * (hour - 14.0) / 24.0)
    load: Floats = 0.86 + daily + 0.06 * noise.smooth(random, hours, stations, period=40)
    return np.clip(load, 0.55, 1.15)


def _wander(random: np.random.Generator, factor: city.Factor, shape: tuple[int, int]) -> Floats:
    own_level = np.exp(0.5 * factor.spread * np.clip(random.standard_normal(shape[1]), -1.5, 1.5))
    slow = noise.smooth(random, *shape, period=96)
    quick = noise.smooth(random, *shape, period=4)
    wandering: Floats = factor.base * own_level * np.exp(factor.spread * (0.6 * slow + 0.5 * quick))
    return wandering


def _calibrated(random: np.random.Generator, flags: Flags) -> Flags:
    """Return the flags with one calibration hour a week for each stack, in working hours."""
    weekly = random.integers(0, 7, flags.shape[1]) * 24 + random.integers(9, 16, flags.shape[1])
    hour_of_week = np.arange(flags.shape[0])[:, None] % (7 * 24)
    return np.where(hour_of_week == weekly, np.int16(CALIBRATION), flags)


def _averages(codes: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((code, "avg") for code in codes)


def _block(
    name: str, stations: tuple[str, ...], properties: tuple[tuple[str, str], ...], starts: NDArray[np.int64],
    values: Floats,
) -> Block:  # fmt: skip
    full = (len(starts), len(stations), len(properties))
    flags = np.full(full[:2], NORMAL, dtype=np.int16)
    return Block(name, stations, properties, starts, np.broadcast_to(values, full).copy(), flags)


def _disturbed(block: Block, script: tuple[incidents.Incident, ...]) -> Block:
    """Return the block with what the script does to it."""
    values, flags = block.values.copy(), block.flags.copy()
    for incident in script:
        first, last = np.searchsorted(block.starts, (incident.start, incident.end))
        for station in set(incident.stations) & set(block.stations):
            column = block.stations.index(station)
            _strike(values[first:last, column], flags[first:last, column], block, incident)
    return dataclasses.replace(block, values=np.round(values, DECIMALS), flags=flags)


def _strike(values: Floats, flags: Flags, block: Block, incident: incidents.Incident) -> None:
    """Change one station's values (times, properties) in place for the time of the incident."""
    if incident.kind is incidents.Kind.LINE_DOWN:
        values[:] = np.nan
        return
    affected = [k for k, (code, _) in enumerate(block.properties) if code in incident.properties]
    if incident.kind is incidents.Kind.FROZEN:
        if len(values):
            values[:, affected], flags[:] = values[0, affected], NORMAL
        return
    if incident.kind is not incidents.Kind.OVER_LIMIT:
        values[:, affected] *= incident.factor
        return
    # The value a limit applies to is the last of its code; scaled so that its mean is the factor times the limit.
    judged = values[:, affected[-1]]
    limit = next(f.upper for f in city.profiles()[block.name][1] if f.code in incident.properties)
    if len(judged) and limit is not None:
        values[:, affected] *= incident.factor * limit / judged.mean()
        flags[:] = NORMAL
