"""Discharges by night and spills into the river: drawn, found and traced."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np

from jiangcheng.demo.trial import places, puffs, stream
from jiangcheng.demo.trial.outcome import Floats, Outcome, generator
from jiangcheng.methods.tracing import ranking, river
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.water import rules

READ_EVERY = 4 * 3600.0
"""Between readings of the automatic stations [s]."""
LEAD, LENGTH = 48 * 3600.0, 96 * 3600.0
"""Before the incident and in all [s]."""
UNLISTED, UNKNOWN = 0.15, 0.2
FLOW, ICE_FLOW, AREA = 361.0, 161.0, 620.0
"""Below the dam [m³/s], as in the demo city, and the cross section that goes with 361 [m²]."""
SPREAD = 45.0
"""Dispersion that tracing expects [m²/s]."""
NOISE, DRIFT, DROPPED = 0.06, 0.10, 0.06
"""Error of a reading, wandering of the background, share of readings that are missing."""
DECIDE = 8 * 3600.0
"""Readings awaited after the alarm before anybody is named [s]."""
VISIBLE, HIDDEN, LOOKS = 0.4, 0.5, 6
"""Share of the culprits whose online data show it, what tracing believes of the others, values looked at."""
CANISTER = 0.6
"""Share of the events of which a sample is analysed."""
SPECIES = 8
DRAWS = 250
MASS, SPEED, ERROR = 3e6, 0.25, 0.3
"""What tracing expects: mass [g], spread of the speed of a river nobody has dyed, error of model and reading."""
ANYWHERE = 8
"""Nodes along the river where somebody unlisted may sit."""
SLOW, FAST = 0.65, 1.45
"""Of the expected speed, for the windows of release."""
OTHERS = {"ph": 7.4, "do": 8.5, "codmn": 3.3, "tp": 0.06}
"""What else a station reads, as usual [mg/L]."""


def night(seed: int, number: int) -> Outcome:
    """Run one discharge by night: hours long, from an outfall."""
    random = generator(seed, "night", number)
    hours = float(random.uniform(2.0, 7.0))
    grams = float(np.exp(random.normal(np.log(220.0), 0.7))) * hours * 3600.0
    return _run(
        random, "night", number, mass=grams, lasting=hours * 3600.0, hour=int(random.integers(21, 28))
    )


def spill(seed: int, number: int) -> Outcome:
    """Run one spill: sudden, at any hour, from an outfall or a place of risk."""
    random = generator(seed, "spill", number)
    grams = float(np.exp(random.normal(np.log(5e6), 0.8)))
    return _run(random, "spill", number, mass=grams, lasting=600.0, hour=int(random.integers(24)))


def _run(
    random: np.random.Generator, kind: str, number: int, *, mass: float, lasting: float, hour: int
) -> Outcome:
    town = places.river()
    day = int(random.integers(3, 360))
    expected = _speed(day, random)
    culprits = np.flatnonzero((town.outfall > 0) | (kind == "spill"))
    culprit = int(random.choice(culprits))
    listed = bool(random.random() >= UNLISTED)
    source = (
        float(town.candidates[culprit]) if listed else float(random.uniform(3e3, 0.9 * town.sections[-1]))
    )
    times = np.arange(0.0, LENGTH, READ_EVERY)
    # The clocks of stations tick at 0, 4, 8 … Beijing time; the incident begins at its own hour.
    start = LEAD + 3600.0 * hour + float(random.uniform(0.0, 3600.0))
    true = stream.flow(random, float(town.sections[-1]), expected[0], expected[1])
    added = stream.concentrations(random, true, source, mass, start, lasting, town.sections, times)
    seen = _read(random, town.background, added)
    worse = _worse(seen, town.targets, day)
    before = times <= start
    base = Outcome(
        kind=kind, number=number, quiet_hours=float(start / 3600.0),
        quiet_alarms=int(worse[before].any(axis=1).sum()),
    )  # fmt: skip
    rows = np.flatnonzero(worse[~before].any(axis=1)) + int(before.sum())
    if not rows.size:
        return dataclasses.replace(base, untraced="not found")
    late = float(times[rows[0]] - start)
    section = int(np.flatnonzero(worse[rows[0]])[0])
    known = times <= times[rows[0]] + DECIDE
    evidence = _evidence(random, town, culprit if listed else -1)
    try:
        full, physics = _traced(seen[known], times[known], times[rows[0]], section, expected, evidence)
    except TracingError as error:
        return dataclasses.replace(base, found_by="class", delay=late, untraced=str(error).split(":")[0])
    truth = culprit if listed else len(town.candidates)
    return dataclasses.replace(
        base,
        found_by="class",
        delay=late,
        probability=full.probability,
        physics=physics,
        ranking=full,
        truth=truth,
    )


def _speed(day: int, random: np.random.Generator) -> tuple[float, float]:
    """Return the speed [m/s] and cross section [m²] that a rating gives for the flow of the day."""
    ice = day < 85 or day > 330
    flow = (ICE_FLOW if ice else FLOW) * float(np.exp(0.25 * random.standard_normal()))
    area = AREA * (flow / FLOW) ** 0.6
    return flow / area, area


def _read(random: np.random.Generator, background: Floats, added: Floats) -> Floats:
    drift = np.column_stack([puffs.wander(random, len(added), 6.0) for _ in background])
    read = background * np.exp(DRIFT * drift) + added
    read = read * np.exp(NOISE * random.standard_normal(read.shape))
    return np.where(random.random(read.shape) < DROPPED, np.nan, read)


def _worse(seen: Floats, targets: Floats, day: int) -> np.ndarray:
    """Return the readings with which the water room finds a section worse than its target class."""
    on = dt.date(puffs.YEAR, 1, 1) + dt.timedelta(days=day)
    values = {name: np.full(seen.size, value) for name, value in OTHERS.items()}
    classes = rules.classify({**values, "nh3n": seen.ravel()}, on=on).section
    return rules.worse_than(classes.reshape(seen.shape), targets)


def _evidence(random: np.random.Generator, town: places.River, culprit: int) -> dict[str, Floats]:
    """Return what is known besides the river: online data of outfalls and, of some events, a sample."""
    number = len(town.candidates)
    # The greatest of a night's robust z-scores; quiet outfalls have one as well.
    score = np.where(town.outfall > 0, random.normal(0.0, 1.0, (LOOKS, number)).max(axis=0), np.nan)
    if culprit >= 0 and town.outfall[culprit] > 0 and random.random() < VISIBLE:
        score[culprit] = random.normal(5.0, 1.5)
    score[random.random(number) < 0.3] = np.nan
    found = {"online": ranking.anomaly(score, looks=LOOKS, hidden=HIDDEN)}
    if random.random() < CANISTER:
        library = np.random.default_rng(220204).dirichlet(np.full(SPECIES, 0.6), number)
        own = library[culprit] if culprit >= 0 else random.dirichlet(np.full(SPECIES, 0.6))
        mixed = 0.75 * own + 0.25 * random.dirichlet(np.full(SPECIES, 1.0))
        found["fingerprint"] = ranking.fingerprint(
            mixed * np.exp(0.3 * random.standard_normal(SPECIES)), library
        )
    return found


def _traced(
    seen: Floats, times: Floats, alarm: float, section: int, expected: tuple[float, float],
    evidence: dict[str, Floats],
) -> tuple[ranking.Ranking, Floats]:  # fmt: skip
    """Return the ranking of the candidates and "unknown", and the probabilities from hydraulics alone."""
    town = places.river()
    nodes = np.linspace(500.0, town.sections[section] - 500.0, ANYWHERE)
    sources = np.concatenate([town.candidates, nodes])
    windows = _windows(town, sources, section, expected[0], alarm)
    usual = np.nanmedian(seen[times < alarm - 24 * 3600.0], axis=0)
    logs = np.full(len(sources), -np.inf)
    for place, source in enumerate(sources):
        if np.isfinite(windows[place, 0]):
            logs[place] = _log_evidence(
                seen - usual, times, alarm, section, source, expected, windows[place], usual
            )
    number = len(town.candidates)
    if not np.isfinite(logs).any():
        raise TracingError("readings: too few")
    p = river.rank_outfalls(logs[:number], unknown=UNKNOWN, elsewhere=logs[number:])
    fair = np.append(np.full(number, (1.0 - UNKNOWN) / number), UNKNOWN)
    odds = p / fair
    near = odds[:-1] / max(odds[-1], 1e-300)
    possible = np.isfinite(windows[:number, 0])
    alone, all_of_it = (
        ranking.rank(factors, unknown=UNKNOWN, possible=possible)
        for factors in ({"river": near}, {"river": near, **evidence})
    )
    return all_of_it, alone.probability


def _windows(town: places.River, sources: Floats, section: int, speed: float, alarm: float) -> Floats:
    """Return the earliest and latest start from each place, NaN for one not upstream; shape (s, 2)."""
    number = len(town.sections) - 1
    rivers = river.network(
        np.arange(number), np.arange(1, number + 1), np.diff(town.sections),
        np.full(number, SLOW * speed), np.full(number, FAST * speed),
    )  # fmt: skip
    reach = np.clip(np.searchsorted(town.sections, sources) - 1, 0, number - 1)
    rest = town.sections[reach + 1] - sources
    found = river.release_windows(rivers, river.upstream(rivers, section), reach, rest, alarm)
    # What alarms may have begun to arrive one reading earlier, and a discharge lasts.
    return np.column_stack([found.start - 2 * READ_EVERY, found.end + READ_EVERY])


def _log_evidence(
    above: Floats, times: Floats, alarm: float, section: int, source: float, expected: tuple[float, float],
    window: Floats, usual: Floats,
) -> float:  # fmt: skip
    town = places.river()
    floor = 2.0 * DRIFT * float(usual[section])
    parts, silent = [], 0.0
    for place in range(max(section - 1, 0), min(section + 2, len(town.sections))):
        kept = np.isfinite(above[:, place]) & (times >= alarm - 16 * 3600.0)
        distance, c = float(town.sections[place] - source), above[kept, place]
        if kept.sum() < 3:
            continue
        if distance > 0.0:
            parts.append(river.Section(times[kept], c, distance, expected[1], expected[0], SPREAD))
        else:
            # A section above the place must have seen nothing; all places are held against the same readings.
            silent -= 0.5 * float((c**2 / ((ERROR * np.maximum(c, 0.0)) ** 2 + floor**2)).sum())
    if not parts or max(float(part.concentration.max()) for part in parts) <= 0.0:
        return float("-inf")
    prior = river.Prior(
        start=(float(window[0]), float(window[1])),
        mass=MASS,
        mass_spread=1.5,
        speed_spread=SPEED,
        noise=ERROR,
        floor=floor,
    )
    return silent + river.estimate_release(parts, prior, draws=DRAWS).log_evidence
