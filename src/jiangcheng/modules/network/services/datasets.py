"""What is known of every dataset: rows, age, completeness, and the score that follows."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count, Max, Q
from django.db.models.fields import CharField, TextField

from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import Register
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.models import DatasetState
from jiangcheng.modules.network.rules import catalogue as rules
from jiangcheng.standards import periods

Found = tuple[int, dt.datetime | None, float | None]
"""Rows, the latest change, completeness from 0 to 1 (None: cannot be told)."""


def describe(*, now: dt.datetime) -> int:
    """Compute the state of every dataset anew; return how many there are."""
    on = now.astimezone(periods.BEIJING).date()
    found = queries.datasets(on=on)
    elements = _elements(now, on)
    for item in found:
        if item.kind == "register":
            rows, last, completeness = _register(records.register(item.name))
        elif item.kind == "element":
            rows, last, completeness = elements[item.name]
        else:
            rows, last, completeness = _indicator(item.name)
        age = None if last is None else (now - last) / dt.timedelta(days=1)
        parts = {"completeness": completeness, "timeliness": rules.timeliness(age, item.refresh_days)}
        DatasetState.objects.update_or_create(
            code=item.code,
            defaults={
                "rows": rows,
                "last_at": last,
                "parts": parts,
                "score": rules.score(parts, on) if rows else None,
                "computed_at": now,
            },
        )
    DatasetState.objects.exclude(code__in=[item.code for item in found]).delete()
    return len(found)


def _register(declared: Register) -> Found:
    """Return the state of a register; a cell is filled when it is neither null nor an empty text."""
    model = records.model_of(declared.code)
    filled = {}
    for name in declared.fields:
        field = model._meta.get_field(name)
        empty = Q(**{f"{name}__isnull": True})
        if isinstance(field, CharField | TextField):
            empty |= Q(**{name: ""})
        filled[f"filled_{name}"] = Count("pk", filter=~empty)
    rows = model._default_manager.filter(withdrawn_at=None)
    told = rows.aggregate(total=Count("pk"), **filled)
    total = told.pop("total")
    last = model.history.aggregate(last=Max("history_date"))["last"]
    return total, last, sum(told.values()) / (total * len(filled)) if total and filled else None


def _elements(now: dt.datetime, on: dt.date) -> dict[str, Found]:
    """Return the state of every element: its points, the newest value, and the rate of arrival."""
    found = queries.coverage(scope=None, on=on)
    points = queries.points(scope=None, on=on)
    newest: dict[int, int] = {}
    table = store.latest()
    for station, start in zip(table["station"].to_pylist(), table["start"].to_pylist(), strict=True):
        newest[station] = max(start, newest.get(station, 0))
    states = {}
    for code, stations in points.items():
        starts = [newest[station.pk] for station in stations if station.pk in newest]
        last = min(now, dt.datetime.fromtimestamp(max(starts), dt.UTC)) if starts else None
        arrival = found.cells.get((code, "", max(found.windows)))
        rate = arrival.percent if arrival else None
        states[code] = (len(stations), last, None if rate is None else rate / 100)
    return states


def _indicator(code: str) -> Found:
    told = IndicatorValue.objects.filter(indicator=code, current=True).aggregate(
        total=Count("pk"), valued=Count("value"), last=Max("computed_at")
    )
    return told["total"], told["last"], told["valued"] / told["total"] if told["total"] else None
