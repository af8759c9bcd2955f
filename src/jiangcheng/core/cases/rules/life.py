"""The life of a case as a table: what may follow, who may do it, until when, and the chain of steps."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import math
import pathlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import holidays

from jiangcheng.core.access import rules as chain

Definition = Mapping[str, Any]
"""A workflow as data, see ``data/workflows``."""

BEIJING = dt.timezone(dt.timedelta(hours=8))
WARN_SHARE = 0.8
"""The share of a clock after which it shows amber."""
EVIDENCE_KEPT = 48
"""Occurrences whose evidence a finding keeps in full: the first and the latest ones."""


@dataclasses.dataclass(frozen=True, slots=True)
class Calendar:
    """Working time: office hours of local working days."""

    opens: dt.time
    closes: dt.time
    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()
    """Saturdays and Sundays that are worked in exchange for a holiday."""

    def is_working(self, day: dt.date) -> bool:
        """Tell whether the office is open on a day."""
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)

    def days_after(self, day: dt.date, count: int) -> dt.date:
        """Return the last day of a term of so many working days; the day it starts on does not count."""
        while count:
            day += dt.timedelta(days=1)
            count -= self.is_working(day)
        return day

    def between(self, start: dt.datetime, end: dt.datetime) -> float:
        """Return how many working hours lie between two instants; 0 where the end is not after the start."""
        first, last = start.astimezone(BEIJING), end.astimezone(BEIJING)
        total = dt.timedelta()
        day = first.date()
        while day <= last.date():
            if self.is_working(day):
                opens = max(first, dt.datetime.combine(day, self.opens, BEIJING))
                closes = min(last, dt.datetime.combine(day, self.closes, BEIJING))
                total += max(dt.timedelta(), closes - opens)
            day += dt.timedelta(days=1)
        return total.total_seconds() / 3600

    def after(self, start: dt.datetime, hours: float) -> dt.datetime:
        """Return the instant at which so many working hours have passed since ``start``, in UTC."""
        left = dt.timedelta(hours=hours)
        local = start.astimezone(BEIJING)
        day = local.date()
        while True:
            if self.is_working(day):
                opens = dt.datetime.combine(day, self.opens, BEIJING)
                closes = dt.datetime.combine(day, self.closes, BEIJING)
                begin = max(local, opens)
                if begin < closes:
                    if left <= closes - begin:
                        return (begin + left).astimezone(dt.UTC)
                    left -= closes - begin
            day += dt.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody tries an action: who, and with what in hand."""

    actor_id: int | None
    permissions: frozenset[str]
    """Those that hold for this very case."""
    handler_id: int | None = None
    handled_by: frozenset[int] = frozenset()
    """Everybody who has handled the case so far."""
    found_by_machine: bool = False
    severity: int = 2
    pending: str = ""
    """What somebody has asked for and nobody has answered yet: ``suspend``, ``extend`` or nothing."""
    extensions: int = 0
    open_tasks: int = 0
    """Sub-tasks of colleagues that are not finished."""
    text: str = ""
    photos: int = 0
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def _is_handler(attempt: Attempt, definition: Definition) -> bool:
    return attempt.actor_id is not None and attempt.actor_id == attempt.handler_id


def _other_person(attempt: Attempt, definition: Definition) -> bool:
    return attempt.actor_id is not None and attempt.actor_id not in attempt.handled_by | {attempt.handler_id}


def _reason_code(attempt: Attempt, definition: Definition) -> bool:
    return attempt.details.get("reason_code") in {reason["code"] for reason in definition["reason_codes"]}


def _hours(attempt: Attempt, definition: Definition) -> bool:
    hours = attempt.details.get("hours")
    return isinstance(hours, int) and 0 < hours <= int(definition["extension"]["hours"])


def _target(attempt: Attempt, definition: Definition) -> bool:
    return attempt.details.get("target") in {item["code"] for item in definition.get("conversions", ())}


_PERSONS: dict[str, Callable[[Attempt, Definition], bool]] = {
    "is_handler": _is_handler,
    "other_person": _other_person,
    "found_by_machine": lambda attempt, _: attempt.found_by_machine,
    "nothing_asked": lambda attempt, _: not attempt.pending,
    "asked": lambda attempt, _: bool(attempt.pending),
    "asked_suspend": lambda attempt, _: attempt.pending == "suspend",
    "asked_extend": lambda attempt, _: attempt.pending == "extend",
    "extensions_left": lambda attempt, definition: attempt.extensions < definition["extension"]["most"],
    "tasks_done": lambda attempt, _: attempt.open_tasks == 0,
    "minor": lambda attempt, definition: attempt.severity <= definition["simple"]["severity_to"],
}
"""Guards that look at who acts on what; no input can satisfy them."""

_INPUTS: dict[str, Callable[[Attempt, Definition], bool]] = {
    "text_required": lambda attempt, _: bool(attempt.text.strip()),
    "has_photo": lambda attempt, _: attempt.photos > 0,
    "reason_code": _reason_code,
    "handler_required": lambda attempt, _: isinstance(attempt.details.get("handler"), int),
    "hours_required": _hours,
    "target_required": _target,
    "case_required": lambda attempt, _: bool(attempt.details.get("case")),
    "due_required": lambda attempt, _: bool(attempt.details.get("due")),
}
"""Guards that look at what is handed in."""


