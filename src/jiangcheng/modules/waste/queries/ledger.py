"""Sums, balances and flows of the five ledgers."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.waste.models import AshMove, NewWaste, WasteMonth
from jiangcheng.modules.waste.queries import manifests as moves
from jiangcheng.modules.waste.rules import balance, manifests, tables
from jiangcheng.modules.waste.rules.balance import ZERO, Masses

HAZARDOUS = ("hazardous", "medical")
COUNTY_DIGITS = 6
Key = tuple[int, str]
"""Facility and code of waste."""


@dataclasses.dataclass(frozen=True, slots=True)
class StreamSum:
    """A year of one kind of waste: masses, units, and the share that was used and disposed of [%]."""

    stream: str
    masses: Masses
    units: int
    used_percent: decimal.Decimal | None
    disposed_percent: decimal.Decimal | None

    @property
    def used(self) -> decimal.Decimal:
        """Used by the unit itself or by others [t]."""
        return self.masses.used + self.masses.sent_used

    @property
    def gone(self) -> decimal.Decimal:
        """Disposed of by the unit itself or by others [t]."""
        return self.masses.disposed + self.masses.sent_disposed


@dataclasses.dataclass(frozen=True, slots=True)
class Balance:
    """A year of a hazardous waste in a unit, judged."""

    facility: Facility
    code: str
    waste_name: str
    masses: Masses
    months: int
    allowed: decimal.Decimal
    balanced: bool
    breaks: tuple[dt.date, ...]
    """Months that do not open with what the one before left."""
    manifested: decimal.Decimal | None
    """What manifests say has left [t]; None where the waste needs none."""
    matched: bool
    """Whether ledger and manifests agree."""

    @property
    def own(self) -> decimal.Decimal:
        """Used and disposed of by the unit itself [t]."""
        return self.masses.used + self.masses.disposed

    @property
    def good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.balanced and not self.breaks and self.matched


def within(rows: QuerySet[WasteMonth], scope: Scope | None) -> QuerySet[WasteMonth]:
    """Return the rows of a scope; all of them where none is given."""
    if scope is None:
        return rows
    return rows.filter(scope.as_filter(region="region__code", facility="facility__code"))


def months_of(*, year: int, scope: Scope | None) -> QuerySet[WasteMonth]:
    """Return the rows of a year that stand."""
    rows = WasteMonth.objects.filter(
        withdrawn_at=None, month_date__gte=dt.date(year, 1, 1), month_date__lte=dt.date(year, 12, 31)
    )
    return within(rows, scope)


def years(*, scope: Scope | None, on: dt.date) -> list[int]:
    """Return the years with rows, the latest first, this year always among them."""
    found = within(WasteMonth.objects.filter(withdrawn_at=None), scope)
    days = found.order_by().values_list("month_date__year", flat=True).distinct()
    return sorted({on.year, *days}, reverse=True)


def stream_sums(*, year: int, scope: Scope | None) -> dict[str, StreamSum]:
    """Return the sums of every kind of waste in a year by where it arose, kinds without rows among them.

    What a unit took from others and treated counts at the unit it came from.
    """
    rows = months_of(year=year, scope=scope).order_by()
    parts = {f"sum_{name}": Sum(name) for name in (*balance.COMES, *balance.GOES)}
    units: dict[str, list[Masses]] = collections.defaultdict(list)
    names: dict[str, set[str]] = collections.defaultdict(set)
    for found_row in rows.values("stream", "unit", "code").annotate(**parts):
        row: dict[str, Any] = dict(found_row)
        told = {name.removeprefix("sum_"): row[name] for name in parts}
        units[row["stream"]].append(balance.own_share(Masses(**told)))
        names[row["stream"]].add(row["unit"])
    ends = _ends(rows)
    found = {}
    for stream in tables.names("streams", "streams"):
        opening, closing = ends.get(stream, (ZERO, ZERO))
        masses = dataclasses.replace(balance.added(units[stream]), opening=opening, closing=closing)
        used = masses.used + masses.sent_used
        gone = masses.disposed + masses.sent_disposed
        found[stream] = StreamSum(
            stream, masses, len(names[stream]), balance.rate(used, masses.generated),
            balance.rate(gone, masses.generated),
        )  # fmt: skip
    return found


def _ends(rows: QuerySet[WasteMonth]) -> dict[str, tuple[decimal.Decimal, decimal.Decimal]]:
    """Return by kind what the units opened the year with and what they closed it with."""
    first: dict[tuple[str, ...], tuple[dt.date, decimal.Decimal]] = {}
    last: dict[tuple[str, ...], tuple[dt.date, decimal.Decimal]] = {}
    for stream, unit, code, month, opening, closing in rows.values_list(
        "stream", "unit", "code", "month_date", "opening", "closing"
    ):
        key = (stream, unit, code)
        if key not in first or month < first[key][0]:
            first[key] = (month, opening)
        if key not in last or month > last[key][0]:
            last[key] = (month, closing)
    found: dict[str, tuple[decimal.Decimal, decimal.Decimal]] = {}
    for chain, (_month, opening) in first.items():
        before = found.get(chain[0], (ZERO, ZERO))
        found[chain[0]] = (before[0] + opening, before[1] + last[chain][1])
    return found


def flows(*, year: int, scope: Scope | None) -> list[tuple[str, str, decimal.Decimal]]:
    """Return what the five wastes came from and where they went: kind of waste, way, amount [t]."""
    found = []
    for stream, total in stream_sums(year=year, scope=scope).items():
        masses = total.masses
        parts = {
            "used": masses.used, "disposed": masses.disposed, "sent_used": masses.sent_used,
            "sent_disposed": masses.sent_disposed, "exported": masses.exported,
            "stored": max(ZERO, masses.closing - masses.opening),
        }  # fmt: skip
        found += [(stream, way, amount) for way, amount in parts.items() if amount > 0]
    return found


def hazardous_rows(*, year: int, scope: Scope | None) -> dict[Key, list[WasteMonth]]:
    """Return the months of every hazardous waste of every plant in order."""
    rows = months_of(year=year, scope=scope).filter(stream__in=HAZARDOUS).exclude(facility=None)
    found: dict[Key, list[WasteMonth]] = collections.defaultdict(list)
    for row in rows.select_related("facility").order_by("facility", "code", "month_date"):
        assert row.facility_id is not None
        found[row.facility_id, row.code].append(row)
    return found


def balances(*, year: int, scope: Scope | None) -> list[Balance]:
    """Return the balance of every hazardous waste of every plant in a year, the wrong ones first."""
    rule = tables.in_force("balance", dt.date(year, 12, 31))
    exempted = tables.in_force("exemptions", dt.date(year, 12, 31))
    grouped = hazardous_rows(year=year, scope=scope)
    left = moves.moved(year=year, facilities=[key[0] for key in grouped])
    found = [
        _balance(rows, rule, None if _free(rows[0], exempted) else left.get(key, {}))
        for key, rows in grouped.items()
    ]
    return sorted(
        found, key=lambda line: (line.good, -abs(line.masses.residual), line.facility.code, line.code)
    )


def _free(row: WasteMonth, exempted: Mapping[str, Any]) -> bool:
    """Tell whether a waste travels without a manifest of a trip."""
    return row.stream == "medical" or manifests.exempt(row.code, "transport", exempted)


def _balance(
    rows: list[WasteMonth], rule: Mapping[str, Any], left: Mapping[dt.date, decimal.Decimal] | None
) -> Balance:
    months = [row.masses for row in rows]
    masses = balance.joined(months)
    assert rows[0].facility is not None
    # A month without a row is not filled in yet: what left in it is nobody's mistake.
    manifested = None if left is None else sum((left.get(row.month_date, ZERO) for row in rows), ZERO)
    matched = manifested is None or abs(masses.sent - manifested) <= max(
        masses.sent * decimal.Decimal(rule["manifest_percent"]) / 100, decimal.Decimal(rule["scale_t"])
    )
    return Balance(
        facility=rows[0].facility, code=rows[0].code, waste_name=rows[-1].waste_name, masses=masses,
        months=len(rows), allowed=balance.allowed(masses, rule), balanced=balance.balanced(masses, rule),
        breaks=tuple(rows[place].month_date for place in balance.breaks(months, rule)), manifested=manifested,
        matched=matched,
    )  # fmt: skip


def facility_months(*, facility: Facility, year: int) -> list[Balance]:
    """Return the balances of one plant."""
    return balances(year=year, scope=Scope(facility_codes=frozenset({facility.code})))


def households(*, year: int, scope: Scope | None) -> list[tuple[Region, Masses]]:
    """Return collection and treatment of household waste by county."""
    chains: dict[tuple[str, str, str], list[Masses]] = collections.defaultdict(list)
    rows = months_of(year=year, scope=scope).filter(stream="household").exclude(region=None)
    told = rows.order_by("month_date").values_list("region__code", "unit", "code", *balance.PARTS)
    for region, unit, code, *parts in told:
        masses = Masses(**dict(zip(balance.PARTS, parts, strict=True)))
        chains[region[:COUNTY_DIGITS], unit, code].append(masses)
    sums: dict[str, list[Masses]] = collections.defaultdict(list)
    for (county, _unit, _code), months in chains.items():
        sums[county].append(balance.joined(months))
    # Outlines of counties are large, and only their names are shown.
    counties = Region.objects.filter(code__in=sums).defer("boundary").order_by("code")
    return [(county, balance.added(sums[county.code])) for county in counties]


def ash_balance(*, year: int, scope: Scope | None) -> list[dict[str, Any]]:
    """Return fly ash and sludge of a year by producer and destination: sent, received."""
    rows = AshMove.objects.filter(withdrawn_at=None, month_date__year=year)
    if scope is not None:
        rows = rows.filter(scope.as_filter(region="region__code", facility="facility__code"))
    grouped = rows.order_by("kind", "facility__code", "destination").values(
        "kind", "facility__name_zh", "facility__name_en", "destination", "method"
    )
    return [dict(row) for row in grouped.annotate(out=Sum("sent"), arrived=Sum("received"))]


def new_wastes(*, year: int, scope: Scope | None) -> list[dict[str, Any]]:
    """Return the new kinds of waste of a year: producers, recyclers, amounts."""
    rows = NewWaste.objects.filter(withdrawn_at=None, year=year)
    if scope is not None:
        seen = scope.as_filter(region="region__code", facility="facility__code")
        # A row without area and facility is the city's own, as in the register.
        rows = rows.filter(seen | Q(region=None, facility=None) if scope.region_codes else seen)
    makes, uses = Q(role="producer"), Q(role="recycler")
    grouped = rows.order_by("kind").values("kind").annotate(
        producers=Count("pk", filter=makes), recyclers=Count("pk", filter=uses),
        made=Sum("generated", filter=makes), passed=Sum("moved", filter=makes), kept=Sum("closing", filter=makes),
        taken=Sum("generated", filter=uses), reused=Sum("recycled", filter=uses),
    )  # fmt: skip
    return [dict(row) for row in grouped]


def intensity(
    *, scope: Scope | None, upto: int, count: int = 5
) -> list[tuple[int, decimal.Decimal, decimal.Decimal]]:
    """Return industrial and hazardous waste generated in each of the last years [t]."""
    rows = within(
        WasteMonth.objects.filter(
            withdrawn_at=None, month_date__year__gt=upto - count, month_date__year__lte=upto
        ),
        scope,
    )
    sums: dict[int, dict[str, decimal.Decimal]] = collections.defaultdict(dict)
    grouped = rows.order_by().values("month_date__year", "stream").annotate(total=Sum("generated"))
    for row in grouped:
        sums[row["month_date__year"]][row["stream"]] = row["total"]
    return [
        (year, told.get("industrial", ZERO), told.get("hazardous", ZERO))
        for year, told in sorted(sums.items())
    ]
