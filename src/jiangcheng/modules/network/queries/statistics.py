"""Annual tables from stored records as they were known at an instant, and the rural index."""

from __future__ import annotations

import collections
import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from django.db.models import ForeignKey, QuerySet

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.manifest import manifests
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.modules.network.models import RuralResult, StatisticsEdition
from jiangcheng.modules.network.queries.coverage import COUNTY_DIGITS, points
from jiangcheng.modules.network.rules import rural as rural_rules
from jiangcheng.modules.network.rules import statistics as rules
from jiangcheng.standards import codes, periods

Series = tuple[int, int]


def basis(definition: Mapping[str, Any], year: int) -> list[list[str]]:
    """Return the points a table takes, as code and county: those standing at the end of the year."""
    if definition["from"] != "observations":
        return []
    standing = points(scope=None, on=dt.date(year, 12, 31)).get(definition["element"], [])
    return [[station.code, station.region.code[:COUNTY_DIGITS]] for station in standing]


def document(
    *, definition: Mapping[str, Any], year: int, taken: list[list[str]], known_at: dt.datetime
) -> dict[str, Any]:
    """Compute a table from what was known at an instant; equal arguments give an equal document.

    Parameters
    ----------
    definition
        A row of ``data/statistics.json``.
    taken
        What `basis` returned when the table was frozen.

    Raises
    ------
    LookupError
        If the table is of a register that is not installed.
    """
    if definition["from"] == "observations":
        rows = list(_observed(definition, year, taken, known_at))
        key = ["place", "property"]
    else:
        rows, key = _registered(definition, year, known_at), list(definition["by"])
    return {"table": definition["code"], "year": year, "key": key, "rows": rows}


def editions(*, table: str = "", year: int | None = None) -> QuerySet[StatisticsEdition]:
    """Return frozen tables, the newest first."""
    found: QuerySet[StatisticsEdition] = StatisticsEdition.objects.select_related("actor").order_by("-pk")
    found = found.filter(table=table) if table else found
    return found if year is None else found.filter(year=year)


def rural(*, scope: Scope, year: int) -> list[tuple[Region, rural_rules.Index]]:
    """Return the rural index of every county a person may see; a county without results shows what is missing."""
    sums: dict[str, dict[str, list[int]]] = collections.defaultdict(
        lambda: collections.defaultdict(lambda: [0, 0])
    )
    rows = RuralResult.objects.filter(year=year, withdrawn_at=None).exclude(region=None)
    for code, item, samples, compliant in rows.values_list("region__code", "item", "samples", "compliant"):
        total = sums[code[:COUNTY_DIGITS]][item]
        total[0] += samples
        total[1] += compliant
    counties = Region.objects.filter(scope.as_filter(region="code"), level=Region.Level.COUNTY).order_by(
        "code"
    )
    return [
        (
            county,
            rural_rules.index(
                {item: (pair[0], pair[1]) for item, pair in sums[county.code].items()}, dt.date(year, 12, 31)
            ),
        )
        for county in counties
    ]


def _observed(
    definition: Mapping[str, Any], year: int, taken: list[list[str]], known_at: dt.datetime
) -> Iterator[dict[str, Any]]:
    by_county = definition["by"] == "county"
    places = {code: county if by_county else code for code, county in taken}
    keys = dict(Station.objects.filter(code__in=places).values_list("pk", "code"))
    wanted = {}
    for name in definition["properties"]:
        code, _dash, statistic = name.partition("-")
        for row in ObservedProperty.objects.filter(code=code, statistic=statistic):
            wanted[row.pk] = row
    sums = _sums(list(keys), wanted, definition, year, known_at)
    grouped: dict[tuple[str, str], list[int]] = collections.defaultdict(lambda: [0, 0])
    for (station, key), (total, count) in sums.items():
        cell = grouped[places[keys[station]], str(wanted[key])]
        cell[0] += total
        cell[1] += count
    decimals = {str(row): row.decimals for row in wanted.values()}
    units = {str(row): row.unit for row in wanted.values()}
    for place in sorted(set(places.values())):
        for name in sorted(units):
            total, count = grouped.get((place, name), (0, 0))
            mean = rules.mean(total, count, decimals[name], definition["digits"])
            yield {"place": place, "property": name, "unit": units[name], "values": count, "mean": mean}


def _sums(
    stations: list[int],
    wanted: Mapping[int, ObservedProperty],
    definition: Mapping[str, Any],
    year: int,
    known_at: dt.datetime,
) -> dict[Series, list[int]]:
    """Return exact sums and counts of the valid values of a year, read month by month."""
    found: dict[Series, list[int]] = collections.defaultdict(lambda: [0, 0])
    if not stations or not wanted:
        return found
    for month in range(1, 13):
        start, end = periods.month_bounds(year, month)
        rows = store.read(
            stations=stations, properties=list(wanted), start=start, end=end, as_of=known_at,
            granularity=store.Granularity[definition["granularity"].upper()],
        )  # fmt: skip
        arrays = {name: rows[name].to_numpy() for name in ("station", "property", "value", "flag")}
        valid = np.isin(arrays["flag"], list(codes.valid_flags())) & ~np.isnan(arrays["value"])
        scale = np.array([10 ** wanted[int(key)].decimals for key in arrays["property"]], np.int64)
        whole = np.zeros(len(scale), np.int64)
        whole[valid] = np.rint(arrays["value"][valid] * scale[valid]).astype(np.int64)
        pairs = np.stack([arrays["station"], arrays["property"]]).astype(np.int64)[:, valid]
        series, place = np.unique(pairs, axis=1, return_inverse=True)
        totals, counts = np.zeros(series.shape[1], np.int64), np.zeros(series.shape[1], np.int64)
        np.add.at(totals, place.reshape(-1), whole[valid])
        np.add.at(counts, place.reshape(-1), 1)
        for column in range(series.shape[1]):
            cell = found[int(series[0, column]), int(series[1, column])]
            cell[0] += int(totals[column])
            cell[1] += int(counts[column])
    return found


def _registered(definition: Mapping[str, Any], year: int, known_at: dt.datetime) -> list[dict[str, Any]]:
    if definition["register"] not in manifests.registers():
        raise LookupError(f"no register {definition['register']!r}")
    model = records.model_of(definition["register"])
    rows = model.history.as_of(known_at).filter(withdrawn_at=None)
    if "year" in definition:
        rows = rows.filter(**{definition["year"]: year})
    else:
        start, end = (dt.datetime.fromtimestamp(second, dt.UTC) for second in periods.year_bounds(year))
        rows = rows.filter(**{f"{definition['date']}__gte": start, f"{definition['date']}__lt": end})
    relations = {f.name: f for f in model._meta.concrete_fields if isinstance(f, ForeignKey)}
    names = [f"{name}__code" if name in relations else name for name in definition["by"]]
    grouped: dict[tuple[str, ...], list[int]] = collections.defaultdict(
        lambda: [0] * (1 + len(definition["sums"]))
    )
    for row in rows.values_list(*names, *definition["sums"]):
        cell = grouped[tuple("" if value is None else str(value) for value in row[: len(names)])]
        cell[0] += 1
        for place, value in enumerate(row[len(names) :], start=1):
            cell[place] += int(value or 0)
    columns = ("rows", *definition["sums"])
    return [
        {**dict(zip(definition["by"], key, strict=True)), **dict(zip(columns, values, strict=True))}
        for key, values in sorted(grouped.items())
    ]
