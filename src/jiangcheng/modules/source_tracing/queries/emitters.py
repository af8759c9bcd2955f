"""Who could have done it: facilities with their outlets, and rows of other rooms' registers."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from django.db.models import Count, Q
from numpy.typing import NDArray
from shapely.geometry import Point, shape

from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, Outlet, Station
from jiangcheng.modules.source_tracing.models import Candidate, Park, SourceProfile
from jiangcheng.modules.source_tracing.queries import store
from jiangcheng.modules.source_tracing.rules.frame import Frame

GRAMS = 1e-3
"""In a milligram."""
MOST = 400


@dataclasses.dataclass(frozen=True, slots=True)
class Emitter:
    """One possible source."""

    kind: str
    """``facility``, ``outfall`` or the code of a register."""
    code: str
    name_zh: str
    name_en: str
    longitude: float
    latitude: float
    facility: str = ""
    industry: str = ""

    def described(self) -> dict[str, Any]:
        """Return the emitter as plain data, for the frozen inputs."""
        return dataclasses.asdict(self)


def near(
    *,
    frame: Frame,
    reach_km: float,
    registers: Iterable[str] = (),
    park: Park | None = None,
    outlets: bool = True,
) -> list[Emitter]:
    """Return the facilities and rows around a point, nearest first.

    Parameters
    ----------
    registers
        Codes of registers whose rows with a position may be sources, such as dust sites.
    park
        Only the facilities inside the outline of this park.
    outlets
        Only facilities with an outlet into the air.
    """
    rows = Facility.objects.all()
    if outlets:
        rows = rows.filter(outlets__station__kind=Station.Kind.GAS_OUTLET).distinct()
    found = [
        Emitter(
            "facility",
            row.code,
            row.name_zh,
            row.name_en,
            row.longitude,
            row.latitude,
            row.code,
            row.industry,
        )
        for row in rows
    ]
    if park is not None:
        area = shape(park.outline)
        found = [item for item in found if area.covers(Point(item.longitude, item.latitude))]
    found += [item for code in registers for item in _of_register(code)]
    if not found:
        return []
    apart = np.hypot(*frame.plane([i.longitude for i in found], [i.latitude for i in found]).T)
    order = np.argsort(apart, kind="stable")
    return [found[i] for i in order if apart[i] <= 1000.0 * reach_km][:MOST]


def _of_register(code: str) -> list[Emitter]:
    """Return the rows of a register that have a position; none where no room keeps it."""
    try:
        rows = records.rows(register=code)
    except LookupError:
        return []
    kept = rows.filter(withdrawn_at=None).exclude(longitude=None).exclude(latitude=None)
    return [
        Emitter(
            code, row.number, getattr(row, "name_zh", "") or row.number, getattr(row, "name_en", "") or row.number,
            row.longitude, row.latitude, row.facility.code if row.facility else "",
        )
        for row in kept[:MOST]
    ]  # fmt: skip


def emissions(
    found: Sequence[Emitter], *, stack: str, flow: str, time: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by hour and emitter the emission [g/s] and the highest concentration of its outlets [mg/m³].

    An emission is concentration × flow, summed over the outlets that report both; NaN where none does.
    """
    emission = np.full((len(time), len(found)), np.nan)
    online = np.full((len(time), len(found)), np.nan)
    owner = _outlets(found)
    known = store.keys([stack, flow])
    if stack not in known or not owner:
        return emission, online
    places, tables = store.matrix(stations=sorted(owner), properties=list(known.values()), time=time)
    for place, station in enumerate(places):
        at = owner[station]
        level = tables[known[stack]][:, place]
        online[:, at] = np.fmax(online[:, at], level)
        if flow in known:
            sent = level * tables[known[flow]][:, place] * GRAMS
            emission[:, at] = np.where(
                np.isfinite(sent), np.nan_to_num(emission[:, at]) + sent, emission[:, at]
            )
    return emission, online


def _outlets(found: Sequence[Emitter]) -> dict[int, int]:
    """Return which emitter each outlet into the air belongs to, by key of its station."""
    column = {item.code: i for i, item in enumerate(found) if item.kind == "facility"}
    rows = Outlet.objects.filter(facility__code__in=column, station__kind=Station.Kind.GAS_OUTLET)
    return {key: column[code] for key, code in rows.values_list("station_id", "facility__code")}


def power(
    found: Sequence[Emitter], *, production: str, treatment: str, time: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """Return by hour and metered outlet the power of production and treatment, and whose outlet it is.

    Nothing where no outlet sends both.
    """
    owner = _outlets(found)
    known = store.keys([production, treatment])
    if len(known) < 2 or not owner:
        return {}
    places, tables = store.matrix(stations=sorted(owner), properties=list(known.values()), time=time)
    made, cleaned = tables[known[production]], tables[known[treatment]]
    both = np.flatnonzero(np.isfinite(made).any(axis=0) & np.isfinite(cleaned).any(axis=0))
    if not both.size:
        return {}
    return {
        "power_emitter": np.array([owner[places[i]] for i in both], np.int64),
        "power_production": made[:, both],
        "power_treatment": cleaned[:, both],
    }


def history(found: Sequence[Emitter]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how often each emitter was confirmed in the field, and how often checked with a clear outcome."""
    codes = [item.code for item in found]
    counted = (
        Candidate.objects.filter(code__in=codes)
        .values("code")
        .annotate(
            confirmed=Count("pk", filter=Q(outcome="confirmed")),
            named=Count("pk", filter=Q(outcome__in=("confirmed", "rejected"))),
        )
    )
    by_code = {row["code"]: (row["confirmed"], row["named"]) for row in counted}
    pairs = np.array([by_code.get(code, (0, 0)) for code in codes], np.float64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def profiles(found: Sequence[Emitter], species: Sequence[str], on: dt.date) -> NDArray[np.float64]:
    """Return the library for emitters and species, shape (s, m); NaN where an emitter has no profile."""
    rows: dict[str, Mapping[str, float]] = {}
    library = SourceProfile.objects.filter(withdrawn_at=None).select_related("facility").order_by("pk")
    for row in library:
        if row.facility is not None and (row.measured_date is None or row.measured_date <= on):
            rows[row.facility.code] = row.species
    table = np.full((len(found), len(species)), np.nan)
    for i, item in enumerate(found):
        if item.facility in rows:
            table[i] = [float(rows[item.facility].get(code, 0.0)) for code in species]
    return table
