"""What a discharge costs by the law on environmental tax, and what electricity costs by grade."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import functools
import hashlib
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from jiangcheng.standards.dated import DatedTables

TABLES = DatedTables(pathlib.Path(__file__).parent / "data")
in_force = TABLES.in_force
CENT, EQUIVALENT = Decimal("0.01"), Decimal("0.0001")


class Unknown(LookupError):  # noqa: N818
    """A pollutant is not in the table of equivalents."""


@dataclasses.dataclass(frozen=True, slots=True)
class Quantity:
    """What an outlet discharged of a pollutant in a quarter."""

    facility: str
    outlet: str
    pollutant: str
    mass: Decimal | None
    """Kilograms; None where nothing was reported, which is not nought."""
    below_percent: Decimal | None = None
    """How far the concentration lay below the limit [%]; None where it is not shown."""
    number: str = ""
    """Of the row it was entered in; empty for what monitors say."""
    source: str = "manual"
    """``online``, what the platform's own monitors say, or the method of an entered row."""
    unknown_percent: Decimal = Decimal(0)
    """Hours of the quarter for which the monitor has nothing [%]."""
    url: str = ""
    """Where the numbers behind it are shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """The tax of one pollutant of an outlet."""

    quantity: Quantity
    kind: str
    """``air``, ``water1`` (first class), ``water2`` (other), or empty where it is not taxed."""
    equivalent: Decimal | None
    """Kilograms that make one equivalent."""
    equivalents: Decimal | None
    taxed: bool
    """False where it is not among the first of its outlet, not in the tax, or without data."""
    why: str
    """``taxed``, ``rank``, ``not_in_force`` or ``no_data``."""
    rate: Decimal | None
    share: Decimal
    amount: Decimal
    """Yuan."""


@dataclasses.dataclass(frozen=True, slots=True)
class Tax:
    """The tax of a quarter."""

    table: str
    lines: tuple[Line, ...]

    @property
    def amount(self) -> Decimal:
        """Yuan over all lines with data."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def equivalents(self) -> Decimal:
        """Equivalents that are taxed."""
        return sum((line.equivalents or Decimal(0) for line in self.lines if line.taxed), Decimal(0))

    @property
    def missing(self) -> int:
        """How many lines have no data."""
        return sum(line.why == "no_data" for line in self.lines)


def quarter_start(year: int, quarter: int) -> dt.date:
    """Return the first day of a quarter; the tables of that day are used for all of it."""
    return dt.date(year, 3 * quarter - 2, 1)


def pollutants(on: dt.date, *, tables: DatedTables = TABLES) -> dict[str, Mapping[str, Any]]:
    """Return the pollutants by code; VOC that the annex does not list are there with ``taxed``."""
    listed = tables.in_force("tax", on)["pollutants"]
    found: dict[str, Mapping[str, Any]] = {row["code"]: {"taxed": True, **row} for row in listed}
    voc = tables.in_force("voc", on)
    found[voc["code"]] = voc
    return found


def chosen(
    quantities: Iterable[Quantity], *, on: dt.date, tables: DatedTables = TABLES
) -> tuple[list[Quantity], dict[tuple[str, str, str], list[Quantity]]]:
    """Choose one source per outlet and pollutant by the order of the law (环境保护税法 art. 10).

    Monitors come before monitoring agencies, these before factors and balances, these before samples. A monitor that
    lacks too many hours stands back behind what has a value; a source without a value behind all that have one.
    A reduction shown on any row of the pollutant holds for the one that is chosen.

    Parameters
    ----------
    on
        First day of the quarter.

    Returns
    -------
    What is taxed, and by facility, outlet and pollutant what was passed over.
    """
    rule = tables.in_force("orders", on)
    place = {source: rank for rank, source in enumerate(rule["order"])}
    most = Decimal(rule["most_unknown_percent"])
    groups: dict[tuple[str, str, str], list[Quantity]] = {}
    for quantity in quantities:
        groups.setdefault((quantity.facility, quantity.outlet, quantity.pollutant), []).append(quantity)
    used, passed = [], {}
    for key, group in groups.items():
        first, *others = sorted(
            group,
            key=lambda one: (one.mass is None, one.unknown_percent > most, place[one.source], one.number),
        )
        if first.unknown_percent > most:
            first, others = dataclasses.replace(first, mass=None), [first, *others]
        below = next((one.below_percent for one in (first, *others) if one.below_percent is not None), None)
        used.append(dataclasses.replace(first, below_percent=below))
        passed[key] = others
    return used, passed


