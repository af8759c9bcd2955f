"""The draw: how many are due, who is drawn, who visits them — and how anybody recomputes it.

Nobody can steer it: the seed is fixed by its hash before the pool is frozen, a second person adds a text of
their own at the draw, and every place in the order is an HMAC-SHA-256 of the pool's hash and the object's
code. The published document holds everything that `recomputed` needs.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import functools
import hashlib
import hmac
import json
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from jiangcheng.standards.dated import DatedTables, NotInForce

DATA = pathlib.Path(__file__).parent / "data"
FORMAT = "jiangcheng-draw/1"
_TABLES = DatedTables(DATA)

Quotas = Mapping[str, Any]
"""One version of the quotas, see ``data/quotas.json``, with the version of ``data/reliefs.json`` as ``reliefs``."""


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A unit of the object base as it stood when the pool was frozen."""

    code: str
    county: str
    """GB/T 2260 code of its county."""
    object_class: str
    credit: str = ""
    """Credit grade of that day, empty where it has none."""
    drawn: int = 0
    """How often it was drawn this year."""
    excluded: str = ""
    """Why it cannot be drawn: ``cap``, ``recent`` …; empty if it can."""
    listed: str = ""
    """Code of the list that lessens its visits on site that day, empty where none does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Inspector:
    """A person of the inspector base, known in public by the number of the enforcement certificate."""

    certificate: str
    area: str
    """Prefix of the area codes the person works in."""
    conflicts: tuple[str, ...] = ()
    """Codes of units the person keeps away from (回避)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Chosen:
    """A drawn unit with its team, in the order of the draw."""

    code: str
    stratum: str
    team: tuple[str, ...]


def quotas(on: dt.date) -> Quotas:
    """Return the version of the quotas in force on a day, with what lists lessen on that day.

    Raises
    ------
    LookupError
        If none is in force.
    """
    versions: list[Quotas] = _read("quotas")
    valid = [version for version in versions if version["valid_from"] <= on.isoformat()]
    if not valid:
        raise LookupError(f"no quotas are in force on {on}")
    return {**max(valid, key=lambda version: str(version["valid_from"])), "reliefs": _reliefs(on)}


def relief(version: Quotas, listed: str) -> Mapping[str, Any] | None:
    """Return the row of the list that lessens visits on site, None where there is none."""
    rows = version.get("reliefs", {}).get("lists", ())
    return next((row for row in rows if row["list"] == listed), None)


def listed(version: Quotas, labels: Mapping[str, str], object_class: str) -> str:
    """Return the code of the list that lessens the visits to a unit; empty where none does.

    Parameters
    ----------
    labels
        Value by scheme, as valid on the day of the draw: who has left a list has no label of it.
    """
    fitting = (
        row["list"]
        for row in version.get("reliefs", {}).get("lists", ())
        if row["scheme"] in labels and object_class in row["classes"]
    )
    return str(next(fitting, ""))


def items() -> list[dict[str, Any]]:
    """Return the list of matters that may be checked (抽查事项清单)."""
    found: list[dict[str, Any]] = _read("items")
    return found


def object_class(labels: Mapping[str, str]) -> str:
    """Return the class a unit belongs to by what it counts as: the first whose labels fit.

    Parameters
    ----------
    labels
        Value by scheme, as valid on the day of the draw.
    """
    for row in _read("classes"):
        wanted = row["labels"]
        if not wanted or any(
            scheme in labels and ("*" in values or labels[scheme] in values)
            for scheme, values in wanted.items()
        ):
            return str(row["class"])
    raise LookupError("no class takes a unit without labels")


def stratum(candidate: Candidate) -> str:
    """Return the stratum a unit is drawn in: its class, its credit grade, and the list that spares it."""
    name = f"{candidate.object_class}/{candidate.credit or '-'}"
    return f"{name}/{candidate.listed}" if candidate.listed else name


