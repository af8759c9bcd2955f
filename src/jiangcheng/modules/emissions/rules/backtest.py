"""How good the clues are: each fraud is put into clean synthetic series, and hits are counted.

There is no public ground truth. Clean outlets are drawn from a seed: load with a daily course, flow that follows
it, concentration that wanders, oxygen and the conversion made from it; minutes of production, treatment and water.
A hit within the injected time is a true alarm, any hit on the same outlet left clean a false one.

Clean is not smooth: outlets stand still, hold a value while the analyser rests, lose the line, round to whole
units, dose tightly, change their load. Each fraud is also tried by somebody who hides it under 1 % of noise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.emissions.rules import clues, flue, supervision, tables
from jiangcheng.modules.emissions.rules.clues import Hit
from jiangcheng.standards import periods

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Random = np.random.Generator

ON = dt.date(2026, 6, 1)
DAYS, MINUTE_DAYS = 60, 3
FIVE_MINUTES = 300
LIMIT, REFERENCE_OXYGEN = 35.0, 6.0
MONTH_DAYS = 30.0
ODDITY, DITHER = 0.2, 0.01
"""Chance that an outlet has each harmless oddity; relative noise of a fraud that hides."""


class Plant(NamedTuple):
    """Series of one outlet; hours ``(DAYS * 24,)``, five-minute values ``(MINUTE_DAYS * 288,)``."""

    start: Ints
    load: Floats
    flow: Floats
    measured: Floats
    converted: Floats
    oxygen: Floats
    slope: Floats
    twin: Floats
    """Converted mean of another outlet."""
    minute: Ints
    production: Floats
    treatment: Floats
    intake: Floats
    discharge: Floats
    meter: Ints
    """Starts at which the treatment's meter was heard."""


class Score(NamedTuple):
    """What a test is worth, over all drawn outlets."""

    rule: str
    outlets: int
    caught: int
    falsely: int
    """Clean outlets with a hit."""
    precision: float
    recall: float
    hidden: float
    """Recall where the fraud hides under noise."""
    alarms: float
    """Hits per clean outlet and month."""


Injection = Callable[[Plant, Random], tuple[Plant, int, int]]
Test = Callable[[Plant, dict[str, float]], list[Hit]]


def scores(*, seed: int = 212, outlets: int = 100) -> list[Score]:
    """Return the score of every test, by name of the table ``clues``.

    Parameters
    ----------
    seed
        Equal seeds give equal scores.
    outlets
        Clean outlets to draw; each is tested clean and with each fraud.
    """
    parameters = tables.in_force("clues", ON)["rules"]
    plants = [clean(np.random.default_rng([seed, number])) for number in range(outlets)]
    return [_score(rule, plants, parameters[rule], seed) for rule in TESTS]


def _score(rule: str, plants: list[Plant], parameters: dict[str, float], seed: int) -> Score:
    inject, test = INJECTIONS[rule], TESTS[rule]
    caught = hidden = falsely = hits = 0
    for number, plant in enumerate(plants):
        found = test(plant, parameters)
        falsely, hits = falsely + bool(found), hits + len(found)
        random = np.random.default_rng([seed, number, 1])
        bad, start, end = inject(plant, random)
        caught += _meets(test(bad, parameters), start, end)
        hidden += _meets(test(_dithered(bad, start, end, random), parameters), start, end)
    days = MINUTE_DAYS if rule in MINUTE_RULES else DAYS
    return Score(
        rule,
        len(plants),
        caught,
        falsely,
        caught / (caught + falsely) if caught + falsely else float("nan"),
        caught / len(plants),
        hidden / len(plants),
        hits / (len(plants) * days / MONTH_DAYS),
    )


def _meets(found: list[Hit], start: int, end: int) -> bool:
    return any(hit.start < end and hit.end > start for hit in found)


def _dithered(plant: Plant, start: int, end: int, random: Random) -> Plant:
    """Return the outlet with noise on what was sent in the time of the fraud."""
    hours = (plant.start >= start) & (plant.start < end)

    def noisy(values: Floats) -> Floats:
        noise = 1.0 + DITHER * random.standard_normal(len(values))
        return np.where(hours, np.round(values * noise, 2), values)

    return plant._replace(
        converted=noisy(plant.converted), flow=noisy(plant.flow), twin=noisy(plant.twin), slope=plant.slope
    )


def markdown(found: list[Score]) -> str:
    """Return scores as a Markdown table."""
    lines = [
        "| rule | outlets | caught | false | precision | recall | recall, hidden | false alarms per outlet-month |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{one.rule}` | {one.outlets} | {one.caught} | {one.falsely} | {one.precision:.2f} |"
        f" {one.recall:.2f} | {one.hidden:.2f} | {one.alarms:.2f} |"
        for one in found
    ]
    return "\n".join(lines)


