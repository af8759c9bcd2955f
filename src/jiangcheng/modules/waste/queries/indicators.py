"""The numbers indicators are made of, and the indicators of a year with value, source or what is missing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, Sum

from jiangcheng.core.cases.models import Case
from jiangcheng.core.records.models import RecordStep
from jiangcheng.modules.waste.models import (
    AshMove,
    HouseholdSite,
    MedicalPoint,
    ReportedNumber,
    WasteLicence,
    ZeroWasteCell,
)
from jiangcheng.modules.waste.queries import ledger
from jiangcheng.modules.waste.rules import indicators, tables
from jiangcheng.standards import periods

Known = dict[str, decimal.Decimal]
HARMLESS = ("incineration", "landfill", "kitchen")


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """An indicator of a year as the page shows it."""

    row: Mapping[str, Any]
    value: decimal.Decimal | None
    source: str
    """``computed`` from ledgers, ``inputs`` from numbers departments report, ``reported``, or ``none``."""
    missing: tuple[str, ...]
    """Numbers nobody has told, by name of the table or of the ledger."""
    reason: str
    before: decimal.Decimal | None
    """Value of the year before."""
    parts: Mapping[str, str]
    report: ReportedNumber | None = None


def known_numbers(*, year: int) -> Known:
    """Return everything that is known for the formulas of a year, with the year before as ``…@before``."""
    found = _of_year(year)
    found.update({f"{name}@before": value for name, value in _of_year(year - 1).items()})
    return found


def _of_year(year: int) -> Known:
    found: Known = {}
    for stream, total in ledger.stream_sums(year=year, scope=None).items():
        if not total.units:
            # No row is not nought: nobody has told anything about this kind of waste.
            continue
        masses = total.masses
        for name in ("generated", "used", "disposed", "sent_used", "sent_disposed"):
            found[f"{stream}.{name}"] = getattr(masses, name)
        found[f"{stream}.kept"] = (
            masses.disposed + masses.sent_disposed + max(decimal.Decimal(0), masses.closing - masses.opening)
        )
    found.update(_registers(year))
    for item, value in ReportedNumber.objects.filter(
        year=year, withdrawn_at=None, state="checked"
    ).values_list("item", "value"):
        found[f"input.{item}"] = value
    return found


def _registers(year: int) -> Known:
    found: Known = {}
    points = MedicalPoint.objects.filter(withdrawn_at=None).aggregate(
        points=Count("pk"), covered=Count("pk", filter=Q(covered=True))
    )
    if points["points"]:
        found.update({f"medical.{name}": decimal.Decimal(count) for name, count in points.items()})
    sites = HouseholdSite.objects.filter(withdrawn_at=None, in_use=True, kind__in=HARMLESS).aggregate(
        whole=Sum("capacity"), burnt=Sum("capacity", filter=Q(kind="incineration"))
    )
    if sites["whole"]:
        found["household.capacity"] = sites["whole"]
        found["household.incineration"] = sites["burnt"] or decimal.Decimal(0)
    sludge = AshMove.objects.filter(withdrawn_at=None, kind="sludge", month_date__year=year).aggregate(
        out=Sum("sent"), arrived=Sum("received")
    )
    if sludge["out"]:
        found.update({"sludge.sent": sludge["out"], "sludge.received": sludge["arrived"]})
    start, end = (dt.datetime.fromtimestamp(second, dt.UTC) for second in periods.year_bounds(year))
    found.update(_certified(dt.date(year, 12, 31), end))
    cases = Case.objects.filter(
        case_type="WASTE", opened_at__gte=start, opened_at__lt=end
    ).aggregate(opened=Count("pk"), closed=Count("pk", filter=Q(closed_at__isnull=False)))  # fmt: skip
    if cases["opened"]:
        found.update({f"cases.{name}": decimal.Decimal(count) for name, count in cases.items()})
    return found


def _certified(last_day: dt.date, end: dt.datetime) -> Known:
    """Return operators with a licence on the last day of a year, and cells named until its end."""
    found: Known = {}
    licences = WasteLicence.objects.filter(
        kind="operator", withdrawn_at=None, from_date__lte=last_day, to_date__gte=last_day
    )
    operators = licences.aggregate(count=Count("facility", distinct=True))["count"]
    if operators:
        found["licences.operators"] = decimal.Decimal(operators)
    if ZeroWasteCell.objects.filter(withdrawn_at=None).exists():
        steps = RecordStep.objects.filter(register="zero-waste-cells", at__lt=end)
        gone = steps.filter(action="end").values("number")
        named = steps.filter(action="name").exclude(number__in=gone).values("number")
        count = ZeroWasteCell.objects.filter(withdrawn_at=None, number__in=named).count()
        found["cells.named"] = decimal.Decimal(count)
    return found


def lines(*, year: int) -> list[Line]:
    """Return every indicator of a year: computed, reported, or with what is missing."""
    table = tables.in_force("indicators", dt.date(year, 12, 31))
    known, earlier = known_numbers(year=year), known_numbers(year=year - 1)
    told = {
        (row.item, row.year): row
        for row in ReportedNumber.objects.filter(year__in=(year, year - 1), withdrawn_at=None).order_by("pk")
    }
    found = []
    for row in table["rows"]:
        if "numerator" in row:
            outcome, before = indicators.evaluate(row, known), indicators.evaluate(row, earlier).value
            source = "none" if outcome.value is None else "computed"
            if source == "computed" and all(name.startswith("input.") for name in outcome.parts):
                source = "inputs"
            found.append(
                Line(row, outcome.value, source, outcome.missing, outcome.reason, before, outcome.parts)
            )
            continue
        report, last = told.get((row["code"], year)), told.get((row["code"], year - 1))
        checked = report is not None and report.state == "checked"
        found.append(
            Line(
                row, report.value if checked and report else None, "reported" if checked else "none",
                (), "" if checked else ("unchecked" if report else "unreported"),
                last.value if last and last.state == "checked" else None, {}, report,
            )
        )  # fmt: skip
    return found