def due(
    version: Quotas,
    level: str,
    object_class: str,
    credit: str,
    size: int,
    class_size: int,
    inspectors: int,
    *,
    listed: str = "",
) -> int:
    """Return how many units of a stratum are due in a quarter at least, never more than there are.

    Parameters
    ----------
    level
        ``city`` or ``county``: whose duty the draw fulfils.
    size, class_size
        Units in the stratum and in its whole class.
    inspectors
        Persons in the inspector base; counts for classes with a number per inspector and year, which the
        strata of the class share by size.
    listed
        The list that spares the stratum. Such a stratum is rounded down, since a small one rounded up would
        be visited as often as without the list; the draw decides the fraction by lot.
    """
    row = next(item for item in version["classes"] if item["code"] == object_class)
    wanted = _wanted(version, row, level, credit, size, class_size, inspectors, listed)
    return min(size, math.floor(wanted) if listed else math.ceil(wanted))


def shares(total: int, sizes: Mapping[str, int]) -> dict[str, int]:
    """Divide a number over areas in proportion to their sizes, by largest remainder, ties by code."""
    everything = sum(sizes.values())
    if not everything:
        return dict.fromkeys(sizes, 0)
    exact = {code: Fraction(total * size, everything) for code, size in sizes.items()}
    given = {code: math.floor(value) for code, value in exact.items()}
    order = sorted(sizes, key=lambda code: (given[code] - exact[code], code))
    for code in order[: total - sum(given.values())]:
        given[code] += 1
    return given


def canonical(value: object) -> bytes:
    """Return JSON as it is hashed: UTF-8, sorted keys, no blanks."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def frozen(candidate: Candidate) -> dict[str, Any]:
    """Return a unit as it is hashed and published.

    ``listed`` is left out where it is empty: documents from before lists counted keep their hash.
    """
    row = dataclasses.asdict(candidate)
    return row if candidate.listed else {name: value for name, value in row.items() if name != "listed"}


def pool_hash(candidates: Iterable[Candidate], inspectors: Iterable[Inspector]) -> str:
    """Return the SHA-256 of object base and inspector base, whatever order they come in."""
    pool = {
        "objects": sorted((frozen(item) for item in candidates), key=lambda row: str(row["code"])),
        "inspectors": sorted(
            ({**dataclasses.asdict(item), "conflicts": sorted(item.conflicts)} for item in inspectors),
            key=lambda row: str(row["certificate"]),
        ),
    }
    return hashlib.sha256(canonical(pool)).hexdigest()


def commitment(seed: str) -> str:
    """Return what is published of a seed before the draw."""
    return hashlib.sha256(seed.encode()).hexdigest()


def draw(
    *,
    candidates: Sequence[Candidate],
    inspectors: Sequence[Inspector],
    version: Quotas,
    level: str,
    seed: str,
    witness: str,
    last_teams: Mapping[str, Iterable[str]] | None = None,
) -> list[Chosen]:
    """Draw the units of a quarter and their teams; the same input gives the same result anywhere.

    Units not drawn this year come before those that were. A team never is the one of the last visit, and
    holds nobody who has to keep away; where too few persons are left it stays short and shows it. Where a
    list spares a stratum, the fraction of its number is decided by lot: over many draws it is visited exactly
    so much less.
    """
    place = _Places(seed, witness, pool_hash(candidates, inspectors))
    strata: dict[str, list[Candidate]] = collections.defaultdict(list)
    for candidate in candidates:
        strata[stratum(candidate)].append(candidate)
    classes = collections.Counter(candidate.object_class for candidate in candidates)
    drawn: list[tuple[str, Candidate]] = []
    for name, members in sorted(strata.items()):
        first = members[0]
        able = [member for member in members if not member.excluded]
        row = next(item for item in version["classes"] if item["code"] == first.object_class)
        size = classes[first.object_class]
        exact = _wanted(version, row, level, first.credit, len(members), size, len(inspectors), first.listed)
        wanted = _by_lot(exact, name, place) if first.listed else math.ceil(exact)
        drawn += ((name, member) for member in _stratified(able, min(wanted, len(able)), place))
    drawn.sort(key=lambda pair: place(pair[1].code))
    return _with_teams(drawn, inspectors, version["team"], last_teams or {}, place)


def recomputed(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what is wrong with a published draw, empty if seed, pool and result agree.

    Reasons are ``format``, ``commitment``, ``pool_hash`` and ``result``.
    """
    try:
        candidates = [Candidate(**row) for row in document["objects"]]
        inspectors = [
            Inspector(row["certificate"], row["area"], tuple(row["conflicts"]))
            for row in document["inspectors"]
        ]
        result = draw(
            candidates=candidates,
            inspectors=inspectors,
            version=document["quotas"],
            level=document["level"],
            seed=document["seed"],
            witness=document["witness"],
            last_teams=document["last_teams"],
        )
        published = [Chosen(row["code"], row["stratum"], tuple(row["team"])) for row in document["result"]]
        checks = {
            "commitment": commitment(document["seed"]) == document["commitment"],
            "pool_hash": pool_hash(candidates, inspectors) == document["pool_hash"],
            "result": result == published,
        }
    except (KeyError, TypeError, ValueError, AttributeError, StopIteration, ZeroDivisionError):
        return ("format",)
    if document.get("format") != FORMAT:
        return ("format",)
    return tuple(name for name, right in checks.items() if not right)


