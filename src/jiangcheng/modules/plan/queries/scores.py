"""What a county's score is made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.core.access import queries as access
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.plan import rules
from jiangcheng.modules.plan.models import BeautifulCity, Duty, Objection, ScoreCard
from jiangcheng.modules.plan.queries import measures


def counties(*, scope: access.Scope | None = None) -> list[Region]:
    """Return the counties in the order of their codes; with ``scope`` those a reader belongs to."""
    found = Region.objects.filter(level="county").order_by("code")
    return [county for county in found if scope is None or belongs(scope, county.code)]


def belongs(scope: access.Scope, county: str) -> bool:
    """Tell whether a reader's area covers a county or lies in it."""
    return scope.covers_region(county) or any(prefix.startswith(county) for prefix in scope.region_codes)


def county_items(
    *, county: str, rule: Mapping[str, Any], year: int, now: dt.datetime
) -> list[dict[str, Any]]:
    """Return the lines of a county's card: value, score, weight, and where the number comes from."""
    return [_line(item, county, year, now) for item in rule["items"]]


def _line(item: Mapping[str, Any], county: str, year: int, now: dt.datetime) -> dict[str, Any]:
    value, source = _SOURCES[item["kind"]](item, county, year, now)
    score = rules.linear(value, zero=item["zero"], full=item["full"])
    kept = {
        name: item[name]
        for name in ("code", "name_zh", "name_en", "weight", "unit", "formula_zh", "formula_en")
    }
    return {**kept, "value": value, "score": score, "source": source}


def _handling(item: Mapping[str, Any], county: str, year: int, now: dt.datetime) -> tuple[float | None, Any]:
    """Return the mean of the county's months of a year, months without a denominator left out."""
    rows = IndicatorValue.objects.filter(
        indicator=item["indicator"], current=True, period_start_date__year=year
    ).order_by("period_start_date")
    months = [(row.pk, row.lineage.get("intermediates", {}).get(county)) for row in rows]
    known = [(key, number) for key, number in months if number is not None]
    source = {"indicator": item["indicator"], "values": [key for key, _number in known]}
    if not known:
        return None, source
    return round(sum(number for _key, number in known) / len(known), 2), source


def _duties(item: Mapping[str, Any], county: str, year: int, now: dt.datetime) -> tuple[float | None, Any]:
    rows = Duty.objects.filter(
        year=year, region__code__startswith=county, score__isnull=False, withdrawn_at=None
    ).order_by("number")
    weight = sum(row.weight for row in rows)
    source = {"register": "plan-duties", "rows": [row.number for row in rows]}
    if not weight:
        return None, source
    return round(sum((row.score or 0) * row.weight for row in rows) / weight, 2), source


def _share(item: Mapping[str, Any], county: str, year: int, now: dt.datetime) -> tuple[float | None, Any]:
    binding = rules.Binding(
        item["code"], "share", item["register"], where=item.get("where", {}), of=item.get("of", {})
    )
    found = measures.measure(binding, now=now, year=year, area=county)
    if found is None:
        return None, {"register": item["register"], "absent": True}
    return found.value, {"register": item["register"], "matched": found.matched, "total": found.total}


_SOURCES = {"handling": _handling, "duties": _duties, "share": _share}


def cards(
    *, year: int, scope: access.Scope | None = None, before: dt.datetime | None = None
) -> list[ScoreCard]:
    """Return the latest card of every county for a year, the best score first, unscored ones last.

    Parameters
    ----------
    scope
        Only the counties a reader belongs to.
    before
        Only cards made before an instant.
    """
    latest: dict[str, ScoreCard] = {}
    made = ScoreCard.objects.filter(year=year)
    for card in (made if before is None else made.filter(made_at__lt=before)).order_by("edition"):
        if scope is None or belongs(scope, card.county):
            latest[card.county] = card
    return sorted(latest.values(), key=lambda card: (card.score is None, -(card.score or 0), card.county))


def card_years() -> list[int]:
    """Return the years that have cards, the latest first."""
    return list(ScoreCard.objects.order_by("-year").values_list("year", flat=True).distinct())


def card(*, number: str) -> ScoreCard | None:
    """Return a card by its number."""
    return ScoreCard.objects.filter(number=number).first()


def editions(card: ScoreCard) -> list[ScoreCard]:
    """Return every edition of a county's card for its year, the latest first."""
    return list(ScoreCard.objects.filter(county=card.county, year=card.year).order_by("-edition"))


def objections(*, card: str) -> list[Objection]:
    """Return the objections against a card, the latest first."""
    return list(Objection.objects.filter(card=card, withdrawn_at=None).order_by("-pk"))


def beauty(
    *, year: int, on: dt.date, scope: access.Scope | None = None
) -> list[tuple[Region, dict[str, float], float | None]]:
    """Return each county with what the beautiful-city assessment found by item, and its score."""
    rule = rules.in_force("city_items", on)
    weights = {item["code"]: item["weight"] for item in rule["items"]}
    values: dict[str, dict[str, float]] = {}
    for row in (
        BeautifulCity.objects.filter(year=year, withdrawn_at=None).select_related("region").order_by("pk")
    ):
        if row.region is not None:
            values.setdefault(row.region.code, {})[row.item] = row.value
    found = []
    for county in counties(scope=scope):
        own = values.get(county.code, {})
        items = [rules.Item(code, weight, own.get(code), own.get(code)) for code, weight in weights.items()]
        found.append((county, own, rules.county_score(items, least_weight=rule["least_weight"])))
    return sorted(found, key=lambda entry: (entry[2] is None, -(entry[2] or 0)))
