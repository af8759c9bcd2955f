"""Bring the room's own tables into the database: derived properties and default rule configurations."""

from __future__ import annotations

import csv
import json
from importlib import resources

from jiangcheng.core.cases.models import RuleConfiguration
from jiangcheng.core.registry.models import ObservedProperty

DATA = resources.files("jiangcheng.modules.air").joinpath("data")


def load() -> None:
    """Add what is not there yet. Rows a site has changed stay as they are."""
    load_properties()
    load_rules()


def load_properties() -> None:
    """Add the derived properties of the room."""
    text = DATA.joinpath("properties.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    known = set(
        ObservedProperty.objects.filter(code__in=[row["code"] for row in rows]).values_list(
            "code", "statistic"
        )
    )
    ObservedProperty.objects.bulk_create(
        [
            ObservedProperty(
                **{
                    **row,
                    "decimals": int(row["decimals"]),
                    "display_decimals": int(row["display_decimals"]),
                    "medium": "derived",
                }
            )
            for row in rows
            if (row["code"], row["statistic"]) not in known
        ]
    )


def load_rules() -> None:
    """Add the default configurations of the room's rules, each with its dates and its source."""
    rows = json.loads(DATA.joinpath("rules.json").read_text(encoding="utf-8"))
    known = set(RuleConfiguration.objects.values_list("rule", "version"))
    RuleConfiguration.objects.bulk_create(
        [RuleConfiguration(**row) for row in rows if (row["rule"], row["version"]) not in known]
    )