def tax(quantities: Iterable[Quantity], *, on: dt.date, tables: DatedTables = TABLES) -> Tax:
    """Compute the tax (环境保护税法 art. 9, 11, 13).

    Per outlet the pollutants are ranked by equivalents; the first three of air, the first five of the first
    class of water and the first three of other water are taxed. A concentration 30 % (50 %) below the limit
    is taxed at 75 % (50 %).

    Parameters
    ----------
    quantities
        Masses [kg] of one quarter.
    on
        First day of the quarter.

    Raises
    ------
    Unknown
        If a pollutant is in no table.
    ValueError
        If a mass is negative.
    """
    table, known = tables.in_force("tax", on), pollutants(on, tables=tables)
    groups: dict[tuple[str, str, str], list[Line]] = {}
    for quantity in quantities:
        line = _line(quantity, table, known)
        groups.setdefault((quantity.facility, quantity.outlet, line.kind), []).append(line)
    lines = [line for key in sorted(groups) for line in _ranked(groups[key], table["most"].get(key[2], 0))]
    return Tax(table["version"], tuple(lines))


def surcharges(
    grades: Iterable[tuple[str, str, str]], *, on: dt.date, tables: DatedTables = TABLES
) -> dict[str, Any]:
    """Return the list of differential prices of a day.

    Parameters
    ----------
    grades
        Code, name and grade of each facility.
    """
    table = tables.in_force("prices", on)
    steps = {row["code"]: row["surcharge"] for row in table["grades"]}
    rows = [
        {"facility": code, "name_zh": name, "grade": grade, "surcharge": steps[grade]}
        for code, name, grade in sorted(grades)
        if grade in steps
    ]
    return {"table": table["version"], "unit": table["unit"], "rows": rows}


def canonical(content: Mapping[str, Any]) -> str:
    """Return what a version keeps: the same content gives the same text."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(text: str) -> str:
    """Return the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class Compared:
    """An ESG indicator of an enterprise over the years."""

    row: Mapping[str, Any]
    """Of ``data/esg.json``."""
    values: tuple[Decimal | None, ...]
    """In the order of the years; None where nothing was told."""
    change_percent: Decimal | None
    """Of the last year against the one before; None where one of them is missing or nought."""
    better: bool | None
    """Whether the change is the wished one; None where there is none."""


def compared(
    told: Mapping[tuple[str, int], Decimal],
    years: Sequence[int],
    *,
    on: dt.date,
    tables: DatedTables = TABLES,
) -> list[Compared]:
    """Lay out what an enterprise told by indicator and year, and compare the last two years.

    Parameters
    ----------
    told
        Value by code of the indicator and year.
    years
        The years to show, ascending.
    on
        Day whose table of indicators is used.
    """
    found = []
    for row in tables.in_force("esg", on)["indicators"]:
        values = tuple(told.get((row["code"], year)) for year in years)
        last, before = (values[-1], values[-2]) if len(values) > 1 else (None, None)
        change = None
        if last is not None and before is not None and before != 0:
            change = ((last - before) * 100 / abs(before)).quantize(Decimal("0.1"))
        better = None if not change else (change > 0) == (row["better"] == "up")
        found.append(Compared(row, values, change, better))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Returns:
    """What an EOD project costs and brings so far, and what it was planned to."""

    planned: Decimal
    """Planned income less planned cost of all years [10⁴ CNY]."""
    actual: Decimal
    """The same as booked."""
    coverage_percent: Decimal | None
    """Income booked against cost booked; None without cost."""
    pays_back: int | None
    """First year at whose end planned income has covered planned cost; None where it never does."""
    years: tuple[tuple[int, Decimal, Decimal], ...]
    """Year, planned and booked balance at its end, since the first year."""


