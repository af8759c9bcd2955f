"""Planned or illegal: an incident against heat, land, zones and the approved plans, with the uncertainty."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
import shapely.affinity

from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE, Seen, cell, footprint, uncertainty

PLANNED, ILLEGAL, EDGE, HEAT, LAND, DOUBTFUL, UNZONED = (
    "planned", "illegal", "edge", "heat", "land", "doubtful", "unzoned",
)  # fmt: skip
BANNED = ("ban", "belt")
"""Kinds of zones in which nothing may burn: ban zones, and the belt of a kilometre along roads and towns."""
TO_CHECK = frozenset({ILLEGAL, EDGE, DOUBTFUL, UNZONED})
"""Verdicts that somebody has to look at on the spot."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """An approved plan of removing residue by fire: where and when it may burn."""

    number: str
    area: shapely.Geometry
    """WGS 84; a point where only the middle of the plot is known."""
    start: dt.datetime
    end: dt.datetime
    """UTC."""


@dataclasses.dataclass(frozen=True, slots=True)
class Zone:
    """A zone where burning is banned (``ban``, ``belt``) or limited to plans (``limit``)."""

    code: str
    kind: str
    area: shapely.Geometry


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What an incident is, as far as signals tell, and why."""

    code: str
    reasons: tuple[Mapping[str, Any], ...]
    """Each with ``what`` and the numbers it rests on."""
    plan: str = ""
    version: str = ""


def judge(
    signals: Sequence[Seen],
    *,
    plans: Sequence[Plan],
    zones: Sequence[Zone],
    heat: set[tuple[int, int]],
    weak: Sequence[bool],
    cropland: float | None = None,
    static_types: Sequence[int | None] = (),
) -> Verdict:
    """Judge an incident.

    In this order: standing heat, land that bears no crop, signals nobody supports, plans and zones. A plan
    explains an incident only if every sound signal of it lies within the sensor's uncertainty of the plan and
    within its time. Where the footprint lies for the most part in a ban zone, a plan does not settle the
    matter: somebody has to look.

    Parameters
    ----------
    signals
        Of one incident, at least one.
    plans
        Approved ones around the place.
    heat
        Cells of standing heat, see `fires.heat_cells`.
    weak
        Per signal whether it is doubtful, see `fires.doubtful`.
    cropland
        Share of the footprint that is cropland; None: unknown, and nothing is concluded from it.
    static_types
        Types of the archive that the signals carry; 1, 2 and 3 are no vegetation.
    """
    on = signals[0].at.date()
    rule = tables.in_force("detection", on)
    reasons: list[Mapping[str, Any]] = []
    known = [kind for kind in static_types if kind is not None]
    hot = sum(cell(seen.longitude, seen.latitude, on) in heat for seen in signals)
    if hot == len(signals) or (known and len(known) == len(signals) and 0 not in known):
        return Verdict(HEAT, ({"what": "heat", "signals": hot},), version=rule["version"])
    if cropland is not None and cropland < rule["cropland_share"]:
        told = {"what": "cropland", "share": round(cropland, 3), "limit": rule["cropland_share"]}
        return Verdict(LAND, (told,), version=rule["version"])
    if cropland is None:
        reasons.append({"what": "cropland_unknown"})
    if all(weak):
        return Verdict(
            DOUBTFUL, (*reasons, {"what": "weak", "signals": len(signals)}), version=rule["version"]
        )
    sound = [seen for seen, doubt in zip(signals, weak, strict=True) if not doubt]
    ban = max(_share(sound, zones, *BANNED))
    best = _explained(sound, plans)
    reasons += [*_zone_reasons(sound, zones), *_plan_reasons(sound, plans, best)]
    code = _code(ban, max(_share(sound, zones, "limit")), best is not None, rule["zone"])
    return Verdict(code, tuple(reasons), best.number if best else "", rule["version"])


def matches(seen: Seen, plan: Plan) -> tuple[bool, float, float]:
    """Tell whether a plan explains a signal, how far it is from the plan, and how far it may be [m].

    In time, the table's minutes before the start and after the end count as within.
    """
    rule = tables.in_force("detection", seen.at.date())["plan"]
    allowed = uncertainty(seen) + rule["village_metres"]
    away = metres(seen, plan.area)
    slack = dt.timedelta(minutes=rule["minutes"])
    in_time = plan.start - slack <= seen.at <= plan.end + slack
    return away <= allowed and in_time, away, allowed


def metres(seen: Seen, area: shapely.Geometry) -> float:
    """Return the distance from a signal to an area [m], 0 inside."""
    narrow = math.cos(math.radians(seen.latitude))
    scaled = shapely.affinity.scale(area, narrow, 1.0, origin=(0, 0))
    away = scaled.distance(shapely.Point(seen.longitude * narrow, seen.latitude))
    return float(away * KILOMETRES_PER_DEGREE * 1000)


def _code(ban: float, limit: float, planned: bool, shares: Mapping[str, float]) -> str:
    if ban >= shares["inside"]:
        return EDGE if planned else ILLEGAL
    if planned:
        return PLANNED
    if ban >= shares["edge"]:
        return EDGE
    if limit >= shares["inside"]:
        return ILLEGAL
    return EDGE if limit >= shares["edge"] else UNZONED


def _share(signals: Sequence[Seen], zones: Sequence[Zone], *kinds: str) -> list[float]:
    """Return per signal the share of its footprint in zones of some kinds together."""
    prints = [footprint(seen) for seen in signals]
    areas = [
        zone.area for zone in zones if zone.kind in kinds and any(zone.area.intersects(p) for p in prints)
    ]
    if not areas:
        return [0.0] * len(signals)
    whole = shapely.union_all(areas)
    return [shape.intersection(whole).area / shape.area for shape in prints]


def _explained(signals: Sequence[Seen], plans: Sequence[Plan]) -> Plan | None:
    """Return a plan that explains all signals, or the first of several that do so together."""
    for plan in plans:
        if all(matches(seen, plan)[0] for seen in signals):
            return plan
    used = []
    for seen in signals:
        plan_of = next((plan for plan in plans if matches(seen, plan)[0]), None)
        if plan_of is None:
            return None
        used.append(plan_of)
    return used[0]


def _zone_reasons(signals: Sequence[Seen], zones: Sequence[Zone]) -> list[Mapping[str, Any]]:
    if not zones:
        return [{"what": "no_zones"}]
    found: list[Mapping[str, Any]] = []
    for kind in (*BANNED, "limit"):
        share = max(_share(signals, zones, kind))
        if share > 0:
            found.append({"what": kind, "share": round(share, 3)})
    return found or [{"what": "outside_zones"}]


def _plan_reasons(
    signals: Sequence[Seen], plans: Sequence[Plan], best: Plan | None
) -> list[Mapping[str, Any]]:
    if best is not None:
        seen = signals[0]
        _fits, away, allowed = matches(seen, best)
        return [{"what": "plan", "plan": best.number, "metres": round(away), "allowed": round(allowed)}]
    if not plans:
        return [{"what": "no_plan"}]
    seen = signals[0]
    nearest = min(plans, key=lambda plan: metres(seen, plan.area))
    _fits, away, allowed = matches(seen, nearest)
    what = "plan_too_far" if away > allowed else "plan_other_time"
    if any(matches(each, plan)[0] for each in signals for plan in plans):
        what = "plan_partly"
    return [{"what": what, "plan": nearest.number, "metres": round(away), "allowed": round(allowed)}]