# --- clean outlets ---


def clean(random: Random) -> Plant:
    """Draw an outlet that does nothing wrong, with its harmless oddities."""
    return _odd(_smooth(random), random)


def _odd(plant: Plant, random: Random) -> Plant:
    has = random.random(6) < ODDITY
    hours = len(plant.start)
    load, flow, converted = plant.load.copy(), plant.flow.copy(), plant.converted.copy()
    if has[0]:
        middle = converted.mean()
        converted = np.round(middle + 0.35 * (converted - middle), 2)
    if has[1]:
        first = int(random.integers(0, hours - 240))
        share = random.uniform(0.5, 0.75)
        load[first : first + 200] *= share
        flow[first : first + 200] = np.round(flow[first : first + 200] * share, 2)
        converted[first : first + 200] = np.round(converted[first : first + 200] * share, 2)
    if has[2]:
        converted = np.round(converted, 1)
    for first in random.integers(0, hours - 4, 6) if has[3] else ():
        converted[first : first + 3] = converted[first]
    measured = np.round(converted * plant.measured / plant.converted, 3)
    if has[4]:
        first = int(random.integers(0, hours - 72))
        rows = slice(first, first + int(random.integers(12, 72)))
        load[rows], flow[rows], converted[rows], measured[rows] = 0.0, 0.0, 0.3, 0.3
    if has[5]:
        lost = random.random(hours) < 0.01
        converted[lost] = measured[lost] = np.nan
    return plant._replace(load=load, flow=flow, converted=converted, measured=measured)


def _smooth(random: Random) -> Plant:
    hours = DAYS * 24
    first = periods.day_bounds(ON)[0]
    start = first + periods.HOUR * np.arange(hours, dtype=np.int64)
    load = _load(random, hours, 24.0)
    flow = np.round(80.0 * load * np.exp(0.02 * random.standard_normal(hours)), 2)
    oxygen = np.round(6.5 + 0.8 * _wander(random, hours, 30), 2)
    converted = _concentration(random, load)
    factor = (flue.constant("oxygen_of_air", ON) - oxygen) / (
        flue.constant("oxygen_of_air", ON) - REFERENCE_OXYGEN
    )
    minutes = MINUTE_DAYS * 288
    minute = first + FIVE_MINUTES * np.arange(minutes, dtype=np.int64)
    slow = _load(random, minutes, 288.0)
    production = np.round(1200.0 * slow * np.exp(0.02 * random.standard_normal(minutes)), 1)
    intake = np.round(40.0 * slow, 2)
    return Plant(
        start=start,
        load=100.0 * load,
        flow=flow,
        measured=np.round(converted * factor, 3),
        converted=converted,
        oxygen=oxygen,
        slope=np.ones(hours),
        twin=_concentration(random, load),
        minute=minute,
        production=production,
        treatment=np.round(150.0 * (0.7 + 0.3 * slow) * np.exp(0.03 * random.standard_normal(minutes)), 1),
        intake=intake,
        discharge=np.round(0.8 * intake * np.exp(0.05 * random.standard_normal(minutes)), 2),
        meter=minute,
    )


def _load(random: Random, size: int, day: float) -> Floats:
    course = 0.12 * np.cos(2.0 * np.pi * (np.arange(size) - 0.6 * day) / day)
    found: Floats = np.clip(0.85 + course + 0.05 * _wander(random, size, int(day)), 0.4, 1.2)
    return found


def _concentration(random: Random, load: Floats) -> Floats:
    level = LIMIT * random.uniform(0.35, 0.6)
    spread = random.uniform(0.12, 0.25)
    wander = 0.7 * _wander(random, len(load), 24) + 0.5 * _wander(random, len(load), 4)
    return np.round(level * load**0.3 * np.exp(spread * wander), 2)


def _wander(random: Random, size: int, memory: int) -> Floats:
    """Return an autoregressive series of unit variance."""
    keep = np.exp(-1.0 / memory)
    steps = random.standard_normal(size) * np.sqrt(1.0 - keep**2)
    out = np.empty(size)
    last = random.standard_normal()
    for row in range(size):
        last = keep * last + steps[row]
        out[row] = last
    return out


# --- frauds ---


def _time(plant: Plant, random: Random, shortest: int, longest: int) -> slice:
    length = int(random.integers(shortest, longest + 1))
    first = int(random.integers(40 * 24, len(plant.start) - length))
    return slice(first, first + length)


def _minutes(plant: Plant, random: Random, shortest: int, longest: int) -> slice:
    length = int(random.integers(shortest, longest + 1))
    first = int(random.integers(288, len(plant.minute) - length))
    return slice(first, first + length)


def _hours_of(plant: Plant, rows: slice) -> tuple[int, int]:
    return int(plant.start[rows][0]), int(plant.start[rows][-1]) + periods.HOUR


