"""Numbers that follow from the registers of other rooms, read through the desk of records by their codes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Count, QuerySet, Sum

from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.modules.plan import rules


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """A number from rows: ``value`` is None where there is nothing to divide by or nobody has entered a row.

    ``matched`` are the rows that count and ``total`` those they are taken from: of a count the rows that are not
    negated, e.g. the open ones of which the overdue count. ``goal`` is the number to reach where the plan leaves
    it to another document and the register holds it.
    """

    value: float | None
    matched: float
    total: float
    rows: int
    goal: float | None = None


def measure(binding: rules.Binding, *, now: dt.datetime, year: int, area: str = "") -> Measure | None:
    """Return what a binding to installed pages or to registers gives now; None where a register is absent.

    Parameters
    ----------
    area
        Code of a region; only rows in it and below count. Empty: the whole city.
    """
    if binding.kind in ("rooms", "pages"):
        return _installed(binding)
    if not binding.registers or not set(binding.registers) <= manifests.registers().keys():
        return None
    found = [_measured(binding, _rows(binding, code, year, area), now) for code in binding.registers]
    return found[0] if len(found) == 1 else _together(found)


def told(binding: rules.Binding) -> dict[int, Measure]:
    """Return by year what a room computes by itself under the code of a binding, in the unit of the target.

    Of several editions the latest counts. A ``peak`` is one number, of the latest year.
    """
    found = IndicatorValue.objects.filter(indicator=binding.names[0], current=True, value__isnull=False)
    values: dict[int, Measure] = {}
    for row in found.order_by("period_end_date", "edition", "computed_at"):
        number = round(float(row.value or 0.0) * binding.scale, 6)
        rows = int(row.lineage.get("rows", 1))
        values[row.period_start_date.year] = Measure(number, 1, 1, rows, binding.goal)
    if binding.kind != "peak":
        return values
    highest = rules.peak({year: item.value or 0.0 for year, item in values.items()})
    if highest is None:
        return {}
    last = max(values)
    return {last: Measure(float(highest < last), highest, len(values), len(values))}


def _rows(binding: rules.Binding, register: str, year: int, area: str) -> QuerySet[Any]:
    rows = records.rows(register=register).filter(withdrawn_at=None).order_by()
    if area:
        rows = rows.filter(region__code__startswith=area)
    return rows.filter(**{binding.year_field: year}) if binding.year_field else rows


def _together(found: Sequence[Measure]) -> Measure:
    """Return the count over several registers; an empty one adds nothing, all empty is no number."""
    known = [item for item in found if item.value is not None]
    matched, total, rows = (
        sum(getattr(item, name) for item in found) for name in ("matched", "total", "rows")
    )
    return Measure(float(matched) if known else None, matched, total, rows)


def _measured(binding: rules.Binding, rows: QuerySet[Any], now: dt.datetime) -> Measure:
    if binding.kind == "ratio":
        return _ratio(binding, rows)
    every = rows.filter(**_given(binding.of, now))
    total = every.aggregate(count=Count("pk"))["count"]
    standing = every.exclude(**_given(binding.negate, now)) if binding.negate else every
    hits = standing.filter(**_given(binding.where, now))
    if binding.kind == "sum":
        return _sum(binding, hits, total)
    matched = hits.aggregate(count=Count("pk"))["count"]
    if binding.kind == "count":
        left = standing.aggregate(count=Count("pk"))["count"]
        return Measure(float(matched) if total else None, matched, left, total)
    if not total:
        return Measure(None, 0, 0, 0)
    if binding.kind == "all":
        return Measure(float(matched == total), matched, total, total)
    if binding.kind == "exists":
        return Measure(float(matched > 0), matched, total, total)
    return Measure(round(100 * matched / total, 2), matched, total, total)


def _sum(binding: rules.Binding, rows: QuerySet[Any], total: int) -> Measure:
    fields = (*binding.names, *filter(None, [binding.against]))
    sums = rows.aggregate(count=Count("pk"), **{f"of_{name}": Sum(name) for name in fields})
    if not total:
        return Measure(None, 0, 0, 0)
    value = round(binding.scale * sum(sums[f"of_{name}"] or 0.0 for name in binding.names), 6)
    goal = sums.get(f"of_{binding.against}")
    return Measure(value, sums["count"], total, sums["count"], goal or binding.goal)


def _ratio(binding: rules.Binding, rows: QuerySet[Any]) -> Measure:
    # A row without one of the two numbers says nothing about their ratio.
    known = rows.filter(**{f"{name}__isnull": False for name in (binding.numerator, binding.denominator)})
    sums = known.aggregate(top=Sum(binding.numerator), bottom=Sum(binding.denominator), count=Count("pk"))
    top, bottom = float(sums["top"] or 0), float(sums["bottom"] or 0)
    return Measure(round(100 * top / bottom, 2) if bottom else None, top, bottom, sums["count"])


def _installed(binding: rules.Binding) -> Measure:
    if binding.kind == "rooms":
        present = {item.code for item in manifests}
    else:
        present = {page.url_name for page in manifests.pages()} | {"portal:home", "portal:map"}
    matched = sum(name in present for name in binding.names)
    return Measure(float(matched), matched, len(binding.names), len(binding.names))


def _given(conditions: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {name: now if value == "now" else value for name, value in conditions.items()}
