"""Bring the room's own tables into the database: properties, rule configurations, the first duty list."""

from __future__ import annotations

import datetime as dt
from importlib import resources

from django.utils import timezone

from jiangcheng.core.cases import services as cases
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.modules.noise import rules
from jiangcheng.modules.noise.models import NoiseDuty

DATA = resources.files("jiangcheng.modules.noise").joinpath("data")


def load() -> None:
    """Add what is not there yet. Rows a site has changed stay as they are."""
    registry.load_derived(DATA.joinpath("properties.csv").read_text(encoding="utf-8"))
    cases.load_rules(DATA.joinpath("rules.json").read_text(encoding="utf-8"))
    told = rules.sources()
    known = set(NoiseDuty.objects.values_list("source_type", flat=True))
    since = dt.date.fromisoformat(told["valid_from_date"])
    at = dt.datetime.combine(since, dt.time(), timezone.get_default_timezone())
    for item in told["types"]:
        if item["code"] not in known:
            values = {name: item[name] for name in ("department_zh", "department_en", "basis")}
            records.create(
                register="noise-duties",
                values={**values, "source_type": item["code"], "valid_from_date": since},
                actor=None,
                at=at,
            )
