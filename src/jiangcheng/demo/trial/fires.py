"""An illegal fire among planned ones: drawn, seen, clustered, judged, and given to a village."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
import shapely

from jiangcheng.demo.trial import puffs, sky
from jiangcheng.demo.trial.outcome import Floats, Outcome, generator
from jiangcheng.modules.straw.rules import fires as rules
from jiangcheng.modules.straw.rules import verdicts

ORIGIN = (126.06, 42.95)
"""Middle of the scene, farmland in the south-west of the city [°]."""
HALF = 15.0
"""Half the side of the scene [km]."""
VILLAGE = 2.0
"""Side of a village; villages tile the scene [km]."""
SEASONS = (range(75, 120), range(290, 330))
"""Days of the year in which fields burn."""
TOWER = (0.0, 0.0, 9.0)
"""East, north and reach of the one camera [km]; made up."""
WATCHED, TOLD = 0.35, 0.15
"""Chances that the camera sees a fire by day within its reach, and that somebody reports one."""
MISSED = "unseen"
UNKNOWN = 0.05
"""Chance left to villages outside the footprint."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """A day: what burns, what was allowed and where it is banned."""

    fires: list[sky.Fire]
    plans: list[verdicts.Plan]
    zones: list[verdicts.Zone]


def illegal(seed: int, number: int) -> Outcome:
    """Run one illegal fire among planned ones."""
    random = generator(seed, "fire", number)
    season = SEASONS[int(random.integers(2))]
    midnight = dt.datetime(puffs.YEAR, 1, 1, tzinfo=dt.UTC) - dt.timedelta(hours=8)
    midnight += dt.timedelta(days=int(random.choice(season)))
    scene = _scene(random, midnight)
    cloud = float(np.clip(random.beta(0.7, 1.0), 0.0, 0.98))
    signals = sky.detections(random, scene.fires, sky.looks(random, midnight), cloud, ORIGIN)
    signals += _ground(random, scene.fires)
    signals.sort(key=lambda item: item.seen.at)
    judged = _judged(signals, scene)
    told = tuple((fire.truth, _verdict(i, judged)) for i, fire in enumerate(scene.fires))
    own = [item for item in signals if 0 in item.fires]
    base = Outcome(
        kind="fire", number=number, verdicts=told, quiet_hours=24.0,
        quiet_alarms=sum(1 for item, code in judged if not item.fires and code in verdicts.TO_CHECK),
    )  # fmt: skip
    if not own:
        return dataclasses.replace(base, untraced="not found")
    late = (own[0].seen.at - scene.fires[0].start).total_seconds()
    p, truth = _villages(own, scene.fires[0])
    return dataclasses.replace(base, found_by=_way(own[0]), delay=late, probability=p, truth=truth)


def _way(signal: sky.Signal) -> str:
    return "satellite" if signal.seen.source in rules.SENSORS else signal.seen.source


def _scene(random: np.random.Generator, midnight: dt.datetime) -> Scene:
    """Draw the day; fire 0 is the illegal one."""
    fires, plans = [], []
    for number in range(int(random.integers(3, 9))):
        place = random.uniform(-HALF, HALF, 2) * 0.9
        opens = midnight + dt.timedelta(hours=float(random.uniform(9.5, 14.0)))
        closes = opens + dt.timedelta(hours=float(random.uniform(2.0, 5.0)))
        plans.append(verdicts.Plan(f"P{number}", _square(place, 0.35), opens, closes))
        if random.random() < 0.15:
            continue
        # Now and then a crew begins before its time or goes on after it: still a planned fire, by the truth.
        start = opens + dt.timedelta(hours=float(random.uniform(-0.3, 1.5)))
        at = place + random.uniform(-0.35, 0.35, 2)
        fires.append(_fire(random, at, start, "planned", 0.6))
    fires.insert(0, _fire(random, *_unlawful(random, plans, midnight), "illegal", 0.4))
    ban = verdicts.Zone("B", "ban", _square(random.uniform(-8, 8, 2), 3.5))
    limit = verdicts.Zone("L", "limit", _square(np.zeros(2), HALF + 2).difference(ban.area))
    return Scene(fires, plans, [ban, limit])


def _unlawful(
    random: np.random.Generator, plans: list[verdicts.Plan], midnight: dt.datetime
) -> tuple[Floats, dt.datetime]:
    """Return where and when somebody burns without leave: near a plan a third of the time, often after dark."""
    evening, noon, dawn = random.normal(17.8, 1.2), random.normal(12.5, 2.5), random.normal(5.0, 1.0)
    hour = random.choice([evening, noon, dawn], p=[0.5, 0.4, 0.1])
    start = midnight + dt.timedelta(hours=float(hour))
    place = random.uniform(-HALF, HALF, 2) * 0.9
    if random.random() < 1 / 3:
        centre = random.choice(np.array([_kilometres(plan.area) for plan in plans]))
        angle, away = random.uniform(0, 2 * np.pi), random.uniform(0.5, 3.0)
        place = centre + away * np.array([np.sin(angle), np.cos(angle)])
    return place, start


def _fire(
    random: np.random.Generator, place: Floats, start: dt.datetime, truth: str, spread: float
) -> sky.Fire:
    hours = float(random.uniform(0.6, 3.5) if truth == "illegal" else random.uniform(1.0, 3.5))
    power = float(np.exp(random.normal(np.log(4.0), 0.9 + 0.2 * spread)))
    return sky.Fire(float(place[0]), float(place[1]), start, start + dt.timedelta(hours=hours), power, truth)


def _square(place: Floats, half: float) -> shapely.Geometry:
    west, south = sky.degrees(np.asarray(place) - half, ORIGIN)
    east, north = sky.degrees(np.asarray(place) + half, ORIGIN)
    return shapely.box(west, south, east, north)


def _kilometres(area: shapely.Geometry) -> tuple[float, float]:
    middle = area.centroid
    unit = np.array(sky.degrees(np.ones(2), ORIGIN)) - ORIGIN
    return (middle.x - ORIGIN[0]) / unit[0], (middle.y - ORIGIN[1]) / unit[1]


def _ground(random: np.random.Generator, fires: list[sky.Fire]) -> list[sky.Signal]:
    """Return what the camera and people tell."""
    found = []
    for i, fire in enumerate(fires):
        hour = (fire.start.hour + 8) % 24
        near = np.hypot(fire.east - TOWER[0], fire.north - TOWER[1]) < TOWER[2]
        for way, chance, error in (
            ("tower", WATCHED * near * (6 <= hour < 18), 0.15),
            ("complaint", TOLD, 0.4),
        ):
            if random.random() >= chance:
                continue
            at = fire.start + dt.timedelta(minutes=float(np.exp(random.normal(np.log(35.0), 0.6))))
            place = np.array([fire.east, fire.north]) + error * random.standard_normal(2)
            seen = rules.Seen(f"{way}{i}", at, *sky.degrees(place, ORIGIN), way)
            found.append(sky.Signal(seen, (i,)))
    return found


def _judged(signals: list[sky.Signal], scene: Scene) -> list[tuple[sky.Signal, str]]:
    """Return every signal with the verdict on its incident."""
    seen = [item.seen for item in signals]
    of, weak = rules.clusters(seen), rules.doubtful(seen)
    codes = {}
    for number in np.unique(of):
        rows = np.flatnonzero(of == number)
        codes[number] = verdicts.judge(
            [seen[i] for i in rows], plans=scene.plans, zones=scene.zones, heat=set(),
            weak=[bool(weak[i]) for i in rows],
        ).code  # fmt: skip
    return [(item, codes[number]) for item, number in zip(signals, of, strict=True)]


def _verdict(fire: int, judged: list[tuple[sky.Signal, str]]) -> str:
    """Return the gravest verdict on an incident that a fire is part of."""
    order = (
        verdicts.ILLEGAL,
        verdicts.EDGE,
        verdicts.UNZONED,
        verdicts.DOUBTFUL,
        verdicts.PLANNED,
        verdicts.HEAT,
    )
    found = {code for item, code in judged if fire in item.fires}
    return next((code for code in order if code in found), MISSED)


def _villages(own: list[sky.Signal], fire: sky.Fire) -> tuple[Floats, int]:
    """Return the probability of each village around by its share of the footprint of the sharpest signal."""
    sharpest = min(own, key=lambda item: rules.uncertainty(item.seen)).seen
    shape = rules.footprint(sharpest)
    corners = np.arange(-HALF, HALF, VILLAGE)
    x, y = (item.ravel() for item in np.meshgrid(corners, corners))
    boxes = np.array(
        [_square(np.array([a, b]) + VILLAGE / 2, VILLAGE / 2) for a, b in zip(x, y, strict=True)]
    )
    share = shapely.area(shapely.intersection(boxes, shape)) / shape.area
    inside = (x <= fire.east) & (fire.east < x + VILLAGE) & (y <= fire.north) & (fire.north < y + VILLAGE)
    truth = int(np.flatnonzero(inside)[0]) if inside.any() else len(boxes)
    p = (1.0 - UNKNOWN) * share
    return np.append(p, 1.0 - p.sum()), truth
