"""Species of a station as a table for the receptor model, and the library they are held against."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.source_tracing.models import SourceProfile
from jiangcheng.modules.source_tracing.queries import store
from jiangcheng.modules.source_tracing.rules import tables
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.standards import lookup

PARTS_PER_BILLION, MASS = "ppb", "µg/m³"


def families(*, on: dt.date, code: str = "") -> list[dict[str, Any]]:
    """Return the families of species that a receptor model may take apart, or the one of a code."""
    found: list[dict[str, Any]] = tables.in_force("receptor", on)["families"]
    return [item for item in found if not code or item["code"] == code]


def gather(
    *, station: Station, family: str, time: NDArray[np.int64], on: dt.date
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return values, detection limits, errors and library of a family, and what describes them.

    Parameters
    ----------
    time
        Starts of hours [s].
    on
        Day of the tables.

    Raises
    ------
    Refusal
        ``no_values`` if the station has sent none of the species in these hours.
    """
    rule = families(on=on, code=family)[0]
    share = tables.in_force("receptor", on)["detection_share"]
    rows = _properties(rule)
    keys, found = store.matrix(stations=[station.pk], properties=[row.pk for row in rows], time=time)
    if not keys:
        raise Refusal("no_values")
    rows = [row for row in rows if np.isfinite(found[row.pk]).any()]
    weight = {row.parameter: row.value for row in lookup.rows("voc_reactivity", on, zone="MW")}
    columns, units = [], []
    for row in rows:
        value, unit = found[row.pk][:, 0], row.unit_text
        if unit == PARTS_PER_BILLION and row.code in weight:
            volume = lookup.value("particle_components", "gas", "component", "molar_volume", on)
            value, unit = value * weight[row.code] / volume, MASS
        columns.append(value)
        units.append(unit)
    values = np.column_stack(columns)
    known = rule["detection"]
    middle = np.nanmedian(values, axis=0)
    usual = np.where(middle > 0, middle, np.nanmax(np.abs(values), axis=0))
    detection = np.array([known.get(row.code, share * usual[i]) for i, row in enumerate(rows)], np.float64)
    library, told = _library([row.code for row in rows], on)
    # An uncertainty is above nought, also of a species that was never found.
    arrays: dict[str, NDArray[Any]] = {
        "values": values, "detection": np.maximum(detection, 1e-9), "error": np.full(len(rows), float(rule["error"])),
        "library": library,
    }  # fmt: skip
    return arrays, {
        "species": [{"code": row.code, "name_zh": row.name_zh, "name_en": row.name_en} for row in rows],
        "unit": units[0] if len(set(units)) == 1 else "", "library": told, "family": family,
    }  # fmt: skip


def _properties(rule: dict[str, Any]) -> list[ObservedProperty]:
    rows = ObservedProperty.objects.filter(statistic="avg", medium="air")
    rows = (
        rows.filter(code__startswith=rule["prefix"])
        if rule["prefix"]
        else rows.filter(code__in=rule["species"])
    )
    return list(rows.order_by("code"))


def _library(codes: list[str], on: dt.date) -> tuple[NDArray[np.float64], list[dict[str, str]]]:
    """Return the profiles measured by a day for these species, NaN where a profile does not name one."""
    rows = [
        row
        for row in SourceProfile.objects.filter(withdrawn_at=None).order_by("pk")
        if (row.measured_date is None or row.measured_date <= on)
        and any(code in row.species for code in codes)
    ]
    table = np.full((len(rows), len(codes)), np.nan)
    for i, row in enumerate(rows):
        table[i] = [float(row.species.get(code, np.nan)) for code in codes]
    return table, [{"number": row.number, "name": row.name_zh} for row in rows]
