"""Score cards of counties."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.plan import queries, rules
from jiangcheng.modules.plan.models import ScoreCard


def objection_to(*, card: ScoreCard, item: str, grounds: str, actor: User, at: dt.datetime) -> str:
    """Enter an objection against a line of a card, in the county of the card; return its number."""
    values = {
        "card": card.number,
        "item": item,
        "grounds": grounds,
        "region": Region.objects.get(code=card.county),
    }
    return records.create(register="plan-objections", values=values, actor=actor, at=at).number


@transaction.atomic
def make_cards(*, year: int, actor: User | None, at: dt.datetime) -> list[ScoreCard]:
    """Score every county for a year by the rules of the year's last day, or of today in a running year.

    Each call makes the next edition; earlier cards stay, with the objections against them.
    """
    on = min(timezone.localdate(at), dt.date(year, 12, 31))
    rule = rules.in_force("scoring", on)
    made = []
    for county in queries.counties():
        lines = queries.county_items(county=county.code, rule=rule, year=year, now=at)
        items = [rules.Item(line["code"], line["weight"], line["value"], line["score"]) for line in lines]
        last = ScoreCard.objects.filter(county=county.code, year=year).aggregate(last=Max("edition"))["last"]
        edition = (last or 0) + 1
        made.append(
            ScoreCard.objects.create(
                number=f"PF-{year}-{county.code}-{edition}",
                county=county.code,
                year=year,
                edition=edition,
                rule_version=rule["version"],
                score=rules.county_score(items, least_weight=rule["least_weight"]),
                content={"items": lines, "source": rule["source"], "verified": rule["verified"]},
                made_at=at,
            )
        )
    access.record(
        actor=actor,
        action="plan.make_score_cards",
        object_type="score_card",
        object_id=str(year),
        after={"rule": rule["version"], "cards": [card.number for card in made]},
        at=at,
    )
    return made
