"""The credit engine: what an enterprise did, weighed by a dated set of rules, gives a grade with its reasons.

Two kinds of rule sets exist. In ``points`` an enterprise starts with a number of points and loses some by every
event; in ``weighted`` each indicator scores 0 to 100 and counts by its weight. Both know vetoes. All arithmetic is
exact (`decimal.Decimal`).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from jiangcheng.standards.dated import DatedTables

DATA = pathlib.Path(__file__).parent / "data"
TABLES = DatedTables(DATA)
SCORE = Decimal("0.01")

Ruleset = Mapping[str, Any]
"""One version of a set of rules, see ``data/rulesets.json``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """Something that counts against an enterprise."""

    reference: str
    """Number of the record it comes from; an event told twice counts once."""
    key: str
    on: dt.date
    """The day the decision took effect."""
    repaired_on: dt.date | None = None
    """The day its repair was accepted (信用修复)."""
    text_zh: str = ""
    text_en: str = ""
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """What moved a score: an event or an indicator, with the points it cost or brought."""

    reference: str
    key: str
    points: Decimal
    veto: bool
    name_zh: str
    name_en: str
    until: dt.date | None = None
    """First day on which an event no longer counts; None for indicators."""
    repaired: bool = False
    url: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """A score, the grade it means, and why. ``assessed`` is the share of the weights that had a value."""

    score: Decimal
    grade: str
    reasons: tuple[Reason, ...]
    assessed: Decimal = Decimal(1)


@functools.cache
def rulesets() -> tuple[Ruleset, ...]:
    """Return all sets of rules in all versions."""
    return tuple(json.loads((DATA / "rulesets.json").read_text(encoding="utf-8")))


def ruleset(code: str, on: dt.date) -> Ruleset:
    """Return the version of a set of rules in force on a day.

    Raises
    ------
    LookupError
        If none is in force.
    """
    valid = [item for item in rulesets() if item["code"] == code and item["valid_from"] <= on.isoformat()]
    if not valid:
        raise LookupError(f"no version of {code} is in force on {on}")
    return max(valid, key=lambda item: (str(item["valid_from"]), int(item["version"])))


def name_of(rules: Ruleset) -> str:
    """Return how a version is named in what it computed, ``JL-4 v1``."""
    return f"{rules['code']} v{rules['version']}"


def vetoes(rules: Ruleset) -> dict[str, Mapping[str, str]]:
    """Return the vetoes of a set of rules by key; a set may use those of another."""
    told = rules["vetoes"]
    if isinstance(told, str):
        told = next(item for item in rulesets() if item["code"] == told)["vetoes"]
    return {item["key"]: item for item in told}


def known_keys(rules: Ruleset) -> set[str]:
    """Return the keys of events a set of rules knows."""
    return {item["key"] for item in rules.get("events", ())} | set(vetoes(rules))