def _minutes_of(plant: Plant, rows: slice) -> tuple[int, int]:
    return int(plant.minute[rows][0]), int(plant.minute[rows][-1]) + FIVE_MINUTES


def _set(values: Floats, rows: slice, part: Floats | float) -> Floats:
    changed = values.copy()
    changed[rows] = part
    return changed


def _frozen(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 6, 24)
    converted = _set(plant.converted, rows, plant.converted[rows][0])
    return plant._replace(converted=converted), *_hours_of(plant, rows)


def _cut_off(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = slice(len(plant.start) - 14 * 24, len(plant.start))
    ceiling = LIMIT * random.uniform(0.85, 0.99)
    raised: Floats = (
        plant.converted[rows] * ceiling / np.nanquantile(plant.converted[rows], random.uniform(0.7, 0.9))
    )
    capped: Floats = np.minimum(raised, ceiling * (1.0 - 0.004 * random.random(len(raised))))
    return plant._replace(converted=_set(plant.converted, rows, np.round(capped, 2))), *_hours_of(plant, rows)


def _under_limit(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 30, 96)
    part = LIMIT * (0.95 + 0.02 * np.clip(random.standard_normal(rows.stop - rows.start), -2.4, 2.4))
    return plant._replace(converted=_set(plant.converted, rows, np.round(part, 2))), *_hours_of(plant, rows)


def _replayed(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 26, 96)
    back = int(random.integers(rows.stop - rows.start, rows.start + 1))
    copied = plant.converted[rows.start - back : rows.stop - back]
    return plant._replace(converted=_set(plant.converted, rows, copied)), *_hours_of(plant, rows)


def _smoothed(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 36, 96)
    mean = float(np.nanmean(plant.converted[rows]))
    part = mean * (1.0 + random.uniform(0.002, 0.015) * random.standard_normal(rows.stop - rows.start))
    return plant._replace(converted=_set(plant.converted, rows, np.round(part, 2))), *_hours_of(plant, rows)


def _made_up(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 48, 120)
    size = rows.stop - rows.start
    part = float(plant.flow[rows].mean()) + float(plant.flow[rows].std()) * _wander(random, size, 3)
    return plant._replace(flow=_set(plant.flow, rows, np.round(part, 2))), *_hours_of(plant, rows)


def _copied(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 26, 96)
    twin = _set(plant.twin, rows, plant.converted[rows])
    return plant._replace(twin=twin), *_hours_of(plant, rows)


def _fallen(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 8, 48)
    part = plant.converted[rows] * random.uniform(0.15, 0.45)
    return plant._replace(converted=_set(plant.converted, rows, np.round(part, 2))), *_hours_of(plant, rows)


def _silenced(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = slice(len(plant.start) - 30 * 24, len(plant.start))
    raised = plant.converted.copy()
    raised[rows] *= 0.8 * LIMIT / np.nanquantile(raised[rows], 0.92)
    after_high = np.flatnonzero(raised[rows][:-1] > 0.8 * LIMIT) + 1 + rows.start
    lost = after_high[random.random(len(after_high)) < 0.6]
    raised[lost] = np.nan
    return plant._replace(converted=raised), *_hours_of(plant, rows)


def _miscalculated(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 4, 48)
    part = np.round(plant.converted[rows] * random.uniform(0.6, 0.9), 3)
    return plant._replace(converted=_set(plant.converted, rows, part)), *_hours_of(plant, rows)


def _reset(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _time(plant, random, 4, 48)
    return plant._replace(slope=_set(plant.slope, rows, random.uniform(0.5, 0.9))), *_hours_of(plant, rows)


def _unplugged(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _minutes(plant, random, 3, 48)
    part = 150.0 * random.uniform(0.0, 0.08)
    return plant._replace(treatment=_set(plant.treatment, rows, part)), *_minutes_of(plant, rows)


def _idled(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    noon = 288 + int(random.integers(130, 170))
    rows = slice(noon, noon + int(random.integers(14, 30)))
    part = plant.treatment[rows] * random.uniform(0.15, 0.4)
    return plant._replace(treatment=_set(plant.treatment, rows, part)), *_minutes_of(plant, rows)


def _went_on(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    """Leave production as it was under an order to halve it; the clean plant obeyed."""
    rows = slice(288, 576)
    part = plant.production[rows] * random.uniform(1.15, 2.0)
    return plant._replace(production=_set(plant.production, rows, part)), *_minutes_of(plant, rows)


def _worked_at_night(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _minutes(plant, random, 4, 60)
    return plant._replace(load=_obeyed(plant, rows)), *_minutes_of(plant, rows)


def _obeyed(plant: Plant, rows: slice) -> Floats:
    """Return production under an order to stop, with a time in which it was broken."""
    return _set(np.full(len(plant.minute), 40.0), rows, plant.production[rows])


def _cut_line(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = _minutes(plant, random, 8, 60)
    kept = np.ones(len(plant.meter), bool)
    kept[rows] = False
    return plant._replace(meter=plant.meter[kept]), *_minutes_of(plant, rows)


def _hidden_well(plant: Plant, random: Random) -> tuple[Plant, int, int]:
    rows = slice(288, 576)
    part = plant.discharge[rows] * random.uniform(1.6, 3.0)
    return plant._replace(discharge=_set(plant.discharge, rows, part)), *_minutes_of(plant, rows)


# --- tests ---


def _gas(name: str) -> Test:
    run: Callable[..., list[Hit]] = getattr(clues, name)

    def test(plant: Plant, parameters: dict[str, float]) -> list[Hit]:
        limit = (LIMIT,) if name in ("clipped", "near_limit", "missing_when_high") else ()
        more = {"load": plant.load} if name in ("collapse", "drop") else {}
        return run(plant.start, plant.converted, *limit, step=periods.HOUR, parameters=parameters, **more)

    return test


def _power(plant: Plant, parameters: dict[str, float]) -> list[Hit]:
    return supervision.treatment_off(
        plant.minute,
        plant.production,
        plant.treatment,
        usual_production=supervision.usual(plant.production),
        usual_treatment=supervision.usual(plant.treatment),
        step=FIVE_MINUTES,
        parameters=parameters,
    )


def _idle(plant: Plant, parameters: dict[str, float]) -> list[Hit]:
    return supervision.running_empty(
        plant.minute,
        plant.production,
        plant.treatment,
        usual_load=supervision.usual(plant.production),
        usual_treatment=supervision.usual(plant.treatment),
        step=FIVE_MINUTES,
        parameters=parameters,
    )


def _limited(plant: Plant, parameters: dict[str, float]) -> list[Hit]:
    base = float(plant.production[:288].sum()) * FIVE_MINUTES / periods.HOUR
    rows = slice(288, 576)
    return supervision.limit_broken(
        plant.minute[rows],
        0.5 * plant.production[rows],
        base=base,
        ratio=0.5,
        step=FIVE_MINUTES,
        parameters=parameters,
    )


def _stopped(plant: Plant, parameters: dict[str, float]) -> list[Hit]:
    power = plant.load if len(plant.load) == len(plant.minute) else np.full(len(plant.minute), 40.0)
    return supervision.stop_broken(
        plant.minute,
        power,
        usual_production=supervision.usual(plant.production),
        step=FIVE_MINUTES,
        parameters=parameters,
    )


def _iterate() -> Iterator[tuple[str, Injection, Test]]:
    for name, inject in (
        ("constant", _frozen),
        ("clipped", _cut_off),
        ("near_limit", _under_limit),
        ("repeated", _replayed),
        ("collapse", _smoothed),
        ("drop", _fallen),
        ("missing_when_high", _silenced),
    ):
        yield name, inject, _gas(name)
    yield (
        "out_of_phase",
        _made_up,
        lambda plant, parameters: clues.out_of_phase(
            plant.start, plant.flow, plant.load, step=periods.HOUR, parameters=parameters
        ),
    )
    yield (
        "twins",
        _copied,
        lambda plant, parameters: clues.twins(
            plant.start, plant.converted, plant.start, plant.twin, step=periods.HOUR, parameters=parameters
        ),
    )
    yield (
        "conversion",
        _miscalculated,
        lambda plant, parameters: clues.conversion(
            plant.start,
            plant.measured,
            plant.converted,
            plant.oxygen,
            REFERENCE_OXYGEN,
            step=periods.HOUR,
            parameters=parameters,
        ),
    )
    yield (
        "parameter_change",
        _reset,
        lambda plant, parameters: clues.parameter_change(
            plant.start, plant.slope, spans=(), parameters=parameters
        ),
    )
    yield "treatment_off", _unplugged, _power
    yield "running_empty", _idled, _idle
    yield "limit_broken", _went_on, _limited
    yield "stop_broken", _worked_at_night, _stopped
    yield (
        "meter_offline",
        _cut_line,
        lambda plant, parameters: supervision.meter_offline(
            plant.meter, plant.minute, step=FIVE_MINUTES, parameters=parameters
        ),
    )
    yield (
        "water_balance",
        _hidden_well,
        lambda plant, parameters: supervision.water_balance(
            plant.minute, plant.intake, plant.discharge, step=FIVE_MINUTES, parameters=parameters
        ),
    )


INJECTIONS: dict[str, Injection] = {name: inject for name, inject, _ in _iterate()}
TESTS: dict[str, Test] = {name: test for name, _, test in _iterate()}
MINUTE_RULES = frozenset(
    ("treatment_off", "running_empty", "limit_broken", "stop_broken", "meter_offline", "water_balance")
)
