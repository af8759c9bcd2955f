"""What rectification computes: progress from its measures, the gates of close-out, the daily notice."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

DATA = pathlib.Path(__file__).parent / "data"
COUNTED = ("talks", "accountable", "filed", "detained")
"""Numbers of the daily notice that are added up as they are; fines are added in CNY."""


@dataclasses.dataclass(frozen=True, slots=True)
class Complaint:
    """A transferred complaint as the notice counts it."""

    number: str
    batch: int
    day: dt.date
    county: str
    types: tuple[str, ...]
    key: bool
    duplicate: bool
    verdict: str
    """``true``, ``partly``, ``false``, or empty while it is open."""
    state: str
    ordered: bool = False
    """An order to correct was given."""
    fine: float = 0.0
    talks: int = 0
    accountable: int = 0
    filed: int = 0
    detained: int = 0


@functools.cache
def terms() -> Mapping[str, Any]:
    """Return the terms of the installation."""
    told: Mapping[str, Any] = json.loads((DATA / "terms.json").read_text(encoding="utf-8"))
    return told


def progress(done: int, total: int) -> float:
    """Return the share of measures that another person has verified, 0 without measures."""
    return done / total if total else 0.0


def planned(start: dt.date, due: dt.date, on: dt.date) -> float:
    """Return the share of the time that has passed, 0 to 1: where progress should be."""
    whole = (due - start).days
    return min(1.0, max(0.0, (on - start).days / whole)) if whole > 0 else 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """A measure on the plan chart: where it begins and how long it is, as shares of the chart in percent."""

    start: float
    width: float


def bars(spans: Sequence[tuple[dt.date, dt.date]], first: dt.date, last: dt.date) -> tuple[Bar, ...]:
    """Return the bars of a plan chart from ``first`` to ``last``; what lies outside is cut off.

    A bar that would vanish keeps one percent, so that it can be seen.
    """
    whole = max(1, (last - first).days)
    found = []
    for begins, ends in spans:
        start = min(99.0, max(0.0, 100 * (begins - first).days / whole))
        end = min(100.0, max(0.0, 100 * (ends - first).days / whole))
        found.append(Bar(round(start, 2), round(max(1.0, end - start), 2)))
    return tuple(found)


def missing_for_self_check(measures: Sequence[str]) -> tuple[str, ...]:
    """Return why a self-check cannot be handed in: states of the measures that are not verified."""
    if not measures:
        return ("no_measures",)
    return ("open_measures",) if any(state != "verified" for state in measures) else ()


def notice(complaints: Iterable[Complaint], day: dt.date) -> dict[str, Any]:
    """Return the notice of a day: what came in, what was closed, by county and by type, and cumulatively.

    A complaint with several types counts in each of them, so that the types add up to more than the total.
    """
    known = sorted((item for item in complaints if item.day <= day), key=lambda item: item.number)
    today = [item for item in known if item.day == day]
    return {
        "day": day.isoformat(),
        "batches": sorted({item.batch for item in today}),
        "today": _sums(today),
        "cumulative": _sums(known),
        "counties": [
            _line(name, rows, len(known)) for name, rows in _groups(known, lambda item: (item.county,))
        ],
        "types": [_line(name, rows, len(known)) for name, rows in _groups(known, lambda item: item.types)],
    }


def digest(told: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a notice."""
    text = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return what differs between two editions of a notice, by the path to the number."""
    one, other = dict(_flat(before)), dict(_flat(after))
    paths = sorted(one.keys() | other.keys())
    return [(path, one.get(path), other.get(path)) for path in paths if one.get(path) != other.get(path)]


def _sums(rows: Sequence[Complaint]) -> dict[str, Any]:
    verdicts = collections.Counter(item.verdict for item in rows)
    return {
        "received": len(rows),
        "key": sum(item.key for item in rows),
        "duplicate": sum(item.duplicate for item in rows),
        "closed": sum(item.state == "closed" for item in rows),
        "phased": sum(item.state == "phased" for item in rows),
        "open": sum(item.state == "received" for item in rows),
        "true": verdicts["true"],
        "partly": verdicts["partly"],
        "false": verdicts["false"],
        "ordered": sum(item.ordered for item in rows),
        "fine": round(sum(item.fine for item in rows), 2),
        **{name: sum(getattr(item, name) for item in rows) for name in COUNTED},
    }


def _groups(
    rows: Sequence[Complaint], names: Callable[[Complaint], Iterable[str]]
) -> list[tuple[str, list[Complaint]]]:
    found: dict[str, list[Complaint]] = collections.defaultdict(list)
    for item in rows:
        for name in names(item):
            found[name].append(item)
    return sorted(found.items())


def _line(name: str, rows: Sequence[Complaint], total: int) -> dict[str, Any]:
    return {"name": name, "percent": round(100 * len(rows) / total, 1) if total else 0.0, **_sums(rows)}


def _flat(value: Any, path: str = "") -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{path}/{key}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            name = item.get("name", place) if isinstance(item, Mapping) else place
            yield from _flat(item, f"{path}/{name}")
    else:
        yield path, value
