"""The province above its cities: what each has, what is missing, what they make together."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from jiangcheng.core.indicators import queries as indicators
from jiangcheng.modules.plan import rules
from jiangcheng.modules.plan.models import CityValue
from jiangcheng.modules.plan.queries import standings


@dataclasses.dataclass(frozen=True, slots=True)
class CityPlace:
    """A city's value in a province's target; ``rank`` is None where there is no value, shared where equal."""

    code: str
    value: float | None
    weight: float | None
    rank: int | None
    source: str


@dataclasses.dataclass(frozen=True, slots=True)
class ProvinceRow:
    """A target of the province with its cities, best first, and the number they make together."""

    target: rules.Target
    method: str
    year: int
    rolled: rules.Rolled
    cities: tuple[CityPlace, ...]
    score: rules.Score


def province(*, on: dt.date, year: int) -> list[ProvinceRow]:
    """Return every target of the province that is rolled up, for a year."""
    rule = rules.in_force("rollup", on)
    cities = tuple(row["code"] for row in rule["cities"])
    targets = {target.id: target for target in standings.versions(on=on)}
    handed: dict[tuple[str, str], CityValue] = {}
    for row in CityValue.objects.filter(year=year, withdrawn_at=None).order_by("pk"):
        handed[row.target, row.city_code] = row
    own = _own(rule, on, year)
    return [
        _row(item, targets[item["target"]], cities, handed, own, rule["home"], year)
        for item in rule["targets"]
        if item["target"] in targets
    ]


def _own(rule: dict, on: dt.date, year: int) -> dict[str, tuple[float, float | None, str]]:  # type: ignore[type-arg]
    """Return this city's own values by target: value, weight, source."""
    codes = {item["from"] for item in rule["targets"]}
    found = {}
    for row in indicators.current(indicators=codes, on=on):
        if row.period_start_date.year != year or row.value is None:
            continue
        sections = row.lineage.get("intermediates", {}).get("assessed_sections")
        # Editions come in ascending order: the last one is the latest.
        found[row.indicator] = (row.value, sections, row.edition or row.reported_by)
    return found


def _row(
    item: dict[str, Any],
    target: rules.Target,
    cities: tuple[str, ...],
    handed: dict[tuple[str, str], CityValue],
    own: dict[str, tuple[float, float | None, str]],
    home: str,
    year: int,
) -> ProvinceRow:
    known: dict[str, tuple[float, float | None, str]] = {}
    for city in cities:
        if city == home and item["from"] in own:
            known[city] = own[item["from"]]
        elif (item["from"], city) in handed:
            row = handed[item["from"], city]
            known[city] = (row.value, row.weight, row.document)
    scale = item.get("scale", 1.0)
    known = {city: (round(value * scale, 4), *more) for city, (value, *more) in known.items()}
    values = {city: value for city, (value, _weight, _source) in known.items()}
    weights = {city: weight for city, (_value, weight, _source) in known.items() if weight}
    rolled = rules.roll_up(item["method"], cities, values, weights)
    ranks = _ranks(values, target.better)
    places = [_place(city, known.get(city), ranks.get(city)) for city in cities]
    places.sort(key=lambda place: (place.rank is None, place.rank or 0))
    complete = rolled.value if rolled.is_complete else None
    return ProvinceRow(target, item["method"], year, rolled, tuple(places), rules.score(target, complete))


def _place(city: str, known: tuple[float, float | None, str] | None, rank: int | None) -> CityPlace:
    if known is None:
        return CityPlace(city, None, None, None, "")
    value, weight, source = known
    return CityPlace(city, value, weight, rank, source)


def _ranks(values: dict[str, float], better: str) -> dict[str, int]:
    sign = -1 if better == "higher" else 1
    ordered = sorted(sign * value for value in values.values())
    return {city: ordered.index(sign * value) + 1 for city, value in values.items()}
