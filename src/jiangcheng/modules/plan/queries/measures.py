"""Numbers that follow from the registers of other rooms, read through the desk of records by their codes."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, QuerySet, Sum

from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.modules.plan import rules


@dataclasses.dataclass(frozen=True, slots=True)
class Measure:
    """A number from rows: ``value`` is None where there is nothing to divide by or nobody has entered a row."""

    value: float | None
    matched: float
    total: float
    rows: int


def measure(binding: rules.Binding, *, now: dt.datetime, year: int, area: str = "") -> Measure | None:
    """Return what a binding gives now; None where its register is not installed.

    Parameters
    ----------
    area
        Code of a region; only rows in it and below count. Empty: the whole city.
    """
    if binding.kind in ("rooms", "pages"):
        return _installed(binding)
    if binding.kind == "indicator":
        return None if area else _told(binding)
    if binding.register not in manifests.registers():
        return None
    rows = records.rows(register=binding.register).filter(withdrawn_at=None).order_by()
    if area:
        rows = rows.filter(region__code__startswith=area)
    if binding.year_field:
        rows = rows.filter(**{binding.year_field: year})
    return _measured(binding, rows, now)


def _measured(binding: rules.Binding, rows: QuerySet[Any], now: dt.datetime) -> Measure:
    if binding.kind == "ratio":
        return _ratio(binding, rows)
    every = rows.filter(**_given(binding.of, now))
    total = every.aggregate(count=Count("pk"))["count"]
    hits = every.filter(**_given(binding.where, now))
    if binding.negate:
        hits = hits.exclude(**_given(binding.negate, now))
    matched = hits.aggregate(count=Count("pk"))["count"]
    if binding.kind == "count":
        return Measure(float(matched) if total else None, matched, total, total)
    if not total:
        return Measure(None, 0, 0, 0)
    if binding.kind == "all":
        return Measure(float(matched == total), matched, total, total)
    return Measure(round(100 * matched / total, 2), matched, total, total)


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


def _told(binding: rules.Binding) -> Measure | None:
    """Return the latest number a room computes by itself."""
    found = IndicatorValue.objects.filter(indicator=binding.names[0], current=True, value__isnull=False)
    latest = found.order_by("-period_end_date", "-computed_at").first()
    return None if latest is None else Measure(latest.value, 1, 1, int(latest.lineage.get("rows", 1)))


def _given(conditions: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    return {name: now if value == "now" else value for name, value in conditions.items()}
