"""Lists of cases as files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from django.utils import timezone

from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import Case
from jiangcheng.core.portal.services import tables

COLUMNS = (
    "number", "case_type", "state", "title_zh", "title_en", "severity", "region", "grid_cell", "facility",
    "handler", "opened_at", "state_at", "due_at", "closed_at", "rework_count", "longitude", "latitude",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(*, cases: Iterable[Case], form: str) -> bytes:
    """Return cases as ``csv``, ``xlsx``, ``parquet`` or ``geojson``; times in local time with their offset.

    Raises
    ------
    ValueError
        For another form.
    """
    if form == "geojson":
        return _geojson(cases)
    table = ([_cell(value) for value in _row(case).values()] for case in cases)
    if form == "csv":
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(COLUMNS)
        writer.writerows(table)
        return b"\xef\xbb\xbf" + text.getvalue().encode()
    if form == "xlsx":
        return tables.as_xlsx("cases", [COLUMNS, *table])
    if form == "parquet":
        return tables.as_parquet(COLUMNS, list(table))
    raise ValueError(form)


def _row(case: Case) -> dict[str, Any]:
    named = {
        "state": rules.state(case.workflow.definition, case.state)["name_zh"],
        "region": case.region.code if case.region else "",
        "grid_cell": case.grid_cell.code if case.grid_cell else "",
        "facility": case.facility.code if case.facility else "",
        "handler": str(case.handler or ""),
    }
    return {name: named.get(name, getattr(case, name)) for name in COLUMNS}


def _cell(value: Any) -> Any:
    if hasattr(value, "astimezone"):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value


def _geojson(cases: Iterable[Case]) -> bytes:
    features = [
        {
            "type": "Feature",
            "id": case.number,
            "geometry": None
            if case.longitude is None
            else {"type": "Point", "coordinates": [case.longitude, case.latitude]},
            "properties": {name: _cell(value) for name, value in _row(case).items()},
        }
        for case in cases
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