def returns(rows: Iterable[tuple[int, str, Decimal, Decimal]]) -> Returns:
    """Balance what a project led by the environment costs against what its industry brings.

    Parameters
    ----------
    rows
        Year, ``cost`` or ``income``, planned and booked [10⁴ CNY].
    """
    planned, actual = Decimal(0), Decimal(0)
    spent = earned = Decimal(0)
    sums: dict[int, tuple[Decimal, Decimal]] = {}
    for year, kind, plan, booked in sorted(rows, key=lambda row: row[0]):
        sign = 1 if kind == "income" else -1
        planned, actual = planned + sign * plan, actual + sign * booked
        spent, earned = (spent, earned + booked) if kind == "income" else (spent + booked, earned)
        sums[year] = (planned, actual)
    years = tuple((year, *pair) for year, pair in sorted(sums.items()))
    pays = next(
        (
            year
            for place, (year, balance, _booked) in enumerate(years)
            if balance >= 0 and all(later >= 0 for _year, later, _b in years[place:])
        ),
        None,
    )
    coverage = (earned * 100 / spent).quantize(Decimal("0.1")) if spent else None
    return Returns(planned, actual, coverage, pays, years)


@functools.cache
def rights() -> Sequence[Mapping[str, Any]]:
    """Return the four rights with their items, from the latest table."""
    return tuple(TABLES.versions("rights")[-1]["rights"])


def items_of(right: str) -> frozenset[str]:
    """Return the items in which a right is counted; empty for an unknown right."""
    return frozenset(item["code"] for row in rights() if row["code"] == right for item in row["items"])


def _line(quantity: Quantity, table: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Line:
    row = known.get(quantity.pollutant)
    if row is None:
        raise Unknown(quantity.pollutant)
    if quantity.mass is not None and quantity.mass < 0:
        raise ValueError(f"{quantity.pollutant}: a mass is negative")
    if not row["taxed"]:
        return Line(quantity, "", None, None, False, "not_in_force", None, Decimal(1), Decimal(0))
    equivalent = Decimal(row["equivalent"])
    if quantity.mass is None:
        return Line(quantity, row["class"], equivalent, None, False, "no_data", None, Decimal(1), Decimal(0))
    with decimal.localcontext(prec=28, rounding=decimal.ROUND_HALF_UP):
        equivalents = (quantity.mass / equivalent).quantize(EQUIVALENT)
        rate, share = Decimal(table["rates"][row["class"]]), _share(quantity.below_percent, table)
        amount = (equivalents * rate * share).quantize(CENT)
    return Line(quantity, row["class"], equivalent, equivalents, True, "taxed", rate, share, amount)


def _share(below: Decimal | None, table: Mapping[str, Any]) -> Decimal:
    fitting = [
        Decimal(row["share"])
        for row in table["reductions"]
        if below is not None and below >= row["below_percent"]
    ]
    return min(fitting, default=Decimal(1))


def _ranked(lines: list[Line], most: int) -> list[Line]:
    """Return the lines of a group, the greatest equivalents first; those behind ``most`` cost nothing."""
    ordered = sorted(
        lines,
        key=lambda line: (line.equivalents is None, -(line.equivalents or 0), line.quantity.pollutant),
    )
    return [
        line
        if place < most or not line.taxed
        else dataclasses.replace(line, taxed=False, why="rank", amount=Decimal(0))
        for place, line in enumerate(ordered)
    ]
