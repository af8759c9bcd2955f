"""Bring the room's default rule configurations into the database."""

from __future__ import annotations

import json
from importlib import resources

from jiangcheng.core.cases.models import RuleConfiguration

DATA = resources.files("jiangcheng.modules.emissions").joinpath("data")


def load() -> None:
    """Add the default configurations that are not there yet, each with its dates and its source."""
    rows = json.loads(DATA.joinpath("rules.json").read_text(encoding="utf-8"))
    known = set(RuleConfiguration.objects.values_list("rule", "version"))
    RuleConfiguration.objects.bulk_create(
        [RuleConfiguration(**row) for row in rows if (row["rule"], row["version"]) not in known]
    )