WORKFLOWS = pathlib.Path(__file__).parents[1] / "data" / "workflows"


def workflows(folder: pathlib.Path = WORKFLOWS) -> tuple[Definition, ...]:
    """Return the workflows in a folder, checked; by default those of the desk.

    Raises
    ------
    ValueError
        If one of them has `problems`.
    """
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]
    for definition in found:
        if wrong := problems(definition):
            raise ValueError(f"{definition.get('code')}: {'; '.join(wrong)}")
    return tuple(found)


@functools.cache
def working_calendar() -> Calendar:
    """Return the office hours of the installation on the working days of China.

    The days come from the library `holidays`: as published for past years, as expected for years to come.
    """
    path = pathlib.Path(__file__).parents[1] / "data" / "calendar.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    first, last = data["years"]
    china = holidays.country_holidays("CN", years=range(first, last + 1))
    days = [
        dt.date(first, 1, 1) + dt.timedelta(days=number)
        for number in range((dt.date(last + 1, 1, 1) - dt.date(first, 1, 1)).days)
    ]
    return Calendar(
        dt.time.fromisoformat(data["opens"]),
        dt.time.fromisoformat(data["closes"]),
        frozenset(day for day in days if day.weekday() < 5 and not china.is_working_day(day)),
        frozenset(day for day in days if day.weekday() >= 5 and china.is_working_day(day)),
    )


def state(definition: Definition, code: str) -> Mapping[str, Any]:
    """Return a state of a workflow.

    Raises
    ------
    KeyError
        If the workflow has no such state.
    """
    for item in definition["states"]:
        if item["code"] == code:
            return item  # type: ignore[no-any-return]
    raise KeyError(code)


def action(definition: Definition, code: str) -> Mapping[str, Any] | None:
    """Return an action of a workflow, or None if it has no such action."""
    return next((item for item in definition["actions"] if item["code"] == code), None)


def is_final(definition: Definition, code: str) -> bool:
    """Tell whether a case in this state is done with."""
    return bool(state(definition, code).get("final"))


def next_states(definition: Definition, code: str) -> dict[str, str]:
    """Return where each action that starts in a state leads."""
    return {item["code"]: item["to"] for item in definition["actions"] if code in item["from"]}


def barred(definition: Definition, code: str, wanted: str, attempt: Attempt) -> tuple[str, ...]:
    """Return why this person may not do this now whatever is handed in; empty if nothing bars it."""
    item = action(definition, wanted)
    if item is None:
        return ("unknown_action",)
    if code not in item["from"]:
        return ("state",)
    if item["permission"] not in attempt.permissions:
        return ("permission",)
    guards = (guard for guard in item["guards"] if guard in _PERSONS)
    return tuple(guard for guard in guards if not _PERSONS[guard](attempt, definition))