def quarter(day: dt.date) -> tuple[dt.date, dt.date]:
    """Return the quarter a day lies in, half-open."""
    first = dt.date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    return first, dt.date(first.year + first.month // 10, (first.month + 2) % 12 + 1, 1)


def _reliefs(on: dt.date) -> Mapping[str, Any]:
    try:
        return _TABLES.in_force("reliefs", on)
    except NotInForce:
        return {}


def _wanted(
    version: Quotas,
    row: Mapping[str, Any],
    level: str,
    credit: str,
    size: int,
    class_size: int,
    inspectors: int,
    listed: str,
) -> Fraction:
    """Return how many units of a stratum are wanted in a quarter, not yet rounded.

    Raises
    ------
    KeyError
        If the version does not say how much the list spares.
    """
    spared = relief(version, listed)
    if listed and spared is None:
        raise KeyError(listed)
    multiplier = version["credit_multipliers"].get(credit, "1")
    if multiplier == "all":
        return Fraction(size)
    if "per_inspector_year" in row:
        base = Fraction(row["per_inspector_year"]) * inspectors / 4 * Fraction(size, class_size)
    else:
        base = Fraction(row[level]) * size
    return base * Fraction(multiplier) * (Fraction(spared["multiplier"]) if spared else 1)


@functools.cache
def _read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


class _Places:
    """Where something stands in the order of a draw."""

    def __init__(self, seed: str, witness: str, frozen: str) -> None:
        self._key = hashlib.sha256(f"{seed}:{witness}".encode()).digest()
        self._frozen = frozen

    def __call__(self, *names: str) -> str:
        message = ":".join((self._frozen, *names)).encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()


def _by_lot(wanted: Fraction, name: str, place: _Places) -> int:
    """Return a number rounded up as often as its fraction says; the lot is the place of ``rounding``."""
    whole = math.floor(wanted)
    return whole + (Fraction(int(place("rounding", name), 16), 1 << 256) < wanted - whole)


def _stratified(members: Sequence[Candidate], wanted: int, place: _Places) -> list[Candidate]:
    counties: dict[str, list[Candidate]] = collections.defaultdict(list)
    for member in members:
        counties[member.county].append(member)
    parts = shares(wanted, {code: len(found) for code, found in counties.items()})
    chosen = []
    for code, found in sorted(counties.items()):
        found.sort(key=lambda member: (member.drawn, place(member.code)))
        chosen += found[: parts[code]]
    return chosen


def _with_teams(
    drawn: Sequence[tuple[str, Candidate]],
    inspectors: Sequence[Inspector],
    size: int,
    last_teams: Mapping[str, Iterable[str]],
    place: _Places,
) -> list[Chosen]:
    load: collections.Counter[str] = collections.Counter()
    chosen = []
    for name, unit in drawn:
        free = [
            person.certificate
            for person in inspectors
            if unit.county.startswith(person.area) and unit.code not in person.conflicts
        ]
        free.sort(key=lambda person, code=unit.code: (load[person], place(code, person)))  # type: ignore[misc]
        team = free[:size]
        if set(team) == set(last_teams.get(unit.code, ())) and len(free) > size:
            team = [*free[: size - 1], free[size]]
        load.update(team)
        chosen.append(Chosen(unit.code, name, tuple(team)))
    return chosen