def after_months(day: dt.date, months: int) -> dt.date:
    """Return the day so many months later; where the month is too short, its last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return dt.date(year, month + 1, min(day.day, last))
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def by_points(rules: Ruleset, events: Iterable[Event], on: dt.date) -> Score:
    """Return the score of a day by points.

    An event counts from its day until ``months`` later; a repaired one counts a share from its repair on. A
    veto gives the veto grade while it counts, and repair does not lift it. Keys the rules do not know cost
    nothing and are not listed.
    """
    kinds = {item["key"]: item for item in rules["events"]}
    barred = vetoes(rules)
    reasons = []
    down = 0
    for event in sorted({event.reference: event for event in events}.values(), key=_order):
        until = after_months(event.on, rules["months"])
        if not event.on <= on < until:
            continue
        repaired = event.repaired_on is not None and event.repaired_on <= on
        if event.key in barred:
            reasons.append(_reason(event, barred[event.key], Decimal(0), until, repaired, veto=True))
        elif event.key in kinds:
            kind = kinds[event.key]
            points = Decimal(kind["points"]) * (Decimal(rules["repaired_share"]) if repaired else 1)
            reasons.append(_reason(event, kind, -points, until, repaired, veto=False))
            down = max(down, 0 if repaired else int(kind.get("grades_down", 0)))
    lost = sum((reason.points for reason in reasons), Decimal(0))
    score = max(Decimal(rules["lowest"]), Decimal(rules["start"]) + lost)
    grade = _lower(rules, grade_of(rules, score), down)
    if any(reason.veto for reason in reasons):
        grade = rules["veto_grade"]
    return Score(score, grade, tuple(reasons))


def by_weights(rules: Ruleset, values: Mapping[str, Decimal], barred_by: Iterable[str] = ()) -> Score:
    """Return the score by weights.

    Parameters
    ----------
    values
        Value by indicator: the measured one where the rules have bands, else a score of 0 to 100. What is
        missing does not count, and lowers ``assessed``.
    barred_by
        Keys of vetoes that hold.

    Raises
    ------
    ValueError
        If a value lies outside 0 … 100, or none is given.
    """
    reasons, total, weights = [], Decimal(0), Decimal(0)
    everything = sum((Decimal(item["weight"]) for item in rules["indicators"]), Decimal(0))
    for item in rules["indicators"]:
        if item["key"] not in values:
            continue
        value, weight = indicator_score(item, values[item["key"]]), Decimal(item["weight"])
        total, weights = total + weight * value, weights + weight
        reasons.append(Reason(item["key"], item["key"], value, False, item["name_zh"], item["name_en"]))
    if not weights:
        raise ValueError("no indicator has a value")
    score = (total / weights).quantize(SCORE, ROUND_HALF_EVEN)
    known = vetoes(rules)
    stops = [
        Reason(key, key, Decimal(0), True, known[key]["name_zh"], known[key]["name_en"])
        for key in sorted(set(barred_by) & set(known))
    ]
    grade = rules["veto_grade"] if stops else grade_of(rules, score)
    return Score(score, grade, (*stops, *reasons), (weights / everything).quantize(SCORE, ROUND_HALF_EVEN))


def indicator_score(item: Mapping[str, Any], value: Decimal) -> Decimal:
    """Return the score of an indicator, 0 to 100: linear within its band, 0 below the lowest.

    Raises
    ------
    ValueError
        If the value lies outside 0 … 100.
    """
    if not 0 <= value <= 100:
        raise ValueError(f"{item['key']}: {value} is not within 0 … 100")
    if "bands" not in item:
        return value
    for band in item["bands"]:
        start, end = Decimal(band["from"]), Decimal(band["to"])
        if value >= start:
            low, high = Decimal(band["low"]), Decimal(band["high"])
            return (low + (high - low) * (value - start) / (end - start)).quantize(SCORE, ROUND_HALF_EVEN)
    return Decimal(0)


def grade_of(rules: Ruleset, score: Decimal) -> str:
    """Return the grade of a score: the best whose threshold it reaches."""
    grades = sorted(rules["grades"], key=lambda item: Decimal(item["from"]), reverse=True)
    return str(next((item["code"] for item in grades if score >= Decimal(item["from"])), grades[-1]["code"]))


def changes_on(rules: Ruleset, events: Iterable[Event], on: dt.date) -> list[tuple[dt.date, Score]]:
    """Return what the score will become by time alone, after a day: each day on which it changes."""
    told = list(events)
    days = sorted({after_months(event.on, rules["months"]) for event in told})
    found: list[tuple[dt.date, Score]] = []
    last = by_points(rules, told, on)
    for day in days:
        if day > on and (score := by_points(rules, told, day)) != last:
            found.append((day, score))
            last = score
    return found


def inputs_hash(rules: Ruleset, events: Iterable[Event], on: dt.date) -> str:
    """Return the SHA-256 of all that a score was computed from."""
    rows = sorted((event.reference, event.key, str(event.on), str(event.repaired_on)) for event in events)
    text = json.dumps([name_of(rules), str(on), rows], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _order(event: Event) -> tuple[dt.date, str]:
    return event.on, event.reference


def _lower(rules: Ruleset, grade: str, steps: int) -> str:
    codes = [item["code"] for item in rules["grades"]]
    return str(codes[min(codes.index(grade) + steps, len(codes) - 1)])


def _reason(
    event: Event, kind: Mapping[str, str], points: Decimal, until: dt.date, repaired: bool, *, veto: bool
) -> Reason:
    name_zh = f"{kind['name_zh']}：{event.text_zh}" if event.text_zh else kind["name_zh"]
    name_en = f"{kind['name_en']}: {event.text_en}" if event.text_en else kind["name_en"]
    return Reason(event.reference, event.key, points, veto, name_zh, name_en, until, repaired, event.url)


@dataclasses.dataclass(frozen=True, slots=True)
class AgencyScore:
    """The score of a monitoring agency, and what it lost by what."""

    score: Decimal | None
    """None where it delivered too little to be rated."""
    grade: str
    """Empty where there is no score."""
    lost: Mapping[str, Decimal]
    """Points by ``voided``, ``lab_failed``, ``failed``, ``inspection``, ``penalty``; those that cost something."""
    version: str


@functools.cache
def agency_rules(on: dt.date) -> Mapping[str, Any]:
    """Return how agencies are rated on a day.

    Raises
    ------
    LookupError
        If no version is in force.
    """
    rows = json.loads((DATA / "agencies.json").read_text(encoding="utf-8"))
    valid = [row for row in rows if row["valid_from"] <= on.isoformat()]
    if not valid:
        raise LookupError(f"agencies are not rated on {on}")
    found: Mapping[str, Any] = max(valid, key=lambda row: str(row["valid_from"]))
    return found


def agency_score(told: Mapping[str, Any], on: dt.date) -> AgencyScore:
    """Return the score of an agency from what it delivered.

    Each share (of samples voided, of samples whose laboratory control failed, of failed checks of instruments)
    costs its weight; what inspections found short of 100 costs a part; each penalty costs points. Without a
    valid certificate the grade is the worst, whatever the score.

    Parameters
    ----------
    told
        One answer of the hook ``agency.quality``.
    """
    rule = agency_rules(on)
    if told["samples"] + told["checks"] < rule["fewest"]:
        grade = "" if told["qualified"] else str(rule["unqualified_grade"])
        return AgencyScore(None, grade, {}, str(rule["version"]))
    short = 0 if told["inspection_score"] is None else 100 - Decimal(str(told["inspection_score"]))
    lost = {
        "voided": _part(told["voided"], told["samples"], rule["voided_weight"]),
        "lab_failed": _part(told["lab_failed"], told["samples"], rule["lab_failed_weight"]),
        "failed": _part(told["failed"], told["checks"], rule["failed_weight"]),
        "inspection": (Decimal(short) * Decimal(str(rule["inspection_weight"]))).quantize(SCORE),
        "penalty": Decimal(told["penalties"] * rule["penalty_points"]),
    }
    score = max(Decimal(0), Decimal(rule["start"]) - sum(lost.values())).quantize(SCORE)
    grade = next(item["code"] for item in rule["grades"] if score >= item["from"])
    if not told["qualified"]:
        grade = rule["unqualified_grade"]
    return AgencyScore(
        score, str(grade), {key: points for key, points in lost.items() if points}, str(rule["version"])
    )


def _part(some: int, every: int, weight: float) -> Decimal:
    if not every:
        return Decimal(0)
    return (Decimal(some) / Decimal(every) * Decimal(str(weight))).quantize(SCORE, ROUND_HALF_EVEN)


def ground_names(on: dt.date) -> dict[str, Mapping[str, Any]]:
    """Return the grounds for which an enterprise may be listed on a day, by code."""
    return {row["code"]: row for row in TABLES.in_force("grounds", on)["grounds"]}
