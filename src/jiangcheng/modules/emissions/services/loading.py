"""Bring the room's own tables into the database: default rule configurations."""

from __future__ import annotations

from importlib import resources

from jiangcheng.core.cases import services as cases

DATA = resources.files("jiangcheng.modules.emissions").joinpath("data")


def load() -> None:
    """Add what is not there yet. Rows a site has changed stay as they are."""
    cases.load_rules(DATA.joinpath("rules.json").read_text(encoding="utf-8"))
