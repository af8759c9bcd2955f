"""Leaks in the chemical park, releases from stacks and odours: drawn, found and traced."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np

from jiangcheng.demo import city, weather
from jiangcheng.demo.trial import places, puffs
from jiangcheng.demo.trial.outcome import Floats, Outcome, generator
from jiangcheng.methods.tracing import inversion, ranking
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.air.rules import quality
from jiangcheng.modules.emissions import rules as emissions
from jiangcheng.standards import lookup

NORMAL = ord("N")
LEAD, HOURS = 3, 9
"""Hours before the incident, and all hours."""
UNLISTED = 0.15
"""Share of leaks and odours whose source nobody has listed; what tracing assumes of it is `UNKNOWN`."""
UNKNOWN = 0.2
STACKS = 0.35
"""Share of the releases that leave by a stack."""
BYPASS = 0.3
"""Share of those that pass the stack's instrument by."""
CALM = 0.5
"""Wind below which half hours are left out of an inversion [m/s]."""
BLOCK = 30
"""Minutes of a row of readings, those for which the widths of GB/T 3840-91 hold."""
SENSOR_NOISE, SENSOR_FLOOR, DROPPED = 0.2, 30e-6, 0.06
"""Error as a share and in g/m³, and share of half hours without data."""
ALARM = {"factor": 6.0, "floor": 150e-6, "share": 100.0, "others": 6}
"""Parameters of the rule of neighbours for the park's sensors [g/m³]; made up, as the sensors are."""
DECIDE = 3
"""Half hours of readings awaited after the alarm before anybody is named."""
CANISTER = 0.6
"""Share of the events of which a sample is analysed."""
COMPLAINTS, WITHIN = 3, 3600.0
"""So many complaints within so many seconds call for tracing; made up."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """What happened and what was seen of it."""

    air: puffs.Air
    start: float
    """Epoch seconds."""
    seen: Floats
    """Half-hour readings above zero air, NaN where missing, shape (b, r)."""
    true: Floats
    """By the minute, shape (m, r')."""


def leak(seed: int, number: int, sky: weather.Sky) -> Outcome:
    """Run one leak in the park or one release from a stack."""
    random = generator(seed, "gas", number)
    if random.random() < STACKS:
        return _stack(random, number, sky)
    return _park(random, "gas", number, sky, median=6.0, spread=1.1, minutes=(15, 150))


def odour(seed: int, number: int, sky: weather.Sky) -> Outcome:
    """Run one odour of the park: weaker, longer, mostly in the evening, found by noses as well."""
    random = generator(seed, "odour", number)
    return _park(random, "odour", number, sky, median=1.2, spread=0.9, minutes=(60, 300))


def _start(random: np.random.Generator, evening: bool) -> dt.datetime:
    day = dt.datetime(puffs.YEAR, 1, 2, tzinfo=dt.UTC) + dt.timedelta(days=int(random.integers(360)))
    hour = int(random.normal(12, 3)) % 24 if evening else int(random.integers(24))
    return day + dt.timedelta(hours=hour)


# --- the park -----------------------------------------------------------------------------------------------


def _park(
    random: np.random.Generator,
    kind: str,
    number: int,
    sky: weather.Sky,
    *,
    median: float,
    spread: float,
    minutes: tuple[int, int],
) -> Outcome:
    park = places.park()
    begin = _start(random, kind == "odour")
    air = puffs.air(random, sky, begin - dt.timedelta(hours=LEAD), HOURS)
    culprit = int(random.integers(len(park.units)))
    listed = bool(random.random() >= UNLISTED)
    profile = park.profiles[culprit] if listed else random.dirichlet(np.full(places.SPECIES, 0.5))
    place = park.units[culprit]
    if not listed:
        place = np.append(random.uniform(-places.PARK, places.PARK, 2), 3.0)
    rate = np.zeros(len(air.minutes))
    first = 60 * LEAD
    rate[first : first + int(random.integers(*minutes))] = np.exp(random.normal(np.log(median), spread))
    at = np.vstack([park.sensors, park.dwellings])
    true = puffs.concentrations(random, air, place, rate, at)
    seen = _read(random, true[:, : len(park.sensors)])
    event = Event(air, begin.timestamp(), seen, true)
    alarms = _alarms(seen)
    noses = _complaints(random, event) if kind == "odour" else np.zeros((0, 2))
    found_by, late, row = _found(event, alarms, noses)
    base = Outcome(
        kind=kind, number=number, still=air.still, quiet_hours=float(LEAD),
        quiet_alarms=int(alarms[: 2 * LEAD].any(axis=1).sum()),
    )  # fmt: skip
    if not found_by:
        return dataclasses.replace(base, untraced="not found")
    smelt = _sample(random, profile) if random.random() < CANISTER else None
    truth = culprit if listed else len(park.units)
    try:
        full, physics = _traced(event, min(row + DECIDE, len(seen)), noses, smelt)
    except TracingError:
        return dataclasses.replace(base, found_by=found_by, delay=late, untraced="calm")
    return dataclasses.replace(
        base,
        found_by=found_by,
        delay=late,
        probability=full.probability,
        physics=physics,
        ranking=full,
        truth=truth,
    )


def _read(random: np.random.Generator, true: Floats) -> Floats:
    """Return half-hour readings: city air that drifts, errors, gaps."""
    blocks = true.reshape(-1, BLOCK, true.shape[1]).mean(axis=1)
    city_air = 60e-6 * np.exp(0.3 * puffs.wander(random, len(blocks), 6.0))[:, None]
    read = (blocks + city_air) * np.exp(SENSOR_NOISE * random.standard_normal(blocks.shape))
    read += SENSOR_FLOOR * random.standard_normal(blocks.shape)
    return np.where(random.random(blocks.shape) < DROPPED, np.nan, read)


def _alarms(seen: Floats) -> np.ndarray:
    """Return the readings that the rule of neighbours of the air room finds far from the others."""
    far = quality.neighbours(
        seen.T,
        factor=ALARM["factor"],
        floor=ALARM["floor"],
        share=ALARM["share"],
        others=int(ALARM["others"]),
    ).T
    return far & (seen > np.nanmedian(seen, axis=1, keepdims=True))


def _found(event: Event, alarms: np.ndarray, noses: Floats) -> tuple[str, float, int]:
    """Return what found the incident, how late [s], and the half hour from which tracing starts."""
    rows = np.flatnonzero(alarms[2 * LEAD :].any(axis=1))
    ways = []
    if rows.size:
        ways.append((60.0 * BLOCK * (rows[0] + 1), "sensors"))
    times = np.sort(noses[:, 1][noses[:, 1] >= event.start]) if len(noses) else np.zeros(0)
    close = np.flatnonzero(times[COMPLAINTS - 1 :] - times[: len(times) - COMPLAINTS + 1] <= WITHIN)
    if close.size:
        ways.append((float(times[close[0] + COMPLAINTS - 1] - event.start), "complaints"))
    if not ways:
        return "", float("nan"), 0
    late, by = min(ways)
    return by, late, 2 * LEAD + int(late // (60 * BLOCK))


def _complaints(random: np.random.Generator, event: Event) -> Floats:
    """Return dwelling and instant of every complaint, some of them about nothing."""
    smell = event.true[:, -len(places.park().dwellings) :]
    strength = np.log10(np.maximum(smell * 3.0, 1e-12) / 40e-6)
    chance = 0.05 / (1.0 + np.exp(-3.0 * (strength - 0.4))) + 0.00002
    minute, home = np.nonzero(random.random(smell.shape) < chance)
    delay = np.exp(random.normal(np.log(20.0 * 60.0), 0.6, minute.size))
    return np.column_stack([home, event.air.minutes[minute] + delay])


def _sample(random: np.random.Generator, profile: Floats) -> Floats:
    mixed = 0.8 * profile + 0.2 * random.dirichlet(np.full(places.SPECIES, 1.0))
    return np.asarray(mixed * np.exp(0.3 * random.standard_normal(places.SPECIES)))


def _traced(event: Event, until: int, noses: Floats, smelt: Floats | None) -> tuple[ranking.Ranking, Floats]:
    """Return the ranking of the park's units and of "unknown" with what was known until a half hour.

    The second are the probabilities from dispersion alone.
    """
    park = places.park()
    factors = {"dispersion": _dispersion(event, until, park.sensors, park.units)}
    physics = ranking.rank(factors, unknown=UNKNOWN).probability
    if smelt is not None:
        factors["fingerprint"] = ranking.fingerprint(smelt, park.profiles)
    heard = noses[noses[:, 1] <= event.start + (until - 2 * LEAD) * 60.0 * BLOCK] if len(noses) else noses
    if len(heard) and (event.air.seen_speed[until - 4 : until] >= CALM).any():
        factors["complaints"] = _cones(event, heard, park)
    return ranking.rank(factors, unknown=UNKNOWN), physics


def _cones(event: Event, heard: Floats, park: places.Park) -> Floats:
    """Return the mean odds of the wind from each unit to those who complained, dwellings counted once."""
    logs = []
    for home in np.unique(heard[:, 0]).astype(int):
        when = heard[heard[:, 0] == home][0, 1]
        row = int(np.clip((when - event.air.minutes[0]) // (60 * BLOCK), 2, len(event.air.seen_speed) - 1))
        directions = event.air.seen_direction[row - 2 : row + 1]
        logs.append(
            np.log(ranking.cone(directions, park.dwellings[home, :2], park.units[:, :2], 20.0) + 0.02)
        )
    return np.asarray(np.exp(np.mean(logs, axis=0)))


def _dispersion(event: Event, until: int, receptors: Floats, candidates: Floats) -> Floats:
    """Return the odds of each candidate against a source anywhere, from readings and measured wind."""
    rows = np.arange(max(until - 6, 2 * LEAD - 1), until)
    rows = rows[event.air.seen_speed[rows] >= CALM]
    if not rows.size:
        raise TracingError("wind: calm")
    air = inversion.weather(
        event.air.seen_speed[rows], event.air.seen_direction[rows], event.air.seen_class[rows]
    )
    usual = np.nanmedian(event.seen[rows])
    p = inversion.candidate_probabilities(
        event.seen[rows], receptors, candidates, air, unknown=UNKNOWN, background=float(usual)
    )
    fair = np.append(np.full(len(candidates), (1.0 - UNKNOWN) / len(candidates)), UNKNOWN)
    odds = p / fair
    return np.asarray(odds[:-1] / max(odds[-1], 1e-300))


# --- stacks -------------------------------------------------------------------------------------------------


def _stack(random: np.random.Generator, number: int, sky: weather.Sky) -> Outcome:
    town = places.town()
    begin = _start(random, False)
    air = puffs.air(random, sky, begin - dt.timedelta(hours=LEAD), HOURS)
    culprit = int(random.integers(len(town.stacks)))
    factors = {factor.code: factor for factor in city.profiles()[town.profile[culprit]][1]}
    limit, flow = factors["a21026"].upper or np.nan, factors["a00000"].base
    times = np.exp(random.normal(np.log(4.0), 0.6))
    rate = np.zeros(len(air.minutes))
    first, length = 60 * LEAD + int(random.integers(60)), int(random.integers(30, 240))
    rate[first : first + length] = times * limit * flow / 1000.0
    true = puffs.concentrations(random, air, town.stacks[culprit], rate, town.stations)
    hours = true.reshape(-1, 60, len(town.stations)).mean(axis=1)
    usual = 14e-6 * np.exp(0.3 * random.standard_normal(hours.shape))
    seen = np.where(random.random(hours.shape) < 0.03, np.nan, hours + usual)
    start = air.minutes[first]
    event = Event(air, float(start), np.repeat(seen, 2, axis=0), true)
    meters = _meters(random, air, culprit, limit, times, rate > 0, bool(random.random() < BYPASS))
    far, alarmed = _station_alarms(seen)
    over = _over_limit(air, meters, limit)
    base = Outcome(
        kind="gas", number=number, still=air.still, quiet_hours=float(LEAD),
        quiet_alarms=int(far[:LEAD].any(axis=1).sum()) + int(over[:LEAD].sum()),
    )  # fmt: skip
    own = np.flatnonzero(over & (np.arange(HOURS) >= LEAD))
    ends = air.minutes[::60] + 3600.0
    if own.size and (not alarmed.size or ends[own[0]] <= ends[alarmed[0]]):
        # The stack's own instrument names it: there is nothing to trace.
        return dataclasses.replace(
            base, found_by="own instrument", delay=float(ends[own[0]] - start), untraced="own"
        )
    if not alarmed.size:
        return dataclasses.replace(base, untraced="not found")
    late = float(ends[alarmed[0]] - start)
    until = min(2 * (int(alarmed[0]) + 1) + 2, 2 * HOURS)
    try:
        near = _dispersion(event, until, town.stations, town.stacks)
    except TracingError:
        return dataclasses.replace(base, found_by="stations", delay=late, untraced="calm")
    full = ranking.rank({"dispersion": near}, unknown=UNKNOWN)
    return dataclasses.replace(
        base, found_by="stations", delay=late, probability=full.probability, physics=full.probability, ranking=full,
        truth=culprit,
    )  # fmt: skip


def _meters(
    random: np.random.Generator, air: puffs.Air, culprit: int, limit: float, times: float, on: np.ndarray, bypass: bool
) -> Floats:  # fmt: skip
    """Return the minutes of the culprit's instrument [mg/m³]."""
    usual = 0.45 * limit * np.exp(0.12 * puffs.wander(random, len(air.minutes), 40.0))
    return np.asarray(np.where(on & (not bypass), times * limit, usual))


def _over_limit(air: puffs.Air, minutes: Floats, limit: float) -> np.ndarray:
    """Return the hours in which the emissions room finds the stack over its limit."""
    day = dt.datetime.fromtimestamp(float(air.minutes[0]), dt.UTC).date()
    hours = emissions.validity.gas(air.minutes.astype(np.int64), minutes, NORMAL, level="hour", on=day)
    return emissions.exceedance(hours.value, limit, NORMAL).exceeded


def _station_alarms(hours: Floats) -> tuple[np.ndarray, np.ndarray]:
    """Return the hours of sulphur dioxide that the air room finds far from the others, and those of the event."""
    row = {
        item.zone: item.value
        for item in lookup.rows("air_qc", dt.date(puffs.YEAR, 6, 1))
        if item.parameter == "SO2"
    }
    far = quality.neighbours(
        1e6 * hours.T, factor=row["neighbour_factor"], floor=row["neighbour_floor"],
        share=row["neighbour_share"], others=int(row["neighbour_others"]),
    ).T & (hours > np.nanmedian(hours, axis=1, keepdims=True))  # fmt: skip
    return far, LEAD + np.flatnonzero(far[LEAD:].any(axis=1))
