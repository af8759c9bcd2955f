"""The water targets of the plan, computed from the readings of the national sections."""

from __future__ import annotations

import csv
import datetime
import functools
from importlib import resources

from django.db import transaction

from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import queries, rules
from jiangcheng.standards import lookup, periods


def compute_indicators(*, on: datetime.date, at: datetime.datetime) -> None:
    """Record the water targets of the year of a date, from the readings before the date."""
    points = [point for point in queries.sections(on=on) if point.attributes.get("national")]
    first = datetime.date(on.year, 1, 1)
    found = queries.readings(
        stations=[point.pk for point in points],
        start=periods.day_bounds(first)[0],
        end=periods.day_bounds(on)[0],
    )
    if not len(found):
        return
    means = queries.year_means(queries.month_means(found))
    lake = queries.lakes(stations=means.station, points=points)
    classes = rules.classify(means.values, lake=lake, on=on, with_multiples=False)
    counts = rules.section_counts(classes.section)
    through = queries.day_of(found.start.max())
    named = {point.pk: point for point in points}
    by_section = {
        named[key].code: int(reached)
        for key, reached in zip(means.station.tolist(), classes.section.tolist(), strict=True)
    }
    values = {
        "city_national_section_good_ratio_2027": counts.good_percent,
        "city_inferior_class5_sections_2027": float(counts.inferior),
    }
    with transaction.atomic():
        for row in _formulas():
            _record(row, values[row["indicator"]], counts, by_section, points, len(found), through, at)


def _record(
    row: dict[str, str],
    value: float,
    counts: rules.SectionCounts,
    by_section: dict[str, int],
    points: list[Station],
    readings: int,
    through: datetime.date,
    at: datetime.datetime,
) -> None:
    symbols = {grade.code: grade.symbol for grade in lookup.grades("water_classes", edition="2011")}
    indicators.record(
        computation=indicators.Computation(
            indicator=row["indicator"],
            period=(datetime.date(through.year, 1, 1), datetime.date(through.year + 1, 1, 1)),
            edition="GB 3838-" + lookup.edition_on("GB3838", through).code,
            value=value,
            unit=row["unit"],
            formula_zh=row["formula_zh"],
            formula_en=row["formula_en"],
            clause=row["clause"],
            lineage={
                "stations": sorted(by_section),
                "property": "、".join(rules.items_of(rules.AUTO_STATION)),
                "granularity": "hour",
                "rows": readings,
                "through": through.isoformat(),
                "snapshot": store.snapshot(),
                "intermediates": {
                    "good_sections": counts.good,
                    "inferior_sections": counts.inferior,
                    "assessed_sections": counts.assessed,
                    "missing_sections": len(points) - counts.assessed,
                    **{code: symbols.get(reached, "—") for code, reached in sorted(by_section.items())},
                },
            },
        ),
        at=at,
    )


@functools.cache
def _formulas() -> tuple[dict[str, str], ...]:
    path = resources.files("jiangcheng.modules.water").joinpath("data", "indicators.csv")
    return tuple(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