def needs(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what has to be handed in with an action."""
    return tuple(guard for guard in item["guards"] if guard in _INPUTS)


def may(definition: Definition, code: str, wanted: str, attempt: Attempt) -> tuple[str, ...]:
    """Return every reason to refuse an action, empty if it may be done.

    Parameters
    ----------
    code
        State the case is in.
    wanted
        Code of the action.
    """
    if reasons := barred(definition, code, wanted, attempt):
        return reasons
    item = action(definition, wanted)
    assert item is not None
    return tuple(guard for guard in needs(item) if not _INPUTS[guard](attempt, definition))


def clock_end(
    definition: Definition, code: str, severity: int, since: dt.datetime, calendar: Calendar
) -> dt.datetime | None:
    """Return the end of the clock that starts when a case enters a state, in UTC; None where none runs."""
    for clock in state(definition, code).get("clocks", ()):
        if severity >= clock["severity_from"]:
            if "seconds" in clock:
                return (since + dt.timedelta(seconds=clock["seconds"])).astimezone(dt.UTC)
            return calendar.after(since, clock["working_hours"])
    return None


def runs_in_working_hours(definition: Definition, code: str, severity: int) -> bool:
    """Tell whether the clock of a state runs in office hours only."""
    for item in state(definition, code).get("clocks", ()):
        if severity >= item["severity_from"]:
            return "working_hours" in item
    return False


def clock_share(
    since: dt.datetime, due: dt.datetime, now: dt.datetime, calendar: Calendar, working: bool
) -> float:
    """Return how much of a clock has run, 1 at its end; in office hours where the clock runs in them."""
    if not working:
        return (now - since) / (due - since) if due > since else 1.0
    whole = calendar.between(since, due)
    return calendar.between(since, now) / whole if whole else 1.0


def hours_left(due: dt.datetime, now: dt.datetime, calendar: Calendar, working: bool) -> float:
    """Return how many hours of a clock are left, negative when it is overdue."""
    if not working:
        return (due - now).total_seconds() / 3600
    return calendar.between(now, due) - calendar.between(due, now)


def hours_on(start: dt.datetime, hours: float, calendar: Calendar, working: bool) -> dt.datetime:
    """Return the end of a clock that has so many hours left."""
    if working and hours > 0:
        return calendar.after(start, hours)
    return (start + dt.timedelta(hours=hours)).astimezone(dt.UTC)


def rungs(definition: Definition, share: float) -> list[Mapping[str, Any]]:
    """Return the rungs of the ladder of escalation a clock has passed, lowest first."""
    ladder = sorted(definition.get("escalation", ()), key=lambda rung: float(rung["share"]))
    return [rung for rung in ladder if share >= float(rung["share"])]


def clock(since: dt.datetime, due: dt.datetime | None, now: dt.datetime) -> str:
    """Return ``ok``, ``warn`` (the last fifth runs) or ``bad`` (overdue); empty where no clock runs."""
    if due is None:
        return ""
    if now >= due:
        return "bad"
    return "warn" if (now - since) >= WARN_SHARE * (due - since) else "ok"


def step_hash(previous: str, content: Mapping[str, object]) -> str:
    """Return the hash of a step and the one before it, in hexadecimal."""
    return chain.chain_hash(previous, content)


def number(day: dt.date, case_type: str, serial: int) -> str:
    """Return the number of a case, ``20261101-AIR-0007``."""
    return f"{day:%Y%m%d}-{case_type.upper()}-{serial:04d}"


def bounded(evidence: list[dict[str, Any]], latest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the evidence with the latest appended; beyond the limit the middle is left out."""
    kept = [*evidence, dict(latest)]
    if len(kept) > EVIDENCE_KEPT:
        del kept[EVIDENCE_KEPT // 2]
    return kept


def problems(definition: Definition) -> list[str]:
    """Return what is wrong with a workflow, empty if nothing."""
    states = [item["code"] for item in definition["states"]]
    known, finals = set(states), {item["code"] for item in definition["states"] if item.get("final")}
    wrong = [f"state {code} is defined twice" for code in sorted(known) if states.count(code) > 1]
    for item in definition["actions"]:
        ends = {*item["from"], item["to"]}
        wrong += [f"{item['code']}: no state {code}" for code in sorted(ends - known)]
        if item.get("asks") not in (None, "suspend", "extend"):
            wrong.append(f"{item['code']}: nobody can ask for {item['asks']}")
        unknown = set(item["guards"]) - _PERSONS.keys() - _INPUTS.keys()
        wrong += [f"{item['code']}: no guard {guard}" for guard in sorted(unknown)]
    reachable = _reachable(definition, [definition["initial"]])
    wrong += [f"state {code} cannot be reached" for code in sorted(known - reachable)]
    for code in sorted(known - finals):
        if not finals & _reachable(definition, [code]):
            wrong.append(f"no way leads from {code} to an end")
    return wrong


def diagram(definition: Definition, language: str = "zh") -> str:
    """Return the workflow as a Mermaid state diagram, for the documents."""
    name = f"name_{language}"
    lines = ["stateDiagram-v2", f"    [*] --> {definition['initial']}"]
    lines += [f"    {item['code']}: {item[name]}" for item in definition["states"]]
    for item in definition["actions"]:
        lines += [f"    {start} --> {item['to']}: {item[name]}" for start in item["from"]]
    lines += [f"    {item['code']} --> [*]" for item in definition["states"] if item.get("final")]
    return "\n".join(lines) + "\n"


def _reachable(definition: Definition, start: Iterable[str]) -> set[str]:
    seen, front = set(start), list(start)
    while front:
        for target in next_states(definition, front.pop()).values():
            if target not in seen:
                seen.add(target)
                front.append(target)
    return seen


def similarity(one: str, other: str) -> float:
    """Return how alike two texts are, 0 to 1: the share of pairs of neighbouring signs they have in common."""
    first, second = _pairs(one), _pairs(other)
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def distance(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return the distance of two points [m] on a sphere of 6371 km; degrees in."""
    phi, other_phi = math.radians(lat), math.radians(other_lat)
    half = math.sin((other_phi - phi) / 2) ** 2
    half += math.cos(phi) * math.cos(other_phi) * math.sin(math.radians(other_lon - lon) / 2) ** 2
    return 2 * 6_371_000 * math.asin(min(1.0, math.sqrt(half)))


def overall(counts: Mapping[int, int]) -> Mapping[str, Any]:
    """Return the first level of the table ``risk`` that the numbers of cases by severity reach.

    A level holds where one of its severities occurs at least as often as it says; the last holds always.
    """
    levels: list[Mapping[str, Any]] = settings("risk")["levels"]
    return next(
        (
            level
            for level in levels
            if any(counts.get(int(severity), 0) >= least for severity, least in level["when"].items())
        ),
        levels[-1],
    )


@functools.cache
def settings(name: str) -> Mapping[str, Any]:
    """Return a table of ``data/``: ``duplicates``, ``dispatch`` or ``risk``."""
    path = pathlib.Path(__file__).parents[1] / "data" / f"{name}.json"
    table: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


def _pairs(text: str) -> set[str]:
    signs = "".join(text.split()).lower()
    return {signs[at : at + 2] for at in range(len(signs) - 1)}
