"""Bring the room's own tables into the database: derived properties and default rule configurations."""

from __future__ import annotations

from importlib import resources

from jiangcheng.core.cases import services as cases
from jiangcheng.core.registry import services as registry

DATA = resources.files("jiangcheng.modules.air").joinpath("data")


def load() -> None:
    """Add what is not there yet. Rows a site has changed stay as they are."""
    registry.load_derived(DATA.joinpath("properties.csv").read_text(encoding="utf-8"))
    registry.load_derived(DATA.joinpath("components.csv").read_text(encoding="utf-8"))
    cases.load_rules(DATA.joinpath("rules.json").read_text(encoding="utf-8"))
